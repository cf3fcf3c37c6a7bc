/** Samples of a list or a structure as samples of the elements that hold it: a SubmodelElementList, a Range, a collection. */
import type { InterfaceItem } from '../../operations/asset-interfaces/asset-interface.ts'
import type { CollectedSample } from '../connector.ts'

/** @returns the sample itself for a single value */
export function elementsOf(sample: CollectedSample): readonly CollectedSample[] {
  const { value, item } = sample
  if (typeof value !== 'object' || value === null) return [sample]
  if (Array.isArray(value)) {
    return value.flatMap((one, at) => elementsOf({ ...sample, value: one, item: below(item, `[${at}]`) }))
  }
  // OPC 10000-8, 5.6.2: a Range.
  const { low, high, ...others } = value as Record<string, unknown>
  if (low !== undefined && high !== undefined && Object.keys(others).length === 0) {
    return [{ ...sample, value: { min: low, max: high } }]
  }
  return Object.entries(value).flatMap(([name, one]) =>
    one === undefined ? [] : elementsOf({ ...sample, value: one, item: below(item, `.${name}`) })
  )
}

/** Of an item and a step: the same for all its samples. */
const known = new WeakMap<InterfaceItem, Map<string, InterfaceItem>>()

function below(item: InterfaceItem, step: string): InterfaceItem {
  let steps = known.get(item)
  if (steps === undefined) {
    steps = new Map()
    known.set(item, steps)
  }
  let found = steps.get(step)
  if (found === undefined) {
    found = { ...item, sinks: item.sinks.map(({ submodel, path }) => ({ submodel, path: `${path}${step}` })) }
    steps.set(step, found)
  }
  return found
}
