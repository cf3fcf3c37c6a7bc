/**
 * Writes the history: gathers the samples of the log by series and writes them as chunks, seldom and in large parts.
 * Samples that are in no chunk yet are kept here, so that readers miss nothing.
 *
 * The cursor moves once the chunks are durable, so samples that a crashed process had written come again; its successor
 * leaves out those that are in chunks already. All samples of a series up to an entry of the log are written at once, so
 * a chunk of that entry or a later one shows that they were.
 *
 * Of several processes the leader writes. The others read the log only while their history is read, from the leader's
 * cursor on, and drop what it has passed: else each of them would do the work of all.
 */
import { setImmediate } from 'node:timers/promises'
import { type Clock, systemClock } from '../../clock.ts'
import { HubError } from '../../errors.ts'
import type { Run } from '../../model/samples.ts'
import { earlier, later } from '../../model/time.ts'
import type { PackedRun } from '../../store/packed-run.ts'
import { Lease } from '../../store/run-as-leader.ts'
import type { Chunk, SeriesName, SeriesSpan } from '../../store/series.ts'
import type { Store } from '../../store/store.ts'
import type { ThreadPool } from '../../threads/pool.ts'
import { TimeSlice } from '../../time-slice.ts'
import { LastChunks } from './last-chunks.ts'
import { type Packer, packHere, packIn, type SeriesToPack } from './packer.ts'
import { estimateBytes, type PendingChange, PendingChanges, timesOf } from './pending.ts'
import { type HistoryPolicyOf, KEEP_EVERYTHING } from './policy.ts'
import { ScratchHistory } from './scratch-history.ts'

export interface HistoryWriterOptions {
  /** Absent: everything is recorded. */
  readonly policyOf?: HistoryPolicyOf
  /** Called with an error; a retry follows. */
  readonly failed: (error: unknown) => void
  /** Pending samples are written at this interval, and earlier where there are more bytes of them. */
  readonly intervalMs?: number
  readonly maxPendingBytes?: number
  readonly clock?: Clock
  /** Where much is packed; absent: here. */
  readonly threads?: ThreadPool
}

/** Name of the cursor and of the lease. */
export const HISTORY_CONSUMER = 'history'
const LEASE_TTL_MS = 30_000

/** A process that does not write the history reads the log on for so long after its history was read. */
const FOLLOW_MS = 60_000

const WRITE_INTERVAL_MS = 10_000
const MAX_PENDING_BYTES = 16 * 1024 * 1024
const ENTRIES_PER_READ = 1000

/** Of samples that are packed, and whose chunks are stored, together: commits wait for their transaction. */
const BATCH_BYTES = 256 * 1024
const BATCH_SERIES = 100
const BATCHES_AT_ONCE = 2

/** Less than this is packed sooner than a thread has started. */
const MIN_THREAD_BYTES = 256 * 1024

/** Buckets that an earlier policy downsampled to may be wider than today's, but hardly wider than this. */
const USUAL_BUCKET_NS = 3_600_000_000_000n

const EARLIEST = -(2n ** 63n)

export async function startHistoryWriter(store: Store, options: HistoryWriterOptions): Promise<HistoryWriter> {
  return new HistoryWriter(store, options, (await store.cursor(HISTORY_CONSUMER)) ?? 0)
}

export class HistoryWriter {
  readonly #store: Store
  readonly #lease: Lease
  readonly #policyOf: HistoryPolicyOf
  readonly #failed: (error: unknown) => void
  readonly #threads: ThreadPool | undefined
  readonly #maxPendingBytes: number
  readonly #stopTimer: () => void
  readonly #stopListening: () => void
  readonly #pending = new PendingChanges()
  readonly #lastChunks: LastChunks
  readonly #scratch: ScratchHistory
  readonly #clock: Clock
  /** The last entry that was read. */
  #position: number
  #readingPage: Promise<boolean> | undefined
  #readingAll: Promise<void> | undefined
  #writing: Promise<void> = Promise.resolve()
  #isStopped = false
  /** This process writes the history, as far as it knows. */
  #isLeader = true
  /** Until then the history is read here (monotonic time). */
  #followsUntil = Number.NEGATIVE_INFINITY
  /** Entries may be passed over that are in chunks already. */
  #mayPass = false
  /** This process wrote last, successfully: `lastChunks` and `pending` are in step with the store. */
  #isInStep = false

  constructor(
    store: Store,
    {
      failed,
      policyOf = () => KEEP_EVERYTHING,
      intervalMs = WRITE_INTERVAL_MS,
      maxPendingBytes = MAX_PENDING_BYTES,
      clock = systemClock,
      threads
    }: HistoryWriterOptions,
    position: number
  ) {
    this.#store = store
    this.#lease = new Lease(store, { name: HISTORY_CONSUMER, ttlMs: LEASE_TTL_MS, clock })
    this.#policyOf = policyOf
    this.#failed = failed
    this.#threads = threads
    this.#maxPendingBytes = maxPendingBytes
    this.#lastChunks = new LastChunks(store, failed)
    this.#scratch = new ScratchHistory(store)
    this.#clock = clock
    this.#position = position
    this.#stopListening = store.onCommit(() => {
      if (this.#follows) void this.#readAll().catch(failed)
      else this.#pause()
    })
    this.#stopTimer = clock.every(intervalMs, () => void this.#write().catch(failed))
    // In the background: readers wait for what they need.
    void this.#readAll().catch(failed)
  }

  /** Resolves when everything was read that the log holds now; more may be appended as fast as it is read. */
  async caughtUp(): Promise<void> {
    this.#followsUntil = this.#clock.monotonic() + FOLLOW_MS
    const { logLast } = await this.#store.figures()
    while (this.#position < logLast && !this.#isStopped) {
      // A commit that was just acknowledged may not be in the store's log yet.
      if (!(await this.#readPage())) await setImmediate()
    }
  }

  /** Estimated memory of the samples that are in no chunk yet. */
  get pendingBytes(): number {
    return this.#pending.bytes
  }

  /** Samples of a series that are in no chunk yet, of runs that overlap [from, to], in the order of the log. */
  parts(series: SeriesName, from: bigint, to: bigint): readonly (Run | PackedRun)[] {
    return this.#pending.parts(series, from, to)
  }

  /** Span and number of all these. */
  span(series: SeriesName): SeriesSpan | undefined {
    return this.#pending.span(series)
  }

  /** The series with samples that are in no chunk yet. */
  series(): readonly SeriesName[] {
    return this.#pending.series()
  }

  /** The last entry of the log whose samples are in chunks; later ones must not be trimmed. */
  async taken(): Promise<number> {
    return (await this.#store.cursor(HISTORY_CONSUMER)) ?? 0
  }

  /** Writes everything that is pending, then stops. */
  async stop(): Promise<void> {
    this.#stopTimer()
    this.#stopListening()
    if (this.#isLeader) await this.caughtUp().catch(this.#failed)
    this.#isStopped = true
    await this.#write().catch(this.#failed)
  }

  get #follows(): boolean {
    return this.#isLeader || this.#clock.monotonic() < this.#followsUntil
  }

  #readAll(): Promise<void> {
    this.#readingAll ??= (async () => {
      while (await this.#readPage());
    })().finally(() => {
      this.#readingAll = undefined
    })
    return this.#readingAll
  }

  /** Reads a page of the log; calls share a read under way. @returns false at the end of the log */
  #readPage(): Promise<boolean> {
    this.#readingPage ??= this.#readNextPage().finally(() => {
      this.#readingPage = undefined
    })
    return this.#readingPage
  }

  async #readNextPage(): Promise<boolean> {
    if (this.#isStopped) return false
    // One entry may hold the values of a hundred thousand elements.
    const slice = new TimeSlice()
    if (this.#mayPass) await this.#passWritten()
    const { entries, gap } = await this.#store.log(this.#position, ENTRIES_PER_READ)
    if (gap) {
      this.#policyOf.forget?.()
      const from = `behind entry ${this.#position}`
      this.#failed(new Error(`The log was trimmed or is damaged ${from}, before the history had read it`))
    }
    for (const entry of entries) {
      const { seq, changes } = entry
      for (const change of changes) {
        if (slice.isOver()) await slice.pause()
        if (change.change !== 'samples' && change.change !== 'value') {
          this.#scratch.note(entry, change)
          this.#policyOf.note?.(change)
          continue
        }
        const policy = this.#policyOf(change)
        const { isRecorded } = policy instanceof Promise ? await policy : policy
        if (isRecorded) this.#reportDamage(this.#pending.add(seq, change))
      }
      // Last, as readers rely on everything up to the position.
      this.#position = seq
      if (this.#pending.bytes > this.#maxPendingBytes) await this.#write()
    }
    return entries.length > 0
  }

  #pause(): void {
    this.#mayPass = true
    this.#policyOf.follow?.(false)
  }

  /** After a while without reading: what is in chunks by now need not be read any more. */
  async #passWritten(): Promise<void> {
    const taken = await this.taken()
    this.#mayPass = false
    this.#policyOf.follow?.(true)
    if (taken <= this.#position) return
    this.#pending.dropUntil(taken)
    this.#scratch.forget(taken)
    this.#position = taken
  }

  /** Damaged samples are kept as they are, and reported once. */
  #reportDamage({ seq, change: { path, submodel }, damage }: PendingChange): void {
    if (damage === undefined) return
    const name = `Entry ${seq} of the log, with samples of "${path}" in "${submodel}",`
    this.#failed(new HubError('Damaged', [name, damage]))
  }

  /** Writes everything that is pending as chunks, one call after the other. */
  #write(): Promise<void> {
    this.#writing = this.#writing.catch(() => {}).then(() => this.#writePending())
    return this.#writing
  }

  async #writePending(): Promise<void> {
    const wasLeader = this.#isLeader
    this.#isLeader = await this.#lease.acquire()
    if (this.#isLeader && !wasLeader) void this.#readAll().catch(this.#failed)
    if (!this.#isLeader) {
      // Another process writes chunks that are not known here.
      this.#isInStep = false
      this.#lastChunks.clear()
      const taken = await this.taken()
      this.#pending.dropUntil(taken)
      this.#scratch.forget(taken)
      return
    }
    const upTo = this.#position
    const written = await this.taken()
    // Not read so far yet.
    if (written > upTo) return
    this.#pending.dropUntil(written)
    // Chunks behind the cursor may be there already, from another process or from an attempt that failed.
    const mayBeWritten = !this.#isInStep
    if (mayBeWritten) this.#lastChunks.clear()
    this.#isInStep = false
    await this.#putAll(this.#batches(upTo, mayBeWritten))
    await this.#scratch.remove(upTo)
    if (upTo > written) await this.#store.setCursor(HISTORY_CONSUMER, upTo)
    this.#pending.dropUntil(upTo)
    this.#isInStep = true
  }

  /** One batch is packed while another is made durable. @throws what failed first, once nothing is under way */
  async #putAll(batches: AsyncIterable<readonly SeriesToPack[]>): Promise<void> {
    const packer = await this.#packer()
    const put = async () => {
      for await (const batch of batches) await this.#put(batch, packer)
    }
    const ends = await Promise.allSettled(Array.from({ length: BATCHES_AT_ONCE }, put))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }

  async #put(batch: readonly SeriesToPack[], packer: Packer): Promise<void> {
    const packed = await packer(batch)
    try {
      await this.#store.putChunks(
        packed.flatMap(({ chunks }) => chunks),
        packed.flatMap(({ replaced }) => replaced)
      )
    } catch (error) {
      if (!isChunkConflict(error)) throw error
      // The last chunk of one of them was compacted meanwhile.
      for (const { name } of batch) this.#lastChunks.delete(name)
      for (const { name, changes } of batch) {
        await this.#put([{ name, changes, last: await this.#lastChunk(name) }], packer)
      }
      return
    }
    for (const [index, { chunks, damage }] of packed.entries()) {
      if (damage !== undefined) this.#failed(damage)
      const name = batch[index]?.name
      if (name !== undefined) this.#lastChunks.note(name, chunks)
    }
  }

  /** Series with what is pending of each, in parts that are worth a message and a transaction. */
  async *#batches(upTo: number, mayBeWritten: boolean): AsyncGenerator<readonly SeriesToPack[]> {
    // So that requests get their turn.
    const slice = new TimeSlice()
    let batch: SeriesToPack[] = []
    let bytes = 0
    for (const name of this.#pending.series()) {
      const pending = this.#pending.items(name, upTo)
      const changes = mayBeWritten ? await this.#withoutWritten(name, pending) : pending
      await slice.check()
      if (changes.length === 0) continue
      const last = await this.#lastChunk(name)
      batch.push({ name, changes, last })
      bytes += changes.reduce((sum, { change }) => sum + estimateBytes(change), last?.bytes.length ?? 0)
      if (bytes < BATCH_BYTES && batch.length < BATCH_SERIES) continue
      yield batch
      batch = []
      bytes = 0
    }
    if (batch.length > 0) yield batch
  }

  async #lastChunk(name: SeriesName): Promise<Chunk | undefined> {
    const { mean } = await this.#policyOf(name)
    return this.#lastChunks.unfilled(name, mean !== undefined)
  }

  async #packer(): Promise<Packer> {
    const threads = this.#threads
    const isInThread = await threads?.takes(() => this.#pending.bytes >= MIN_THREAD_BYTES)
    return threads !== undefined && isInThread === true ? packIn(threads) : packHere
  }

  /**
   * Changes that are in no chunk yet: a chunk that holds one is of no earlier entry, and spans its time, or, where it is
   * downsampled already, a time of the same bucket before it. The policy may have changed since.
   */
  async #withoutWritten(series: SeriesName, changes: readonly PendingChange[]): Promise<readonly PendingChange[]> {
    const spans = changes.map(({ change }) => timesOf(change))
    if (spans.length === 0) return []
    const { mean = 0n } = await this.#policyOf(series)
    const width = later(mean, USUAL_BUCKET_NS)
    const from = later(spans.map((span) => span.from).reduce(earlier) - width, EARLIEST)
    const to = spans.map((span) => span.to).reduce(later)
    let written = 0
    for await (const { seq } of this.#store.heads(series, from, to)) written = Math.max(written, seq)
    return changes.filter(({ seq }) => seq > written)
  }
}

/** Were the chunks to be replaced rewritten meanwhile? */
export function isChunkConflict(error: unknown): boolean {
  return error instanceof HubError && error.name === 'Conflict'
}
