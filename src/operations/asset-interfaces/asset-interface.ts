/** Asset Interfaces Description (IDTA 02017 1.1): how an asset is reached, and what is read of it. */
import { formatPath, type Step } from '../../model/path.ts'
import { keyValues } from '../../model/reference.ts'
import { trimEnd } from '../../model/trim.ts'
import type { Reference, Submodel, SubmodelElement } from '../../model/types.ts'
import { type Container, child, childrenOf } from '../../model/walk.ts'
import type { MappedElement } from './mapping-configuration.ts'
import { member, stepOf, text } from './members.ts'

export type Protocol = 'http' | 'modbus' | 'mqtt' | 'opcua'

/** One interface of an asset, with what the mapping configurations take of it. */
export interface InterfaceDescription {
  /** Unique among the stored interfaces: id of the description, `#`, idShort of the interface. */
  readonly id: string
  /** Id of the Asset Interfaces Description. */
  readonly submodel: string
  /** Of the interface within it. */
  readonly idShort: string
  readonly title: string | undefined
  readonly protocol: Protocol
  /** Address of the asset: `EndpointMetadata.base`. */
  readonly base: string | undefined
  /** `EndpointMetadata`. */
  readonly endpoint: SubmodelElement | undefined
  readonly items: readonly InterfaceItem[]
  /** What could not be understood, with its place. */
  readonly problems: readonly InterfaceProblem[]
  /** Differs when anything differs that the connection or its items depend on. */
  readonly version: string
}

/** A data point of an interface. */
export interface InterfaceItem {
  /** idShortPath of the affordance in the description; identifies the item within its interface. */
  readonly path: string
  readonly kind: 'property' | 'event' | 'action'
  /** The affordance: its type, unit, range, … */
  readonly affordance: SubmodelElement
  /** Its form: `href`, content type, and what the protocol's vocabulary adds. Of the outermost property for nested ones. */
  readonly form: SubmodelElement
  /** Names of the members that lead to a nested property within the message. */
  readonly keys: readonly string[]
  /** Where its samples go; empty for an item that is only written to, which is not read. */
  readonly sinks: readonly MappedElement[]
  /** Elements whose written values go to the machine by it, and Operations that it executes. */
  readonly commands: readonly MappedElement[]
  /** From the mapping configuration, in milliseconds; absent: not given. */
  readonly pollingMs?: number
}

export interface InterfaceProblem {
  readonly submodel: string
  /** idShortPath of the element that is wrong. */
  readonly path: string
  readonly text: string
}

/** The interface and the affordance that a source names. */
export interface FoundSource {
  readonly assetInterface: SubmodelElement
  readonly item: Omit<InterfaceItem, 'sinks' | 'commands' | 'pollingMs'>
}

/** Vocabularies of the bindings, in the spellings that the template uses. */
const VOCABULARIES: readonly (readonly [string, Protocol])[] = [
  ['http://www.w3.org/2011/mqtt', 'mqtt'],
  ['https://www.w3.org/2019/wot/mqtt', 'mqtt'],
  ['http://www.w3.org/2011/modbus', 'modbus'],
  ['https://www.w3.org/2019/wot/modbus', 'modbus'],
  ['http://opcfoundation.org/UA/WoT-Binding', 'opcua'],
  ['http://www.w3.org/2011/opc-ua', 'opcua'],
  ['http://www.w3.org/2011/http', 'http'],
  ['https://www.w3.org/2011/http', 'http'],
  ['https://www.w3.org/2019/wot/http', 'http']
]

const SCHEMES: readonly (readonly [RegExp, Protocol])[] = [
  [/^opc\.(?:tcp|wss?|https):/i, 'opcua'],
  [/^modbus\+/i, 'modbus'],
  [/^(?:mqtts?|wss?):/i, 'mqtt'],
  [/^https?:/i, 'http']
]

/** Undefined where the interface is of a protocol that is not known. */
export function protocolOf(assetInterface: SubmodelElement): Protocol | undefined {
  const base = baseOf(assetInterface)
  // First, as the published template marks its OPC UA interface with the vocabulary of MQTT.
  const byScheme = SCHEMES.find(([scheme]) => base !== undefined && scheme.test(base))
  if (byScheme !== undefined) return byScheme[1]
  if (/^Interface_?OPC_?UA/i.test(assetInterface.idShort ?? '')) return 'opcua'
  const { semanticId, supplementalSemanticIds = [] } = assetInterface
  const ids = [semanticId, ...supplementalSemanticIds].flatMap((reference) =>
    reference === undefined ? [] : keyValues(reference).map((id) => trimEnd(id.trim(), '/#'))
  )
  return VOCABULARIES.find(([vocabulary]) => ids.includes(vocabulary))?.[1]
}

export function baseOf(assetInterface: SubmodelElement): string | undefined {
  return text(member(member(assetInterface, 'EndpointMetadata'), 'base'))?.trim()
}

/** @returns a text where the source cannot be found or has no form */
export function findSource(source: Reference, submodel: Submodel | undefined): FoundSource | string {
  if (submodel === undefined) return 'the submodel of the source is not stored'
  const [, ...keys] = keyValues(source)
  const elements: SubmodelElement[] = []
  const steps: Step[] = []
  let current: Container | undefined = submodel
  for (const value of keys) {
    const step = stepOf(value)
    current = child(current, step)
    if (current === undefined) return `the source ${keys.join('.')} does not exist`
    elements.push(current as SubmodelElement)
    steps.push(step)
  }
  // interface, InteractionMetadata, properties, the property, and within an object: properties, the property, …
  const [assetInterface, , kind, affordance, ...nested] = elements
  if (assetInterface === undefined) return 'the source names no interface'
  const form = affordance && formOf(affordance)
  if (affordance === undefined || form === undefined || text(member(form, 'href')) === undefined) {
    return `the property ${affordance?.idShort} has no form with an href`
  }
  return {
    assetInterface,
    item: {
      path: formatPath(steps),
      kind: KINDS[kind?.idShort ?? ''] ?? 'property',
      affordance: elements.at(-1) ?? affordance,
      form,
      keys: nested.filter((_, at) => at % 2 === 1).map((step) => text(member(step, 'key')) ?? step.idShort ?? '')
    }
  }
}

const KINDS: Readonly<Record<string, InterfaceItem['kind']>> = {
  properties: 'property',
  events: 'event',
  actions: 'action'
}

/** Release 1.1 has one collection, 1.0 a collection or a list of them: of several the first one counts. */
function formOf(affordance: SubmodelElement): SubmodelElement | undefined {
  const forms = member(affordance, 'forms')
  return forms?.modelType === 'SubmodelElementList' ? childrenOf(forms)[0] : forms
}

/** A member of the form, else of the endpoint, which gives defaults for all forms. */
export function settingOf(
  { endpoint }: Pick<InterfaceDescription, 'endpoint'>,
  { form }: Pick<InterfaceItem, 'form'>,
  name: string
): string | undefined {
  return text(member(form, name)) ?? text(member(endpoint, name))
}
