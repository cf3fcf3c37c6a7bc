/**
 * Waits in real time for what happens beside a test. Time itself is not waited for: see manual-clock.ts. The limits only end
 * what would never end: a busy machine may take thirty seconds to start a thread with a large library.
 */
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'

export interface UntilOptions {
  readonly timeoutMs?: number
  /** Pause between two looks. */
  readonly pollMs?: number
}

/** Resolves once it is true. @throws Error where it does not become true in time */
export async function until(
  isTrue: () => boolean | Promise<boolean>,
  { timeoutMs = 120_000, pollMs = 5 }: UntilOptions = {}
): Promise<void> {
  const end = performance.now() + timeoutMs
  while (!(await isTrue())) {
    if (performance.now() > end) throw new Error(`In vain: ${isTrue}`)
    await setTimeout(pollMs)
  }
}

/** What the promise resolves with. @throws Error where that takes longer */
export async function inTime<Result>(promise: Promise<Result>, what: string, timeoutMs = 60_000): Promise<Result> {
  const late = once(AbortSignal.timeout(timeoutMs), 'abort').then(() => {
    throw new Error(`${what} did not come within ${timeoutMs} ms`)
  })
  return Promise.race([promise, late])
}
