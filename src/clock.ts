/**
 * The clock of the hub: wall time, durations and timers. Services take it as an option, so that tests advance time
 * instead of waiting for it.
 *
 * Wall time follows the system clock, also where that is set or the machine was suspended. Durations are measured by a
 * monotonic clock, which is never set.
 */

export interface Clock extends Timers {
  /**
   * Wall time in nanoseconds since 1970, known to about a microsecond. No two calls give the same time, and each gives
   * a later one than the call before unless the system clock was set back meanwhile.
   */
  now(): bigint
  /** Wall time in milliseconds since 1970. */
  milliseconds(): number
  /** Milliseconds since some moment; never goes back, and may stand while the machine is suspended. */
  monotonic(): number
}

export interface Timers {
  /** Calls back once. @returns cancels it */
  after(ms: number, act: () => void): () => void
  /** Calls back again and again; does not keep the process alive. @returns stops it */
  every(ms: number, act: () => void): () => void
  /** Resolves after a time, or as soon as the signal is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/**
 * The wall and the monotonic clock may disagree by this much before they are brought together again, in milliseconds:
 * wall time is only read to the millisecond.
 */
const RESOLUTION_MS = 1

/** Up to this step back the times given last are continued, so that order survives a clock that is being adjusted. */
const ADJUSTMENT_NS = 1_000_000_000n

/** @param wall milliseconds since 1970 @param monotonic milliseconds, with decimals, of a clock that is never set */
export function clockOf(
  wall: () => number = Date.now,
  monotonic: () => number = () => performance.now(),
  timers: Timers = systemTimers
): Clock {
  /** Wall time where the monotonic clock is at zero. */
  let origin = wall() - monotonic()
  let last = 0n
  return {
    ...timers,
    now() {
      const [ms, elapsed] = [wall(), monotonic()]
      const ahead = origin + elapsed - ms
      if (ahead < 0) origin = ms - elapsed
      else if (ahead >= RESOLUTION_MS) origin = ms + RESOLUTION_MS - 0.001 - elapsed
      const now = BigInt(Math.round((origin + elapsed) * 1000)) * 1000n
      last = now > last || last - now > ADJUSTMENT_NS ? now : last + 1n
      return last
    },
    milliseconds: wall,
    monotonic
  }
}

const systemTimers: Timers = {
  after(ms, act) {
    const timer = setTimeout(act, ms)
    return () => clearTimeout(timer)
  },
  every(ms, act) {
    const timer = setInterval(act, ms).unref()
    return () => clearInterval(timer)
  },
  sleep: (ms, signal) => sleepWith(systemTimers.after, ms, signal)
}

/** `Timers.sleep` for timers that have `after`. */
export function sleepWith(after: Timers['after'], ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const wake = () => {
      cancel()
      signal?.removeEventListener('abort', wake)
      resolve()
    }
    const cancel = after(ms, wake)
    signal?.addEventListener('abort', wake)
  })
}

export const systemClock: Clock = clockOf()

/**
 * Resolves when the promise does, but after a time at the latest; it leaves no timer behind.
 * @throws what the promise is rejected with until then
 */
export async function waitAtMost(timers: Timers, ms: number, promise: Promise<unknown>): Promise<void> {
  const waited = new AbortController()
  try {
    await Promise.race([promise, timers.sleep(ms, waited.signal)])
  } finally {
    waited.abort()
  }
}

/** Before any release of the hub: a clock that shows less was never set, as in a machine without a battery for it. */
const EARLIEST_MS = Date.UTC(2026, 0, 1)

/** Can a clock that shows this time, in milliseconds since 1970, be right? */
export function isPlausible(ms: number): boolean {
  return ms >= EARLIEST_MS
}

/** Source times after this one, in milliseconds since 1970, are not accepted. Infinity: all are. */
export function horizonOf(clock: number, limit: number): number {
  return isPlausible(clock) ? clock + limit : Number.POSITIVE_INFINITY
}

/** Jumps of wall time against the monotonic clock that are reported, in milliseconds. */
const MIN_JUMP_MS = 1000
const CHECK_INTERVAL_MS = 10_000

/**
 * Reports each jump of the system clock once, in milliseconds: forward where it was set or the machine was suspended,
 * back where it was set.
 * @returns stops watching
 */
export function watchClock(
  clock: Clock,
  jumped: (ms: number) => void,
  intervalMs = CHECK_INTERVAL_MS
): () => Promise<void> {
  let origin = clock.milliseconds() - clock.monotonic()
  const stop = clock.every(intervalMs, () => {
    const now = clock.milliseconds() - clock.monotonic()
    if (Math.abs(now - origin) >= MIN_JUMP_MS) jumped(Math.round(now - origin))
    // A clock that is adjusted little by little does not jump.
    origin = now
  })
  return async () => stop()
}
