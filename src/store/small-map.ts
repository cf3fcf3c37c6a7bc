/**
 * A map by text that mostly has a single entry, which is kept without a table: that takes 135 bytes less than a `Map`, and
 * there may be one for each of a hundred thousand submodels. The order is that of a `Map`.
 */
export class SmallMap<Value> {
  /** Of the only entry; not in use once there were several. */
  #key: string | undefined
  #value: Value | undefined
  #entries: Map<string, Value> | undefined

  get size(): number {
    return this.#entries?.size ?? (this.#key === undefined ? 0 : 1)
  }

  get(key: string): Value | undefined {
    if (this.#entries !== undefined) return this.#entries.get(key)
    return key === this.#key ? this.#value : undefined
  }

  has(key: string): boolean {
    return this.#entries?.has(key) ?? key === this.#key
  }

  set(key: string, value: Value): void {
    if (this.#entries === undefined && this.#key !== undefined && this.#key !== key) {
      this.#entries = new Map([[this.#key, this.#value as Value]])
      this.#key = undefined
      this.#value = undefined
    }
    if (this.#entries !== undefined) this.#entries.set(key, value)
    else {
      this.#key = key
      this.#value = value
    }
  }

  delete(key: string): void {
    this.#entries?.delete(key)
    if (key !== this.#key) return
    this.#key = undefined
    this.#value = undefined
  }

  /** Entries may be deleted meanwhile. */
  *[Symbol.iterator](): Generator<[key: string, value: Value]> {
    if (this.#entries !== undefined) yield* this.#entries
    else if (this.#key !== undefined) yield [this.#key, this.#value as Value]
  }

  *values(): Generator<Value> {
    for (const [, value] of this) yield value
  }
}
