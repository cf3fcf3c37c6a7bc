/** `series_statistics`: a row of statistics for each series, compared with an earlier period where one is named. */
import { z } from 'zod'
import type { HubRequests } from '../hub/requests.ts'
import { nowIn, type Period, periodOf, timeText } from '../hub/times.ts'
import { rounded } from './numbers.ts'
import { isNumeric, WHOLE } from './query-series.ts'
import { type NamedSeries, selectSeries } from './series-list.ts'
import { periodQuery } from './series-samples.ts'
import { language, limit, period, selection, tool } from './tool.ts'
import { extentOf } from './window.ts'

/** Columns of a table of the hub are these for each series. */
const AGGREGATES = ['count', 'min', 'max', 'mean', 'stddev', 'first', 'last'] as const
const MAX_SERIES = 500

type Statistics = Readonly<Record<(typeof AGGREGATES)[number], number | null>>

export const seriesStatistics = tool({
  name: 'series_statistics',
  title: 'Statistics, and comparison of periods',
  description:
    'Per series: count, min, max, mean, stddev, first, last. With a baseline period also its mean, the change in percent, and `sigmas`, the difference of means in standard deviations of the baseline; sorted by how unusual. By `semanticId` over all machines: which are above normal?',
  input: z.strictObject({
    ...{ ...selection, ...period },
    baselineFrom: z.string().max(40).optional().describe('Start of the period to compare with'),
    baselineTo: z.string().max(40).optional().describe('Its end; default `from`'),
    limit: limit(100, 20),
    language
  }),
  run: async ({ hub, clock }, { from, to, timezone, baselineFrom, baselineTo, limit, language, ...selection }) => {
    const now = nowIn(clock.milliseconds(), timezone)
    const asked = periodOf(from, to, now)
    const baseline =
      baselineFrom === undefined && baselineTo === undefined
        ? undefined
        : periodOf(baselineFrom, baselineTo ?? from, now)
    const { series, query } = await selectSeries(hub, selection, MAX_SERIES, language)
    const found = await statisticsOf(hub, query, asked, series.length)
    const before = baseline === undefined ? undefined : await statisticsOf(hub, query, baseline, series.length)
    const rows = series.flatMap((one, index) => {
      const statistics = found[index]
      return !isNumeric(one) || statistics === undefined ? [] : [rowOf(one, statistics, before?.[index])]
    })
    if (rows.length === 0) return { message: 'There are no numbers in the period', ...extentOf(series) }
    if (before !== undefined) rows.sort((one, other) => Math.abs(other.sigmas ?? 0) - Math.abs(one.sigmas ?? 0))
    const columns = [
      'machine',
      'path',
      'unit',
      ...AGGREGATES,
      ...(before ? ['baselineMean', 'changePercent', 'sigmas'] : [])
    ]
    const text = (time: bigint | undefined) => (time === undefined ? undefined : timeText(time, now.zone))
    return {
      ...{ from: text(asked.from), to: text(asked.to) },
      ...(baseline && { baselineFrom: text(baseline.from), baselineTo: text(baseline.to) }),
      columns,
      rows: rows.slice(0, limit).map(({ cells }) => cells),
      ...(rows.length > limit && { more: `${rows.length - limit} further series: raise "limit" or select fewer` })
    }
  }
})

interface Row {
  readonly cells: readonly (string | number | null)[]
  readonly sigmas: number | null | undefined
}

function rowOf(series: NamedSeries, found: Statistics, before: Statistics | undefined): Row {
  const { machine, path, unit = '' } = series
  const cells = [machine, path, unit, ...AGGREGATES.map((name) => short(found[name]))]
  if (before === undefined) return { cells, sigmas: undefined }
  const [mean, normal, spread] = [found.mean, before.mean, before.stddev]
  const difference = mean === null || normal === null ? null : mean - normal
  const percent = difference === null || !normal ? null : (100 * difference) / Math.abs(normal)
  const sigmas = difference === null || !spread ? null : difference / spread
  return { cells: [...cells, short(normal), short(percent), short(sigmas)], sigmas }
}

function short(value: number | null): number | null {
  return value === null ? null : rounded(value)
}

/** By place of the series; undefined where there are no numbers. */
async function statisticsOf(
  hub: HubRequests,
  query: Readonly<Record<string, readonly string[]>>,
  period: Period,
  count: number
): Promise<readonly (Statistics | undefined)[]> {
  const { rows } = await hub.get<{ readonly rows: readonly (readonly (number | string | null)[])[] }>('/timeseries', {
    ...{ ...query, ...periodQuery(period), interval: WHOLE, aggregate: AGGREGATES.join(',') }
  })
  return Array.from({ length: count }, (_, index) => {
    const cells = rows[0]?.slice(1 + index * AGGREGATES.length, 1 + (index + 1) * AGGREGATES.length)
    if (cells === undefined || !cells[0]) return undefined
    const numbers = cells.map((cell) => (cell === null ? null : Number(cell)))
    return Object.fromEntries(AGGREGATES.map((name, place) => [name, numbers[place] ?? null])) as Statistics
  })
}
