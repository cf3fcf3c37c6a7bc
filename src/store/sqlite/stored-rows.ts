/** Rows of the database as what they store. */
import type { SQLOutputValue } from 'node:sqlite'
import { qualities } from '../../model/samples.ts'
import type { DocumentKind, ElementRow, FileEntry } from '../store.ts'
import { kinds, type StoredRow } from './schema.ts'

export function kindOf(row: StoredRow): DocumentKind {
  return kinds[Number(row.kind)] as DocumentKind
}

export function elementRow(path: string, row: StoredRow): ElementRow {
  return {
    path,
    modelType: String(row.model_type),
    valueType: textOf(row.value_type),
    semanticId: textOf(row.semantic_id),
    value: String(row.value),
    incarnation: Number(row.stamp),
    revision: Number(row.revision),
    sourceTime: typeof row.source_time === 'bigint' ? row.source_time : undefined,
    quality: qualities[Number(row.quality ?? 0)]
  }
}

export function fileEntry(row: StoredRow): FileEntry {
  return {
    name: String(row.name),
    contentType: String(row.content_type),
    fileName: String(row.file_name),
    size: Number(row.size),
    blob: String(row.blob)
  }
}

function textOf(value: SQLOutputValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}
