/** All that a data directory holds, record by record, and a data directory made of such records. No hub may be using it. */
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { access, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pipeline } from 'node:stream/promises'
import { HubError } from '../../errors.ts'
import { qualities } from '../../model/samples.ts'
import type { Submodel } from '../../model/types.ts'
import { structureSourceTime } from '../current-value.ts'
import { DamageLog } from '../damage.ts'
import { deriveElementRows, pathTail, searchKey } from '../element-rows.ts'
import { verifyRun } from '../run-codec.ts'
import type { Facet, FileEntry } from '../store.ts'
import type {
  DocumentRecord,
  StoreSummary,
  TransferProgress,
  TransferRecord,
  TransferSource,
  TransferTarget,
  WrittenElement
} from '../transfer.ts'
import {
  bodyChecksum,
  chunkChecksum,
  documentChecksum,
  elementChecksum,
  entryChecksum,
  fileChecksum,
  isSoundRow,
  seriesChecksum
} from './checksums.ts'
import { fsyncPath, PartChecksums, readVerified } from './files.ts'
import { lockDirectory } from './lock.ts'
import { decodeChanges, encodeChanges } from './log-entry-codec.ts'
import { blobPath, databasePath, makeDirectory, unfinishedPath } from './paths.ts'
import { kinds, migrate } from './schema.ts'

type RecordOf<Name extends TransferRecord['type']> = Extract<TransferRecord, { type: Name }>

/** Rows read at once. */
const ROWS_PER_READ = 200

/** @throws HubError `NotFound` where there is no database, `Unavailable` where a hub uses it */
export async function openSqliteSource(directory: string): Promise<TransferSource> {
  const file = databasePath(directory)
  if (!(await exists(file))) throw new HubError('NotFound', ['The database', file])
  const unlock = lockDirectory(directory)
  try {
    const db = new DatabaseSync(file, { timeout: 5000 })
    migrate(db)
    return new SqliteSource(directory, db, unlock)
  } catch (error) {
    unlock()
    throw error
  }
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
    const [first] = this.#all('SELECT min(seq) AS seq FROM log')
    const seq = counters.get('seq') ?? 0
    return {
      epoch: String(this.#all('SELECT name FROM epoch')[0]?.name),
      seq,
      position: counters.get('position') ?? 0,
      trimmed: first?.seq == null ? seq : Number(first.seq) - 1
    }
  }

  async *records(after?: TransferProgress): AsyncGenerator<TransferRecord, StoreSummary> {
    yield* this.#files(after?.file ?? '')
    yield* this.#documents(after?.position ?? 0)
    yield* this.#chunks(after?.series)
    yield* this.#entries(after?.seq ?? 0)
    for (const { key, seq } of this.#all('SELECT key, seq FROM receipt ORDER BY seq, key')) {
      yield { type: 'idempotency key', key: String(key), seq: Number(seq) }
    }
    for (const { name, seq } of this.#all('SELECT name, seq FROM follower ORDER BY name')) {
      yield { type: 'cursor', follower: String(name), seq: Number(seq) }
    }
    return this.summary()
  }

  async close(): Promise<void> {
    this.#db.close()
    this.#unlock()
  }

  *#files(last: string): Generator<TransferRecord> {
    const some = (after: string) =>
      this.#all(
        'SELECT blob, size, min(name) AS name FROM file WHERE blob > ? GROUP BY blob ORDER BY blob LIMIT ?',
        after,
        ROWS_PER_READ
      )
    for (let rows = some(last); rows.length > 0; rows = some(String(rows.at(-1)?.blob))) {
      for (const { blob, size, name } of rows) {
        const path = blobPath(this.#directory, String(blob))
        const file = { name: String(name), blob: String(blob), size: Number(size) }
        yield { type: 'file', hash: file.blob, size: file.size, bytes: () => readVerified(path, file) }
      }
    }
  }

  *#documents(last: number): Generator<TransferRecord> {
    const some = (after: number) =>
      this.#all(
        `SELECT d.*, b.facets, b.bytes, b.crc AS body_crc FROM document d LEFT JOIN body b USING (position)
         WHERE position > ? ORDER BY position LIMIT ?`,
        after,
        ROWS_PER_READ
      )
    for (let rows = some(last); rows.length > 0; rows = some(Number(rows.at(-1)?.position))) {
      for (const row of rows) {
        const [position, structure] = [Number(row.position), Number(row.structure)]
        requireSound(
          isSoundRow.document(row) && row.bytes !== null && isSoundRow.body({ ...row, crc: row.body_crc ?? null }),
          `${kinds[Number(row.kind)] ?? 'A document'} "${row.id}"`
        )
        yield {
          type: 'document',
          kind: kinds[Number(row.kind)] ?? 'Submodel',
          id: String(row.id),
          position,
          revision: Number(row.revision),
          structureRevision: structure,
          structureTime: this.#structureTime(position, structure),
          hasBlob: row.has_blob === 1n,
          facets: JSON.parse(String(row.facets)) as Facet[],
          body: Buffer.from(row.bytes as Uint8Array),
          written: this.#written(position, structure),
          files: this.#filesOf(position)
        }
      }
    }
  }

  #structureTime(position: number, structure: number): bigint | undefined {
    const [row] = this.#all(
      `SELECT * FROM element
       WHERE document = ? AND stamp = ? AND revision = ? AND source_time IS NOT NULL LIMIT 1`,
      ...[position, structure, structure]
    )
    if (row !== undefined) requireSound(isSoundRow.element(row), `The element "${row.path}" of a submodel`)
    return row?.source_time as bigint | undefined
  }

  #written(position: number, structure: number): WrittenElement[] {
    const rows = this.#all(
      `SELECT * FROM element
       WHERE document = ? AND (stamp <> ? OR revision <> ?) ORDER BY path`,
      ...[position, structure, structure]
    )
    for (const row of rows) requireSound(isSoundRow.element(row), `The element "${row.path}" of a submodel`)
    return rows.map(({ path, value, stamp, revision, source_time, quality }) => ({
      path: String(path),
      value: Number(revision) > structure ? String(value) : undefined,
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
    // The last series may have been cut: it comes again from its beginning.
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
    const some = (after: number) =>
      this.#all('SELECT * FROM log WHERE seq > ? ORDER BY seq LIMIT ?', after, ROWS_PER_READ)
    for (let rows = some(last); rows.length > 0; rows = some(Number(rows.at(-1)?.seq))) {
      for (const row of rows) {
        const { seq, time, changes, runs } = row
        requireSound(isSoundRow.log(row), `Entry ${seq} of the log`)
        const decoded = decodeChanges({ changes: String(changes), runs: runs as Uint8Array | null })
        yield { type: 'entry', entry: { seq: Number(seq), time: Number(time), changes: decoded } }
      }
    }
  }

  #all(sql: string, ...values: (string | number | bigint)[]) {
    const statement = this.#db.prepare(sql)
    statement.setReadBigInts(true)
    return statement.all(...values)
  }
}

/** What is damaged is not copied as if it were sound. */
function requireSound(isSound: boolean, record: string): void {
  if (!isSound) throw new DamageLog().report(record)
}

/** Makes a data directory, which must be empty or hold an attempt that was not finished. */
export async function openSqliteTarget(directory: string): Promise<TransferTarget> {
  await makeDirectory(directory)
  if (await exists(databasePath(directory))) {
    throw new HubError('Conflict', [`The data directory ${directory} holds a hub already`])
  }
  const isStarted = await exists(unfinishedPath(directory))
  if (!isStarted && (await readdir(directory)).length > 0) {
    throw new HubError('Conflict', [`The directory ${directory} is not empty`])
  }
  const unlock = lockDirectory(directory)
  try {
    const db = new DatabaseSync(unfinishedPath(directory))
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    migrate(db)
    db.exec('CREATE TABLE IF NOT EXISTS progress (one INTEGER PRIMARY KEY, json TEXT NOT NULL)')
    return new SqliteTarget(directory, db, unlock)
  } catch (error) {
    unlock()
    throw error
  }
}

class SqliteTarget implements TransferTarget {
  readonly #directory: string
  readonly #db: DatabaseSync
  #unlock: () => void
  readonly #sql
  /** Checksums of the parts of files that are there and not in the database yet, by hash. */
  readonly #parts = new Map<string, Uint8Array>()

  constructor(directory: string, db: DatabaseSync, unlock: () => void) {
    this.#directory = directory
    this.#db = db
    this.#unlock = unlock
    this.#sql = prepare(db)
  }

  async progress(): Promise<TransferProgress | undefined> {
    const row = this.#db.prepare('SELECT json FROM progress').get()
    return row === undefined ? undefined : (JSON.parse(String(row.json)) as TransferProgress)
  }

  async put(records: readonly TransferRecord[], progress: TransferProgress): Promise<void> {
    for (const record of records) if (record.type === 'file') await this.#writeFile(record)
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      for (const record of records) this.#one(record)
      this.#db.prepare('INSERT OR REPLACE INTO progress VALUES (1, ?)').run(JSON.stringify(progress))
      this.#db.exec('COMMIT')
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw error
    }
  }

  async finish({ epoch, seq, position }: StoreSummary): Promise<void> {
    const count = (sql: string) => Number(this.#db.prepare(sql).get()?.n ?? 0)
    const counters = new Map([
      ['seq', seq],
      ['position', position],
      ['elements', count('SELECT count(*) AS n FROM element')],
      ['logBytes', count('SELECT sum(size) AS n FROM log')],
      ['series', count('SELECT count(*) AS n FROM series')],
      ['samples', count('SELECT sum(count) AS n FROM chunk')],
      ['historyBytes', count('SELECT sum(size) AS n FROM chunk')],
      ['blobBytes', count('SELECT sum(size) AS n FROM blob')],
      ...kinds.map((kind, code): [string, number] => [
        `documents.${kind}`,
        count(`SELECT count(*) AS n FROM document WHERE kind = ${code}`)
      ])
    ])
    const set = this.#db.prepare('INSERT OR REPLACE INTO counter VALUES (?, ?)')
    this.#db.exec('BEGIN IMMEDIATE')
    for (const [name, value] of counters) if (value !== 0 || !name.startsWith('documents.')) set.run(name, value)
    this.#db.exec('DELETE FROM epoch; DROP TABLE progress')
    this.#db.prepare('INSERT INTO epoch VALUES (?)').run(epoch)
    this.#db.exec('UPDATE blob SET orphaned = 1 WHERE name NOT IN (SELECT blob FROM file); COMMIT')
    // All of it in the one file that is renamed.
    this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE')
    this.#db.close()
    await fsyncPath(unfinishedPath(this.#directory))
    await rename(unfinishedPath(this.#directory), databasePath(this.#directory))
    await fsyncPath(this.#directory)
  }

  async abandon(): Promise<void> {
    await this.close()
    for (const name of await readdir(this.#directory)) {
      await rm(join(this.#directory, name), { recursive: true, force: true })
    }
  }

  async close(): Promise<void> {
    if (this.#db.isOpen) this.#db.close()
    this.#unlock()
    this.#unlock = () => {}
  }

  #one(record: TransferRecord): void {
    switch (record.type) {
      case 'file':
        this.#sql.addBlob.run(record.hash, record.size, this.#parts.get(record.hash) ?? null)
        this.#parts.delete(record.hash)
        break
      case 'document':
        this.#document(record)
        break
      case 'chunk':
        this.#chunk(record)
        break
      case 'entry': {
        const { seq, time, changes } = record.entry
        const written = encodeChanges(changes)
        const size = Buffer.byteLength(written.changes) + (written.runs?.length ?? 0)
        const crc = entryChecksum(seq, time, written.changes, written.runs)
        this.#sql.addEntry.run(seq, time, size, written.changes, written.runs, crc)
        break
      }
      case 'idempotency key':
        this.#sql.addReceipt.run(record.key, record.seq)
        break
      case 'cursor':
        this.#sql.addCursor.run(record.follower, record.seq)
        break
      case 'document removed':
        this.#remove(record)
        break
      case 'series removed': {
        const id = this.#sql.findSeries.get(record.submodel, record.path)?.id
        if (id === undefined) break
        this.#sql.removeChunks.run(id)
        this.#sql.removeSeries.run(id)
      }
    }
  }

  #document(record: DocumentRecord): void {
    const {
      kind,
      id,
      position,
      revision,
      structureRevision: structure,
      structureTime,
      hasBlob,
      facets,
      body,
      files
    } = record
    const code = kinds.indexOf(kind)
    this.#remove(record)
    const written = new Map(record.written.map((element) => [element.path, element]))
    const isValued = record.written.some(({ value }) => value !== undefined)
    const row = { position, kind: code, id, revision, structure, valued: Number(isValued), hasBlob: Number(hasBlob) }
    this.#sql.addDocument.run(...Object.values(row), documentChecksum(row))
    const told = JSON.stringify(facets)
    this.#sql.addBody.run(position, told, body, bodyChecksum(position, told, body))
    for (const [name, value] of facets) this.#sql.addFacet.run(code, name, value, position)
    for (const { name, blob, contentType, fileName, size } of files) {
      const crc = fileChecksum({ document: position, name, blob, contentType, fileName, size })
      this.#sql.addFile.run(position, name, blob, contentType, fileName, size, crc)
    }
    if (kind !== 'Submodel') return
    for (const row of deriveElementRows(JSON.parse(body.toString()) as Submodel)) {
      const { path, modelType, valueType = null, semanticId = null } = row
      const here = written.get(path)
      const value = here?.value ?? row.value
      const { incarnation: stamp = structure, revision: seq = structure } = here ?? {}
      const sourceTime = (here === undefined ? structureSourceTime(value, structureTime) : here.sourceTime) ?? null
      const quality = here?.quality === undefined ? null : qualities.indexOf(here.quality)
      const columns = { document: position, path, modelType, valueType, semanticId, value, stamp, revision: seq }
      this.#sql.addElement.run(
        ...[position, path, modelType, valueType, semanticId, value, stamp, seq, sourceTime, quality],
        ...[pathTail(path), searchKey(modelType, value), elementChecksum({ ...columns, sourceTime, quality })]
      )
    }
  }

  #remove({ kind, id }: Pick<DocumentRecord, 'kind' | 'id'>): void {
    const found = this.#sql.findDocument.get(kinds.indexOf(kind), id)
    if (found === undefined) return
    for (const statement of this.#sql.removals) statement.run(Number(found.position))
  }

  #chunk({ submodel, path, from, to, seq, count, bytes }: RecordOf<'chunk'>): void {
    const fresh = () => this.#sql.addSeries.get(submodel, path, seriesChecksum(submodel, path, 0))?.id
    const series = Number(this.#sql.findSeries.get(submodel, path)?.id ?? fresh())
    const [longest, size] = [to - from, bytes.length]
    const crc = chunkChecksum({ series, start: from, seq, finish: to, count, size })
    this.#sql.addChunk.run(series, from, seq, to, count, size, bytes, crc)
    this.#sql.lengthen.run(longest, seriesChecksum(submodel, path, longest), series, longest)
  }

  async #writeFile({ hash, bytes }: RecordOf<'file'>): Promise<void> {
    const path = blobPath(this.#directory, hash)
    await mkdir(dirname(path), { recursive: true })
    const temporary = `${path}.part`
    const [found, parts] = [createHash('sha256'), new PartChecksums()]
    const measured = async function* (stream: AsyncIterable<Buffer>) {
      for await (const part of stream) {
        found.update(part)
        parts.update(part)
        yield part
      }
    }
    await pipeline(bytes(), measured, createWriteStream(temporary))
    if (found.digest('hex') !== hash) {
      await rm(temporary)
      throw new DamageLog().report(`The stored file ${hash}`)
    }
    this.#parts.set(hash, parts.digest())
    await fsyncPath(temporary)
    await rename(temporary, path)
    await fsyncPath(dirname(path))
  }
}

function prepare(db: DatabaseSync) {
  return {
    addBlob: db.prepare('INSERT OR REPLACE INTO blob (name, size, parts) VALUES (?, ?, ?)'),
    findDocument: db.prepare('SELECT position FROM document WHERE kind = ? AND id = ?'),
    removals: [
      'DELETE FROM element WHERE document = ?',
      'DELETE FROM facet WHERE position = ?',
      'DELETE FROM file WHERE document = ?',
      'DELETE FROM body WHERE position = ?',
      'DELETE FROM document WHERE position = ?'
    ].map((sql) => db.prepare(sql)),
    addDocument: db.prepare('INSERT INTO document VALUES (?, ?, ?, ?, ?, ?, ?, ?)'),
    addBody: db.prepare('INSERT INTO body VALUES (?, ?, ?, ?)'),
    addFacet: db.prepare('INSERT OR IGNORE INTO facet VALUES (?, ?, ?, ?)'),
    addFile: db.prepare('INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?, ?)'),
    // Of two elements with the same path the path leads to the first.
    addElement: db.prepare('INSERT OR IGNORE INTO element VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
    findSeries: db.prepare('SELECT id FROM series WHERE submodel = ? AND path = ?'),
    addSeries: db.prepare('INSERT INTO series (submodel, path, longest, crc) VALUES (?, ?, 0, ?) RETURNING id'),
    addChunk: db.prepare('INSERT OR REPLACE INTO chunk VALUES (?, ?, ?, ?, ?, ?, ?, ?)'),
    lengthen: db.prepare('UPDATE series SET longest = ?, crc = ? WHERE id = ? AND longest < ?'),
    removeChunks: db.prepare('DELETE FROM chunk WHERE series = ?'),
    removeSeries: db.prepare('DELETE FROM series WHERE id = ?'),
    addEntry: db.prepare('INSERT OR REPLACE INTO log VALUES (?, ?, ?, ?, ?, ?)'),
    addReceipt: db.prepare('INSERT OR REPLACE INTO receipt VALUES (?, ?)'),
    addCursor: db.prepare('INSERT OR REPLACE INTO follower VALUES (?, ?)')
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false
  )
}
