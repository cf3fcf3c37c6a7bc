/**
 * The thirty value types of the metamodel (DataTypeDefXsd) and their lexical forms and ranges by XML Schema part 2,
 * second edition (the one Part 1 cites). White space around a value is not removed.
 */
import { lexical } from './patterns.ts'
import type { DataTypeDefXsd } from './types.ts'

/** Is `text` a value of this type? Takes linear time and bounded stack. */
export function isLexical(type: DataTypeDefXsd, text: string): boolean {
  return types[type].accepts(text)
}

/** Is a value of this type a number in ValueOnly JSON? */
export function isNumeric(type: DataTypeDefXsd): boolean {
  return types[type].numeric === true
}

export function isFloating(type: DataTypeDefXsd): boolean {
  return type === 'xs:double' || type === 'xs:float'
}

export function isInteger(type: DataTypeDefXsd): boolean {
  return types[type].whole === true
}

export function isBoolean(type: DataTypeDefXsd): boolean {
  return type === 'xs:boolean'
}

/** Describes values of this type for messages, with an example. */
export function describe(type: DataTypeDefXsd): string {
  return types[type].words
}

interface DataType {
  readonly accepts: (text: string) => boolean
  readonly words: string
  readonly numeric?: true
  readonly whole?: true
}

const { YEAR, DATE, TIME, DURATION, ANY_URI } = lexical
const ZONE = '(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?'
const MONTH = '(?:0[1-9]|1[0-2])'
const DAY = '(?:0[1-9]|[12][0-9]|3[01])'
const DECIMAL = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)$/
const SCIENTIFIC = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[eE][+-]?[0-9]+$/
const INTEGER = /^[+-]?[0-9]+$/
// The unused bits (two or four) of a shortened group must be zero.
const BASE64 = /^[A-Za-z0-9+/]*(?:[AQgw]==|[AEIMQUYcgkosw048]=)?$/

const types: Readonly<Record<DataTypeDefXsd, DataType>> = {
  'xs:anyURI': matching(ANY_URI, 'a URI or IRI, like https://example.com/a%20b'),
  'xs:base64Binary': { accepts: isBase64, words: 'base64 text, like SGVsbG8=' },
  'xs:boolean': {
    accepts: (text) => text === 'true' || text === 'false' || text === '1' || text === '0',
    words: 'true, false, 1 or 0'
  },
  'xs:byte': integer('-128', '127'),
  'xs:date': date(`${DATE}${ZONE}`, 'a date that exists, like 2024-02-29'),
  'xs:dateTime': date(`${DATE}T${TIME}${ZONE}`, 'a date that exists and a time, like 2024-02-29T13:20:00Z'),
  'xs:decimal': { accepts: (text) => DECIMAL.test(text), words: 'a decimal number, like -1.5', numeric: true },
  'xs:double': floating(Number.isFinite, 'a number up to 1.8e308, like -1.5e3, or INF, -INF, NaN'),
  'xs:duration': matching(DURATION, 'a duration, like P1DT2H30M'),
  'xs:float': floating(
    (value) => Number.isFinite(Math.fround(value)),
    'a number up to 3.4e38, like -1.5e3, or INF, -INF, NaN'
  ),
  'xs:gDay': matching(`---${DAY}${ZONE}`, 'a day of the month, like ---31'),
  'xs:gMonth': matching(`--${MONTH}${ZONE}`, 'a month, like --12'),
  'xs:gMonthDay': date(`--${MONTH}-${DAY}${ZONE}`, 'a day of the year, like --02-29'),
  'xs:gYear': year(`${YEAR}${ZONE}`, 'a year of at least four digits, like 2024'),
  'xs:gYearMonth': year(`${YEAR}-${MONTH}${ZONE}`, 'a month of a year, like 2024-02'),
  'xs:hexBinary': {
    accepts: (text) => text.length % 2 === 0 && /^[0-9a-fA-F]*$/.test(text),
    words: 'pairs of hexadecimal digits, like 0FB7'
  },
  'xs:int': integer('-2147483648', '2147483647'),
  'xs:integer': integer(),
  'xs:long': integer('-9223372036854775808', '9223372036854775807'),
  'xs:negativeInteger': integer(undefined, '-1'),
  'xs:nonNegativeInteger': integer('0'),
  'xs:nonPositiveInteger': integer(undefined, '0'),
  'xs:positiveInteger': integer('1'),
  'xs:short': integer('-32768', '32767'),
  // [AASd-130] restricts the characters.
  'xs:string': { accepts: () => true, words: 'any text' },
  'xs:time': matching(`${TIME}${ZONE}`, 'a time of day, like 13:20:00Z'),
  'xs:unsignedByte': integer('0', '255'),
  'xs:unsignedInt': integer('0', '4294967295'),
  'xs:unsignedLong': integer('0', '18446744073709551615'),
  'xs:unsignedShort': integer('0', '65535')
}

function matching(pattern: string, words: string): DataType {
  const expression = new RegExp(`^(?:${pattern})$`)
  return { accepts: (text) => expression.test(text), words }
}

function floating(inRange: (value: number) => boolean, words: string): DataType {
  const accepts = (text: string): boolean =>
    DECIMAL.test(text)
      ? // 38 digits stay below the largest xs:float
        text.length < 38 || inRange(Number(text))
      : SCIENTIFIC.test(text)
        ? inRange(Number(text))
        : text === 'INF' || text === '-INF' || text === 'NaN'
  return { accepts, words, numeric: true }
}

/** Bounds are inclusive and without leading zeros; an absent one means unbounded. */
function integer(lowest?: string, highest?: string): DataType {
  const low = lowest === undefined ? Number.NEGATIVE_INFINITY : Number(lowest)
  const high = highest === undefined ? Number.POSITIVE_INFINITY : Number(highest)
  const accepts = (text: string): boolean => {
    if (!INTEGER.test(text)) return false
    if (text.length > 15) return isBetween(text, lowest, highest)
    const value = Number(text)
    return value >= low && value <= high
  }
  return { accepts, words: integerWords(lowest, highest), numeric: true, whole: true }
}

function integerWords(lowest?: string, highest?: string): string {
  if (lowest === undefined && highest === undefined) return 'a whole number, like -42'
  if (lowest === undefined) return `a whole number, at most ${highest}`
  if (highest === undefined) return `a whole number, at least ${lowest}`
  return `a whole number from ${lowest} to ${highest}`
}

/** Compares as text: doubles lose digits beyond 2^53, and BigInt is slow for millions of digits. */
function isBetween(text: string, lowest?: string, highest?: string): boolean {
  const digits = text.replace(/^[+-]?0*/, '')
  const negative = text[0] === '-' && digits !== ''
  return (
    (lowest === undefined || compare(negative, digits, lowest) >= 0) &&
    (highest === undefined || compare(negative, digits, highest) <= 0)
  )
}

function compare(negative: boolean, digits: string, bound: string): number {
  const boundNegative = bound[0] === '-'
  if (negative !== boundNegative) return negative ? -1 : 1
  const other = bound === '0' ? '' : boundNegative ? bound.slice(1) : bound
  const order = digits.length - other.length || (digits < other ? -1 : digits > other ? 1 : 0)
  return negative ? -order : order
}

function isBase64(text: string): boolean {
  // The lexical form allows a single blank between two characters.
  if (text.includes(' ')) {
    if (text.startsWith(' ') || text.endsWith(' ') || text.includes('  ')) return false
    return isBase64(text.replaceAll(' ', ''))
  }
  if (text.length % 4 !== 0) return false
  // Only canonical base64 survives decoding and encoding; for large texts native code is faster than the expression.
  return text.length < LARGE_TEXT ? BASE64.test(text) : Buffer.from(text, 'base64').toString('base64') === text
}

/** Length from which the regular expression is slower. */
const LARGE_TEXT = 4096

function year(pattern: string, words: string): DataType {
  const { accepts } = matching(pattern, words)
  return { accepts: (text) => accepts(text) && !isYearZero(text), words }
}

/** XML Schema 1.0 has no year 0: 1 BCE is -0001. */
function isYearZero(text: string): boolean {
  return /^-?0000(?![0-9])/.test(text)
}

function date(pattern: string, words: string): DataType {
  const { accepts } = matching(pattern, words)
  return { accepts: (text) => accepts(text) && !isYearZero(text) && dayExists(text), words }
}

/** Does the month have this day? `text` has matched the pattern of a date, a date and time, or a day of the year. */
function dayExists(text: string): boolean {
  const [, years = '', month = '', day = ''] = /^(?:-?[0-9]*([0-9]{4})|-)-([0-9]{2})-([0-9]{2})/.exec(text) ?? []
  if (day < '29') return true
  if (month !== '02')
    return Number(day) <= (month === '04' || month === '06' || month === '09' || month === '11' ? 30 : 31)
  return day === '29' && (years === '' || isLeap(Number(years) - (text[0] === '-' ? 1 : 0)))
}

/** Leap years repeat every 400 years, so the last four digits suffice. */
function isLeap(years: number): boolean {
  return years % 4 === 0 && (years % 100 !== 0 || years % 400 === 0)
}
