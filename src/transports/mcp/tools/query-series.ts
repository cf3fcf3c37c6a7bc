/** `query_series`: the history in as many points as the caller wants to read. */
import { z } from 'zod'
import { parseTime } from '../../../model/time.ts'
import { AGGREGATES } from '../../../operations/history/aggregate.ts'
import type { HubRequests } from '../hub/requests.ts'
import { nowIn, type Period, periodOf, timeText } from '../hub/times.ts'
import { rounded } from './numbers.ts'
import { type NamedSeries, type SelectedSeries, selectSeries } from './series-list.ts'
import { periodQuery, type SampleCell, type SampleTable } from './series-samples.ts'
import { language, period, selection, tool } from './tool.ts'
import { extentOf, windowOf } from './window.ts'

/** Columns, and cells, of one answer. */
const MAX_SERIES = 20
const MAX_CELLS = 2000

/** Samples that are read to find changes of texts. */
const MAX_READ = 20_000

export const querySeries = tool({
  name: 'query_series',
  title: 'History over time',
  description:
    'Values over time in at most `points` rows: the samples themselves if so few, else an aggregate per interval. Of texts and booleans the changes. For statistics or comparisons use series_statistics.',
  input: z.strictObject({
    ...{ ...selection, ...period },
    points: z.int().min(1).max(500).default(50).describe('Most rows'),
    aggregate: z.enum(AGGREGATES).default('mean'),
    interval: z.string().max(40).optional().describe('e.g. 1h, P1D; chosen by `points` if absent'),
    language
  }),
  run: async ({ hub, clock }, { from, to, timezone, points, aggregate, interval, language, ...selection }) => {
    const now = nowIn(clock.milliseconds(), timezone)
    const asked = periodOf(from, to, now)
    const selected = await selectSeries(hub, selection, MAX_SERIES, language)
    const window = windowOf(selected.series, asked)
    if (window === undefined) return { message: 'There are no samples', ...extentOf(selected.series) }
    const [numeric, texts] = [selected.series.filter(isNumeric), selected.series.filter((one) => !isNumeric(one))]
    const rows = Math.min(points, Math.max(1, Math.floor(MAX_CELLS / selected.series.length)))
    const zone = { timezone: now.zone.name }
    const request = {
      ...{ window, aggregate, interval, rows },
      zone: now.zone,
      parameters: { ...periodQuery(window), ...zone }
    }
    return {
      from: timeText(window.from, now.zone),
      to: timeText(window.to, now.zone),
      ...(numeric.length > 0 && (await numbers(hub, selected, request))),
      ...(texts.length > 0 && { changes: await changes(hub, selected, texts, request) })
    }
  }
})

interface TableRequest {
  readonly window: Required<Period>
  readonly aggregate: string
  readonly interval: string | undefined
  readonly rows: number
  readonly zone: ReturnType<typeof nowIn>['zone']
  readonly parameters: Readonly<Record<string, string>>
}

async function numbers(hub: HubRequests, selected: SelectedSeries, request: TableRequest): Promise<object> {
  const { window, aggregate, interval, rows, parameters } = request
  const columns = selected.series.flatMap((series, index) => (isNumeric(series) ? [index] : []))
  const names = ['time', ...columns.map((index) => columnName(selected.series[index] as NamedSeries))]
  // Rows of texts would be among samples.
  const isAlone = interval === undefined && columns.length === selected.series.length
  const isShort = isAlone && (await countSamples(hub, selected, parameters)) <= rows
  const width = isShort ? undefined : (interval ?? widthFor(window, rows))
  const table = await hub.get<SampleTable>('/timeseries', {
    ...{ ...selected.query, ...parameters, limit: rows + 1 },
    ...(width !== undefined && { interval: width, aggregate })
  })
  const shown = table.rows
    .slice(0, rows)
    .map((row) => [timeOf(row[0], request), ...columns.map((index) => numberOf(row[index + 1] ?? null))])
  return {
    ...(width !== undefined && { interval: width, aggregate }),
    ...{ columns: names, rows: shown },
    ...(table.rows.length > rows && {
      more: `Further rows begin at ${timeOf(table.rows[rows]?.[0], request)}: raise "points" or "interval", or ask from there`
    })
  }
}

/** In the window, of all series that are selected. */
async function countSamples(
  hub: HubRequests,
  { query }: SelectedSeries,
  parameters: Readonly<Record<string, string>>
): Promise<number> {
  const table = await hub.get<SampleTable>('/timeseries', {
    ...query,
    ...parameters,
    interval: WHOLE,
    aggregate: 'count'
  })
  return table.rows.reduce((sum, row) => sum + row.slice(1).reduce<number>((count, cell) => count + Number(cell), 0), 0)
}

/** One interval for all times that can be represented since 1970. */
export const WHOLE = '110000d'

async function changes(
  hub: HubRequests,
  { query }: SelectedSeries,
  series: readonly NamedSeries[],
  request: TableRequest
): Promise<object[]> {
  const found: object[] = []
  for (const one of series) {
    const parameters = { ...query, ...request.parameters, submodel: one.submodel, path: one.path, semanticId: [] }
    const table = await hub.get<SampleTable>('/timeseries', { ...parameters, limit: MAX_READ })
    const rows = table.rows.filter((row, index) => row[1] !== table.rows[index - 1]?.[1])
    const shown = rows.slice(-request.rows).map((row) => [timeOf(row[0], request), row[1] ?? null])
    found.push({
      ...{ machine: one.machine, path: one.path, columns: ['since', 'value'], rows: shown },
      ...(rows.length > shown.length && { earlier: rows.length - shown.length }),
      ...(table.rows.length === MAX_READ && { more: 'Later samples were not read: ask for a shorter period' })
    })
  }
  return found
}

// ---- times

/** Widths that people read easily, in seconds. */
const WIDTHS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400] as const
const SECOND = 1_000_000_000n

/** Buckets are aligned to the clock: one more than fit is needed. */
function widthFor({ from, to }: Required<Period>, rows: number): string {
  const nanoseconds = (to - from) / BigInt(Math.max(1, rows - 1)) + 1n
  const seconds = Number(nanoseconds) / 1e9
  if (seconds <= 1) return `${Math.max(1, Math.ceil(seconds * 1000))}ms`
  const width = WIDTHS.find((one) => one >= seconds)
  return width === undefined ? `${(nanoseconds + 86_400n * SECOND - 1n) / (86_400n * SECOND)}d` : inUnit(width)
}

function inUnit(seconds: number): string {
  if (seconds % 86_400 === 0) return `${seconds / 86_400}d`
  if (seconds % 3600 === 0) return `${seconds / 3600}h`
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`
}

function timeOf(cell: SampleCell | undefined, { zone }: Pick<TableRequest, 'zone'>): string {
  const time = parseTime(cell)
  return time === undefined ? String(cell) : timeText(time, zone)
}

// ---- columns

export function isNumeric({ type }: NamedSeries): boolean {
  return type === 'number' || type === 'integer'
}

function columnName({ machine, path, unit, label }: NamedSeries): string {
  return `${machine}/${path}${unit === undefined ? '' : ` [${unit}]`}${label === undefined ? '' : ` ${label}`}`
}

function numberOf(cell: SampleCell): SampleCell {
  return typeof cell === 'number' ? rounded(cell) : cell
}
