/** The samples of a series as each door shows them, in one form. */
import { tableFromIPC } from 'apache-arrow'
import { parquetReadObjects } from 'hyparquet'
import type { Running } from '../e2e/harness.ts'
import type { Quality } from './history-model.ts'

/** A value as text: numbers as JavaScript writes them, infinite ones as XML Schema does. */
export interface Shown {
  readonly time: number
  readonly text: string
  readonly quality?: Quality | undefined
}

export const formats = ['json', 'ndjson', 'csv', 'parquet', 'arrow', 'flux'] as const

export type Format = (typeof formats)[number]

/** All of a series, in one answer. */
export async function samplesOf(hub: Running, path: string, format: Format): Promise<Shown[]> {
  const response = await fetch(`${hub.url}/timeseries?submodel=urn:m&path=${path}&quality=true&format=${format}`)
  const bytes = new Uint8Array(await response.arrayBuffer())
  if (response.status !== 200) throw new Error(`${format}: ${response.status} ${Buffer.from(bytes)}`)
  return readers[format](bytes, path)
}

/** All of a series as JSON, page by page. */
export async function pagedRows(hub: Running, query: string, limit: number): Promise<unknown[][]> {
  const rows: unknown[][] = []
  let next: string | undefined = `/timeseries?submodel=urn:m&${query}&limit=${limit}`
  for (let page = 0; next !== undefined; page++) {
    if (page > 500) throw new Error(`Pages of ${limit} do not end`)
    const { status, text, json, headers } = await hub.get(hub.url + next)
    if (status !== 200) throw new Error(text)
    rows.push(...json.rows)
    next = /<([^>]*)>; rel="next"/.exec(headers.get('link') ?? '')?.[1]
  }
  return rows
}

/** Every value that was ever acknowledged of a series, as the log tells it. */
export async function replayed(hub: Running, path: string): Promise<Shown[]> {
  const found: Shown[] = []
  let cursor: string | undefined
  for (;;) {
    const query = `submodel=${encodeId('urn:m')}&path=${path}&kind=value&envelope=plain&limit=1000`
    const since = cursor === undefined ? '' : `&since=${encodeURIComponent(cursor)}`
    const { status, text, json } = await hub.get(`/events?${query}${since}`)
    if (status !== 200) throw new Error(text)
    for (const event of json.records) {
      if (event.kind === 'value') found.push(shown(path, Date.parse(event.sourceTime), event.value, event.quality))
    }
    if (json.records.length === 0 || json.next === cursor) return found
    cursor = json.next
  }
}

export function shown(path: string, time: number, value: unknown, quality?: unknown): Shown {
  const text = NUMBERS.has(path) ? textOf(value) : String(value)
  return quality === undefined || quality === null || quality === ''
    ? { time, text }
    : { time, text, quality: quality as Quality }
}

const NUMBERS: ReadonlySet<string> = new Set(['int', 'long', 'unsignedLong', 'double', 'decimal'])

const readers: Record<Format, (bytes: Uint8Array, path: string) => Shown[] | Promise<Shown[]>> = {
  json: (bytes, path) => rowsOf(JSON.parse(Buffer.from(bytes).toString()).rows, path),
  ndjson: (bytes, path) =>
    lines(bytes).map((line) => {
      const row = JSON.parse(line)
      return shown(path, Date.parse(row.time), row[path], row[`${path}.quality`])
    }),
  csv: (bytes, path) =>
    lines(bytes)
      .slice(1)
      .map((line) => {
        const [time = '', value, quality] = fields(line)
        return shown(path, Date.parse(time), value, quality)
      }),
  parquet: async (bytes, path) => {
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer
    const rows = (await parquetReadObjects({ file })) as Record<string, unknown>[]
    return rows.map((row) => shown(path, timeOf(row.time), row[path], row[`${path}.quality`]))
  },
  arrow: (bytes, path) => {
    const table = tableFromIPC(bytes)
    return Array.from({ length: table.numRows }, (_, i) => {
      const at = (name: string) => table.getChild(name)?.get(i)
      return shown(path, timeOf(at('time')), at(path), at(`${path}.quality`))
    })
  },
  flux: (bytes, path) =>
    lines(bytes)
      .map(fields)
      .filter(([mark, , , , , field]) => mark === '' && field === path)
      .map(([, , , time = '', value]) => shown(path, Date.parse(time), value))
}

export function rowsOf(rows: readonly (readonly unknown[])[], path: string): Shown[] {
  return rows.map(([time, value, quality]) => shown(path, Date.parse(String(time)), value, quality))
}

function lines(bytes: Uint8Array): string[] {
  return Buffer.from(bytes)
    .toString()
    .split(/\r?\n/)
    .filter((line) => line !== '')
}

/** Of one line of CSV. */
function fields(line: string): string[] {
  return [...`,${line}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? ''
  )
}

function timeOf(time: unknown): number {
  if (time instanceof Date) return time.getTime()
  return typeof time === 'bigint' ? Number(time / 1_000_000n) : Number(time)
}

/** Texts of numbers are told apart by what they say, not by how it is written. */
export function textOf(value: unknown): string {
  if (value === Number.POSITIVE_INFINITY) return 'INF'
  if (value === Number.NEGATIVE_INFINITY) return '-INF'
  const text = String(value)
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return text
  return /^-?[1-9]\d{15,}$/.test(text) ? text : String(Number(text))
}

function encodeId(id: string): string {
  return Buffer.from(id).toString('base64url')
}
