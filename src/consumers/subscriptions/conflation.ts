/** At most one value per element and interval: the first at once, then the newest at the end of each interval. */
import { elementKey } from './latest-per-element.ts'
import type { ValueEvent } from './subscription.ts'

/** Elements that all groups together may conflate; values of further ones are sent at once. */
const MAX_ELEMENTS_HELD = 200_000

let holding = 0

export class Conflation {
  readonly #interval: number
  /** Elements that were sent within the interval, with the source time of that value. */
  readonly #sent = new Map<string, bigint>()
  /** Values held back until the interval of their element ends; in the order of the log. */
  readonly #held = new Map<string, ValueEvent>()
  /** Ends of intervals; in ascending order, as all intervals are equally long. */
  #ends: { key: string; end: number }[] = []

  /** @param interval in milliseconds */
  constructor(interval: number) {
    this.#interval = interval
  }

  /** The oldest value that is held back. */
  get oldest(): ValueEvent | undefined {
    return this.#held.values().next().value
  }

  /** When the next interval ends. */
  get due(): number | undefined {
    return this.#ends[0]?.end
  }

  /**
   * @param now monotonic time in milliseconds
   * @returns whether to send it at once; else it is held back, or dropped as a newer value was sent
   */
  take(event: ValueEvent, now: number): boolean {
    const key = elementKey(event)
    const time = event.sourceTime ?? 0n
    const sent = this.#sent.get(key)
    if (sent === undefined) {
      if (holding >= MAX_ELEMENTS_HELD) return true
      this.#noteSent(key, time, now)
      holding++
      return true
    }
    const held = this.#held.get(key)
    if (time < (held?.sourceTime ?? sent)) return false
    // At the end of the order: the value it replaces is dropped.
    this.#held.delete(key)
    this.#held.set(key, event)
    return false
  }

  /** Values whose interval has ended by a time; they stay held back. */
  dueBy(now: number): ValueEvent[] {
    const due: ValueEvent[] = []
    for (const { key, end } of this.#ends) {
      if (end > now) break
      const held = this.#held.get(key)
      if (held !== undefined) due.push(held)
    }
    return due
  }

  /** Values whose interval has ended. */
  release(now: number): ValueEvent[] {
    const released: ValueEvent[] = []
    let count = 0
    while (count < this.#ends.length && (this.#ends[count]?.end ?? 0) <= now) {
      const key = this.#ends[count++]?.key ?? ''
      const held = this.#held.get(key)
      if (held === undefined) {
        if (this.#sent.delete(key)) holding--
        continue
      }
      this.#held.delete(key)
      released.push(held)
    }
    this.#ends = this.#ends.slice(count)
    for (const event of released) this.#noteSent(elementKey(event), event.sourceTime ?? 0n, now)
    return released.sort((a, b) => a.seq - b.seq || a.index - b.index)
  }

  close(): void {
    holding -= this.#sent.size
    this.#sent.clear()
    this.#held.clear()
    this.#ends = []
  }

  #noteSent(key: string, time: bigint, now: number): void {
    this.#sent.set(key, time)
    this.#ends.push({ key, end: now + this.#interval })
  }
}
