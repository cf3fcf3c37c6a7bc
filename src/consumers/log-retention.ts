/** Trims the log by age and size. Readers that are behind the trimmed entries get a gap. */
import { type Clock, systemClock } from '../clock.ts'
import { runPeriodicallyAsLeader } from '../store/run-as-leader.ts'
import type { Store } from '../store/store.ts'

const INTERVAL_MS = 60 * 1000

export interface LogRetentionOptions {
  /** Entries older than this are trimmed. */
  readonly maxAgeMs: number
  /** Beyond this size the oldest entries are trimmed earlier. */
  readonly maxBytes: number
  /** The last entry that the history has taken; later ones are not trimmed. Absent: there is no history. */
  readonly taken?: () => Promise<number>
  readonly clock?: Clock
  /** Called with an error; the next attempt follows at the next interval. */
  readonly failed: (error: unknown) => void
}

/** @returns stops it; resolves when it has ended */
export function startLogRetention(store: Store, options: LogRetentionOptions): () => Promise<void> {
  const { clock = systemClock, failed } = options
  const periodic = { name: 'retention', intervalMs: INTERVAL_MS, clock, failed }
  return runPeriodicallyAsLeader(store, periodic, () => trimLog(store, options))
}

async function trimLog(
  store: Store,
  { maxAgeMs, maxBytes, taken, clock = systemClock }: LogRetentionOptions
): Promise<void> {
  const expired = Math.max(
    await lastBefore(store, clock.milliseconds() - maxAgeMs),
    await lastBeyondSize(store, maxBytes)
  )
  const last = taken === undefined ? expired : Math.min(expired, await taken())
  if (last >= (await store.figures()).logFirst) await store.trimLog(last)
}

/** The last entry committed before a time, in milliseconds since 1970. */
async function lastBefore(store: Store, time: number): Promise<number> {
  const { logFirst, logLast } = await store.figures()
  // Binary search, as times rise with positions: a log may have millions of entries.
  let old = logFirst - 1
  let young = logLast + 1
  while (young - old > 1) {
    const middle = Math.floor((old + young) / 2)
    const { entries } = await store.log(middle - 1, 1)
    const entry = entries[0]
    if (entry !== undefined && entry.time < time) old = Math.max(middle, entry.seq)
    else young = middle
  }
  return old
}

/** The last entry to trim for the log to fit into a size, as if all entries were equally large. */
async function lastBeyondSize(store: Store, maxBytes: number): Promise<number> {
  const { logFirst, logLast, logBytes } = await store.figures()
  if (logBytes <= maxBytes) return logFirst - 1
  return logFirst - 1 + Math.ceil((logLast - logFirst + 1) * (1 - maxBytes / logBytes))
}
