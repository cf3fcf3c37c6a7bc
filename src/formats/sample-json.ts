/**
 * JSON in which numbers are values of elements: those that a double cannot hold, such as 9007199254740993 or 1e400, come
 * as literals and not as what a double would make of them.
 */
import { Literal } from '../model/literal.ts'

/**
 * @param bytes the text in UTF-8 or another superset of ASCII, where they are at hand
 * @throws SyntaxError
 */
export function parseSampleJson(text: string, bytes: Uint8Array = Buffer.from(text, 'latin1')): unknown {
  return mayHoldLongNumber(bytes) && SUSPICIOUS.test(text) ? JSON.parse(text, exactly) : JSON.parse(text)
}

/**
 * May a number be in the text that a double cannot hold? Several times faster than the expression below, and true too
 * often: sixteen digits in a row, or an exponent of three. Both hold three digits in a row, so every third sign is enough.
 * Bytes, as V8 reads them several times faster than the signs of a string.
 */
export function mayHoldLongNumber(bytes: Uint8Array): boolean {
  for (let at = 2; at < bytes.length; at += 3) {
    if (!isDigit(bytes[at])) continue
    let start = at
    while (start > 0 && isDigitOrPoint(bytes[start - 1])) start--
    let end = at + 1
    while (end < bytes.length && isDigitOrPoint(bytes[end])) end++
    if (end - start >= 16) return true
    if (end - start >= 3 && isExponent(bytes, start)) return true
    // The next look is beyond this run.
    at = end - 1
  }
  return false
}

/** Does an `e` or `e+` after a digit stand before it? Not the end of a word, as in "machine123". */
function isExponent(bytes: Uint8Array, start: number): boolean {
  const sign = bytes[start - 1] === PLUS ? start - 2 : start - 1
  return sign > 0 && ((bytes[sign] as number) | LOWER_CASE) === SMALL_E && isDigit(bytes[sign - 1])
}

function isDigit(sign: number | undefined): boolean {
  return sign !== undefined && sign >= ZERO && sign <= NINE
}

function isDigitOrPoint(sign: number | undefined): boolean {
  return isDigit(sign) || sign === POINT
}

const PLUS = 0x2b
const ZERO = 0x30
const NINE = 0x39
const POINT = 0x2e
const SMALL_E = 0x65
/** The bit that makes a capital letter a small one. */
const LOWER_CASE = 0x20

/**
 * What a number may look like of which a double loses something: whole and about 2^53 or more, of eighteen digits, or
 * with a large exponent. What JavaScript writes for a double below 2^53 never looks so.
 */
const SUSPICIOUS = /(?<![\d."])(?:9\d{15}|[1-9](?:\d{16}|(?:\.?\d){17})|0\.0*[1-9]\d{17})|\d[eE]\+?\d{3}/

function exactly(name: string, value: unknown, context?: { source?: string }): unknown {
  const { source } = context ?? {}
  if (typeof value !== 'number' || source === undefined || name === 'id') return value
  return isExact(value, source) ? value : new Literal(source)
}

function isExact(value: number, source: string): boolean {
  if (Number.isSafeInteger(value)) return !SIGNIFICANT.test(source) || String(value) === source
  return Number.isFinite(value) && Math.abs(value) < Number.MAX_SAFE_INTEGER && !SIGNIFICANT.test(source)
}

/** Eighteen digits that matter. */
const SIGNIFICANT = /[1-9](?:\.?\d){17}/
