/** The samples of a single series as batches, built column by column. */
import type { ColumnBatch, TableBatch, TableColumn } from '../../formats/tables/table.ts'
import { lengthOf, qualityAt, type Run, sliceOf, timesOf, within } from '../../model/samples.ts'
import { cellAt } from './cells.ts'
import { ColumnBuilder } from './column-builder.ts'
import type { History } from './history.ts'
import { batchRows } from './rows.ts'
import type { Variable } from './variables.ts'

/** Nanoseconds since 1970, inclusive. */
interface Window {
  readonly from: bigint
  readonly to: bigint
}

/**
 * @param columns time, value and, if wanted, quality
 * @param reusedRows the most rows of a batch, each of which is then valid only until the next one is asked for
 */
export async function* singleSeriesBatches(
  history: History,
  variable: Variable,
  window: Window,
  columns: readonly TableColumn[],
  reusedRows?: number
): AsyncGenerator<TableBatch> {
  const isOfNumbers = variable.type === 'number' && columns[1]?.type === 'number' && columns.length === 2
  if (isOfNumbers && reusedRows !== undefined) yield* inReusedMemory(history, variable, window, columns, reusedRows)
  else for await (const run of history.read(variable, window.from, window.to)) yield* batchesOf(run, variable, columns)
}

/** Runs are decoded to where the batch has them: the arrays of each would keep the garbage collector busy. */
async function* inReusedMemory(
  history: History,
  variable: Variable,
  { from, to }: Window,
  columns: readonly TableColumn[],
  rows: number
): AsyncGenerator<TableBatch> {
  const [times, values, offsets] = [new BigInt64Array(rows), new Float64Array(rows), new Float64Array(rows)]
  let length = 0
  const filled = (): TableBatch => {
    const pieces = [{ values: times.subarray(0, length) }, { values: values.subarray(0, length) }]
    const batch = { length, columns: pieces }
    length = 0
    return batch
  }
  for await (const piece of history.pieces(variable, from, to)) {
    if (length > 0 && length + piece.count > rows) yield filled()
    const run = within(piece.run({ offsets, values: values.subarray(length) }), from, to)
    if (run === undefined) continue
    if (!(run.values instanceof Float64Array) || length + lengthOf(run) > rows) {
      if (length > 0) yield filled()
      yield* batchesOf(run, variable, columns)
      continue
    }
    timesOf(run, times.subarray(length))
    const isInPlace = run.values.buffer === values.buffer && run.values.byteOffset === values.byteOffset + 8 * length
    if (!isInPlace) values.set(run.values, length)
    length += lengthOf(run)
  }
  if (length > 0) yield filled()
}

function* batchesOf(
  whole: Run,
  variable: Variable,
  [, column = TEXT_COLUMN, ...others]: readonly TableColumn[]
): Generator<TableBatch> {
  const most = batchRows(2 + others.length)
  for (let start = 0; start < lengthOf(whole); start += most) {
    const run = sliceOf(whole, start, Math.min(start + most, lengthOf(whole)))
    const columns: ColumnBatch[] = [{ values: timesOf(run) }, valuesOf(run, variable, column)]
    if (others.length > 0) columns.push(qualitiesOf(run))
    yield { length: lengthOf(run), columns }
  }
}

const TEXT_COLUMN: TableColumn = { name: 'value', type: 'text' }

function valuesOf(run: Run, variable: Variable, { type }: TableColumn): ColumnBatch {
  if (type === 'number' && variable.type === 'number' && run.values instanceof Float64Array)
    return { values: run.values }
  const column = new ColumnBuilder(type, lengthOf(run))
  for (let i = 0; i < lengthOf(run); i++) column.add(cellAt(run, i, variable))
  return column.batch()
}

function qualitiesOf(run: Run): ColumnBatch {
  const column = new ColumnBuilder('text', lengthOf(run))
  for (let i = 0; i < lengthOf(run); i++) column.add(qualityAt(run, i))
  return column.batch()
}
