/** Filters the log for a subscriber that is behind. For one step, as it caches what it looks up. */
import type { LoggedChange } from '../../store/store.ts'
import { withoutOverlap } from './catch-up-history.ts'
import type { CatchUpTarget } from './catch-up-state.ts'
import { elementKey } from './latest-per-element.ts'
import type { StreamEvent } from './subscription.ts'

export class SelectionFilter {
  readonly #target: CatchUpTarget
  readonly #known = new Map<string, boolean>()

  constructor(target: CatchUpTarget) {
    this.#target = target
  }

  /** Does the request select the change? */
  async selects(change: LoggedChange): Promise<boolean> {
    const { matcher } = this.#target
    if (!('path' in change)) return matcher.document(change, true)
    const key = elementKey(change)
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const isSelected = await matcher.value(change.submodel, change.path, true)
    this.#known.set(key, isSelected)
    return isSelected
  }

  /** Removes events that a snapshot or the history has shown already. */
  unseen(events: readonly StreamEvent[]): readonly StreamEvent[] {
    const { shown, overlap } = this.#target.catchUp
    if (shown.size === 0 && overlap === undefined) return events
    const fresh = events.filter(
      (event) => event.event === 'document' || event.seq > (shown.get(elementKey(event)) ?? 0)
    )
    return overlap === undefined ? fresh : withoutOverlap(fresh, overlap)
  }
}
