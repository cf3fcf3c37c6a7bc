/**
 * Figures of buckets: from the statistics that are kept beside the samples where they are enough, otherwise from the
 * samples themselves.
 */
import { HubError } from '../../errors.ts'
import { combine, type Statistics } from '../../model/statistics.ts'
import { later } from '../../model/time.ts'
import { type TimeGrid, timeGrid } from '../../model/time-grid.ts'
import { timeZone } from '../../model/time-zone.ts'
import { sliced, type TimeSlice } from '../../time-slice.ts'
import { aggregateOf, bucketsOfSeries } from '../history/aggregate.ts'
import type { Cell } from '../history/cells.ts'
import { lastSampleTime } from '../history/grid-rows.ts'
import { EARLIEST, type History, LATEST } from '../history/history.ts'
import type { Variable } from '../history/variables.ts'
import { type BucketFigure, isSelector, isStatistical } from './functions.ts'
import { mergedSamples, type ValueRow } from './merged-samples.ts'
import type { GroupMember, SelectPlan, SeriesGroup } from './plan.ts'
import { type Reducer, reducerOf, spreadOf } from './reducers.ts'

/** Buckets of one series that are held in memory, or filled. */
export const MAX_BUCKETS = 1_000_000n

const ROWS_PER_BATCH = 256

type BucketPlan = Pick<SelectPlan, 'figures' | 'from' | 'to' | 'interval' | 'zone'>

/** The buckets that hold something, ascending; values by index of the figure. */
export function bucketRows(
  history: History,
  plan: BucketPlan,
  { members }: Pick<SeriesGroup, 'members'>,
  slice: TimeSlice
): AsyncGenerator<readonly ValueRow[]> {
  const areStatistics = isOfStatistics(plan, members)
  return areStatistics ? statisticalRows(history, plan, members, slice) : sampledRows(history, plan, members, slice)
}

/** Whether figures come from statistics, so that samples are seldom unpacked. */
export function isOfStatistics({ figures, interval }: BucketPlan, members: readonly GroupMember[]): boolean {
  if (isTimed({ figures, interval })) return false
  return figures.every(({ name, field }) => {
    const isOrdered = name === 'first' || name === 'last'
    const variables = members.flatMap(({ fields }) => fields[field] ?? [])
    const areNumbers = variables.every(({ type }) => type === 'number' || type === 'integer')
    return isStatistical(name) && areNumbers && !(isOrdered && variables.length > 1)
  })
}

/** A single selector over all of the time gives the time of what it selects. */
function isTimed({ figures, interval }: Pick<BucketPlan, 'figures'> & { interval: BucketPlan['interval'] }): boolean {
  return interval === undefined && figures.length === 1 && figures.every(({ name }) => isSelector(name))
}

/** The buckets of a plan; without an interval there is one. */
export function gridOf({ interval, zone, from = EARLIEST, to = LATEST }: BucketPlan): TimeGrid {
  if (interval === undefined) return { length: to - from, startOf: () => from, next: () => to + 1n }
  const { width, offset } = interval
  const grid = timeGrid({ unit: 'nanosecond', count: width }, timeZone(zone))
  if (offset === 0n) return grid
  return {
    length: width,
    startOf: (time) => later(grid.startOf(time - offset) + offset, EARLIEST),
    next: (start) => grid.next(start - offset) + offset
  }
}

/** The time that a bucket shows; one without a beginning begins in 1970. */
function shownTime(start: bigint): bigint {
  return start === EARLIEST ? 0n : start
}

// ---- from statistics

async function* statisticalRows(
  history: History,
  plan: BucketPlan,
  members: readonly GroupMember[],
  slice: TimeSlice
): AsyncGenerator<readonly ValueRow[]> {
  const fields = [...new Set(plan.figures.map(({ field }) => field))]
  const sources = fields.map((field) =>
    statisticsOfField(
      history,
      plan,
      members.flatMap((one) => one.fields[field] ?? []),
      slice
    )
  )
  const heads = await Promise.all(sources.map((source) => source.next()))
  let batch: ValueRow[] = []
  for (;;) {
    let start: bigint | undefined
    for (const { value } of heads)
      if (value !== undefined && (start === undefined || value.start < start)) start = value.start
    if (start === undefined) break
    const found = new Map<number, Statistics>()
    for (const [at, { value }] of heads.entries()) {
      if (value === undefined || value.start !== start) continue
      found.set(fields[at] ?? 0, value)
      heads[at] = (await sources[at]?.next()) ?? { value: undefined, done: true }
    }
    const values = plan.figures.map((figure) => figureOfStatistics(figure, found.get(figure.field)))
    batch.push({ time: shownTime(start), values, member: -1 })
    if (batch.length === ROWS_PER_BATCH) {
      yield batch
      batch = []
      if (slice.isOver()) await slice.pause()
    }
  }
  if (batch.length > 0) yield batch
}

type StartedStatistics = Statistics & { readonly start: bigint }

/** One series as it is read; several one after the other, as each holds samples while it is open. */
async function* statisticsOfField(
  source: History,
  plan: BucketPlan,
  variables: readonly Variable[],
  slice: TimeSlice
): AsyncGenerator<StartedStatistics, undefined> {
  const { from = EARLIEST, to = LATEST } = plan
  const grid = gridOf(plan)
  const history: Pick<History, 'pieces'> = { pieces: (...args) => sliced(source.pieces(...args), slice) }
  const bucketsOf = (variable: Variable) =>
    bucketsOfSeries(history, variable, { from, to, grid, isWhole: variable.type === 'integer' })
  const [only, ...others] = variables
  if (only === undefined) return undefined
  if (others.length === 0) {
    yield* bucketsOf(only)
    return undefined
  }
  const all = new Map<bigint, Statistics>()
  for (const variable of variables) {
    for await (const { start, ...bucket } of bucketsOf(variable)) {
      all.set(start, combine(all.get(start), bucket, variable.type === 'integer'))
      if (BigInt(all.size) > MAX_BUCKETS) throw tooManyBuckets()
    }
  }
  for (const [start, statistics] of [...all].sort(([one], [other]) => (one < other ? -1 : 1)))
    yield { ...statistics, start }
  return undefined
}

function figureOfStatistics({ name }: BucketFigure, found: Statistics | undefined): Cell {
  if (found === undefined) return undefined
  switch (name) {
    case 'spread':
      return spreadOf(found.min, found.max)
    case 'count':
    case 'sum':
    case 'mean':
    case 'min':
    case 'max':
    case 'first':
    case 'last':
    case 'stddev': {
      const figure = aggregateOf(found, name)
      return Number.isNaN(figure) ? undefined : figure
    }
    default:
      throw new Error(`${name} is not made of statistics`)
  }
}

export function tooManyBuckets(): HubError {
  return new HubError('BadRequest', [
    `These are more than ${MAX_BUCKETS} buckets of one series; use a longer GROUP BY time() or a shorter time`
  ])
}

// ---- from samples

async function* sampledRows(
  history: History,
  plan: BucketPlan,
  members: readonly GroupMember[],
  slice: TimeSlice
): AsyncGenerator<readonly ValueRow[]> {
  const isSingle = isTimed({ figures: plan.figures, interval: plan.interval })
  if (isSingle && plan.figures[0]?.name === 'last') {
    const rows = await lastRow(history, plan, members, slice)
    if (rows !== undefined) return yield rows
  }
  const isFirst = isSingle && plan.figures[0]?.name === 'first'
  const grid = gridOf(plan)
  let [start, next]: [bigint | undefined, bigint] = [undefined, 0n]
  let reducers: readonly Reducer[] = []
  let batch: ValueRow[] = []
  const close = () => {
    if (start !== undefined) batch.push(...rowsOf(shownTime(start), reducers, isSingle))
  }
  const window = { ...windowOf(plan), skipsBad: true }
  for await (const samples of mergedSamples(history, members, window, slice)) {
    for (const { time, values } of samples) {
      if (start === undefined || time >= next) {
        close()
        start = grid.startOf(time)
        next = grid.next(start)
        reducers = plan.figures.map(reducerOf)
      }
      for (let i = 0; i < reducers.length; i++) {
        const value = values[plan.figures[i]?.field ?? 0]
        if (value !== undefined) reducers[i]?.add(value, time)
      }
      if (isFirst && reducers[0]?.time !== undefined) return yield rowsOf(0n, reducers, true)
    }
    if (batch.length >= ROWS_PER_BATCH) {
      yield batch
      batch = []
    }
  }
  close()
  if (batch.length > 0) yield batch
}

function windowOf({ from, to }: BucketPlan) {
  return { ...(from !== undefined && { from }), ...(to !== undefined && { to }) }
}

/** @param isTimed the row has the time of what was selected */
function rowsOf(start: bigint, reducers: readonly Reducer[], isTimed: boolean): ValueRow[] {
  const results = reducers.map((reducer) => reducer.result())
  if (results.every((result) => result === undefined)) return []
  const time = (isTimed ? reducers[0]?.time : undefined) ?? start
  const [only] = results
  if (Array.isArray(only)) return only.map((value: Cell) => ({ time, values: [value], member: -1 }))
  return [{ time, values: results as readonly Cell[], member: -1 }]
}

/** Reads the end of each series only; undefined if that has no value that counts. */
async function lastRow(
  history: History,
  plan: BucketPlan,
  members: readonly GroupMember[],
  slice: TimeSlice
): Promise<readonly ValueRow[] | undefined> {
  const { from = EARLIEST, to = LATEST, figures } = plan
  const field = figures[0]?.field ?? 0
  const reducer = reducerOf({ name: 'last', field })
  for (const member of members) {
    const variable = member.fields[field]
    if (variable === undefined) continue
    const last = await lastSampleTime(history, variable, to)
    if (last < from || last > to) continue
    let isFound = false
    const window = { from: last, to, skipsBad: true }
    for await (const rows of mergedSamples(history, [{ ...member, fields: [variable] }], window, slice)) {
      for (const { time, values } of rows) {
        const [value] = values
        if (value === undefined || (reducer.time !== undefined && time < reducer.time)) continue
        reducer.add(value, time)
        isFound = true
      }
    }
    if (!isFound && (await history.spanOf(variable)) !== undefined) return undefined
  }
  return rowsOf(0n, [reducer], true)
}
