/**
 * Many samples made few: one row for each bucket of time. Pieces that lie in one bucket and know what their numbers come
 * to are not unpacked.
 */
import { lengthOf, numberAt, qualityAt, type Run, timeAt } from '../../model/samples.ts'
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
 * @param width of a bucket, nanoseconds; buckets count from 1970, so that they are the same whatever is asked for
 * @returns the buckets that hold anything, ascending
 */
export async function* buckets(
  pieces: AsyncIterable<Piece>,
  from: bigint,
  to: bigint,
  width: bigint
): AsyncGenerator<Bucket> {
  let open: Bucket | undefined
  for await (const piece of pieces) {
    const start = startOf(piece.from, width)
    const { summary } = piece
    const isWhole = piece.from >= from && piece.to <= to && startOf(piece.to, width) === start
    if (isWhole && summary !== undefined) {
      if (open !== undefined && open.start !== start) {
        yield open
        open = undefined
      }
      open = combine(open, { start, ...summary })
      continue
    }
    for (const bucket of bucketsOf(piece.run(), from, to, width)) {
      if (open !== undefined && open.start !== bucket.start) {
        yield open
        open = undefined
      }
      open = combine(open, bucket)
    }
  }
  if (open !== undefined) yield open
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

/** Start of the bucket that a time lies in. */
export function startOf(time: bigint, width: bigint): bigint {
  const rest = time % width
  return rest < 0n ? time - rest - width : time - rest
}

/** The part of a run that lies in one bucket, in one go. */
function* bucketsOf(run: Run, from: bigint, to: bigint, width: bigint): Generator<Bucket> {
  const { base, offsets } = run
  const [low, high] = [Number(from - base), Number(to - base)]
  let i = 0
  while (i < lengthOf(run) && (offsets[i] ?? 0) < low) i++
  while (i < lengthOf(run) && (offsets[i] ?? 0) <= high) {
    const start = startOf(timeAt(run, i), width)
    const end = Math.min(Number(start + width - base), high + 1)
    let next = i
    while (next < lengthOf(run) && (offsets[next] ?? 0) < end) next++
    const bucket = bucketOf(run, i, next, start)
    if (bucket !== undefined) yield bucket
    i = next
  }
}

function bucketOf(run: Run, from: number, to: number, start: bigint): Bucket | undefined {
  const plain = run.values instanceof Float64Array && (run.quality === undefined || typeof run.quality === 'string')
  const numbers = plain && run.quality !== 'bad' ? (run.values as Float64Array) : undefined
  let [count, min, max, sum, first, last] = [
    0,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    0,
    Number.NaN,
    Number.NaN
  ]
  for (let i = from; i < to; i++) {
    const value = numbers === undefined ? counted(run, i) : (numbers[i] ?? 0)
    if (Number.isNaN(value)) continue
    if (count === 0) first = value
    last = value
    if (value < min) min = value
    if (value > max) max = value
    sum += value
    count++
  }
  if (count === 0) return undefined
  const mean = sum / count
  let squares = 0
  for (let i = from; i < to; i++) {
    const value = numbers === undefined ? counted(run, i) : (numbers[i] ?? 0)
    if (!Number.isNaN(value)) squares += (value - mean) ** 2
  }
  return { start, count, min, max, mean, squares, first, last }
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
