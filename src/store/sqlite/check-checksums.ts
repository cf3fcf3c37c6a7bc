/** Verifies all row checksums; names the records that differ. */
import type { DatabaseSync } from 'node:sqlite'
import { verifyRun } from '../run-codec.ts'
import { type ChunkColumns, isSoundRow } from './checksums.ts'
import { summaryRow } from './chunks.ts'
import { kinds, type StoredRow } from './schema.ts'

interface CheckedTable {
  readonly rows: string
  readonly isSound: (row: StoredRow) => boolean
  readonly name: (row: StoredRow) => string
}

const tables: readonly CheckedTable[] = [
  { rows: 'SELECT * FROM document', isSound: isSoundRow.document, name: documentName },
  {
    rows: 'SELECT b.*, d.kind, d.id FROM body b LEFT JOIN document d USING (position)',
    isSound: isSoundRow.body,
    name: documentName
  },
  {
    rows: 'SELECT e.*, d.id FROM element e LEFT JOIN document d ON d.position = e.document',
    isSound: isSoundRow.element,
    name: ({ path, id }) => `The element "${path}" of Submodel "${id}"`
  },
  {
    rows: 'SELECT a.*, d.id FROM set_aside a LEFT JOIN document d ON d.position = a.document',
    isSound: isSoundRow.element,
    name: ({ path, id }) => `The value that is set aside of the element "${path}" of Submodel "${id}"`
  },
  { rows: 'SELECT * FROM file', isSound: isSoundRow.file, name: ({ name }) => `The record of the file "${name}"` },
  {
    rows: 'SELECT * FROM series',
    isSound: isSoundRow.series,
    name: ({ submodel, path }) => `The history of "${path}" in "${submodel}"`
  },
  {
    rows: 'SELECT c.*, s.submodel, s.path FROM chunk c LEFT JOIN series s ON s.id = c.series',
    isSound: (row) => isSoundRow.chunk(row) && verifyRun(row.bytes as Uint8Array) === undefined,
    name: ({ submodel, path, start }) => `The chunk of the history of "${path}" in "${submodel}" from ${start}`
  },
  {
    rows: `SELECT s.figures, s.crc, s.start, s.seq, s.series, c.finish, c.count, c.size, c.bytes, n.submodel, n.path
      FROM chunk_summary s LEFT JOIN chunk c USING (series, start, seq) LEFT JOIN series n ON n.id = s.series`,
    isSound: (row) => row.bytes !== null && isSoundRow.summary(row) && isSummaryOfChunk(row),
    name: ({ submodel, path, start }) => `The summary of the chunk of "${path}" in "${submodel}" from ${start}`
  },
  { rows: 'SELECT * FROM log', isSound: isSoundRow.log, name: ({ seq }) => `Entry ${seq} of the log` }
]

export function* checkChecksums(db: DatabaseSync): Generator<string> {
  for (const { rows, isSound, name } of tables) {
    const all = db.prepare(rows)
    // Source times need all 64 bits.
    all.setReadBigInts(true)
    for (const row of all.iterate()) if (!isSound(row)) yield `${name(row)} is damaged: its checksum does not match`
  }
}

/** Is it the one that the chunk itself has? */
function isSummaryOfChunk(row: StoredRow): boolean {
  const [, , , figures] = summaryRow(row as unknown as ChunkColumns, row.bytes as Uint8Array) ?? []
  return figures !== undefined && Buffer.compare(figures, row.figures as Uint8Array) === 0
}

function documentName({ kind, id }: StoredRow): string {
  return `${kinds[Number(kind)] ?? 'A document'} "${id}"`
}
