/** Writes tables as JSON, NDJSON and CSV. */
import { isNumeric } from '../../model/datatypes.ts'
import { numberOf } from '../../model/samples.ts'
import type { DataTypeDefXsd } from '../../model/types.ts'
import { exactNumber } from '../to-value.ts'
import type { ColumnBatch, Table, TableColumn } from './table.ts'
import { type TimeFormatter, timeFormatter, type WriteOptions } from './time-format.ts'
import { numberText } from './widen.ts'

const encoder = new TextEncoder()

/** One object with the columns and a list of values per row. */
export async function* writeJson(
  { columns, metadata, batches }: Table,
  options: WriteOptions = {}
): AsyncGenerator<Uint8Array> {
  const time = jsonTime(options)
  const head = JSON.stringify({ columns, ...(metadata !== undefined && { metadata }) })
  yield encoder.encode(`${head.slice(0, -1)},"rows":[`)
  let first = true
  for await (const { length, columns: values } of batches) {
    const cells = values.map((column, place) => jsonCells(columns[place], column, time))
    let text = ''
    for (let row = 0; row < length; row++) {
      text += `${first ? '' : ',\n'}[${cells.map((cell) => cell(row)).join(',')}]`
      first = false
    }
    yield encoder.encode(text)
  }
  yield encoder.encode(']}')
}

/** One object per row, keyed by column name; absent values are left out. */
export async function* writeNdjson(
  { columns, batches }: Table,
  options: WriteOptions = {}
): AsyncGenerator<Uint8Array> {
  const time = jsonTime(options)
  const names = columns.map(({ name }) => JSON.stringify(name))
  for await (const { length, columns: values } of batches) {
    const cells = values.map((column, place) => jsonCells(columns[place], column, time))
    let text = ''
    for (let row = 0; row < length; row++) {
      const members: string[] = []
      for (const [place, cell] of cells.entries()) {
        const value = cell(row)
        if (value !== 'null') members.push(`${names[place]}:${value}`)
      }
      text += `{${members.join(',')}}\n`
    }
    yield encoder.encode(text)
  }
}

/**
 * RFC 4180, with the byte order mark by which spreadsheets recognise UTF-8. Headers are display names, or else column
 * names, with the unit.
 */
export async function* writeCsv({ columns, batches }: Table, options: WriteOptions = {}): AsyncGenerator<Uint8Array> {
  const time = timeFormatter(options)
  const heads = columns.map(({ name, label, unit }) =>
    csvField(`${label ?? name}${unit === undefined ? '' : ` [${unit}]`}`)
  )
  yield encoder.encode(`\uFEFF${heads.join(',')}\r\n`)
  for await (const { length, columns: values } of batches) {
    const cells = values.map((column, place) => csvCells(columns[place], column, time))
    let text = ''
    for (let row = 0; row < length; row++) text += `${cells.map((cell) => cell(row)).join(',')}\r\n`
    yield encoder.encode(text)
  }
}

type CellWriter = (row: number) => string

/**
 * Values as JSON: a number if that is exact, else a string. So a value is written the same in every batch.
 */
function jsonCells(column: TableColumn | undefined, batch: ColumnBatch, time: TimeFormatter): CellWriter {
  const { present } = batch
  const write = jsonCell(column, batch, time)
  return present === undefined ? write : (row) => (present[row] === 1 ? write(row) : 'null')
}

function jsonCell(
  column: TableColumn | undefined,
  { values, type = column?.type }: ColumnBatch,
  time: TimeFormatter
): CellWriter {
  switch (type) {
    case 'time':
      return (row) => time(values[row] as bigint)
    case 'number':
      return (row) => {
        const number = values[row] as number
        return Number.isFinite(number) ? String(number) : `"${numberText(number)}"`
      }
    case 'integer':
      return (row) => {
        const whole = values[row] as bigint
        return whole > MAX_SAFE_INTEGER || whole < -MAX_SAFE_INTEGER ? `"${whole}"` : String(whole)
      }
    case 'boolean':
      return (row) => (values[row] === 1 ? 'true' : 'false')
    default:
      return textCell(values as readonly string[], column?.valueType as DataTypeDefXsd | undefined)
  }
}

const MAX_SAFE_INTEGER = BigInt(Number.MAX_SAFE_INTEGER)

/** Texts of a numeric or boolean column that was widened to text. */
function textCell(values: readonly string[], valueType: DataTypeDefXsd | undefined): CellWriter {
  if (valueType === 'xs:boolean') {
    return (row) => (values[row] === 'true' || values[row] === 'false' ? values[row] : JSON.stringify(values[row]))
  }
  if (valueType === undefined || !isNumeric(valueType)) return (row) => JSON.stringify(values[row])
  return (row) => {
    const text = values[row] ?? ''
    const number = Number.isFinite(numberOf(text)) ? exactNumber(valueType, text) : undefined
    return number === undefined || text === 'true' || text === 'false' ? JSON.stringify(text) : String(number)
  }
}

/** A JSON number unless readers would round it. */
function jsonTime(options: WriteOptions): TimeFormatter {
  const write = timeFormatter(options)
  return (time) => {
    const text = write(time)
    return Number.isSafeInteger(Number(text)) && !text.includes('.') ? text : `"${text}"`
  }
}

function csvCells(column: TableColumn | undefined, batch: ColumnBatch, time: TimeFormatter): CellWriter {
  const { present } = batch
  const write = csvCell(column, batch, time)
  return present === undefined ? write : (row) => (present[row] === 1 ? write(row) : '')
}

function csvCell(
  column: TableColumn | undefined,
  { values, type = column?.type }: ColumnBatch,
  time: TimeFormatter
): CellWriter {
  switch (type) {
    case 'time':
      return (row) => time(values[row] as bigint)
    case 'number':
      return (row) => numberText(values[row] as number)
    case 'integer':
      return (row) => String(values[row])
    case 'boolean':
      return (row) => (values[row] === 1 ? 'true' : 'false')
    default:
      return (row) => csvTextField(String(values[row]))
  }
}

/** Quotes texts that begin like a number, so that spreadsheets can be configured to keep their digits. */
function csvTextField(text: string): string {
  return /^[+-]?[.\d]/.test(text) ? `"${text.replaceAll('"', '""')}"` : csvField(text)
}

/** A field of CSV. */
export function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
