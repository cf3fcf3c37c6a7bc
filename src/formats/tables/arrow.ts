/** Writes tables as an Arrow IPC stream, batch by batch. */
import {
  AsyncByteQueue,
  Bool,
  type Data,
  type DataType,
  Field,
  Float64,
  Int64,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  TimestampNanosecond,
  Utf8,
  vectorFromArray
} from 'apache-arrow'
import { type TimeZone, UTC } from '../../model/time-zone.ts'
import type { ColumnBatch, Table, TableColumn } from './table.ts'
import type { WriteOptions } from './time-format.ts'
import { conform } from './widen.ts'

export async function* writeArrow(
  { columns, metadata = {}, batches }: Table,
  { zone = UTC }: WriteOptions = {}
): AsyncGenerator<Uint8Array> {
  const fields = columns.map((column) => fieldOf(column, zone))
  const schema = new Schema(fields, new Map(Object.entries(metadata)))
  const bytes = new DrainableSink()
  const writer = new RecordBatchStreamWriter()
  writer.reset(bytes, schema)
  for await (const { length, columns: held } of batches) {
    const children = fields.map((field, place) =>
      dataOf(field.type, conform(columns[place] as TableColumn, held[place] as ColumnBatch), length)
    )
    writer.write(new RecordBatch(schema, makeData({ type: new Struct(fields), length, children, nullCount: 0 })))
    yield* bytes.take()
  }
  writer.finish()
  yield* bytes.take()
}

/** Collects written bytes until they are taken: those of a column are its batch. */
class DrainableSink extends AsyncByteQueue {
  #bytes: Uint8Array[] = []

  override write(value: Uint8Array): void {
    if (value.byteLength > 0) this.#bytes.push(value)
  }

  take(): Uint8Array[] {
    return this.#bytes.splice(0)
  }
}

function fieldOf({ name, type, valueType, unit, semanticId, label }: TableColumn, zone: TimeZone): Field {
  const known = Object.entries({ valueType, unit, semanticId, label }).filter(
    (fact): fact is [string, string] => fact[1] !== undefined
  )
  return new Field(name, typeOf(type, zone), type !== 'time', new Map(known))
}

function typeOf(type: TableColumn['type'], zone: TimeZone): DataType {
  switch (type) {
    case 'time':
      return new TimestampNanosecond(zone.name)
    case 'number':
      return new Float64()
    case 'integer':
      return new Int64()
    case 'boolean':
      return new Bool()
    case 'text':
      return new Utf8()
  }
}

function dataOf(type: DataType, { values, present }: ColumnBatch, length: number): Data {
  if (type instanceof Utf8 || type instanceof Bool) {
    const list = Array.from(values as ArrayLike<unknown>, (value, row) => {
      if (present !== undefined && present[row] !== 1) return null
      return type instanceof Bool ? value === 1 : value
    })
    return vectorFromArray(list, type).data[0] as Data
  }
  return makeData({ type: type as Float64, length, data: values as Float64Array, ...validity(present, length) })
}

/** One bit per row, the first in the lowest. */
function validity(present: Uint8Array | undefined, length: number) {
  if (present === undefined) return { nullCount: 0 }
  const bits = new Uint8Array(Math.ceil(length / 64) * 8)
  let nullCount = 0
  for (let row = 0; row < length; row++) {
    if (present[row] === 1) bits[row >> 3] = (bits[row >> 3] ?? 0) | (1 << (row & 7))
    else nullCount++
  }
  return { nullCount, nullBitmap: bits }
}
