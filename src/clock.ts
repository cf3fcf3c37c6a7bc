/**
 * The clock of the hub. Wall time follows the system clock, also where that is set or the machine was suspended;
 * durations are measured by a clock that nobody sets.
 */

export interface Clock {
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

/**
 * The system clock and the monotonic one may disagree by so much before they are brought together again, in
 * milliseconds: the former is only read to the millisecond.
 */
const RESOLUTION_MS = 1

/** Up to this step back the times given last are continued, so that order survives a clock that is being adjusted. */
const ADJUSTMENT_NS = 1_000_000_000n

/** @param wall milliseconds since 1970 @param monotonic milliseconds, with decimals, of a clock that nobody sets */
export function clockOf(wall: () => number = Date.now, monotonic: () => number = () => performance.now()): Clock {
  /** Wall time where the monotonic clock is at zero. */
  let origin = wall() - monotonic()
  let last = 0n
  return {
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

export const systemClock: Clock = clockOf()

/** Before any release of the hub: a clock that says so was never set, as in a machine without a battery for it. */
const EARLIEST_MS = Date.UTC(2026, 0, 1)

/** May a clock be right that says so, in milliseconds since 1970? */
export function isPlausible(ms: number): boolean {
  return ms >= EARLIEST_MS
}

/** Source times after this one, in milliseconds since 1970, are not believed. Infinity: all are. */
export function horizonOf(clock: number, limit: number): number {
  return isPlausible(clock) ? clock + limit : Number.POSITIVE_INFINITY
}

/** Jumps of wall time against the monotonic clock that are told of, in milliseconds. */
const JUMP_MS = 1000
const WATCH_EVERY_MS = 10_000

/**
 * Tells of each jump of the system clock, once, by how many milliseconds: forward where it was set, or the machine was
 * suspended; back where it was set.
 * @returns the way to stop
 */
export function watchClock(clock: Clock, jumped: (ms: number) => void, everyMs = WATCH_EVERY_MS): () => Promise<void> {
  let origin = clock.milliseconds() - clock.monotonic()
  const timer = setInterval(() => {
    const now = clock.milliseconds() - clock.monotonic()
    if (Math.abs(now - origin) >= JUMP_MS) jumped(Math.round(now - origin))
    // A clock that is adjusted little by little does not jump.
    origin = now
  }, everyMs)
  timer.unref()
  return async () => clearInterval(timer)
}
