/**
 * Catch-up for a subscriber that is behind: snapshot, history, then the log, in time-sliced steps, until it joins the
 * live loop.
 */
import { setImmediate } from 'node:timers/promises'
import { conflateLog } from './catch-up-conflated.ts'
import { sendHistory } from './catch-up-history.ts'
import { readLog } from './catch-up-log.ts'
import { SelectionFilter } from './catch-up-selection.ts'
import { sendSnapshot } from './catch-up-snapshot.ts'
import type { CatchUpSources, CatchUpTarget } from './catch-up-state.ts'
import { ChangeEvents, EVENTS_PER_SLICE } from './change-events.ts'
import { CurrentState } from './current-state.ts'
import { changesBehind } from './log-position.ts'
import { MessageBatcher } from './message-batcher.ts'
import { visibleState } from './selected-change.ts'

/** Longest step, as others wait meanwhile. */
const STEP_MS = 20

const MAX_ENTRIES_PER_READ = 1024

/** One step. @returns whether another one can follow: it is still behind, and takes more messages */
export async function catchUp(target: CatchUpTarget, sources: CatchUpSources): Promise<boolean> {
  const { snapshot, history } = target.catchUp
  const until = sources.clock.monotonic() + STEP_MS
  if (snapshot !== undefined) await sendSnapshot(target, sources, snapshot, until)
  else if (history !== undefined) await sendHistory(target, sources, history, until)
  else if (target.isConflating || target.request.interval) await conflateLog(target, sources)
  else await replayLog(target, sources, until)
  return target.isReady
}

/** Sends every event of the log, in order. */
async function replayLog(target: CatchUpTarget, sources: CatchUpSources, until: number): Promise<void> {
  const { projection } = target
  while (target.isReady && sources.clock.monotonic() < until) {
    const entries = await readLog(target, sources, target.position)
    if (entries.length === 0) return void target.goLive()
    const batcher = new MessageBatcher(target)
    const state = new CurrentState(sources.store)
    const filter = new SelectionFilter(target, state)
    const current = projection.full ? visibleState(target, state) : undefined
    for (const { entry, place, change, index, count, skip } of changesBehind(entries, target.position)) {
      const selected = await filter.selected(change)
      if (selected === undefined) continue
      const changeEvents = new ChangeEvents(entry, selected, index)
      await changeEvents.prepare(sources.metadata, current)
      for (let start = skip; start < count; start += EVENTS_PER_SLICE) {
        const end = Math.min(start + EVENTS_PER_SLICE, count)
        batcher.add(filter.unseen(changeEvents.events(projection, start, end)))
        if (!batcher.isFull) continue
        batcher.send({ seq: entry.seq - 1, index: index + end })
        if (target.isReady && sources.clock.monotonic() < until) continue
        target.entriesPerRead = Math.max(1, place)
        return
      }
    }
    batcher.send({ seq: entries.at(-1)?.seq ?? target.position.seq, index: 0 })
    if (entries.length === target.entriesPerRead) {
      target.entriesPerRead = Math.min(2 * target.entriesPerRead, MAX_ENTRIES_PER_READ)
    }
    await setImmediate()
  }
}
