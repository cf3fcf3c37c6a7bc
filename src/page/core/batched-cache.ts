/** Documents that many components ask for by identifier: those asked for at the same time are read together, and kept. */
import { computed, effect, type Signal, signal } from '@preact/signals'
import { route } from './router.ts'
import { onOtherCaller } from './session.ts'

/** More are forgotten, and read again when asked for. */
const MAX_ENTRIES = 5000
/** What is asked for within this time is read together. */
const GATHER_MS = 10

/** Undefined while it is read, null where it does not exist. */
export type Cached<Value> = Value | null | undefined

/** Which of the pages opened so far is shown: what was missing on an earlier one may exist now, e.g. as it was uploaded. */
let visit = 0
const path = computed(() => route.value.path)

effect(() => {
  void path.value
  visit++
})

interface CacheEntry<Value> {
  readonly value: Signal<Cached<Value>>
  /** When it was asked for last. */
  visit: number
}

export class BatchedCache<Value extends { readonly id: string }> {
  readonly #read: (ids: readonly string[]) => Promise<readonly Value[]>
  readonly #entries = new Map<string, CacheEntry<Value>>()
  #wanted: (readonly [id: string, entry: CacheEntry<Value>])[] = []

  constructor(read: (ids: readonly string[]) => Promise<readonly Value[]>) {
    this.#read = read
    onOtherCaller(() => this.#entries.clear())
  }

  /** While rendering: it renders again when the value is known. */
  get(id: string): Cached<Value> {
    let entry = this.#entries.get(id)
    if (entry === undefined) {
      if (this.#entries.size >= MAX_ENTRIES) this.#entries.clear()
      entry = { value: signal<Cached<Value>>(undefined), visit }
      this.#entries.set(id, entry)
      this.#want(id, entry)
    } else if ((entry.value.peek() ?? null) === null && entry.visit !== visit) {
      entry.visit = visit
      this.#want(id, entry)
    }
    return entry.value.value
  }

  #want(id: string, entry: CacheEntry<Value>): void {
    if (this.#wanted.push([id, entry]) === 1) setTimeout(() => void this.#readWanted(), GATHER_MS)
  }

  async #readWanted(): Promise<void> {
    const wanted = this.#wanted
    this.#wanted = []
    // A failure is shown by what else is read; here names stay identifiers, until another page is opened.
    const found = await this.#read(wanted.map(([id]) => id)).catch(() => undefined)
    if (found === undefined) return
    const byId = new Map(found.map((value) => [value.id, value]))
    for (const [id, entry] of wanted) entry.value.value = byId.get(id) ?? null
  }
}
