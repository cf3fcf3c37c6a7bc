/** A cache bounded by the size of what it holds. */
interface CachedValue<Value> {
  readonly value: Value
  readonly size: number
  /** Since eviction last considered it. */
  isUsed: boolean
}

export class BoundedCache<Value> {
  /** Oldest first. What was used gets a second chance (CLOCK), so that reading need not reorder them. */
  readonly #entries = new Map<string, CachedValue<Value>>()
  readonly #maxSize: number
  #size = 0

  /** @param maxSize in the unit of the sizes that are passed to `set` */
  constructor(maxSize: number) {
    this.#maxSize = maxSize
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    entry.isUsed = true
    return entry.value
  }

  /** What is larger than the whole cache is not kept. */
  set(key: string, value: Value, size: number): void {
    this.#size -= this.#entries.get(key)?.size ?? 0
    this.#entries.delete(key)
    if (size > this.#maxSize) return
    this.#entries.set(key, { value, size, isUsed: false })
    this.#size += size
    for (const [oldest, entry] of this.#entries) {
      if (this.#size <= this.#maxSize) return
      this.#entries.delete(oldest)
      if (entry.isUsed) this.#entries.set(oldest, { ...entry, isUsed: false })
      else this.#size -= entry.size
    }
  }
}
