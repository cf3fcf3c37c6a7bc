/**
 * Numeric ranges. In the Normal form a number is a text, and JSON Schema restricts texts by patterns only, so a range
 * becomes a pattern. It is exact for plain decimals of any length; exponents, INF and NaN pass.
 */
import { trimEnd, trimStart } from '../../model/trim.ts'

/** A range; an absent bound is unbounded. Bounds are plain decimals. */
export interface NumericRange {
  readonly from?: string
  readonly to?: string
  readonly exclusiveFrom?: boolean
  readonly exclusiveTo?: boolean
}

/**
 * Parses SMT/AllowedRange: `[0, 100)`, with `*` for no bound, several separated by `|`; also `0..100`. Undefined for any
 * other text.
 */
export function parseRanges(text: string): NumericRange[] | undefined {
  const intervals = text.split('|').map((part) => parseRange(part.trim()))
  return intervals.every((interval) => interval !== undefined) ? intervals : undefined
}

/** A pattern for the decimals within one of the ranges. */
export function patternOf(intervals: readonly NumericRange[]): string {
  const choices = intervals.map((interval) => {
    const { from, to, exclusiveFrom: withoutFrom = false, exclusiveTo: withoutTo = false } = interval
    const low = from === undefined ? '' : `(?=${atLeast(from, withoutFrom)}$)`
    const high = to === undefined ? '' : `(?=${atMost(to, withoutTo)}$)`
    return `${low}${high}`
  })
  // Anything but a plain decimal is checked by the value type.
  return `^(?:(?![+-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)$)|${choices.join('|')})`
}

/** Does a plain decimal lie within one of the ranges? */
export function liesIn(value: string, intervals: readonly NumericRange[]): boolean {
  return new RegExp(patternOf(intervals)).test(value)
}

const NUMBER = '[+-]?(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)'
const BRACKETS = new RegExp(`^([[(])\\s*(${NUMBER}|\\*|)\\s*[,;]\\s*(${NUMBER}|\\*|)\\s*([\\])])$`)
const DOTS = new RegExp(`^(${NUMBER}|\\*)\\s*\\.\\.\\s*(${NUMBER}|\\*)$`)

function parseRange(text: string): NumericRange | undefined {
  const brackets = BRACKETS.exec(text)
  const [open, from, to, close] = brackets?.slice(1) ?? ['[', ...(DOTS.exec(text)?.slice(1) ?? []), ']']
  if (from === undefined || to === undefined || to === ']') return undefined
  const bounded = (bound: string): boolean => bound !== '*' && bound !== ''
  if (!bounded(from) && !bounded(to)) return undefined
  if (bounded(from) && bounded(to) && Number(from) > Number(to)) return undefined
  return {
    ...(bounded(from) && { from, exclusiveFrom: open === '(' }),
    ...(bounded(to) && { to, exclusiveTo: close === ')' })
  }
}

function atLeast(bound: string, without: boolean): string {
  const { negative, whole, fraction } = decimal(bound)
  // Minus zero is zero.
  const zero = !without && whole + fraction === '' ? '|-0*\\.?0*' : ''
  if (!negative) return `(?:\\+?${magnitude(whole, fraction, 'above', without)}${zero})`
  return `(?:\\+?${ANY}|-${magnitude(whole, fraction, 'below', without)})`
}

function atMost(bound: string, without: boolean): string {
  const { negative, whole, fraction } = decimal(bound)
  if (negative) return `-${magnitude(whole, fraction, 'above', without)}`
  const zero = without && whole + fraction === '' ? '-(?!0*\\.?0*$)' : '-'
  return `(?:${zero}${ANY}|\\+?${magnitude(whole, fraction, 'below', without)})`
}

const ANY = '(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)'

function decimal(text: string): { negative: boolean; whole: string; fraction: string } {
  const [whole = '', digits = ''] = trimStart(text, '+-0').split('.')
  const fraction = trimEnd(digits, '0')
  return { negative: text.startsWith('-') && whole + fraction !== '', whole, fraction }
}

/** Unsigned decimals above or below whole.fraction. */
function magnitude(whole: string, fraction: string, side: 'above' | 'below', without: boolean): string {
  const anyFraction = '(?:\\.[0-9]*)?'
  const choices: string[] = []
  if (side === 'above') choices.push(`[1-9][0-9]{${whole.length},}${anyFraction}`)
  else if (whole.length === 1) choices.push(anyFraction)
  else if (whole.length > 1) choices.push(`(?:[1-9][0-9]{0,${whole.length - 2}})?${anyFraction}`)
  for (let index = 0; index < whole.length; index++) {
    const digits = digitsBeyond(whole[index] ?? '0', side, index === 0)
    if (digits === undefined) continue
    choices.push(`${whole.slice(0, index)}${digits}[0-9]{${whole.length - index - 1}}${anyFraction}`)
  }
  for (let index = 0; index < fraction.length; index++) {
    const digits = digitsBeyond(fraction[index] ?? '0', side, false)
    if (digits !== undefined) choices.push(`${whole}\\.${fraction.slice(0, index)}${digits}[0-9]*`)
    // A shorter fraction is smaller.
    if (side === 'below') choices.push(`${whole}(?:\\.${fraction.slice(0, index)}0*)?`)
  }
  if (side === 'above') choices.push(`${whole}\\.${fraction}0*[1-9][0-9]*`)
  if (!without) choices.push(fraction === '' ? `${whole}(?:\\.0*)?` : `${whole}\\.${fraction}0*`)
  // No unsigned number is below zero.
  if (choices.length === 0) return '(?!)'
  // At least one digit: "" and "." are not numbers.
  return `(?=\\.?[0-9])0*(?:${choices.join('|')})`
}

/** A character class of the digits above or below one; the first digit of a number is not 0. */
function digitsBeyond(digit: string, side: 'above' | 'below', first: boolean): string | undefined {
  const value = Number(digit)
  const [low, high] = side === 'above' ? [value + 1, 9] : [first ? 1 : 0, value - 1]
  return low > high ? undefined : `[${low}-${high}]`
}
