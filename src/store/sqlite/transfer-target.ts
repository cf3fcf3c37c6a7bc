/** Writes a data directory from records. */
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pipeline } from 'node:stream/promises'
import { HubError } from '../../errors.ts'
import { qualities } from '../../model/samples.ts'
import type { Submodel } from '../../model/types.ts'
import { structureSourceTime } from '../current-value.ts'
import { DamageLog } from '../damage.ts'
import { deriveElementRows, pathTail, searchKey } from '../element-rows.ts'
import type { DocumentRecord, StoreSummary, TransferProgress, TransferRecord, TransferTarget } from '../transfer.ts'
import { ADD_AUDIT_ROW, addAuditRow } from './audit.ts'
import {
  bodyChecksum,
  chunkChecksum,
  documentChecksum,
  elementChecksum,
  entryChecksum,
  fileChecksum,
  seriesChecksum
} from './checksums.ts'
import { ADD_SUMMARY, summaryRow } from './chunks.ts'
import { fsyncPath, PartChecksums } from './files.ts'
import { lockDirectory } from './lock.ts'
import { encodeChanges } from './log-entry-codec.ts'
import { blobPath, databasePath, makeDirectory, pathExists, unfinishedPath } from './paths.ts'
import { kinds, migrate } from './schema.ts'

type RecordOf<Name extends TransferRecord['type']> = Extract<TransferRecord, { type: Name }>

/** Creates a data directory, or continues an unfinished attempt; it must be empty otherwise. */
export async function openSqliteTarget(directory: string): Promise<TransferTarget> {
  await makeDirectory(directory)
  if (await pathExists(databasePath(directory))) {
    throw new HubError('Conflict', [`The data directory ${directory} holds a hub already`])
  }
  const isStarted = await pathExists(unfinishedPath(directory))
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
  /** By hash: part checksums of files that are on disk but not in the database yet. */
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
      for (const record of records) this.#write(record)
      this.#db.prepare('INSERT OR REPLACE INTO progress VALUES (1, ?)').run(JSON.stringify(progress))
      this.#db.exec('COMMIT')
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw error
    }
  }

  async finish({ epoch, seq, position, audit }: StoreSummary): Promise<void> {
    const count = (sql: string) => Number(this.#db.prepare(sql).get()?.n ?? 0)
    const counters = new Map([
      ['seq', seq],
      ['position', position],
      ['audit', audit.number],
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
    for (const [name, value] of counters) if (value !== 0 || !isOptional(name)) set.run(name, value)
    this.#db.exec('DELETE FROM epoch; DROP TABLE progress')
    this.#db.prepare('INSERT INTO epoch VALUES (?)').run(epoch)
    this.#db.exec('UPDATE blob SET orphaned = 1 WHERE name NOT IN (SELECT blob FROM file); COMMIT')
    // Everything into the one file that is renamed.
    this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE')
    this.#db.close()
    await fsyncPath(unfinishedPath(this.#directory))
    await rename(unfinishedPath(this.#directory), databasePath(this.#directory))
    await fsyncPath(this.#directory)
  }

  async close(): Promise<void> {
    if (this.#db.isOpen) this.#db.close()
    this.#unlock()
    this.#unlock = () => {}
  }

  #write(record: TransferRecord): void {
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
        const crc = entryChecksum({ seq, time, ...written })
        this.#sql.addEntry.run(seq, time, size, written.changes, written.runs, crc)
        break
      }
      case 'audit':
        addAuditRow(this.#sql.addAudit, record.entry)
        break
      case 'idempotency key':
        this.#sql.addKey.run(record.key, record.seq)
        break
      case 'cursor':
        this.#sql.addCursor.run(record.consumer, record.seq)
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
    const facetsJson = JSON.stringify(facets)
    this.#sql.addBody.run(position, facetsJson, body, bodyChecksum(position, facetsJson, body))
    for (const [name, value] of facets) this.#sql.addFacet.run(code, name, value, position)
    for (const { name, blob, contentType, fileName, size } of files) {
      const crc = fileChecksum({ document: position, name, blob, contentType, fileName, size })
      this.#sql.addFile.run(position, name, blob, contentType, fileName, size, crc)
    }
    if (kind !== 'Submodel') return
    for (const row of deriveElementRows(JSON.parse(body.toString()) as Submodel)) {
      const { path, modelType, valueType = null, semanticId = null } = row
      const change = written.get(path)
      const value = change?.value ?? row.value
      const { incarnation: stamp = structure, revision: seq = structure } = change ?? {}
      const sourceTime = (change === undefined ? structureSourceTime(value, structureTime) : change.sourceTime) ?? null
      const quality = change?.quality === undefined ? null : qualities.indexOf(change.quality)
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
    const create = () => this.#sql.addSeries.get(submodel, path, seriesChecksum(submodel, path, 0))?.id
    const series = Number(this.#sql.findSeries.get(submodel, path)?.id ?? create())
    const [longest, size] = [to - from, bytes.length]
    const columns = { series, start: from, seq, finish: to, count, size }
    // Not by REPLACE, which would leave the summary.
    this.#sql.removeChunk.run(series, from, seq)
    this.#sql.addChunk.run(series, from, seq, to, count, size, bytes, chunkChecksum(columns))
    const summary = summaryRow(columns, bytes)
    if (summary !== undefined) this.#sql.addSummary.run(...summary)
    this.#sql.lengthen.run(longest, seriesChecksum(submodel, path, longest), series, longest)
  }

  async #writeFile({ hash, bytes }: RecordOf<'file'>): Promise<void> {
    const path = blobPath(this.#directory, hash)
    await mkdir(dirname(path), { recursive: true })
    const temporary = `${path}.part`
    const [digest, parts] = [createHash('sha256'), new PartChecksums()]
    const hashing = async function* (stream: AsyncIterable<Buffer>) {
      for await (const part of stream) {
        digest.update(part)
        parts.update(part)
        yield part
      }
    }
    await pipeline(bytes(), hashing, createWriteStream(temporary))
    if (digest.digest('hex') !== hash) {
      await rm(temporary)
      throw new DamageLog().report(`The stored file ${hash}`)
    }
    this.#parts.set(hash, parts.digest())
    await fsyncPath(temporary)
    await rename(temporary, path)
    await fsyncPath(dirname(path))
  }
}

/** Counters that are stored from their first change on. */
function isOptional(name: string): boolean {
  return name === 'audit' || name.startsWith('documents.')
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
    removeChunk: db.prepare('DELETE FROM chunk WHERE series = ? AND start = ? AND seq = ?'),
    addChunk: db.prepare('INSERT INTO chunk VALUES (?, ?, ?, ?, ?, ?, ?, ?)'),
    addSummary: db.prepare(ADD_SUMMARY),
    lengthen: db.prepare('UPDATE series SET longest = ?, crc = ? WHERE id = ? AND longest < ?'),
    removeChunks: db.prepare('DELETE FROM chunk WHERE series = ?'),
    removeSeries: db.prepare('DELETE FROM series WHERE id = ?'),
    addEntry: db.prepare('INSERT OR REPLACE INTO log (seq, time, size, changes, runs, crc) VALUES (?, ?, ?, ?, ?, ?)'),
    addAudit: db.prepare(ADD_AUDIT_ROW),
    addKey: db.prepare('INSERT OR REPLACE INTO receipt VALUES (?, ?)'),
    addCursor: db.prepare('INSERT OR REPLACE INTO follower VALUES (?, ?)')
  }
}
