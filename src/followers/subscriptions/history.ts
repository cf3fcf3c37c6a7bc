/**
 * Values from before the log begins, out of the history: for a subscriber that asked for a time to which the log does
 * not reach back any more. Series by series, each in the order of its source times.
 */

import { lengthOf, membersAt, pick, qualityAt, type Run, sliceOf, timeAt } from '../../model/samples.ts'
import { fromMilliseconds } from '../../model/time.ts'
import type { SeriesName } from '../../store/store.ts'
import type { ElementFacts } from './facts.ts'
import { Out } from './out.ts'
import type { Past } from './past.ts'
import type { Subscriber } from './subscriber.ts'
import type { RunEvent, StreamEvent, ValueEvent } from './subscription.ts'
import { type Projection, SLICE, valueOnly, valuesOf } from './telling.ts'

/** What reads the history of a series: everything acknowledged in [from, to] (nanoseconds since 1970), ascending. */
export interface HistoryReader {
  read(series: SeriesName, from: bigint, to: bigint): AsyncIterable<Run>
}

export interface HistoryState {
  /** Source times: from the one that was asked for to before the server time at which the log begins. */
  readonly from: bigint
  readonly to: bigint
  /** Samples of these times that came with a commit up to this one are in the history; the log tells those behind it. */
  readonly until: number
  /** The last series that was told. */
  after?: SeriesName
  /** The next one is told from this time on. */
  next?: bigint
}

const PAGE = 20

export async function historyTurn(
  subscriber: Subscriber,
  past: Past,
  state: HistoryState,
  until: number
): Promise<void> {
  const { matcher } = subscriber.group
  const out = new Out(subscriber)
  while (subscriber.isReady) {
    const page = await past.store.series(state.after, PAGE)
    for (const { submodel, path } of page) {
      const series = { submodel, path }
      if (await matcher.value(submodel, path, true)) {
        if (!(await tellSeries(series, subscriber, past, state, out, until))) return
      }
      state.after = series
      delete state.next
    }
    if (page.length < PAGE) {
      out.send(undefined)
      delete subscriber.past.history
      subscriber.past.isBeginning = false
      subscriber.past.overlap = state
      return
    }
  }
}

/** @returns whether it came to the end of the series; else `state` says where it stands */
async function tellSeries(
  series: SeriesName,
  subscriber: Subscriber,
  past: Past,
  state: HistoryState,
  out: Out,
  until: number
): Promise<boolean> {
  const { projection } = subscriber.group
  const interval = fromMilliseconds(subscriber.wish.interval ?? 0)
  const facts = await past.facts.element(series.submodel, series.path)
  for await (const all of past.history?.read(series, state.next ?? state.from, state.to - 1n) ?? []) {
    const run = interval > 0n ? thinned(all, interval) : all
    for (let start = 0; start < lengthOf(run); start += SLICE) {
      const slice = sliceOf(run, start, Math.min(start + SLICE, lengthOf(run)))
      out.add(eventsOf(series, slice, projection, facts))
      state.next = timeAt(slice, lengthOf(slice) - 1) + 1n
      if (!out.isFull) continue
      out.send(undefined)
      if (!subscriber.isReady || performance.now() > until) return false
    }
  }
  return true
}

function eventsOf(name: SeriesName, run: Run, { shape }: Projection, facts: ElementFacts | null): StreamEvent[] {
  const series = { ...name, ...(facts !== null && { modelType: facts.modelType }) }
  if (shape === 'runs') {
    const time = milliseconds(timeAt(run, lengthOf(run) - 1))
    const event: RunEvent = {
      event: 'run',
      kind: 'value',
      seq: 0,
      index: 0,
      time,
      ...series,
      run,
      values: valuesOf(facts, run)
    }
    return [event]
  }
  return Array.from({ length: lengthOf(run) }, (_, at): ValueEvent => {
    const sourceTime = timeAt(run, at)
    const quality = qualityAt(run, at)
    const value = run.form === 'number' ? run.values[at] : valueOnly(facts, membersAt(run, at))
    const placed = { seq: 0, index: 0, time: milliseconds(sourceTime) }
    return { event: 'value', kind: 'value', ...placed, ...series, value, sourceTime, ...(quality && { quality }) }
  })
}

/** Without what the history has told already. */
export function withoutOverlap(events: readonly StreamEvent[], { from, to, until }: HistoryState): StreamEvent[] {
  const isNew = (time: bigint) => time < from || time >= to
  return events.flatMap((event) => {
    if (event.event === 'document' || event.seq > until) return event
    if (event.event === 'value') return isNew(event.sourceTime ?? to) ? event : []
    const places = Array.from(event.run.offsets.keys()).filter((at) => isNew(timeAt(event.run, at)))
    if (places.length === 0) return []
    const run = pick(event.run, places)
    return { ...event, run, values: run.values }
  })
}

/** The last sample of each interval. */
function thinned(run: Run, interval: bigint): Run {
  const bucket = (at: number) => timeAt(run, at) / interval
  const last = lengthOf(run) - 1
  return pick(
    run,
    Array.from(run.offsets.keys()).filter((at) => at === last || bucket(at) !== bucket(at + 1))
  )
}

function milliseconds(time: bigint): number {
  return Number(time / 1_000_000n)
}
