/**
 * Topic mappings from stored submodels: an Asset Interfaces Description (IDTA 02017) describes the topics of an asset's
 * MQTT interface, an Asset Interfaces Mapping Configuration (IDTA 02027) maps its properties to elements.
 */
import { targetIdOf } from '../../model/facets.ts'
import { formatPath, type Step } from '../../model/path.ts'
import { keyValues, matchKey } from '../../model/reference.ts'
import { trimEnd, trimStart } from '../../model/trim.ts'
import type { Reference, Submodel, SubmodelElement } from '../../model/types.ts'
import { type Container, child, childrenOf } from '../../model/walk.ts'
import type { Store } from '../../store/store.ts'
import { DEFAULT_PAYLOAD_RULE, type PayloadRule } from './mapping.ts'

/** Maps a topic to an element, or to the fields of a submodel. */
export interface InterfaceRule {
  readonly submodel: string
  readonly path: string
  readonly payload: PayloadRule
}

export interface AssetInterfaces {
  /** By topic. */
  readonly rules: ReadonlyMap<string, readonly InterfaceRule[]>
  /** What could not be understood, as text. */
  readonly problems: readonly string[]
  /** Ids and revisions of the submodels that the rules were read from. */
  readonly version: string
}

const CONFIGURATION: Reference = {
  type: 'ExternalReference',
  keys: [
    { type: 'GlobalReference', value: 'https://admin-shell.io/idta/AssetInterfacesMappingConfiguration/2/0/Submodel' }
  ]
}

/** Semantic ids of an MQTT interface: the vocabulary of the binding, in the spellings that the template uses. */
const MQTT_SEMANTIC_IDS = ['http://www.w3.org/2011/mqtt', 'https://www.w3.org/2019/wot/mqtt']

/** Mapping configurations, and interfaces, that are read; more are left out. */
const MAX_INTERFACES = 1000

export const NO_ASSET_INTERFACES: AssetInterfaces = { rules: new Map(), problems: [], version: '' }

/** Reads all stored configurations. @returns `before` where none of them changed */
export async function readAssetInterfaces(store: Store, before: AssetInterfaces): Promise<AssetInterfaces> {
  const configurations = await configurationsIn(store)
  const mappings = configurations.flatMap(({ submodel }) => mappingsIn(submodel))
  const interfaces = new Map<string, { revision: number; submodel: Submodel | undefined }>()
  for (const { source } of mappings) {
    const id = targetIdOf(source)
    if (interfaces.has(id) || interfaces.size === MAX_INTERFACES) continue
    const document = await store.document('Submodel', id)
    interfaces.set(id, { revision: document?.revision ?? 0, submodel: document && parse(document.bytes) })
  }
  const read = [...configurations, ...[...interfaces].map(([id, { revision }]) => ({ id, revision }))]
  const version = read.map(({ id, revision }) => `${revision} ${id}`).join('\n')
  if (version === before.version) return before

  const rules = new Map<string, InterfaceRule[]>()
  const problems: string[] = []
  for (const { source, sink, from } of mappings) {
    const property = mqttPropertyOf(source, interfaces.get(targetIdOf(source))?.submodel)
    const [submodel, ...steps] = keyValues(sink)
    if (property === undefined) continue
    if (typeof property === 'string' || submodel === undefined || steps.length === 0) {
      problems.push(`${from}: ${typeof property === 'string' ? property : 'the sink is no element'}`)
      continue
    }
    const path = formatPath(steps.map(stepOf))
    const rule =
      property.keys.length === 0
        ? { submodel, path, payload: { ...DEFAULT_PAYLOAD_RULE, form: property.form } }
        : {
            submodel,
            path: '',
            payload: { ...DEFAULT_PAYLOAD_RULE, fields: new Map([[property.keys.join('.'), path]]) }
          }
    for (const topic of property.topics) rules.set(topic, [...(rules.get(topic) ?? []), rule])
  }
  return { rules, problems, version }
}

// ---- Asset Interfaces Mapping Configuration

interface MappingConfiguration {
  readonly id: string
  readonly revision: number
  readonly submodel: Submodel
}

async function configurationsIn(store: Store): Promise<MappingConfiguration[]> {
  const found: MappingConfiguration[] = []
  let after: number | undefined = 0
  while (after !== undefined && found.length < MAX_INTERFACES) {
    const page = await store.documents('Submodel', [['semanticId', matchKey(CONFIGURATION)]], { after, limit: 100 })
    for (const { id, revision, bytes } of page.items) found.push({ id, revision, submodel: parse(bytes) })
    after = page.next
  }
  return found
}

interface SourceToSink {
  readonly source: Reference
  readonly sink: Reference
  /** The place of the pair, as text. */
  readonly from: string
}

/** Pairs of source and sink with the same id. A pair with a script is skipped (IDTA 02027, Transformation). */
function mappingsIn(submodel: Submodel): SourceToSink[] {
  if (submodel.kind === 'Template') return []
  const lists = childrenOf(submodel).filter(({ idShort }) => idShort === 'MappingConfigurations')
  return lists.flatMap(childrenOf).flatMap((configuration, at) => {
    const transformation = member(configuration, 'Transformation')
    if (transformation !== undefined && 'value' in transformation && transformation.value !== undefined) return []
    const sources = endsOf(configuration, 'Sources', 'Source')
    const sinks = endsOf(configuration, 'Sinks', 'Sink')
    const from = `${submodel.id} MappingConfigurations[${at}]`
    return sources.flatMap(({ id, reference: source }) =>
      sinks.filter((sink) => sink.id === id).map(({ reference: sink }) => ({ source, sink, from }))
    )
  })
}

/** The sources or the sinks of a configuration. */
function endsOf(configuration: SubmodelElement, list: string, name: string): { id: string; reference: Reference }[] {
  const ends = member(configuration, list)
  return (ends === undefined ? [] : childrenOf(ends)).flatMap((end) => {
    const element = member(end, name)
    const id = text(member(end, `${name}Id`))
    if (element?.modelType !== 'ReferenceElement' || element.value === undefined || id === undefined) return []
    return [{ id, reference: element.value }]
  })
}

// ---- Asset Interfaces Description

interface InterfaceProperty {
  /** With and without a leading slash, as senders differ. */
  readonly topics: readonly string[]
  readonly form: PayloadRule['form']
  /** Path to the value within the message. */
  readonly keys: readonly string[]
}

/** Undefined for another protocol than MQTT; a text where the interface cannot be understood. */
function mqttPropertyOf(source: Reference, submodel: Submodel | undefined): InterfaceProperty | string | undefined {
  if (submodel === undefined) return 'the submodel of the source is not stored'
  const [, ...keys] = keyValues(source)
  const elements: SubmodelElement[] = []
  let current: Container | undefined = submodel
  for (const value of keys) {
    current = child(current, stepOf(value))
    if (current === undefined) return `the source ${keys.join('.')} does not exist`
    elements.push(current as SubmodelElement)
  }
  // interface, InteractionMetadata, properties, the property, and within an object: properties, the property, …
  const [assetInterface, , , property, ...nested] = elements
  if (assetInterface === undefined || !isMqtt(assetInterface)) return undefined
  const forms = property && member(property, 'forms')
  const href = text(forms && member(forms, 'href'))
  if (href === undefined) return `the property ${property?.idShort} has no form with an href`
  // The asset subscribes to this topic: it is for commands.
  if (forms !== undefined && text(member(forms, 'mqv_controlPacket')) === 'publish') return undefined
  const endpoint = member(assetInterface, 'EndpointMetadata')
  const defaultType = endpoint && text(member(endpoint, 'contentType'))
  const contentType = (forms && text(member(forms, 'contentType'))) ?? defaultType ?? 'application/json'
  const isText = contentType.startsWith('text/')
  if (!isText && !/\bjson\b/.test(contentType)) return `the content type ${contentType} is not supported`
  const topic = topicOf(href, endpoint && text(member(endpoint, 'base')))
  if (topic === '' || /[+#\0]/.test(topic)) return `the href ${href} is not a topic`
  return {
    topics: [topic, `/${topic}`],
    form: isText ? 'text' : 'auto',
    keys: nested.filter((_, at) => at % 2 === 1).map((step) => text(member(step, 'key')) ?? step.idShort ?? '')
  }
}

/** The path of the address, without a leading slash. */
function topicOf(href: string, base: string | undefined): string {
  if (/^[a-z]+:\/\//i.test(href)) return pathIn(href)
  const prefix = base === undefined ? '' : pathIn(base)
  return [prefix, trimStart(href, '/')].filter((part) => part !== '').join('/')
}

function pathIn(address: string): string {
  const path = trimEnd(trimStart(URL.parse(address)?.pathname ?? '', '/'), '/')
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

function isMqtt({ semanticId, supplementalSemanticIds = [] }: SubmodelElement): boolean {
  const ids = [semanticId, ...supplementalSemanticIds].flatMap((reference) =>
    reference === undefined ? [] : keyValues(reference)
  )
  return ids.some((id) => MQTT_SEMANTIC_IDS.includes(trimEnd(id, '/#')))
}

// ---- steps

function member(container: Container, idShort: string): SubmodelElement | undefined {
  return childrenOf(container).find((element) => element.idShort === idShort)
}

function text(element: SubmodelElement | undefined): string | undefined {
  return element?.modelType === 'Property' && element.value !== undefined && element.value !== ''
    ? element.value
    : undefined
}

/** Below a list the value of a key is an index [AASd-128]; no idShort begins with a digit. */
function stepOf(value: string): Step {
  return /^\d+$/.test(value) ? Number(value) : value
}

function parse(bytes: Buffer): Submodel {
  return JSON.parse(bytes.toString()) as Submodel
}
