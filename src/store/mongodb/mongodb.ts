/**
 * The store for several equal processes over MongoDB (a replica set or sharded), or an engine that speaks its
 * protocol. It needs neither transactions nor change streams.
 *
 * The log is the truth: a sequence of numbered batches. A commit is one insert, of the batch with the next number
 * (journal.ts), which the unique `_id` grants to one process only, with `w: majority` and `j: true`. A process that
 * comes second reads the batch that won, applies it, and tries again with the next number. A batch contains everything
 * that happened in it and the counters after it; commits that wait while one batch is on its way share the next, so a
 * slow server means large batches (batch-writer.ts). If the answer to an insert is lost, the same row is inserted
 * again: one of the two attempts finds the other's row. So nothing is ever half committed, and nothing twice.
 *
 * Every process applies the same batches in the same order (replicated-state.ts, replay.ts) to what it has loaded,
 * which is therefore never stale: the guards of a commit are checked on the state before its batch, and hold, because
 * nothing can come between. A refusal is given only after a look at the end of the log. A read begins with such a
 * look, too, one for all reads that wait (log-applier.ts): with `linearizable` if there are several nodes, as a
 * deposed primary would answer from the past. After it, memory is as good as the database. Values are part of their
 * document in memory, and several documents are read without waiting in between, so what was committed together is
 * seen together.
 *
 * The log is checkpointed into the collections (schema.ts): each row is a state as of some batch, from which it is
 * loaded without reading the log from its beginning (state-loader.ts). One process checkpoints at a time, under a
 * lease (checkpointer.ts); every step is idempotent, and if the process dies another one continues. Nothing waits for
 * it: what the collections lack is in memory at every process (uncheckpointed.ts), replayed on what it loads and laid
 * over what lists find (lists.ts). Writers wait only if that becomes too much.
 *
 * Leases are entries of the log as well (leases.ts).
 *
 * What must be stored before a batch refers to it (bytes of files, chunks of history) is registered as an upload
 * first, and swept if no batch ever does (file-storage.ts). Bytes beyond the 16 MB of a row are stored in parts.
 *
 * Trimming empties old batches at once, but keeps their numbers for an hour (log-trimmer.ts).
 *
 * Listeners are notified at once of commits of this process, and of those of others by log-watcher.ts.
 */
import { randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { MemoryBudget } from '../../memory/budget.ts'
import { CheckpointHealth } from '../checkpoint-health.ts'
import { scanChunks } from '../chunk-scan.ts'
import { FUTURE_LIMIT_MS } from '../current-value.ts'
import { DamageLog } from '../damage.ts'
import { withTextInMemory } from '../document-text.ts'
import type { StoreFigures } from '../figures.ts'
import type { Chunk, ChunkHead, SeriesName } from '../series.ts'
import type { Change, DocumentKind, FileEntry, Store } from '../store.ts'
import type { TransferSource } from '../transfer.ts'
import { WriteHealth } from '../write-health.ts'
import { auditHeadOf } from './audit.ts'
import { readAudit } from './audit-reader.ts'
import { Checkpointer } from './checkpointer.ts'
import { Collections } from './collections.ts'
import type { MongoComponents } from './components.ts'
import { connect, type MongoConnectionOptions } from './connection.ts'
import { DocumentState } from './document.ts'
import { FileStorage } from './file-storage.ts'
import { Journal } from './journal.ts'
import { keyOf, type ReceiptState, type SeriesState } from './keys.ts'
import { LINE_BYTES } from './line-writer.ts'
import { listDocuments, listSeries } from './lists.ts'
import { LogReader } from './log-reader.ts'
import { LogTrimmer } from './log-trimmer.ts'
import { LogWatcher } from './log-watcher.ts'
import { openReplica, type Replica } from './replica.ts'
import { prepareDatabase } from './schema.ts'
import { type NamedChunk, overlappingChunks, summarizeSeries } from './series-state.ts'
import { MongoSource } from './transfer-source.ts'

export interface MongoOptions extends MongoConnectionOptions {
  /** Bound of the cache of documents and element rows. */
  readonly cacheBytes?: number
  /** Bound of what waits to be written; beyond it `commit` rejects with `TooManyRequests`. */
  readonly queueBytes?: number
  /** Where that is noted. */
  readonly memory?: MemoryBudget
  /** How far ahead of the clock source times are believed, in milliseconds; a value from beyond holds up no other. */
  readonly futureLimit?: number
  /** Where several processes write: bytes of waiting commits from which on they are stored in a line (lines.ts). */
  readonly lineBytes?: number
}

const MIB = 1024 * 1024

const SWEEP_LEASE = 'sweep'
const SWEEP_INTERVAL_MS = 10 * 60 * 1000

/**
 * Opens the database, creating what is missing.
 * @throws HubError `Unavailable` if it cannot be reached, or was written by a later release
 */
export function openMongo(url: string, options: MongoOptions = {}): Promise<Store> {
  return openStore(url, options)
}

/** Everything in a database, also while hubs use it. */
export async function openMongoSource(url: string, options: MongoOptions = {}): Promise<TransferSource> {
  const store = await openStore(url, options)
  return store.source()
}

async function openStore(url: string, options: MongoOptions): Promise<MongoStore> {
  const { cacheBytes = 64 * MIB, queueBytes = 64 * MIB } = options
  const { futureLimit = FUTURE_LIMIT_MS, lineBytes = LINE_BYTES } = options
  const connection = await connect(url, options)
  try {
    const journal = new Journal(connection)
    const collections = new Collections(connection)
    const { epoch } = await prepareDatabase(connection, journal)
    const bounds = { cacheBytes, queueBytes, futureLimit, lineBytes }
    const replica = await openReplica(connection, journal, collections, bounds)
    if (options.memory !== undefined) noteMemory(options.memory, replica)
    const reader = new LogReader(journal, replica.state)
    const files = new FileStorage(connection, replica)
    const [damage, checkpoints] = [new DamageLog(), new CheckpointHealth()]
    return new MongoStore({ epoch, connection, journal, collections, replica, reader, files, damage, checkpoints })
  } catch (error) {
    await connection.close()
    throw error
  }
}

function noteMemory(memory: MemoryBudget, { state, writer }: Replica): void {
  memory.keeps('documents', () => state.cache.bytes)
  memory.keeps('recent log', () => state.recentLog.bytes)
  memory.keeps('unwritten values', () => state.uncheckpointed.memoryBytes)
  memory.carries('writes', () => writer.queuedBytes)
}

class MongoStore implements Store {
  readonly epoch: string
  readonly #components: MongoComponents
  readonly #checkpointer: Checkpointer
  readonly #watcher: LogWatcher
  readonly #stopSweeps: () => void
  readonly #listeners = new Set<() => void>()
  readonly #writeHealth: WriteHealth
  #closed: Promise<void> | undefined

  constructor(components: MongoComponents) {
    const { connection, journal, replica, reader } = components
    const { state, applier } = replica
    this.epoch = components.epoch
    this.#components = components
    this.#writeHealth = new WriteHealth(connection.clock)
    this.#checkpointer = new Checkpointer({
      ...components,
      trimmer: new LogTrimmer(connection, journal, state, reader)
    })
    this.#checkpointer.start()
    state.onBatch((hasEntries) => {
      if (hasEntries) for (const listener of this.#listeners) listener()
    })
    this.#watcher = new LogWatcher(connection, journal, async () => {
      const { seq } = state.counters
      await applier.sync()
      return state.counters.seq > seq
    })
    this.#stopSweeps = connection.clock.every(SWEEP_INTERVAL_MS, () => void this.#sweep())
  }

  async document(kind: DocumentKind, id: string) {
    return (await this.#document(kind, id))?.document()
  }

  async head(kind: DocumentKind, id: string) {
    const document = await this.#document(kind, id)
    if (document === undefined) return undefined
    const { position, revision, structureRevision } = document.head
    return { kind, id, position, revision, structureRevision }
  }

  async structure(kind: DocumentKind, id: string) {
    return (await this.#document(kind, id))?.body
  }

  documents(...[kind, facets, page, elements = []]: Parameters<Store['documents']>) {
    return listDocuments(this.#components, kind, facets, page, elements)
  }

  async element(submodel: string, path: string) {
    return (await this.#document('Submodel', submodel))?.rows().get(path)
  }

  commit(changes: readonly Change[]) {
    // Changes that wait are read more than once, also when their file is gone.
    const inMemory = changes.map(withTextInMemory)
    const committed = this.#components.replica.writer.submit({ command: 'commit', changes: inMemory })
    committed.then(
      () => this.#writeHealth.recordSuccess(),
      (error) => this.#writeHealth.recordFailure(error)
    )
    return committed
  }

  async log(after: number, limit: number) {
    await this.#components.replica.applier.sync()
    return this.#components.reader.read(after, limit)
  }

  onCommit(listener: () => void): () => void {
    // Wrapped, so that a function that is added twice can be removed once.
    const wrapped = () => listener()
    this.#listeners.add(wrapped)
    this.#watcher.start()
    return () => {
      this.#listeners.delete(wrapped)
      if (this.#listeners.size === 0) this.#watcher.stop()
    }
  }

  async commitOfKey(key: string) {
    const { loader, state } = this.#components.replica
    const found = (await loader.loadLatest(keyOf.receipt(key))) as ReceiptState | null
    return found === null || found.seq <= state.counters.trimmed ? undefined : found.seq
  }

  async trimLog(seq: number): Promise<void> {
    const { replica, reader } = this.#components
    const { state, applier, writer } = replica
    await applier.sync()
    const upto = Math.min(seq, state.counters.seq)
    if (upto <= state.counters.trimmed) return
    await writer.submit({ command: 'trimLog', seq: upto, bytes: await reader.bytesUpTo(upto) })
  }

  audit(after: number, limit: number) {
    return readAudit(this.#components.connection, this.#components.replica, after, limit)
  }

  async auditHead() {
    await this.#components.replica.applier.sync()
    return auditHeadOf(this.#components.replica.state.counters)
  }

  async cursor(consumer: string) {
    const { connection } = this.#components
    const found = await connection.run(() => connection.collection('cursors').findOne({ _id: consumer }))
    return found === null ? undefined : Number(found.seq)
  }

  async setCursor(consumer: string, seq: number): Promise<void> {
    const { connection } = this.#components
    const cursors = connection.collection('cursors')
    await connection.write(() => cursors.replaceOne({ _id: consumer }, { seq }, { upsert: true }))
  }

  async lease(name: string, ttlMs: number): Promise<boolean> {
    const { connection, replica } = this.#components
    const start = connection.clock.monotonic()
    const isOurs = await replica.writer.submit({ command: 'lease', name, ttlMs })
    // If the answer took longer than the time to live, the lease has expired.
    return isOurs && connection.clock.monotonic() - start < ttlMs
  }

  receive(bytes: Readable, limit: number) {
    return this.#components.files.receive(bytes, limit)
  }

  async file(kind: DocumentKind, id: string, name: string) {
    return (await this.#document(kind, id))?.head.files.get(name)
  }

  async files(kind: DocumentKind, id: string) {
    const files = (await this.#document(kind, id))?.head.files ?? new Map<string, FileEntry>()
    return [...files.values()].sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))
  }

  open(file: FileEntry, range?: { start: number; end: number }): Readable {
    return this.#components.files.open(file, range)
  }

  async putChunks(chunks: readonly Chunk[], replaced: readonly ChunkHead[] = []): Promise<void> {
    const { files, replica } = this.#components
    const upload = randomUUID()
    const names = chunks.map((_, index) => `${upload}.${index}`)
    const pending = { collection: 'chunks', parts: chunks.length } as const
    await files.registerUpload(upload, pending)
    try {
      await Promise.all(chunks.map(({ bytes }, index) => files.storePart('chunks', names[index] ?? '', bytes)))
    } catch (error) {
      await files.discardUpload(upload, pending).catch(() => {})
      throw error
    }
    await replica.writer.submit({ command: 'putChunks', chunks, names, replaced, upload })
  }

  chunks(series: SeriesName, from: bigint, to: bigint): AsyncIterable<Chunk> {
    return scanChunks(from, {
      list: (start, limit) => this.#listChunks(series, start, to, limit),
      load: (listed) => Promise.all(listed.map((chunk) => this.#loadChunk(chunk)))
    })
  }

  /** The summaries are in the chunks only. */
  summarisedChunks(series: SeriesName, from: bigint, to: bigint): AsyncIterable<Chunk> {
    return this.chunks(series, from, to)
  }

  heads(series: SeriesName, from: bigint, to: bigint): AsyncIterable<ChunkHead> {
    return scanChunks(from, {
      list: (start, limit) => this.#listChunks(series, start, to, limit),
      load: async (listed) => listed.map(({ name: _, ...head }) => head)
    })
  }

  dropChunks(series: SeriesName, before: bigint): Promise<number> {
    return this.#components.replica.writer.submit({ command: 'dropChunks', series, before })
  }

  async seriesOf(name: SeriesName) {
    return summarizeSeries(await this.#series(name))
  }

  series(after: SeriesName | undefined, limit: number) {
    return listSeries(this.#components, after, limit)
  }

  source(): TransferSource {
    return new MongoSource(this.#components, () => this.close())
  }

  async figures(): Promise<StoreFigures> {
    const { state, applier } = this.#components.replica
    await applier.sync()
    const { counters } = state
    const logBytes = counters.logged - counters.forgotten
    return {
      documents: counters.documents,
      elements: counters.elements,
      logFirst: counters.trimmed + 1,
      logLast: counters.seq,
      series: counters.series,
      samples: counters.samples,
      logBytes,
      historyBytes: counters.historyBytes,
      bytes: logBytes + counters.historyBytes + counters.blobBytes + counters.bodyBytes,
      damaged: this.#components.damage.count,
      isWriteFailing: this.#writeHealth.isFailing,
      isCheckpointFailing: this.#components.checkpoints.isFailing,
      setAside: 0
    }
  }

  noteDamage(error: unknown): void {
    this.#components.damage.noteError(error)
  }

  onDamage(listener: (error: Error) => void): () => void {
    return this.#components.damage.onDamage(listener)
  }

  onCheckpointFailure(listener: (failure: Error | undefined) => void): () => void {
    return this.#components.checkpoints.onChange(listener)
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const { replica, connection } = this.#components
    this.#stopSweeps()
    this.#listeners.clear()
    this.#watcher.stop()
    await replica.writer.drain()
    await this.#checkpointer.stop()
    // Other processes need not wait for the leases to expire.
    if (!connection.isUnavailable) await replica.writer.submitFinal({ command: 'releaseLeases' }).catch(() => {})
    await connection.close()
  }

  async #document(kind: DocumentKind, id: string): Promise<DocumentState | undefined> {
    const found = await this.#components.replica.loader.loadLatest(keyOf.document(kind, id))
    return found instanceof DocumentState ? found : undefined
  }

  async #series(name: SeriesName): Promise<SeriesState | null> {
    return (await this.#components.replica.loader.loadLatest(keyOf.series(name))) as SeriesState | null
  }

  async #listChunks(series: SeriesName, from: bigint, to: bigint, limit: number): Promise<NamedChunk[]> {
    return overlappingChunks(await this.#series(series), from, to, limit)
  }

  async #loadChunk({ name, ...head }: NamedChunk): Promise<Chunk | undefined> {
    const { connection } = this.#components
    const found = await connection.run(() => connection.collection('chunks').findOne({ _id: name }))
    return found === null ? undefined : { ...head, bytes: found.data as Buffer }
  }

  /** Removes what nothing refers to. What fails is tried again the next time. */
  async #sweep(): Promise<void> {
    try {
      if (await this.lease(SWEEP_LEASE, 2 * SWEEP_INTERVAL_MS)) await this.#components.files.sweep()
    } catch {
      // The database is unavailable; requests report that.
    }
  }
}
