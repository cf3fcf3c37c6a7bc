/** Which groups get a change, and what of it: those whose subjects may see the same are served together. */
import type { LoggedChange } from '../../store/store.ts'
import type { CurrentState, StateReader } from './current-state.ts'
import type { Group } from './group.ts'
import { selects, visibleState } from './selected-change.ts'

export interface Audience {
  /** As much as they may see. */
  readonly change: LoggedChange
  /** For events with `content: 'full'`; undefined where no group has these. */
  readonly state: StateReader | undefined
  readonly groups: readonly Group[]
}

/** @param groups those that select the change. Synchronous where nothing has to be judged. */
export function audiencesOf(
  groups: readonly Group[],
  change: LoggedChange,
  current: CurrentState
): readonly Audience[] | Promise<readonly Audience[]> {
  if (groups.every(({ visible }) => visible === undefined)) return [audienceOf(change, groups, current)]
  return judgedAudiences(groups, change, current)
}

async function judgedAudiences(
  groups: readonly Group[],
  change: LoggedChange,
  current: CurrentState
): Promise<readonly Audience[]> {
  /** Groups that get the change as it is. */
  const whole: Group[] = []
  const audiences: Audience[] = []
  for (const [visible, those] of Map.groupBy(groups, ({ visible }) => visible)) {
    const judged = visible?.change(change, current)
    const seen = visible === undefined ? change : judged instanceof Promise ? await judged : judged
    if (seen === undefined) continue
    if (seen !== change) {
      for (const group of those) {
        // Hidden paths must not select it.
        if (!(await selects(group.matcher, seen, false))) continue
        audiences.push(audienceOf(seen, [group], visibleState(group, current)))
      }
      continue
    }
    whole.push(...those.filter(({ projection }) => visible === undefined || !projection.full))
    const full = those.filter(({ projection }) => visible !== undefined && projection.full)
    if (visible !== undefined && full.length > 0) audiences.push(audienceOf(change, full, visible.stateOf(current)))
  }
  if (whole.length > 0) audiences.unshift(audienceOf(change, whole, current))
  return audiences
}

function audienceOf(change: LoggedChange, groups: readonly Group[], state: StateReader): Audience {
  return { change, groups, state: groups.some(({ projection }) => projection.full) ? state : undefined }
}
