/**
 * Values of AASQL: casts between its types, and their order. An impossible cast returns undefined and makes the
 * comparison invalid (Part 2, "Casting"). The lexical forms are those of XML Schema.
 */
import { isLexical } from '../datatypes.ts'
import { trimEnd } from '../trim.ts'
import type { DatePart, Ordering, ValueType } from './grammar.ts'

/** A value and its type. */
export type TypedValue =
  | { readonly type: 'str'; readonly value: string }
  | { readonly type: 'num'; readonly value: number }
  /** Digits in upper case, without leading zeros. */
  | { readonly type: 'hex'; readonly value: string }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'dateTime'; readonly value: DateTimeValue }
  | { readonly type: 'time'; readonly value: TimeOfDay }

/** A point in time; UTC without a time zone. */
export interface DateTimeValue {
  /** Whole seconds since 1970. */
  readonly seconds: number
  /** Fraction of a second as digits without trailing zeros: any precision, ordered as text. */
  readonly fraction: string
  /** East of UTC. */
  readonly offsetMinutes: number
  readonly text: string
}

/** A time of day. */
export interface TimeOfDay {
  /** Since midnight UTC; below 0 or above 86,400 if the time zone moves it to another day. */
  readonly seconds: number
  readonly text: string
}

/** Casts a value; undefined if impossible. */
export function cast(typed: TypedValue, to: ValueType): TypedValue | undefined {
  if (typed.type === to) return typed
  if (to === 'str') return { type: 'str', value: textOf(typed) }
  if (typed.type === 'str') return castText(typed.value, to)
  switch (to) {
    case 'num':
      return numberOf(typed)
    case 'bool':
      return typed.type === 'num' ? { type: 'bool', value: typed.value !== 0 && !Number.isNaN(typed.value) } : undefined
    case 'hex':
      return typed.type === 'num' ? hexOfNumber(typed.value) : undefined
    case 'time':
      return typed.type === 'dateTime' ? { type: 'time', value: clockOf(typed.value) } : undefined
    case 'dateTime':
      return undefined
  }
}

/** Casts the text of a field. */
export function castText(text: string, to: ValueType): TypedValue | undefined {
  switch (to) {
    case 'str':
      return { type: 'str', value: text }
    case 'num': {
      const value = parseNumber(text)
      return value === undefined ? undefined : { type: 'num', value }
    }
    case 'bool': {
      const value = parseBoolean(text)
      return value === undefined ? undefined : { type: 'bool', value }
    }
    case 'hex':
      return parseHex(text)
    case 'dateTime': {
      const value = parseMoment(text)
      return value && { type: 'dateTime', value }
    }
    case 'time': {
      const value = parseClock(text)
      return value && { type: 'time', value }
    }
  }
}

/**
 * Parses a number (xs:double); undefined if invalid. An index over numbers must contain exactly these values, to find the
 * same as the evaluator.
 */
export function parseNumber(text: string): number | undefined {
  if (!isLexical('xs:double', text)) return undefined
  if (text.endsWith('INF')) return text[0] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  return Number(text)
}

function parseBoolean(text: string): boolean | undefined {
  if (text === 'true' || text === '1') return true
  return text === 'false' || text === '0' ? false : undefined
}

/** A part of a date-time in its own time zone. */
export function datePartOf(part: DatePart, { seconds, offsetMinutes }: DateTimeValue): number {
  const local = new Date((seconds + offsetMinutes * 60) * 1000)
  switch (part) {
    case '$dayOfWeek':
      return local.getUTCDay()
    case '$dayOfMonth':
      return local.getUTCDate()
    case '$month':
      return local.getUTCMonth() + 1
    case '$year':
      return local.getUTCFullYear()
  }
}

/**
 * Does an ordering hold between two values? Values of different types are not equal and have no order. Booleans have no
 * order either: `$le` and `$ge` mean the same as `$eq` (Part 2, table of comparisons).
 */
export function satisfies(ordering: Ordering, left: TypedValue, right: TypedValue): boolean {
  return satisfiesOrder(ordering, compareValues(left, right))
}

/** @param found below 0, 0, above 0, or NaN without an order */
export function satisfiesOrder(ordering: Ordering, found: number): boolean {
  switch (ordering) {
    case '$eq':
      return found === 0
    case '$ne':
      return found !== 0
    case '$lt':
      return found < 0
    case '$le':
      return found <= 0
    case '$gt':
      return found > 0
    case '$ge':
      return found >= 0
  }
}

/** Below 0, 0 or above 0; NaN without an order. */
function compareValues(left: TypedValue, right: TypedValue): number {
  if (left.type === 'str' && right.type === 'str') return compareByCodePoint(left.value, right.value)
  if (left.type === 'num' && right.type === 'num') return compareNumbers(left.value, right.value)
  if (left.type === 'hex' && right.type === 'hex') {
    return left.value.length - right.value.length || compareByCodePoint(left.value, right.value)
  }
  if (left.type === 'bool' && right.type === 'bool') return left.value === right.value ? 0 : Number.NaN
  if (left.type === 'time' && right.type === 'time') return left.value.seconds - right.value.seconds
  if (left.type === 'dateTime' && right.type === 'dateTime') {
    const [one, other] = [left.value, right.value]
    return one.seconds - other.seconds || compareByCodePoint(one.fraction, other.fraction)
  }
  return Number.NaN
}

/** By code points; by UTF-16 code units U+1F600 would come before U+FF5E. */
export function compareByCodePoint(left: string, right: string): number {
  if (left === right) return 0
  const length = Math.min(left.length, right.length)
  for (let index = 0; index < length; index++) {
    const one = left.charCodeAt(index)
    const other = right.charCodeAt(index)
    if (one !== other) return aboveSurrogates(one) - aboveSurrogates(other)
  }
  return left.length - right.length
}

/** Surrogates represent code points above all others. */
function aboveSurrogates(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}

/** Not by difference: that of two infinities is NaN. */
function compareNumbers(left: number, right: number): number {
  return left === right ? 0 : left < right ? -1 : left > right ? 1 : Number.NaN
}

function textOf(typed: TypedValue): string {
  if (typed.type === 'dateTime' || typed.type === 'time') return typed.value.text
  return typed.type === 'hex' ? `16#${typed.value}` : String(typed.value)
}

function numberOf(typed: TypedValue): TypedValue | undefined {
  if (typed.type === 'bool') return { type: 'num', value: typed.value ? 1 : 0 }
  return typed.type === 'hex' ? { type: 'num', value: Number(`0x${typed.value}`) } : undefined
}

function hexOfNumber(value: number): TypedValue | undefined {
  return Number.isSafeInteger(value) && value >= 0 ? parseHex(value.toString(16)) : undefined
}

/** `16#FF` as in queries, `FF` as in values of xs:hexBinary. */
function parseHex(text: string): TypedValue | undefined {
  const [, digits] = /^(?:16#)?([0-9a-fA-F]+)$/.exec(text) ?? []
  if (digits === undefined) return undefined
  return { type: 'hex', value: digits.replace(/^0+(?=.)/, '').toUpperCase() }
}

const DATE = /^(-?[0-9]{4,6})-([0-9]{2})-([0-9]{2})/
const CLOCK = /^([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?(Z|z|[+-][0-9]{2}:[0-9]{2})?$/

/** RFC 3339 and xs:dateTime; the seconds, the time zone or the whole time may be missing. */
function parseMoment(text: string): DateTimeValue | undefined {
  const [date = '', year, month, day] = DATE.exec(text) ?? []
  const rest = text.slice(date.length)
  const seconds = date === '' ? undefined : midnight(Number(year), Number(month), Number(day))
  if (seconds === undefined) return undefined
  const time = /^[Tt ]/.test(rest)
    ? parseTime(rest.slice(1))
    : /^\./.test(rest)
      ? undefined
      : parseTime(`00:00:00${rest}`)
  if (time === undefined) return undefined
  const { fraction, offsetMinutes } = time
  return { seconds: seconds + time.seconds - offsetMinutes * 60, fraction, offsetMinutes, text }
}

/** Seconds since 1970; undefined if there is no such day. Unlike XML Schema, with a year 0. */
function midnight(year: number, month: number, day: number): number | undefined {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() / 1000 : undefined
}

function parseClock(text: string): TimeOfDay | undefined {
  const time = parseTime(text)
  if (time === undefined) return undefined
  return { seconds: time.seconds + Number(`0.${time.fraction}`) - time.offsetMinutes * 60, text }
}

function clockOf({ seconds, fraction, offsetMinutes, text }: DateTimeValue): TimeOfDay {
  const local = seconds + offsetMinutes * 60
  const ofDay = ((local % 86_400) + 86_400) % 86_400
  return { seconds: ofDay + Number(`0.${fraction}`) - offsetMinutes * 60, text: text.slice(text.search(/[Tt ]/) + 1) }
}

interface ClockTime {
  readonly seconds: number
  readonly fraction: string
  readonly offsetMinutes: number
}

/** `24:00:00` is the end of a day, `23:59:60` in UTC a leap second. */
function parseTime(text: string): ClockTime | undefined {
  const [found, hours, minutes, seconds = '00', digits = '', zone = 'Z'] = CLOCK.exec(text) ?? []
  if (found === undefined) return undefined
  const total = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
  const fraction = trimEnd(digits, '0')
  const offsetMinutes = zone.length === 1 ? 0 : parseOffset(zone)
  const inRange =
    Number(minutes) <= 59 && Number(seconds) <= 60 && total <= 86_400 && (total < 86_400 || fraction === '')
  if (!inRange || offsetMinutes === undefined) return undefined
  if (seconds === '60' && (total - offsetMinutes * 60) % 86_400 !== 0) return undefined
  return { seconds: total, fraction, offsetMinutes }
}

function parseOffset(zone: string): number | undefined {
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4))
  if (Number(zone.slice(4)) > 59 || minutes > 14 * 60) return undefined
  return zone[0] === '-' ? -minutes : minutes
}
