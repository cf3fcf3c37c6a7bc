/**
 * Removes batches whose entries are all trimmed: their content at once, their numbers later. A process that was
 * suspended would take a missing number for the end of the log and write there.
 */
import type { MongoConnection } from './connection.ts'
import type { Journal } from './journal.ts'
import type { LogReader } from './log-reader.ts'
import type { ReplicatedState } from './replicated-state.ts'

/** How long numbers are kept; longer than a process may go without reading the log before it discards its cache. */
const NUMBER_RETENTION_MS = 60 * 60 * 1000

/** Batches emptied within this time share a mark, and are kept that much longer. */
const MARK_INTERVAL_MS = NUMBER_RETENTION_MS / 6

/** Persisted as JSON. */
interface TrimState {
  /** Batches before this one are removed with their numbers. */
  readonly bottom: number
  /** Batches before this one are empty. */
  readonly emptied: number
  /** Up to where batches were empty when (ms). */
  readonly marks: readonly (readonly [before: number, at: number])[]
  /**
   * Documents of lines that were stored before batch `before` was known, at a time when the log ended with `last`: when
   * that batch is removed, too, none that is left refers to them. Their writers refer to them within minutes
   * (line-writer.ts), and `before` was empty for an hour by then.
   */
  readonly unused?: { readonly before: number; readonly last: number }
}

const NOTHING_TRIMMED: TrimState = { bottom: 0, emptied: 0, marks: [] }

export class LogTrimmer {
  readonly #connection: MongoConnection
  readonly #journal: Journal
  readonly #state: ReplicatedState
  readonly #reader: LogReader
  /** Entries up to this one have been removed by this process. */
  #trimmed = 0

  constructor(connection: MongoConnection, journal: Journal, state: ReplicatedState, reader: LogReader) {
    this.#connection = connection
    this.#journal = journal
    this.#state = state
    this.#reader = reader
  }

  /** To be called by one process at a time. @param keepLease throws if another process may have taken over */
  async trim(keepLease: () => Promise<void>): Promise<void> {
    const { trimmed } = this.#state.counters
    if (trimmed <= this.#trimmed) return
    const { emptied, marks, unused, ...known } = await this.#read()
    const before = Math.min(await this.#reader.findBatch(trimmed + 1, emptied), this.#state.checkpointNumber)
    let { bottom } = known
    const now = this.#connection.clock.milliseconds()
    const expired = marks.filter(([, at]) => now - at > NUMBER_RETENTION_MS).at(-1)
    if (expired !== undefined) {
      await this.#journal.remove(bottom, expired[0])
      bottom = expired[0]
    }
    await this.#journal.empty(emptied, before)
    const receipts = this.#connection.collection('receipts')
    await this.#connection.write(() => receipts.deleteMany({ seq: { $lte: trimmed } }))
    const left = marks.filter(([upTo]) => upTo > bottom)
    const last = left.at(-1)
    const isDue = last === undefined || now - last[1] > MARK_INTERVAL_MS
    await keepLease()
    const isUnused = unused !== undefined && bottom > unused.last
    if (isUnused) await this.#journal.lines.removeBefore(unused.before)
    await this.#store({
      bottom,
      emptied: Math.max(emptied, before),
      marks: isDue ? [...left, [before, now]] : left,
      unused: unused === undefined || isUnused ? { before: bottom, last: this.#state.appliedNumber } : unused
    })
    this.#trimmed = trimmed
  }

  async #read(): Promise<TrimState> {
    const meta = this.#connection.collection('meta')
    const found = await this.#connection.run(() => meta.findOne({ _id: 'trimmed' }))
    return found === null ? NOTHING_TRIMMED : (JSON.parse(String(found.state)) as TrimState)
  }

  async #store(state: TrimState): Promise<void> {
    const meta = this.#connection.collection('meta')
    const row = { state: JSON.stringify(state) }
    await this.#connection.write(() => meta.replaceOne({ _id: 'trimmed' }, row, { upsert: true }))
  }
}
