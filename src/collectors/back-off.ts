/** Pauses between attempts to connect: they double, and vary, so that many connections do not return at once. */

const FIRST_MS = 500
const MAX_MS = 30_000
/** Of what only another configuration can solve; the supervisor starts again at once when that changes. */
const PERMANENT_MS = 5 * 60_000
/** A pause varies by this part of it. */
const JITTER = 0.2

export class BackOff {
  #nextMs = FIRST_MS

  /** @returns milliseconds until the next attempt */
  next(isPermanent: boolean, random: () => number = Math.random): number {
    const pause = isPermanent ? PERMANENT_MS : this.#nextMs
    this.#nextMs = Math.min(this.#nextMs * 2, MAX_MS)
    return Math.round(pause * (1 + JITTER * (2 * random() - 1)))
  }

  /** After a connection that worked. */
  reset(): void {
    this.#nextMs = FIRST_MS
  }
}
