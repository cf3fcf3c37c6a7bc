/** Results of InfluxQL as InfluxDB 1.x writes them: JSON, JSON in chunks, and CSV. */
import { formatTime } from '../../model/time.ts'
import { type TimeZone, UTC } from '../../model/time-zone.ts'

export type ResultCell = number | bigint | boolean | string | undefined

export type ResultRow = readonly ResultCell[]

export interface ResultSeries {
  readonly name?: string
  readonly tags?: Readonly<Record<string, string>>
  readonly columns: readonly string[]
  /** The first column is a time in nanoseconds since 1970. */
  readonly isTimed?: boolean
  /** Batches of at least one row. */
  readonly rows: AsyncIterable<readonly ResultRow[]> | Iterable<readonly ResultRow[]>
}

/** Of one statement. */
export interface StatementResult {
  readonly series: AsyncIterable<ResultSeries> | Iterable<ResultSeries>
  /** Of times in text. */
  readonly zone?: TimeZone
}

export const EPOCHS = {
  ns: 1n,
  u: 1000n,
  µ: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n
} as const

export interface ResultOptions {
  readonly format: 'json' | 'csv'
  /** Times are numbers of this unit since 1970; absent: text in JSON, nanoseconds in CSV. */
  readonly epoch?: keyof typeof EPOCHS
  /** Rows of each JSON document; absent: one document. */
  readonly chunkSize?: number
}

/** Characters that are gathered before they are passed on. */
const PART_LENGTH = 32_768

export function writeResults(
  results: AsyncIterable<StatementResult> | Iterable<StatementResult>,
  options: ResultOptions
): AsyncGenerator<Uint8Array> {
  if (options.format === 'csv') return gathered(csvTexts(results, options))
  return gathered(
    options.chunkSize === undefined ? jsonTexts(results, options) : chunkTexts(results, options.chunkSize, options)
  )
}

async function* gathered(texts: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  let part = ''
  for await (const text of texts) {
    part += text
    if (part.length < PART_LENGTH) continue
    yield Buffer.from(part)
    part = ''
  }
  yield Buffer.from(part)
}

async function* jsonTexts(
  results: AsyncIterable<StatementResult> | Iterable<StatementResult>,
  options: ResultOptions
): AsyncGenerator<string> {
  let statement = 0
  yield '{"results":['
  for await (const { series, zone } of results) {
    yield `${statement === 0 ? '' : ','}{"statement_id":${statement++}`
    let isFirst = true
    for await (const one of series) {
      yield `${isFirst ? ',"series":[' : ','}${headOf(one)},"values":[`
      isFirst = false
      const writeTime = timeWriter(one, options, zone)
      let separator = ''
      for await (const rows of one.rows) {
        yield separator + jsonRows(rows, writeTime)
        separator = ','
      }
      yield ']}'
    }
    yield isFirst ? '}' : ']}'
  }
  yield ']}\n'
}

/** A document for each chunk; `partial` where more follows of a series, or of a statement. */
async function* chunkTexts(
  results: AsyncIterable<StatementResult> | Iterable<StatementResult>,
  size: number,
  options: ResultOptions
): AsyncGenerator<string> {
  let statement = 0
  for await (const { series, zone } of results) {
    let waiting: string | undefined
    let isAny = false
    for await (const one of series) {
      const writeTime = timeWriter(one, options, zone)
      for await (const { rows, isLast } of chunksOf(one.rows, size)) {
        if (waiting !== undefined) yield chunk(statement, waiting, true)
        waiting = `${headOf(one)},"values":[${jsonRows(rows, writeTime)}]${isLast ? '' : ',"partial":true'}}`
        isAny = true
      }
    }
    if (waiting !== undefined) yield chunk(statement, waiting, false)
    if (!isAny) yield `{"results":[{"statement_id":${statement}}]}\n`
    statement++
  }
}

function chunk(statement: number, series: string, isPartial: boolean): string {
  return `{"results":[{"statement_id":${statement},"series":[${series}]${isPartial ? ',"partial":true' : ''}}]}\n`
}

async function* chunksOf(
  batches: ResultSeries['rows'],
  size: number
): AsyncGenerator<{ readonly rows: readonly ResultRow[]; readonly isLast: boolean }> {
  let held: ResultRow[] = []
  for await (const batch of batches) {
    for (const row of batch) {
      if (held.length === size) {
        yield { rows: held, isLast: false }
        held = []
      }
      held.push(row)
    }
  }
  if (held.length > 0) yield { rows: held, isLast: true }
}

function headOf({ name, tags, columns }: ResultSeries): string {
  return JSON.stringify({ name, tags, columns }).slice(0, -1)
}

type TimeWriter = (time: bigint) => string

/** @returns undefined where there is no time */
function timeWriter({ isTimed }: ResultSeries, { epoch }: ResultOptions, zone: TimeZone = UTC): TimeWriter | undefined {
  if (isTimed !== true) return undefined
  return epoch === undefined ? (time) => `"${timeText(time, zone)}"` : (time) => String(time / EPOCHS[epoch])
}

function jsonRows(rows: readonly ResultRow[], writeTime: TimeWriter | undefined): string {
  return rows
    .map(
      (row) =>
        `[${row.map((cell, at) => (at === 0 && writeTime !== undefined ? writeTime(cell as bigint) : json(cell))).join()}]`
    )
    .join()
}

function json(cell: ResultCell): string {
  if (typeof cell === 'number') return Number.isFinite(cell) ? String(cell) : 'null'
  if (typeof cell === 'bigint' || typeof cell === 'boolean') return String(cell)
  return cell === undefined ? 'null' : JSON.stringify(cell)
}

const SECOND = 1_000_000_000n

/** RFC 3339, without zeros at the end of the second. */
function timeText(time: bigint, zone: TimeZone): string {
  const offset = zone.offsetAt(time)
  const text = formatTime(time + offset).replace(/\.?0*Z$/, '')
  if (offset === 0n) return `${text}Z`
  const minutes = Number((offset < 0n ? -offset : offset) / (60n * SECOND))
  const [hour, minute] = [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0'))
  return `${text}${offset < 0n ? '-' : '+'}${hour}:${minute}`
}

// ---- CSV

async function* csvTexts(
  results: AsyncIterable<StatementResult> | Iterable<StatementResult>,
  { epoch = 'ns' }: ResultOptions
): AsyncGenerator<string> {
  let columns: string | undefined
  for await (const { series } of results) {
    for await (const { name = '', tags = {}, isTimed = false, rows, ...one } of series) {
      const head = ['name', 'tags', ...one.columns].map(csv).join()
      // Series of the same columns follow without a line in between.
      if (head !== columns) yield `${columns === undefined ? '' : '\n'}${head}\n`
      columns = head
      const pairs = Object.entries(tags).map(([tag, value]) => `${escaped(tag)}=${escaped(value)}`)
      const before = `${csv(name)},${csv(pairs.join())}`
      const write = (cell: ResultCell, at: number) =>
        at === 0 && isTimed ? String((cell as bigint) / EPOCHS[epoch]) : cell === undefined ? '' : csv(String(cell))
      for await (const batch of rows) yield batch.map((row) => `${before},${row.map(write).join()}\n`).join('')
    }
  }
}

/** As in the line protocol. */
export function escaped(text: string): string {
  return text.replace(/[,= ]/g, '\\$&')
}

function csv(text: string): string {
  return /[",\r\n]|^\s/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
