/** The batches at the end of the log that are not in the collections yet, as far as this process knows. */
import type { Batch } from './batch.ts'
import type { StateKey } from './keys.ts'
import { keysWritten } from './replay.ts'

export interface UncheckpointedBatch {
  readonly batch: Batch
  readonly keys: ReadonlySet<StateKey>
}

export class Uncheckpointed {
  #batches: UncheckpointedBatch[] = []
  readonly #byKey = new Map<StateKey, Batch[]>()
  #memoryBytes = 0

  /** Approximate. */
  get memoryBytes(): number {
    return this.#memoryBytes
  }

  get length(): number {
    return this.#batches.length
  }

  get batches(): readonly UncheckpointedBatch[] {
    return this.#batches
  }

  add(batch: Batch): void {
    const keys = new Set(keysWritten(batch))
    this.#batches.push({ batch, keys })
    this.#memoryBytes += batch.memoryBytes
    for (const key of keys) {
      const known = this.#byKey.get(key)
      if (known === undefined) this.#byKey.set(key, [batch])
      else known.push(batch)
    }
  }

  /** Keeps a batch as a whole, of which only a part was known. */
  complete(whole: Batch): void {
    const at = this.#batches.findIndex(({ batch }) => batch.number === whole.number)
    const known = this.#batches[at]
    if (known === undefined) return
    this.#batches[at] = { ...known, batch: whole }
    for (const key of known.keys) {
      const batches = this.#byKey.get(key) ?? []
      const index = batches.indexOf(known.batch)
      if (index >= 0) batches[index] = whole
    }
  }

  /** Forgets batches up to this one, which are in the collections now. @returns the last of them */
  dropUpTo(number: number): Batch | undefined {
    const dropped = this.#batches.filter(({ batch }) => batch.number <= number)
    for (const { batch, keys } of dropped) {
      this.#memoryBytes -= batch.memoryBytes
      for (const key of keys) {
        const left = this.#byKey.get(key)?.filter((other) => other.number > number) ?? []
        if (left.length === 0) this.#byKey.delete(key)
        else this.#byKey.set(key, left)
      }
    }
    this.#batches = this.#batches.slice(dropped.length)
    return dropped.at(-1)?.batch
  }

  /** Those that changed a state, oldest first. */
  batchesOf(key: StateKey): readonly Batch[] {
    return this.#byKey.get(key) ?? []
  }

  keys(): Iterable<StateKey> {
    return this.#byKey.keys()
  }
}
