/** Turns of a subscriber that is not live: the snapshot, the history, then the log up to where those who are live are. */
import { setImmediate } from 'node:timers/promises'
import type { LogEntry, LoggedChange } from '../../store/store.ts'
import { type HistoryReader, type HistoryState, historyTurn, withoutOverlap } from './history.ts'
import type { Knowledge } from './matcher.ts'
import { elementKey, Newest } from './newest.ts'
import { Out } from './out.ts'
import { type Place, weightOf } from './place.ts'
import { type SnapshotState, snapshotTurn, startSnapshot } from './snapshot.ts'
import type { Subscriber } from './subscriber.ts'
import type { StreamEvent } from './subscription.ts'
import { Present, SLICE, Telling } from './telling.ts'

/** What is to be told before the log, as far as it has been told. */
export interface PastState {
  /** Until it has been told there is no place from which it could be gone on. */
  isBeginning: boolean
  snapshot?: SnapshotState
  history?: HistoryState
  /** What the history has told, so that the log does not tell it again. */
  overlap?: HistoryState
  /**
   * Elements that came anew while the snapshot was taken, by the commit up to which it shows them: older values that
   * the log holds are not told after it.
   */
  readonly shown: Map<string, number>
  /** The greatest of them. */
  shownUntil: number
}

export interface Past extends Knowledge {
  readonly history?: HistoryReader
  /** Up to which commit those who are live have been told. */
  position(): number
}

/** Longest time that one turn takes while others wait, in milliseconds; of one that leaves out most of it. */
const TURN = 20
const LONG_TURN = 200

const LARGEST_PAGE = 1024

/** Elements whose newest values are gathered at a time. */
const GATHERED = 1000

/** Tells a subscriber some more. @returns whether it wants another turn; it does not once it is live, or not ready */
export async function turn(subscriber: Subscriber, past: Past): Promise<boolean> {
  const { snapshot, history } = subscriber.past
  const until = performance.now() + TURN
  if (snapshot !== undefined) await snapshotTurn(subscriber, past, snapshot, until)
  else if (history !== undefined) await historyTurn(subscriber, past, history, until)
  else if (subscriber.isConflating || subscriber.wish.interval) await skimTurn(subscriber, past)
  else await replayTurn(subscriber, past, until)
  return subscriber.isReady
}

/** Tells everything, in order. */
async function replayTurn(subscriber: Subscriber, past: Past, until: number): Promise<void> {
  const { projection } = subscriber.group
  const meant = new Meant(subscriber)
  const present = projection.full ? new Present(past.store) : undefined
  while (subscriber.isReady && performance.now() < until) {
    const entries = await readOn(subscriber, past, subscriber.place)
    if (entries.length === 0) return arrive(subscriber)
    const out = new Out(subscriber)
    for (const [read, entry] of entries.entries()) {
      const seen = entry.seq === subscriber.place.seq + 1 ? subscriber.place.index : 0
      let next = 0
      for (const change of entry.changes) {
        const first = next
        next += weightOf(change)
        if (next <= seen || !(await meant.has(change))) continue
        const telling = new Telling(entry, change, first)
        await telling.prepare(past.facts, present)
        for (let start = Math.max(seen, first); start < next; start += SLICE) {
          const end = Math.min(start + SLICE, next)
          out.add(meant.of(telling.events(projection, start - first, end - first)))
          if (!out.isFull) continue
          out.send({ seq: entry.seq - 1, index: end })
          if (subscriber.isReady && performance.now() < until) continue
          subscriber.page = Math.max(1, read)
          return
        }
      }
    }
    out.send({ seq: entries.at(-1)?.seq ?? subscriber.place.seq, index: 0 })
    if (entries.length === subscriber.page) subscriber.page = Math.min(2 * subscriber.page, LARGEST_PAGE)
    await setImmediate()
  }
}

/** Tells the newest per element: of one interval, or of all that a subscriber has missed. */
async function skimTurn(subscriber: Subscriber, past: Past): Promise<void> {
  const { isConflating, group } = subscriber
  const { newest, place } = await skim(subscriber, past, isConflating ? undefined : subscriber.wish.interval)
  if (subscriber.state !== 'late') return
  // Too much to be told one by one: how it is now says the same.
  const instead = isConflating && newest.size >= GATHERED ? startSnapshot(past.position()) : undefined
  const out = new Out(subscriber, isConflating ? { conflated: true } : {})
  const meant = new Meant(subscriber)
  const present = group.projection.full ? new Present(past.store) : undefined
  for (const { entry, change, index } of newest.all()) {
    if (instead !== undefined && 'path' in change) continue
    const telling = new Telling(entry, change, index)
    await telling.prepare(past.facts, present)
    out.add(meant.of(telling.events({ ...group.projection, shape: 'newest' }, 0, weightOf(change))))
  }
  if (instead === undefined) {
    out.send(place)
    if (place.seq >= past.position()) arrive(subscriber)
  } else {
    out.send(undefined)
    subscriber.past.snapshot = instead
  }
}

/** Reads on to the end of an interval, or of what there is; or until time or room is used up. */
async function skim(
  subscriber: Subscriber,
  past: Past,
  interval: number | undefined
): Promise<{ newest: Newest; place: Place }> {
  const until = performance.now() + LONG_TURN
  const meant = new Meant(subscriber)
  const newest = new Newest()
  let end: number | undefined
  let place = subscriber.place
  while (performance.now() < until && newest.size < GATHERED) {
    const entries = await readOn(subscriber, past, place)
    if (entries.length === 0) break
    // What was lost before these has been told.
    if (place.seq < subscriber.place.seq) place = subscriber.place
    for (const entry of entries) {
      if (interval !== undefined) end ??= entry.time + interval
      if (end !== undefined && entry.time >= end) return { newest, place }
      const seen = entry.seq === place.seq + 1 ? place.index : 0
      let index = 0
      for (const change of entry.changes) {
        const weight = weightOf(change)
        if (index + weight > seen && (await meant.has(change))) newest.take({ entry, change, index })
        index += weight
      }
      place = { seq: entry.seq, index: 0 }
    }
    await setImmediate()
  }
  return { newest, place }
}

/** What comes next in the log, as far as those who are live have been told. What fell out of it is told as lost. */
async function readOn(subscriber: Subscriber, past: Past, place: Place): Promise<readonly LogEntry[]> {
  const position = past.position()
  if (place.seq >= position) return []
  const { entries, gap } = await past.store.log(place.seq, subscriber.page)
  if (gap && subscriber.state === 'late') {
    const seq = (entries[0]?.seq ?? position + 1) - 1
    subscriber.tell({ events: [], recovered: false }, { seq, index: 0 }, 0)
  }
  const beyond = entries.findIndex(({ seq }) => seq > position)
  return beyond === -1 ? entries : entries.slice(0, beyond)
}

/** Goes live, once the log has come past all that a snapshot or the history showed. */
function arrive(subscriber: Subscriber): void {
  const { shown, shownUntil, overlap } = subscriber.past
  if (subscriber.place.seq >= Math.max(shownUntil, overlap?.until ?? 0) && subscriber.goLive()) {
    shown.clear()
    delete subscriber.past.overlap
  }
}

/** Is a change meant by a subscriber, and has it not been told of in another way? For one turn. */
class Meant {
  readonly #subscriber: Subscriber
  readonly #known = new Map<string, boolean>()

  constructor(subscriber: Subscriber) {
    this.#subscriber = subscriber
  }

  async has(change: LoggedChange): Promise<boolean> {
    const { matcher } = this.#subscriber.group
    if (!('path' in change)) return matcher.document(change, true)
    const key = elementKey(change)
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const meant = await matcher.value(change.submodel, change.path, true)
    this.#known.set(key, meant)
    return meant
  }

  of(events: readonly StreamEvent[]): readonly StreamEvent[] {
    const { shown, overlap } = this.#subscriber.past
    if (shown.size === 0 && overlap === undefined) return events
    const fresh = events.filter(
      (event) => event.event === 'document' || event.seq > (shown.get(elementKey(event)) ?? 0)
    )
    return overlap === undefined ? fresh : withoutOverlap(fresh, overlap)
  }
}
