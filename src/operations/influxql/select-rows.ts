/** Answers a planned SELECT: its series one after the other, their rows as they are read. */
import { HubError } from '../../errors.ts'
import type { ResultRow, ResultSeries } from '../../formats/influxql/results.ts'
import { later } from '../../model/time.ts'
import type { TimeSlice } from '../../time-slice.ts'
import type { Cell } from '../history/cells.ts'
import { EARLIEST, type History, LATEST } from '../history/history.ts'
import { bucketRows, gridOf } from './bucket-rows.ts'
import { filledRows } from './fill.ts'
import { mergedSamples, type ValueRow } from './merged-samples.ts'
import type { PlannedColumn, SelectPlan, SeriesGroup } from './plan.ts'
import { transformer } from './transformations.ts'

/** Rows that are held in memory, as they come in descending order. */
const MAX_HELD_ROWS = 100_000

export async function* selectedSeries(
  history: History,
  plan: SelectPlan,
  slice: TimeSlice
): AsyncGenerator<ResultSeries> {
  const { limit = Number.POSITIVE_INFINITY, offset } = plan.seriesLimits
  let index = 0
  if (plan.columns.every(({ is }) => is === 'tag')) return
  for (const group of plan.groups) {
    if (index >= offset + limit) return
    const rows = limitedRows(rowsOf(history, plan, group, slice), plan.limits)
    const first = await rows.next()
    // A series without rows is left out.
    if (first.done === true) continue
    if (index++ < offset) {
      await rows.return(undefined)
      continue
    }
    yield {
      name: group.measurement,
      ...(group.tags !== undefined && { tags: group.tags }),
      columns: ['time', ...plan.columns.map(({ name }) => name)],
      isTimed: true,
      rows: prefixed(first.value, rows)
    }
  }
}

async function* prefixed(
  first: readonly ResultRow[],
  rest: AsyncGenerator<readonly ResultRow[]>
): AsyncGenerator<readonly ResultRow[]> {
  yield first
  yield* rest
}

/** Batches of at least one row. */
async function* limitedRows(
  batches: AsyncIterable<readonly ResultRow[]>,
  { limit = Number.POSITIVE_INFINITY, offset }: SelectPlan['limits']
): AsyncGenerator<readonly ResultRow[]> {
  let seen = 0
  for await (const batch of batches) {
    const rows = batch.slice(Math.max(0, offset - seen), offset + limit - seen)
    seen += batch.length
    if (rows.length > 0) yield rows
    if (seen >= offset + limit) return
  }
}

function rowsOf(
  history: History,
  plan: SelectPlan,
  group: SeriesGroup,
  slice: TimeSlice
): AsyncGenerator<readonly ResultRow[]> {
  if (!plan.descending) return ascendingRows(history, plan, group, slice)
  const { limit, offset } = plan.limits
  const isOfSamples =
    plan.figures.length === 0 && plan.columns.every((one) => one.is === 'tag' || one.transformation === undefined)
  return isOfSamples && limit !== undefined
    ? latestRows(history, plan, group, offset + limit, slice)
    : reversedRows(ascendingRows(history, plan, group, slice))
}

async function* ascendingRows(
  history: History,
  plan: SelectPlan,
  group: SeriesGroup,
  slice: TimeSlice
): AsyncGenerator<readonly ResultRow[]> {
  const isOfBuckets = plan.figures.length > 0
  const { from } = plan
  const rows = isOfBuckets ? figureRows(history, plan, group, slice) : sampleRows(history, plan, group, slice)
  const project = projection(plan.columns, group)
  const start = from === undefined || plan.interval === undefined ? EARLIEST : gridOf(plan).startOf(from)
  for await (const batch of rows) {
    const projected: ResultRow[] = []
    for (const row of batch) {
      const shown = project(row)
      if (shown !== undefined && row.time >= start) projected.push(shown)
    }
    if (projected.length > 0) yield projected
    if (slice.isOver()) await slice.pause()
  }
}

/** A transformation of buckets begins with the buckets before, so that the first one has its value. */
function figureRows(
  history: History,
  plan: SelectPlan,
  group: SeriesGroup,
  slice: TimeSlice
): AsyncGenerator<readonly ValueRow[]> {
  const { figures, interval, fill, to } = plan
  const before = Math.max(0, ...plan.columns.map(bucketsBefore))
  const from =
    plan.from === undefined || interval === undefined ? plan.from : plan.from - interval.width * BigInt(before)
  const widened = { ...plan, ...(from !== undefined && { from: from < EARLIEST ? EARLIEST : from }) }
  const rows = bucketRows(history, widened, group, slice)
  if (interval === undefined || figures.some(({ name }) => name === 'distinct')) return rows
  return filledRows(rows, { fill, figures, from, to, grid: gridOf(plan) })
}

function bucketsBefore(column: PlannedColumn): number {
  if (column.is === 'tag' || column.transformation === undefined) return 0
  const { name, rows } = column.transformation
  return name === 'moving_average' ? rows - 1 : name === 'cumulative_sum' ? 0 : 1
}

function sampleRows(
  history: History,
  { from = EARLIEST, to = LATEST }: Pick<SelectPlan, 'from' | 'to'>,
  { members }: SeriesGroup,
  slice: TimeSlice
): AsyncGenerator<readonly ValueRow[]> {
  return mergedSamples(history, members, { from, to, skipsBad: false }, slice)
}

/** @returns the cells of the columns after the time; undefined for a row of a transformation that has no value */
function projection(
  columns: readonly PlannedColumn[],
  { members }: SeriesGroup
): (row: ValueRow) => ResultRow | undefined {
  const transformers = columns.map((column) =>
    column.is === 'value' && column.transformation !== undefined ? transformer(column.transformation) : undefined
  )
  const areTransformed = transformers.some((one) => one !== undefined)
  return ({ time, values, member }) => {
    const row: Cell[] = [time]
    let hasValue = !areTransformed
    for (const [at, column] of columns.entries()) {
      if (column.is === 'tag') row.push(members[member]?.tags[column.tag] || undefined)
      else {
        const value = values[column.index]
        const shown = transformers[at] === undefined ? value : transformers[at](time, value)
        hasValue ||= shown !== undefined
        row.push(shown)
      }
    }
    return hasValue ? row : undefined
  }
}

async function* reversedRows(batches: AsyncIterable<readonly ResultRow[]>): AsyncGenerator<readonly ResultRow[]> {
  const rows: ResultRow[] = []
  for await (const batch of batches) {
    rows.push(...batch)
    if (rows.length > MAX_HELD_ROWS) {
      throw new HubError('BadRequest', [
        `In descending order a series has at most ${MAX_HELD_ROWS} rows; use LIMIT, a shorter time, or GROUP BY time()`
      ])
    }
  }
  if (rows.length > 0) yield rows.reverse()
}

/** The last samples, descending: read backwards in windows that double until there are enough. */
async function* latestRows(
  history: History,
  plan: SelectPlan,
  group: SeriesGroup,
  count: number,
  slice: TimeSlice
): AsyncGenerator<readonly ResultRow[]> {
  if (count > MAX_HELD_ROWS)
    throw new HubError('BadRequest', [`In descending order LIMIT and OFFSET are at most ${MAX_HELD_ROWS}`])
  const { from: first, to: last, density } = await spanOfGroup(history, plan, group)
  let back = 1_000_000_000n + BigInt(Math.ceil(density * count))
  for (; ; back *= 2n) {
    const from = later(last - back, first)
    let rows: ResultRow[] = []
    for await (const batch of ascendingRows(history, { ...plan, from, to: last }, group, slice)) {
      rows.push(...batch)
      if (rows.length > 2 * count + 1024) rows = rows.slice(-count)
    }
    if (rows.length < count && from > first) continue
    if (rows.length > 0) yield rows.reverse()
    return
  }
}

/** First and last time of the samples, as far as the plan reads; nanoseconds between two of them. */
async function spanOfGroup(history: History, { from = EARLIEST, to = LATEST }: SelectPlan, { members }: SeriesGroup) {
  let [first, last, count] = [LATEST, EARLIEST, 0]
  for (const variable of members.flatMap(({ fields }) => fields)) {
    const span = variable && (await history.spanOf(variable))
    if (span === undefined) continue
    if (span.from < first) first = span.from
    if (span.to > last) last = span.to
    count = Math.max(count, span.count)
  }
  const density = count === 0 || last < first ? 0 : Number(last - first) / count
  return { from: first > from ? first : from, to: last < to ? last : to, density }
}
