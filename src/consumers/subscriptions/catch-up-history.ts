/**
 * Catch-up from the history, for a subscriber that asked for a time before the log begins. Series by series, each in the
 * order of its source times.
 */

import { lengthOf, pickSamples, type Run, sliceOf, timeAt } from '../../model/samples.ts'
import { fromMilliseconds } from '../../model/time.ts'
import { floorTo } from '../../model/time-grid.ts'
import type { SeriesName } from '../../store/series.ts'
import type { CatchUpSources, CatchUpTarget, HistoryState } from './catch-up-state.ts'
import { EVENTS_PER_SLICE } from './change-events.ts'
import { CurrentState } from './current-state.ts'
import { eventsOfRun } from './events.ts'
import { MessageBatcher } from './message-batcher.ts'
import type { EventPosition, StreamEvent } from './subscription.ts'

const SERIES_PER_READ = 20

export async function sendHistory(
  target: CatchUpTarget,
  sources: CatchUpSources,
  state: HistoryState,
  until: number
): Promise<void> {
  const { matcher, visible } = target
  const batcher = new MessageBatcher(target)
  const current = new CurrentState(sources.store)
  while (target.isReady) {
    const page = await sources.store.series(state.after, SERIES_PER_READ)
    for (const { submodel, path } of page) {
      const series = { submodel, path }
      const isSelected = await matcher.value(submodel, path, true)
      if (isSelected && (await visible?.series(submodel, path, current)) !== false) {
        if (!(await sendSeries(series, target, sources, state, batcher, until))) return
      }
      state.after = series
      delete state.next
    }
    if (target.mustRegroup) return
    if (page.length < SERIES_PER_READ) {
      batcher.send(undefined)
      delete target.catchUp.history
      target.catchUp.isBeginning = false
      target.catchUp.overlap = state
      return
    }
  }
}

/** @returns whether the end of the series was reached; else `state` has the position */
async function sendSeries(
  series: SeriesName,
  target: CatchUpTarget,
  sources: CatchUpSources,
  state: HistoryState,
  batcher: MessageBatcher,
  until: number
): Promise<boolean> {
  const shape = target.projection.shape === 'runs' ? 'runs' : 'rows'
  const interval = fromMilliseconds(target.request.interval ?? 0)
  const element = { ...series, metadata: await sources.metadata.element(series.submodel, series.path) }
  for await (const all of sources.history?.read(series, state.next ?? state.from, state.to - 1n) ?? []) {
    const run = interval > 0n ? lastPerInterval(all, interval) : all
    for (let start = 0; start < lengthOf(run); start += EVENTS_PER_SLICE) {
      const slice = sliceOf(run, start, Math.min(start + EVENTS_PER_SLICE, lengthOf(run)))
      batcher.add(eventsOfRun(element, slice, shape, (at) => placeOf(slice, at)))
      state.next = timeAt(slice, lengthOf(slice) - 1) + 1n
      if (!batcher.isFull) continue
      batcher.send(undefined)
      if (!target.isReady || sources.clock.monotonic() > until) return false
    }
  }
  return true
}

/** The history does not know the commit of a sample; the time is that of its source. */
function placeOf(run: Run, at: number): EventPosition {
  return { seq: 0, index: 0, time: Number(timeAt(run, at) / 1_000_000n) }
}

/** Removes samples of the log that were sent from the history already. */
export function withoutOverlap(events: readonly StreamEvent[], { from, to, until }: HistoryState): StreamEvent[] {
  const isNew = (time: bigint) => time < from || time >= to
  return events.flatMap((event) => {
    if (event.event === 'document' || event.seq > until) return event
    if (event.event === 'value') return isNew(event.sourceTime ?? to) ? event : []
    const places = Array.from(event.run.offsets.keys()).filter((at) => isNew(timeAt(event.run, at)))
    if (places.length === 0) return []
    const { run, values } = event
    return { ...event, run: pickSamples(run, places), values: places.map((at) => values[at]) }
  })
}

/** The last sample of each interval. */
function lastPerInterval(run: Run, interval: bigint): Run {
  const bucket = (at: number) => floorTo(timeAt(run, at), interval)
  const last = lengthOf(run) - 1
  return pickSamples(
    run,
    Array.from(run.offsets.keys()).filter((at) => at === last || bucket(at) !== bucket(at + 1))
  )
}
