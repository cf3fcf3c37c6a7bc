/** Every way in which a table is written down. */

import { writeFlux } from './flux.ts'
import type { Table } from './table.ts'
import { writeCsv, writeJson, writeNdjson } from './text.ts'
import type { WriteOptions } from './time-format.ts'

export interface TableWriter {
  readonly contentType: string
  /** Of a file, without the dot. */
  readonly extension: string
  /** Does it say the types of the columns before the first row? */
  readonly typesFirst: boolean
  /** Does it write times as text, so that they may have a form of their own? */
  readonly isText: boolean
  /** Bytes as they are taken; nothing is made ahead. */
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
    write: arrow
  },
  // As InfluxDB calls it, and pages read it that look for the type.
  flux: { contentType: 'text/csv; charset=utf-8', extension: 'csv', typesFirst: true, isText: false, write: writeFlux }
} as const satisfies Record<string, TableWriter>

export type TableFormat = keyof typeof writers

/** The media type of a format, without parameters. */
export function mediaTypeOf(format: TableFormat): string {
  return writers[format].contentType.split(';', 1)[0] ?? ''
}

// Loaded where they are asked for: a hub that nobody asks for them starts the sooner.

async function* parquet(table: Table): AsyncGenerator<Uint8Array> {
  yield* (await import('./parquet.ts')).writeParquet(table)
}

async function* arrow(table: Table, options: WriteOptions = {}): AsyncGenerator<Uint8Array> {
  yield* (await import('./arrow.ts')).writeArrow(table, options)
}
