/**
 * The embedded store: one SQLite database in WAL mode and a directory of files.
 *
 * Writes go through the queue (write-queue.ts) to a thread with the only writing connection (writer.ts, changes.ts); reads
 * run here (reads.ts), behind a cache (cache.ts) that durable writes update. Files are stored next to it (files.ts, blobs.ts).
 */
import type { Readable } from 'node:stream'
import { type Clock, systemClock } from '../../clock.ts'
import { HubError } from '../../errors.ts'
import { MemoryBudget } from '../../memory/budget.ts'
import { CheckpointHealth } from '../checkpoint-health.ts'
import { scanChunks, scanSummarised } from '../chunk-scan.ts'
import { type DatedCommit, FUTURE_LIMIT_MS } from '../current-value.ts'
import { DamageLog, isDamaged } from '../damage.ts'
import type { StoreFigures } from '../figures.ts'
import { toLoggedChanges } from '../logged-changes.ts'
import { RecentLog } from '../recent-log.ts'
import type { Chunk, ChunkHead, IsEnough, SeriesName, SummarisedChunk } from '../series.ts'
import type { Change, DocumentKind, ElementCondition, Facet, FileEntry, PageRequest, Store } from '../store.ts'
import { WriteHealth } from '../write-health.ts'
import { DocumentCache } from './cache.ts'
import { prepareFiles, readFileRange, receiveFile } from './files.ts'
import { lockDirectory } from './lock.ts'
import { databasePath, makeDirectory, refuseOrphanedFiles } from './paths.ts'
import { Reads } from './reads.ts'
import type { CheckpointNews } from './row-checkpoints.ts'
import { DatabaseSize, noteMemory } from './sizes.ts'
import { SLICE_SIZES, type SliceSizes } from './sliced-join.ts'
import { toHubError, unwritableRows } from './storage-errors.ts'
import { UnwrittenValues } from './unwritten-values.ts'
import { openWriteQueue, type WriteQueue, type WriterMemory } from './write-queue.ts'

export interface SqliteOptions {
  /** Bound of the cache of documents and element rows, in bytes. */
  readonly cacheBytes?: number
  /** Bound of queued writes, in bytes; beyond it `commit` rejects with `TooManyRequests`. */
  readonly queueBytes?: number
  /** Bound of the newest entries of the log that are kept, in bytes. */
  readonly recentBytes?: number
  /** Pages of the database that each of the two connections keeps, in bytes. */
  readonly pageBytes?: number
  /** Series that need not be named to the writer again. */
  readonly seriesNames?: number
  /** Of the writer. */
  readonly writerMemory?: WriterMemory
  /** Where all that is noted. */
  readonly memory?: MemoryBudget
  /** Bound of the database file, in bytes; beyond it `commit` rejects with `StorageFull`. Default: none. */
  readonly maxBytes?: number
  readonly clock?: Clock
  /** How far ahead of the clock source times are trusted, in milliseconds; values from beyond do not block later ones. */
  readonly futureLimit?: number
  /** Values that may be ahead of their rows; a process that ended early leaves as many to read to the next start. */
  readonly maxUnwritten?: number | undefined
  /** The same in bytes of rows, on both sides of the writer. */
  readonly maxUnwrittenBytes?: number | undefined
  /** How submodels are joined with their values. */
  readonly slices?: SliceSizes
  /** Called where an earlier process ended early, with the number of log entries whose values were applied first. */
  readonly onRecovered?: (entries: number) => void
}

const MIB = 1024 * 1024

/** Files without a reference are removed after this time; until then they may still be attached. */
const SWEEP_GRACE_MS = 60 * 60 * 1000
const SWEEP_INTERVAL_MS = 10 * 60 * 1000

/**
 * Opens a data directory, creating it if missing.
 * @throws HubError `Unavailable` if another process uses the directory, the database is damaged, or it was written
 * by a later release
 */
export async function openSqlite(directory: string, options: SqliteOptions = {}): Promise<Store> {
  const { cacheBytes = 64 * MIB, queueBytes = 64 * MIB, recentBytes = 16 * MIB, pageBytes = 16 * MIB } = options
  const { memory = new MemoryBudget(), clock = systemClock, futureLimit = FUTURE_LIMIT_MS } = options
  const { seriesNames = 100_000, writerMemory = { youngBytes: 24 * MIB }, slices = SLICE_SIZES } = options
  const { maxBytes, maxUnwritten, maxUnwrittenBytes } = options
  await makeDirectory(directory)
  await refuseOrphanedFiles(directory)
  const unlock = lockDirectory(directory)
  try {
    await prepareFiles(directory)
    const cache = new DocumentCache(cacheBytes)
    const recent = new RecentLog(recentBytes)
    const [damage, writeHealth, checkpoints] = [new DamageLog(), new WriteHealth(clock), new CheckpointHealth()]
    const unwritten = new UnwrittenValues()
    const listeners = new Set<() => void>()
    const noteCheckpoint = ({ setAside, failure }: Pick<CheckpointNews, 'setAside' | 'failure'>) => {
      checkpoints.setAside = setAside.length
      for (const id of setAside) damage.report(...unwritableRows(id))
      checkpoints.note(failure && new HubError(failure.name, failure.about))
    }
    const queue = await openWriteQueue({
      ...{ directory, maxBytes, futureLimit, maxUnwritten, maxUnwrittenBytes, pageBytes, seriesNames, writerMemory },
      held: memory.holder('writes', queueBytes),
      clock: clock.milliseconds,
      onCommit: (changes, commit, late) => {
        writeHealth.recordSuccess()
        unwritten.add(changes, commit, late)
        applyToCaches(cache, recent, changes, commit)
      },
      onCheckpoint: (news) => {
        unwritten.dropUpTo(news.applied, news.setAside)
        noteCheckpoint(news)
      },
      onRecovered: ({ entries, damaged, unwritten: left, last, ...checkpoint }) => {
        unwritten.restore(left, last)
        noteCheckpoint(checkpoint)
        const { failure } = checkpoint
        if (failure !== undefined) noteFailure(new HubError(failure.name, failure.about), damage, writeHealth)
        if (entries > 0) options.onRecovered?.(entries)
        for (const record of damaged) damage.report(record, 'values in it are lost')
      },
      onRefused: (error, command) => {
        noteFailure(error, damage, writeHealth)
        // Records that the writer found damaged must not be served from the cache.
        if (isDamaged(error) && command.type === 'commit') for (const change of command.changes) cache.evict(change)
      },
      onCommits: () => {
        for (const listener of listeners) listener()
      }
    })
    try {
      noteMemory(memory, { cache, recent, queue, unwritten, pageBytes })
      const readOptions = { cache, unwritten, damage, clock, pageBytes, logPageBytes: recentBytes, slices }
      const reads = new Reads(databasePath(directory), readOptions)
      const parts = { directory, clock, unlock, queue, reads, recent, listeners }
      return new SqliteStore({ ...parts, damage, writeHealth, checkpoints })
    } catch (error) {
      await queue.close()
      throw error
    }
  } catch (error) {
    unlock()
    throw toHubError(error)
  }
}

interface StoreParts {
  readonly directory: string
  readonly clock: Clock
  readonly unlock: () => void
  readonly queue: WriteQueue
  readonly reads: Reads
  readonly recent: RecentLog
  readonly damage: DamageLog
  readonly writeHealth: WriteHealth
  readonly checkpoints: CheckpointHealth
  readonly listeners: Set<() => void>
}

class SqliteStore implements Store {
  readonly epoch: string
  readonly #parts: StoreParts
  readonly #size: DatabaseSize
  readonly #stopSweeps: () => void
  #sweeping: Promise<void>
  #closed: Promise<void> | undefined

  constructor(parts: StoreParts) {
    this.#parts = parts
    this.epoch = parts.reads.epoch()
    this.#size = new DatabaseSize(parts.directory, parts.clock)
    // Unreferenced files now were left by an earlier process and need no grace period.
    this.#sweeping = this.#sweep(parts.clock.milliseconds())
    this.#stopSweeps = parts.clock.every(SWEEP_INTERVAL_MS, () => {
      this.#sweeping = this.#sweeping.then(() => this.#sweep(parts.clock.milliseconds() - SWEEP_GRACE_MS))
    })
  }

  async document(kind: DocumentKind, id: string) {
    const reading = Promise.resolve(this.#read((reads) => reads.document(kind, id)))
    return reading.catch((error) => this.#fail(error))
  }

  async head(kind: DocumentKind, id: string) {
    return this.#read((reads) => reads.head(kind, id))
  }

  async structure(kind: DocumentKind, id: string) {
    return this.#read((reads) => reads.structure(kind, id))
  }

  async documents(
    kind: DocumentKind,
    facets: readonly Facet[],
    page: PageRequest,
    elements: readonly ElementCondition[] = []
  ) {
    const { reads } = this.#parts
    const gathered = await reads.gather(elements, page.after).catch((error) => this.#fail(error))
    const reading = Promise.resolve(this.#read((reads) => reads.documents({ kind, facets, elements }, page, gathered)))
    return reading.catch((error) => this.#fail(error))
  }

  async element(submodel: string, path: string) {
    return this.#read((reads) => reads.element(submodel, path))
  }

  cachedElement(submodel: string, path: string) {
    return this.#parts.reads.cachedElement(submodel, path)
  }

  commit(changes: readonly Change[]) {
    return this.#parts.queue.submit({ type: 'commit', changes })
  }

  async log(after: number, limit: number) {
    const recent = this.#parts.recent.after(after, limit)
    return recent === undefined ? this.#read((reads) => reads.log(after, limit)) : { entries: recent, gap: false }
  }

  onCommit(listener: () => void): () => void {
    // Wrapped, so that a function that listens twice can be removed once.
    const wrapped = () => listener()
    this.#parts.listeners.add(wrapped)
    return () => this.#parts.listeners.delete(wrapped)
  }

  async commitOfKey(key: string) {
    return this.#read((reads) => reads.commitOfKey(key))
  }

  async trimLog(seq: number): Promise<void> {
    this.#parts.recent.trim(seq)
    while ((await this.#parts.queue.submit({ type: 'trim', seq })) > 0);
  }

  async audit(after: number, limit: number) {
    return this.#read((reads) => reads.audit(after, limit))
  }

  async auditHead() {
    return this.#read((reads) => reads.auditHead())
  }

  async cursor(consumer: string) {
    return this.#read((reads) => reads.cursor(consumer))
  }

  async setCursor(consumer: string, seq: number): Promise<void> {
    await this.#parts.queue.submit({ type: 'cursor', consumer, seq })
  }

  /** Always granted: only one process uses a data directory. */
  async lease() {
    return true
  }

  receive(bytes: Readable, limit: number) {
    const { directory, queue, writeHealth } = this.#parts
    const received = receiveFile(directory, bytes, limit, (found) => queue.submit({ type: 'receive', ...found }))
    received.catch((error) => writeHealth.recordFailure(error))
    return received
  }

  async file(kind: DocumentKind, id: string, name: string) {
    return this.#read((reads) => reads.file(kind, id, name))
  }

  async files(kind: DocumentKind, id: string) {
    return this.#read((reads) => reads.files(kind, id))
  }

  open(file: FileEntry, range?: { start: number; end: number }): Readable {
    const { directory, damage } = this.#parts
    const parts = this.#read((reads) => reads.blobParts(file.blob))
    return readFileRange(directory, file, { parts, damage }, range)
  }

  async putChunks(chunks: readonly Chunk[], replaced: readonly ChunkHead[] = []): Promise<void> {
    await this.#parts.queue.submit({ type: 'putChunks', chunks, replaced })
  }

  chunks(series: SeriesName, from: bigint, to: bigint): AsyncIterable<Chunk> {
    return scanChunks(from, {
      list: async (start, limit) => this.#read((reads) => reads.history.heads(series, start, to, limit)),
      load: async (heads) => this.#read((reads) => reads.history.chunks(series, heads))
    })
  }

  summarisedChunks(series: SeriesName, from: bigint, to: bigint, isEnough: IsEnough): AsyncIterable<SummarisedChunk> {
    const source = {
      list: async (start: bigint, limit: number) =>
        this.#read((reads) => reads.history.summaries(series, start, to, limit)),
      load: async (heads: readonly ChunkHead[]) => this.#read((reads) => reads.history.chunks(series, heads))
    }
    return scanSummarised(from, source, isEnough)
  }

  heads(series: SeriesName, from: bigint, to: bigint): AsyncIterable<ChunkHead> {
    return scanChunks(from, {
      list: async (start, limit) => this.#read((reads) => reads.history.heads(series, start, to, limit)),
      load: async (heads) => heads
    })
  }

  dropChunks(series: SeriesName, before: bigint) {
    return this.#parts.queue.submit({ type: 'dropChunks', series, before })
  }

  async seriesOf(name: SeriesName) {
    return this.#read((reads) => reads.history.one(name))
  }

  async series(after: SeriesName | undefined, limit: number) {
    return this.#read((reads) => reads.history.list(after, limit))
  }

  async figures(): Promise<StoreFigures> {
    const { counters, logFirst } = this.#read((reads) => ({ counters: reads.counters(), logFirst: reads.logFirst() }))
    const logLast = counters.get('seq') ?? 0
    const documents: Record<string, number> = {}
    for (const [name, value] of counters) {
      if (name.startsWith('documents.')) documents[name.slice('documents.'.length)] = value
    }
    return {
      documents,
      elements: counters.get('elements') ?? 0,
      logFirst: logFirst ?? logLast + 1,
      logLast,
      series: counters.get('series') ?? 0,
      samples: counters.get('samples') ?? 0,
      logBytes: counters.get('logBytes') ?? 0,
      historyBytes: counters.get('historyBytes') ?? 0,
      bytes: (counters.get('blobBytes') ?? 0) + (await this.#size.bytes()),
      damaged: this.#parts.damage.count,
      isWriteFailing: this.#parts.writeHealth.isFailing,
      isCheckpointFailing: this.#parts.checkpoints.isFailing,
      setAside: this.#parts.checkpoints.setAside
    }
  }

  noteDamage(error: unknown): void {
    this.#parts.damage.noteError(error)
  }

  onDamage(listener: (error: Error) => void): () => void {
    return this.#parts.damage.onDamage(listener)
  }

  onCheckpointFailure(listener: (failure: Error | undefined) => void): () => void {
    return this.#parts.checkpoints.onChange(listener)
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const { queue, reads, unlock } = this.#parts
    this.#stopSweeps()
    await queue.drain()
    await this.#sweeping
    // The last connection to close checkpoints the WAL, which a read-only one cannot.
    reads.close()
    await queue.close()
    unlock()
  }

  /** Removes files unreferenced since `before`. Failures are retried by the next sweep. */
  async #sweep(before: number): Promise<void> {
    const { queue } = this.#parts
    try {
      while ((await queue.submit({ type: 'sweep', before })) > 0);
    } catch {
      // The storage failed, which the next write reports, or the store was closed.
    }
  }

  #read<Result>(read: (reads: Reads) => Result): Result {
    try {
      return read(this.#parts.reads)
    } catch (error) {
      return this.#fail(error)
    }
  }

  #fail(error: unknown): never {
    const failure = toHubError(error)
    this.#parts.damage.noteError(failure)
    throw failure
  }
}

/** Call before the commit is acknowledged. */
function applyToCaches(cache: DocumentCache, recent: RecentLog, changes: readonly Change[], commit: DatedCommit): void {
  for (const change of changes) cache.apply(change, commit)
  const { seq, time } = commit
  if (recent.isTooLarge(changes.length)) recent.clear()
  else recent.add({ seq, time, changes: toLoggedChanges(changes, commit) })
}

function noteFailure(error: HubError, damage: DamageLog, writeHealth: WriteHealth): void {
  writeHealth.recordFailure(error)
  damage.noteError(error)
}
