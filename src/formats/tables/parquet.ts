/** Tables as Apache Parquet, a row group at a time. */
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import type { Column, ColumnBatch, Table } from './table.ts'

/** Rows of a row group: what readers skip or read as one. */
const GROUP = 100_000

type Data = BigInt64Array | Float64Array | unknown[]

export async function* writeParquet({ columns, metadata = {}, batches }: Table): AsyncGenerator<Uint8Array> {
  const writer = new ByteWriter()
  const facts = columns.flatMap(({ name, unit, semanticId, label }) => {
    const known = { unit, semanticId, label }
    return Object.entries(known).flatMap(([fact, value]) =>
      value === undefined ? [] : [{ key: `${name}.${fact}`, value }]
    )
  })
  const parquet = new ParquetWriter({
    writer,
    schema: [{ name: 'root', num_children: columns.length }, ...columns.map(elementOf)],
    // Nobody skips by the least and greatest of a sensor's values; of times they are kept.
    statistics: true,
    kvMetadata: [...Object.entries(metadata).map(([key, value]) => ({ key, value })), ...facts],
    createdBy: 'aas-hub'
  })
  let waiting: { readonly length: number; readonly columns: readonly ColumnBatch[] }[] = []
  let rows = 0
  for await (const batch of batches) {
    waiting.push(batch)
    rows += batch.length
    if (rows < GROUP) continue
    yield* group(waiting, rows)
    ;[waiting, rows] = [[], 0]
  }
  if (rows > 0) yield* group(waiting, rows)
  parquet.finish()
  yield drained()

  function* group(parts: typeof waiting, length: number): Generator<Uint8Array> {
    const columnData = columns.map((column, place) => ({
      name: column.name,
      data: dataOf(
        column,
        parts.map(({ columns: held }) => held[place] as ColumnBatch),
        length
      ) as unknown[],
      statistics: column.type === 'time',
      // Times rise, and so do counters: their differences are small.
      ...(column.type === 'time' && { encoding: 'DELTA_BINARY_PACKED' as const })
    }))
    parquet.write({ columnData, rowGroupSize: length })
    yield drained()
  }

  /** What was written since, as bytes of its own. */
  function drained(): Uint8Array {
    const bytes = writer.getBytes().slice()
    writer.index = 0
    return bytes
  }
}

function elementOf({ name, type }: Column) {
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

/** The column of a row group: one array, typed where nothing is absent. */
function dataOf({ type }: Column, parts: readonly ColumnBatch[], length: number): Data {
  const complete = parts.every(({ present }) => present === undefined)
  if (complete && (type === 'time' || type === 'integer' || type === 'number')) {
    if (parts.length === 1) return parts[0]?.values as Data
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
