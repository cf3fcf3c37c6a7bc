/**
 * Parses JSON with values of elements: numbers that a double cannot represent, such as 9007199254740993 or 1e400, become
 * literals instead of being rounded.
 */
import { Literal } from '../model/literal.ts'

/**
 * @param bytes the text in UTF-8 or another superset of ASCII, if available
 * @throws SyntaxError
 */
export function parseSampleJson(text: string, bytes: Uint8Array = Buffer.from(text, 'latin1')): unknown {
  return mayHoldLongNumber(bytes) && SUSPICIOUS.test(text) ? JSON.parse(text, exactly) : JSON.parse(text)
}

/**
 * May the text contain a number that a double cannot represent? True for sixteen digits in a row or an exponent of three
 * digits; both include three digits in a row, so every third byte is checked. A pre-filter several times faster than the
 * expression below; on bytes, because V8 reads them several times faster than characters of a string.
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
    // Continue behind these digits.
    at = end - 1
  }
  return false
}

/** Is the number preceded by `e` or `e+` after a digit? Not the end of a word, as in "machine123". */
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
/** The bit that distinguishes lower-case letters. */
const LOWER_CASE = 0x20

/**
 * Numbers that a double may round: integers from about 2^53, eighteen digits, or a large exponent. Never matches what
 * JavaScript writes for a double below 2^53.
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

/** Eighteen significant digits. */
const SIGNIFICANT = /[1-9](?:\.?\d){17}/
