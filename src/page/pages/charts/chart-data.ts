/** The part of the history that a chart shows: every sample where there are few, otherwise buckets. */
import {
  readBuckets,
  readSamples,
  type SeriesFacts,
  type SeriesName,
  type SeriesRequest
} from '../../../client/api/timeseries.ts'
import { hub } from '../../core/hub.ts'

/** Samples of a series that are drawn one by one. */
const MAX_SAMPLES = 3000
/** Buckets over the width of a chart, about one for each pixel of a small screen. */
const MAX_BUCKETS = 800
/** Samples further apart than this many usual distances are a gap. */
const GAP_DISTANCES = 8

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const LONG_MS = 6 * HOUR
const WIDTHS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR),
  ...[1, 2, 7, 14, 28].map((count) => count * DAY)
]

/** A series as it is drawn; a null is a gap. */
export interface SeriesData extends SeriesFacts {
  /** Milliseconds since 1970, ascending. */
  readonly times: readonly number[]
  /** The samples, or the means of the buckets. */
  readonly values: readonly (number | null)[]
  /** Of buckets only. */
  readonly min?: readonly (number | null)[]
  readonly max?: readonly (number | null)[]
  readonly counts?: readonly number[]
  /** Samples of bad or uncertain quality: their values, otherwise null. */
  readonly doubtful?: readonly (number | null)[]
}

export interface ChartData {
  /** Width of the buckets; undefined: every sample. */
  readonly intervalMs: number | undefined
  readonly series: readonly SeriesData[]
}

function intervalFor(spanMs: number): number {
  return WIDTHS.find((width) => spanMs / width <= MAX_BUCKETS) ?? 28 * DAY
}

/** Every sample of all series, if none has too many; otherwise buckets of all. */
export async function readChart(series: readonly SeriesName[], request: SeriesRequest): Promise<ChartData> {
  const span = request.to - request.from
  const intervalMs = intervalFor(span)
  // Buckets of a long time are more likely needed than its samples.
  const early = span > LONG_MS ? await readAsBuckets(series, request, intervalMs) : undefined
  if (early?.some(hasMany)) return { intervalMs, series: early }
  const rows = await Promise.all(series.map((one) => readSamples(hub(), one, { ...request, limit: MAX_SAMPLES })))
  if (rows.every(({ isCut }) => !isCut)) return { intervalMs: undefined, series: rows.map(drawnSamples) }
  return { intervalMs, series: early ?? (await readAsBuckets(series, request, intervalMs)) }
}

function hasMany({ counts = [] }: SeriesData): boolean {
  return counts.reduce((sum, count) => sum + count, 0) > MAX_SAMPLES
}

/**
 * The same chart with what has arrived, up to `to`.
 * @param since the first time that may be new
 * @returns undefined where it has to be read again, as there is too much for single samples
 */
export async function continueChart(
  last: ChartData,
  series: readonly SeriesName[],
  request: SeriesRequest & { readonly since: number }
): Promise<ChartData | undefined> {
  const { intervalMs } = last
  const { since, from: windowStart } = request
  if (intervalMs !== undefined) {
    const from = Math.floor(since / intervalMs) * intervalMs
    const added = await readAsBuckets(series, { ...request, from }, intervalMs)
    return { intervalMs, series: last.series.map((one, at) => joined(one, added[at], from, windowStart)) }
  }
  const added = await Promise.all(
    series.map((one) => readSamples(hub(), one, { ...request, from: since, limit: MAX_SAMPLES }))
  )
  const next = last.series.map((one, at) => {
    const rows = added[at]
    return joined(one, rows && drawnSamples(rows), since, windowStart)
  })
  if (added.some(({ isCut }) => isCut) || next.some(({ times }) => times.length > 2 * MAX_SAMPLES)) return undefined
  return { intervalMs, series: next }
}

async function readAsBuckets(
  series: readonly SeriesName[],
  request: SeriesRequest,
  intervalMs: number
): Promise<SeriesData[]> {
  // The first bucket is whole.
  const from = Math.floor(request.from / intervalMs) * intervalMs
  return Promise.all(
    series.map(async (one) => {
      const { mean, ...rows } = await readBuckets(hub(), one, { ...request, from, intervalMs })
      return withGaps({ ...rows, values: mean }, 1.5 * intervalMs)
    })
  )
}

function drawnSamples({ isCut, qualities, values, ...rows }: Awaited<ReturnType<typeof readSamples>>): SeriesData {
  const numbers = values.map(toNumber)
  const doubtful = numbers.map((value, at) => (['bad', 'uncertain'].includes(qualities[at] ?? '') ? value : null))
  const data = { ...rows, values: numbers, doubtful }
  return withGaps(data, GAP_DISTANCES * usualDistance(rows.times))
}

function toNumber(value: unknown): number | null {
  if (typeof value === 'boolean') return value ? 1 : 0
  const number = typeof value === 'string' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : null
}

/** The median. */
function usualDistance(times: readonly number[]): number {
  const distances = times.slice(1).map((time, at) => time - (times[at] ?? time))
  return distances.toSorted((one, other) => one - other)[distances.length >> 1] ?? 0
}

/** A null between two points that are too far apart, so that no line is drawn from one to the other. */
function withGaps(data: SeriesData, distance: number): SeriesData {
  const { times, values, min, max, counts, doubtful } = data
  const gaps = new Set(times.flatMap((time, at) => (at > 0 && time - (times[at - 1] ?? time) > distance ? [at] : [])))
  if (gaps.size === 0 || distance === 0) return data
  const spread = <Item>(items: readonly Item[], fill: (at: number) => Item) =>
    items.flatMap((item, at) => (gaps.has(at) ? [fill(at), item] : [item]))
  const empty = <Item>(items: readonly (Item | null)[]) => spread(items, () => null)
  return {
    ...data,
    times: spread(times, (at) => ((times[at - 1] ?? 0) + (times[at] ?? 0)) / 2),
    values: empty(values),
    ...(min && { min: empty(min) }),
    ...(max && { max: empty(max) }),
    ...(counts && { counts: spread(counts, () => 0) }),
    ...(doubtful && { doubtful: empty(doubtful) })
  }
}

/** @param from the first time of what was added @param windowStart what is before is dropped */
function joined(last: SeriesData, added: SeriesData | undefined, from: number, windowStart: number): SeriesData {
  if (added === undefined) return last
  const start = last.times.findIndex((time) => time >= windowStart)
  const first = start === -1 ? last.times.length : start
  const before = last.times.findIndex((time) => time >= from)
  const end = before === -1 ? last.times.length : before
  const parts = <Item>(one: readonly Item[] = [], other: readonly Item[] = []) => [...one.slice(first, end), ...other]
  return {
    ...last,
    ...added,
    times: parts(last.times, added.times),
    values: parts(last.values, added.values),
    ...(last.min && { min: parts(last.min, added.min) }),
    ...(last.max && { max: parts(last.max, added.max) }),
    ...(last.counts && { counts: parts(last.counts, added.counts) }),
    ...(last.doubtful && { doubtful: parts(last.doubtful, added.doubtful) })
  }
}
