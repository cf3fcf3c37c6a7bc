/**
 * The line of time cut into cells: by the clock (`10s`, eight hours, a day) or by the calendar (weeks from Monday as in
 * ISO 8601, months, years), as clocks on the wall show it in a time zone. Cells count from 1970, so that they are the
 * same whatever is asked for, and each point in time lies in one of them, also where clocks are set.
 */
import type { Interval } from './interval.ts'
import { later } from './time.ts'
import { type TimeZone, UTC } from './time-zone.ts'

export interface TimeGrid {
  /** Start of the cell that a time lies in. */
  startOf(time: bigint): bigint
  /** Start of the cell after the one that begins here. */
  next(start: bigint): bigint
  /** Nanoseconds of a cell, the shortest of those that clocks being set do not shorten. */
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

/** The first start of a cell at this time or after it. */
export function ceilTo(grid: TimeGrid, time: bigint): bigint {
  const start = grid.startOf(time)
  return start === time ? start : grid.next(start)
}

/** The greatest multiple of a width that is not after a time, before 1970 as well. */
export function floorTo(time: bigint, width: bigint): bigint {
  const rest = time % width
  return rest < 0n ? time - rest - width : time - rest
}

function even(width: bigint): TimeGrid {
  return {
    length: width,
    // A cell that begins before all times that can be told begins with them.
    startOf: (time) => later(floorTo(time, width), MIN_TIME_NS),
    next: (start) => floorTo(start, width) + width
  }
}

// ---- days, weeks, months: local times that each come once

/** Cells in local time, which is written like UTC. */
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

/** A cell begins when its local time first comes; where clocks were set over that, it begins then. */
function byTheCalendar({ length, floor, next }: LocalCells, zone: TimeZone): TimeGrid {
  const localOf = (time: bigint) => time + zone.offsetAt(time)
  return {
    length,
    startOf(time) {
      const local = floor(localOf(time))
      // Clocks set back over midnight show the day before again: it is over nevertheless.
      const following = zone.firstAt(next(local))
      return later(following <= time ? following : zone.firstAt(local), MIN_TIME_NS)
    },
    next(start) {
      let local = next(floor(localOf(start)))
      // A day that a country left out begins with the one after it.
      while (zone.firstAt(local) <= start) local = next(local)
      return zone.firstAt(local)
    }
  }
}

// ---- hours and less

/** Longer than clocks are ever set by. */
const MAX_CLOCK_SHIFT_NS = 3n * HOUR

/**
 * A cell begins whenever the clock shows a multiple of the width, so an hour that comes twice is two hours. Of a width
 * that is longer than clocks are set back by, only the first time counts: a shift of eight hours then has nine. Where
 * clocks are set forward over a multiple, the cell begins then.
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
    // Set back: the last multiple before. Set forward: the multiple lies before it, or was left out.
    if (before > offset) return floorTo(change + before - 1n, width) - before
    return local >= change + before ? change : local - before
  }

  /** A start that may be the second one of its local time. */
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
