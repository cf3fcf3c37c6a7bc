/** Points in time to the nanosecond: whole nanoseconds since 1970, as 64 bits hold them (years 1678 to 2262). */
import { Literal, wholeDigits } from './literal.ts'

/** Nanoseconds of one of each. */
const UNITS = { ns: 1n, us: 1000n, ms: 1_000_000n, s: 1_000_000_000n } as const

export type TimeUnit = keyof typeof UNITS

export const timeUnits = Object.keys(UNITS) as readonly TimeUnit[]

/**
 * A point in time as it is sent: ISO 8601 with an offset from UTC and up to nine decimals, or a whole number, also as
 * text, of `unit`. Undefined where it is neither, where there is no such day or time of day, or beyond 64 bits.
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

/** As XML Schema has it (part 2, 3.2.7), to the nanosecond; a space for the T, as many databases write it, is taken too. */
const ISO = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(Z|z|[+-]\d\d:\d\d)$/
const FIELDS = [1, 2, 3, 4, 5, 6]
type SixNumbers = [year: number, month: number, day: number, hour: number, minute: number, second: number]

/** The first year that 64 bits reach in part; `Date.UTC` takes the first hundred for those of the last century. */
const FIRST_YEAR = 1677

function isDay(year: number, month: number, day: number): boolean {
  if (year < FIRST_YEAR || month < 1 || month > 12 || day < 1) return false
  return day <= 28 || day <= new Date(Date.UTC(year, month, 0)).getUTCDate()
}

/** Of an offset from UTC, which is at most 14 hours. */
function minutesOf(offset: string): number | undefined {
  if (offset.length === 1) return 0
  const [hours, minutes] = [Number(offset.slice(1, 3)), Number(offset.slice(4))]
  const total = hours * 60 + minutes
  if (minutes > 59 || total > 14 * 60) return undefined
  return offset[0] === '-' ? -total : total
}

/** ISO 8601 in UTC, with three, six or nine decimals, as few as say it. */
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

/** Puts a digit before those of the nanoseconds of a minute, so that there are as many of them always. */
const BEFORE = 100_000_000_000

/** Times are mostly written one after the other, and most of what is written of the next is the same. */
let minute = { start: 0n, text: minuteText(0n) }

function minuteText(start: bigint): string {
  return new Date(Number(start / UNITS.ms)).toISOString().slice(0, -'00.000Z'.length)
}

/** Of a point in time that is only known to the millisecond. */
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
