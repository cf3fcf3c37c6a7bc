/**
 * What a batch of the log holds, as bytes: compact JSON, and behind it the bodies and runs as they are, in the order in
 * which they are named. Compressed, as machines repeat themselves.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { qualities } from '../../model/samples.ts'
import type { Change, DocumentKind, Facet, FileEntry, LoggedChange } from '../store.ts'
import type { Content, Control, LoggedCommit, Note } from './content.ts'

type Json = string | number | null | readonly Json[] | { readonly [name: string]: Json }

/** Shorter ones are not worth the time. */
const COMPRESSED = 1024
const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }
const [PLAIN, ZSTD] = [0, 1]

export function encodeContent({ commits, controls }: Content): Buffer {
  const tail: Uint8Array[] = []
  const written = JSON.stringify([
    commits.map(({ changes, notes, told, time = 0 }) =>
      told === undefined
        ? [changes.map((change) => write(change, tail)), notes]
        : [told.map((one) => tell(one, tail)), time]
    ),
    controls
  ])
  const json = Buffer.from(written)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.length)
  const whole = Buffer.concat([length, json, ...tail])
  if (whole.length < COMPRESSED) return Buffer.concat([Buffer.of(PLAIN), whole])
  return Buffer.concat([Buffer.of(ZSTD), zstdCompressSync(whole, LEVEL)])
}

export function decodeContent(bytes: Uint8Array): Content {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const whole = buffer[0] === ZSTD ? zstdDecompressSync(buffer.subarray(1)) : buffer.subarray(1)
  const end = 4 + whole.readUInt32LE(0)
  const [commits, controls] = JSON.parse(whole.toString('utf8', 4, end)) as [
    (readonly [Row[], Note[] | number])[],
    Control[]
  ]
  let at = end
  const take = (length: number) => {
    at += length
    return whole.subarray(at - length, at)
  }
  return {
    controls,
    commits: commits.map(([rows, more]): LoggedCommit => {
      if (typeof more === 'number') {
        return { changes: [], notes: [], told: rows.map((row) => hear(row, take)), time: more }
      }
      return { changes: rows.map((row) => read(row, take)), notes: more }
    })
  }
}

// Rows begin with a letter; what follows depends on it.
// biome-ignore lint/suspicious/noExplicitAny: read by the code below alone, which wrote it
type Row = any

function write(change: Change, tail: Uint8Array[]): Json {
  switch (change.change) {
    case 'value': {
      const { submodel, path, stamp, value, sourceTime, quality } = change
      return ['v', submodel, path, stamp, value, time(sourceTime), qualities.indexOf(quality)]
    }
    case 'samples': {
      const { submodel, path, stamp, run, count, from, to, value, quality } = change
      tail.push(run)
      return ['s', submodel, path, stamp, value, qualities.indexOf(quality), count, time(from), time(to), run.length]
    }
    case 'create':
    case 'replace': {
      const { kind, id, json, facets } = change
      const bytes = Buffer.from(json)
      tail.push(bytes)
      const common = [kind, id, facets as Json, bytes.length] as const
      return change.change === 'create' ? ['c', ...common] : ['r', ...common, change.touched ?? null]
    }
    case 'delete':
      return ['d', change.kind, change.id]
    case 'once':
      return ['o', change.key]
    case 'attach':
      return ['a', change.kind, change.id, change.files as unknown as Json]
    case 'detach':
      return ['x', change.kind, change.id, change.names]
  }
}

function read(row: Row, take: (length: number) => Buffer): Change {
  switch (row[0] as string) {
    case 'v': {
      const [, submodel, path, stamp, value, sourceTime, quality] = row
      return {
        change: 'value',
        submodel,
        path,
        stamp,
        value,
        ...(sourceTime !== null && { sourceTime: BigInt(sourceTime) }),
        ...named(quality)
      }
    }
    case 's': {
      const [, submodel, path, stamp, value, quality, count, from, to, length] = row
      const [run, times] = [take(length), { from: BigInt(from), to: BigInt(to) }]
      return { change: 'samples', submodel, path, stamp, value, ...named(quality), count, ...times, run }
    }
    case 'c':
    case 'r': {
      const [letter, kind, id, facets, length, touched] = row as [
        string,
        DocumentKind,
        string,
        Facet[],
        number,
        string[] | null
      ]
      const json = take(length).toString()
      if (letter === 'c') return { change: 'create', kind, id, json, facets }
      return { change: 'replace', kind, id, json, facets, ...(touched !== null && { touched }) }
    }
    case 'd':
      return { change: 'delete', kind: row[1], id: row[2] }
    case 'o':
      return { change: 'once', key: row[1] }
    case 'a':
      return { change: 'attach', kind: row[1], id: row[2], files: row[3] as FileEntry[] }
    default:
      return { change: 'detach', kind: row[1], id: row[2], names: row[3] as string[] }
  }
}

/** Entries that came from another store are kept as they were told. */
function tell(change: LoggedChange, tail: Uint8Array[]): Json {
  if (change.change === 'value') {
    const { submodel, path, value, sourceTime, quality } = change
    return ['v', submodel, path, value, time(sourceTime), qualities.indexOf(quality)]
  }
  if (change.change === 'samples') {
    const { submodel, path, count, from, to, run } = change
    tail.push(run)
    return ['s', submodel, path, count, time(from), time(to), run.length]
  }
  return ['d', change.change, change.kind, change.id, change.touched ?? null]
}

function hear(row: Row, take: (length: number) => Buffer): LoggedChange {
  if (row[0] === 'v') {
    const [, submodel, path, value, sourceTime, quality] = row
    return { change: 'value', submodel, path, value, sourceTime: BigInt(sourceTime), ...named(quality) }
  }
  if (row[0] === 's') {
    const [, submodel, path, count, from, to, length] = row
    return { change: 'samples', submodel, path, count, from: BigInt(from), to: BigInt(to), run: take(length) }
  }
  const [, change, kind, id, touched] = row
  return touched === null ? { change, kind, id } : { change, kind, id, touched }
}

/** As text: JSON has no integers of 64 bits. */
function time(value: bigint | undefined): string | null {
  return value === undefined ? null : String(value)
}

function named(code: number) {
  const quality = qualities[code]
  return quality === undefined ? {} : { quality }
}
