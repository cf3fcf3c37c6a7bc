/**
 * Aggregates samples to one row per time bucket. Pieces, and parts of pieces, that lie within one bucket and have a
 * summary are not unpacked.
 */
import type { ExactNumber } from '../../model/exact-numbers.ts'
import { firstAt, type Run, timeAt } from '../../model/samples.ts'
import { combine, isExact, type Statistics, statisticsOf } from '../../model/statistics.ts'
import type { TimeGrid } from '../../model/time-grid.ts'
import type { SeriesPiece } from '../../store/merge-chunks.ts'

export const AGGREGATES = ['count', 'min', 'max', 'mean', 'sum', 'first', 'last', 'stddev'] as const

export type Aggregate = (typeof AGGREGATES)[number]

/** Statistics of the numbers in one bucket; other values, and those of bad quality, do not count. */
export interface Bucket extends Statistics {
  /** Start of the bucket, nanoseconds since 1970. */
  readonly start: bigint
}

/**
 * @param pieces ascending; samples outside of [from, to] are ignored
 * @param grid its cells are the buckets
 * @param isWhole the series is of integers: sums and extremes beyond 2^53 are exact
 * @returns the buckets that are not empty, ascending
 */
export async function* buckets(
  pieces: AsyncIterable<SeriesPiece>,
  from: bigint,
  to: bigint,
  grid: TimeGrid,
  isWhole = false
): AsyncGenerator<Bucket> {
  let open: Bucket | undefined
  for await (const piece of pieces) {
    for (const bucket of bucketsIn(piece, { from, to, grid, isWhole })) {
      if (open !== undefined && open.start !== bucket.start) {
        yield open
        open = undefined
      }
      open = { ...combine(open, bucket, isWhole), start: bucket.start }
    }
  }
  if (open !== undefined) yield open
}

interface BucketWindow {
  readonly from: bigint
  readonly to: bigint
  readonly grid: TimeGrid
  readonly isWhole: boolean
}

/** Unpacks only the parts of a piece that cross the border of a bucket, or of [from, to]. */
function* bucketsIn(piece: SeriesPiece, window: BucketWindow): Generator<Bucket> {
  const { from, to, grid, isWhole } = window
  if (piece.to < from || piece.from > to) return
  const { summary } = piece
  const start = grid.startOf(piece.from)
  const isKnown = summary !== undefined && (!isWhole || isExact(summary))
  if (isKnown && piece.from >= from && piece.to <= to && piece.to < grid.next(start)) {
    yield { start, ...summary }
    return
  }
  const parts = piece.parts?.() ?? []
  if (parts.length === 0) yield* bucketsOf(piece.run(), window)
  for (const part of parts) yield* bucketsIn(part, window)
}

/** The value of an aggregate; NaN if the bucket has none. */
export function aggregateOf(bucket: Statistics, aggregate: Aggregate): ExactNumber {
  const { count, min, max, mean, sum, squares, first, last } = bucket
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
      return sum
    case 'first':
      return first
    case 'last':
      return last
    case 'stddev':
      // Sample standard deviation, not that of a population.
      return count > 1 ? Math.sqrt(squares / (count - 1)) : Number.NaN
  }
}

/** Walks a run bucket by bucket. */
function* bucketsOf(run: Run, { from, to, grid, isWhole }: BucketWindow): Generator<Bucket> {
  const end = firstAt(run, to + 1n)
  for (let i = firstAt(run, from); i < end; ) {
    const start = grid.startOf(timeAt(run, i))
    const next = Math.min(firstAt(run, grid.next(start)), end)
    const found = statisticsOf(run, i, next, isWhole)
    if (found !== undefined) yield { start, ...found }
    i = next
  }
}
