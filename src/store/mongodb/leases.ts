/**
 * Who holds which work, as this process sees it: no clock but its own, which never goes back, says when a claim is over.
 * That one may stand while the machine is suspended, so its own claims end by wall time too, whichever is earlier.
 */
import type { Counters } from './content.ts'

interface Seen {
  readonly holder: string
  readonly term: number
  readonly until: number
  /** The same by wall time. */
  readonly wallUntil: number
}

export class Leases {
  readonly #own: string
  readonly #seen = new Map<string, Seen>()

  /** @param own by which the log knows this process */
  constructor(own: string) {
    this.#own = own
  }

  /**
   * Takes in the claims as they stand behind a batch.
   * @param sent since when this process had tried to write it; 0 where it was not it that wrote it
   */
  note(claims: Counters['claims'], sent: number): void {
    for (const [work, [holder, span, term]] of Object.entries(claims)) {
      if (this.#seen.get(work)?.term === term) continue
      // Others count from when they see a claim, so its holder counts from before anybody can have seen it; one whose
      // answer it never heard it does not count on.
      const now = performance.now()
      const from = holder === this.#own ? sent : now
      this.#seen.set(work, { holder, term, until: from + span, wallUntil: Date.now() - (now - from) + span })
    }
    for (const work of this.#seen.keys()) if (!Object.hasOwn(claims, work)) this.#seen.delete(work)
  }

  /** For how many milliseconds this process still has the work. */
  left(work: string): number {
    const seen = this.#seen.get(work)
    if (seen?.holder !== this.#own) return 0
    return Math.min(seen.until - performance.now(), seen.wallUntil - Date.now())
  }

  isFree(work: string): boolean {
    return (this.#seen.get(work)?.until ?? 0) < performance.now()
  }
}
