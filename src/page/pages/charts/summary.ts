/** Figures of what a chart shows. */
import type { TimeWindow } from '../../../client/api/timeseries.ts'
import type { SeriesData } from './chart-data.ts'

export interface SeriesSummary {
  readonly min: number | undefined
  readonly mean: number | undefined
  readonly max: number | undefined
  readonly count: number
}

/** Of samples of good quality, as buckets have no others. */
export function summaryOf(data: SeriesData, { from, to }: TimeWindow): SeriesSummary {
  const { times, values, min = values, max = values, counts, doubtful } = data
  let lowest = Number.POSITIVE_INFINITY
  let highest = Number.NEGATIVE_INFINITY
  let sum = 0
  let count = 0
  for (const [at, time] of times.entries()) {
    const value = values[at] ?? null
    if (value === null || time < from || time > to || (doubtful?.[at] ?? null) !== null) continue
    const weight = counts?.[at] ?? 1
    sum += value * weight
    count += weight
    lowest = Math.min(lowest, min[at] ?? value)
    highest = Math.max(highest, max[at] ?? value)
  }
  if (count === 0) return { min: undefined, mean: undefined, max: undefined, count }
  return { min: lowest, mean: sum / count, max: highest, count }
}

/** The last value up to a time. */
export function valueAt({ times, values }: SeriesData, time: number, { from }: TimeWindow): number | undefined {
  for (let at = times.length - 1; at >= 0; at--) {
    const when = times[at] ?? 0
    if (when < from) return undefined
    if (when <= time) return values[at] ?? undefined
  }
  return undefined
}
