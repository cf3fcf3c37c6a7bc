/** Samples of a list or a structure as samples of the elements that hold it: a SubmodelElementList, a Range, a collection. */
import type { CollectedSample } from '../connector.ts'
import { itemBelow } from '../item-below.ts'

/** @returns the sample itself for a single value */
export function elementsOf(sample: CollectedSample): readonly CollectedSample[] {
  const { value, item } = sample
  if (typeof value !== 'object' || value === null) return [sample]
  if (Array.isArray(value)) {
    return value.flatMap((one, at) => elementsOf({ ...sample, value: one, item: itemBelow(item, `[${at}]`) }))
  }
  // OPC 10000-8, 5.6.2: a Range.
  const { low, high, ...others } = value as Record<string, unknown>
  if (low !== undefined && high !== undefined && Object.keys(others).length === 0) {
    return [{ ...sample, value: { min: low, max: high } }]
  }
  return Object.entries(value).flatMap(([name, one]) =>
    one === undefined ? [] : elementsOf({ ...sample, value: one, item: itemBelow(item, `.${name}`) })
  )
}
