/** Forgets what the log has held for long enough. Whoever reads the log and fell behind is told of the gap. */
import type { Store } from '../store/store.ts'

/** How often it looks, in milliseconds. */
const EVERY = 10 * 60 * 1000

/**
 * Trims the log now and from time to time.
 * @param keep how long an entry stays, in milliseconds
 * @param failed told what went wrong; it tries again the next time
 * @returns the way to stop; resolves when nothing is under way any more
 */
export function keepLogFor(keep: number, store: Store, failed: (error: unknown) => void): () => Promise<void> {
  const trim = () => trimBefore(store, Date.now() - keep).catch(failed)
  let under = trim()
  const timer = setInterval(() => {
    under = under.then(trim)
  }, EVERY)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await under
  }
}

/** Forgets all entries of commits before this time (milliseconds since 1970). */
export async function trimBefore(store: Store, time: number): Promise<void> {
  const { logFirst, logLast } = await store.figures()
  // The times rise with the positions, so the last old entry is found by halving: a log may have millions.
  let old = logFirst - 1
  let young = logLast + 1
  while (young - old > 1) {
    const middle = Math.floor((old + young) / 2)
    const { entries } = await store.log(middle - 1, 1)
    const entry = entries[0]
    if (entry !== undefined && entry.time < time) old = Math.max(middle, entry.seq)
    else young = middle
  }
  if (old >= logFirst) await store.trimLog(old)
}
