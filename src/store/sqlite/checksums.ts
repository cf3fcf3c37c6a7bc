/**
 * Row checksums, which detect bytes that flipped on disk. Each covers all columns of its row except derived ones. It is
 * NULL in rows written by a release without checksums; these are trusted and get one with their next change. A chunk's
 * covers its head only, since its bytes contain their own (store/run-codec.ts).
 */
import { crc32 } from 'node:zlib'
import type { StoredRow } from './schema.ts'

export type Integer = number | bigint
type Text = string | null | undefined

export interface DocumentColumns {
  readonly position: Integer
  readonly kind: Integer
  readonly id: string
  readonly revision: Integer
  readonly structure: Integer
  readonly valued: Integer
  readonly hasBlob: Integer
}

export interface ElementColumns {
  readonly document: Integer
  readonly path: string
  readonly modelType: string
  readonly valueType: Text
  readonly semanticId: Text
  readonly value: string
  readonly stamp: Integer
  readonly revision: Integer
  readonly sourceTime: Integer | null
  readonly quality: Integer | null
}

export interface FileColumns {
  readonly document: Integer
  readonly name: string
  readonly blob: string
  readonly contentType: string
  readonly fileName: string
  readonly size: Integer
}

export function documentChecksum(row: DocumentColumns): number {
  const { position, kind, id, revision, structure, valued, hasBlob } = row
  return crc32(`${position} ${kind} ${revision} ${structure} ${valued} ${hasBlob} ${id}`)
}

export function bodyChecksum(position: Integer, facets: string, bytes: Uint8Array): number {
  return crc32(bytes, crc32(`${position} ${facets}`))
}

export function elementChecksum(row: ElementColumns): number {
  const { document, path, modelType, valueType, semanticId, value, stamp, revision, sourceTime, quality } = row
  const names = `${path}\0${modelType}\0${valueType ?? ''}\0${semanticId ?? ''}\0${value}`
  return crc32(`${document} ${stamp} ${revision} ${sourceTime} ${quality} ${names}`)
}

export function fileChecksum({ document, name, blob, contentType, fileName, size }: FileColumns): number {
  return crc32(`${document} ${size} ${blob} ${name}\0${contentType}\0${fileName}`)
}

/** Columns of the log, as in the table. */
export interface EntryColumns {
  readonly seq: Integer
  readonly time: Integer
  readonly changes: string
  readonly runs: Uint8Array | null
  readonly late?: string | null
  readonly first?: Integer | null
}

export function entryChecksum({ seq, time, changes, runs, late = null, first = null }: EntryColumns): number {
  const number = first === null ? `${seq}` : `${first}-${seq}`
  const text = crc32(late === null ? `${number} ${time} ${changes}` : `${number} ${time} ${late} ${changes}`)
  return runs === null ? text : crc32(runs, text)
}

export interface ChunkColumns {
  readonly series: Integer
  readonly start: Integer
  readonly seq: Integer
  readonly finish: Integer
  readonly count: Integer
  readonly size: Integer
}

export function seriesChecksum(submodel: string, path: string, longest: Integer): number {
  return crc32(`${longest} ${path}\0${submodel}`)
}

export function chunkChecksum({ series, start, seq, finish, count, size }: ChunkColumns): number {
  return crc32(`${series} ${start} ${seq} ${finish} ${count} ${size}`)
}

/** Also of the head of the chunk, so that it counts for no other one. */
export function summaryChecksum(figures: Uint8Array, chunk: ChunkColumns): number {
  return crc32(figures, chunkChecksum(chunk))
}

/** The columns of a {@link StoredElementTuple}. */
export const ELEMENT_COLUMNS =
  'path, value, document, model_type, value_type, semantic_id, stamp, revision, source_time, quality, crc'

export type StoredElementTuple = readonly [
  path: string,
  value: string,
  document: Integer,
  modelType: string,
  valueType: Text,
  semanticId: Text,
  stamp: Integer,
  revision: Integer,
  sourceTime: Integer | null,
  quality: Integer | null,
  crc: Integer | null
]

/** Like `isSoundRow.element`, for a row that was read as an array. */
export function isSoundElement(row: StoredElementTuple): boolean {
  const [path, value, document, modelType, valueType, semanticId, stamp, revision, sourceTime, quality, crc] = row
  const columns = { document, path, modelType, valueType, semanticId, value, stamp, revision, sourceTime, quality }
  return isSound(crc, elementChecksum(columns))
}

/** The checksummed columns of a row of `element`. */
export function elementColumns(row: StoredRow): ElementColumns {
  return {
    document: row.document as Integer,
    path: String(row.path),
    modelType: String(row.model_type),
    valueType: row.value_type as string | null,
    semanticId: row.semantic_id as string | null,
    value: String(row.value),
    stamp: row.stamp as Integer,
    revision: row.revision as Integer,
    sourceTime: row.source_time as Integer | null,
    quality: row.quality as Integer | null
  }
}

/** Does a row match its stored checksum? The row must contain all columns. */
export const isSoundRow = {
  document: (row: StoredRow) => isSound(row.crc, documentChecksum(documentColumns(row))),
  /** @param kept its checksum, where the row was read with another name for it */
  body: (row: StoredRow, kept = row.crc) =>
    isSound(kept, bodyChecksum(row.position as Integer, String(row.facets), row.bytes as Uint8Array)),
  element: (row: StoredRow) => isSound(row.crc, elementChecksum(elementColumns(row))),
  series: (row: StoredRow) =>
    isSound(row.crc, seriesChecksum(String(row.submodel), String(row.path), row.longest as Integer)),
  /** Its head only. */
  chunk: (row: StoredRow) => isSound(row.crc, chunkChecksum(row as unknown as ChunkColumns)),
  /** A row of `chunk_summary`, joined with the head of its chunk. */
  summary: (row: StoredRow) =>
    isSound(row.crc, summaryChecksum(row.figures as Uint8Array, row as unknown as ChunkColumns)),
  file: (row: StoredRow) => isSound(row.crc, fileChecksum(fileColumns(row))),
  log: (row: StoredRow) => isSound(row.crc, entryChecksum(row as unknown as EntryColumns))
}

export function isSound(stored: unknown, computed: number): boolean {
  return stored === null || Number(stored) === computed
}

function documentColumns(row: StoredRow): DocumentColumns {
  const { position, kind, id, revision, structure, valued, has_blob: hasBlob } = row as Record<string, Integer>
  return { position, kind, id: String(id), revision, structure, valued, hasBlob } as DocumentColumns
}

function fileColumns(row: StoredRow): FileColumns {
  return {
    document: row.document as Integer,
    name: String(row.name),
    blob: String(row.blob),
    contentType: String(row.content_type),
    fileName: String(row.file_name),
    size: row.size as Integer
  }
}
