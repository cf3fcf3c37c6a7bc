/**
 * The newest log entries in memory, up to a bound, so that consumers that keep up need not read from disk. For stores
 * with a single writing process, or that see every entry in order.
 */
import type { LogEntry, LoggedChange } from './store.ts'

/** Approximate size of an entry and of a change, without their text. */
const ENTRY_OVERHEAD_BYTES = 200

export class RecentLog {
  readonly #maxBytes: number
  #entries: LogEntry[] = []
  #sizes: number[] = []
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Is an entry with this number of changes larger than the bound? Call `clear` then, in place of `add`. */
  isTooLarge(changes: number): boolean {
    return changes * ENTRY_OVERHEAD_BYTES > this.#maxBytes
  }

  /** Call in the order of `seq`, once durable. */
  add(entry: LogEntry): void {
    const last = this.#entries.at(-1)
    if (last !== undefined && entry.seq !== last.seq + 1) this.clear()
    const size = estimateEntryBytes(entry)
    this.#entries.push(entry)
    this.#sizes.push(size)
    this.#bytes += size
    if (this.#bytes > this.#maxBytes) this.#shrink()
  }

  /** Entries after `after`; undefined if some may be missing here. */
  after(after: number, limit: number): readonly LogEntry[] | undefined {
    const first = this.#entries[0]?.seq
    if (first === undefined || after + 1 < first) return undefined
    const start = after + 1 - first
    return this.#entries.slice(start, start + limit)
  }

  /** Drops entries up to and including `seq`. */
  trim(seq: number): void {
    const first = this.#entries[0]?.seq
    if (first !== undefined && seq >= first) this.#drop(seq + 1 - first)
  }

  clear(): void {
    this.#entries = []
    this.#sizes = []
    this.#bytes = 0
  }

  /** Drops the oldest half at once, so that entries are moved at most once on average. */
  #shrink(): void {
    let dropped = 0
    for (let left = this.#bytes; dropped < this.#sizes.length && left > this.#maxBytes / 2; dropped++)
      left -= this.#sizes[dropped] ?? 0
    this.#drop(dropped)
  }

  #drop(count: number): void {
    for (const size of this.#sizes.slice(0, count)) this.#bytes -= size
    this.#entries = this.#entries.slice(count)
    this.#sizes = this.#sizes.slice(count)
  }
}

function estimateEntryBytes({ changes }: LogEntry): number {
  return changes.reduce((sum, change) => sum + ENTRY_OVERHEAD_BYTES + estimateChangeBytes(change), ENTRY_OVERHEAD_BYTES)
}

function estimateChangeBytes(change: LoggedChange): number {
  if (change.change === 'samples') return change.run.length + change.submodel.length + change.path.length
  if (change.change === 'value') return change.value.length + change.submodel.length + change.path.length
  return change.id.length + (change.touched?.join('').length ?? 0)
}
