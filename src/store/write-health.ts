/** Could what was written last be stored? */
import { HubError } from '../errors.ts'

/** So long a refusal counts: whoever keeps writers away because of it would never learn that there is room again. */
const COUNTS_FOR_MS = 30_000

/** A disk that is full, and one that fails. */
const FAILURES: ReadonlySet<string> = new Set(['StorageFull', 'Unavailable'])

export class WriteHealth {
  #refusedAt = Number.NEGATIVE_INFINITY

  /** Something was stored. */
  recordSuccess(): void {
    this.#refusedAt = Number.NEGATIVE_INFINITY
  }

  /** Something was not stored. */
  recordFailure(error: unknown): void {
    if (error instanceof HubError && FAILURES.has(error.name)) this.#refusedAt = performance.now()
  }

  /** Was something refused because the disk is full or fails a moment ago, and has nothing been stored since? */
  get isFailing(): boolean {
    return performance.now() - this.#refusedAt < COUNTS_FOR_MS
  }
}
