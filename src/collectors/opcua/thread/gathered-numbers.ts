/** Gathers good numbers in the order of their arrival, and hands them over by node. */
import type { NumberColumns } from '../messages.ts'
import { MAX_DISTANCE_NS, type NotifiedNumbers } from './notified-numbers.ts'

const FIRST_SIZE = 1024

export class GatheredNumbers {
  // Kept from one delivery to the next, as large as the largest was.
  #handles = new Uint32Array(FIRST_SIZE)
  #types = new Uint8Array(FIRST_SIZE)
  #offsets = new Float64Array(FIRST_SIZE)
  #values = new Float64Array(FIRST_SIZE)
  #size = 0
  #baseMs = 0

  get size(): number {
    return this.#size
  }

  clear(): void {
    this.#size = 0
  }

  /**
   * @param handles of the nodes by the numbers of the items; of others nothing is taken
   * @returns false where the times are too far from those that are gathered already
   */
  add(numbers: NotifiedNumbers, handles: ArrayLike<number | undefined>): boolean {
    const { count, items, types, offsets, values, baseMs } = numbers
    if (this.#size === 0) this.#baseMs = baseMs
    const distance = (baseMs - this.#baseMs) * 1_000_000
    if (Math.abs(distance) > MAX_DISTANCE_NS) return false
    this.#reserve(count)
    let at = this.#size
    for (let index = 0; index < count; index++) {
      const handle = handles[items[index] ?? 0]
      if (handle === undefined) continue
      this.#handles[at] = handle
      this.#types[at] = types[index] ?? 0
      this.#offsets[at] = distance + (offsets[index] ?? 0)
      this.#values[at++] = values[index] ?? 0
    }
    this.#size = at
    return true
  }

  /** In the order of their handles, and of a node in that of their arrival. A node whose type has changed is there twice. */
  columns(): NumberColumns {
    const order = this.#byNode()
    const [offsets, values] = [new Float64Array(this.#size), new Float64Array(this.#size)]
    const [handles, lengths, types]: [number[], number[], number[]] = [[], [], []]
    for (let place = 0; place < order.length; place++) {
      const at = order[place] ?? 0
      offsets[place] = this.#offsets[at] ?? 0
      values[place] = this.#values[at] ?? 0
      const [handle, type] = [this.#handles[at] ?? 0, this.#types[at] ?? 0]
      const last = handles.length - 1
      if (handles[last] === handle && types[last] === type) lengths[last] = (lengths[last] ?? 0) + 1
      else {
        handles.push(handle)
        types.push(type)
        lengths.push(1)
      }
    }
    return {
      ...{ handles: Uint32Array.from(handles), lengths: Uint32Array.from(lengths), types: Uint8Array.from(types) },
      ...{ baseMs: this.#baseMs, offsets, values }
    }
  }

  /** Counting sort, as handles are small numbers. @returns the place of each sample, by node */
  #byNode(): Uint32Array {
    const handles = this.#handles.subarray(0, this.#size)
    let highest = 0
    for (const handle of handles) if (handle > highest) highest = handle
    /** By handle: how many samples those before it have, then how many are placed. */
    const placed = new Uint32Array(highest + 2)
    for (const handle of handles) placed[handle + 1] = (placed[handle + 1] ?? 0) + 1
    for (let handle = 1; handle < placed.length; handle++) {
      placed[handle] = (placed[handle] ?? 0) + (placed[handle - 1] ?? 0)
    }
    const order = new Uint32Array(this.#size)
    for (let at = 0; at < handles.length; at++) {
      const handle = handles[at] ?? 0
      const place = placed[handle] ?? 0
      order[place] = at
      placed[handle] = place + 1
    }
    return order
  }

  #reserve(count: number): void {
    const needed = this.#size + count
    if (needed <= this.#values.length) return
    const length = Math.max(needed, 2 * this.#values.length)
    this.#handles = grown(this.#handles, new Uint32Array(length))
    this.#types = grown(this.#types, new Uint8Array(length))
    this.#offsets = grown(this.#offsets, new Float64Array(length))
    this.#values = grown(this.#values, new Float64Array(length))
  }
}

function grown<List extends Uint32Array | Uint8Array | Float64Array>(from: List, to: List): List {
  to.set(from)
  return to
}
