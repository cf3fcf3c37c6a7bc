/**
 * The checksums of the rows: a byte that flips on the disk must not be taken for data. Each covers all columns of its row
 * but those that are derived from others. NULL stands in rows that a release without checksums wrote; these are taken
 * as they are, and get one with their next change. That of a chunk is of its head: its bytes carry their own (store/run-codec.ts).
 */
import type { SQLOutputValue } from 'node:sqlite'
import { crc32 } from 'node:zlib'

type Whole = number | bigint
type Text = string | null | undefined

export interface DocumentColumns {
  readonly position: Whole
  readonly kind: Whole
  readonly id: string
  readonly revision: Whole
  readonly structure: Whole
  readonly valued: Whole
  readonly hasBlob: Whole
}

export interface ElementColumns {
  readonly document: Whole
  readonly path: string
  readonly modelType: string
  readonly valueType: Text
  readonly semanticId: Text
  readonly value: string
  readonly stamp: Whole
  readonly revision: Whole
  readonly sourceTime: Whole | null
  readonly quality: Whole | null
}

export interface FileColumns {
  readonly document: Whole
  readonly name: string
  readonly blob: string
  readonly contentType: string
  readonly fileName: string
  readonly size: Whole
}

export function documentChecksum(row: DocumentColumns): number {
  const { position, kind, id, revision, structure, valued, hasBlob } = row
  return crc32(`${position} ${kind} ${revision} ${structure} ${valued} ${hasBlob} ${id}`)
}

export function bodyChecksum(position: Whole, facets: string, bytes: Uint8Array): number {
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

export function entryChecksum(seq: Whole, time: Whole, changes: string, runs: Uint8Array | null): number {
  const text = crc32(`${seq} ${time} ${changes}`)
  return runs === null ? text : crc32(runs, text)
}

export interface ChunkColumns {
  readonly series: Whole
  readonly start: Whole
  readonly seq: Whole
  readonly finish: Whole
  readonly count: Whole
  readonly size: Whole
}

export function seriesChecksum(submodel: string, path: string, longest: Whole): number {
  return crc32(`${longest} ${path}\0${submodel}`)
}

export function chunkChecksum({ series, start, seq, finish, count, size }: ChunkColumns): number {
  return crc32(`${series} ${start} ${seq} ${finish} ${count} ${size}`)
}

/** A row of `element`, as it was read. */
export function elementColumns(row: StoredRow): ElementColumns {
  return {
    document: row.document as Whole,
    path: String(row.path),
    modelType: String(row.model_type),
    valueType: row.value_type as string | null,
    semanticId: row.semantic_id as string | null,
    value: String(row.value),
    stamp: row.stamp as Whole,
    revision: row.revision as Whole,
    sourceTime: row.source_time as Whole | null,
    quality: row.quality as Whole | null
  }
}

/** Has a row the checksum that was kept with it? All columns of the row must have been read. */
export const isSoundRow = {
  document: (row: StoredRow) => isSound(row.crc, documentChecksum(documentColumns(row))),
  body: (row: StoredRow) =>
    isSound(row.crc, bodyChecksum(row.position as Whole, String(row.facets), row.bytes as Uint8Array)),
  element: (row: StoredRow) => isSound(row.crc, elementChecksum(elementColumns(row))),
  series: (row: StoredRow) =>
    isSound(row.crc, seriesChecksum(String(row.submodel), String(row.path), row.longest as Whole)),
  /** Its head alone. */
  chunk: (row: StoredRow) => isSound(row.crc, chunkChecksum(row as unknown as ChunkColumns)),
  file: (row: StoredRow) => isSound(row.crc, fileChecksum(fileColumns(row))),
  log: (row: StoredRow) =>
    isSound(row.crc, entryChecksum(row.seq as Whole, row.time as Whole, String(row.changes), row.runs as Runs))
}

export function isSound(kept: unknown, found: number): boolean {
  return kept === null || Number(kept) === found
}

type StoredRow = Record<string, SQLOutputValue>
type Runs = Uint8Array | null

function documentColumns(row: StoredRow): DocumentColumns {
  const { position, kind, id, revision, structure, valued, has_blob: hasBlob } = row as Record<string, Whole>
  return { position, kind, id: String(id), revision, structure, valued, hasBlob } as DocumentColumns
}

function fileColumns(row: StoredRow): FileColumns {
  return {
    document: row.document as Whole,
    name: String(row.name),
    blob: String(row.blob),
    contentType: String(row.content_type),
    fileName: String(row.file_name),
    size: row.size as Whole
  }
}
