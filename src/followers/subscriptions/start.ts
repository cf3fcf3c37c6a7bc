/** From where a subscription goes on. */
import { fromMilliseconds, parseTime } from '../../model/time.ts'
import type { Store } from '../../store/store.ts'
import type { HistoryState } from './history.ts'
import type { Matcher } from './matcher.ts'
import { type Place, placeOf } from './place.ts'

export interface Start {
  readonly place: Place
  /** The last commit there is. */
  readonly last: number
  /** Does the log reach back that far? */
  readonly recovered: boolean
  /** What the history is to tell first. */
  readonly history?: HistoryState
}

/**
 * @param since a cursor, a time, or `earliest`: where the log begins; absent: now
 * @param history whether there is one to tell values from before the log begins
 */
export async function startOf(
  store: Store,
  since: string | undefined,
  { kinds }: Matcher,
  history: boolean
): Promise<Start> {
  const { logFirst, logLast: last } = await store.figures()
  const now = { seq: last, index: 0 }
  const earliest = { seq: logFirst - 1, index: 0 }
  if (since === undefined) return { place: now, last, recovered: true }
  if (since === 'earliest') return { place: earliest, last, recovered: true }
  const place = placeOf(since)
  if (place !== undefined) {
    const isKnown = place.epoch === store.epoch && place.seq + (place.index > 0 ? 1 : 0) <= last
    // Positions of another body of data, or of a future that a restored copy has not had, mean nothing here.
    if (!isKnown) return { place: now, last, recovered: false }
    if (place.seq < earliest.seq) return { place: earliest, last, recovered: false }
    return { place: { seq: place.seq, index: place.index }, last, recovered: true }
  }
  const time = parseTime(since) ?? 0n
  const seq = await lastBefore(store, time, logFirst, last)
  const at = { seq, index: 0 }
  // Where the log was never trimmed nothing lies before it.
  if (seq >= logFirst || logFirst <= 1) return { place: at, last, recovered: true }
  const begin = (await store.log(seq, 1)).entries[0]?.time
  const to = fromMilliseconds(begin ?? Date.now())
  if (to <= time) return { place: at, last, recovered: true }
  if (!history || !kinds.has('value')) return { place: at, last, recovered: false }
  return { place: at, last, recovered: kinds.size === 1, history: { from: time, to, until: last } }
}

/** The last commit before a time; times rise with positions, and a log may have millions, so it is found by halving. */
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
