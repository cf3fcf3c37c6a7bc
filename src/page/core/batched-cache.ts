/** Documents that many components ask for by identifier: those asked for at the same time are read together, and kept. */
import { type Signal, signal } from '@preact/signals'
import { onOtherCaller } from './session.ts'

/** More are forgotten, and read again when asked for. */
const MAX_ENTRIES = 5000
/** What is asked for within this time is read together. */
const GATHER_MS = 10

/** Undefined while it is read, null where it does not exist. */
export type Cached<Value> = Value | null | undefined

export class BatchedCache<Value extends { readonly id: string }> {
  readonly #read: (ids: readonly string[]) => Promise<readonly Value[]>
  readonly #entries = new Map<string, Signal<Cached<Value>>>()
  #wanted: (readonly [id: string, entry: Signal<Cached<Value>>])[] = []

  constructor(read: (ids: readonly string[]) => Promise<readonly Value[]>) {
    this.#read = read
    onOtherCaller(() => this.#entries.clear())
  }

  /** While rendering: it renders again when the value is known. */
  get(id: string): Cached<Value> {
    let entry = this.#entries.get(id)
    if (entry === undefined) {
      if (this.#entries.size >= MAX_ENTRIES) this.#entries.clear()
      entry = signal<Cached<Value>>(undefined)
      this.#entries.set(id, entry)
      if (this.#wanted.push([id, entry]) === 1) setTimeout(() => void this.#readWanted(), GATHER_MS)
    }
    return entry.value
  }

  async #readWanted(): Promise<void> {
    const wanted = this.#wanted
    this.#wanted = []
    // A failure is shown by what else is read; here names stay identifiers.
    const found = await this.#read(wanted.map(([id]) => id)).catch(() => [])
    const byId = new Map(found.map((value) => [value.id, value]))
    for (const [id, entry] of wanted) entry.value = byId.get(id) ?? null
  }
}
