/** The formats of tables. */

import { writeFlux } from './flux.ts'
import type { Table } from './table.ts'
import { writeCsv, writeJson, writeNdjson } from './text.ts'
import type { WriteOptions } from './time-format.ts'

export interface TableWriter {
  readonly contentType: string
  /** File name extension, without the dot. */
  readonly extension: string
  /** Are column types written before the first row? */
  readonly typesFirst: boolean
  /** Are times written as text, so that their format can be chosen? */
  readonly isText: boolean
  /**
   * Set if a batch is written before the next one is asked for, so that it can be in the same memory: a good number of rows.
   * The bytes may be in that memory, too.
   */
  readonly reusedRows?: number
  /** Bytes on demand; nothing is written ahead. */
  write(table: Table, options?: WriteOptions): AsyncGenerator<Uint8Array>
}

export const writers = {
  json: { contentType: 'application/json', extension: 'json', typesFirst: true, isText: true, write: writeJson },
  ndjson: {
    contentType: 'application/x-ndjson',
    extension: 'ndjson',
    typesFirst: false,
    isText: true,
    write: writeNdjson
  },
  csv: { contentType: 'text/csv; charset=utf-8', extension: 'csv', typesFirst: false, isText: true, write: writeCsv },
  parquet: {
    contentType: 'application/vnd.apache.parquet',
    extension: 'parquet',
    typesFirst: true,
    isText: false,
    write: parquet
  },
  arrow: {
    contentType: 'application/vnd.apache.arrow.stream',
    extension: 'arrows',
    typesFirst: true,
    isText: false,
    reusedRows: 65_536,
    write: arrow
  },
  // The media type of InfluxDB, which some clients check.
  flux: { contentType: 'text/csv; charset=utf-8', extension: 'csv', typesFirst: true, isText: false, write: writeFlux }
} as const satisfies Record<string, TableWriter>

export type TableFormat = keyof typeof writers

/** The media type of a format, without parameters. */
export function mediaTypeOf(format: TableFormat): string {
  return writers[format].contentType.split(';', 1)[0] ?? ''
}

// Loaded on first use, for a faster start.

async function* parquet(table: Table): AsyncGenerator<Uint8Array> {
  yield* (await import('./parquet.ts')).writeParquet(table)
}

async function* arrow(table: Table, options: WriteOptions = {}): AsyncGenerator<Uint8Array> {
  yield* (await import('./arrow.ts')).writeArrow(table, options)
}
