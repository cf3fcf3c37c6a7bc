/** A cache bounded by the size of what it holds; what was not used for longest goes first. */
export class BoundedCache<Value> {
  readonly #entries = new Map<string, { readonly value: Value; readonly size: number }>()
  readonly #maxSize: number
  #size = 0

  /** @param maxSize in the unit of the sizes that are passed to `set` */
  constructor(maxSize: number) {
    this.#maxSize = maxSize
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry.value
  }

  /** What is larger than the whole cache is not kept. */
  set(key: string, value: Value, size: number): void {
    this.#size -= this.#entries.get(key)?.size ?? 0
    this.#entries.delete(key)
    if (size > this.#maxSize) return
    this.#entries.set(key, { value, size })
    this.#size += size
    for (const [oldest, entry] of this.#entries) {
      if (this.#size <= this.#maxSize) return
      this.#entries.delete(oldest)
      this.#size -= entry.size
    }
  }
}
