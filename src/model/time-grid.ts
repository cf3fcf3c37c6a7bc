/**
 * Divides time into cells: by the clock (`10s`, eight hours, a day) or by the calendar (weeks from Monday as in ISO 8601,
 * months, years), in local time of a time zone. Cells count from 1970, so they do not depend on the query, and each point
 * in time lies in exactly one, also across clock changes.
 */
import type { Interval } from './interval.ts'
import { later } from './time.ts'
import { type TimeZone, UTC } from './time-zone.ts'

export interface TimeGrid {
  /** Start of the cell that contains a time. */
  startOf(time: bigint): bigint
  /** Start of the cell after the one with this start. */
  next(start: bigint): bigint
  /** Nanoseconds of the shortest cell without a clock change. */
  readonly length: bigint
}

const MIN_TIME_NS = -(2n ** 63n)
const HOUR = 3_600_000_000_000n
const DAY = 24n * HOUR

export function timeGrid(interval: Interval, zone: TimeZone = UTC): TimeGrid {
  switch (interval.unit) {
    case 'nanosecond': {
      const width = interval.count
      if (zone === UTC) return even(width)
      return width < DAY ? byTheClock(width, zone) : byTheCalendar(multiples(width), zone)
    }
    case 'week':
      return byTheCalendar(multiples(7n * DAY * BigInt(interval.count), MONDAY), zone)
    case 'month':
      return byTheCalendar(months(interval.count), zone)
  }
}

/** The first start of a cell at or after a time. */
export function ceilTo(grid: TimeGrid, time: bigint): bigint {
  const start = grid.startOf(time)
  return start === time ? start : grid.next(start)
}

/** The greatest multiple of a width not after a time, also before 1970. */
export function floorTo(time: bigint, width: bigint): bigint {
  const rest = time % width
  return rest < 0n ? time - rest - width : time - rest
}

function even(width: bigint): TimeGrid {
  return {
    length: width,
    // The first cell begins with the first representable time.
    startOf: (time) => later(floorTo(time, width), MIN_TIME_NS),
    next: (start) => floorTo(start, width) + width
  }
}

// ---- days, weeks, months

/** Cells in local time, which is represented like UTC. */
interface LocalCells {
  readonly length: bigint
  floor(local: bigint): bigint
  next(start: bigint): bigint
}

/** The Monday of the week in which 1970 began. */
const MONDAY = -3n * DAY

function multiples(width: bigint, first = 0n): LocalCells {
  return {
    length: width,
    floor: (local) => floorTo(local - first, width) + first,
    next: (start) => start + width
  }
}

function months(count: number): LocalCells {
  const startOf = (month: number) => BigInt(Date.UTC(1970, month)) * 1_000_000n
  const monthOf = (local: bigint) => {
    const date = new Date(Number(floorTo(local, DAY) / 1_000_000n))
    const month = 12 * (date.getUTCFullYear() - 1970) + date.getUTCMonth()
    return Math.floor(month / count) * count
  }
  return {
    length: 28n * DAY * BigInt(count),
    floor: (local) => startOf(monthOf(local)),
    next: (start) => startOf(monthOf(start) + count)
  }
}

/** A cell begins at the first occurrence of its local time; if clocks skipped that time, at the clock change. */
function byTheCalendar({ length, floor, next }: LocalCells, zone: TimeZone): TimeGrid {
  const localOf = (time: bigint) => time + zone.offsetAt(time)
  return {
    length,
    startOf(time) {
      const local = floor(localOf(time))
      // Clocks set back over midnight show the previous day again, but it is over.
      const following = zone.firstAt(next(local))
      return later(following <= time ? following : zone.firstAt(local), MIN_TIME_NS)
    },
    next(start) {
      let local = next(floor(localOf(start)))
      // A skipped day begins with the following one.
      while (zone.firstAt(local) <= start) local = next(local)
      return zone.firstAt(local)
    }
  }
}

// ---- hours and less

/** No clock change is longer. */
const MAX_CLOCK_SHIFT_NS = 3n * HOUR

/**
 * A cell begins whenever the clock shows a multiple of the width, so a repeated hour makes two cells. If the width is
 * longer than the clock change, only the first occurrence counts: a cell of eight hours then has nine. If clocks are set
 * forward over a multiple, the cell begins at the change.
 */
function byTheClock(width: bigint, zone: TimeZone): TimeGrid {
  const { offsetAt, changeBetween } = zone
  return { length: width, startOf: (time) => later(startOf(time), MIN_TIME_NS), next }

  function startOf(time: bigint): bigint {
    const offset = offsetAt(time)
    const local = floorTo(time + offset, width)
    const start = local - offset
    const before = offsetAt(start)
    if (before === offset) return first(start, local, offset)
    const change = changeBetween(start, time)
    // Set back: the last multiple before. Set forward: the multiple lies before the change, or was skipped.
    if (before > offset) return floorTo(change + before - 1n, width) - before
    return local >= change + before ? change : local - before
  }

  /** The first start with this local time, if that counts. */
  function first(start: bigint, local: bigint, offset: bigint): bigint {
    const before = offsetAt(start - MAX_CLOCK_SHIFT_NS)
    const isSecond = before > offset && offsetAt(local - before) === before
    return isSecond && width > before - offset ? local - before : start
  }

  function next(start: bigint): bigint {
    const offset = offsetAt(start)
    const local = floorTo(start + offset, width) + width
    const end = local - offset
    const after = offsetAt(end)
    if (after === offset) return end
    const change = changeBetween(start, end)
    if (after > offset) return local < change + after ? change : local - after
    const again = -floorTo(-(change + after), width)
    const isRepeated = again < change + offset
    return (isRepeated && width > offset - after ? -floorTo(-(change + offset), width) : again) - after
  }
}
