/** Pages of events for clients that poll. */
import { setImmediate } from 'node:timers/promises'
import { readUpToLive } from './catch-up-log.ts'
import type { CatchUpSources } from './catch-up-state.ts'
import { ChangeEvents, type Projection } from './change-events.ts'
import { CurrentState } from './current-state.ts'
import { changesBehind, type LogPosition, positionBehind } from './log-position.ts'
import { MESSAGE_BYTES, sizeOf } from './message.ts'
import { type Selector, selectedChange, visibleState } from './selected-change.ts'
import type { StreamEvent } from './subscription.ts'

export interface EventPage {
  readonly events: readonly StreamEvent[]
  /** Always present: where to resume, at once or later. */
  readonly cursor: string
  /** Are there more events already? */
  readonly more: boolean
  /** False where the requested position was trimmed; the page begins where the log does. */
  readonly recovered: boolean
}

/** Limits of one page: time to gather it, estimated size. */
const PAGE_TIME_MS = 200
const PAGE_BYTES = 16 * MESSAGE_BYTES

const ENTRIES_PER_READ = 200

/** Reads from a position on, at most up to that of the live loop. */
export async function readEventPage(
  sources: CatchUpSources,
  selector: Selector,
  projection: Projection,
  from: LogPosition,
  limit: number
): Promise<{ events: StreamEvent[]; position: LogPosition; gap: boolean }> {
  const until = sources.clock.monotonic() + PAGE_TIME_MS
  const events: StreamEvent[] = []
  let position = from
  let hasGap = false
  let bytes = 0
  while (position.seq < sources.position() && sources.clock.monotonic() < until) {
    const live = sources.position()
    const { entries, gap } = await readUpToLive(sources, position, ENTRIES_PER_READ)
    hasGap ||= gap
    const state = new CurrentState(sources.store)
    const current = projection.full ? visibleState(selector, state) : undefined
    for (const { entry, change, index, count, skip } of changesBehind(entries, position)) {
      const selected = await selectedChange(selector, change, true, state)
      if (selected === undefined) continue
      const changeEvents = new ChangeEvents(entry, selected, index)
      await changeEvents.prepare(sources.metadata, current)
      const end = projection.shape === 'rows' ? Math.min(count, skip + limit - events.length) : count
      for (const event of changeEvents.events(projection, skip, end)) {
        bytes += sizeOf(event)
        events.push(event)
      }
      if (events.length >= limit || bytes >= PAGE_BYTES || sources.clock.monotonic() > until) {
        return { events, position: positionBehind(entry, index + end), gap: hasGap }
      }
    }
    position = { seq: entries.at(-1)?.seq ?? live, index: 0 }
    await setImmediate()
  }
  return { events, position, gap: hasGap }
}
