/** Resamples series on a common grid: the last value before each grid point, or linear interpolation. */
import { HubError } from '../../errors.ts'
import type { TableBatch, TableColumn } from '../../formats/tables/table.ts'
import { lengthOf, type Run, timeAt } from '../../model/samples.ts'
import { earlier, formatTime, later } from '../../model/time.ts'
import { ceilTo, type TimeGrid } from '../../model/time-grid.ts'
import type { TimeSlice } from '../../time-slice.ts'
import { type Cell, cellAt } from './cells.ts'
import { type History, LATEST } from './history.ts'
import { BatchBuilder, SampleReader } from './rows.ts'
import type { Variable } from './variables.ts'

/** Rows and cells of a grid in one response. */
const MAX_GRID_ROWS = 10_000_000
const MAX_GRID_CELLS = 100_000_000

export interface GridSpan {
  readonly grid: TimeGrid
  readonly start: bigint
  readonly end: bigint
}

/** @throws HubError `BadRequest` that suggests smaller requests */
export function refuseTooManyRows({ grid, start, end }: GridSpan, variables: number): void {
  const most = Math.min(MAX_GRID_ROWS, Math.floor(MAX_GRID_CELLS / (variables + 1)))
  const rows = end < start ? 0n : (end - start) / grid.length + 1n
  if (rows <= BigInt(most)) return
  const window = `${formatTime(start)} to ${formatTime(end)}`
  throw new HubError('BadRequest', [
    `From ${window} this grid has about ${rows} rows; the maximum for one response is ${most} for ${variables} series. Use a longer "interval", a shorter time by "from" and "to", fewer series, or pages by "limit"`
  ])
}

export async function* gridRows(
  history: History,
  variables: readonly Variable[],
  { grid, start, end }: GridSpan,
  { columns, isLinear, slice }: { columns: readonly TableColumn[]; isLinear: boolean; slice: TimeSlice }
): AsyncGenerator<TableBatch> {
  const lines = await Promise.all(variables.map((variable) => GridSeries.begin(history, variable, start, isLinear)))
  const rows = new BatchBuilder(columns)
  for (let time = ceilTo(grid, start); time <= end; time = grid.next(time)) {
    const { builders } = rows
    builders[0]?.add(time)
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i] as GridSeries
      while (line.isBehind(time)) {
        const wait = line.next()
        if (wait !== undefined) await wait
      }
      builders[i + 1]?.add(line.at(time))
    }
    const batch = rows.close()
    if (batch !== undefined) yield batch
    if (rows.isDue() && slice.isOver()) await slice.pause()
  }
  const last = rows.take()
  if (last !== undefined) yield last
}

/** Evaluates a series at ascending times; holds the last sample before, and the next one. */
class GridSeries {
  readonly #reader: SampleReader
  readonly #variable: Variable
  readonly #isLinear: boolean
  #time = 0n
  #cell: Cell
  #after: Cell

  private constructor(reader: SampleReader, variable: Variable, isLinear: boolean) {
    this.#reader = reader
    this.#variable = variable
    this.#isLinear = isLinear
  }

  static async begin(history: History, variable: Variable, start: bigint, isLinear: boolean): Promise<GridSeries> {
    const runs = history.read(variable, await lastSampleTime(history, variable, start), LATEST)
    const line = new GridSeries(await SampleReader.open(runs), variable, isLinear)
    line.#loadNext()
    return line
  }

  isBehind(time: bigint): boolean {
    return this.#reader.time !== undefined && this.#reader.time <= time
  }

  next(): Promise<void> | undefined {
    if (this.#after !== undefined) {
      this.#cell = this.#after
      this.#time = this.#reader.time ?? 0n
    }
    const wait = this.#reader.next()
    if (wait !== undefined) return wait.then(() => this.#loadNext())
    this.#loadNext()
    return undefined
  }

  at(time: bigint): Cell {
    const before = this.#cell
    if (!this.#isLinear || before === undefined) return before
    const from = numberOf(before)
    if (this.#time === time) return from ?? before
    const after = this.#after
    // There is no extrapolation after the last sample.
    if (after === undefined) return from === undefined ? before : undefined
    const to = numberOf(after)
    if (from === undefined || to === undefined) return before
    return from + (to - from) * (Number(time - this.#time) / Number((this.#reader.time ?? 0n) - this.#time))
  }

  #loadNext(): void {
    const { run, index } = this.#reader
    this.#after = run === undefined ? undefined : cellAt(run, index, this.#variable)
  }
}

/** Interpolation is in doubles, also between integers. */
function numberOf(cell: Cell): number | undefined {
  return typeof cell === 'number' ? cell : typeof cell === 'bigint' ? Number(cell) : undefined
}

/** Time of the last sample at or before a time; the time itself if there is none. */
export async function lastSampleTime(history: History, variable: Variable, time: bigint): Promise<bigint> {
  const span = await history.spanOf(variable)
  if (span === undefined || span.from >= time) return time
  const end = earlier(time, span.to)
  let back = (span.to - span.from) / BigInt(Math.max(1, span.count)) + 1_000_000_000n
  for (; ; back *= 4n) {
    const from = later(end - back, span.from)
    const found = await lastWithin(history.read(variable, from, time))
    if (found !== undefined) return found
    if (from === span.from) return time
  }
}

async function lastWithin(runs: AsyncIterable<Run>): Promise<bigint | undefined> {
  let last: Run | undefined
  for await (const run of runs) last = run
  return last && timeAt(last, lengthOf(last) - 1)
}
