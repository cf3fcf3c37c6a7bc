/**
 * Writes the history: gathers the samples of the log by series and writes them as chunks, seldom and in large parts.
 * Samples that are in no chunk yet are kept here, so that readers miss nothing.
 *
 * The cursor moves once the chunks are durable, so samples that a crashed process had written come again; its successor
 * leaves out those that are in chunks already. All samples of a series up to an entry of the log are written at once, so
 * a chunk of that entry or a later one shows that they were.
 *
 * Of several processes the leader writes; the others read the log as well, and drop what the leader's cursor has passed.
 */
import { setImmediate } from 'node:timers/promises'
import { type Clock, systemClock } from '../../clock.ts'
import { HubError } from '../../errors.ts'
import type { Run } from '../../model/samples.ts'
import { earlier, later } from '../../model/time.ts'
import { isDamaged } from '../../store/damage.ts'
import { describeChunk } from '../../store/merge-chunks.ts'
import type { PackedRun } from '../../store/packed-run.ts'
import { Lease } from '../../store/run-as-leader.ts'
import { decodeRun } from '../../store/run-codec.ts'
import type { Chunk, SeriesName } from '../../store/series.ts'
import type { Store } from '../../store/store.ts'
import { TimeSlice } from '../../time-slice.ts'
import { CHUNK_SAMPLES, pack, type UnfilledChunk } from './packing.ts'
import { type PendingChange, PendingChanges, type SampleChange } from './pending.ts'
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
}

/** Name of the cursor and of the lease. */
export const HISTORY_CONSUMER = 'history'
const LEASE_TTL_MS = 30_000

const WRITE_INTERVAL_MS = 10_000
const MAX_PENDING_BYTES = 16 * 1024 * 1024
const ENTRIES_PER_READ = 1000

const EARLIEST = -(2n ** 63n)

/** Series of which the last chunk is remembered. */
const CACHE_ENTRIES = 100_000

export async function startHistoryWriter(store: Store, options: HistoryWriterOptions): Promise<HistoryWriter> {
  return new HistoryWriter(store, options, (await store.cursor(HISTORY_CONSUMER)) ?? 0)
}

export class HistoryWriter {
  readonly #store: Store
  readonly #lease: Lease
  readonly #policyOf: HistoryPolicyOf
  readonly #failed: (error: unknown) => void
  readonly #maxPendingBytes: number
  readonly #stopTimer: () => void
  readonly #stopListening: () => void
  readonly #pending = new PendingChanges()
  readonly #lastChunks: LastChunks
  readonly #scratch: ScratchHistory
  /** The last entry that was read. */
  #position: number
  #readingPage: Promise<boolean> | undefined
  #readingAll: Promise<void> | undefined
  #writing: Promise<void> = Promise.resolve()
  #isStopped = false
  /** This process wrote last, successfully: `lastChunks` and `pending` are in step with the store. */
  #isInStep = false

  constructor(
    store: Store,
    {
      failed,
      policyOf = () => KEEP_EVERYTHING,
      intervalMs = WRITE_INTERVAL_MS,
      maxPendingBytes = MAX_PENDING_BYTES,
      clock = systemClock
    }: HistoryWriterOptions,
    position: number
  ) {
    this.#store = store
    this.#lease = new Lease(store, { name: HISTORY_CONSUMER, ttlMs: LEASE_TTL_MS, clock })
    this.#policyOf = policyOf
    this.#failed = failed
    this.#maxPendingBytes = maxPendingBytes
    this.#lastChunks = new LastChunks(store, failed)
    this.#scratch = new ScratchHistory(store)
    this.#position = position
    this.#stopListening = store.onCommit(() => void this.#readAll().catch(failed))
    this.#stopTimer = clock.every(intervalMs, () => void this.#write().catch(failed))
    // In the background: readers wait for what they need.
    void this.#readAll().catch(failed)
  }

  /** Resolves when everything was read that the log holds now; more may be appended as fast as it is read. */
  async caughtUp(): Promise<void> {
    const { logLast } = await this.#store.figures()
    while (this.#position < logLast && !this.#isStopped) {
      // A commit that was just acknowledged may not be in the store's log yet.
      if (!(await this.#readPage())) await setImmediate()
    }
  }

  /** Samples of a series that are in no chunk yet, in the order of the log. */
  parts(series: SeriesName): readonly (Run | PackedRun)[] {
    return this.#pending.parts(series)
  }

  /** The last entry of the log whose samples are in chunks; later ones must not be trimmed. */
  async taken(): Promise<number> {
    return (await this.#store.cursor(HISTORY_CONSUMER)) ?? 0
  }

  /** Writes everything that is pending, then stops. */
  async stop(): Promise<void> {
    this.#stopTimer()
    this.#stopListening()
    await this.caughtUp().catch(this.#failed)
    this.#isStopped = true
    await this.#write().catch(this.#failed)
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
    }
    // Last, as readers rely on everything up to the position.
    this.#position = entries.at(-1)?.seq ?? this.#position
    if (this.#pending.bytes > this.#maxPendingBytes) await this.#write()
    return entries.length > 0
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
    if (!(await this.#lease.acquire())) {
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
    if (written > upTo) return
    this.#pending.dropUntil(written)
    // Chunks behind the cursor may be there already, from another process or from an attempt that failed.
    const mayBeWritten = !this.#isInStep
    if (mayBeWritten) this.#lastChunks.clear()
    this.#isInStep = false
    // So that requests get their turn.
    const slice = new TimeSlice()
    for (const series of this.#pending.series()) {
      const changes = this.#pending.items(series, upTo)
      const unwritten = mayBeWritten ? await this.#withoutWritten(series, changes) : changes
      if (unwritten.length === 0) continue
      await this.#put(series, unwritten)
      await slice.check()
    }
    await this.#scratch.remove(upTo)
    if (upTo > written) await this.#store.setCursor(HISTORY_CONSUMER, upTo)
    this.#pending.dropUntil(upTo)
    this.#isInStep = true
  }

  async #put(series: SeriesName, changes: readonly PendingChange[]): Promise<void> {
    const { chunks, replaced } = pack(series, changes, await this.#lastChunks.unfilled(series))
    try {
      await this.#store.putChunks(chunks, replaced)
      this.#lastChunks.note(series, chunks)
    } catch (error) {
      if (!isChunkConflict(error)) throw error
      // The last chunk was compacted meanwhile.
      this.#lastChunks.delete(series)
      await this.#put(series, changes)
    }
  }

  /**
   * Changes that are in no chunk yet: a chunk that holds one is of no earlier entry, and spans its time, or, where it is
   * downsampled already, a time of the same bucket before it.
   */
  async #withoutWritten(series: SeriesName, changes: readonly PendingChange[]): Promise<readonly PendingChange[]> {
    const spans = changes.map(({ change }) => spanOfChange(change))
    if (spans.length === 0) return []
    const { mean: width = 0n } = await this.#policyOf(series)
    const from = later(spans.map((span) => span.from).reduce(earlier) - width, EARLIEST)
    const to = spans.map((span) => span.to).reduce(later)
    let written = 0
    for await (const { seq } of this.#store.heads(series, from, to)) written = Math.max(written, seq)
    return changes.filter(({ seq }) => seq > written)
  }
}

/** The last chunk of each series, to which small runs are added until it is full. */
class LastChunks {
  readonly #store: Store
  readonly #failed: (error: unknown) => void
  /** By series; without bytes. */
  readonly #known = new Map<string, Omit<Chunk, 'bytes'> | 'full'>()

  constructor(store: Store, failed: (error: unknown) => void) {
    this.#store = store
    this.#failed = failed
  }

  /** The last chunk of a series where it has room. A damaged one is left as it is, so that it can be restored. */
  async unfilled(series: SeriesName): Promise<UnfilledChunk | undefined> {
    try {
      return await this.#findUnfilled(series)
    } catch (error) {
      if (!isDamaged(error)) throw error
      this.#failed(error)
      return undefined
    }
  }

  /** @param chunks that were just written */
  note(series: SeriesName, chunks: readonly Chunk[]): void {
    if (this.#known.size >= CACHE_ENTRIES) this.#known.clear()
    const [first] = chunks
    if (first === undefined) return
    const { bytes: _, ...last } = chunks.reduce((latest, chunk) => (chunk.to > latest.to ? chunk : latest), first)
    this.#known.set(keyOf(series), last.count < CHUNK_SAMPLES ? last : 'full')
  }

  delete(series: SeriesName): void {
    this.#known.delete(keyOf(series))
  }

  clear(): void {
    this.#known.clear()
  }

  async #findUnfilled(series: SeriesName): Promise<UnfilledChunk | undefined> {
    const known = this.#known.get(keyOf(series)) ?? (await this.#read(series))
    if (known === undefined || known === 'full' || known.count >= CHUNK_SAMPLES) return undefined
    let last: Chunk | undefined
    for await (const chunk of this.#store.chunks(series, known.from, known.to)) {
      if (chunk.from === known.from && chunk.seq === known.seq) last = chunk
      // Newer samples within its time would lose against its older ones, once these are in a chunk of a later entry.
      else if (chunk.seq > known.seq) return undefined
    }
    if (last === undefined) return undefined
    const { bytes, ...head } = last
    return { head, run: decodeRun(bytes, () => describeChunk(last)) }
  }

  async #read(series: SeriesName): Promise<Chunk | undefined> {
    const end = (await this.#store.seriesOf(series))?.to
    let last: Chunk | undefined
    if (end !== undefined) for await (const chunk of this.#store.chunks(series, end, end)) last = chunk
    return last
  }
}

/** Were the chunks to be replaced rewritten meanwhile? */
export function isChunkConflict(error: unknown): boolean {
  return error instanceof HubError && error.name === 'Conflict'
}

function spanOfChange(change: SampleChange): { readonly from: bigint; readonly to: bigint } {
  return change.change === 'samples' ? change : { from: change.sourceTime, to: change.sourceTime }
}

function keyOf({ submodel, path }: SeriesName): string {
  return `${path} ${submodel}`
}
