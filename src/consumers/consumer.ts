/**
 * A consumer of the log: a stored cursor and a loop that reads on from it, woken by commits. Nothing is missed across
 * restarts, and a slow consumer lags without slowing others down. Of several processes only the leader runs it; where
 * that dies, another resumes from the cursor.
 */
import { type Clock, systemClock } from '../clock.ts'
import { type LeaderTask, runAsLeader } from '../store/run-as-leader.ts'
import type { LogEntry, Store } from '../store/store.ts'

export interface Consumer {
  /** Under which its cursor and its lease are stored. */
  readonly name: string
  /** Handles the next entries, oldest first. Where it throws, the same entries come again after a pause. */
  handle(entries: readonly LogEntry[]): Promise<void>
  /** Reads the whole state instead: at the first start, and where entries were trimmed before they were read. */
  resync(): Promise<void>
  /** Called with an error, before a retry. */
  failed(error: unknown): void
  /** Once it has read the whole log it lets entries accumulate for this long. */
  readonly batchDelayMs?: number
}

const ENTRIES_PER_READ = 1000

/** The cursor is stored no more often than this; after a crash the entries since then come again. */
const CURSOR_INTERVAL_MS = 1000

const FIRST_RETRY_DELAY_MS = 500
const MAX_RETRY_DELAY_MS = 60_000

/** @returns stops the consumer; resolves when it has ended */
export function startConsumer(store: Store, consumer: Consumer, clock: Clock = systemClock): () => Promise<void> {
  const options = { name: `follower ${consumer.name}`, clock, failed: consumer.failed }
  const leadership = runAsLeader(store, options, async () => new ConsumerLoop(store, consumer, clock))
  return () => leadership.close()
}

class ConsumerLoop implements LeaderTask {
  readonly #store: Store
  readonly #consumer: Consumer
  readonly #clock: Clock
  readonly #stopping = new AbortController()
  readonly #stopListening: () => void
  readonly #ended: Promise<void>
  #notify: () => void = () => {}
  /** The last entry handled, and the one up to which the store knows that. */
  #cursor: number | undefined
  #storedCursor: number | undefined
  #storedAt = Number.NEGATIVE_INFINITY

  constructor(store: Store, consumer: Consumer, clock: Clock) {
    this.#store = store
    this.#consumer = consumer
    this.#clock = clock
    this.#stopListening = store.onCommit(() => this.#notify())
    this.#ended = this.#run()
  }

  async close(isLost: boolean): Promise<void> {
    this.#stopping.abort()
    this.#notify()
    this.#stopListening()
    await this.#ended
    // A lost cursor is moved by another process by now. Where storing it fails, the entries come again, as after a crash.
    if (!isLost && this.#cursor !== undefined) await this.#storeCursor(this.#cursor).catch(() => {})
  }

  async #run(): Promise<void> {
    const { batchDelayMs, failed } = this.#consumer
    const { signal } = this.#stopping
    let retryDelayMs = FIRST_RETRY_DELAY_MS
    while (!signal.aborted) {
      const committed = new Promise<void>((resolve) => {
        this.#notify = resolve
      })
      try {
        const count = await this.#step()
        retryDelayMs = FIRST_RETRY_DELAY_MS
        if (count === 0 && !signal.aborted) await committed
        // A consumer that is behind yields and reads on at once, or it would soon have to read from the disk.
        else if (batchDelayMs !== undefined) {
          await this.#clock.sleep(count < ENTRIES_PER_READ ? batchDelayMs : 0, signal)
        }
      } catch (error) {
        if (signal.aborted) return
        failed(error)
        await this.#clock.sleep(retryDelayMs, signal)
        retryDelayMs = Math.min(retryDelayMs * 2, MAX_RETRY_DELAY_MS)
      }
    }
  }

  /** Handles one batch. @returns its size; a full one where there may be more to read */
  async #step(): Promise<number> {
    this.#cursor ??= this.#storedCursor = await this.#store.cursor(this.#consumer.name)
    const { entries, gap } =
      this.#cursor === undefined ? { entries: [], gap: true } : await this.#store.log(this.#cursor, ENTRIES_PER_READ)
    if (gap) {
      // What changes during the resync comes again from the log.
      const { logLast } = await this.#store.figures()
      await this.#consumer.resync()
      await this.#storeCursor(logLast)
      return ENTRIES_PER_READ
    }
    const last = entries.at(-1)
    if (last === undefined) return 0
    await this.#consumer.handle(entries)
    if (this.#clock.monotonic() - this.#storedAt > CURSOR_INTERVAL_MS) await this.#storeCursor(last.seq)
    else this.#cursor = last.seq
    return entries.length
  }

  async #storeCursor(seq: number): Promise<void> {
    this.#cursor = seq
    if (this.#storedCursor !== seq) await this.#store.setCursor(this.#consumer.name, seq)
    this.#storedCursor = seq
    this.#storedAt = this.#clock.monotonic()
  }
}
