/** Documents that many components ask for by identifier: those asked for at the same time are read together, and kept. */
import { type Signal, signal } from '@preact/signals'

/** More are forgotten, and read again when asked for. */
const MAX_ENTRIES = 5000
/** What is asked for within this time is read together. */
const GATHER_MS = 10

/** Undefined while it is read, null where it does not exist. */
export type Cached<Value> = Value | null | undefined

export class BatchedCache<Value extends { readonly id: string }> {
  readonly #read: (ids: readonly string[]) => Promise<readonly Value[]>
  readonly #entries = new Map<string, Signal<Cached<Value>>>()
  #wanted: string[] = []

  constructor(read: (ids: readonly string[]) => Promise<readonly Value[]>) {
    this.#read = read
  }

  /** While rendering: it renders again when the value is known. */
  get(id: string): Cached<Value> {
    let entry = this.#entries.get(id)
    if (entry === undefined) {
      if (this.#entries.size >= MAX_ENTRIES) this.#entries.clear()
      entry = signal(undefined)
      this.#entries.set(id, entry)
      if (this.#wanted.push(id) === 1) setTimeout(() => void this.#readWanted(), GATHER_MS)
    }
    return entry.value
  }

  clear(): void {
    this.#entries.clear()
  }

  async #readWanted(): Promise<void> {
    const ids = this.#wanted
    this.#wanted = []
    // A failure is shown by what else is read; here names stay identifiers.
    const found = await this.#read(ids).catch(() => [])
    const byId = new Map(found.map((value) => [value.id, value]))
    for (const id of ids) {
      const entry = this.#entries.get(id)
      if (entry !== undefined) entry.value = byId.get(id) ?? null
    }
  }
}
