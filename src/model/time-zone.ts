/** Time zones: how far local time is from UTC, and when a local time was. */
import { trimStart } from './trim.ts'

export interface TimeZone {
  /** As it was asked for. */
  readonly name: string
  /** Nanoseconds by which local time is ahead of UTC. */
  offsetAt(time: bigint): bigint
  /**
   * When clocks first showed a local time, which is written like a point in time of UTC. Where they were set forward
   * over it: when that was done.
   */
  firstAt(local: bigint): bigint
  /** The first point in time after `from`, and not after `to`, of another offset; there must be one. */
  changeBetween(from: bigint, to: bigint): bigint
}

export const UTC: TimeZone = fixed('UTC', 0n)

const MILLISECOND = 1_000_000n
const DAY = 86_400_000n * MILLISECOND
const WEEK_MS = 7 * 86_400_000

/** Zones that are remembered, and weeks of each. */
const MAX_ZONES = 500
const MAX_WEEKS = 50_000

const known = new Map<string, TimeZone>()

/** @param name of the IANA database (`Asia/Seoul`), or an offset (`+09:00`); undefined where there is no such zone */
export function timeZone(name: string): TimeZone | undefined {
  const found = known.get(name) ?? open(name)
  if (known.size >= MAX_ZONES) known.clear()
  if (found !== undefined) known.set(name, found)
  return found
}

function open(name: string): TimeZone | undefined {
  if (/^(utc|z)$/i.test(name)) return UTC
  const [, sign, hours, minutes] = /^([+-])([01]\d|2[0-3]):([0-5]\d)$/.exec(name) ?? []
  if (sign !== undefined) {
    const offset = (BigInt(hours ?? 0) * 60n + BigInt(minutes ?? 0)) * 60_000n * MILLISECOND
    return fixed(name, sign === '-' ? -offset : offset)
  }
  // Other spellings of offsets, which some engines take and others do not.
  if (!/^[a-z]/i.test(name) || name.length > 100) return undefined
  try {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' })
    const { timeZone } = format.resolvedOptions()
    // As the database spells it; where it names another instead, as it was asked for.
    return changing(timeZone.toLowerCase() === name.toLowerCase() ? timeZone : name, format)
  } catch {
    return undefined
  }
}

function fixed(name: string, offset: bigint): TimeZone {
  const changeBetween = () => {
    throw new RangeError(`The offset of ${name} never changes`)
  }
  return { name, offsetAt: () => offset, firstAt: (local) => local - offset, changeBetween }
}

/** Offset of a week; where it changes within it, until when it is so, and what it is then. Milliseconds. */
interface Week {
  readonly offset: bigint
  readonly until: number
  readonly then: bigint
}

function changing(name: string, format: Intl.DateTimeFormat): TimeZone {
  const weeks = new Map<number, Week>()

  function offsetAtMs(ms: number): bigint {
    const number = Math.floor(ms / WEEK_MS)
    let week = weeks.get(number)
    if (week === undefined) {
      week = readWeek(number * WEEK_MS)
      if (weeks.size >= MAX_WEEKS) weeks.clear()
      weeks.set(number, week)
    }
    return ms < week.until ? week.offset : week.then
  }

  function readWeek(start: number): Week {
    const [offset, then] = [readOffset(format, start), readOffset(format, start + WEEK_MS)]
    const until =
      offset === then ? Number.POSITIVE_INFINITY : search(start, start + WEEK_MS, (ms) => readOffset(format, ms))
    return { offset, until, then }
  }

  const offsetAt = (time: bigint) => offsetAtMs(toMs(time))
  const changeBetween = (from: bigint, to: bigint) => BigInt(search(toMs(from), toMs(to), offsetAtMs)) * MILLISECOND
  return {
    name,
    offsetAt,
    changeBetween,
    firstAt(local) {
      // No offset is a day long, so these two are on either side.
      const [before, after] = [offsetAt(local - DAY), offsetAt(local + DAY)]
      for (const offset of [before, after]) if (offsetAt(local - offset) === offset) return local - offset
      return changeBetween(local - DAY, local + DAY)
    }
  }
}

/** The first millisecond after `low` with another offset than it. */
function search(low: number, high: number, offsetAt: (ms: number) => bigint): number {
  const offset = offsetAt(low)
  let [same, other] = [low, high]
  while (other - same > 1) {
    const middle = Math.floor((same + other) / 2)
    if (offsetAt(middle) === offset) same = middle
    else other = middle
  }
  return other
}

/** Rounded down, before 1970 as well. */
function toMs(time: bigint): number {
  const ms = Number(time / MILLISECOND)
  return time % MILLISECOND < 0n ? ms - 1 : ms
}

/** `GMT+09:00`, `GMT-03:30:52` or `GMT`. */
function readOffset(format: Intl.DateTimeFormat, ms: number): bigint {
  const text = format.formatToParts(ms).find(({ type }) => type === 'timeZoneName')?.value ?? ''
  const [hours = 0n, minutes = 0n, seconds = 0n] = trimStart(text, 'GMT+-').split(':').map(BigInt)
  const offset = ((hours * 60n + minutes) * 60n + seconds) * 1000n * MILLISECOND
  return text.includes('-') ? -offset : offset
}
