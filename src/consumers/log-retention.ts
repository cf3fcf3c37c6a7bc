/** Forgets what the log has held for long enough. Whoever reads the log and fell behind is told of the gap. */
import type { Store } from '../store/store.ts'

/** How often it looks, in milliseconds. */
const INTERVAL_MS = 60 * 1000

export interface LogRetentionOptions {
  /** How long an entry stays, in milliseconds. */
  readonly time: number
  /** How much the log may take, in bytes; beyond it the oldest entries go earlier. */
  readonly bytes: number
  /** Up to where the history has taken what is in the log; nothing behind it goes. Absent: there is no history. */
  readonly taken?: () => Promise<number>
  readonly clock?: () => number
}

/**
 * Trims the log now and from time to time.
 * @param failed told what went wrong; it tries again the next time
 * @returns the way to stop; resolves when nothing is under way any more
 */
export function startLogRetention(
  store: Store,
  options: LogRetentionOptions,
  failed: (error: unknown) => void
): () => Promise<void> {
  const trim = () => trimLog(store, options).catch(failed)
  let under = trim()
  const timer = setInterval(() => {
    under = under.then(trim)
  }, INTERVAL_MS)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await under
  }
}

async function trimLog(store: Store, { time, bytes, taken, clock = Date.now }: LogRetentionOptions): Promise<void> {
  if (!(await store.lease('retention', 2 * INTERVAL_MS))) return
  const old = Math.max(await lastBefore(store, clock() - time), await lastBeyond(store, bytes))
  const last = taken === undefined ? old : Math.min(old, await taken())
  if (last >= (await store.figures()).logFirst) await store.trimLog(last)
}

/** The last entry of a commit before this time (milliseconds since 1970). */
async function lastBefore(store: Store, time: number): Promise<number> {
  const { logFirst, logLast } = await store.figures()
  // The times rise with the positions, so it is found by halving: a log may have millions.
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

/** The last entry that goes where the log is to take no more than so many bytes, as if all entries were of one size. */
async function lastBeyond(store: Store, bytes: number): Promise<number> {
  const { logFirst, logLast, logBytes } = await store.figures()
  if (logBytes <= bytes) return logFirst - 1
  return logFirst - 1 + Math.ceil((logLast - logFirst + 1) * (1 - bytes / logBytes))
}
