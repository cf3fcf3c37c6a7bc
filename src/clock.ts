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
