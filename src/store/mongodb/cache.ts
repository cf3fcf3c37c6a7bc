/** What was loaded last, up to a bound in bytes. What is in use stays, whatever the bound. */
import { type Found, type Key, weightOf } from './keys.ts'

interface Entry {
  readonly state: Found
  readonly weight: number
}

export class Cache {
  /** Least recently used first. */
  readonly #entries = new Map<Key, Entry>()
  readonly #held = new Map<Key, number>()
  readonly #bound: number
  #bytes = 0

  constructor(bound: number) {
    this.#bound = bound
  }

  has(key: Key): boolean {
    return this.#entries.has(key)
  }

  /** Undefined where it is not known. */
  peek(key: Key): Found | undefined {
    return this.#entries.get(key)?.state
  }

  get(key: Key): Found | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.put(key, entry.state)
    return entry.state
  }

  /** Also of what is there: it may have grown, as much is derived when somebody asks for it. */
  put(key: Key, state: Found): void {
    const weight = weightOf(state) + 2 * key.length
    this.#bytes += weight - (this.#entries.get(key)?.weight ?? 0)
    this.#entries.delete(key)
    this.#entries.set(key, { state, weight })
    if (this.#bytes > this.#bound) this.#shrink()
  }

  drop(key: Key): void {
    this.#bytes -= this.#entries.get(key)?.weight ?? 0
    this.#entries.delete(key)
  }

  /** Keeps these, once they are loaded, until they are let go. */
  hold(keys: Iterable<Key>): void {
    for (const key of keys) this.#held.set(key, (this.#held.get(key) ?? 0) + 1)
  }

  letGo(keys: Iterable<Key>): void {
    for (const key of keys) {
      const count = this.#held.get(key) ?? 0
      if (count > 1) this.#held.set(key, count - 1)
      else this.#held.delete(key)
      this.get(key)
    }
  }

  clear(): void {
    this.#entries.clear()
    this.#bytes = 0
  }

  #shrink(): void {
    for (const [key, { weight }] of this.#entries) {
      if (this.#held.has(key)) continue
      this.#entries.delete(key)
      this.#bytes -= weight
      if (this.#bytes <= this.#bound) return
    }
  }
}
