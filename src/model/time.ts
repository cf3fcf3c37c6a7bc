/** Points in time as nanoseconds since 1970, within 64 bits (years 1678 to 2262). */
import { Literal, wholeDigits } from './literal.ts'

/** Nanoseconds per unit. */
const UNITS = { ns: 1n, us: 1000n, ms: 1_000_000n, s: 1_000_000_000n } as const

export type TimeUnit = keyof typeof UNITS

export const timeUnits = Object.keys(UNITS) as readonly TimeUnit[]

/**
 * Parses a point in time: ISO 8601 with an offset from UTC and up to nine decimals, or an integer of `unit`, possibly as
 * text. Undefined for anything else, for nonexistent days and times of day, and beyond 64 bits.
 */
export function parseTime(sent: unknown, unit: TimeUnit = 'ms'): bigint | undefined {
  if (typeof sent === 'bigint') return bounded(sent * UNITS[unit])
  if (typeof sent === 'number') return Number.isSafeInteger(sent) ? bounded(BigInt(sent) * UNITS[unit]) : undefined
  if (sent instanceof Literal) return parseTime(wholeDigits(sent.text), unit)
  if (typeof sent !== 'string') return undefined
  if (/^-?\d{1,19}$/.test(sent)) return bounded(BigInt(sent) * UNITS[unit])
  const parts = ISO.exec(sent)
  if (parts === null) return undefined
  const [year, month, day, hour, minute, second] = FIELDS.map((field) => Number(parts[field])) as SixNumbers
  const [fraction = '', offset = ''] = [parts[7], parts[8]]
  const offsetMinutes = minutesOf(offset)
  const isMidnight = hour === 24 && minute === 0 && second === 0 && !/[1-9]/.test(fraction)
  const isOfClock = (hour <= 23 || isMidnight) && minute <= 59 && second <= 59
  if (!isOfClock || !isDay(year, month, day) || offsetMinutes === undefined) return undefined
  const ms = Date.UTC(year, month - 1, day, hour, minute - offsetMinutes, second)
  return bounded(BigInt(ms) * UNITS.ms + BigInt(fraction.padEnd(9, '0')))
}

/** XML Schema dateTime (part 2, 3.2.7) to the nanosecond; also with a space instead of the T, as many databases write. */
const ISO = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(Z|z|[+-]\d\d:\d\d)$/
const FIELDS = [1, 2, 3, 4, 5, 6]
type SixNumbers = [year: number, month: number, day: number, hour: number, minute: number, second: number]

/** The first year within 64 bits. (`Date.UTC` would read the years 0 to 99 as 1900 to 1999.) */
const FIRST_YEAR = 1677

function isDay(year: number, month: number, day: number): boolean {
  if (year < FIRST_YEAR || month < 1 || month > 12 || day < 1) return false
  return day <= 28 || day <= new Date(Date.UTC(year, month, 0)).getUTCDate()
}

/** Minutes of an offset from UTC, at most 14 hours. */
function minutesOf(offset: string): number | undefined {
  if (offset.length === 1) return 0
  const [hours, minutes] = [Number(offset.slice(1, 3)), Number(offset.slice(4))]
  const total = hours * 60 + minutes
  if (minutes > 59 || total > 14 * 60) return undefined
  return offset[0] === '-' ? -total : total
}

/** ISO 8601 in UTC, with three, six or nine decimals, as few as are exact. */
export function formatTime(time: bigint): string {
  let rest = time % MINUTE
  if (rest < 0n) rest += MINUTE
  const start = time - rest
  if (start !== minute.start) minute = { start, text: minuteText(start) }
  const digits = String(BEFORE + Number(rest))
  const end = digits.endsWith('000000') ? -6 : digits.endsWith('000') ? -3 : undefined
  return `${minute.text}${digits.slice(1, 3)}.${digits.slice(3, end)}Z`
}

const MINUTE = 60n * UNITS.s

/** Added to the nanoseconds of a minute, so that they always have the same number of digits. */
const BEFORE = 100_000_000_000

/** Cache: consecutive times usually share their minute. */
let minute = { start: 0n, text: minuteText(0n) }

function minuteText(start: bigint): string {
  return new Date(Number(start / UNITS.ms)).toISOString().slice(0, -'00.000Z'.length)
}

/** Converts milliseconds since 1970. */
export function fromMilliseconds(ms: number): bigint {
  return BigInt(ms) * UNITS.ms
}

export function earlier(one: bigint, other: bigint): bigint {
  return one < other ? one : other
}

export function later(one: bigint, other: bigint): bigint {
  return one > other ? one : other
}

function bounded(time: bigint): bigint | undefined {
  return BigInt.asIntN(64, time) === time ? time : undefined
}
