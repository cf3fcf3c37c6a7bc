/**
 * InfluxDB's annotated CSV: a table per column, a row per value, and annotations wherever the type of the values changes.
 * (Not RFC 4180: clients find the header by its second field.)
 */
import { formatTime } from '../../model/time.ts'
import type { ColumnBatch, ColumnType, Table, TableColumn } from './table.ts'
import { csvField } from './text.ts'
import { conform, numberText } from './widen.ts'

/** Flux names of column types. */
const TYPES: Readonly<Record<ColumnType, string>> = {
  time: 'dateTime:RFC3339',
  number: 'double',
  integer: 'long',
  boolean: 'boolean',
  text: 'string'
}

/** Columns follow one another, so the batches of a table with several columns are collected in memory. */
export async function* writeFlux(table: Table): AsyncGenerator<Uint8Array> {
  const [time, ...columns] = table.columns
  if (time === undefined) return
  const batches = columns.length > 1 ? await Array.fromAsync(table.batches) : table.batches
  yield* writeFluxTables(
    (async function* () {
      for (const [place, column] of columns.entries()) yield { columns: [time, column], batches: only(place + 1) }
    })()
  )

  async function* only(place: number) {
    for await (const { length, columns: pieces } of batches) {
      yield { length, columns: [pieces[0], pieces[place]] as ColumnBatch[] }
    }
  }
}

/** Streams tables of a time column and one other column. */
export async function* writeFluxTables(tables: AsyncIterable<Table>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  let before: string | undefined
  let number = 0
  for await (const { columns, batches } of tables) {
    const column = columns[1]
    if (column === undefined) continue
    const type = TYPES[column.type]
    if (type !== before) yield encoder.encode(`${before === undefined ? '' : '\r\n'}${annotations(type)}`)
    before = type
    const head = `,,${number++},`
    const field = csvField(column.name)
    for await (const { length, columns: pieces } of batches) {
      const times = pieces[0]?.values as BigInt64Array
      const value = valuesOf(column, pieces[1] as ColumnBatch)
      let text = ''
      for (let row = 0; row < length; row++) {
        const cell = value(row)
        if (cell !== undefined) text += `${head}${formatTime(times[row] ?? 0n)},${cell},${field}\r\n`
      }
      yield encoder.encode(text)
    }
  }
  if (before === undefined) yield encoder.encode(annotations('double'))
}

function annotations(type: string): string {
  return [
    `#datatype,string,long,dateTime:RFC3339,${type},string`,
    '#group,false,false,false,false,true',
    '#default,_result,,,,',
    ',result,table,_time,_value,_field',
    ''
  ].join('\r\n')
}

function valuesOf(column: TableColumn, piece: ColumnBatch): (row: number) => string | undefined {
  const { values, present } = conform(column, piece)
  const write = (row: number): string => {
    switch (column.type) {
      case 'number':
        return infinite(numberText(values[row] as number))
      case 'boolean':
        return values[row] === 1 ? 'true' : 'false'
      default:
        return csvField(String(values[row]))
    }
  }
  return present === undefined ? write : (row) => (present[row] === 1 ? write(row) : undefined)
}

/** Infinity in Flux spelling. */
function infinite(text: string): string {
  return text === 'INF' ? '+Inf' : text === '-INF' ? '-Inf' : text
}
