/** Points in time to the nanosecond: whole nanoseconds since 1970, as 64 bits hold them (years 1678 to 2262). */
import { Literal, wholeDigits } from './literal.ts'

/** Nanoseconds of one of each. */
const UNITS = { ns: 1n, us: 1000n, ms: 1_000_000n, s: 1_000_000_000n } as const

export type TimeUnit = keyof typeof UNITS

export const timeUnits = Object.keys(UNITS) as readonly TimeUnit[]

/**
 * A point in time as it is sent: ISO 8601 with an offset from UTC and up to nine decimals, or a whole number, also as
 * text, of `unit`. Undefined where it is neither, or beyond 64 bits.
 */
export function parseTime(sent: unknown, unit: TimeUnit = 'ms'): bigint | undefined {
  if (typeof sent === 'bigint') return bounded(sent * UNITS[unit])
  if (typeof sent === 'number') return Number.isSafeInteger(sent) ? bounded(BigInt(sent) * UNITS[unit]) : undefined
  if (sent instanceof Literal) return parseTime(wholeDigits(sent.text), unit)
  if (typeof sent !== 'string') return undefined
  if (/^-?\d{1,19}$/.test(sent)) return bounded(BigInt(sent) * UNITS[unit])
  const [, seconds = '', fraction = '', zone = ''] = ISO.exec(sent) ?? []
  if (seconds === '') return undefined
  // A space for the T, as many databases write it, is taken too.
  const ms = Date.parse(`${seconds.replace(' ', 'T')}${zone.toUpperCase()}`)
  if (Number.isNaN(ms)) return undefined
  return bounded(BigInt(ms) * UNITS.ms + BigInt(fraction.padEnd(9, '0')))
}

const ISO = /^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(Z|z|[+-]\d\d:\d\d)$/

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
