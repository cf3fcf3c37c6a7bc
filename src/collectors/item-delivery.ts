/** Passes the readings of a session on: bounded, and of what cannot be read only the news. */
import type { CollectedSample, SessionContext } from './connector.ts'

/** Batches that are being stored while reading goes on. */
const MAX_DELIVERIES = 64

export class ItemDelivery {
  readonly #context: SessionContext
  #underWay = 0
  /** Items whose last reading was not good, with the reason. */
  readonly #failing = new Map<string, string>()

  constructor(context: SessionContext) {
    this.#context = context
  }

  /** Does reading have to wait, as too many samples are being stored? */
  get isFull(): boolean {
    return this.#underWay >= MAX_DELIVERIES
  }

  /** For other items. */
  reset(): void {
    this.#failing.clear()
  }

  /** Resolves when the samples are stored. Of items that fail for the same reason as before nothing is stored again. */
  async pass(samples: readonly CollectedSample[]): Promise<void> {
    const before = this.#failing.size
    const news = samples.filter((sample) => this.#isNews(sample))
    const [first] = this.#failing
    if (first !== undefined)
      this.#context.degraded(`${this.#failing.size} items cannot be read; ${first[0]}: ${first[1]}`)
    else if (before > 0) this.#context.recovered()
    if (news.length === 0) return
    this.#underWay++
    try {
      await this.#context.deliver(news)
    } finally {
      this.#underWay--
    }
  }

  #isNews({ item, value, quality, reason = '' }: CollectedSample): boolean {
    if (value !== undefined) {
      this.#failing.delete(item.path)
      return true
    }
    const isKnown = quality !== undefined && this.#failing.get(item.path) === reason
    this.#failing.set(item.path, reason)
    return !isKnown
  }
}
