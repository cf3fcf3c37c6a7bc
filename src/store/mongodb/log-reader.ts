/**
 * Reads entries of the log for consumers: the newest from memory, older ones from the database. Their batch is found by
 * binary search, as batches have consecutive numbers.
 */
import type { LogEntry } from '../store.ts'
import { type Batch, estimateEntryBytes, type PackedBatch, toLogEntries } from './batch.ts'
import { type Journal, wholeOf } from './journal.ts'
import type { ReplicatedState } from './replicated-state.ts'

/** A page of entries ends once it takes this much memory. */
const PAGE_BYTES = 16 * 1024 * 1024

export class LogReader {
  readonly #journal: Journal
  readonly #state: ReplicatedState
  /** The batches read last: a consumer that reads page by page returns for the rest. */
  #lastRead: readonly PackedBatch[] = []

  constructor(journal: Journal, state: ReplicatedState) {
    this.#journal = journal
    this.#state = state
  }

  async read(after: number, limit: number): Promise<{ entries: readonly LogEntry[]; gap: boolean }> {
    const state = this.#state
    // A single entry is asked for to find a position.
    if (limit > 1) state.noteReader()
    const recent = state.recentLog.after(after, limit)
    if (recent !== undefined) return { entries: recent, gap: after < state.counters.trimmed }
    for (;;) {
      const start = Math.max(after, state.counters.trimmed)
      const entries = start < state.counters.seq ? await this.#readBatches(start, limit) : []
      // More may have been trimmed meanwhile; if all of it, an empty page would mean the end.
      const { trimmed } = state.counters
      const left = entries.filter(({ seq }) => seq > trimmed).slice(0, limit)
      if (left.length > 0 || entries.length === 0) return { entries: left, gap: after < trimmed }
    }
  }

  async #readBatches(after: number, limit: number): Promise<LogEntry[]> {
    const entries: LogEntry[] = []
    const end = this.#state.appliedNumber
    let bytes = 0
    let number = await this.findBatch(after + 1, 0)
    // What precedes the first entry does not count: an empty page would mean the end.
    while (number <= end && entries.length < limit && (bytes < PAGE_BYTES || entries.length === 0)) {
      // A single entry is asked for to find a position, not to read on.
      const batch = limit === 1 ? await this.#readWhole(number) : await this.#readOn(number)
      if (batch !== undefined) {
        entries.push(...toLogEntries(batch).filter(({ seq }) => seq > after))
        bytes += batch.memoryBytes
      }
      number++
    }
    // From here on the entries in memory are enough.
    if (number > end) this.#lastRead = []
    return entries
  }

  /**
   * Number of the batch that contains an entry, or of the last one before it is written.
   * @param least a number that is not behind it
   */
  async findBatch(seq: number, least: number): Promise<number> {
    const read = this.#lastRead.find(({ firstSeq, entryCount }) => firstSeq <= seq && seq <= firstSeq + entryCount)
    if (read !== undefined) return read.number
    const starts = this.#state.batchStarts
    const oldest = starts[0]
    if (oldest !== undefined && oldest.firstSeq <= seq) {
      let [low, high] = [0, starts.length - 1]
      while (low < high) {
        const middle = (low + high + 1) >> 1
        if ((starts[middle]?.firstSeq ?? 0) <= seq) low = middle
        else high = middle - 1
      }
      return starts[low]?.number ?? least
    }
    let [low, high] = [least, (oldest?.number ?? this.#state.appliedNumber + 1) - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      const batch = await this.#readBatch(middle)
      // A batch that is gone precedes all that are left.
      if (batch === undefined || batch.firstSeq <= seq) low = middle
      else high = middle - 1
    }
    return low
  }

  /** Bytes of all entries up to this one, from the beginning. */
  async bytesUpTo(seq: number): Promise<number> {
    const { counters } = this.#state
    if (seq >= counters.seq) return counters.logged
    const batch = await this.#readWhole(await this.findBatch(seq, 0))
    if (batch === undefined) return counters.forgotten
    const later = batch.content.commits.filter((_, index) => batch.firstSeq + index > seq)
    return later.reduce(
      (bytes, { changes, importedChanges }) => bytes - estimateEntryBytes(importedChanges ?? changes),
      batch.counters.logged
    )
  }

  /** Reads several batches ahead. @returns undefined if the batch is gone */
  async #readOn(number: number): Promise<Batch | undefined> {
    const known = this.#findRead(number)
    if (known !== undefined) return known.unpack()
    this.#lastRead = await this.#journal.readFrom(number)
    const [first] = this.#lastRead
    // A primary that was deposed may not have it; only the latest read shows that it is gone.
    return first === undefined ? this.#readWhole(number) : first.unpack()
  }

  /** @returns undefined if the batch is gone */
  async #readWhole(number: number): Promise<Batch | undefined> {
    const batch = await this.#readBatch(number)
    return batch === undefined ? undefined : wholeOf(batch)
  }

  /** A batch without what is in lines. @returns undefined if it is gone */
  async #readBatch(number: number): Promise<Batch | undefined> {
    const batch = (await this.#findRead(number)?.outline()) ?? (await this.#journal.read(number))
    return batch === 'gone' ? undefined : batch
  }

  #findRead(number: number): PackedBatch | undefined {
    return this.#lastRead[number - (this.#lastRead[0]?.number ?? number)]
  }
}
