/** Columns of numbers, in the forms that others take. */
import type { Column } from '../client/client.ts'
import { formatTime } from '../model/time.ts'
import type { CollectedColumn, CollectedSample } from './connector.ts'

export function samplesOf({ item, base, offsets, values, type }: CollectedColumn): CollectedSample[] {
  return Array.from(values, (value, at) => ({
    ...{ item, value, time: base + BigInt(offsets[at] ?? 0), quality: 'good' as const },
    ...(type !== undefined && { type })
  }))
}

/** In the form of the client library. */
export function columnsFor({ item, base, offsets, values }: CollectedColumn): Column[] {
  return item.sinks.map(({ submodel, path }) => ({
    ...{ submodel, path, start: formatTime(base), unit: 'ns', quality: 'good' },
    ...{ offsets: Array.from(offsets), values: Array.from(values) }
  }))
}
