/**
 * When users sign in who show their password with each request. A request for each is no sign-in: like a session it begins
 * with the first from an address, and ends without use or after a day's work.
 */
import type { Clock } from '../../clock.ts'

const IDLE_MS = 30 * 60_000
const ABSOLUTE_MS = 12 * 60 * 60_000
const MAX_ENTRIES = 10_000

interface Use {
  readonly began: number
  last: number
}

export class PasswordUse {
  readonly #clock: Clock
  readonly #uses = new Map<string, Use>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Is this request a sign-in, rather than one of those that follow it? */
  begins(user: string, source: string | undefined): boolean {
    const now = this.#clock.monotonic()
    const key = `${user} ${source}`
    const use = this.#uses.get(key)
    if (use !== undefined && now < Math.min(use.last + IDLE_MS, use.began + ABSOLUTE_MS)) {
      use.last = now
      return false
    }
    this.#uses.delete(key)
    // Those that began the longest ago are dropped first, and recorded once more.
    if (this.#uses.size >= MAX_ENTRIES) this.#uses.delete(this.#uses.keys().next().value ?? '')
    this.#uses.set(key, { began: now, last: now })
    return true
  }
}
