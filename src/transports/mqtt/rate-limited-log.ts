/** Writes at most one line of each kind in ten seconds, so that frequent messages do not flood the log. */
import type { Clock } from '../../clock.ts'

export interface LogSink {
  info(details: object, text: string): void
  warn(details: object, text: string): void
}

const LOG_INTERVAL_MS = 10_000

export class RateLimitedLog {
  readonly #log: LogSink
  readonly #clock: Clock
  readonly #kinds = new Map<string, { lastLine: number; suppressed: number }>()

  constructor(log: LogSink, clock: Clock) {
    this.#log = log
    this.#clock = clock
  }

  /** @param kind the text of the line; a fixed text, as each is remembered */
  warn(kind: string, details: object): void {
    const now = this.#clock.monotonic()
    const { lastLine, suppressed } = this.#kinds.get(kind) ?? { lastLine: Number.NEGATIVE_INFINITY, suppressed: 0 }
    if (now - lastLine < LOG_INTERVAL_MS) {
      this.#kinds.set(kind, { lastLine, suppressed: suppressed + 1 })
      return
    }
    this.#kinds.set(kind, { lastLine: now, suppressed: 0 })
    this.#log.warn({ ...details, ...(suppressed > 0 && { others: suppressed }) }, kind)
  }
}
