/**
 * Leases as seen by this process; expiry uses the local monotonic clock only. That clock may stand still while the
 * machine is suspended, so a process's own leases also end by wall time, whichever is earlier.
 */
import type { Clock } from '../../clock.ts'
import type { Counters } from './batch-content.ts'

interface SeenLease {
  readonly holder: string
  /** The batch that granted it. */
  readonly term: number
  readonly until: number
  /** The same by wall time. */
  readonly wallUntil: number
}

export class Leases {
  readonly #holder: string
  readonly #clock: Clock
  readonly #seen = new Map<string, SeenLease>()

  /** @param holder this process's name in the log */
  constructor(holder: string, clock: Clock) {
    this.#holder = holder
    this.#clock = clock
  }

  /**
   * Takes over the leases as they stand after a batch.
   * @param sentAt when this process first tried to write the batch; 0 if another process wrote it
   */
  update(leases: Counters['claims'], sentAt: number): void {
    for (const [name, [holder, ttlMs, term]] of Object.entries(leases)) {
      if (this.#seen.get(name)?.term === term) continue
      // Others count from when they see a lease, so its holder counts from before anyone can have seen it. A lease of
      // which it never got the answer it does not count on.
      const now = this.#clock.monotonic()
      const from = holder === this.#holder ? sentAt : now
      this.#seen.set(name, {
        holder,
        term,
        until: from + ttlMs,
        wallUntil: this.#clock.milliseconds() - (now - from) + ttlMs
      })
    }
    for (const name of this.#seen.keys()) if (!Object.hasOwn(leases, name)) this.#seen.delete(name)
  }

  /** For how long this process still holds the lease; at most 0 if it does not. */
  remainingMs(name: string): number {
    const seen = this.#seen.get(name)
    if (seen?.holder !== this.#holder) return 0
    return Math.min(seen.until - this.#clock.monotonic(), seen.wallUntil - this.#clock.milliseconds())
  }

  isFree(name: string): boolean {
    return (this.#seen.get(name)?.until ?? Number.NEGATIVE_INFINITY) < this.#clock.monotonic()
  }
}
