/** Catch-up with only the newest value per element: of one interval, or of everything that a subscriber missed. */
import { setImmediate } from 'node:timers/promises'
import { readLog } from './catch-up-log.ts'
import { SelectionFilter } from './catch-up-selection.ts'
import { type CatchUpSources, type CatchUpTarget, startSnapshot } from './catch-up-state.ts'
import { ChangeEvents } from './change-events.ts'
import { CurrentState } from './current-state.ts'
import { LatestPerElement } from './latest-per-element.ts'
import { changesBehind, eventCount, type LogPosition } from './log-position.ts'
import { MessageBatcher } from './message-batcher.ts'
import { visibleState } from './selected-change.ts'

/** Longer than a step of a replay, as most of what is read is skipped. */
const STEP_MS = 200

/** Elements gathered in one step. */
const MAX_ELEMENTS_GATHERED = 1000

export async function conflateLog(target: CatchUpTarget, sources: CatchUpSources): Promise<void> {
  const { isConflating, projection } = target
  const { latest, position } = await gather(target, sources, isConflating ? undefined : target.request.interval)
  if (target.state !== 'late') return
  // For this many elements a snapshot is cheaper and has the same content.
  const instead = isConflating && latest.size >= MAX_ELEMENTS_GATHERED ? startSnapshot(sources.position()) : undefined
  const batcher = new MessageBatcher(target, isConflating ? { conflated: true } : {})
  const state = new CurrentState(sources.store)
  const filter = new SelectionFilter(target, state)
  const current = projection.full ? visibleState(target, state) : undefined
  for (const { entry, change, index } of latest.all()) {
    if (instead !== undefined && 'path' in change) continue
    // Gathering took its time.
    const selected = target.visible?.isMomentary ? await filter.selected(change) : change
    if (selected === undefined) continue
    const changeEvents = new ChangeEvents(entry, selected, index)
    await changeEvents.prepare(sources.metadata, current)
    batcher.add(filter.unseen(changeEvents.events({ ...projection, shape: 'newest' }, 0, eventCount(change))))
  }
  if (instead === undefined) {
    batcher.send(position)
    if (position.seq >= sources.position()) target.goLive()
  } else {
    batcher.send(undefined)
    target.catchUp.snapshot = instead
  }
}

/** Reads to the end of an interval or of the log, or until the limits of time and size are reached. */
async function gather(
  target: CatchUpTarget,
  sources: CatchUpSources,
  interval: number | undefined
): Promise<{ latest: LatestPerElement; position: LogPosition }> {
  const until = sources.clock.monotonic() + STEP_MS
  const latest = new LatestPerElement()
  let end: number | undefined
  let position = target.position
  while (sources.clock.monotonic() < until && latest.size < MAX_ELEMENTS_GATHERED) {
    const entries = await readLog(target, sources, position)
    if (entries.length === 0) break
    const filter = new SelectionFilter(target, new CurrentState(sources.store))
    // There was a gap, which has been reported.
    if (position.seq < target.position.seq) position = target.position
    for (const entry of entries) {
      if (interval !== undefined) end ??= entry.time + interval
      if (end !== undefined && entry.time >= end) return { latest, position }
      for (const { change, index } of changesBehind([entry], position)) {
        const selected = await filter.selected(change)
        if (selected !== undefined) latest.take({ entry, change: selected, index })
      }
      position = { seq: entry.seq, index: 0 }
    }
    await setImmediate()
  }
  return { latest, position }
}
