/** Recently used states, up to a bound in bytes. Pinned ones stay, whatever the bound. */
import { type KnownState, type StateKey, stateBytes } from './keys.ts'

interface CacheEntry {
  readonly state: KnownState
  readonly bytes: number
}

export class StateCache {
  /** Least recently used first. */
  readonly #entries = new Map<StateKey, CacheEntry>()
  readonly #pins = new Map<StateKey, number>()
  readonly #maxBytes: number
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  has(key: StateKey): boolean {
    return this.#entries.has(key)
  }

  /** Undefined if it is not cached. */
  peek(key: StateKey): KnownState | undefined {
    return this.#entries.get(key)?.state
  }

  /** Like `peek`; counts as a use. */
  get(key: StateKey): KnownState | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.put(key, entry.state)
    return entry.state
  }

  /** Also to measure a cached state again: it grows when rows are derived from it. */
  put(key: StateKey, state: KnownState): void {
    const bytes = stateBytes(state) + 2 * key.length
    this.#bytes += bytes - (this.#entries.get(key)?.bytes ?? 0)
    this.#entries.delete(key)
    this.#entries.set(key, { state, bytes })
    if (this.#bytes > this.#maxBytes) this.#evict()
  }

  drop(key: StateKey): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0
    this.#entries.delete(key)
  }

  /** Keeps these states, once they are cached, until they are unpinned as often. */
  pin(keys: Iterable<StateKey>): void {
    for (const key of keys) this.#pins.set(key, (this.#pins.get(key) ?? 0) + 1)
  }

  unpin(keys: Iterable<StateKey>): void {
    for (const key of keys) {
      const count = this.#pins.get(key) ?? 0
      if (count > 1) this.#pins.set(key, count - 1)
      else this.#pins.delete(key)
      this.get(key)
    }
  }

  clear(): void {
    this.#entries.clear()
    this.#bytes = 0
  }

  #evict(): void {
    for (const [key, { bytes }] of this.#entries) {
      if (this.#pins.has(key)) continue
      this.#entries.delete(key)
      this.#bytes -= bytes
      if (this.#bytes <= this.#maxBytes) return
    }
  }
}
