/**
 * The newest entries of the log, kept in memory up to a bound: whoever follows closely does not read them back from the
 * disk. For stores whose process alone writes, or that see every entry in order.
 */
import type { LogEntry, LoggedChange } from './store.ts'

/** What an entry and a change take beside their text, roughly. */
const ENTRY_OVERHEAD_BYTES = 200

export class RecentLog {
  readonly #bound: number
  #entries: LogEntry[] = []
  #sizes: number[] = []
  #bytes = 0

  constructor(bound: number) {
    this.#bound = bound
  }

  /** To be called in the order of `seq`, when durable. */
  add(entry: LogEntry): void {
    const last = this.#entries.at(-1)
    if (last !== undefined && entry.seq !== last.seq + 1) this.clear()
    const size = estimateEntryBytes(entry)
    this.#entries.push(entry)
    this.#sizes.push(size)
    this.#bytes += size
    if (this.#bytes > this.#bound) this.#shrink()
  }

  /** Entries after `after`; undefined where it is not certain that these are all. */
  after(after: number, limit: number): readonly LogEntry[] | undefined {
    const first = this.#entries[0]?.seq
    if (first === undefined || after + 1 < first) return undefined
    const start = after + 1 - first
    return this.#entries.slice(start, start + limit)
  }

  /** Entries up to this one are to be known no more. */
  trim(seq: number): void {
    const first = this.#entries[0]?.seq
    if (first !== undefined && seq >= first) this.#drop(seq + 1 - first)
  }

  clear(): void {
    this.#entries = []
    this.#sizes = []
    this.#bytes = 0
  }

  /** Lets the oldest half go at once, so that no entry is moved more than once on average. */
  #shrink(): void {
    let gone = 0
    for (let left = this.#bytes; gone < this.#sizes.length && left > this.#bound / 2; gone++)
      left -= this.#sizes[gone] ?? 0
    this.#drop(gone)
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
