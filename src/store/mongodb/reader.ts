/** Reading the log: what is no more in memory is found by halving, as batches have numbers without holes. */
import type { LogEntry } from '../store.ts'
import { type Batch, entriesOf, type Journal, type Packed } from './journal.ts'
import type { ReplicatedState } from './replicated-state.ts'
import { sizeOf } from './write-commands.ts'

/** A page of entries takes no more once it has this many bytes. */
const PAGE_BYTES = 16 * 1024 * 1024

export class LogReader {
  readonly #journal: Journal
  readonly #machine: ReplicatedState
  /** Read last: whoever reads page by page comes back for the rest. */
  #known: readonly Packed[] = []

  constructor(journal: Journal, machine: ReplicatedState) {
    this.#journal = journal
    this.#machine = machine
  }

  async read(after: number, limit: number): Promise<{ entries: readonly LogEntry[]; gap: boolean }> {
    const machine = this.#machine
    const recent = machine.recent.after(after, limit)
    if (recent !== undefined) return { entries: recent, gap: after < machine.counters.trimmed }
    let entries: LogEntry[] = []
    const start = Math.max(after, machine.counters.trimmed)
    const end = machine.no
    if (start < machine.counters.seq) {
      let bytes = 0
      let no = await this.placeOf(start + 1, 0)
      // What comes before the first entry does not count: a page without any would be the end.
      while (no <= end && entries.length < limit && (bytes < PAGE_BYTES || entries.length === 0)) {
        // Whoever wants a single entry looks for a place, and does not read on.
        const batch = limit === 1 ? await this.#batch(no) : await (this.#find(no) ?? (await this.#readOn(no)))?.unpack()
        if (batch !== undefined) {
          entries.push(...entriesOf(batch).filter(({ seq }) => seq > start))
          bytes += batch.weight
        }
        no++
      }
      // Whoever came to the end goes on from what is in memory.
      if (no > end) this.#known = []
    }
    const { trimmed } = machine.counters
    entries = entries.filter(({ seq }) => seq > trimmed).slice(0, limit)
    return { entries, gap: after < trimmed }
  }

  /**
   * Number of the batch that has an entry, or of the last one before it is written.
   * @param least a number that is not beyond it
   */
  async placeOf(seq: number, least: number): Promise<number> {
    const next = this.#known.find(({ first, count }) => first <= seq && seq <= first + count)
    if (next !== undefined) return next.no
    const known = this.#machine.firsts
    const oldest = known[0]
    if (oldest !== undefined && oldest.first <= seq) {
      let [low, high] = [0, known.length - 1]
      while (low < high) {
        const middle = (low + high + 1) >> 1
        if ((known[middle]?.first ?? 0) <= seq) low = middle
        else high = middle - 1
      }
      return known[low]?.no ?? least
    }
    let [low, high] = [least, (oldest?.no ?? this.#machine.no + 1) - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      const batch = await this.#batch(middle)
      // What is gone was before everything that is there.
      if (batch === undefined || batch.first <= seq) low = middle
      else high = middle - 1
    }
    return low
  }

  /** Bytes of all entries up to this one, from the beginning. */
  async bytesUpTo(seq: number): Promise<number> {
    const { counters } = this.#machine
    if (seq >= counters.seq) return counters.logged
    const batch = await this.#batch(await this.placeOf(seq, 0))
    if (batch === undefined) return counters.forgotten
    const later = batch.content.commits.filter((_, index) => batch.first + index > seq)
    return later.reduce((left, { changes, told }) => left - sizeOf(told ?? changes), batch.counters.logged)
  }

  #find(no: number): Packed | undefined {
    return this.#known[no - (this.#known[0]?.no ?? no)]
  }

  /** @returns undefined where the batch is gone */
  async #readOn(no: number): Promise<Packed | undefined> {
    this.#known = await this.#journal.following(no)
    return this.#known[0]
  }

  async #batch(no: number): Promise<Batch | undefined> {
    const batch = (await this.#find(no)?.unpack()) ?? (await this.#journal.read(no))
    return batch === 'gone' ? undefined : batch
  }
}
