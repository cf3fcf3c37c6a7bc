/**
 * Arithmetic with what was measured: in doubles, and exactly where whole numbers outgrow them. A counter of the type
 * xs:long, or the sum of many of them, goes beyond 2^53, from where on doubles skip numbers.
 */
import { numberOf } from './samples.ts'

/** A double; or a whole number beyond ±2^53, where a double might not be it. */
export type ExactNumber = number | bigint

/** A text of a numeric or boolean value type; NaN for everything else. */
export function parseExact(text: string): ExactNumber {
  const number = numberOf(text)
  return Number.isSafeInteger(number) || !WHOLE.test(text) ? number : toExact(BigInt(text))
}

/** Reading more digits takes long, and no double would be as large anyway. */
const WHOLE = /^[+-]?\d{1,308}$/

/** As the numeric value types write it. */
export function formatExact(figure: ExactNumber): string {
  if (figure === Number.POSITIVE_INFINITY) return 'INF'
  return figure === Number.NEGATIVE_INFINITY ? '-INF' : String(figure)
}

/** @param isWhole both count whole things, so that their sum does too and is wanted exactly */
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

/** A sum divided by a count: rounded to a whole number where a double could not tell it from its neighbours. */
export function divideExact(sum: ExactNumber, count: number): ExactNumber {
  if (typeof sum === 'number') return sum / count
  const by = BigInt(count)
  const [whole, rest] = [sum / by, sum % by]
  if (Number.isSafeInteger(Number(whole))) return Number(whole) + Number(rest) / count
  const half = (rest < 0n ? -rest : rest) * 2n >= by
  return half ? whole + (sum < 0n ? -1n : 1n) : whole
}

/** As a double where that is exact. */
export function toExact(whole: bigint): ExactNumber {
  const number = Number(whole)
  return Number.isSafeInteger(number) ? number : whole
}

function wholeOf(figure: ExactNumber): bigint | undefined {
  if (typeof figure === 'bigint') return figure
  return Number.isInteger(figure) ? BigInt(figure) : undefined
}
