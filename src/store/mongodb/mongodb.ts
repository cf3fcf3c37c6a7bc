/**
 * The store for several equal processes: MongoDB, a replica set or sharded, or an engine that speaks its protocol and has
 * neither transactions nor change streams.
 *
 * The log is the truth. It is a line of batches with numbers, and a commit is one insert: of the batch with the next
 * number (journal.ts), which a unique `_id` gives to one process only, with `w: majority` and `j: true`. Whoever comes
 * second reads the batch that was there, carries it out, and tries behind it. A batch holds everything that happened in
 * it, and the counters as they stand behind it; the commits that wait while one is on its way share the next, so a slow
 * server means large batches (machine.ts). Whether an insert arrived whose answer did not is found out by inserting the
 * same again: one of both finds the other. So nothing is ever half committed, and nothing twice.
 *
 * Every process carries out the same batches in the same order (changes.ts, series.ts) on what it has loaded, which is
 * therefore never stale: the guards of a commit are checked on the state before its batch, and hold, because nothing can
 * come between. A refusal is given only after a look at the end of the log. A read begins with such a look, too, one
 * for all that wait (`sync`): with `linearizable` where there are several nodes, as a deposed primary would answer out
 * of the past. After it, memory is as good as the database. Values are a part of their document in memory, and several
 * documents are looked at without waiting in between, so what was committed together is seen together.
 *
 * The collections (layout.ts) are where the log ends up: what a state was as of some batch, by which it is loaded without
 * reading the log from its beginning. One process brings the log in, for all, holding a claim (keeper.ts); everything it
 * does may be done twice, and where it dies another one goes on from the mark. Nobody waits for it: what the
 * collections lack is in the tail of the log, which every process has at hand, and is carried out on what it loads
 * and laid over what lists find (lists.ts). Where the tail grows too long, writers wait.
 *
 * Claims are entries of the log as well. When one ends, no clock of another machine has to say: its holder counts from
 * before it was sent, the others from when they saw it, each by a clock of its own that never goes back.
 *
 * What must be stored before a batch refers to it (bodies of files, chunks of history) is announced as an upload
 * first, and swept where it never comes to that (files.ts). Bytes beyond the 16 MB of a row go in parts.
 *
 * Trimming empties old batches at once, but their numbers stay for an hour: a process that stood still would take a
 * number that is gone for the end of the log. One that stood still for longer begins anew.
 *
 * The bell rings at once for commits of this process. Those of others are looked for while somebody listens: when the
 * server's change stream says so, else after 5 ms, or, where nothing happens, after up to 50 (bell.ts).
 */
import { randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import { scanChunks } from '../chunk-scan.ts'
import { FUTURE_LIMIT_MS } from '../current-value.ts'
import { DamageLog } from '../damage.ts'
import { withTextInMemory } from '../document-text.ts'
import type { Chunk, ChunkHead, SeriesName } from '../series.ts'
import { openSqliteTarget } from '../sqlite/transfer-target.ts'
import type {
  BackupStore,
  Change,
  DocumentKind,
  ElementCondition,
  Facet,
  FileEntry,
  PageRequest,
  StoreFigures
} from '../store.ts'
import { type TransferSource, transfer } from '../transfer.ts'
import { WriteHealth } from '../write-health.ts'
import { Checkpointer } from './checkpointer.ts'
import { type Connection, type ConnectionOptions, connect } from './connection.ts'
import { DocumentState } from './document.ts'
import { Files } from './files.ts'
import { Journal } from './journal.ts'
import { type Found, keyOf, type Receipt, type SeriesState } from './keys.ts'
import { documents, series } from './lists.ts'
import { LogWatcher } from './log-watcher.ts'
import { LogReader } from './reader.ts'
import { ReplicatedState } from './replicated-state.ts'
import { prepare } from './schema.ts'
import { glance, type NamedChunk, overlapping } from './series.ts'
import { Tables } from './tables.ts'
import { MongoSource } from './transfer.ts'

export interface MongoOptions extends ConnectionOptions {
  /** Bound of the cache of documents and element rows, in bytes. */
  readonly cacheBytes?: number
  /** Bound of what waits to be written, in bytes; beyond it `commit` rejects with `TooManyRequests`. */
  readonly queueBytes?: number
  /** Server time in milliseconds since 1970. */
  readonly clock?: () => number
  /** How far ahead of the clock source times are believed, in milliseconds; a value from beyond holds up no other. */
  readonly futureLimit?: number
}

const MIB = 1024 * 1024

const SWEEP_INTERVAL_MS = 10 * 60 * 1000

/**
 * Opens the database, creating what is missing.
 * @throws HubError `Unavailable` where it cannot be reached, or was written by a later release
 */
export async function openMongo(url: string, options: MongoOptions = {}): Promise<BackupStore> {
  return open(url, options)
}

/** Everything in a database, also while hubs use it. */
export async function openMongoSource(url: string, options: MongoOptions = {}): Promise<TransferSource> {
  const store = await open(url, options)
  return store.source(() => store.close())
}

async function open(url: string, options: MongoOptions): Promise<MongoStore> {
  const { cacheBytes = 64 * MIB, queueBytes = 64 * MIB, clock = Date.now } = options
  const { futureLimit = FUTURE_LIMIT_MS } = options
  const connection = await connect(url, options)
  try {
    const journal = new Journal(connection)
    const tables = new Tables(connection)
    const { epoch } = await prepare(connection, journal)
    const machine = new ReplicatedState(connection, journal, tables, { cacheBytes, queueBytes, clock, futureLimit })
    await machine.open()
    return new MongoStore({ epoch, connection, journal, tables, machine, damage: new DamageLog(), clock })
  } catch (error) {
    await connection.close()
    throw error
  }
}

interface Parts {
  readonly epoch: string
  readonly connection: Connection
  readonly journal: Journal
  readonly tables: Tables
  readonly machine: ReplicatedState
  readonly damage: DamageLog
  readonly clock: () => number
}

class MongoStore implements BackupStore {
  readonly epoch: string
  readonly #parts: Parts
  readonly #files: Files
  readonly #reader: LogReader
  readonly #keeper: Checkpointer
  readonly #listeners = new Set<() => void>()
  readonly #sweeper: NodeJS.Timeout
  readonly #bell: LogWatcher
  readonly #room = new WriteHealth()
  #closed: Promise<void> | undefined

  constructor(parts: Parts) {
    const { connection, machine, journal, clock } = parts
    this.epoch = parts.epoch
    this.#parts = parts
    this.#files = new Files(connection, machine, clock)
    this.#reader = new LogReader(journal, machine)
    this.#keeper = new Checkpointer({ ...parts, reader: this.#reader })
    this.#keeper.start()
    machine.onBatch((hasEntries) => {
      if (hasEntries) for (const listener of this.#listeners) listener()
    })
    this.#bell = new LogWatcher(connection, journal, async () => {
      const { seq } = machine.counters
      await machine.sync()
      return machine.counters.seq > seq
    })
    this.#sweeper = setInterval(() => void this.#sweep(), SWEEP_INTERVAL_MS)
    this.#sweeper.unref()
  }

  async document(kind: DocumentKind, id: string) {
    const state = await this.#state(keyOf.document(kind, id))
    return state instanceof DocumentState ? state.document() : undefined
  }

  async head(kind: DocumentKind, id: string) {
    const state = await this.#state(keyOf.document(kind, id))
    if (!(state instanceof DocumentState)) return undefined
    const { position, revision, structureRevision } = state.head
    return { kind, id, position, revision, structureRevision }
  }

  async documents(
    kind: DocumentKind,
    facets: readonly Facet[],
    page: PageRequest,
    elements: readonly ElementCondition[] = []
  ) {
    await this.#parts.machine.sync()
    return documents(this.#parts, kind, facets, page, elements)
  }

  async element(submodel: string, path: string) {
    const state = await this.#state(keyOf.document('Submodel', submodel))
    return state instanceof DocumentState ? state.rows().get(path) : undefined
  }

  commit(changes: readonly Change[]) {
    // What waits here is looked at more than once, also when the file is gone.
    const committed = this.#parts.machine.submit({ job: 'commit', changes: changes.map(withTextInMemory) })
    committed.then(
      () => this.#room.recordSuccess(),
      (error) => this.#room.recordFailure(error)
    )
    return committed
  }

  async log(after: number, limit: number) {
    await this.#parts.machine.sync()
    return this.#reader.read(after, limit)
  }

  onCommit(listener: () => void): () => void {
    // Wrapped, so that the same function listening twice can stop once.
    const ring = () => listener()
    this.#listeners.add(ring)
    this.#bell.start()
    return () => {
      this.#listeners.delete(ring)
      if (this.#listeners.size === 0) this.#bell.stop()
    }
  }

  async commitOfKey(key: string) {
    const found = (await this.#state(keyOf.receipt(key))) as Receipt | null
    return found === null || found.seq <= this.#parts.machine.counters.trimmed ? undefined : found.seq
  }

  async trimLog(seq: number): Promise<void> {
    const { machine } = this.#parts
    await machine.sync()
    const upto = Math.min(seq, machine.counters.seq)
    if (upto <= machine.counters.trimmed) return
    await machine.submit({ job: 'trim', seq: upto, bytes: await this.#reader.bytesUpTo(upto) })
  }

  async cursor(follower: string) {
    const { connection } = this.#parts
    const found = await connection.run(() => connection.rows('cursors').findOne({ _id: follower }))
    return found === null ? undefined : Number(found.seq)
  }

  async setCursor(follower: string, seq: number): Promise<void> {
    const { connection } = this.#parts
    const cursors = connection.rows('cursors')
    await connection.write(() => cursors.replaceOne({ _id: follower }, { seq }, { upsert: true }))
  }

  async lease(work: string, span: number): Promise<boolean> {
    const start = performance.now()
    const isMine = await this.#parts.machine.submit({ job: 'claim', work, span })
    // Where the answer took longer than the claim lasts, it is over.
    return isMine && performance.now() - start < span
  }

  async receive(bytes: Readable, limit: number) {
    return this.#files.receive(bytes, limit)
  }

  async file(kind: DocumentKind, id: string, name: string) {
    const state = await this.#state(keyOf.document(kind, id))
    return state instanceof DocumentState ? state.head.files.get(name) : undefined
  }

  async files(kind: DocumentKind, id: string) {
    const state = await this.#state(keyOf.document(kind, id))
    if (!(state instanceof DocumentState)) return []
    return [...state.head.files.values()].sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))
  }

  open(file: FileEntry, range?: { start: number; end: number }): Readable {
    return this.#files.open(file, range)
  }

  async putChunks(chunks: readonly Chunk[], replaced: readonly ChunkHead[] = []): Promise<void> {
    const upload = randomUUID()
    const names = chunks.map((_, index) => `${upload}.${index}`)
    const announced = { collection: 'chunks', parts: chunks.length } as const
    await this.#files.announce(upload, announced)
    try {
      await Promise.all(chunks.map(({ bytes }, index) => this.#files.store('chunks', names[index] ?? '', bytes)))
    } catch (error) {
      await this.#files.withdraw(upload, announced).catch(() => {})
      throw error
    }
    await this.#parts.machine.submit({ job: 'putChunks', chunks, names, replaced, upload })
  }

  chunks(series: SeriesName, from: bigint, to: bigint): AsyncIterable<Chunk> {
    return scanChunks(from, {
      list: (start, limit) => this.#list(series, start, to, limit),
      load: (listed) => Promise.all(listed.map((chunk) => this.#load(chunk)))
    })
  }

  heads(series: SeriesName, from: bigint, to: bigint): AsyncIterable<ChunkHead> {
    return scanChunks(from, {
      list: (start, limit) => this.#list(series, start, to, limit),
      load: async (listed) => listed.map(({ name: _, ...head }) => head)
    })
  }

  dropChunks(name: SeriesName, before: bigint): Promise<number> {
    return this.#parts.machine.submit({ job: 'dropChunks', series: name, before })
  }

  async seriesOf(name: SeriesName) {
    return glance((await this.#state(keyOf.series(name))) as SeriesState | null)
  }

  async series(after: SeriesName | undefined, limit: number) {
    await this.#parts.machine.sync()
    return series(this.#parts, after, limit)
  }

  /** An embedded store with all that is here; `aas-hub migrate` brings it back. */
  async backup(directory: string): Promise<void> {
    const target = await openSqliteTarget(directory)
    try {
      await transfer(this.source(), target)
    } catch (error) {
      await target.abandon()
      throw error
    } finally {
      await target.close()
    }
  }

  source(close?: () => Promise<void>): TransferSource {
    return new MongoSource({ ...this.#parts, reader: this.#reader, files: this.#files }, close)
  }

  async figures(): Promise<StoreFigures> {
    const { machine } = this.#parts
    await machine.sync()
    const { counters } = machine
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
      damaged: this.#parts.damage.count,
      isWriteFailing: this.#room.isFailing
    }
  }

  noteDamage(error: unknown): void {
    this.#parts.damage.noteError(error)
  }

  onDamage(listener: (error: Error) => void): () => void {
    return this.#parts.damage.onDamage(listener)
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const { machine, connection } = this.#parts
    clearInterval(this.#sweeper)
    this.#listeners.clear()
    this.#bell.stop()
    await machine.drain()
    await this.#keeper.stop()
    // Others need not wait until what this process claimed is over.
    if (!connection.isAway) await machine.submitLast({ job: 'release' }).catch(() => {})
    await connection.close()
  }

  /** A state that is no older than this call. */
  async #state(key: string): Promise<Found> {
    const { machine } = this.#parts
    await machine.sync()
    return machine.state(key)
  }

  async #list(series: SeriesName, from: bigint, to: bigint, limit: number) {
    return overlapping((await this.#state(keyOf.series(series))) as SeriesState | null, from, to, limit)
  }

  async #load({ name, ...head }: NamedChunk): Promise<Chunk | undefined> {
    const { connection } = this.#parts
    const found = await connection.run(() => connection.rows('chunks').findOne({ _id: name }))
    return found === null ? undefined : { ...head, bytes: found.data as Buffer }
  }

  /** Removes what nothing refers to. What fails is tried again the next time. */
  async #sweep(): Promise<void> {
    try {
      if (await this.lease('sweep', 2 * SWEEP_INTERVAL_MS)) await this.#files.sweep()
    } catch {
      // The database is away, which whoever asks next is told.
    }
  }
}
