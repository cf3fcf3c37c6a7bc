/**
 * The log applied in memory: how far this process has applied it, the counters, leases and cached states at that point.
 * Every process applies the same batches in the same order, so what is cached stays right. No I/O happens here.
 */
import { randomUUID } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import { RecentLog } from '../recent-log.ts'
import type { ElementRow } from '../store.ts'
import { type Batch, toLogEntries } from './batch.ts'
import { type Counters, ZERO_COUNTERS } from './batch-content.ts'
import type { StoredState } from './collections.ts'
import { DocumentState, type HeadState } from './document.ts'
import { type KnownState, kindOf, type StateKey } from './keys.ts'
import { Leases } from './leases.ts'
import { OtherWriters } from './other-writers.ts'
import { Overlay, type ReadView } from './overlay.ts'
import { keysWritten, replayBatch } from './replay.ts'
import { StateCache } from './state-cache.ts'
import { Uncheckpointed } from './uncheckpointed.ts'

/** Bound of the newest log entries kept in memory. */
const RECENT_LOG_BYTES = 16 * 1024 * 1024

/** Bound of `batchStarts`; the oldest half is dropped beyond it. */
const MAX_BATCH_STARTS = 100_000

/** Who has read the log reads on within this time. */
const FOLLOWED_MS = 10_000

/** A batch of this process on its way into the log. */
export interface SentBatch {
  readonly number: number
  readonly writeId: string
  /** What it changes, so that it need not be replayed. */
  readonly overlay: Overlay
}

export class ReplicatedState implements ReadView {
  /** This process's name in the log. */
  readonly holder = randomUUID()
  readonly leases: Leases
  readonly otherWriters = new OtherWriters()
  readonly uncheckpointed = new Uncheckpointed()
  readonly recentLog = new RecentLog(RECENT_LOG_BYTES)
  readonly cache: StateCache
  counters: Counters = ZERO_COUNTERS
  /** The last batch that was applied. */
  appliedNumber = -1
  /** The last batch known to be in the collections, and the counters after it. */
  checkpointNumber = -1
  checkpointCounters: Counters = ZERO_COUNTERS
  /** First `seq` of batches that were applied, to find positions in the log. */
  readonly batchStarts: { readonly number: number; readonly firstSeq: number }[] = []
  /** Changes when everything cached is discarded. */
  generation = 0
  /** Time of the newest batch; later ones are never of an earlier time. */
  time = 0
  /** Writers pause until then (monotonic time). */
  pausedUntil = 0
  readonly #listeners = new Set<(hasEntries: boolean) => void>()
  #followedUntil = Number.NEGATIVE_INFINITY
  #inFlight: SentBatch | undefined
  #lastSent = { writeId: '', at: 0 }
  readonly #clock: Clock

  constructor(cacheBytes: number, clock: Clock) {
    this.#clock = clock
    this.leases = new Leases(this.holder, clock)
    this.cache = new StateCache(cacheBytes)
  }

  /** The listener is called after every batch that is applied, and after a reset. @returns a function that removes it */
  onBatch(listener: (hasEntries: boolean) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Must a batch be read as a whole, also what is in lines? */
  needsWhole({ rest }: Batch): boolean {
    return rest !== undefined && (this.isFollowed || rest.keys.some((key) => this.cache.has(key)))
  }

  /** Are the newest entries of the log read here? */
  get isFollowed(): boolean {
    return this.#clock.monotonic() < this.#followedUntil
  }

  /** Someone reads the log. */
  noteReader(): void {
    this.#followedUntil = this.#clock.monotonic() + FOLLOWED_MS
  }

  /** A state, if it is cached. */
  peek(key: StateKey): KnownState | undefined {
    return this.cache.peek(key)
  }

  document(key: StateKey): KnownState<DocumentState> | undefined {
    return this.cache.peek(key) as KnownState<DocumentState> | undefined
  }

  head(key: StateKey): HeadState | undefined {
    return this.document(key)?.head
  }

  row(key: StateKey, path: string): ElementRow | undefined {
    return this.document(key)?.rows().get(path)
  }

  otherState(key: StateKey): KnownState | undefined {
    return this.cache.peek(key)
  }

  /**
   * Applies the next batch. Any other one was applied before, or will be. Of one that was not read as a whole it is only
   * known what it changes: that is dropped, and loaded again.
   */
  applyBatch(batch: Batch): void {
    if (batch.number !== this.appliedNumber + 1) return
    const own = this.#ownOverlay(batch)
    const overlay = own ?? this.#replayOnCache(batch)
    overlay.writeTo((key, state) => this.cache.put(key, state))
    if (own === undefined) {
      this.otherWriters.note(batch.writeId)
      for (const key of batch.rest?.keys ?? []) this.cache.drop(key)
    }
    // Its overlay counts references only of blobs that were loaded when it was made; others may have been loaded since.
    if (own !== undefined) for (const key of keysWritten(batch)) if (kindOf(key) === 'blob') this.cache.drop(key)
    this.appliedNumber = batch.number
    this.uncheckpointed.add(batch)
    this.#takeOver(batch)
    if (batch.rest === undefined) for (const entry of toLogEntries(batch)) this.recentLog.add(entry)
    else this.recentLog.clear()
    this.#tell(batch.entryCount > 0)
  }

  /**
   * Discards everything cached, and continues from a batch that is in the collections. Listeners are called where entries
   * lie in between: who follows the log has not heard of them.
   */
  reset(batch: Batch): void {
    const { seq } = this.counters
    this.generation++
    this.cache.clear()
    this.recentLog.clear()
    this.uncheckpointed.dropUpTo(Number.POSITIVE_INFINITY)
    this.appliedNumber = batch.number
    this.checkpointNumber = batch.number
    this.checkpointCounters = batch.counters
    this.#takeOver(batch)
    if (batch.counters.seq !== seq) this.#tell(true)
  }

  /** The collections contain everything up to this batch. */
  noteCheckpoint(upto: number): void {
    const number = Math.min(upto, this.appliedNumber)
    if (number <= this.checkpointNumber) return
    this.checkpointCounters = this.uncheckpointed.dropUpTo(number)?.counters ?? this.checkpointCounters
    this.checkpointNumber = number
  }

  /** A batch is about to be written, or none any more. */
  setInFlight(batch: SentBatch | undefined): void {
    this.#inFlight = batch
    if (batch !== undefined) this.#lastSent = { writeId: batch.writeId, at: this.#clock.monotonic() }
  }

  /** A stored state with what the log did to it since. All batches that changed it must have been read as a whole. */
  replayed(key: StateKey, { state, upto }: StoredState): KnownState {
    let current = state
    for (const batch of this.uncheckpointed.batchesOf(key)) {
      if (batch.number <= upto) continue
      const overlay = new Overlay(new SingleStateView(key, current, this.counters))
      replayBatch(overlay, batch, (wanted) => wanted === key)
      overlay.writeTo((_, changed) => {
        current = changed
      })
    }
    return current
  }

  #ownOverlay(batch: Batch): Overlay | undefined {
    const own = this.#inFlight
    return own?.number === batch.number && own.writeId === batch.writeId ? own.overlay : undefined
  }

  #replayOnCache(batch: Batch): Overlay {
    const overlay = new Overlay(this)
    replayBatch(overlay, batch, (key) => this.cache.has(key))
    return overlay
  }

  #tell(hasEntries: boolean): void {
    for (const listener of this.#listeners) listener(hasEntries)
  }

  #takeOver({ number, firstSeq, time, writeId, counters, content }: Batch): void {
    if (counters.trimmed > this.counters.trimmed) this.recentLog.trim(counters.trimmed)
    this.counters = counters
    this.time = Math.max(this.time, time)
    this.batchStarts.push({ number, firstSeq })
    if (this.batchStarts.length > MAX_BATCH_STARTS) this.batchStarts.splice(0, MAX_BATCH_STARTS / 2)
    this.leases.update(counters.claims, writeId === this.#lastSent.writeId ? this.#lastSent.at : 0)
    for (const control of content.controls) {
      if (control.control === 'hold') this.pausedUntil = this.#clock.monotonic() + control.span
    }
  }
}

/** A single state, to replay batches on. */
class SingleStateView implements ReadView {
  readonly counters: Counters
  readonly #key: StateKey
  readonly #state: KnownState

  constructor(key: StateKey, state: KnownState, counters: Counters) {
    this.#key = key
    this.#state = state
    this.counters = counters
  }

  document(key: StateKey): KnownState<DocumentState> | undefined {
    if (key !== this.#key) return undefined
    return this.#state instanceof DocumentState ? this.#state : null
  }

  head(key: StateKey): HeadState | undefined {
    return this.document(key)?.head
  }

  row(key: StateKey, path: string): ElementRow | undefined {
    return this.document(key)?.rows().get(path)
  }

  otherState(key: StateKey): KnownState | undefined {
    return key === this.#key ? this.#state : undefined
  }
}
