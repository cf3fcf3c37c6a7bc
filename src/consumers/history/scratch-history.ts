/** Removes the history of an examination's scratch submodels once these are deleted; that of others is kept. */
import { isScratch } from '../../model/examination.ts'
import type { LogEntry, LoggedChange, Store } from '../../store/store.ts'

const SERIES_PER_READ = 100
const END_OF_TIME = 2n ** 63n - 1n

export class ScratchHistory {
  readonly #store: Pick<Store, 'series' | 'dropChunks'>
  /** Ids of deleted submodels, with the entry of the log. */
  readonly #deleted = new Map<string, number>()

  constructor(store: Pick<Store, 'series' | 'dropChunks'>) {
    this.#store = store
  }

  note({ seq }: LogEntry, change: LoggedChange): void {
    if (change.change === 'deleted' && change.kind === 'Submodel' && isScratch(change.id))
      this.#deleted.set(change.id, seq)
  }

  /** Removes the chunks of submodels that were deleted up to this entry, when their samples are in chunks. */
  async remove(upTo: number): Promise<void> {
    for (const [submodel, seq] of this.#deleted) {
      if (seq > upTo) continue
      const series = await this.#store.series({ submodel, path: '' }, SERIES_PER_READ)
      for (const one of series) if (one.submodel === submodel) await this.#store.dropChunks(one, END_OF_TIME)
      this.#deleted.delete(submodel)
    }
  }

  /** Another process has removed these. */
  forget(upTo: number): void {
    for (const [submodel, seq] of this.#deleted) if (seq <= upTo) this.#deleted.delete(submodel)
  }
}
