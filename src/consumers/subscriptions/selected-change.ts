/** What a subscription gets of a logged change: as much as its subject may see, if that is what it selects. */
import type { LoggedChange } from '../../store/store.ts'
import type { CurrentState, StateReader } from './current-state.ts'
import type { Matcher } from './matcher.ts'
import type { VisibleChanges } from './visible-changes.ts'

/** A selection, and what its subject may see; absent: everything. */
export interface Selector {
  readonly matcher: Matcher
  readonly visible?: VisibleChanges | undefined
}

/**
 * The change, what is visible of it, or undefined.
 * @param isPast whether the change may be old, and its submodel deleted since
 */
export async function selectedChange(
  { matcher, visible }: Selector,
  change: LoggedChange,
  isPast: boolean,
  state: CurrentState
): Promise<LoggedChange | undefined> {
  if (!(await selects(matcher, change, isPast))) return undefined
  if (visible === undefined) return change
  const seen = await visible.change(change, state)
  if (seen === undefined || seen === change) return seen
  // Hidden paths must not select it.
  return (await selects(matcher, seen, isPast)) ? seen : undefined
}

/** For events with `content: 'full'`. */
export function visibleState({ visible }: Selector, state: CurrentState): StateReader {
  return visible === undefined ? state : visible.stateOf(state)
}

export function selects(matcher: Matcher, change: LoggedChange, isPast: boolean): boolean | Promise<boolean> {
  return 'path' in change ? matcher.value(change.submodel, change.path, isPast) : matcher.document(change, isPast)
}
