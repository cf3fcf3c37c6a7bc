/** States as rows of the collections, and back; layout.ts tells where they lie. */
import { createHash } from 'node:crypto'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { Long } from 'mongodb'
import { qualities } from '../../model/samples.ts'
import type { DocumentKind, Facet, FileEntry } from '../store.ts'
import type { Row } from './connection.ts'
import type { BodyName, StoredChunk } from './content.ts'
import { DocumentState, type Head, type Written } from './document.ts'
import type { Key, SeriesState, State } from './keys.ts'
import { glance } from './series.ts'

/** A row is at most 16 MB; what is larger goes in parts. */
export const DOCUMENT_PART_BYTES = 8 * 1024 * 1024

/** Bytes of a part of a file, of which the last one may be shorter. */
export const FILE_PART_BYTES = 1024 * 1024

/** So many values written to a document stand within its row; more stand beside it, in parts of as many. */
const MAX_INLINE_BYTES = 4000

/** The key of a row, by the name under which it is kept in memory. */
export function idOf(key: Key): string {
  return key.startsWith('b') ? key.slice(1) : createHash('sha256').update(key.slice(1)).digest('base64url')
}

export function collectionOf(key: Key): 'documents' | 'receipts' | 'blobs' | 'series' {
  switch (key[0]) {
    case 'd':
      return 'documents'
    case 'o':
      return 'receipts'
    case 'b':
      return 'blobs'
    default:
      return 'series'
  }
}

/** A state as its row, as of a batch. */
export function rowOf(key: Key, state: State, upto: number): Row {
  const _id = idOf(key)
  if (state instanceof DocumentState) return { _id, upto, ...documentRow(state) }
  if ('chunks' in state) return { _id, upto, ...seriesRow(state) }
  return { _id, upto, ...state }
}

function documentRow(state: DocumentState) {
  const { kind, id, position, revision, structureRevision, structureTime, hasBlob, facets, files } = state.head
  return {
    ...{ kind, id, position, revision, structure: structureRevision, hasBlob },
    ...(structureTime !== undefined && { structureTime: String(structureTime) }),
    facets: facets.map(facetText),
    files: [...files.values()],
    keys: kind === 'Submodel' ? [...state.keys()] : [],
    size: state.body.length,
    elements: state.rows().size,
    written: state.written.size > MAX_INLINE_BYTES ? null : encodeWritten([...state.written]),
    asides: state.written.size > MAX_INLINE_BYTES ? Math.ceil(state.written.size / MAX_INLINE_BYTES) : 0
  }
}

/** What stands beside the row of a document: values written to it, where there are many. */
export function asidesOf({ head, written }: DocumentState, upto: number): Row[] {
  if (written.size <= MAX_INLINE_BYTES) return []
  const [entries, rows] = [[...written], [] as Row[]]
  for (let at = 0; at < entries.length; at += MAX_INLINE_BYTES) {
    const data = encodeWritten(entries.slice(at, at + MAX_INLINE_BYTES))
    rows.push({ _id: asideId(head, rows.length), upto, data })
  }
  return rows
}

/** A body is named by the commit that wrote it. */
type BodyKey = Pick<Head, 'position' | 'structureRevision'>

export function asideId({ position, structureRevision }: BodyKey, part: number): string {
  return `${position}.${structureRevision}.w${part}`
}

/** Names of the parts of a body. */
export function bodyIds({ position, structureRevision, size }: BodyKey & { readonly size: number }): string[] {
  return Array.from(
    { length: Math.max(1, Math.ceil(size / DOCUMENT_PART_BYTES)) },
    (_, part) => `${position}.${structureRevision}.${part}`
  )
}

export function bodyRows({ head, body }: DocumentState): Row[] {
  return bodyIds({ ...head, size: body.length }).map((_id, part) => ({
    _id,
    data: body.subarray(part * DOCUMENT_PART_BYTES, (part + 1) * DOCUMENT_PART_BYTES)
  }))
}

/** Names of all that there may be of a body that is no longer needed. */
export function leftoversOf(body: BodyName): string[] {
  const asides = body.elements > MAX_INLINE_BYTES ? Math.ceil(body.elements / MAX_INLINE_BYTES) : 0
  const key = { ...body, structureRevision: body.structure }
  return [...bodyIds(key), ...Array.from({ length: asides }, (_, part) => asideId(key, part))]
}

export function facetText([name, value]: Facet): string {
  return `${name}\u0000${value}`
}

function facetOf(text: string): Facet {
  const end = text.indexOf('\u0000')
  return [text.slice(0, end), text.slice(end + 1)]
}

export function headOf(row: Row): Head {
  const files = (row.files as FileEntry[]).map(({ name, contentType, fileName, size, blob }): [string, FileEntry] => [
    name,
    { name, contentType, fileName, size, blob }
  ])
  return {
    kind: row.kind as DocumentKind,
    id: String(row.id),
    position: Number(row.position),
    revision: Number(row.revision),
    structureRevision: Number(row.structure),
    structureTime: row.structureTime === undefined ? undefined : BigInt(String(row.structureTime)),
    hasBlob: row.hasBlob === true,
    facets: (row.facets as string[]).map(facetOf),
    files: new Map(files)
  }
}

type WrittenRow = [string, string | null, number, number, string | null, number]

function encodeWritten(written: readonly (readonly [string, Written])[]): Buffer {
  const rows = written.map(([path, { value, incarnation, revision, sourceTime, quality }]): WrittenRow => {
    const time = sourceTime === undefined ? null : String(sourceTime)
    return [path, value ?? null, incarnation, revision, time, qualities.indexOf(quality)]
  })
  return written.length === 0 ? Buffer.alloc(0) : zstdCompressSync(JSON.stringify(rows))
}

export function decodeWritten(bytes: Buffer): [string, Written][] {
  if (bytes.length === 0) return []
  const rows = JSON.parse(zstdDecompressSync(bytes).toString()) as WrittenRow[]
  return rows.map(([path, value, incarnation, revision, time, quality]) => [
    path,
    {
      value: value ?? undefined,
      incarnation,
      revision,
      sourceTime: time === null ? undefined : BigInt(time),
      quality: qualities[quality]
    }
  ])
}

function seriesRow(state: SeriesState) {
  const { count = 0, chunks = 0, bytes = 0, from = 0n, to = 0n } = glance(state) ?? {}
  const { submodel, path } = state
  const list = zstdCompressSync(JSON.stringify(state.chunks))
  return { submodel, path, count, chunks, bytes, from: Long.fromBigInt(from), to: Long.fromBigInt(to), list }
}

export function seriesOf(row: Row): SeriesState {
  const chunks = JSON.parse(zstdDecompressSync(row.list as Buffer).toString()) as StoredChunk[]
  return { submodel: String(row.submodel), path: String(row.path), chunks }
}
