/**
 * Which value of an element is the current one: that with the newest source time, except that a time in the future must
 * not hold up what comes later. One rule, so that every store and every process decides alike.
 */
import { fromMilliseconds } from '../model/time.ts'
import type { Commit, Timing } from './store.ts'

/** A commit with what its process knew of the time. Other processes that carry it out do so by the same. */
export interface DatedCommit extends Commit {
  /** What the clock said, in milliseconds since 1970; before `time` where the clock was set back. */
  readonly clock: number
  /** Source times after this one, in milliseconds since 1970, are not believed. Infinity: all are. */
  readonly horizon: number
}

/**
 * The source time, in nanoseconds since 1970, of a value that has none: that of its commit. Two commits of one
 * millisecond are told apart, or the later value would count as a repetition of the earlier.
 */
export function defaultSourceTime({ seq, clock }: Pick<DatedCommit, 'seq' | 'clock'>): bigint {
  return fromMilliseconds(clock) + BigInt(seq % 1_000_000)
}

/**
 * Is a value older than the current one? What is current from beyond the horizon stands in nobody's way: its source, or
 * the hub, had a wrong clock. What is dated by its arrival is held up by nothing in the future; what is of the past is
 * late whatever its time.
 * @param known source time of the current value; absent: there is none, or it is of no time
 */
export function isLate(
  known: bigint | null | undefined,
  time: bigint,
  { clock, horizon }: DatedCommit,
  timing?: Timing
): boolean {
  if (timing === 'historical') return true
  if (known === null || known === undefined || known <= time) return false
  const believed = timing === 'arrival' ? clock : horizon
  return believed === Number.POSITIVE_INFINITY || known <= fromMilliseconds(believed)
}

/** A structure brings the values in it, which are of its moment; an element without a value is of none. */
export function structureSourceTime(value: string, moment: bigint | undefined): bigint | undefined {
  return value === '{}' ? undefined : moment
}

/** How far ahead of the clock a source time is believed where nothing else is set, in milliseconds. */
export const FUTURE_LIMIT_MS = 10 * 60 * 1000
