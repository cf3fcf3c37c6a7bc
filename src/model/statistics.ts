/**
 * Statistics of numbers: all that the aggregates need, combinable without the numbers themselves (Chan, Golub, LeVeque:
 * updating formulae for variances). Query buckets, summaries of packed runs and downsampled samples all use it, so that
 * they agree.
 */
import { addExact, divideExact, type ExactNumber, maxExact, minExact, parseExact, toExact } from './exact-numbers.ts'
import { type ExactColumn, numberAt, qualityAt, type Run } from './samples.ts'

export interface Statistics {
  readonly count: number
  readonly min: ExactNumber
  readonly max: ExactNumber
  readonly mean: number
  readonly sum: ExactNumber
  /** Sum of the squares of the differences from the mean. */
  readonly squares: number
  /** First and last in the order of the samples. */
  readonly first: ExactNumber
  readonly last: ExactNumber
}

/**
 * Statistics of the samples [from, to); non-numeric values and those of bad quality do not count.
 * @param isWhole the value type is an integer type, so sums and extremes beyond 2^53 must be exact
 */
export function statisticsOf(run: Run, from: number, to: number, isWhole = false): Statistics | undefined {
  if (run.condensed !== undefined) return combineCondensed(run, from, to, isWhole)
  const found = statisticsInDoubles(numbersOf(run, from, to))
  return isWhole && found !== undefined && !isExact(found) ? (recomputeExactly(run, from, to, found) ?? found) : found
}

/** If all numbers are integers: are they, and their sum in any order, exact as doubles? */
export function isExact({ count, min, max }: Statistics): boolean {
  return count * Math.max(Math.abs(Number(min)), Math.abs(Number(max))) <= Number.MAX_SAFE_INTEGER
}

/** Combines the statistics of two consecutive parts. */
export function combine(one: Statistics | undefined, other: Statistics, isWhole = false): Statistics {
  if (one === undefined) return other
  const count = one.count + other.count
  const apart = other.mean - one.mean
  const sum = addExact(one.sum, other.sum, isWhole)
  return {
    count,
    min: minExact(one.min, other.min),
    max: maxExact(one.max, other.max),
    mean: isBounded(sum) ? averageOf(sum, count) : weightedMean(one, other),
    sum,
    squares: one.squares + other.squares + (apart * apart * one.count * other.count) / count,
    first: one.first,
    last: other.last
  }
}

/** Replaces the first of the numbers by another one, or removes it. */
export function replaceFirst(held: Statistics, first: ExactNumber | undefined): Statistics | undefined {
  if (!Number.isFinite(Number(held.first))) return held
  const rest = withoutFirst(held)
  if (first === undefined) return rest
  return rest === undefined ? ofSingleValue(first) : combine(ofSingleValue(first), rest, isWholeFigure(held.sum))
}

/**
 * Statistics of the samples that a sample of a downsampled run replaces; undefined for an original sample. If the sum of
 * finite numbers overflows a double, their mean is the value of the sample; with an infinite number among them the mean
 * is infinite, whatever the sample's value (a text sample has the last value).
 */
export function condensedAt(run: Run, index: number): Statistics | undefined {
  const { condensed } = run
  const count = condensed?.counts[index] ?? 0
  if (condensed === undefined || count === 0) return undefined
  const at = (column: ExactColumn): ExactNumber => {
    const held = column[index] ?? 0
    return typeof held === 'string' ? parseExact(held) : held
  }
  const [min, max, sum] = [at(condensed.min), at(condensed.max), at(condensed.sum)]
  return {
    count,
    min,
    max,
    mean: isBounded(sum)
      ? averageOf(sum, count)
      : isBounded(min) && isBounded(max)
        ? numberAt(run, index)
        : Number(sum),
    sum,
    squares: condensed.squares[index] ?? 0,
    first: at(condensed.first),
    last: at(condensed.last)
  }
}

function ofSingleValue(figure: ExactNumber): Statistics {
  return {
    count: 1,
    min: figure,
    max: figure,
    mean: Number(figure),
    sum: figure,
    squares: 0,
    first: figure,
    last: figure
  }
}

/** The number of a sample; undefined if it does not count. */
export function countedAt(run: Run, index: number): ExactNumber | undefined {
  if (qualityAt(run, index) === 'bad') return undefined
  const held = run.values[index] ?? ''
  const figure = typeof held === 'number' ? shortest(held) : run.form === 'text' ? parseExact(held) : Number.NaN
  return Number.isNaN(figure) ? undefined : figure
}

/** A double of a run represents its shortest text, which beyond 2^53 may be another integer than the double's. */
function shortest(value: number): ExactNumber {
  return Number.isSafeInteger(value) || !Number.isInteger(value) ? value : parseExact(String(value))
}

function combineCondensed(run: Run, from: number, to: number, isWhole: boolean): Statistics | undefined {
  const spans = run.condensed?.spans
  let whole: Statistics | undefined
  let end = Number.NEGATIVE_INFINITY
  for (let i = from; i < to; i++) {
    const held = qualityAt(run, i) === 'bad' ? undefined : condensedAt(run, i)
    const figure = held === undefined ? countedAt(run, i) : undefined
    const one = held ?? (figure === undefined ? undefined : ofSingleValue(isWhole ? figure : Number(figure)))
    if (one === undefined) continue
    // A late sample may lie within the span of another one.
    const ownEnd = (run.offsets[i] ?? 0) + (spans?.[i] ?? 0)
    const last = whole === undefined || ownEnd >= end ? one.last : whole.last
    whole = { ...combine(whole, one, isWhole), last }
    end = Math.max(end, ownEnd)
  }
  return whole
}

/** The numbers; NaN for samples that do not count. */
function numbersOf(run: Run, from: number, to: number): Float64Array {
  const { values, quality } = run
  if (values instanceof Float64Array && quality !== 'bad' && !(quality instanceof Uint8Array)) {
    return values.subarray(from, to)
  }
  const numbers = new Float64Array(to - from)
  for (let i = from; i < to; i++) numbers[i - from] = qualityAt(run, i) === 'bad' ? Number.NaN : numberAt(run, i)
  return numbers
}

function statisticsInDoubles(all: Float64Array): Statistics | undefined {
  const numbers = all.includes(Number.NaN) ? all.filter((value) => !Number.isNaN(value)) : all
  const [first] = numbers
  if (first === undefined) return undefined
  const count = numbers.length
  let min = first
  let max = first
  let sum = 0
  for (let i = 0; i < count; i++) {
    const value = numbers[i] ?? 0
    if (value < min) min = value
    if (value > max) max = value
    sum += value
  }
  const mean = Number.isFinite(sum) ? sum / count : numbers.reduce((part, value) => part + value / count, 0)
  let squares = 0
  for (let i = 0; i < count; i++) {
    const apart = (numbers[i] ?? 0) - mean
    squares += apart * apart
  }
  return { count, min, max, mean, sum, squares, first, last: numbers[count - 1] ?? first }
}

/** Undefined if not all numbers are integers after all. */
function recomputeExactly(run: Run, from: number, to: number, found: Statistics): Statistics | undefined {
  let sum = 0n
  let min: ExactNumber | undefined
  let max: ExactNumber | undefined
  let first: ExactNumber | undefined
  let last: ExactNumber | undefined
  for (let i = from; i < to; i++) {
    const figure = countedAt(run, i)
    if (figure === undefined) continue
    if (typeof figure === 'number' && !Number.isInteger(figure)) return undefined
    const whole = BigInt(figure)
    sum += whole
    last = toExact(whole)
    first ??= last
    min = min === undefined ? last : minExact(min, last)
    max = max === undefined ? last : maxExact(max, last)
  }
  if (min === undefined || max === undefined || first === undefined || last === undefined) return undefined
  return { ...found, min, max, first, last, sum: toExact(sum), mean: averageOf(toExact(sum), found.count) }
}

function averageOf(sum: ExactNumber, count: number): number {
  return Number(divideExact(sum, count))
}

/** The mean, exact if possible. */
export function meanOf({ sum, count, mean }: Statistics): ExactNumber {
  return isBounded(sum) ? divideExact(sum, count) : mean
}

function isBounded(sum: ExactNumber): boolean {
  return typeof sum === 'bigint' || Number.isFinite(sum)
}

/** For sums that overflow a double. */
function weightedMean(one: Statistics, other: Statistics): number {
  const count = one.count + other.count
  return one.mean * (one.count / count) + other.mean * (other.count / count)
}

function withoutFirst(held: Statistics): Statistics | undefined {
  const count = held.count - 1
  if (count === 0) return undefined
  const first = Number(held.first)
  const sum = addExact(held.sum, -held.first, isWholeFigure(held.sum))
  const mean = averageOf(sum, count)
  // The inverse of adding one number; min and max stay, as they may be those of other numbers.
  const squares = Math.max(0, held.squares - (first - mean) * (first - held.mean))
  return { ...held, count, sum, mean, squares }
}

function isWholeFigure(sum: ExactNumber): boolean {
  return typeof sum === 'bigint' || Number.isInteger(sum)
}
