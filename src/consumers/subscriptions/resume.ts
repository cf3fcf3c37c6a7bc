/** Finds the position from which a subscription starts or resumes. */
import type { Clock } from '../../clock.ts'
import { fromMilliseconds, parseTime } from '../../model/time.ts'
import type { Store } from '../../store/store.ts'
import type { HistoryState } from './catch-up-state.ts'
import { type LogPosition, parseCursor } from './log-position.ts'
import type { Matcher } from './matcher.ts'

export interface ResumePoint {
  readonly position: LogPosition
  /** The last commit of the log. */
  readonly last: number
  /** False where changes since the requested position are lost. */
  readonly recovered: boolean
  /** To be sent from the history first. */
  readonly history?: HistoryState
}

/**
 * @param since a cursor, a time, or `earliest` for the beginning of the log; absent: now
 * @param history whether values from before the log can be sent from the history
 */
export async function resumePointOf(
  store: Store,
  since: string | undefined,
  { kinds }: Matcher,
  history: boolean,
  clock: Clock
): Promise<ResumePoint> {
  const { logFirst, logLast: last } = await store.figures()
  const now = { seq: last, index: 0 }
  const earliest = { seq: logFirst - 1, index: 0 }
  if (since === undefined) return { position: now, last, recovered: true }
  if (since === 'earliest') return { position: earliest, last, recovered: true }
  const parsed = parseCursor(since)
  if (parsed !== undefined) {
    const isKnown = parsed.epoch === store.epoch && parsed.seq + (parsed.index > 0 ? 1 : 0) <= last
    // A position of other data, or of commits that a restored backup does not have, is meaningless here.
    if (!isKnown) return { position: now, last, recovered: false }
    if (parsed.seq < earliest.seq) return { position: earliest, last, recovered: false }
    return { position: { seq: parsed.seq, index: parsed.index }, last, recovered: true }
  }
  const time = parseTime(since) ?? 0n
  const seq = await lastBefore(store, time, logFirst, last)
  const at = { seq, index: 0 }
  // There is nothing before a log that was never trimmed.
  if (seq >= logFirst || logFirst <= 1) return { position: at, last, recovered: true }
  const begin = (await store.log(seq, 1)).entries[0]?.time
  const to = fromMilliseconds(begin ?? clock.milliseconds())
  if (to <= time) return { position: at, last, recovered: true }
  if (!history || !kinds.has('value')) return { position: at, last, recovered: false }
  return { position: at, last, recovered: kinds.size === 1, history: { from: time, to, until: last } }
}

/** The last commit before a time; times rise with `seq`, and a log may have millions of entries, so by binary search. */
async function lastBefore(store: Store, time: bigint, first: number, last: number): Promise<number> {
  let old = first - 1
  let young = last + 1
  while (young - old > 1) {
    const middle = Math.floor((old + young) / 2)
    const entry = (await store.log(middle - 1, 1)).entries[0]
    if (entry !== undefined && fromMilliseconds(entry.time) < time) old = Math.max(middle, entry.seq)
    else young = middle
  }
  return old
}
