/** Reads the log up to its end and applies it to the replicated state. */
import { HubError } from '../../errors.ts'
import type { Batch } from './batch.ts'
import type { MongoConnection } from './connection.ts'
import type { Journal } from './journal.ts'
import type { ReplicatedState } from './replicated-state.ts'

/** After this long without reading the log the cache is discarded: trimmed batches may already be deleted. */
const STALE_MS = 30 * 60 * 1000

/**
 * Near the end of the log, batches are read one by one: that is quicker on servers that read a range slowly, and so ends
 * sooner. After this many, they are read in pages as long as a page has at least `NEAR_BATCHES`.
 */
const MAX_SINGLE_READS = 8
const NEAR_BATCHES = 32

export class LogApplier {
  readonly #connection: MongoConnection
  readonly #journal: Journal
  readonly #state: ReplicatedState
  #readAt = 0
  #queued: Promise<void> | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(connection: MongoConnection, journal: Journal, state: ReplicatedState) {
    this.#connection = connection
    this.#journal = journal
    this.#state = state
  }

  /** Starts at the last checkpoint and reads on to the end of the log. */
  async open(): Promise<void> {
    await this.#reset()
    await this.sync()
  }

  /**
   * Resolves when every batch acknowledged before this call, by any process, is applied. Waiting calls share one read.
   */
  sync(): Promise<void> {
    this.#queued ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#queued = undefined
        this.#running = this.#readToEnd()
        return this.#running
      })
    return this.#queued
  }

  /**
   * Applies batches of other processes that came first, without looking for the end of the log: the next append shows
   * whether there are more.
   */
  async catchUp(): Promise<void> {
    const before = this.#state.appliedNumber
    await this.#applyPage()
    // What was met may not be seen by every read yet.
    if (this.#state.appliedNumber === before) await this.sync()
  }

  /**
   * By wall time, which passes while the machine is suspended. If it was set back, it is unknown how long that was.
   */
  get isStale(): boolean {
    const age = this.#connection.clock.milliseconds() - this.#readAt
    return age > STALE_MS || age < 0
  }

  async #readToEnd(): Promise<void> {
    if (this.isStale) await this.#reset()
    await this.#applyRemaining()
    this.#readAt = this.#connection.clock.milliseconds()
  }

  /** Ends, as reading is faster than writing. */
  async #applyRemaining(): Promise<void> {
    for (let inRow = 1; ; inRow++) {
      // Only this read is sure to find what was acknowledged last.
      const next = await this.#journal.read(this.#state.appliedNumber + 1)
      if (next === undefined) return
      if (next === 'gone') await this.#reset()
      else await this.#apply(next)
      if (inRow < MAX_SINGLE_READS) continue
      while ((await this.#applyPage()) >= NEAR_BATCHES);
      inRow = 0
    }
  }

  /** @returns the number of batches */
  async #applyPage(): Promise<number> {
    const packed = await this.#journal.readFrom(this.#state.appliedNumber + 1)
    for (const batch of packed) await this.#apply(await batch.outline())
    return packed.length
  }

  /** Reads what is in lines only if it is needed here. */
  async #apply(batch: Batch): Promise<void> {
    const whole = this.#state.needsWhole(batch) ? await batch.rest?.load() : undefined
    this.#state.applyBatch(whole ?? batch)
  }

  async #reset(): Promise<void> {
    for (;;) {
      const checkpoint = await this.readCheckpoint()
      const batch = await this.#journal.read(checkpoint)
      if (batch === undefined) {
        throw new HubError('Unavailable', [
          `The log of the database lacks batch ${checkpoint}, up to which it is applied`
        ])
      }
      if (batch === 'gone') continue
      this.#state.reset(batch)
      this.#readAt = this.#connection.clock.milliseconds()
      return
    }
  }

  /** Number of the last batch that is in the collections. */
  async readCheckpoint(): Promise<number> {
    const found = await this.#connection.run(() => this.#connection.collection('meta').findOne({ _id: 'applied' }))
    return Number(found?.no ?? 0)
  }
}
