/**
 * Arithmetic in doubles, and with bigints for integers beyond 2^53, such as counters of type xs:long and their sums:
 * doubles cannot represent all of these.
 */
import { numberOf } from './samples.ts'

/** A double; or a bigint for integers beyond ±2^53. */
export type ExactNumber = number | bigint

/** Parses a text of a numeric or boolean value type; NaN for anything else. */
export function parseExact(text: string): ExactNumber {
  const number = numberOf(text)
  return Number.isSafeInteger(number) || !WHOLE.test(text) ? number : toExact(BigInt(text))
}

/** More digits would be slow to parse, and exceed any double anyway. */
const WHOLE = /^[+-]?\d{1,308}$/

/** Formats a number like the numeric value types. */
export function formatExact(figure: ExactNumber): string {
  if (figure === Number.POSITIVE_INFINITY) return 'INF'
  return figure === Number.NEGATIVE_INFINITY ? '-INF' : String(figure)
}

/** @param isWhole both are of an integer type, so their sum must be exact */
export function addExact(one: ExactNumber, other: ExactNumber, isWhole: boolean): ExactNumber {
  if (typeof one === 'number' && typeof other === 'number') {
    const sum = one + other
    if (!isWhole || !Number.isInteger(sum) || Number.isSafeInteger(sum)) return sum
  }
  const [x, y] = [wholeOf(one), wholeOf(other)]
  return x === undefined || y === undefined ? Number(one) + Number(other) : toExact(x + y)
}

export function minExact(one: ExactNumber, other: ExactNumber): ExactNumber {
  return other < one ? other : one
}

export function maxExact(one: ExactNumber, other: ExactNumber): ExactNumber {
  return other > one ? other : one
}

/** Divides a sum by a count; rounded to an integer if it is beyond 2^53. */
export function divideExact(sum: ExactNumber, count: number): ExactNumber {
  if (typeof sum === 'number') return sum / count
  const by = BigInt(count)
  const [whole, rest] = [sum / by, sum % by]
  if (Number.isSafeInteger(Number(whole))) return Number(whole) + Number(rest) / count
  const half = (rest < 0n ? -rest : rest) * 2n >= by
  return half ? whole + (sum < 0n ? -1n : 1n) : whole
}

/** A double if that is exact. */
export function toExact(whole: bigint): ExactNumber {
  const number = Number(whole)
  return Number.isSafeInteger(number) ? number : whole
}

function wholeOf(figure: ExactNumber): bigint | undefined {
  if (typeof figure === 'bigint') return figure
  return Number.isInteger(figure) ? BigInt(figure) : undefined
}
