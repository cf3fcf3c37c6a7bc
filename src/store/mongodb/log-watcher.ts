/**
 * Decides when to poll the log for other processes' writes: when a change stream of the server reports an insert, else
 * with back-off. Only a poll finds new batches; an event that is late, repeated or lost costs time at most.
 */
import type { MongoConnection } from './connection.ts'
import { isUnavailableError } from './failure.ts'
import type { Journal } from './journal.ts'

/** Without a change stream: after a poll that found something, growing up to the maximum while nothing happens. */
const MIN_POLL_INTERVAL_MS = 5
const MAX_POLL_INTERVAL_MS = 50
const POLL_BACK_OFF = 1.5

/** With a change stream. */
const WATCHED_POLL_INTERVAL_MS = 1000

/** After a change stream broke, before the next one is opened. */
const RETRY_DELAY_MS = 1000

export class LogWatcher {
  readonly #connection: MongoConnection
  readonly #journal: Journal
  readonly #poll: () => Promise<boolean>
  #isOn = false
  #isPolling = false
  #isStreaming = false
  /** Is a change stream open? */
  #isWatched = false
  /** Something happened since the last poll began. */
  #isNotified = false
  #wake = () => {}
  #stopping = new AbortController()
  #stream: { close(): Promise<void> } | undefined

  /** @param poll reads the log; resolves with whether there was anything new */
  constructor(connection: MongoConnection, journal: Journal, poll: () => Promise<boolean>) {
    this.#connection = connection
    this.#journal = journal
    this.#poll = poll
  }

  start(): void {
    this.#isOn = true
    if (this.#stopping.signal.aborted) this.#stopping = new AbortController()
    // The loops of a watcher that was stopped a moment ago may still be running, and continue.
    if (!this.#isPolling) void this.#pollRepeatedly()
    if (!this.#isStreaming && this.#connection.hasPromptStreams) void this.#readStreams()
  }

  stop(): void {
    this.#isOn = false
    this.#stopping.abort()
    this.#stream?.close().catch(() => {})
    this.#wake()
  }

  async #pollRepeatedly(): Promise<void> {
    this.#isPolling = true
    let interval = MIN_POLL_INTERVAL_MS
    while (this.#isOn) {
      if (!this.#isNotified) await this.#sleep(this.#isWatched ? WATCHED_POLL_INTERVAL_MS : interval)
      if (!this.#isOn) break
      this.#isNotified = false
      const hasFound = await this.#poll().catch(() => false)
      interval = hasFound ? MIN_POLL_INTERVAL_MS : Math.min(MAX_POLL_INTERVAL_MS, interval * POLL_BACK_OFF)
    }
    this.#isPolling = false
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#connection.clock.after(ms, resolve)
      this.#wake = () => {
        cancel()
        resolve()
      }
    })
  }

  #notify(): void {
    this.#isNotified = true
    this.#wake()
  }

  async #readStreams(): Promise<void> {
    this.#isStreaming = true
    while (this.#isOn && !this.#connection.isClosed) {
      const stream = this.#journal.watch()
      this.#stream = stream
      try {
        // Reports begin once it is open; a poll finds earlier batches.
        await stream.tryNext()
        this.#isWatched = true
        for (this.#notify(); this.#isOn; this.#notify()) await stream.next()
      } catch (error) {
        // A server without change streams refuses at once, and is not asked again.
        if (!this.#isWatched && !isUnavailableError(error)) return
      } finally {
        this.#isWatched = false
        this.#notify()
        await stream.close().catch(() => {})
      }
      await this.#connection.clock.sleep(RETRY_DELAY_MS, this.#stopping.signal)
    }
    this.#isStreaming = false
  }
}
