/**
 * Series as one wide table: one row per time, one column per series. Samples, aggregates of time buckets, or values on a
 * common grid. Rows are streamed with back-pressure, in time slices.
 */
import type { Table, TableBatch, TableColumn } from '../../formats/tables/table.ts'
import { typeOfKind, type ValueKind } from '../../formats/tables/widen.ts'
import { earlier, later } from '../../model/time.ts'
import type { TimeGrid } from '../../model/time-grid.ts'
import { sliced, type TimeSlice } from '../../time-slice.ts'
import { type Aggregate, bucketsOfSeries } from './aggregate.ts'
import { storedKind } from './column-kinds.ts'
import { withDetectedTypes } from './detect-types.ts'
import { type GridSpan, gridRows, lastSampleTime, refuseTooManyRows } from './grid-rows.ts'
import { EARLIEST, type History, LATEST } from './history.ts'
import { bucketSource, isFractional, mergedRows, sampleSource } from './rows.ts'
import { singleSeriesBatches } from './single-series.ts'
import type { Variable } from './variables.ts'

/** Values on a common grid: `previous` the last one before, `linear` interpolated; `none`: no grid. */
export const ALIGNMENTS = ['none', 'previous', 'linear'] as const

export type Alignment = (typeof ALIGNMENTS)[number]

export interface TableRequest {
  readonly variables: readonly Variable[]
  /** Nanoseconds since 1970, inclusive; absent: unbounded. */
  readonly from?: bigint
  readonly to?: bigint
  /** The cells are the buckets; or the starts of the cells are the times of a common grid. */
  readonly grid?: TimeGrid
  /** Aggregates of each bucket; with `grid`. */
  readonly aggregates?: readonly Aggregate[]
  readonly align?: Alignment
  /** Add a column with the quality next to each series; for samples only. */
  readonly quality?: boolean
}

export interface TableOptions {
  /** The time slice of the request. */
  readonly slice: TimeSlice
  /** Column types must be final before the first row; otherwise batches say which columns they widen. */
  readonly typesFirst?: boolean
  /** Only a page of the rows will be read. */
  readonly isPaged?: boolean
  /** The most rows of a batch, each of which is then valid only until the next one is asked for. Absent: batches can be kept. */
  readonly reusedRows?: number | undefined
}

/** @throws HubError `BadRequest` if there would be too many rows */
export async function tableOf(source: History, request: TableRequest, options: TableOptions): Promise<Table> {
  const history = slicedHistory(source, options.slice)
  const { grid, aggregates = [], align = 'none' } = request
  if (grid !== undefined && aggregates.length > 0) return bucketTable(history, request, grid, options)
  if (grid !== undefined && align !== 'none') return gridTable(history, request, grid, options)
  return sampleTable(history, request, options)
}

/**
 * The same as one table per column, in sequence, for column-oriented formats.
 * @throws HubError `BadRequest` if there would be too many rows, before the first table
 */
export async function tablesOf(
  history: History,
  request: TableRequest,
  options: TableOptions
): Promise<AsyncGenerator<Table>> {
  await checkGrid(history, request)
  const { variables, aggregates = [], quality = false } = request
  const parts = aggregates.length > 0 ? aggregates.map((one) => [one]) : [[]]
  return (async function* () {
    for (const variable of variables) {
      for (const part of parts) {
        const one = { ...request, variables: [variable], aggregates: part }
        yield await tableOf(history, { ...one, quality: false }, options)
        if (quality) yield withoutValues(await tableOf(history, one, options))
      }
    }
  })()
}

/** Drops the values: time and quality remain. */
function withoutValues({ columns, batches }: Table): Table {
  const without = <Item>([time, _, ...others]: readonly Item[]) => [time, ...others] as Item[]
  const fewer = async function* () {
    for await (const { length, columns: pieces } of batches) yield { length, columns: without(pieces) }
  }
  return { columns: without(columns), batches: fewer() }
}

const TIME_COLUMN: TableColumn = { name: 'time', type: 'time' }

/** Pauses between time slices also while many pieces yield no row. */
function slicedHistory(history: History, slice: TimeSlice): History {
  return {
    ...history,
    latest: (...args) => history.latest(...args),
    spanOf: (series) => history.spanOf(series),
    read: (...args) => sliced(history.read(...args), slice),
    pieces: (...args) => sliced(history.pieces(...args), slice)
  }
}

function windowOf({ from = EARLIEST, to = LATEST }: TableRequest) {
  return { from, to }
}

// ---- buckets

async function bucketTable(
  history: History,
  request: TableRequest,
  grid: TimeGrid,
  { slice, typesFirst = false }: TableOptions
): Promise<Table> {
  const { variables, aggregates = [] } = request
  const { from, to } = windowOf(request)
  const columns = [
    TIME_COLUMN,
    ...variables.flatMap((variable) => aggregates.map((aggregate) => aggregateColumn(variable, aggregate)))
  ]
  const batches = async function* () {
    const sources = variables.map((variable) => {
      const isWhole = variable.type === 'integer'
      return bucketSource(bucketsOfSeries(history, variable, { from, to, grid, isWhole }), aggregates, isWhole)
    })
    yield* mergedRows(columns, await Promise.all(sources), slice)
  }
  const isCertain = columns.every(({ valueType }) => valueType === undefined)
  return typesFirst && !isCertain ? withDetectedTypes(columns, batches) : { columns, batches: batches() }
}

function aggregateColumn(variable: Variable, aggregate: Aggregate): TableColumn {
  const { unit, label, valueType, ...column } = columnOf(variable, undefined)
  // A sum, or values stored under another type, may not be 64-bit integers: the column states its value type.
  const isWhole = variable.type === 'integer' && aggregate !== 'count' && !isFractional(aggregate)
  return {
    ...column,
    name: `${variable.name}.${aggregate}`,
    type: aggregate === 'count' || isWhole ? 'integer' : 'number',
    ...(isWhole && valueType !== undefined && { valueType: aggregate === 'sum' ? 'xs:integer' : valueType }),
    ...(unit !== undefined && aggregate !== 'count' && { unit }),
    ...(label !== undefined && { label: `${label} (${aggregate})` })
  }
}

// ---- a common grid

async function gridTable(
  history: History,
  request: TableRequest,
  grid: TimeGrid,
  { slice, typesFirst = false, isPaged = false }: TableOptions
): Promise<Table> {
  const { variables } = request
  const isLinear = request.align === 'linear'
  const span = await gridSpan(history, request, grid)
  if (span !== undefined && !isPaged) refuseTooManyRows(span, variables.length)
  const kinds = await Promise.all(
    variables.map(async (variable) => {
      if (span === undefined || !typesFirst) return undefined
      const from = await lastSampleTime(history, variable, span.start)
      return storedKind(history, variable, { from, to: isLinear ? LATEST : span.end }, slice)
    })
  )
  const columns = [
    TIME_COLUMN,
    ...variables.map((variable, i) => {
      const column = columnOf(variable, kinds[i])
      // Interpolated integers are fractions.
      return isLinear && column.type === 'integer' ? { ...column, type: 'number' as const } : column
    })
  ]
  return {
    columns,
    batches: span === undefined ? noBatches() : gridRows(history, variables, span, { columns, isLinear, slice })
  }
}

/** The extent of the grid; undefined if there are no samples. */
async function gridSpan(history: History, request: TableRequest, grid: TimeGrid): Promise<GridSpan | undefined> {
  const spans = (await Promise.all(request.variables.map((variable) => history.spanOf(variable)))).filter(
    (span) => span !== undefined
  )
  if (spans.length === 0) return undefined
  const first = spans.reduce((least, { from }) => earlier(from, least), LATEST)
  const last = spans.reduce((greatest, { to }) => later(to, greatest), EARLIEST)
  return { grid, start: request.from ?? first, end: request.to ?? last }
}

/** Refuses a grid that is too large as a whole although it is read in parts. @throws HubError `BadRequest` */
export async function checkGrid(history: History, request: TableRequest): Promise<void> {
  const { grid, align = 'none', aggregates = [], variables } = request
  if (grid === undefined || align === 'none' || aggregates.length > 0) return
  const span = await gridSpan(history, request, grid)
  if (span !== undefined) refuseTooManyRows(span, variables.length)
}

// ---- samples

async function sampleTable(
  history: History,
  request: TableRequest,
  { slice, typesFirst = false, reusedRows }: TableOptions
): Promise<Table> {
  const { variables, quality = false } = request
  const { from, to } = windowOf(request)
  const kinds: (ValueKind | undefined)[] = []
  if (typesFirst) for (const variable of variables) kinds.push(await storedKind(history, variable, { from, to }, slice))
  const columns = [
    TIME_COLUMN,
    ...variables.flatMap((variable, i) => [columnOf(variable, kinds[i]), ...(quality ? [qualityOf(variable)] : [])])
  ]
  const [only, ...others] = variables
  if (only !== undefined && others.length === 0)
    return { columns, batches: singleSeriesBatches(history, only, { from, to }, columns, reusedRows) }
  const batches = async function* () {
    const sources = variables.map((variable) => sampleSource(history.read(variable, from, to), variable, quality))
    yield* mergedRows(columns, await Promise.all(sources), slice)
  }
  return { columns, batches: batches() }
}

/** @param kind of the stored values; undefined: as declared */
function columnOf(
  { name, type, valueType, unit, semanticId, label }: Variable,
  kind: ValueKind | undefined
): TableColumn {
  return {
    name,
    type: kind === undefined ? type : widest(type, typeOfKind(kind)),
    ...(valueType !== undefined && { valueType }),
    ...(unit !== undefined && { unit }),
    ...(semanticId !== undefined && { semanticId }),
    ...(label !== undefined && { label })
  }
}

/** Integers are numbers if numbers are declared. */
function widest(declared: TableColumn['type'], stored: TableColumn['type']): TableColumn['type'] {
  return declared === 'number' && stored === 'integer' ? 'number' : stored
}

function qualityOf({ name, label }: Variable): TableColumn {
  return { name: `${name}.quality`, type: 'text', ...(label !== undefined && { label: `${label} (quality)` }) }
}

async function* noBatches(): AsyncGenerator<TableBatch> {}
