/** Filters the log for a subscriber that is behind. For one step, as it caches what it looks up. */
import type { LoggedChange } from '../../store/store.ts'
import { withoutOverlap } from './catch-up-history.ts'
import type { CatchUpTarget } from './catch-up-state.ts'
import type { CurrentState } from './current-state.ts'
import { elementKey } from './latest-per-element.ts'
import { selectedChange } from './selected-change.ts'
import type { StreamEvent } from './subscription.ts'

export class SelectionFilter {
  readonly #target: CatchUpTarget
  readonly #state: CurrentState
  readonly #known = new Map<string, boolean>()

  constructor(target: CatchUpTarget, state: CurrentState) {
    this.#target = target
    this.#state = state
  }

  /** What the request selects of the change; undefined where it does not. */
  async selected(change: LoggedChange): Promise<LoggedChange | undefined> {
    if (!('path' in change)) return selectedChange(this.#target, change, true, this.#state)
    const key = elementKey(change)
    const known = this.#known.get(key)
    if (known !== undefined) return known ? change : undefined
    const selected = await selectedChange(this.#target, change, true, this.#state)
    this.#known.set(key, selected !== undefined)
    return selected
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
