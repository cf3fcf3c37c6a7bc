/** The samples of a series as each endpoint and format returns them, in one form. */
import { tableFromIPC } from 'apache-arrow'
import { parquetReadObjects } from 'hyparquet'
import { encode, type Running } from '../e2e/harness.ts'
import { NUMERIC, type Quality, type Type, textOf, WHOLE } from './history-model.ts'

/** A value as text: numbers as JavaScript writes them, infinite ones as XML Schema does. */
export interface ShownSample {
  readonly time: number
  readonly text: string
  readonly quality?: Quality | undefined
}

export const formats = ['json', 'ndjson', 'csv', 'parquet', 'arrow', 'flux'] as const

export type Format = (typeof formats)[number]

/** A whole series, in one response. */
export async function samplesOf(hub: Running, path: string, type: Type, format: Format): Promise<ShownSample[]> {
  const response = await fetch(`${hub.url}/timeseries?submodel=urn:m&path=${path}&quality=true&format=${format}`)
  const bytes = new Uint8Array(await response.arrayBuffer())
  if (response.status !== 200) throw new Error(`${format}: ${response.status} ${Buffer.from(bytes)}`)
  return readers[format](bytes, path, type)
}

/** A whole series as JSON, page by page. */
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

/** Every value of a series that was ever acknowledged, replayed from the log. */
export async function replayed(hub: Running, path: string, type: Type): Promise<ShownSample[]> {
  const found: ShownSample[] = []
  let cursor: string | undefined
  for (;;) {
    const query = `submodel=${encode('urn:m')}&path=${path}&kind=value&envelope=plain&limit=1000`
    const since = cursor === undefined ? '' : `&since=${encodeURIComponent(cursor)}`
    const { status, text, json } = await hub.get(`/events?${query}${since}`)
    if (status !== 200) throw new Error(text)
    for (const event of json.records) {
      if (event.kind === 'value') found.push(shown(type, Date.parse(event.sourceTime), event.value, event.quality))
    }
    if (json.records.length === 0 || json.next === cursor) return found
    cursor = json.next
  }
}

/** Texts, and whole numbers beyond what a double holds exactly, are marked if they arrive as another type. */
export function shown(type: Type, time: number, value: unknown, quality?: unknown): ShownSample {
  const isText = typeof value === 'string' || type === 'xs:boolean'
  const isUnsure =
    WHOLE.has(type) && typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER && Number.isFinite(value)
  const text = isUnsure
    ? `number ${value}`
    : NUMERIC.has(type)
      ? textOf(value)
      : isText
        ? String(value)
        : `${typeof value} ${value}`
  return quality === undefined || quality === null || quality === ''
    ? { time, text }
    : { time, text, quality: quality as Quality }
}

const readers: Record<Format, (bytes: Uint8Array, path: string, type: Type) => ShownSample[] | Promise<ShownSample[]>> =
  {
    json: (bytes, _, type) => rowsOf(JSON.parse(Buffer.from(bytes).toString()).rows, type),
    ndjson: (bytes, path, type) =>
      lines(bytes).map((line) => {
        const row = JSON.parse(line)
        return shown(type, Date.parse(row.time), row[path], row[`${path}.quality`])
      }),
    csv: (bytes, _, type) =>
      lines(bytes)
        .slice(1)
        .map((line) => {
          const [time = '', value, quality] = fields(line)
          return shown(type, Date.parse(time), value, quality)
        }),
    parquet: async (bytes, path, type) => {
      const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer
      const rows = (await parquetReadObjects({ file })) as Record<string, unknown>[]
      return rows.map((row) => shown(type, timeOf(row.time), row[path], row[`${path}.quality`]))
    },
    arrow: (bytes, path, type) => {
      const table = tableFromIPC(bytes)
      return Array.from({ length: table.numRows }, (_, i) => {
        const at = (name: string) => table.getChild(name)?.get(i)
        return shown(type, timeOf(at('time')), at(path), at(`${path}.quality`))
      })
    },
    flux: (bytes, path, type) => fluxOf(bytes, path, type)
  }

/** One variable of annotated CSV. */
export function fluxOf(bytes: Uint8Array, path: string, type: Type): ShownSample[] {
  return lines(bytes)
    .map(fields)
    .filter(([mark, , , , , field]) => mark === '' && field === path)
    .map(([, , , time = '', value]) => shown(type, Date.parse(time), INFINITE.get(value ?? '') ?? value))
}

/** As Flux spells them. */
const INFINITE: ReadonlyMap<string, string> = new Map([
  ['+Inf', 'INF'],
  ['-Inf', '-INF']
])

export function rowsOf(rows: readonly (readonly unknown[])[], type: Type): ShownSample[] {
  return rows.map(([time, value, quality]) => shown(type, Date.parse(String(time)), value, quality))
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
