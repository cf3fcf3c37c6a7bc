/** How much waits to become durable, of all senders together. */
import type { MemoryBudget } from '../../memory/budget.ts'

export class WaitingRoom {
  readonly #maxBytes: number
  readonly #memory: MemoryBudget | undefined
  /** Called when something has left. */
  #waiters: (() => void)[] = []
  #bytes = 0

  constructor(maxBytes: number, memory: MemoryBudget | undefined) {
    this.#maxBytes = maxBytes
    this.#memory = memory
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Who comes when it is empty always gets in, or the largest would wait for ever. */
  isFull(bytes: number): boolean {
    if (this.#bytes === 0) return false
    return this.#bytes + bytes > this.#maxBytes || (this.#memory?.isFull(bytes) ?? false)
  }

  enter(bytes: number): void {
    this.#bytes += bytes
  }

  leave(bytes: number): void {
    this.#bytes -= bytes
    const waiters = this.#waiters
    this.#waiters = []
    for (const wake of waiters) wake()
  }

  /** Resolves when there is room. */
  async available(bytes: number): Promise<void> {
    while (this.isFull(bytes)) await new Promise<void>((resolve) => this.#waiters.push(resolve))
  }
}
