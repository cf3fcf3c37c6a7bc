/**
 * Counts the use of each standard per day: samples by their format, requests by what they are of. The counts are in
 * memory, and added at intervals to a stored document per day, to which all hubs over a store add theirs; a hub that is
 * killed loses those of the last interval.
 */
import { type Clock, systemClock } from '../clock.ts'
import { commitOrConflict, retryConflicts } from '../store/concurrency.ts'
import { unlessDamaged } from '../store/damage.ts'
import type { Store } from '../store/store.ts'

/** Numbers since the start of the process, by name. */
export type UsageTotals = Readonly<Record<string, number>>

export interface UsageOptions {
  readonly failed: (error: unknown) => void
  readonly intervalMs?: number
  readonly clock?: Clock
}

const KIND = 'Usage'
const INTERVAL_MS = 10 * 60 * 1000
const DAY_MS = 24 * 60 * 60 * 1000
const MAX_DAYS = 400
/** Days that are read for metrics and reports. */
const SHOWN_DAYS = 31

export class Usage {
  readonly #store: Store
  readonly #clock: Clock
  readonly #sources: (() => UsageTotals)[] = []
  /** What is in stored documents, of the totals. */
  #stored: UsageTotals = {}
  readonly #stopTimer: () => void
  #writing: Promise<void> = Promise.resolve()

  constructor(store: Store, { failed, intervalMs = INTERVAL_MS, clock = systemClock }: UsageOptions) {
    this.#store = store
    this.#clock = clock
    this.#stopTimer = clock.every(intervalMs, () => void this.write().catch(failed))
  }

  addSource(source: () => UsageTotals): void {
    this.#sources.push(source)
  }

  /** Counts by day (UTC, `2026-11-30`) and name, of the last days, with what is not stored yet. */
  async byDay(): Promise<ReadonlyMap<string, UsageTotals>> {
    const days = new Map<string, UsageTotals>()
    const now = this.#clock.milliseconds()
    const [first, today] = [dayOf(now - (SHOWN_DAYS - 1) * DAY_MS), dayOf(now)]
    const { items } = await this.#store.documents(KIND, [], { after: 0, limit: 2 * MAX_DAYS })
    for (const { id, bytes } of items) if (id >= first) days.set(id, JSON.parse(bytes.toString()) as UsageTotals)
    const news = this.#news()
    if (Object.keys(news).length > 0) days.set(today, sumOf(days.get(today) ?? {}, news))
    return days
  }

  /** Adds what is new to the document of the day. */
  write(): Promise<void> {
    this.#writing = this.#writing.catch(() => {}).then(() => this.#write())
    return this.#writing
  }

  async stop(): Promise<void> {
    this.#stopTimer()
    await this.#writing.catch(() => {})
  }

  async #write(): Promise<void> {
    const news = this.#news()
    if (Object.keys(news).length === 0) return
    const day = dayOf(this.#clock.milliseconds())
    await retryConflicts(async () => {
      const head = await this.#store.head(KIND, day)
      const json = JSON.stringify(sumOf((await this.#read(day)) ?? {}, news))
      const change = { kind: KIND, id: day, json, facets: [] } as const
      await commitOrConflict(this.#store, [
        head === undefined
          ? { change: 'create', ...change }
          : { change: 'replace', ...change, ifStructureRevision: head.structureRevision }
      ])
    })
    this.#stored = sumOf(this.#stored, news)
    await this.#removeOld()
  }

  async #removeOld(): Promise<void> {
    const first = dayOf(this.#clock.milliseconds() - MAX_DAYS * DAY_MS)
    const { items } = await this.#store.documents(KIND, [], { after: 0, limit: 1 })
    for (const { id } of items) if (id < first) await this.#store.commit([{ change: 'delete', kind: KIND, id }])
  }

  async #read(day: string): Promise<UsageTotals | undefined> {
    const document = await unlessDamaged(this.#store.document(KIND, day))
    return document && (JSON.parse(document.bytes.toString()) as UsageTotals)
  }

  /** Counted since the last write. */
  #news(): UsageTotals {
    const totals = this.#sources.map((source) => source()).reduce(sumOf, {})
    const news = Object.entries(totals).map(([name, count]) => [name, count - (this.#stored[name] ?? 0)] as const)
    return Object.fromEntries(news.filter(([, count]) => count > 0))
  }
}

function sumOf(one: UsageTotals, other: UsageTotals): UsageTotals {
  const sum = { ...one }
  for (const [name, count] of Object.entries(other)) sum[name] = (sum[name] ?? 0) + count
  return sum
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
