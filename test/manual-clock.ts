/** A clock that tests advance by hand: wall time, monotonic time and timers together. */
import { setImmediate } from 'node:timers/promises'
import { type Clock, clockOf, sleepWith } from '../src/clock.ts'

export interface ManualClock extends Clock {
  /** Lets time pass: timers that are due fire in order, each at its time. */
  advance(ms: number): Promise<void>
  /** Sets wall time alone, as an operator or NTP does. */
  jump(ms: number): void
}

interface Timer {
  at: number
  readonly act: () => void
  readonly intervalMs?: number
}

/** @param start wall time in milliseconds since 1970 */
export function manualClock(start = Date.UTC(2026, 5, 1)): ManualClock {
  let elapsed = 0
  let wall = start
  const timers = new Set<Timer>()
  const add = (timer: Timer) => {
    timers.add(timer)
    return () => {
      timers.delete(timer)
    }
  }
  const after = (ms: number, act: () => void) => add({ at: elapsed + ms, act })
  const clock = clockOf(
    () => wall + elapsed,
    () => elapsed,
    {
      after,
      every: (ms, act) => add({ at: elapsed + ms, act, intervalMs: ms }),
      sleep: (ms, signal) => sleepWith(after, ms, signal)
    }
  )
  return {
    ...clock,
    jump: (ms) => {
      wall += ms
    },
    async advance(ms) {
      const end = elapsed + ms
      await settle()
      for (;;) {
        const [due] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)
        if (due === undefined) break
        elapsed = Math.max(elapsed, due.at)
        if (due.intervalMs === undefined) timers.delete(due)
        else due.at += due.intervalMs
        due.act()
        await settle()
      }
      elapsed = end
    }
  }
}

/** Lets what a timer started go on as far as it can without time, and without the disk or the network. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await setImmediate()
}
