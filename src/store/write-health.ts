/** Whether recent writes failed because of the storage. */
import { type Clock, systemClock } from '../clock.ts'
import { HubError } from '../errors.ts'

/** A failure is forgotten after this time: if it kept writers away forever, recovery would go unnoticed. */
const FAILURE_MEMORY_MS = 30_000

const STORAGE_ERRORS: ReadonlySet<string> = new Set(['StorageFull', 'Unavailable'])

export class WriteHealth {
  readonly #clock: Clock
  #failedAt = Number.NEGATIVE_INFINITY

  constructor(clock: Clock = systemClock) {
    this.#clock = clock
  }

  recordSuccess(): void {
    this.#failedAt = Number.NEGATIVE_INFINITY
  }

  recordFailure(error: unknown): void {
    if (error instanceof HubError && STORAGE_ERRORS.has(error.name)) this.#failedAt = this.#clock.monotonic()
  }

  /** Did a write fail recently because the disk is full or fails, with none stored since? */
  get isFailing(): boolean {
    return this.#clock.monotonic() - this.#failedAt < FAILURE_MEMORY_MS
  }
}
