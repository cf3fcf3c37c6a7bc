/** The address of the page of charts, which says all of a chart: `series` as JSON, and `last` or `from` and `to`. */
import type { SeriesName, TimeWindow } from '../../client/api/timeseries.ts'
import { linkTo, type RouteParams } from './router.ts'

export const CHARTS = 'charts'

/** More could not be distinguished. */
export const MAX_SERIES = 8

const HOUR_MS = 3_600_000

/** Up to now, moving; or a time that is over. */
export type ChartView =
  | { readonly is: 'live'; readonly lastMs: number }
  | ({ readonly is: 'fixed' } & Readonly<TimeWindow>)

export function chartParams(series: readonly SeriesName[], view?: ChartView): RouteParams {
  return {
    series: JSON.stringify(series.map(({ submodel, path }) => [submodel, path])),
    ...(view?.is === 'live' && { last: String(Math.round(view.lastMs / 1000)) }),
    ...(view?.is === 'fixed' && { from: isoOf(view.from), to: isoOf(view.to) })
  }
}

export function linkToChart(series: readonly SeriesName[]): string {
  return linkTo(CHARTS, chartParams(series))
}

/** What a damaged address does not say is left out. */
export function seriesOf({ series = '[]' }: RouteParams): SeriesName[] {
  try {
    const list: unknown = JSON.parse(series)
    if (!Array.isArray(list)) return []
    return list
      .filter((one): one is [string, string] => Array.isArray(one) && one.every((part) => typeof part === 'string'))
      .filter(({ length }) => length === 2)
      .slice(0, MAX_SERIES)
      .map(([submodel, path]) => ({ submodel, path }))
  } catch {
    return []
  }
}

export function viewOf({ last, from, to }: RouteParams): ChartView {
  const start = Date.parse(from ?? '')
  const end = Date.parse(to ?? '')
  if (start < end) return { is: 'fixed', from: start, to: end }
  const seconds = Number(last)
  return { is: 'live', lastMs: seconds > 0 ? seconds * 1000 : HOUR_MS }
}

function isoOf(time: number): string {
  return new Date(Math.round(time)).toISOString()
}
