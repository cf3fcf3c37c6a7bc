/** Reads everything out of a database, record by record, also while hubs write to it. */
import type { Filter } from 'mongodb'
import { HubError } from '../../errors.ts'
import type { SeriesName } from '../series.ts'
import type { DocumentKind } from '../store.ts'
import type { DocumentRecord, StoreSummary, TransferProgress, TransferRecord, TransferSource } from '../transfer.ts'
import { auditHeadOf } from './audit.ts'
import { readAudit } from './audit-reader.ts'
import type { MongoComponents } from './components.ts'
import type { StoredRow } from './connection.ts'
import { DocumentState } from './document.ts'
import {
  type BlobState,
  blobOfKey,
  documentOfKey,
  keyOf,
  kindOf,
  type ReceiptState,
  type SeriesState,
  type StateKey,
  seriesOfKey
} from './keys.ts'
import { findSeriesRows } from './lists.ts'
import { keysWritten } from './replay.ts'

const ROWS_PER_READ = 100
const ENTRIES_PER_READ = 500
const CHECKPOINT_POLL_MS = 20

/** Writers pause for the last round once no more than this changed during the one before, and for at most this long. */
const MAX_FINAL_STATES = 100
const WRITER_PAUSE_MS = 5000

export class MongoSource implements TransferSource {
  readonly #components: MongoComponents
  readonly #close: () => Promise<void>

  constructor(components: MongoComponents, close: () => Promise<void>) {
    this.#components = components
    this.#close = close
  }

  async summary(): Promise<StoreSummary> {
    await this.#components.replica.applier.sync()
    return this.#summary()
  }

  async *records(after?: TransferProgress): AsyncGenerator<TransferRecord, StoreSummary> {
    const { connection, replica } = this.#components
    const { state, applier, writer } = replica
    await applier.sync()
    let copied = state.appliedNumber
    // The collections are read as they are, so they must contain everything up to here.
    while (state.checkpointNumber < copied) await connection.clock.sleep(CHECKPOINT_POLL_MS)
    yield* this.#files(after?.file ?? '')
    yield* this.#documents(after?.position ?? 0)
    yield* this.#series(after?.series)
    yield* this.#receipts()
    yield* this.#cursors()
    let seq = after?.seq ?? 0
    let audited = after?.audit ?? 0
    // What changed meanwhile follows, in rounds, until it is little; that is copied while writers pause.
    for (let isPaused = false; ; ) {
      const changed = await this.#changedSince(copied)
      copied = state.appliedNumber
      yield* this.#changedStates(changed)
      seq = yield* this.#entries(seq)
      audited = yield* this.#audit(audited)
      const later = await this.#changedSince(copied)
      const summary = this.#summary()
      if (isPaused) await writer.pauseWriters(0)
      if (later.size === 0 && summary.seq === seq) return summary
      isPaused = later.size < MAX_FINAL_STATES
      if (isPaused) await writer.pauseWriters(WRITER_PAUSE_MS)
    }
  }

  close(): Promise<void> {
    return this.#close()
  }

  #summary(): StoreSummary {
    const { counters } = this.#components.replica.state
    const { seq, position, trimmed } = counters
    return { epoch: this.#components.epoch, seq, position, trimmed, audit: auditHeadOf(counters) }
  }

  async *#files(last: string): AsyncGenerator<TransferRecord> {
    const { connection } = this.#components
    const blobs = connection.collection('blobs')
    for (let after = last; ; ) {
      const filter: Filter<StoredRow> = { hash: { $gt: after }, refs: { $gt: 0 } }
      const rows = await connection.run(() => blobs.find(filter).sort({ hash: 1 }).limit(ROWS_PER_READ).toArray())
      if (rows.length === 0) return
      for (const { _id, hash, size } of rows) {
        // Of files with the same bytes, one is copied.
        if (hash === after) continue
        yield this.#fileRecord(_id, String(hash), Number(size))
        after = String(hash)
      }
    }
  }

  #fileRecord(blob: string, hash: string, size: number): TransferRecord {
    const entry = { name: '', contentType: '', fileName: '', size, blob }
    return { type: 'file', hash, size, bytes: () => this.#components.files.open(entry) }
  }

  async *#documents(last: number): AsyncGenerator<TransferRecord> {
    const { connection } = this.#components
    const documents = connection.collection('documents')
    for (let after = last; ; ) {
      const find = () =>
        documents
          .find({ position: { $gt: after } })
          .project<StoredRow>({ kind: 1, id: 1, position: 1 })
          .sort({ position: 1 })
          .limit(ROWS_PER_READ)
      const rows = await connection.run(() => find().toArray())
      if (rows.length === 0) return
      after = Number(rows.at(-1)?.position)
      yield* this.#documentRecords(rows.map(({ kind, id }) => keyOf.document(kind as DocumentKind, String(id))))
    }
  }

  /** Documents as they are now, without deleted ones. */
  async *#documentRecords(keys: readonly StateKey[]): AsyncGenerator<TransferRecord> {
    const { state, loader } = this.#components.replica
    const records = await loader.withStates(keys, () =>
      keys.flatMap((key) => {
        const document = state.peek(key)
        return document instanceof DocumentState ? [toRecord(document)] : []
      })
    )
    for (const record of records) yield { ...record, files: await this.#withHashes(record.files) }
  }

  async #withHashes(files: DocumentRecord['files']): Promise<DocumentRecord['files']> {
    return Promise.all(
      files.map(async (file) => {
        const blob = (await this.#components.replica.loader.load(keyOf.blob(file.blob))) as BlobState | null
        return { ...file, blob: blob?.hash ?? file.blob }
      })
    )
  }

  async *#series(last: SeriesName | undefined): AsyncGenerator<TransferRecord> {
    // An earlier attempt may have been interrupted within its last series, which is copied again.
    let [comparison, after]: ['$gt' | '$gte', SeriesName | undefined] = ['$gte', last]
    for (;;) {
      const rows = await findSeriesRows(this.#components.connection, after, comparison, ROWS_PER_READ)
      for (const { submodel, path } of rows) {
        after = { submodel: String(submodel), path: String(path) }
        yield* this.#chunks(after)
      }
      if (rows.length === 0) return
      comparison = '$gt'
    }
  }

  async *#chunks(series: SeriesName): AsyncGenerator<TransferRecord> {
    const { connection, replica } = this.#components
    const state = (await replica.loader.load(keyOf.series(series))) as SeriesState | null
    for (const { name, from, to, seq, count } of state?.chunks ?? []) {
      const row = await connection.run(() => connection.collection('chunks').findOne({ _id: name }))
      // Replaced by another one, which follows with the changes.
      if (row === null) continue
      const [start, end] = [BigInt(from), BigInt(to)]
      yield { type: 'chunk', ...series, from: start, seq, to: end, count, bytes: row.data as Buffer }
    }
  }

  async *#receipts(): AsyncGenerator<TransferRecord> {
    const { connection, replica } = this.#components
    const receipts = connection.collection('receipts')
    const filter: Filter<StoredRow> = { seq: { $gt: replica.state.counters.trimmed } }
    const rows = await connection.run(() => receipts.find(filter).sort({ seq: 1, key: 1 }).toArray())
    for (const { key, seq } of rows) yield { type: 'idempotency key', key: String(key), seq: Number(seq) }
  }

  async *#cursors(): AsyncGenerator<TransferRecord> {
    const { connection } = this.#components
    const rows = await connection.run(() => connection.collection('cursors').find({}).sort({ _id: 1 }).toArray())
    for (const { _id, seq } of rows) yield { type: 'cursor', consumer: _id, seq: Number(seq) }
  }

  /** @returns `seq` of the last entry */
  async *#entries(last: number): AsyncGenerator<TransferRecord, number> {
    const { replica, reader } = this.#components
    await replica.applier.sync()
    for (let after = last; ; ) {
      const { entries } = await reader.read(after, ENTRIES_PER_READ)
      for (const entry of entries) yield { type: 'entry', entry }
      if (entries.length === 0) return Math.max(after, replica.state.counters.seq)
      after = entries.at(-1)?.seq ?? after
    }
  }

  /** As it is: a chain that was changed must stay recognisable. */
  async *#audit(last: number): AsyncGenerator<TransferRecord, number> {
    const { connection, replica } = this.#components
    for (let after = last; ; ) {
      const page = await readAudit(connection, replica, after, ENTRIES_PER_READ)
      for (const entry of page) yield { type: 'audit', entry }
      if (page.length === 0) return after
      after = page.at(-1)?.number ?? after
    }
  }

  async #changedSince(number: number): Promise<Set<StateKey>> {
    const { journal, replica } = this.#components
    await replica.applier.sync()
    const keys = new Set<StateKey>()
    for (let next = number + 1; next <= replica.state.appliedNumber; next++) {
      const batch = await journal.read(next)
      if (typeof batch !== 'object') throw new HubError('Conflict', ['The log was trimmed while it was copied'])
      for (const key of keysWritten(batch)) keys.add(key)
    }
    return keys
  }

  /** Files first, as documents refer to them. */
  async *#changedStates(keys: ReadonlySet<StateKey>): AsyncGenerator<TransferRecord> {
    const { loader } = this.#components.replica
    for (const key of keys) {
      if (kindOf(key) !== 'blob') continue
      const blob = (await loader.load(key)) as BlobState | null
      if (blob !== null) yield this.#fileRecord(blobOfKey(key), blob.hash, blob.size)
    }
    for (const key of keys) {
      switch (kindOf(key)) {
        case 'document':
          yield { type: 'document removed', ...documentOfKey(key) }
          yield* this.#documentRecords([key])
          break
        case 'series': {
          const series = seriesOfKey(key)
          yield { type: 'series removed', ...series }
          yield* this.#chunks(series)
          break
        }
        case 'receipt': {
          const receipt = (await loader.load(key)) as ReceiptState | null
          if (receipt !== null) yield { type: 'idempotency key', ...receipt }
        }
      }
    }
  }
}

/** Members in the order in which every store lists them: records are compared by their JSON. */
function toRecord(document: DocumentState): DocumentRecord {
  const { head, body, overrides } = document
  const { kind, id, position, revision, structureRevision, hasBlob, facets, files } = head
  const structureTime = structureTimeOf(document)
  const written = [...overrides].map(([path, element]) => ({ path, ...element }))
  return {
    type: 'document',
    ...{ kind, id, position, revision, structureRevision, structureTime, hasBlob, facets, body },
    written: written.sort((one, other) => compareBytes(one.path, other.path)),
    files: [...files.values()].sort((one, other) => compareBytes(one.name, other.name))
  }
}

/** Given only if a value still has this time: not every store keeps it apart from the values. */
function structureTimeOf(document: DocumentState): bigint | undefined {
  const { structureTime } = document.head
  if (structureTime === undefined) return undefined
  for (const { path, value } of document.rows().values()) {
    if (value !== '{}' && !document.overrides.has(path)) return structureTime
  }
  return undefined
}

/** By bytes, as databases sort. */
function compareBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}
