/** From where a subscription resumes. */
import { fromMilliseconds, parseTime } from '../../model/time.ts'
import type { Store } from '../../store/store.ts'
import type { HistoryState } from './catch-up-state.ts'
import { type LogPosition, parseCursor } from './log-position.ts'
import type { Matcher } from './matcher.ts'

export interface ResumePoint {
  readonly position: LogPosition
  /** The last commit there is. */
  readonly last: number
  /** Does the log reach back that far? */
  readonly recovered: boolean
  /** What the history is to send first. */
  readonly history?: HistoryState
}

/**
 * @param since a cursor, a time, or `earliest`: where the log begins; absent: now
 * @param history whether there is one, for values from before the log begins
 */
export async function resumePointOf(
  store: Store,
  since: string | undefined,
  { kinds }: Matcher,
  history: boolean
): Promise<ResumePoint> {
  const { logFirst, logLast: last } = await store.figures()
  const now = { seq: last, index: 0 }
  const earliest = { seq: logFirst - 1, index: 0 }
  if (since === undefined) return { position: now, last, recovered: true }
  if (since === 'earliest') return { position: earliest, last, recovered: true }
  const parsed = parseCursor(since)
  if (parsed !== undefined) {
    const isKnown = parsed.epoch === store.epoch && parsed.seq + (parsed.index > 0 ? 1 : 0) <= last
    // Positions of another body of data, or of a future that a restored copy has not had, mean nothing here.
    if (!isKnown) return { position: now, last, recovered: false }
    if (parsed.seq < earliest.seq) return { position: earliest, last, recovered: false }
    return { position: { seq: parsed.seq, index: parsed.index }, last, recovered: true }
  }
  const time = parseTime(since) ?? 0n
  const seq = await lastBefore(store, time, logFirst, last)
  const at = { seq, index: 0 }
  // A log that was never trimmed has nothing before it.
  if (seq >= logFirst || logFirst <= 1) return { position: at, last, recovered: true }
  const begin = (await store.log(seq, 1)).entries[0]?.time
  const to = fromMilliseconds(begin ?? Date.now())
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
