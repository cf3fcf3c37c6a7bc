/**
 * When to look at the log for what other processes wrote. Where the server has change streams it says so by itself;
 * else the log is looked at by and by. Either way a look, and nothing else, tells what is there: a stream that says
 * something late, twice or never costs time at most.
 */
import { setTimeout } from 'node:timers/promises'
import { type Connection, isAwayError } from './connection.ts'
import type { Journal } from './journal.ts'

/** How soon after something happened the log is looked at again, and how seldom where nothing happens (ms). */
const MIN_POLL_INTERVAL_MS = 5
const MAX_POLL_INTERVAL_MS = 50

/** How seldom where the server says by itself when something happens (ms). */
const WATCHED_POLL_INTERVAL_MS = 1000

/** How long after a stream broke off the next one is opened (ms). */
const RETRY_DELAY_MS = 1000

export class LogWatcher {
  readonly #connection: Connection
  readonly #journal: Journal
  /** Looks at the log, and tells whether there was anything. */
  readonly #look: () => Promise<boolean>
  #isOn = false
  #isLooking = false
  #isWatching = false
  /** Does the server say by itself when something happens, as of now? */
  #isWatched = false
  /** Something happened since the last look began. */
  #isRung = false
  /** Ends the wait for the next look. */
  #wake = () => {}
  #stream: { close(): Promise<void> } | undefined

  constructor(connection: Connection, journal: Journal, look: () => Promise<boolean>) {
    this.#connection = connection
    this.#journal = journal
    this.#look = look
  }

  start(): void {
    this.#isOn = true
    // What was stopped a moment ago may still be there, and goes on.
    if (!this.#isLooking) void this.#lookOn()
    if (!this.#isWatching && this.#connection.hasStreams) void this.#watch()
  }

  stop(): void {
    this.#isOn = false
    this.#stream?.close().catch(() => {})
    this.#wake()
  }

  async #lookOn(): Promise<void> {
    this.#isLooking = true
    let pause = MIN_POLL_INTERVAL_MS
    while (this.#isOn) {
      if (!this.#isRung) await this.#rest(this.#isWatched ? WATCHED_POLL_INTERVAL_MS : pause)
      if (!this.#isOn) break
      this.#isRung = false
      const isSomething = await this.#look().catch(() => false)
      pause = isSomething ? MIN_POLL_INTERVAL_MS : Math.min(MAX_POLL_INTERVAL_MS, pause * 1.5)
    }
    this.#isLooking = false
  }

  #rest(pause: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = globalThis.setTimeout(resolve, pause)
      timer.unref()
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #ring(): void {
    this.#isRung = true
    this.#wake()
  }

  async #watch(): Promise<void> {
    this.#isWatching = true
    while (this.#isOn && !this.#connection.isClosed) {
      const stream = this.#journal.watch()
      this.#stream = stream
      try {
        // Only once it is open is everything after told; what came before is looked for.
        await stream.tryNext()
        this.#isWatched = true
        for (this.#ring(); this.#isOn; this.#ring()) await stream.next()
      } catch (error) {
        // A server that has none says so at once, and is not asked again.
        if (!this.#isWatched && !isAwayError(error)) return
      } finally {
        this.#isWatched = false
        this.#ring()
        await stream.close().catch(() => {})
      }
      await setTimeout(RETRY_DELAY_MS, undefined, { ref: false })
    }
    this.#isWatching = false
  }
}
