/** The figures of one series with what is needed to keep them, and as they are stored: numbers in a list, as there are many. */
import { PointFigures } from '../../model/collection/point-figures.ts'
import type { SampleSource } from '../../model/collection/sample-source.ts'
import type { TrackedSeries } from '../../model/collection/tracked-series.ts'

export interface TrackedRecord extends TrackedSeries {
  figures: PointFigures
  source: SampleSource | undefined
  /** Entries of the log up to this one are counted, or a recount has met their samples in chunks. */
  counted: number
}

type StoredRecord = readonly [
  ...[submodel: string, path: string, counted: number],
  ...[count: number, uncertain: number, bad: number, timed: number, late: number],
  // Null without samples, as JSON has no infinity.
  ...[first: number | null, last: number | null],
  ...[limit: number, bounds: readonly number[], earlierCount: number, earlierLength: number],
  source?: SampleSource
]

export function stored({ submodel, path, counted, figures, source }: TrackedRecord): StoredRecord {
  const { count, uncertain, bad, timed, late, first, last, segments } = figures.state
  const { limit, bounds, earlier } = segments
  return [
    ...([submodel, path, counted] as const),
    ...([count, uncertain, bad, timed, late, first, last] as const),
    ...([limit, bounds, earlier.count, earlier.length] as const),
    ...(source === undefined ? ([] as const) : ([source] as const))
  ]
}

export function restored(record: StoredRecord): TrackedRecord {
  const [submodel, path, counted, count, uncertain, bad, timed, late, first, last, limit, bounds, n, length, source] =
    record
  const segments = { limit, bounds, earlier: { count: n, length } }
  const times = { first: first ?? Number.POSITIVE_INFINITY, last: last ?? Number.NEGATIVE_INFINITY }
  const figures = PointFigures.of({ count, uncertain, bad, timed, late, ...times, segments })
  return { submodel, path, counted, figures, source }
}
