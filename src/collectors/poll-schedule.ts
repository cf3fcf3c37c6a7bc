/** Polls by the monotonic clock: a cycle that takes too long delays none but the next, and cycles that are skipped count. */
import type { Clock } from '../clock.ts'

export interface PollOptions {
  readonly clock: Clock
  readonly intervalMs: number
  /** Polls once; must not reject. */
  readonly poll: () => Promise<void>
  /** Called with the number of cycles that were due while another one ran. */
  readonly missed: (cycles: number) => void
}

/** Starts at once. @returns stops it; resolves when the cycle that runs has ended */
export function startPolling({ clock, intervalMs, poll, missed }: PollOptions): () => Promise<void> {
  const stopping = new AbortController()
  const { signal } = stopping
  const ended = run()
  return async () => {
    stopping.abort()
    await ended
  }

  async function run(): Promise<void> {
    // Everything is due at multiples of the interval from here, so that no delay adds up.
    const start = clock.monotonic()
    let cycle = 0
    while (!signal.aborted) {
      await poll()
      cycle++
      const late = clock.monotonic() - (start + cycle * intervalMs)
      const skipped = Math.floor(late / intervalMs)
      if (skipped > 0) {
        cycle += skipped
        missed(skipped)
      }
      await clock.sleep(Math.max(0, start + cycle * intervalMs - clock.monotonic()), signal)
    }
  }
}
