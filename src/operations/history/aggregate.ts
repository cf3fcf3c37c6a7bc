/**
 * Aggregates samples to one row per time bucket. Pieces, and parts of pieces, that lie within one bucket and have a
 * summary are not unpacked.
 */
import type { ExactNumber } from '../../model/exact-numbers.ts'
import { firstAt, type Run, timeAt } from '../../model/samples.ts'
import { combine, isExact, type Statistics, statisticsOf } from '../../model/statistics.ts'
import type { TimeGrid } from '../../model/time-grid.ts'
import type { SeriesPiece } from '../../store/merge-chunks.ts'
import type { RunSpace } from '../../store/packed-run.ts'
import type { SeriesName } from '../../store/series.ts'
import type { History } from './history.ts'

export const AGGREGATES = ['count', 'min', 'max', 'mean', 'sum', 'first', 'last', 'stddev'] as const

export type Aggregate = (typeof AGGREGATES)[number]

/** Statistics of the numbers in one bucket; other values, and those of bad quality, do not count. */
export interface Bucket extends Statistics {
  /** Start of the bucket, nanoseconds since 1970. */
  readonly start: bigint
}

/** Samples outside of [from, to] are ignored. */
export interface BucketWindow {
  readonly from: bigint
  readonly to: bigint
  /** Its cells are the buckets. */
  readonly grid: TimeGrid
  /** The series is of integers: sums and extremes beyond 2^53 are exact. */
  readonly isWhole: boolean
}

/** The buckets of a series; chunks that lie in one bucket are not read where the store keeps their summaries. */
export function bucketsOfSeries(
  history: Pick<History, 'pieces'>,
  series: SeriesName,
  window: BucketWindow
): AsyncGenerator<Bucket> {
  return buckets(
    history.pieces(series, window.from, window.to, (head) => isSummaryEnough(head, window)),
    window
  )
}

/**
 * @param pieces ascending
 * @returns the buckets that are not empty, ascending
 */
export async function* buckets(pieces: AsyncIterable<SeriesPiece>, window: BucketWindow): AsyncGenerator<Bucket> {
  const { isWhole } = window
  const space = { offsets: new Float64Array(SPACE_SAMPLES), values: new Float64Array(SPACE_SAMPLES) }
  let open: Bucket | undefined
  for await (const piece of pieces) {
    for (const bucket of bucketsIn(piece, window, space)) {
      if (open !== undefined && open.start !== bucket.start) {
        yield open
        open = undefined
      }
      open = { ...combine(open, bucket, isWhole), start: bucket.start }
    }
  }
  if (open !== undefined) yield open
}

/** Is the summary of a piece all that its bucket needs: does it lie in one bucket, and is it exact? */
function isSummaryEnough(piece: SummarisedPiece, window: BucketWindow): boolean {
  return isWithinBucket(piece, piece.summary, window, window.grid.startOf(piece.from))
}

type SummarisedPiece = Required<Pick<SeriesPiece, 'from' | 'to' | 'summary'>>

function isWithinBucket(
  { from, to }: Pick<SeriesPiece, 'from' | 'to'>,
  summary: Statistics,
  window: BucketWindow,
  start: bigint
): boolean {
  if (window.isWhole && !isExact(summary)) return false
  return from >= window.from && to <= window.to && to < window.grid.next(start)
}

/** Of most parts of chunks. */
const SPACE_SAMPLES = 1024

/** Unpacks only the parts of a piece that cross the border of a bucket, or of [from, to], one after the other. */
function* bucketsIn(piece: SeriesPiece, window: BucketWindow, space: RunSpace): Generator<Bucket> {
  if (piece.to < window.from || piece.from > window.to) return
  const { summary } = piece
  const start = window.grid.startOf(piece.from)
  if (summary !== undefined && isWithinBucket(piece, summary, window, start)) {
    yield { start, ...summary }
    return
  }
  const parts = piece.parts?.() ?? []
  if (parts.length === 0) yield* bucketsOf(piece.run(space), window)
  for (const part of parts) yield* bucketsIn(part, window, space)
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
