/** Rows for buckets without samples. */
import type { Fill } from '../../formats/influxql/syntax.ts'
import type { TimeGrid } from '../../model/time-grid.ts'
import type { Cell } from '../history/cells.ts'
import { MAX_BUCKETS, tooManyBuckets } from './bucket-rows.ts'
import type { BucketFigure } from './functions.ts'
import type { ValueRow } from './merged-samples.ts'

export interface FillOptions {
  readonly fill: Fill
  readonly grid: TimeGrid
  readonly figures: readonly BucketFigure[]
  /** Undefined: from the first row, to the last. */
  readonly from: bigint | undefined
  readonly to: bigint | undefined
}

/** @param rows ascending, one per bucket. Where there are none at all, nothing is filled */
export async function* filledRows(
  rows: AsyncIterable<readonly ValueRow[]>,
  options: FillOptions
): AsyncGenerator<readonly ValueRow[]> {
  const { fill } = options
  if (fill === 'none') return yield* rows
  if (fill === 'linear') return yield interpolated(await allOf(completeRows(rows, options)))
  const absent = options.figures.map(({ name }): Cell => (isCount(name) && fill === 'null' ? 0 : undefined))
  let last: readonly Cell[] = absent
  for await (const batch of completeRows(rows, options)) {
    const filled = batch.map(({ time, values, member }) => {
      const row = values.map((value, at) => {
        if (value !== undefined) return value
        return typeof fill === 'number' ? fill : fill === 'previous' ? last[at] : absent[at]
      })
      last = row
      return { time, member, values: row }
    })
    yield filled
  }
}

function isCount(name: BucketFigure['name']): boolean {
  return name === 'count' || name === 'count distinct'
}

/** A row for each bucket, without values where there were no samples. */
async function* completeRows(
  rows: AsyncIterable<readonly ValueRow[]>,
  { grid, figures, from, to }: FillOptions
): AsyncGenerator<readonly ValueRow[]> {
  let next = from === undefined ? undefined : grid.startOf(from)
  const empty = figures.map((): Cell => undefined)
  /** In batches, so that readers take turns. */
  function* missing(until: bigint): Generator<readonly ValueRow[]> {
    let batch: ValueRow[] = []
    while (next !== undefined && next < until) {
      batch.push({ time: next, values: empty, member: -1 })
      next = grid.next(next)
      if (batch.length === 1024) {
        yield batch
        batch = []
      }
    }
    if (batch.length > 0) yield batch
  }
  let first: bigint | undefined
  for await (const batch of rows) {
    for (const row of batch) {
      first ??= next ?? row.time
      // Before the first of them is written, where that is known.
      if (((to ?? row.time) - first) / grid.length > MAX_BUCKETS) throw tooManyBuckets()
      yield* missing(row.time)
      next = grid.next(row.time)
      yield [row]
    }
  }
  if (first !== undefined && to !== undefined) yield* missing(to + 1n)
}

async function allOf(batches: AsyncIterable<readonly ValueRow[]>): Promise<ValueRow[]> {
  const rows: ValueRow[] = []
  for await (const batch of batches) rows.push(...batch)
  return rows
}

/** Between two values by the time between them; before the first and after the last there is none. */
function interpolated(rows: readonly ValueRow[]): ValueRow[] {
  const filled = rows.map((row) => ({ ...row, values: [...row.values] }))
  const columns = filled[0]?.values.length ?? 0
  for (let column = 0; column < columns; column++) {
    let before: number | undefined
    for (const [at, row] of filled.entries()) {
      if (row.values[column] === undefined) continue
      if (before !== undefined && at - before > 1) interpolate(filled, column, before, at)
      before = at
    }
  }
  return filled
}

function interpolate(
  rows: readonly (ValueRow & { values: Cell[] })[],
  column: number,
  first: number,
  last: number
): void {
  const [one, other] = [rows[first], rows[last]]
  const [from, to] = [Number(one?.values[column]), Number(other?.values[column])]
  if (one === undefined || other === undefined || Number.isNaN(from) || Number.isNaN(to)) return
  const whole = Number(other.time - one.time)
  for (let at = first + 1; at < last; at++) {
    const row = rows[at]
    if (row !== undefined) row.values[column] = from + (to - from) * (Number(row.time - one.time) / whole)
  }
}
