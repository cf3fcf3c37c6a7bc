/** At most one value per element and interval: the first at once, then the newest at the end of each interval. */
import { elementKey } from './latest-per-element.ts'
import type { ValueEvent } from './subscription.ts'

/** Elements that are held back at once, by all groups together; beyond it values go out as they come. */
const MAX_ELEMENTS_HELD = 200_000

let holding = 0

export class Conflation {
  readonly #interval: number
  /** Elements told of within the interval, and the source time that was told. */
  readonly #told = new Map<string, bigint>()
  /** What waits for the end of its element's interval; in the order of the log. */
  readonly #held = new Map<string, ValueEvent>()
  /** The ends of intervals, each as long as all others, so in the order in which they come. */
  #ends: { key: string; end: number }[] = []

  /** @param interval in milliseconds */
  constructor(interval: number) {
    this.#interval = interval
  }

  /** The oldest thing that waits. */
  get oldest(): ValueEvent | undefined {
    return this.#held.values().next().value
  }

  /** When the next interval ends. */
  get due(): number | undefined {
    return this.#ends[0]?.end
  }

  /**
   * @param now milliseconds of a clock that never goes back
   * @returns whether it is to be told at once; else it is held back, or was late: a newer value has been told
   */
  take(event: ValueEvent, now: number): boolean {
    const key = elementKey(event)
    const time = event.sourceTime ?? 0n
    const told = this.#told.get(key)
    if (told === undefined) {
      if (holding >= MAX_ELEMENTS_HELD) return true
      this.#tell(key, time, now)
      holding++
      return true
    }
    const held = this.#held.get(key)
    if (time < (held?.sourceTime ?? told)) return false
    // Put at the end: what it replaces needs not be told any more.
    this.#held.delete(key)
    this.#held.set(key, event)
    return false
  }

  /** What is to be told now. */
  release(now: number): ValueEvent[] {
    const released: ValueEvent[] = []
    let count = 0
    while (count < this.#ends.length && (this.#ends[count]?.end ?? 0) <= now) {
      const key = this.#ends[count++]?.key ?? ''
      const held = this.#held.get(key)
      if (held === undefined) {
        if (this.#told.delete(key)) holding--
        continue
      }
      this.#held.delete(key)
      released.push(held)
    }
    this.#ends = this.#ends.slice(count)
    for (const event of released) this.#tell(elementKey(event), event.sourceTime ?? 0n, now)
    return released.sort((a, b) => a.seq - b.seq || a.index - b.index)
  }

  close(): void {
    holding -= this.#told.size
    this.#told.clear()
    this.#held.clear()
    this.#ends = []
  }

  #tell(key: string, time: bigint, now: number): void {
    this.#told.set(key, time)
    this.#ends.push({ key, end: now + this.#interval })
  }
}
