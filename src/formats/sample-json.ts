/**
 * JSON in which numbers are values of elements: those that a double cannot hold, such as 9007199254740993 or 1e400, come
 * as literals and not as what a double would make of them.
 */
import { Literal } from '../model/literal.ts'

/** @throws SyntaxError */
export function parseSampleJson(text: string): unknown {
  // Most texts are let off by the simple expression, which is the faster one.
  return LONG.test(text) && SUSPICIOUS.test(text) ? JSON.parse(text, exactly) : JSON.parse(text)
}

const LONG = /[\d.]{16}|\d[eE]/

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
