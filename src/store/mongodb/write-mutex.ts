/** Admits one write at a time, in the order of arrival, urgent ones first. */
export class WriteMutex {
  readonly #urgent: (() => void)[] = []
  readonly #others: (() => void)[] = []
  #isLocked = false

  async run<Result>(operation: () => Promise<Result>, isUrgent: boolean): Promise<Result> {
    await this.#lock(isUrgent)
    try {
      return await operation()
    } finally {
      this.#unlock()
    }
  }

  async #lock(isUrgent: boolean): Promise<void> {
    if (this.#isLocked) await new Promise<void>((resolve) => (isUrgent ? this.#urgent : this.#others).push(resolve))
    this.#isLocked = true
  }

  /** Passes the lock on to the next one that waits. */
  #unlock(): void {
    const next = this.#urgent.shift() ?? this.#others.shift()
    if (next === undefined) this.#isLocked = false
    else next()
  }
}
