/** Recognises samples that were stored before: brokers send what they retain again to each that subscribes. */
import { membersAt, type Quality } from '../../model/samples.ts'
import type { ElementRow } from '../../store/store.ts'
import { validateSamples } from './validate-samples.ts'

export interface RepeatedSample {
  readonly path: string
  /** Nanoseconds since 1970; undefined: the sender gave none. */
  readonly time: bigint | undefined
  /** In the ValueOnly form. */
  readonly value: unknown
  readonly quality?: Quality | undefined
}

/** Is it the current value already, with the same quality and, where the sender gave one, the same time? */
export function isCurrent(row: ElementRow | undefined, { time, value, quality, path }: RepeatedSample): boolean {
  if (row === undefined || row.quality !== quality) return false
  if (time !== undefined && time !== row.sourceTime) return false
  const times = { base: 0n, offsets: new Float64Array(1) }
  const found = validateSamples({ submodel: '', path, times, values: [value], quality, items: 0 }, row)
  return 'valid' in found && found.valid !== undefined && membersAt(found.valid.run, 0) === row.value
}
