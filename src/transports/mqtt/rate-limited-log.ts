/** A log that what comes a thousand times a second does not fill: of each kind one line in ten seconds. */

export interface Log {
  info(details: object, text: string): void
  warn(details: object, text: string): void
}

const LOG_INTERVAL_MS = 10_000

export class RateLimitedLog {
  readonly #log: Log
  readonly #kinds = new Map<string, { told: number; since: number }>()

  constructor(log: Log) {
    this.#log = log
  }

  /** @param kind also the text of the line; there are few of them */
  warn(kind: string, details: object): void {
    const now = performance.now()
    const { told, since } = this.#kinds.get(kind) ?? { told: Number.NEGATIVE_INFINITY, since: 0 }
    if (now - told < LOG_INTERVAL_MS) {
      this.#kinds.set(kind, { told, since: since + 1 })
      return
    }
    this.#kinds.set(kind, { told: now, since: 0 })
    this.#log.warn({ ...details, ...(since > 0 && { others: since }) }, kind)
  }
}
