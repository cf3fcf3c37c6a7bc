/**
 * Asset Interfaces Mapping Configuration (IDTA 02027 2.0): which properties of an interface go to which elements. Where
 * the source is an element and the sink is a property or action of an interface, what is written to the element goes to
 * the machine.
 */
import { formatPath } from '../../model/path.ts'
import { keyValues } from '../../model/reference.ts'
import type { Reference, Submodel, SubmodelElement } from '../../model/types.ts'
import { childrenOf } from '../../model/walk.ts'
import { member, stepOf, text } from './members.ts'

export const MAPPING_CONFIGURATION: Reference = {
  type: 'ExternalReference',
  keys: [
    { type: 'GlobalReference', value: 'https://admin-shell.io/idta/AssetInterfacesMappingConfiguration/2/0/Submodel' }
  ]
}

/** An element that samples are written to. */
export interface MappedElement {
  readonly submodel: string
  /** idShortPath. */
  readonly path: string
}

export interface InterfaceMapping {
  /** The property, event or action of an interface. */
  readonly affordance: Reference
  /** Undefined where the other end is no element. */
  readonly element: MappedElement | undefined
  /** Is it written by the hub, not read? */
  readonly isCommand: boolean
  /** Of sources that are polled, in milliseconds; absent: not given. */
  readonly pollingMs?: number
  /** The place of the pair in the submodel, as an idShortPath. */
  readonly path: string
  readonly submodel: string
}

/** Pairs of source and sink with the same id. A pair with a script is skipped (IDTA 02027, Transformation). */
export function mappingsIn(submodel: Submodel): InterfaceMapping[] {
  if (submodel.kind === 'Template') return []
  const lists = childrenOf(submodel).filter(({ idShort }) => idShort === 'MappingConfigurations')
  return lists.flatMap(childrenOf).flatMap((configuration, at) => {
    const transformation = member(configuration, 'Transformation')
    if (transformation !== undefined && 'value' in transformation && transformation.value !== undefined) return []
    const byDefault = pollingOf(configuration, 'DefaultPollingInterval')
    const sinks = Map.groupBy(endsOf(configuration, 'Sinks', 'Sink'), ({ id }) => id)
    return endsOf(configuration, 'Sources', 'Source').flatMap(({ id, reference: source, element }) => {
      const pollingMs = pollingOf(element, 'PollingInterval') ?? byDefault
      return (sinks.get(id) ?? []).map(({ reference: sink }) => {
        const isCommand = isAffordance(sink) && !isAffordance(source)
        return {
          ...(isCommand
            ? { affordance: sink, element: elementOf(source) }
            : { affordance: source, element: elementOf(sink) }),
          ...{ isCommand, path: `MappingConfigurations[${at}]`, submodel: submodel.id },
          ...(pollingMs !== undefined && { pollingMs })
        }
      })
    })
  })
}

interface MappingEnd {
  readonly id: string
  readonly reference: Reference
  readonly element: SubmodelElement
}

/** The sources or the sinks of a configuration. */
function endsOf(configuration: SubmodelElement, list: string, name: string): MappingEnd[] {
  const ends = member(configuration, list)
  return (ends === undefined ? [] : childrenOf(ends)).flatMap((element) => {
    const end = member(element, name)
    const id = text(member(element, `${name}Id`))
    if (end?.modelType !== 'ReferenceElement' || end.value === undefined || id === undefined) return []
    return [{ id, reference: end.value, element }]
  })
}

/** Within an interface everything that can be read or written is below this element. */
function isAffordance(reference: Reference): boolean {
  return keyValues(reference)[2] === 'InteractionMetadata'
}

function elementOf(reference: Reference): MappedElement | undefined {
  const [submodel, ...steps] = keyValues(reference)
  return submodel === undefined || steps.length === 0 ? undefined : { submodel, path: formatPath(steps.map(stepOf)) }
}

/** The template gives seconds. */
function pollingOf(container: SubmodelElement, name: string): number | undefined {
  const seconds = Number(text(member(container, name)))
  return seconds > 0 && Number.isFinite(seconds) ? seconds * 1000 : undefined
}
