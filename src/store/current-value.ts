/**
 * Which value of an element is current: the one with the newest source time, except that a time in the future must not
 * block later values. One rule, so that all stores and processes decide alike.
 */
import { fromMilliseconds } from '../model/time.ts'
import type { Commit, Timing } from './store.ts'

/** A commit with the clock readings of the process that wrote it; other processes that replay it use the same. */
export interface DatedCommit extends Commit {
  /** The clock in milliseconds since 1970; earlier than `time` if the clock was set back. */
  readonly clock: number
  /** Source times after this are not trusted, milliseconds since 1970. Infinity: all are trusted. */
  readonly horizon: number
}

/**
 * The source time (nanoseconds since 1970) of a value that has none: its commit's time. Commits of the same millisecond
 * get different times, or the later value would count as a repetition of the earlier one.
 */
export function defaultSourceTime({ seq, clock }: Pick<DatedCommit, 'seq' | 'clock'>): bigint {
  return fromMilliseconds(clock) + BigInt(seq % 1_000_000)
}

/**
 * Is a value older than the current one? A current value from beyond the horizon blocks none: its source, or the hub, had
 * a wrong clock. A value dated by its arrival is not blocked by any time in the future; a historical one is always late.
 * @param known source time of the current value; absent: there is no value, or it has no time
 */
export function isLate(
  known: bigint | null | undefined,
  time: bigint,
  { clock, horizon }: DatedCommit,
  timing?: Timing
): boolean {
  if (timing === 'historical') return true
  if (known === null || known === undefined || known <= time) return false
  const trustedUntil = timing === 'arrival' ? clock : horizon
  return trustedUntil === Number.POSITIVE_INFINITY || known <= fromMilliseconds(trustedUntil)
}

/** Source time of an element that came with its document: the commit's time, if the element has a value. */
export function structureSourceTime(value: string, commitTime: bigint | undefined): bigint | undefined {
  return value === '{}' ? undefined : commitTime
}

/** Default limit up to which source times ahead of the clock are trusted. */
export const FUTURE_LIMIT_MS = 10 * 60 * 1000

/**
 * Distinguishes the late changes of a commit from the others: to be called once for each change of a value, in their order.
 * @param late the numbers, among these, of those that did not become current; ascending, and all of very many may be
 * @returns is this change late?
 */
export function latenessOf(late: readonly number[]): () => boolean {
  let [index, next] = [-1, 0]
  return () => {
    index++
    if (late[next] !== index) return false
    next++
    return true
  }
}
