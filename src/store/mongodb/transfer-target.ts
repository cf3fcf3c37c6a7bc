/** Creates a database from the records of another store. An interrupted attempt is continued. */
import { randomUUID } from 'node:crypto'
import { HubError } from '../../errors.ts'
import type { SeriesName } from '../series.ts'
import type { DocumentRecord, StoreSummary, TransferProgress, TransferRecord, TransferTarget } from '../transfer.ts'
import { toAuditRow } from './audit.ts'
import { estimateEntryBytes, type NewBatch } from './batch.ts'
import { type Counters, type StoredChunk, ZERO_COUNTERS } from './batch-content.ts'
import { Collections, toStateWrite } from './collections.ts'
import { connect, type MongoConnection, type MongoConnectionOptions, type StoredRow } from './connection.ts'
import { DocumentState, type ElementOverride } from './document.ts'
import { Journal } from './journal.ts'
import { type KnownState, keyOf, type SeriesState, type StateKey } from './keys.ts'
import { FILE_PART_BYTES, filePartId, rowId } from './row-codec.ts'
import { createIndexes, insertHubRow } from './schema.ts'
import { applySeriesChange } from './series-state.ts'

type RecordOf<Type extends TransferRecord['type']> = Extract<TransferRecord, { type: Type }>

/** How many chunks of a stream are gathered before whole parts are stored. */
const GATHERED_CHUNKS = 16

/** How far a migration is, and what it needs to continue. Persisted as JSON. */
interface UnfinishedTransfer {
  readonly progress: TransferProgress
  /** The last batch, and the bytes of all entries. */
  readonly no: number
  readonly logged: number
  readonly first: number
}

/** The database must be empty or contain an unfinished attempt. */
export async function openMongoTarget(url: string, options: MongoConnectionOptions = {}): Promise<TransferTarget> {
  const connection = await connect(url, options)
  try {
    const meta = connection.collection('meta')
    const [hub, unfinished] = await connection.run(() =>
      Promise.all([meta.findOne({ _id: 'hub' }), meta.findOne({ _id: 'unfinished' })])
    )
    if (hub !== null) throw new HubError('Conflict', ['The database holds a hub already'])
    await createIndexes(connection)
    const state = unfinished === null ? undefined : (JSON.parse(String(unfinished.state)) as UnfinishedTransfer)
    return new MongoTarget(connection, state)
  } catch (error) {
    await connection.close()
    throw error
  }
}

class MongoTarget implements TransferTarget {
  readonly #connection: MongoConnection
  readonly #journal: Journal
  readonly #collections: Collections
  #unfinished: UnfinishedTransfer | undefined

  constructor(connection: MongoConnection, unfinished: UnfinishedTransfer | undefined) {
    this.#connection = connection
    this.#journal = new Journal(connection)
    this.#collections = new Collections(connection)
    this.#unfinished = unfinished
  }

  async progress(): Promise<TransferProgress | undefined> {
    return this.#unfinished?.progress
  }

  async put(records: readonly TransferRecord[], progress: TransferProgress): Promise<void> {
    const before = this.#unfinished ?? { progress, no: 0, logged: 0, first: 0 }
    if (this.#unfinished === undefined) await this.#saveProgress(before)
    const last = before.progress.position ?? 0
    for (const record of records) {
      if (record.type === 'file') await this.#putFile(record)
      if (record.type === 'document removed') await this.#remove(keyOf.document(record.kind, record.id))
      // Its body may have changed since an interrupted attempt copied it.
      if (record.type === 'document' && record.position <= last) {
        await this.#remove(keyOf.document(record.kind, record.id))
      }
      if (record.type === 'series removed') await this.#remove(keyOf.series(record))
    }
    await this.#putDocuments(records.filter((record) => record.type === 'document'))
    await this.#putChunks(records.filter((record) => record.type === 'chunk'))
    const audited = records.filter((record) => record.type === 'audit')
    await this.#collections.insert(
      'audit',
      audited.map(({ entry }) => toAuditRow(entry))
    )
    for (const record of records) {
      if (record.type === 'idempotency key') {
        const { key, seq } = record
        await this.#saveState(keyOf.receipt(key), { key, seq })
      } else if (record.type === 'cursor') {
        const { consumer, seq } = record
        const cursors = this.#connection.collection('cursors')
        await this.#connection.write(() => cursors.replaceOne({ _id: consumer }, { seq }, { upsert: true }))
      }
    }
    const entries = records.filter((record) => record.type === 'entry')
    await this.#saveProgress({ ...(await this.#appendEntries(entries, before)), progress })
  }

  async finish({ epoch, seq, position, trimmed, audit }: StoreSummary): Promise<void> {
    const { no, logged } = this.#unfinished ?? { no: 0, logged: 0 }
    const totals = await this.#computeTotals()
    const counters: Counters = { ...ZERO_COUNTERS, ...totals, seq, position, trimmed, logged, forgotten: 0, audit }
    const empty = { time: 0, content: { commits: [], controls: [] } }
    await this.#append({ ...empty, number: 0, firstSeq: 1, counters: ZERO_COUNTERS })
    await this.#append({ ...empty, number: no + 1, firstSeq: seq + 1, counters })
    const meta = this.#connection.collection('meta')
    await this.#connection.write(() => meta.replaceOne({ _id: 'applied' }, { no: no + 1 }, { upsert: true }))
    await insertHubRow(this.#connection, epoch)
    await this.#connection.write(() => meta.deleteOne({ _id: 'unfinished' }))
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  async #saveProgress(unfinished: UnfinishedTransfer): Promise<void> {
    const meta = this.#connection.collection('meta')
    const row = { state: JSON.stringify(unfinished) }
    await this.#connection.write(() => meta.replaceOne({ _id: 'unfinished' }, row, { upsert: true }))
    this.#unfinished = unfinished
  }

  async #putFile({ hash, size, bytes }: RecordOf<'file'>): Promise<void> {
    let [gathered, part]: [Buffer[], number] = [[], 0]
    const storeParts = async (minBytes: number) => {
      let whole = Buffer.concat(gathered)
      for (; whole.length >= minBytes && whole.length > 0; whole = whole.subarray(FILE_PART_BYTES)) {
        const row = { _id: filePartId(hash, part++), data: whole.subarray(0, FILE_PART_BYTES) }
        await this.#collections.insert('files', [row])
      }
      gathered = [whole]
    }
    for await (const chunk of bytes()) {
      gathered.push(chunk as Buffer)
      if (gathered.length > GATHERED_CHUNKS) await storeParts(FILE_PART_BYTES)
    }
    await storeParts(1)
    // References are counted at the end.
    await this.#saveState(keyOf.blob(hash), { size, hash, refs: 0, at: this.#connection.clock.milliseconds() })
  }

  async #putDocuments(records: readonly DocumentRecord[]): Promise<void> {
    const writes = records.map((record) =>
      toStateWrite(keyOf.document(record.kind, record.id), toState(record), 0, ZERO_COUNTERS)
    )
    await this.#collections.save(writes, 0)
  }

  async #putChunks(records: readonly RecordOf<'chunk'>[]): Promise<void> {
    const bySeries = new Map<StateKey, { series: SeriesName; added: StoredChunk[] }>()
    const rows = records.map(({ submodel, path, from, to, seq, count, bytes }) => {
      const key = keyOf.series({ submodel, path })
      const name = `${rowId(key)}.${from}.${seq}`
      const known = bySeries.get(key) ?? { series: { submodel, path }, added: [] }
      known.added.push({ name, from: String(from), to: String(to), seq, count, size: bytes.length })
      bySeries.set(key, known)
      return { _id: name, data: Buffer.from(bytes) }
    })
    await this.#collections.insert('chunks', rows)
    for (const [key, { series, added }] of bySeries) {
      const { state } = await this.#collections.load(key)
      const before = (state ?? { ...series, chunks: [] }) as SeriesState
      await this.#saveState(key, applySeriesChange(before, { ...series, added, removed: [] }))
    }
  }

  /** All of them become one batch. */
  async #appendEntries(records: readonly RecordOf<'entry'>[], before: UnfinishedTransfer): Promise<UnfinishedTransfer> {
    const [first, last] = [records[0]?.entry, records.at(-1)?.entry]
    if (first === undefined || last === undefined) return before
    const commits = records.map(({ entry }) => {
      return { changes: [], notes: [], importedChanges: entry.changes, time: entry.time }
    })
    const bytes = records.reduce((sum, { entry }) => sum + estimateEntryBytes(entry.changes), 0)
    const [no, logged] = [before.no + 1, before.logged + bytes]
    const counters = { ...ZERO_COUNTERS, seq: last.seq, logged }
    const content = { commits, controls: [] }
    await this.#append({ number: no, firstSeq: first.seq, time: last.time, counters, content })
    return { ...before, no, logged }
  }

  /** Replaces what an interrupted attempt may have written. */
  async #append(batch: Omit<NewBatch, 'writeId'>): Promise<void> {
    await this.#journal.remove(batch.number, batch.number + 1)
    if ((await this.#journal.append({ ...batch, writeId: randomUUID() })) === undefined) {
      throw new HubError('Conflict', ['Two migrations into one database'])
    }
  }

  async #saveState(key: StateKey, state: KnownState): Promise<void> {
    await this.#collections.save([toStateWrite(key, state, 0, ZERO_COUNTERS)], 0)
  }

  async #remove(key: StateKey): Promise<void> {
    const { state } = await this.#collections.load(key)
    if (state === null) return
    await this.#saveState(key, null)
    if (!(state instanceof DocumentState)) return
    const { bodies, overrideParts } = toStateWrite(key, state, 0, ZERO_COUNTERS)
    const ids = [...bodies, ...overrideParts].map(({ _id }) => _id)
    await this.#collections.remove('bodies', ids)
  }

  /** Counts everything, and the references to files. */
  async #computeTotals(): Promise<Partial<Counters>> {
    const documents: Record<string, number> = {}
    let [elements, bodyBytes] = [0, 0]
    const references = new Map<string, number>()
    for await (const row of this.#rowsOf('documents', ['keys', 'written', 'facets'])) {
      documents[String(row.kind)] = (documents[String(row.kind)] ?? 0) + 1
      elements += Number(row.elements)
      bodyBytes += Number(row.size)
      for (const { blob } of row.files as { blob: string }[]) references.set(blob, (references.get(blob) ?? 0) + 1)
    }
    let blobBytes = 0
    for await (const { _id, size, hash } of this.#rowsOf('blobs', [])) {
      blobBytes += Number(size)
      const blob = {
        size: Number(size),
        hash: String(hash),
        refs: references.get(_id) ?? 0,
        at: this.#connection.clock.milliseconds()
      }
      await this.#saveState(keyOf.blob(_id), blob)
    }
    let [series, samples, historyBytes] = [0, 0, 0]
    for await (const { count, bytes } of this.#rowsOf('series', ['list'])) {
      series++
      samples += Number(count)
      historyBytes += Number(bytes)
    }
    return { documents, elements, bodyBytes, blobBytes, series, samples, historyBytes }
  }

  #rowsOf(name: string, without: readonly string[]): AsyncIterable<StoredRow> {
    const projection = Object.fromEntries(without.map((member) => [member, 0 as const]))
    return this.#connection.collection(name).find({}).project<StoredRow>(projection)
  }
}

function toState(record: DocumentRecord): DocumentState {
  const { kind, id, position, revision, structureRevision, structureTime, hasBlob, facets, written, body } = record
  const files = new Map(record.files.map((file) => [file.name, file]))
  const overrides = written.map(({ path, ...element }): [string, ElementOverride] => [path, element])
  return new DocumentState(
    { kind, id, position, revision, structureRevision, structureTime, hasBlob, facets, files },
    body,
    new Map(overrides)
  )
}
