/** Writes tables as Apache Parquet, one row group at a time. */
import { setImmediate } from 'node:timers/promises'
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import type { ColumnBatch, Table, TableColumn } from './table.ts'
import { conform } from './widen.ts'

/** Limits of a row group, which is held in memory and read as a whole. */
const MAX_GROUP_ROWS = 65_536
const MAX_GROUP_CELLS = 2_097_152

type ColumnData = BigInt64Array | Float64Array | unknown[]

export async function* writeParquet({ columns, metadata = {}, batches }: Table): AsyncGenerator<Uint8Array> {
  const writer = new ByteWriter()
  const facts = columns.flatMap(({ name, valueType, unit, semanticId, label }) => {
    const known = { valueType, unit, semanticId, label }
    return Object.entries(known).flatMap(([fact, value]) =>
      value === undefined ? [] : [{ key: `${name}.${fact}`, value }]
    )
  })
  const parquet = new ParquetWriter({
    writer,
    schema: [{ name: 'root', num_children: columns.length }, ...columns.map(elementOf)],
    // Written for times only (below): readers do not skip by the range of a sensor's values.
    statistics: true,
    kvMetadata: [...Object.entries(metadata).map(([key, value]) => ({ key, value })), ...facts],
    createdBy: 'aas-hub'
  })
  const maxRows = Math.max(1, Math.min(MAX_GROUP_ROWS, Math.floor(MAX_GROUP_CELLS / columns.length)))
  let waiting: { readonly length: number; readonly columns: readonly ColumnBatch[] }[] = []
  let rows = 0
  for await (const batch of batches) {
    waiting.push(batch)
    rows += batch.length
    if (rows < maxRows) continue
    yield* group(waiting, rows)
    ;[waiting, rows] = [[], 0]
  }
  if (rows > 0) yield* group(waiting, rows)
  parquet.finish()
  yield drained()

  /** Column by column, yielding to the event loop between them: encoding takes long. */
  async function* group(parts: typeof waiting, length: number): AsyncGenerator<Uint8Array> {
    const before = parquet.row_groups.length
    for (const [place, column] of columns.entries()) {
      const pieces = parts.map(({ columns: held }) => conform(column, held[place] as ColumnBatch))
      parquet.write({
        columnData: [
          {
            name: column.name,
            data: dataOf(column, pieces, length) as unknown[],
            statistics: column.type === 'time',
            // Times ascend, so their differences are small.
            ...(column.type === 'time' && { encoding: 'DELTA_BINARY_PACKED' as const })
          }
        ],
        rowGroupSize: length
      })
      yield drained()
      await setImmediate()
    }
    // The library wrote one row group per column; merge them into one.
    const written = parquet.row_groups.splice(before)
    parquet.row_groups.push({
      columns: written.flatMap((one) => one.columns),
      total_byte_size: written.reduce((sum, one) => sum + one.total_byte_size, 0n),
      total_compressed_size: written.reduce((sum, one) => sum + (one.total_compressed_size ?? 0n), 0n),
      num_rows: BigInt(length)
    })
    parquet.num_rows -= BigInt(length) * BigInt(columns.length - 1)
  }

  /** The bytes written since the last call. */
  function drained(): Uint8Array {
    const bytes = writer.getBytes().slice()
    writer.index = 0
    return bytes
  }
}

function elementOf({ name, type }: TableColumn) {
  const repetition = { repetition_type: type === 'time' ? ('REQUIRED' as const) : ('OPTIONAL' as const) }
  switch (type) {
    case 'time': {
      const logical = { type: 'TIMESTAMP' as const, isAdjustedToUTC: true, unit: 'NANOS' as const }
      return { name, type: 'INT64' as const, logical_type: logical, ...repetition }
    }
    case 'number':
      return { name, type: 'DOUBLE' as const, ...repetition }
    case 'integer':
      return { name, type: 'INT64' as const, ...repetition }
    case 'boolean':
      return { name, type: 'BOOLEAN' as const, ...repetition }
    case 'text':
      return { name, type: 'BYTE_ARRAY' as const, converted_type: 'UTF8' as const, ...repetition }
  }
}

/** The column of a row group as one array, typed if no value is absent. */
function dataOf({ type }: TableColumn, parts: readonly ColumnBatch[], length: number): ColumnData {
  const complete = parts.every(({ present }) => present === undefined)
  if (complete && (type === 'time' || type === 'integer' || type === 'number')) {
    if (parts.length === 1) return parts[0]?.values as ColumnData
    const whole = type === 'number' ? new Float64Array(length) : new BigInt64Array(length)
    let at = 0
    for (const { values } of parts) {
      whole.set(values as never, at)
      at += values.length
    }
    return whole
  }
  return parts.flatMap(({ values, present }) =>
    Array.from(values as ArrayLike<unknown>, (value, row) => {
      if (present !== undefined && present[row] !== 1) return undefined
      return type === 'boolean' ? value === 1 : value
    })
  )
}
