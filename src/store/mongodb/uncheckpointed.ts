/** The batches at the end of the log that are not in the other collections yet, as far as this process knows. */

import type { Batch } from './journal.ts'
import type { Key } from './keys.ts'
import { keysOf } from './write-commands.ts'

export interface UncheckpointedBatch {
  readonly batch: Batch
  readonly keys: ReadonlySet<Key>
}

export class Uncheckpointed {
  #batches: UncheckpointedBatch[] = []
  readonly #byKey = new Map<Key, Batch[]>()
  #weight = 0

  /** Bytes that they take in memory, roughly. */
  get weight(): number {
    return this.#weight
  }

  get length(): number {
    return this.#batches.length
  }

  add(batch: Batch): void {
    const keys = new Set(keysOf(batch))
    this.#batches.push({ batch, keys })
    this.#weight += batch.weight
    for (const key of keys) {
      const known = this.#byKey.get(key)
      if (known === undefined) this.#byKey.set(key, [batch])
      else known.push(batch)
    }
  }

  /** Batches up to this one are in the other collections. @returns the last of them */
  drop(upto: number): Batch | undefined {
    let gone = 0
    let last: Batch | undefined
    for (const { batch, keys } of this.#batches) {
      if (batch.no > upto) break
      gone++
      last = batch
      this.#weight -= batch.weight
      for (const key of keys) {
        const left = this.#byKey.get(key)?.filter(({ no }) => no > upto) ?? []
        if (left.length === 0) this.#byKey.delete(key)
        else this.#byKey.set(key, left)
      }
    }
    this.#batches = this.#batches.slice(gone)
    return last
  }

  /** What changed it, oldest first. */
  of(key: Key): readonly Batch[] {
    return this.#byKey.get(key) ?? []
  }

  /** What the last batch, which is this one, changed. */
  keysOf(batch: Batch): Iterable<Key> {
    const last = this.#batches.at(-1)
    return last?.batch === batch ? last.keys : []
  }

  keys(): Iterable<Key> {
    return this.#byKey.keys()
  }

  get batches(): readonly UncheckpointedBatch[] {
    return this.#batches
  }
}
