/**
 * JSON in which numbers are values of elements: those that a double cannot hold, such as 9007199254740993 or 1e400, come
 * as literals and not as what a double would make of them.
 */
import { Literal } from '../model/literal.ts'

/** @throws SyntaxError */
export function parseSampleJson(text: string): unknown {
  return mayHoldLongNumber(text) && SUSPICIOUS.test(text) ? JSON.parse(text, exactly) : JSON.parse(text)
}

/** Lets most texts off, several times faster than an expression: sixteen digits in a row, or an exponent. */
function mayHoldLongNumber(text: string): boolean {
  let digits = 0
  for (let at = 0; at < text.length; at++) {
    const sign = text.charCodeAt(at)
    if ((sign >= ZERO && sign <= NINE) || sign === POINT) {
      if (++digits === 16) return true
    } else {
      if (digits > 0 && (sign | LOWER_CASE) === SMALL_E) return true
      digits = 0
    }
  }
  return false
}

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
