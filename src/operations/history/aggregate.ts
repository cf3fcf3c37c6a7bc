/**
 * Many samples made few: one row for each bucket of time. Pieces, and parts of them, that lie in one bucket and know what
 * their numbers come to are not unpacked.
 */
import type { Grid } from '../../model/grid.ts'
import { firstAt, numberAt, qualityAt, type Run, timeAt } from '../../model/samples.ts'
import type { Piece } from '../../store/pieces.ts'

export const aggregates = ['count', 'min', 'max', 'mean', 'sum', 'first', 'last', 'stddev'] as const

export type Aggregate = (typeof aggregates)[number]

/** What is known of the numbers of one bucket; values that are none, and those of bad quality, do not count. */
export interface Bucket {
  /** Start of the bucket, nanoseconds since 1970. */
  readonly start: bigint
  count: number
  min: number
  max: number
  mean: number
  /** Sum of the squares of the differences from the mean. */
  squares: number
  first: number
  last: number
}

/**
 * @param pieces ascending; what lies outside of [from, to] is left out
 * @param grid its cells are the buckets
 * @returns the buckets that hold anything, ascending
 */
export async function* buckets(
  pieces: AsyncIterable<Piece>,
  from: bigint,
  to: bigint,
  grid: Grid
): AsyncGenerator<Bucket> {
  let open: Bucket | undefined
  for await (const piece of pieces) {
    for (const bucket of bucketsIn(piece, from, to, grid)) {
      if (open !== undefined && open.start !== bucket.start) {
        yield open
        open = undefined
      }
      open = combine(open, bucket)
    }
  }
  if (open !== undefined) yield open
}

/** Unpacks no more of a piece than lies across the border of a bucket, or of [from, to]. */
function* bucketsIn(piece: Piece, from: bigint, to: bigint, grid: Grid): Generator<Bucket> {
  if (piece.to < from || piece.from > to) return
  const { summary } = piece
  const start = grid.startOf(piece.from)
  if (summary !== undefined && piece.from >= from && piece.to <= to && piece.to < grid.next(start)) {
    yield { start, ...summary }
    return
  }
  const parts = piece.parts?.() ?? []
  if (parts.length === 0) yield* bucketsOf(piece.run(), from, to, grid)
  for (const part of parts) yield* bucketsIn(part, from, to, grid)
}

/** The value of an aggregate; NaN where the bucket does not tell it. */
export function figureOf({ count, min, max, mean, squares, first, last }: Bucket, aggregate: Aggregate): number {
  switch (aggregate) {
    case 'count':
      return count
    case 'min':
      return min
    case 'max':
      return max
    case 'mean':
      return mean
    case 'sum':
      return mean * count
    case 'first':
      return first
    case 'last':
      return last
    case 'stddev':
      // Of a sample, not of a population: what was measured stands for more than itself.
      return count > 1 ? Math.sqrt(squares / (count - 1)) : Number.NaN
  }
}

/** The part of a run that lies in one bucket, in one go. */
function* bucketsOf(run: Run, from: bigint, to: bigint, grid: Grid): Generator<Bucket> {
  const end = firstAt(run, to + 1n)
  for (let i = firstAt(run, from); i < end; ) {
    const start = grid.startOf(timeAt(run, i))
    const next = Math.min(firstAt(run, grid.next(start)), end)
    const bucket = bucketOf(numbersOf(run, i, next), start)
    if (bucket !== undefined) yield bucket
    i = next
  }
}

/** NaN is what does not count. */
function numbersOf(run: Run, from: number, to: number): Float64Array {
  const { values, quality } = run
  if (values instanceof Float64Array && quality !== 'bad' && !(quality instanceof Uint8Array)) {
    return values.subarray(from, to)
  }
  const numbers = new Float64Array(to - from)
  for (let i = from; i < to; i++) numbers[i - from] = counted(run, i)
  return numbers
}

function bucketOf(all: Float64Array, start: bigint): Bucket | undefined {
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
  const mean = sum / count
  let squares = 0
  for (let i = 0; i < count; i++) {
    const apart = (numbers[i] ?? 0) - mean
    squares += apart * apart
  }
  return { start, count, min, max, mean, squares, first, last: numbers[count - 1] ?? first }
}

function counted(run: Run, index: number): number {
  return qualityAt(run, index) === 'bad' ? Number.NaN : numberAt(run, index)
}

/** Two parts of one bucket, the later behind the earlier (Chan, Golub, LeVeque: updating formulae for variances). */
function combine(one: Bucket | undefined, other: Bucket): Bucket {
  if (one === undefined) return other
  const count = one.count + other.count
  const apart = other.mean - one.mean
  return {
    start: one.start,
    count,
    min: Math.min(one.min, other.min),
    max: Math.max(one.max, other.max),
    mean: one.mean + (apart * other.count) / count,
    squares: one.squares + other.squares + (apart * apart * one.count * other.count) / count,
    first: one.first,
    last: other.last
  }
}
