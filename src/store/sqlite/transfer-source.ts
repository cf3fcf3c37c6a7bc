/** Reads everything in a data directory, record by record. No hub may be using it. */
import { DatabaseSync } from 'node:sqlite'
import { HubError } from '../../errors.ts'
import { qualities } from '../../model/samples.ts'
import { DamageLog } from '../damage.ts'
import { verifyRun } from '../run-codec.ts'
import type { Facet, FileEntry } from '../store.ts'
import type { StoreSummary, TransferProgress, TransferRecord, TransferSource, WrittenElement } from '../transfer.ts'
import { AuditReads } from './audit.ts'
import { prepare as prepareChanges } from './changes-sql.ts'
import { isSoundRow } from './checksums.ts'
import { Counters } from './counters.ts'
import { readVerified } from './files.ts'
import { lockDirectory } from './lock.ts'
import { entriesOf } from './log-rows.ts'
import { blobPath, databasePath, pathExists } from './paths.ts'
import { recover } from './recover.ts'
import { RowCheckpoints } from './row-checkpoints.ts'
import { kinds, migrate } from './schema.ts'
import { SetAside } from './set-aside.ts'
import { unwritableRows } from './storage-errors.ts'
import { Tail } from './tail.ts'
import { ValueChanges } from './value-changes.ts'

const ROWS_PER_READ = 200

/** @throws HubError `NotFound` if there is no database, `Unavailable` if a hub uses it */
export async function openSqliteSource(directory: string): Promise<TransferSource> {
  const file = databasePath(directory)
  if (!(await pathExists(file))) throw new HubError('NotFound', ['The database', file])
  const unlock = lockDirectory(directory)
  try {
    const db = new DatabaseSync(file, { timeout: 5000 })
    try {
      migrate(db)
      applyTail(db)
    } catch (error) {
      db.close()
      throw error
    }
    return new SqliteSource(directory, db, unlock)
  } catch (error) {
    unlock()
    throw error
  }
}

/** What a hub that ended early has left to the next start. @throws HubError `Damaged` if values are lost, or in no row */
function applyTail(db: DatabaseSync): void {
  const [sql, counters, aside] = [prepareChanges(db), new Counters(db), new SetAside(db)]
  const tail = new Tail(sql, aside)
  const lost: string[] = []
  aside.load((record) => lost.push(record))
  const { damaged } = recover(db, counters, new ValueChanges(sql, tail))
  for (const record of [...lost, ...damaged]) requireSound(false, record)
  const checkpoints = new RowCheckpoints(db, tail, counters)
  checkpoints.finish()
  checkpoints.retrySetAside()
  const [id] = tail.setAsideIds
  if (id !== undefined) throw new HubError('Damaged', unwritableRows(id))
}

class SqliteSource implements TransferSource {
  readonly #directory: string
  readonly #db: DatabaseSync
  readonly #unlock: () => void

  constructor(directory: string, db: DatabaseSync, unlock: () => void) {
    this.#directory = directory
    this.#db = db
    this.#unlock = unlock
  }

  async summary(): Promise<StoreSummary> {
    const counters = new Map(
      this.#all('SELECT name, value FROM counter').map(({ name, value }) => [name, Number(value)])
    )
    const [first] = this.#all('SELECT coalesce(first, seq) AS seq FROM log ORDER BY log.seq LIMIT 1')
    const seq = counters.get('seq') ?? 0
    return {
      epoch: String(this.#all('SELECT name FROM epoch')[0]?.name),
      seq,
      position: counters.get('position') ?? 0,
      trimmed: first?.seq == null ? seq : Number(first.seq) - 1,
      audit: new AuditReads(this.#db).head()
    }
  }

  async *records(after?: TransferProgress): AsyncGenerator<TransferRecord, StoreSummary> {
    yield* this.#files(after?.file ?? '')
    yield* this.#documents(after?.position ?? 0)
    yield* this.#chunks(after?.series)
    yield* this.#entries(after?.seq ?? 0)
    yield* this.#audit(after?.audit ?? 0)
    for (const { key, seq } of this.#all('SELECT key, seq FROM receipt ORDER BY seq, key')) {
      yield { type: 'idempotency key', key: String(key), seq: Number(seq) }
    }
    for (const { name, seq } of this.#all('SELECT name, seq FROM follower ORDER BY name')) {
      yield { type: 'cursor', consumer: String(name), seq: Number(seq) }
    }
    return this.summary()
  }

  async close(): Promise<void> {
    this.#db.close()
    this.#unlock()
  }

  *#files(last: string): Generator<TransferRecord> {
    const page = (after: string) =>
      this.#all(
        'SELECT blob, size, min(name) AS name FROM file WHERE blob > ? GROUP BY blob ORDER BY blob LIMIT ?',
        after,
        ROWS_PER_READ
      )
    for (let rows = page(last); rows.length > 0; rows = page(String(rows.at(-1)?.blob))) {
      for (const { blob, size, name } of rows) {
        const path = blobPath(this.#directory, String(blob))
        const file = { name: String(name), blob: String(blob), size: Number(size) }
        yield { type: 'file', hash: file.blob, size: file.size, bytes: () => readVerified(path, file) }
      }
    }
  }

  *#documents(last: number): Generator<TransferRecord> {
    const page = (after: number) =>
      this.#all(
        `SELECT d.*, b.facets, b.bytes, b.crc AS body_crc FROM document d LEFT JOIN body b USING (position)
         WHERE position > ? ORDER BY position LIMIT ?`,
        after,
        ROWS_PER_READ
      )
    for (let rows = page(last); rows.length > 0; rows = page(Number(rows.at(-1)?.position))) {
      for (const row of rows) {
        const [position, structureRevision] = [Number(row.position), Number(row.structure)]
        requireSound(
          isSoundRow.document(row) && row.bytes !== null && isSoundRow.body(row, row.body_crc),
          `${kinds[Number(row.kind)] ?? 'A document'} "${row.id}"`
        )
        yield {
          type: 'document',
          kind: kinds[Number(row.kind)] ?? 'Submodel',
          id: String(row.id),
          position,
          revision: Number(row.revision),
          structureRevision,
          structureTime: this.#structureTime(position, structureRevision),
          hasBlob: row.has_blob === 1n,
          facets: JSON.parse(String(row.facets)) as Facet[],
          body: Buffer.from(row.bytes as Uint8Array),
          written: this.#written(position, structureRevision),
          files: this.#filesOf(position)
        }
      }
    }
  }

  #structureTime(position: number, structureRevision: number): bigint | undefined {
    const [row] = this.#all(
      `SELECT * FROM element
       WHERE document = ? AND stamp = ? AND revision = ? AND source_time IS NOT NULL LIMIT 1`,
      ...[position, structureRevision, structureRevision]
    )
    if (row !== undefined) requireSound(isSoundRow.element(row), `The element "${row.path}" of a submodel`)
    return row?.source_time as bigint | undefined
  }

  #written(position: number, structureRevision: number): WrittenElement[] {
    const rows = this.#all(
      `SELECT * FROM element
       WHERE document = ? AND (stamp <> ? OR revision <> ?) ORDER BY path`,
      ...[position, structureRevision, structureRevision]
    )
    for (const row of rows) requireSound(isSoundRow.element(row), `The element "${row.path}" of a submodel`)
    return rows.map(({ path, value, stamp, revision, source_time, quality }) => ({
      path: String(path),
      value: Number(revision) > structureRevision ? String(value) : undefined,
      incarnation: Number(stamp),
      revision: Number(revision),
      sourceTime: source_time === null ? undefined : (source_time as bigint),
      quality: qualities[Number(quality ?? 0)]
    }))
  }

  #filesOf(position: number): FileEntry[] {
    const rows = this.#all('SELECT * FROM file WHERE document = ? ORDER BY name', position)
    for (const row of rows) requireSound(isSoundRow.file(row), `The record of the file "${row.name}"`)
    return rows.map((row) => ({
      name: String(row.name),
      contentType: String(row.content_type),
      fileName: String(row.file_name),
      size: Number(row.size),
      blob: String(row.blob)
    }))
  }

  *#chunks(last: { submodel: string; path: string } | undefined): Generator<TransferRecord> {
    // The last series may be incomplete: it is sent again from its beginning.
    const series = this.#all(
      'SELECT * FROM series WHERE (submodel, path) >= (?, ?) ORDER BY submodel, path',
      ...[last?.submodel ?? '', last?.path ?? '']
    )
    for (const row of series) {
      const { id, submodel, path } = row
      requireSound(isSoundRow.series(row), `The history of "${path}" in "${submodel}"`)
      const keys = this.#all('SELECT start, seq FROM chunk WHERE series = ? ORDER BY start, seq', id as bigint)
      for (const { start, seq } of keys) {
        const sql = 'SELECT * FROM chunk WHERE series = ? AND start = ? AND seq = ?'
        const [row] = this.#all(sql, id as bigint, start as bigint, seq as bigint)
        if (row === undefined) continue
        const damage = verifyRun(row.bytes as Uint8Array)
        requireSound(
          isSoundRow.chunk(row) && damage === undefined,
          `A chunk of the history of "${path}" in "${submodel}"`
        )
        const [from, to] = [row.start as bigint, row.finish as bigint]
        const name = { submodel: String(submodel), path: String(path) }
        const bytes = row.bytes as Uint8Array
        yield { type: 'chunk', ...name, from, seq: Number(seq), to, count: Number(row.count), bytes }
      }
    }
  }

  *#entries(last: number): Generator<TransferRecord> {
    const page = (after: number) =>
      this.#all('SELECT * FROM log WHERE seq > ? ORDER BY seq LIMIT ?', after, ROWS_PER_READ)
    for (let rows = page(last); rows.length > 0; rows = page(Number(rows.at(-1)?.seq))) {
      for (const row of rows) {
        requireSound(isSoundRow.log(row), `Entry ${row.seq} of the log`)
        for (const { seq, time, changes } of entriesOf(row)) {
          if (seq > last) yield { type: 'entry', entry: { seq, time, changes } }
        }
      }
    }
  }

  /** As they are: a chain that was changed must stay recognisable. */
  *#audit(last: number): Generator<TransferRecord> {
    const reads = new AuditReads(this.#db)
    for (let page = reads.page(last, ROWS_PER_READ); page.length > 0; ) {
      for (const entry of page) yield { type: 'audit', entry }
      page = reads.page(page.at(-1)?.number ?? 0, ROWS_PER_READ)
    }
  }

  #all(sql: string, ...values: (string | number | bigint)[]) {
    const statement = this.#db.prepare(sql)
    statement.setReadBigInts(true)
    return statement.all(...values)
  }
}

/** Damaged records must not be copied with fresh checksums. */
function requireSound(isSound: boolean, record: string): void {
  if (!isSound) throw new DamageLog().report(record)
}
