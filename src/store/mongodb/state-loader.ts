/** Loads states from the collections into the cache, with what the log did to them since. */
import type { Collections, StoredState } from './collections.ts'
import type { KnownState, StateKey } from './keys.ts'
import type { LogApplier } from './log-applier.ts'
import type { ReplicatedState } from './replicated-state.ts'

export class StateLoader {
  readonly #state: ReplicatedState
  readonly #applier: LogApplier
  readonly #collections: Collections
  readonly #loading = new Map<StateKey, Promise<void>>()

  constructor(state: ReplicatedState, applier: LogApplier, collections: Collections) {
    this.#state = state
    this.#applier = applier
    this.#collections = collections
  }

  /** A state as of now; it need not be cached. */
  async load(key: StateKey): Promise<KnownState> {
    const { cache } = this.#state
    const known = cache.get(key)
    if (known !== undefined) return known
    // Pinned until it is returned, or one that is larger than the cache would be loaded for ever.
    return this.withStates([key], () => cache.peek(key) as KnownState)
  }

  /** A state that is no older than this call. */
  async loadLatest(key: StateKey): Promise<KnownState> {
    await this.#applier.sync()
    return this.load(key)
  }

  /** Calls `look`, which must be synchronous, while all these states are cached: they are of one moment. */
  async withStates<Result>(keys: readonly StateKey[], look: () => Result): Promise<Result> {
    const { cache } = this.#state
    cache.pin(keys)
    try {
      for (;;) if (await this.loadMissing(keys)) return look()
    } finally {
      cache.unpin(keys)
    }
  }

  /** Loads what is not cached. @returns whether all are cached now; pinned ones are unless the cache was discarded */
  async loadMissing(keys: Iterable<StateKey>): Promise<boolean> {
    const { cache } = this.#state
    const all = [...keys]
    await this.#loadOnce(all.filter((key) => !cache.has(key)))
    return all.every((key) => cache.has(key))
  }

  /**
   * Caches a state that was read elsewhere, unless it is outdated.
   * @param checkpoint `checkpointNumber` before it was read
   */
  async cacheIfCurrent(key: StateKey, stored: StoredState, checkpoint: number): Promise<void> {
    const state = this.#state
    if (stored.newest > state.appliedNumber) await this.#applier.sync()
    if (state.uncheckpointed.batchesOf(key).some(({ rest }) => rest !== undefined)) return
    if (state.checkpointNumber === checkpoint && !state.cache.has(key)) {
      state.cache.put(key, state.replayed(key, stored))
    }
  }

  /** Several calls for the same state share one read. */
  async #loadOnce(keys: readonly StateKey[]): Promise<void> {
    const missing = keys.filter((key) => !this.#loading.has(key))
    if (missing.length > 0) {
      const reading = this.#read(missing).finally(() => {
        for (const key of missing) this.#loading.delete(key)
      })
      for (const key of missing) this.#loading.set(key, reading)
    }
    await Promise.all(keys.map((key) => this.#loading.get(key)))
  }

  async #read(keys: readonly StateKey[]): Promise<void> {
    const state = this.#state
    for (;;) {
      const { checkpointNumber, generation } = state
      const stored = await this.#loadStored(keys)
      const newest = Math.max(...stored.map((one) => one.newest))
      if (newest > state.appliedNumber) await this.#applier.sync()
      await this.#completeBatches(keys)
      // What the collections lacked when they were read must still be in memory to be replayed.
      if (state.checkpointNumber !== checkpointNumber || state.generation !== generation) continue
      for (const [index, key] of keys.entries()) {
        const one = stored[index]
        if (one !== undefined && !state.cache.has(key)) state.cache.put(key, state.replayed(key, one))
      }
      return
    }
  }

  /** Reads what is in lines of the batches that changed these states, also of those that are applied meanwhile. */
  async #completeBatches(keys: readonly StateKey[]): Promise<void> {
    const { uncheckpointed } = this.#state
    for (;;) {
      const incomplete = new Set(
        keys.flatMap((key) => uncheckpointed.batchesOf(key).filter(({ rest }) => rest !== undefined))
      )
      if (incomplete.size === 0) return
      for (const { rest } of incomplete) {
        const whole = await rest?.load()
        if (whole !== undefined) uncheckpointed.complete(whole)
        // It was trimmed, so it is in the collections.
        else this.#state.noteCheckpoint(await this.#applier.readCheckpoint())
      }
    }
  }

  #loadStored(keys: readonly StateKey[]): Promise<readonly StoredState[]> {
    const [first] = keys
    if (keys.length === 1 && first !== undefined) return this.#collections.load(first).then((stored) => [stored])
    return this.#collections.loadAll(keys)
  }
}
