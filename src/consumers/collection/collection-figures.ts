/**
 * Keeps the figures of all series by following the log, for the comparison with the collection plan. They are in memory, and
 * stored at intervals; after a restart the log is read on from there. Every process follows the log by itself, the leader
 * stores.
 *
 * Each sample is counted once: a series knows up to which entry its samples are counted, so entries that come again after
 * a crash or a recount are left out.
 */
import { setImmediate } from 'node:timers/promises'
import { type Clock, systemClock } from '../../clock.ts'
import { gapLimitOf } from '../../model/collection/planned-point.ts'
import { PointFigures } from '../../model/collection/point-figures.ts'
import type { SampleSource } from '../../model/collection/sample-source.ts'
import type { TrackedSeries } from '../../model/collection/tracked-series.ts'
import { Lease } from '../../store/run-as-leader.ts'
import { decodeRun } from '../../store/run-codec.ts'
import type { SeriesName } from '../../store/series.ts'
import type { LogEntry, LoggedChange, Store } from '../../store/store.ts'
import { TimeSlice } from '../../time-slice.ts'
import type { PlanSource } from './plan-source.ts'
import { BLOCK_RECORDS, readRecords, writeBlock } from './record-store.ts'
import { recount } from './recount.ts'
import type { TrackedRecord } from './tracked-record.ts'

export interface CollectionFiguresOptions {
  readonly plan: PlanSource
  /** The sender of the last samples, where it is known. */
  readonly sourceOf: (series: SeriesName) => SampleSource | undefined
  readonly failed: (error: unknown) => void
  readonly intervalMs?: number
  readonly maxSeries?: number
  readonly clock?: Clock
}

/** Name of the cursor and of the lease. */
export const COLLECTION_CONSUMER = 'collection-points'
const HISTORY_CURSOR = 'history'
const LEASE_TTL_MS = 60_000
const STORE_INTERVAL_MS = 30_000
const ENTRIES_PER_READ = 1000
const SERIES_PER_READ = 1000
const RETRY_DELAY_MS = 500

/** Some hundred bytes each. Samples of further series are not counted. */
const MAX_SERIES = 200_000

type SampleChange = Extract<LoggedChange, { change: 'value' | 'samples' }>

export class CollectionFigures {
  readonly plan: PlanSource
  readonly #store: Store
  readonly #options: CollectionFiguresOptions
  readonly #clock: Clock
  readonly #lease: Lease
  readonly #records: TrackedRecord[] = []
  readonly #indexes = new Map<string, number>()
  /** Blocks with changes that are not stored. */
  readonly #dirty = new Set<number>()
  readonly #stops: (() => void)[] = []
  readonly #loaded: Promise<void>
  /** The last entry of the log that was read. */
  #position = 0
  #reading: Promise<boolean> | undefined
  #readingAll: Promise<void> | undefined
  #writing: Promise<void> = Promise.resolve()
  #isStopped = false
  #hasStored = false
  /** Entries that were read have changed the stored plan; it is loaded, and series are counted by it, at their end. */
  #isPlanOutdated = false
  /** Series are being counted again. */
  #isIncomplete = false
  /** Samples of more series came than are kept. */
  isFull = false

  constructor(store: Store, options: CollectionFiguresOptions) {
    const { plan, failed, intervalMs = STORE_INTERVAL_MS, clock = systemClock } = options
    this.plan = plan
    this.#store = store
    this.#options = options
    this.#clock = clock
    this.#lease = new Lease(store, { name: COLLECTION_CONSUMER, ttlMs: Math.max(LEASE_TTL_MS, 2 * intervalMs), clock })
    this.#loaded = this.#loadUntilDone()
    this.#stops.push(
      store.onCommit(() => void this.#readAll().catch(failed)),
      clock.every(intervalMs, () => void this.#write().catch(failed))
    )
    void this.#readAll().catch(failed)
  }

  get size(): number {
    return this.#records.length
  }

  /** In the order in which they were first seen. */
  at(index: number): TrackedSeries | undefined {
    return this.#records[index]
  }

  find(series: SeriesName): TrackedSeries | undefined {
    return this.#find(series)
  }

  /** The sender of the last samples, where it is known. */
  sourceOf(series: SeriesName): SampleSource | undefined {
    return this.#options.sourceOf(series) ?? this.#find(series)?.source
  }

  /** Resolves when everything is counted that was acknowledged before; false where that takes longer. */
  async caughtUp(timeoutMs: number): Promise<boolean> {
    const late = new AbortController()
    try {
      return await Promise.race([
        this.#catchUp().then(() => true),
        this.#clock.sleep(timeoutMs, late.signal).then(() => false)
      ])
    } finally {
      late.abort()
    }
  }

  /** Stores what is not stored yet, then stops. */
  async stop(): Promise<void> {
    for (const stop of this.#stops) stop()
    this.#isStopped = true
    await this.#loaded
    await this.#readingAll?.catch(() => {})
    await this.#write().catch(this.#options.failed)
  }

  async #catchUp(): Promise<void> {
    await this.#loaded
    const { logLast } = await this.#store.figures()
    while ((this.#position < logLast || this.#isPlanOutdated) && !this.#isStopped) {
      // A commit that was just acknowledged may not be in the store's log yet.
      if (!(await this.#readPage())) await setImmediate()
    }
  }

  // ---- start

  async #loadUntilDone(): Promise<void> {
    while (!this.#isStopped) {
      try {
        return await this.#load()
      } catch (error) {
        this.#options.failed(error)
        await this.#clock.sleep(RETRY_DELAY_MS)
      }
    }
  }

  async #load(): Promise<void> {
    const store = this.#store
    await this.plan.load()
    const slice = new TimeSlice()
    const cursor = await store.cursor(COLLECTION_CONSUMER)
    for await (const record of readRecords(store, slice)) {
      // A series may be in two blocks where a process ended while it wrote them.
      const index = this.#indexes.get(keyOf(record))
      const known = index === undefined ? undefined : (this.#records[index] as TrackedRecord)
      if (index === undefined) this.#put(record)
      else if (known !== undefined && known.counted < record.counted) this.#records[index] = record
    }
    // At the first start, and for blocks that were lost, what is in the history is counted.
    this.#position = cursor ?? 0
    if (cursor === undefined) await this.#recountAll()
    else await this.#recount(this.#recordsOfOtherLimit())
  }

  // ---- the log

  #readAll(): Promise<void> {
    this.#readingAll ??= (async () => {
      await this.#loaded
      while (await this.#readPage());
    })().finally(() => {
      this.#readingAll = undefined
    })
    return this.#readingAll
  }

  /** Calls share a read under way. @returns false at the end of the log */
  #readPage(): Promise<boolean> {
    this.#reading ??= this.#readNextPage().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #readNextPage(): Promise<boolean> {
    if (this.#isStopped) return false
    const { entries, gap } = await this.#store.log(this.#position, ENTRIES_PER_READ)
    if (gap && (await this.#historyCursor()) > this.#position) {
      await this.#recountAll()
      return true
    }
    const slice = new TimeSlice()
    for (const entry of entries) {
      for (const change of entry.changes) {
        if (change.change === 'samples' || change.change === 'value') this.#add(entry, change)
        this.#isPlanOutdated ||= this.plan.isStoredIn('submodel' in change ? change.submodel : change.id)
      }
      // After each entry, as it is stored with the figures.
      this.#position = entry.seq
      await slice.check()
    }
    if (this.#isPlanOutdated) {
      await this.plan.load()
      await this.#recount(this.#recordsOfOtherLimit())
      this.#isPlanOutdated = false
    }
    return entries.length > 0
  }

  #add({ seq, time }: LogEntry, change: SampleChange): void {
    const record = this.#find(change) ?? this.#create(change)
    if (record === undefined || seq <= record.counted) return
    const { figures } = record
    if (change.change === 'value') figures.addSample(change.sourceTime, change.quality, time)
    else {
      try {
        figures.addRun(decodeRun(change.run), time)
      } catch (error) {
        // Reported by the history as well, which keeps the damaged samples.
        this.#options.failed(error)
      }
    }
    this.#dirty.add(blockOf(this.#indexes.get(keyOf(change)) ?? 0))
  }

  // ---- figures from the history

  /** Counts everything again: at the first start, and where the log was trimmed before it was read. */
  async #recountAll(): Promise<void> {
    let after: SeriesName | undefined
    for (;;) {
      const page = await this.#store.series(after, SERIES_PER_READ)
      for (const { submodel, path } of page)
        if (this.#find({ submodel, path }) === undefined) this.#create({ submodel, path })
      after = page.at(-1)
      if (after === undefined) break
    }
    await this.#recount(this.#records)
    this.#position = Math.max(this.#position, await this.#historyCursor())
  }

  #recordsOfOtherLimit(): readonly TrackedRecord[] {
    return this.#records.filter((record) => record.figures.segments.limit !== this.#limitOf(record))
  }

  /**
   * Counts some series again. The log is read again from where the history is; the entries that were read do not count
   * again for the other series.
   */
  async #recount(records: readonly TrackedRecord[]): Promise<void> {
    if (records.length === 0) return
    const before = this.#position
    const recounted = new Set(records)
    for (const record of this.#records) {
      if (!recounted.has(record)) record.counted = Math.max(record.counted, before)
    }
    this.#isIncomplete = true
    // First, so that nothing is stored as counted that is not.
    this.#position = Math.min(before, await this.#historyCursor())
    const slice = new TimeSlice()
    for (const record of [...records]) {
      if (this.#isStopped) return
      const fresh = await recount(this.#store, record, this.#limitOf(record), slice)
      record.figures = fresh.figures
      record.counted = fresh.counted
      this.#dirty.add(blockOf(this.#indexes.get(keyOf(record)) ?? 0))
      await slice.check()
    }
    this.#isIncomplete = false
  }

  /** Samples up to this entry are in chunks. */
  async #historyCursor(): Promise<number> {
    return (await this.#store.cursor(HISTORY_CURSOR)) ?? 0
  }

  // ---- records

  #find(series: SeriesName): TrackedRecord | undefined {
    const index = this.#indexes.get(keyOf(series))
    return index === undefined ? undefined : this.#records[index]
  }

  #create({ submodel, path }: SeriesName): TrackedRecord | undefined {
    if (this.#records.length >= (this.#options.maxSeries ?? MAX_SERIES)) {
      this.isFull = true
      return undefined
    }
    const figures = new PointFigures(this.#limitOf({ submodel, path }))
    return this.#put({ submodel, path, figures, source: undefined, counted: 0 })
  }

  #put(record: TrackedRecord): TrackedRecord {
    this.#indexes.set(keyOf(record), this.#records.length)
    this.#records.push(record)
    return record
  }

  #limitOf(series: SeriesName): number {
    return gapLimitOf(this.plan.find(series))
  }

  // ---- storing

  #write(): Promise<void> {
    this.#writing = this.#writing.catch(() => {}).then(() => this.#writeChanged())
    return this.#writing
  }

  async #writeChanged(): Promise<void> {
    await this.#loaded
    if (!(await this.#lease.acquire())) {
      this.#hasStored = false
      return
    }
    if (this.#isIncomplete) return
    const position = this.#position
    // Another process may have stored blocks of its own order.
    if (!this.#hasStored)
      for (let block = 0; block <= blockOf(this.#records.length - 1); block++) this.#dirty.add(block)
    const slice = new TimeSlice()
    for (const block of [...this.#dirty]) {
      this.#dirty.delete(block)
      const records = this.#records.slice(block * BLOCK_RECORDS, (block + 1) * BLOCK_RECORDS)
      for (const record of records) {
        record.source = this.sourceOf(record)
        record.counted = Math.max(record.counted, this.#position)
      }
      try {
        await writeBlock(this.#store, block, records)
      } catch (error) {
        this.#dirty.add(block)
        throw error
      }
      await slice.check()
    }
    if (this.#isIncomplete) return
    await this.#store.setCursor(COLLECTION_CONSUMER, Math.min(position, this.#position))
    this.#hasStored = true
  }
}

function blockOf(index: number): number {
  return Math.floor(index / BLOCK_RECORDS)
}

function keyOf({ submodel, path }: SeriesName): string {
  return `${path} ${submodel}`
}
