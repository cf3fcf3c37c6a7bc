/** The history of series, from `/timeseries`: samples with their quality, or buckets. */
import type { HttpClient } from './http.ts'

export interface SeriesName {
  readonly submodel: string
  /** idShortPath. */
  readonly path: string
}

/** What of a series is wanted; times in milliseconds since 1970, both inclusive. */
export interface TimeWindow {
  readonly from: number
  readonly to: number
}

/** What the hub says of a series. */
export interface SeriesFacts {
  readonly label?: string
  readonly unit?: string
}

export interface SampleRows extends SeriesFacts {
  readonly times: readonly number[]
  /** As stored; null where there was none. */
  readonly values: readonly unknown[]
  readonly qualities: readonly (string | null)[]
  /** There are more samples in the window than were wanted. */
  readonly isCut: boolean
}

export interface BucketRows extends SeriesFacts {
  /** Starts of the buckets that are not empty. */
  readonly times: readonly number[]
  readonly min: readonly (number | null)[]
  readonly max: readonly (number | null)[]
  readonly mean: readonly (number | null)[]
  readonly counts: readonly number[]
}

interface Table {
  readonly columns: readonly { readonly name: string; readonly unit?: string; readonly label?: string }[]
  readonly rows: readonly (readonly unknown[])[]
  readonly metadata?: { readonly cursor?: string }
}

export interface SeriesRequest extends TimeWindow {
  readonly language: string
  readonly signal?: AbortSignal | undefined
}

/** The first samples of a window. */
export async function readSamples(
  http: HttpClient,
  series: SeriesName,
  { signal, from, to, language, limit }: SeriesRequest & { readonly limit: number }
): Promise<SampleRows> {
  const query = { ...series, from, to, language, limit, quality: true, timeFormat: 'epoch-ms', format: 'json' }
  const table = await http.json<Table>(http.hub('/timeseries'), { query, signal })
  return {
    ...factsOf(table),
    times: table.rows.map((row) => Number(row[0])),
    values: table.rows.map((row) => row[1] ?? null),
    qualities: table.rows.map((row) => (row[2] ?? null) as string | null),
    isCut: table.metadata?.cursor !== undefined
  }
}

/** @param intervalMs width of the buckets, which begin at multiples of it */
export async function readBuckets(
  http: HttpClient,
  series: SeriesName,
  { signal, from, to, language, intervalMs }: SeriesRequest & { readonly intervalMs: number }
): Promise<BucketRows> {
  const table = await http.json<Table>(http.hub('/timeseries'), {
    query: {
      ...{ ...series, from, to, language, interval: `${intervalMs}ms`, aggregate: 'min,max,mean,count' },
      ...{ timeFormat: 'epoch-ms', format: 'json' }
    },
    signal
  })
  const numbers = (at: number) => table.rows.map((row) => (typeof row[at] === 'number' ? row[at] : null))
  const { label, ...facts } = factsOf(table)
  return {
    ...facts,
    // The label of the column names the aggregate.
    ...(label !== undefined && { label: label.replace(/ \(min\)$/, '') }),
    times: table.rows.map((row) => Number(row[0])),
    ...{ min: numbers(1), max: numbers(2), mean: numbers(3) },
    counts: numbers(4).map((count) => count ?? 0)
  }
}

function factsOf({ columns }: Table): SeriesFacts {
  const { unit, label } = columns[1] ?? {}
  return { ...(unit !== undefined && { unit }), ...(label !== undefined && { label }) }
}
