/** Times as agents write them, who often have no clock: `now-7d`, `monday`, `2026-11-24`, or ISO 8601. */
import { parseRelativeTime, resolveTime } from '../../../model/relative-time.ts'
import { formatTime, fromMilliseconds, parseTime } from '../../../model/time.ts'
import { floorTo } from '../../../model/time-grid.ts'
import { type TimeZone, timeZone, UTC } from '../../../model/time-zone.ts'
import { Unanswerable } from './requests.ts'

const DAY = 86_400_000_000_000n

const DAYS = ['thursday', 'friday', 'saturday', 'sunday', 'monday', 'tuesday', 'wednesday']

const EXPECTED_TIME =
  'ISO 8601 such as 2026-11-24T03:00:00Z, a day such as 2026-11-24, now, now-7d, today, yesterday, or the last monday … sunday'

/** A period in the time zone of the caller. */
export interface Period {
  /** Nanoseconds since 1970. */
  readonly from?: bigint
  readonly to?: bigint
}

export interface Now {
  readonly now: bigint
  readonly zone: TimeZone
}

/** @param milliseconds of the clock @throws Unanswerable */
export function nowIn(milliseconds: number, name: string | undefined): Now {
  const zone = name === undefined ? UTC : timeZone(name)
  if (zone === undefined)
    throw new Unanswerable(`"${name}" is no time zone: name one such as Asia/Seoul, or an offset such as +09:00`)
  return { now: fromMilliseconds(milliseconds), zone }
}

/** @throws Unanswerable */
export function periodOf(from: string | undefined, to: string | undefined, now: Now): Period {
  const [start, end] = [from, to].map((text) => (text === undefined ? undefined : momentOf(text, now)))
  if (start !== undefined && end !== undefined && start >= end)
    throw new Unanswerable(`"from" (${formatTime(start)}) is not before "to" (${formatTime(end)}): exchange them`)
  return { ...(start !== undefined && { from: start }), ...(end !== undefined && { to: end }) }
}

/** @returns nanoseconds since 1970 @throws Unanswerable */
export function momentOf(text: string, { now, zone }: Now): bigint {
  const word = text.trim().toLowerCase()
  const midnight = (daysAgo: bigint) => zone.firstAt(floorTo(now + zone.offsetAt(now), DAY) - daysAgo * DAY)
  if (word === 'now') return now
  if (word === 'today') return midnight(0n)
  if (word === 'yesterday') return midnight(1n)
  const weekday = DAYS.indexOf(word)
  if (weekday !== -1) {
    const today = floorTo(now + zone.offsetAt(now), DAY) / DAY
    return midnight((((today - BigInt(weekday)) % 7n) + 7n) % 7n)
  }
  const before = /^(?:now)?-\S{1,30}$/.test(word) ? parseRelativeTime(word) : undefined
  // Months follow a calendar, which here would be that of UTC.
  if (before?.interval !== undefined && before.interval.unit !== 'month') return resolveTime(before, now)
  const time = parseTime(text.trim())
  if (time !== undefined) return time
  const [, day, clock = '00:00', seconds = ':00', fraction = ''] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(\.\d{1,9})?)?$/.exec(text.trim()) ?? []
  const local = day === undefined ? undefined : parseTime(`${day}T${clock}${seconds}${fraction}Z`)
  if (local === undefined) throw new Unanswerable(`"${text.slice(0, 40)}" is no time; expected ${EXPECTED_TIME}`)
  return zone.firstAt(local)
}

/** ISO 8601 in the zone, with as few digits as are exact. */
export function timeText(time: bigint, zone: TimeZone): string {
  if (zone === UTC) return shortened(formatTime(time))
  const offset = zone.offsetAt(time)
  const minutes = offset / 60_000_000_000n
  const size = minutes < 0n ? -minutes : minutes
  const two = (number: bigint) => String(number).padStart(2, '0')
  const suffix = `${minutes < 0n ? '-' : '+'}${two(size / 60n)}:${two(size % 60n)}`
  return shortened(formatTime(time + offset)).replace('Z', suffix)
}

/** Drops zeros of fractions and, of whole minutes, the seconds. */
function shortened(time: string): string {
  return time
    .replace(/(\.\d*?)0+Z$/, '$1Z')
    .replace(/\.Z$/, 'Z')
    .replace(/(T\d\d:\d\d):00Z$/, '$1Z')
}
