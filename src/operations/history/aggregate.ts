/**
 * Many samples made few: one row for each bucket of time. Pieces, and parts of them, that lie in one bucket and know what
 * their numbers come to are not unpacked.
 */
import type { ExactNumber } from '../../model/exact-numbers.ts'
import { firstAt, type Run, timeAt } from '../../model/samples.ts'
import { combine, isExact, type Statistics, statisticsOf } from '../../model/statistics.ts'
import type { TimeGrid } from '../../model/time-grid.ts'
import type { SeriesPiece } from '../../store/merge-chunks.ts'

export const AGGREGATES = ['count', 'min', 'max', 'mean', 'sum', 'first', 'last', 'stddev'] as const

export type Aggregate = (typeof AGGREGATES)[number]

/** What the numbers of one bucket come to; values that are none, and those of bad quality, do not count. */
export interface Bucket extends Statistics {
  /** Start of the bucket, nanoseconds since 1970. */
  readonly start: bigint
}

/**
 * @param pieces ascending; what lies outside of [from, to] is left out
 * @param grid its cells are the buckets
 * @param isWhole the series counts whole things: sums and extremes beyond 2^53 are exact
 * @returns the buckets that hold anything, ascending
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

/** Unpacks no more of a piece than lies across the border of a bucket, or of [from, to]. */
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

/** The value of an aggregate; NaN where the bucket does not tell it. */
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
      // Of a sample, not of a population: what was measured stands for more than itself.
      return count > 1 ? Math.sqrt(squares / (count - 1)) : Number.NaN
  }
}

/** The part of a run that lies in one bucket, in one go. */
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
