/** Whether what is durable in the log also gets to the rows or collections that a start reads, which happens in the background. */
import type { HubError } from '../errors.ts'

export class CheckpointHealth {
  readonly #listeners = new Set<(failure: HubError | undefined) => void>()
  #failure: HubError | undefined
  /** Submodels whose rows cannot be written. */
  setAside = 0

  get isFailing(): boolean {
    return this.#failure !== undefined
  }

  /** Call after each attempt. @param failure undefined if it succeeded */
  note(failure: HubError | undefined): void {
    const isNews = failure?.message !== this.#failure?.message
    this.#failure = failure
    if (isNews) for (const listener of this.#listeners) listener(failure)
  }

  /** Calls the listener when it begins to fail, fails for another reason, or works again (undefined); at once if it fails. */
  onChange(listener: (failure: HubError | undefined) => void): () => void {
    this.#listeners.add(listener)
    if (this.#failure !== undefined) listener(this.#failure)
    return () => this.#listeners.delete(listener)
  }
}
