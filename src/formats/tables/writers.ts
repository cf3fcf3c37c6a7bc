/** Every way in which a table is written down. */
import type { Table } from './table.ts'
import { writeCsv, writeFlux, writeJson, writeNdjson } from './text.ts'

export interface TableWriter {
  readonly contentType: string
  /** Of a file, without the dot. */
  readonly extension: string
  /** Bytes as they are taken; nothing is made ahead. */
  write(table: Table): AsyncGenerator<Uint8Array>
}

export const writers = {
  json: { contentType: 'application/json', extension: 'json', write: writeJson },
  ndjson: { contentType: 'application/x-ndjson', extension: 'ndjson', write: writeNdjson },
  csv: { contentType: 'text/csv', extension: 'csv', write: writeCsv },
  parquet: { contentType: 'application/vnd.apache.parquet', extension: 'parquet', write: parquet },
  arrow: { contentType: 'application/vnd.apache.arrow.stream', extension: 'arrows', write: arrow },
  flux: { contentType: 'application/csv', extension: 'csv', write: writeFlux }
} as const satisfies Record<string, TableWriter>

export type TableFormat = keyof typeof writers

// Loaded where they are asked for: a hub that nobody asks for them starts the sooner.

async function* parquet(table: Table): AsyncGenerator<Uint8Array> {
  yield* (await import('./parquet.ts')).writeParquet(table)
}

async function* arrow(table: Table): AsyncGenerator<Uint8Array> {
  yield* (await import('./arrow.ts')).writeArrow(table)
}
