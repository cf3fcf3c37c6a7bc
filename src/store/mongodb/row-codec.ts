/** States as rows of the collections (schema.ts), and back. Member names of rows are persisted. */
import { createHash } from 'node:crypto'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { Long } from 'mongodb'
import { qualities } from '../../model/samples.ts'
import type { DocumentKind, Facet, FileEntry } from '../store.ts'
import type { BodyRef, StoredChunk } from './batch-content.ts'
import type { StoredRow } from './connection.ts'
import { DocumentState, type ElementOverride, type HeadState } from './document.ts'
import { blobOfKey, kindOf, type SeriesState, type State, type StateKey } from './keys.ts'
import { summarizeSeries } from './series-state.ts'

/** MongoDB limits a row to 16 MB; larger bodies are stored in parts. */
export const BODY_PART_BYTES = 8 * 1024 * 1024

/** Size of the parts of a file, of which the last one may be shorter. */
export const FILE_PART_BYTES = 1024 * 1024

/** Up to this many overrides are stored in a document's row; more are stored beside it, in parts of this many. */
const OVERRIDES_PER_PART = 4000

const collections = { document: 'documents', receipt: 'receipts', blob: 'blobs', series: 'series' } as const

export type StateCollection = (typeof collections)[keyof typeof collections]

export function collectionOf(key: StateKey): StateCollection {
  return collections[kindOf(key)]
}

/** The `_id` of a state. */
export function rowId(key: StateKey): string {
  if (kindOf(key) === 'blob') return blobOfKey(key)
  return createHash('sha256').update(key.slice(1)).digest('base64url')
}

/** @param upto number of the batch that the state is as of */
export function toStoredRow(key: StateKey, state: State, upto: number): StoredRow {
  const _id = rowId(key)
  if (state instanceof DocumentState) return { _id, upto, ...documentRow(state) }
  if ('chunks' in state) return { _id, upto, ...seriesRow(state) }
  return { _id, upto, ...state }
}

function documentRow(state: DocumentState) {
  const { kind, id, position, revision, structureRevision, structureTime, hasBlob, facets, files } = state.head
  const parts = overridePartCount(state.overrides.size)
  return {
    ...{ kind, id, position, revision, structure: structureRevision, hasBlob },
    ...(structureTime !== undefined && { structureTime: String(structureTime) }),
    facets: facets.map(encodeFacet),
    files: [...files.values()],
    keys: kind === 'Submodel' ? [...state.searchKeys()] : [],
    size: state.body.length,
    elements: state.rows().size,
    written: parts > 0 ? null : encodeOverrides([...state.overrides]),
    asides: parts
  }
}

function overridePartCount(overrides: number): number {
  return overrides > OVERRIDES_PER_PART ? Math.ceil(overrides / OVERRIDES_PER_PART) : 0
}

/** The overrides of a document that has too many for its row. */
export function overridePartRows({ head, overrides }: DocumentState, upto: number): StoredRow[] {
  const entries = [...overrides]
  return Array.from({ length: overridePartCount(entries.length) }, (_, part) => {
    const data = encodeOverrides(entries.slice(part * OVERRIDES_PER_PART, (part + 1) * OVERRIDES_PER_PART))
    return { _id: overridePartId(head, part), upto, data }
  })
}

/** A body is identified by the commit that wrote it. */
type BodyId = Pick<HeadState, 'position' | 'structureRevision'>

export function overridePartId({ position, structureRevision }: BodyId, part: number): string {
  return `${position}.${structureRevision}.w${part}`
}

export function bodyPartIds({ position, structureRevision, size }: BodyId & { readonly size: number }): string[] {
  const parts = Math.max(1, Math.ceil(size / BODY_PART_BYTES))
  return Array.from({ length: parts }, (_, part) => `${position}.${structureRevision}.${part}`)
}

export function bodyPartRows({ head, body }: DocumentState): StoredRow[] {
  return bodyPartIds({ ...head, size: body.length }).map((_id, part) => ({
    _id,
    data: body.subarray(part * BODY_PART_BYTES, (part + 1) * BODY_PART_BYTES)
  }))
}

/** Ids of all parts that may exist of a body that is no longer needed. */
export function obsoletePartIds({ position, structure, size, elements }: BodyRef): string[] {
  const body = { position, structureRevision: structure, size }
  const parts = overridePartCount(elements)
  return [...bodyPartIds(body), ...Array.from({ length: parts }, (_, part) => overridePartId(body, part))]
}

export function filePartIds({ blob, size }: { readonly blob: string; readonly size: number }): string[] {
  return Array.from({ length: Math.ceil(size / FILE_PART_BYTES) }, (_, part) => filePartId(blob, part))
}

export function filePartId(blob: string, part: number): string {
  return `${blob}.${part}`
}

export function encodeFacet([name, value]: Facet): string {
  return `${name}\u0000${value}`
}

function decodeFacet(text: string): Facet {
  const end = text.indexOf('\u0000')
  return [text.slice(0, end), text.slice(end + 1)]
}

export function toHead(row: StoredRow): HeadState {
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
    facets: (row.facets as string[]).map(decodeFacet),
    files: new Map(files)
  }
}

type OverrideRow = [
  path: string,
  value: string | null,
  incarnation: number,
  revision: number,
  sourceTime: string | null,
  quality: number
]

function encodeOverrides(overrides: readonly (readonly [string, ElementOverride])[]): Buffer {
  const rows = overrides.map(([path, { value, incarnation, revision, sourceTime, quality }]): OverrideRow => {
    const time = sourceTime === undefined ? null : String(sourceTime)
    return [path, value ?? null, incarnation, revision, time, qualities.indexOf(quality)]
  })
  return overrides.length === 0 ? Buffer.alloc(0) : zstdCompressSync(JSON.stringify(rows))
}

export function decodeOverrides(bytes: Buffer): [string, ElementOverride][] {
  if (bytes.length === 0) return []
  const rows = JSON.parse(zstdDecompressSync(bytes).toString()) as OverrideRow[]
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
  const { count = 0, chunks = 0, bytes = 0, from = 0n, to = 0n } = summarizeSeries(state) ?? {}
  const { submodel, path } = state
  const list = zstdCompressSync(JSON.stringify(state.chunks))
  return { submodel, path, count, chunks, bytes, from: Long.fromBigInt(from), to: Long.fromBigInt(to), list }
}

export function toSeriesState(row: StoredRow): SeriesState {
  const chunks = JSON.parse(zstdDecompressSync(row.list as Buffer).toString()) as StoredChunk[]
  return { submodel: String(row.submodel), path: String(row.path), chunks }
}
