/** Time zones: offsets from UTC, and conversion of local times. */
import { trimStart } from './trim.ts'

export interface TimeZone {
  /** As requested. */
  readonly name: string
  /** Offset of local time from UTC in nanoseconds, positive east of Greenwich. */
  offsetAt(time: bigint): bigint
  /**
   * The first point in time with this local time, which is given like a time in UTC. If clocks were set forward over it,
   * the time of that change.
   */
  firstAt(local: bigint): bigint
  /** The first point in time in (from, to] with another offset than `from`; there must be one. */
  changeBetween(from: bigint, to: bigint): bigint
}

export const UTC: TimeZone = fixed('UTC', 0n)

const MILLISECOND = 1_000_000n
const DAY = 86_400_000n * MILLISECOND
const WEEK_MS = 7 * 86_400_000

/** Cached zones, and weeks per zone. */
const MAX_ZONES = 500
const MAX_WEEKS = 50_000

const known = new Map<string, TimeZone>()

/** @param name of the IANA database (`Asia/Seoul`), or an offset (`+09:00`); undefined if there is no such zone */
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
  // Other spellings of offsets are not portable between engines.
  if (!/^[a-z]/i.test(name) || name.length > 100) return undefined
  try {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' })
    const { timeZone } = format.resolvedOptions()
    // The canonical spelling, unless the engine substitutes another zone.
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

/** Offset of a week; if it changes within the week, the time of the change (ms) and the offset thereafter. */
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
      // Offsets are shorter than a day, so these two are on either side.
      const [before, after] = [offsetAt(local - DAY), offsetAt(local + DAY)]
      for (const offset of [before, after]) if (offsetAt(local - offset) === offset) return local - offset
      return changeBetween(local - DAY, local + DAY)
    }
  }
}

/** The first millisecond after `low` with another offset. */
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
