/**
 * Changes on their way to the thread of the server, which takes them in batches. Of a value that is sampled only the newest
 * waits; where each one is wanted, the subscription waits while there are many.
 */
import type { WatchedChange } from './messages.ts'

const MAX_BATCH = 1000
/** Estimate of one that waits. */
const CHANGE_BYTES = 200

export class ChangeFeed {
  /** In order; where a newer one takes the place of an earlier one, in the place of that. */
  readonly #waiting = new Map<string | symbol, WatchedChange>()
  #wake: (() => void) | undefined
  #isEnded = false
  readonly #onRoom: () => void

  /** @param onRoom called when a batch was taken */
  constructor(onRoom: () => void) {
    this.#onRoom = onRoom
  }

  get backlog(): number {
    return this.#waiting.size * CHANGE_BYTES
  }

  add(change: WatchedChange, isExact = false): void {
    this.#waiting.set(isExact ? Symbol() : keyOf(change), change)
    this.#wake?.()
  }

  end(): void {
    this.#isEnded = true
    this.#wake?.()
  }

  async *batches(): AsyncGenerator<readonly WatchedChange[]> {
    while (!this.#isEnded) {
      if (this.#waiting.size === 0) await new Promise<void>((resolve) => (this.#wake = resolve))
      const batch: WatchedChange[] = []
      for (const [key, change] of this.#waiting) {
        this.#waiting.delete(key)
        if (batch.push(change) === MAX_BATCH) break
      }
      if (batch.length > 0) yield batch
      this.#onRoom()
    }
  }
}

function keyOf(change: WatchedChange): string {
  return change.is === 'value'
    ? JSON.stringify([change.session, change.submodel, change.path])
    : JSON.stringify([change.session, change.is, change.is === 'refresh' ? change.submodel : ''])
}
