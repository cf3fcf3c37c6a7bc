/**
 * What some numbers come to: all that the aggregates need, and what brings two parts together without the numbers
 * themselves (Chan, Golub, LeVeque: updating formulae for variances). Buckets of a query, summaries of packed runs and
 * thinned samples are made of it alike, so that they agree.
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
  /** In the order of the samples. */
  readonly first: ExactNumber
  readonly last: ExactNumber
}

/**
 * Of the samples from `from` to before `to`; values that are no numbers, and those of bad quality, do not count.
 * @param isWhole they are whole numbers by their type, so that sums and extremes beyond 2^53 are wanted exactly
 */
export function statisticsOf(run: Run, from: number, to: number, isWhole = false): Statistics | undefined {
  if (run.condensed !== undefined) return combineCondensed(run, from, to, isWhole)
  const found = statisticsInDoubles(numbersOf(run, from, to))
  return isWhole && found !== undefined && !isExact(found) ? (recomputeExactly(run, from, to, found) ?? found) : found
}

/** Are all that it was made of, and their sum in any order, exact as doubles, if they are whole numbers? */
export function isExact({ count, min, max }: Statistics): boolean {
  return count * Math.max(Math.abs(Number(min)), Math.abs(Number(max))) <= Number.MAX_SAFE_INTEGER
}

/** Of two parts, the later behind the earlier. */
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

/** What they are when the first of the numbers turns out to have been another one, or none. */
export function replaceFirst(held: Statistics, first: ExactNumber | undefined): Statistics | undefined {
  if (!Number.isFinite(Number(held.first))) return held
  const rest = withoutFirst(held)
  if (first === undefined) return rest
  return rest === undefined ? ofSingleValue(first) : combine(ofSingleValue(first), rest, isWholeFigure(held.sum))
}

/**
 * What a sample of a thinned run was made of; undefined where it stands for itself. The mean of finite numbers whose sum
 * is beyond what a double holds is the value that the sample shows; an infinite number among them makes it infinite,
 * whatever the sample shows: of a text that is the last one.
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

/** The number that a sample counts as; undefined where it does not count. */
export function countedAt(run: Run, index: number): ExactNumber | undefined {
  if (qualityAt(run, index) === 'bad') return undefined
  const held = run.values[index] ?? ''
  const figure = typeof held === 'number' ? shortest(held) : run.form === 'text' ? parseExact(held) : Number.NaN
  return Number.isNaN(figure) ? undefined : figure
}

/** A double of a run stands for its shortest text: beyond 2^53 that may be another whole number than the double's own. */
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
    // One that came late may lie within what another stands for.
    const ownEnd = (run.offsets[i] ?? 0) + (spans?.[i] ?? 0)
    const last = whole === undefined || ownEnd >= end ? one.last : whole.last
    whole = { ...combine(whole, one, isWhole), last }
    end = Math.max(end, ownEnd)
  }
  return whole
}

/** NaN is what does not count. */
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

/** Undefined where not all are whole numbers after all. */
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

/** As exactly as it can be said. */
export function meanOf({ sum, count, mean }: Statistics): ExactNumber {
  return isBounded(sum) ? divideExact(sum, count) : mean
}

function isBounded(sum: ExactNumber): boolean {
  return typeof sum === 'bigint' || Number.isFinite(sum)
}

/** Of numbers whose sum is beyond what a double holds. */
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
  // The formula for one number more, backwards; min and max stay, for they may be those of others.
  const squares = Math.max(0, held.squares - (first - mean) * (first - held.mean))
  return { ...held, count, sum, mean, squares }
}

function isWholeFigure(sum: ExactNumber): boolean {
  return typeof sum === 'bigint' || Number.isInteger(sum)
}
