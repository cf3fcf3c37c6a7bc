/**
 * What a batch of the log holds, as bytes: compact JSON, and behind it the bodies and runs as they are, in the order in
 * which they are named. Compressed, as machines repeat themselves.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { qualities } from '../../model/samples.ts'
import { readText } from '../document-text.ts'
import type { Change, DocumentKind, Facet, FileEntry, LoggedChange, SubtreeAction, Timing } from '../store.ts'
import type { Content, Control, LoggedCommit, Note } from './content.ts'

/** What a change takes in memory beside its text, roughly. */
const BATCH_OVERHEAD_BYTES = 200

/** Content as it lies in the database. */
export interface PackedContent {
  readonly bytes: Buffer
  /** Bytes that it takes in memory, roughly: many times as many. */
  readonly weight: number
}

/** Shorter ones are not worth the time. */
const MIN_COMPRESSED_BYTES = 1024
const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }
const [PLAIN, ZSTD] = [0, 1]

export function encodeContent({ commits, controls }: Content): PackedContent {
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
  const isShort = whole.length < MIN_COMPRESSED_BYTES
  const bytes = isShort ? [Buffer.of(PLAIN), whole] : [Buffer.of(ZSTD), zstdCompressSync(whole, LEVEL)]
  return { bytes: Buffer.concat(bytes), weight: weightOf(whole, commits) }
}

function weightOf(whole: Buffer, commits: Content['commits']): number {
  return commits.reduce(
    (sum, { changes, told = [] }) => sum + BATCH_OVERHEAD_BYTES * (1 + changes.length + told.length),
    whole.length
  )
}

export function decodeContent(bytes: Uint8Array): { content: Content; weight: number } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const whole = buffer[0] === ZSTD ? zstdDecompressSync(buffer.subarray(1)) : buffer.subarray(1)
  const end = 4 + whole.readUInt32LE(0)
  const [commits, controls] = JSON.parse(whole.toString('utf8', 4, end)) as [
    (readonly [Row[], Note[]] | readonly [ToldRow[], number])[],
    Control[]
  ]
  let at = end
  const take = (length: number) => {
    at += length
    return whole.subarray(at - length, at)
  }
  const read = commits.map((written): LoggedCommit => {
    if (isTold(written)) {
      const [rows, time] = written
      return { changes: [], notes: [], told: rows.map((row) => hear(row, take)), time }
    }
    const [rows, notes] = written
    return { changes: rows.map((row) => readChange(row, take)), notes }
  })
  return { content: { controls, commits: read }, weight: weightOf(whole, read) }
}

function isTold(written: readonly [unknown, unknown]): written is readonly [ToldRow[], number] {
  return typeof written[1] === 'number'
}

type Code = number
/** Missing in what was written before it was told. */
type Subtrees = SubtreeAction | null | undefined
type Time = string | null

/** Changes as they are written down; bodies and runs as their length. */
type Row =
  | [
      letter: 'v',
      submodel: string,
      path: string,
      incarnation: number,
      value: string,
      sourceTime: Time,
      quality: Code,
      timing?: 1 | 2
    ]
  | [
      letter: 's',
      submodel: string,
      path: string,
      incarnation: number,
      value: string,
      quality: Code,
      count: number,
      from: string,
      to: string,
      run: number,
      timing?: 1 | 2
    ]
  | [letter: 'c', kind: DocumentKind, id: string, facets: readonly Facet[], json: number]
  | [
      letter: 'r',
      kind: DocumentKind,
      id: string,
      facets: readonly Facet[],
      json: number,
      touched: readonly string[] | null,
      subtreeAction?: Subtrees
    ]
  | [letter: 'd', kind: DocumentKind, id: string]
  | [letter: 'o', key: string]
  | [letter: 'a', kind: DocumentKind, id: string, files: readonly FileEntry[]]
  | [letter: 'x', kind: DocumentKind, id: string, names: readonly string[]]

/** Changes as another store told them. */
type ToldRow =
  | [letter: 'v', submodel: string, path: string, value: string, sourceTime: string, quality: Code]
  | [letter: 's', submodel: string, path: string, count: number, from: string, to: string, run: number]
  | [
      letter: 'd',
      change: 'created' | 'updated' | 'deleted',
      kind: DocumentKind,
      id: string,
      touched: readonly string[] | null,
      subtreeAction?: Subtrees
    ]

function write(change: Change, tail: Uint8Array[]): Row {
  switch (change.change) {
    case 'value': {
      const { submodel, path, incarnation, value, sourceTime, quality } = change
      const row = ['v', submodel, path, incarnation, value, time(sourceTime), qualities.indexOf(quality)] as const
      return change.timing === undefined ? [...row] : [...row, timings[change.timing]]
    }
    case 'samples': {
      const { submodel, path, incarnation, run, count, from, to, value, quality } = change
      tail.push(run)
      const code = qualities.indexOf(quality)
      const row = ['s', submodel, path, incarnation, value, code, count, String(from), String(to), run.length] as const
      return change.timing === undefined ? [...row] : [...row, timings[change.timing]]
    }
    case 'create':
    case 'replace': {
      const { kind, id, facets } = change
      const bytes = Buffer.from(readText(change.json))
      tail.push(bytes)
      if (change.change === 'create') return ['c', kind, id, facets, bytes.length]
      const { touched = null, subtreeAction = null } = change
      return ['r', kind, id, facets, bytes.length, touched, subtreeAction]
    }
    case 'delete':
      return ['d', change.kind, change.id]
    case 'idempotencyKey':
      return ['o', change.key]
    case 'attach':
      return ['a', change.kind, change.id, change.files]
    case 'detach':
      return ['x', change.kind, change.id, change.names]
  }
}

function readChange(row: Row, take: (length: number) => Buffer): Change {
  switch (row[0]) {
    case 'v': {
      const [, submodel, path, incarnation, value, sourceTime, quality, timing] = row
      return {
        change: 'value',
        submodel,
        path,
        incarnation,
        value,
        ...(sourceTime !== null && { sourceTime: BigInt(sourceTime) }),
        ...timed(timing),
        ...named(quality)
      }
    }
    case 's': {
      const [, submodel, path, incarnation, value, quality, count, from, to, length, timing] = row
      const run = take(length)
      const times = { from: BigInt(from), to: BigInt(to), ...timed(timing) }
      return { change: 'samples', submodel, path, incarnation, value, ...named(quality), count, ...times, run }
    }
    case 'c': {
      const [, kind, id, facets, length] = row
      return { change: 'create', kind, id, json: take(length).toString(), facets }
    }
    case 'r': {
      const [, kind, id, facets, length, touched, subtreeAction] = row
      const json = take(length).toString()
      return { change: 'replace', kind, id, json, facets, ...subtrees(touched, subtreeAction) }
    }
    case 'd':
      return { change: 'delete', kind: row[1], id: row[2] }
    case 'o':
      return { change: 'idempotencyKey', key: row[1] }
    case 'a':
      return { change: 'attach', kind: row[1], id: row[2], files: row[3] }
    case 'x':
      return { change: 'detach', kind: row[1], id: row[2], names: row[3] }
  }
}

/** Entries that came from another store are kept as they were told. */
function tell(change: LoggedChange, tail: Uint8Array[]): ToldRow {
  if (change.change === 'value') {
    const { submodel, path, value, sourceTime, quality } = change
    return ['v', submodel, path, value, String(sourceTime), qualities.indexOf(quality)]
  }
  if (change.change === 'samples') {
    const { submodel, path, count, from, to, run } = change
    tail.push(run)
    return ['s', submodel, path, count, String(from), String(to), run.length]
  }
  const { kind, id, touched = null, subtreeAction = null } = change
  return ['d', change.change, kind, id, touched, subtreeAction]
}

function hear(row: ToldRow, take: (length: number) => Buffer): LoggedChange {
  if (row[0] === 'v') {
    const [, submodel, path, value, sourceTime, quality] = row
    return { change: 'value', submodel, path, value, sourceTime: BigInt(sourceTime), ...named(quality) }
  }
  if (row[0] === 's') {
    const [, submodel, path, count, from, to, length] = row
    return { change: 'samples', submodel, path, count, from: BigInt(from), to: BigInt(to), run: take(length) }
  }
  const [, change, kind, id, touched, subtreeAction] = row
  return { change, kind, id, ...subtrees(touched, subtreeAction) }
}

function subtrees(touched: readonly string[] | null, subtreeAction: Subtrees) {
  return { ...(touched !== null && { touched }), ...(subtreeAction != null && { subtreeAction }) }
}

/** As text: JSON has no integers of 64 bits. */
function time(value: bigint | undefined): string | null {
  return value === undefined ? null : String(value)
}

const timings = { arrival: 1, historical: 2 } as const

function timed(code: 1 | 2 | undefined): { timing?: Timing } {
  if (code === undefined) return {}
  return { timing: code === timings.historical ? 'historical' : 'arrival' }
}

function named(code: number) {
  const quality = qualities[code]
  return quality === undefined ? {} : { quality }
}
