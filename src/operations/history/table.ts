/**
 * Series as one wide table: a row for each point in time, a column for each series. As they were measured; in buckets;
 * or on a common grid. Rows stream, and are made no faster than they are taken.
 */

import type { Batch, Column, ColumnBatch, Table } from '../../formats/tables/table.ts'
import { valueOfRow } from '../../formats/value.ts'
import { type Grid, startFrom } from '../../model/grid.ts'
import { lengthOf, membersAt, numberAt, qualityAt, type Run, textAt, timeAt } from '../../model/samples.ts'
import { earlier, later } from '../../model/time.ts'
import { type Aggregate, buckets, figureOf } from './aggregate.ts'
import { EARLIEST, type History, LATEST } from './history.ts'
import type { Variable } from './variables.ts'

/** How values get onto a common grid: the last one before, a line between neighbours, or only those that are on it. */
export const alignments = ['none', 'previous', 'linear'] as const

export type Alignment = (typeof alignments)[number]

export interface TableRequest {
  readonly variables: readonly Variable[]
  /** Nanoseconds since 1970, inclusive; absent: all there is. */
  readonly from?: bigint
  readonly to?: bigint
  /** Its cells are the buckets, or their starts the points in time of a common grid. */
  readonly grid?: Grid
  /** With `grid`: what each bucket tells. */
  readonly aggregates?: readonly Aggregate[]
  readonly align?: Alignment
  /** Add a column with the quality beside each series; for samples as they were measured. */
  readonly quality?: boolean
}

/** Rows of one batch. */
const ROWS = 4096

export function tableOf(history: History, request: TableRequest): Table {
  const { variables, grid, aggregates = [], align = 'none', quality = false } = request
  const time: Column = { name: 'time', type: 'time' }
  if (grid !== undefined && aggregates.length > 0) {
    const columns = variables.flatMap((variable) => aggregates.map((aggregate) => aggregated(variable, aggregate)))
    const cells = variables.map((variable) => bucketCells(history, variable, request, grid, aggregates))
    return { columns: [time, ...columns], batches: gather([time, ...columns], merged(cells, aggregates.length)) }
  }
  if (grid !== undefined && align !== 'none') {
    const columns = variables.map((variable) => ({ ...columnOf(variable), type: gridType(variable, align) }))
    return {
      columns: [time, ...columns],
      batches: gather([time, ...columns], gridRows(history, request, grid, align))
    }
  }
  const columns = variables.flatMap((variable) => [columnOf(variable), ...(quality ? [qualityOf(variable)] : [])])
  const [only, ...others] = variables
  if (only !== undefined && others.length === 0) {
    return { columns: [time, ...columns], batches: single(history, only, request) }
  }
  const cells = variables.map((variable) => sampleCells(history, variable, request))
  return { columns: [time, ...columns], batches: gather([time, ...columns], merged(cells, quality ? 2 : 1)) }
}

// ---- columns

function columnOf({ name, type, unit, semanticId, label }: Variable): Column {
  return {
    name,
    type,
    ...(unit !== undefined && { unit }),
    ...(semanticId !== undefined && { semanticId }),
    ...(label !== undefined && { label })
  }
}

function qualityOf({ name, label }: Variable): Column {
  return { name: `${name}.quality`, type: 'text', ...(label !== undefined && { label: `${label} (quality)` }) }
}

function aggregated(variable: Variable, aggregate: Aggregate): Column {
  const { unit, label, ...column } = columnOf(variable)
  return {
    ...column,
    name: `${variable.name}.${aggregate}`,
    type: aggregate === 'count' ? 'integer' : 'number',
    ...(unit !== undefined && aggregate !== 'count' && { unit }),
    ...(label !== undefined && { label: `${label} (${aggregate})` })
  }
}

/** Between whole numbers lie others. */
function gridType({ type }: Variable, align: Alignment): Column['type'] {
  return align === 'linear' && type === 'integer' ? 'number' : type
}

// ---- one series as it is, column by column

async function* single(history: History, variable: Variable, request: TableRequest): AsyncGenerator<Batch> {
  const { from = EARLIEST, to = LATEST, quality = false } = request
  for await (const run of history.read(variable, from, to)) {
    const length = lengthOf(run)
    const columns = [timesOf(run), valuesOf(run, variable)]
    if (quality) columns.push(qualitiesOf(run))
    yield { length, columns }
  }
}

function timesOf(run: Run): ColumnBatch {
  const values = new BigInt64Array(lengthOf(run))
  for (let i = 0; i < values.length; i++) values[i] = timeAt(run, i)
  return { values }
}

function valuesOf(run: Run, variable: Variable): ColumnBatch {
  if (variable.type === 'number' && run.values instanceof Float64Array) return { values: run.values }
  const column = new Growing(variable.type, lengthOf(run))
  for (let i = 0; i < lengthOf(run); i++) column.add(cellAt(run, i, variable))
  return column.batch()
}

function qualitiesOf(run: Run): ColumnBatch {
  const column = new Growing('text', lengthOf(run))
  for (let i = 0; i < lengthOf(run); i++) column.add(qualityAt(run, i))
  return column.batch()
}

// ---- rows

type Cell = number | bigint | string | undefined

/** What some neighbouring columns hold at one time. */
interface Cells {
  readonly time: bigint
  readonly cells: readonly Cell[]
}

async function* sampleCells(history: History, variable: Variable, request: TableRequest): AsyncGenerator<Cells> {
  const { from = EARLIEST, to = LATEST, quality = false } = request
  for await (const run of history.read(variable, from, to)) {
    for (let i = 0; i < lengthOf(run); i++) {
      const cell = cellAt(run, i, variable)
      yield { time: timeAt(run, i), cells: quality ? [cell, qualityAt(run, i)] : [cell] }
    }
  }
}

async function* bucketCells(
  history: History,
  variable: Variable,
  { from = EARLIEST, to = LATEST }: TableRequest,
  grid: Grid,
  aggregates: readonly Aggregate[]
): AsyncGenerator<Cells> {
  for await (const bucket of buckets(history.pieces(variable, from, to), from, to, grid)) {
    const cells = aggregates.map((aggregate) => {
      const figure = figureOf(bucket, aggregate)
      return aggregate === 'count' ? BigInt(figure) : Number.isNaN(figure) ? undefined : figure
    })
    yield { time: bucket.start, cells }
  }
}

/**
 * Brings ascending streams together by time: where one has nothing at a time, its cells are empty.
 * @param width how many cells each stream has, also one that gives none
 */
async function* merged(streams: readonly AsyncGenerator<Cells>[], width: number): AsyncGenerator<Cells> {
  const heads = await Promise.all(streams.map((stream) => stream.next()))
  for (;;) {
    let time: bigint | undefined
    for (const head of heads) if (!head.done && (time === undefined || head.value.time < time)) time = head.value.time
    if (time === undefined) return
    const cells: Cell[] = []
    for (const [place, head] of heads.entries()) {
      if (head.done || head.value.time !== time) {
        for (let i = 0; i < width; i++) cells.push(undefined)
        continue
      }
      cells.push(...head.value.cells)
      const stream = streams[place]
      if (stream !== undefined) heads[place] = await stream.next()
    }
    yield { time, cells }
  }
}

async function* gridRows(history: History, request: TableRequest, grid: Grid, align: Alignment): AsyncGenerator<Cells> {
  const { variables } = request
  const spans = (await Promise.all(variables.map((variable) => history.spanOf(variable)))).filter(
    (span) => span !== undefined
  )
  if (spans.length === 0) return
  const first = spans.reduce((least, { from }) => earlier(from, least), LATEST)
  const last = spans.reduce((greatest, { to }) => later(to, greatest), EARLIEST)
  const start = request.from ?? first
  const end = request.to ?? last
  const lines = await Promise.all(variables.map((variable) => Line.begin(history, variable, start, align)))
  for (let time = startFrom(grid, start); time <= end; time = grid.next(time)) {
    const cells: Cell[] = []
    for (const line of lines) cells.push(await line.at(time))
    yield { time, cells }
  }
}

interface Point {
  readonly time: bigint
  readonly cell: Cell
}

/** A series that is asked for at ascending times. */
class Line {
  readonly #points: AsyncGenerator<Point>
  readonly #align: Alignment
  readonly #isNumeric: boolean
  #before: Point | undefined
  #next: Point | undefined

  private constructor(points: AsyncGenerator<Point>, variable: Variable, align: Alignment) {
    this.#points = points
    this.#align = align
    this.#isNumeric = variable.type === 'number' || variable.type === 'integer'
  }

  static async begin(history: History, variable: Variable, start: bigint, align: Alignment): Promise<Line> {
    const line = new Line(pointsOf(history, variable, await lastBefore(history, variable, start)), variable, align)
    line.#next = await line.#read()
    return line
  }

  async at(time: bigint): Promise<Cell> {
    while (this.#next !== undefined && this.#next.time <= time) {
      this.#before = this.#next
      this.#next = await this.#read()
    }
    const [before, next] = [this.#before, this.#next]
    if (before === undefined) return undefined
    if (this.#align === 'previous' || !this.#isNumeric) return before.cell
    const from = Number(before.cell)
    if (before.time === time) return from
    // Behind the last sample nobody knows where the line goes.
    if (next === undefined) return undefined
    return from + (Number(next.cell) - from) * (Number(time - before.time) / Number(next.time - before.time))
  }

  async #read(): Promise<Point | undefined> {
    const { value, done } = await this.#points.next()
    return done ? undefined : value
  }
}

async function* pointsOf(history: History, variable: Variable, from: bigint): AsyncGenerator<Point> {
  for await (const run of history.read(variable, from, LATEST)) {
    for (let i = 0; i < lengthOf(run); i++) {
      const cell = cellAt(run, i, variable)
      if (cell !== undefined) yield { time: timeAt(run, i), cell }
    }
  }
}

/** Time of the last sample at or before a time; the time itself where there is none. */
async function lastBefore(history: History, variable: Variable, time: bigint): Promise<bigint> {
  const span = await history.spanOf(variable)
  if (span === undefined || span.from >= time) return time
  let back = (span.to - span.from) / BigInt(Math.max(1, span.count)) + 1_000_000_000n
  for (; ; back *= 4n) {
    const from = later(time - back, span.from)
    let found: bigint | undefined
    for await (const run of history.read(variable, from, time)) found = timeAt(run, lengthOf(run) - 1)
    if (found !== undefined) return found
    if (from === span.from) return time
  }
}

function cellAt(run: Run, index: number, { type, modelType, valueType }: Variable): Cell {
  switch (type) {
    case 'number': {
      const number = numberAt(run, index)
      return Number.isNaN(number) && textAt(run, index) !== 'NaN' ? undefined : number
    }
    case 'integer':
      return wholeOf(textAt(run, index))
    case 'boolean': {
      const number = numberAt(run, index)
      return Number.isNaN(number) ? undefined : number
    }
    default:
      return run.form === 'members' ? valueOfRow(modelType, valueType, membersAt(run, index)) : textAt(run, index)
  }
}

function wholeOf(text: string): bigint | undefined {
  if (!/^[+-]?\d{1,25}$/.test(text)) return undefined
  const whole = BigInt(text)
  return BigInt.asIntN(64, whole) === whole ? whole : undefined
}

/** Rows into batches. */
async function* gather(columns: readonly Column[], rows: AsyncIterable<Cells>): AsyncGenerator<Batch> {
  let open = columns.map(({ type }) => new Growing(type, ROWS))
  let length = 0
  for await (const { time, cells } of rows) {
    open[0]?.add(time)
    for (const [place, cell] of cells.entries()) open[place + 1]?.add(cell)
    if (++length < ROWS) continue
    yield { length, columns: open.map((column) => column.batch()) }
    open = columns.map(({ type }) => new Growing(type, ROWS))
    length = 0
  }
  if (length > 0) yield { length, columns: open.map((column) => column.batch()) }
}

/** A column of a batch that is being filled. */
class Growing {
  readonly #type: Column['type']
  readonly #values: BigInt64Array | Float64Array | Uint8Array | string[]
  readonly #present: Uint8Array
  #length = 0
  #complete = true

  constructor(type: Column['type'], size: number) {
    this.#type = type
    this.#present = new Uint8Array(size)
    this.#values =
      type === 'number'
        ? new Float64Array(size)
        : type === 'boolean'
          ? new Uint8Array(size)
          : type === 'text'
            ? new Array<string>(size).fill('')
            : new BigInt64Array(size)
  }

  add(cell: Cell): void {
    const place = this.#length++
    if (cell === undefined) this.#complete = false
    else {
      this.#present[place] = 1
      ;(this.#values as Cell[])[place] = this.#type === 'text' ? String(cell) : cell
    }
  }

  batch(): ColumnBatch {
    const length = this.#length
    const values = Array.isArray(this.#values) ? this.#values.slice(0, length) : this.#values.subarray(0, length)
    return this.#complete ? { values } : { values, present: this.#present.subarray(0, length) }
  }
}
