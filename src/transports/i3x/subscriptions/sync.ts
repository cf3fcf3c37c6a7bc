/** `POST /subscriptions/sync`: what is not yet acknowledged, in numbered batches, and what is new. */
import type { Clock } from '../../../clock.ts'
import { cursorAt, type LogPosition, parseCursor } from '../../../consumers/subscriptions/log-position.ts'
import type { Selection, StreamEvent, ValueEvent } from '../../../consumers/subscriptions/subscription.ts'
import type { Subscriptions } from '../../../consumers/subscriptions/subscriptions.ts'
import type { Access } from '../../../security/access.ts'
import type { Shortfall } from '../messages/envelope.ts'
import { elementIdOf } from '../objects/element-id.ts'
import { isBefore } from './monitored.ts'
import { MAX_UPDATES, type SyncBatch, type UpdateQueue } from './queue.ts'
import type { Updates } from './updates.ts'

/** For reading the log; what is left comes with the next sync. */
const READ_TIME_MS = 1000

export interface SyncParts {
  readonly subscriptions: Pick<Subscriptions, 'page'>
  readonly clock: Pick<Clock, 'monotonic'>
  readonly epoch: string
  readonly access: Access | undefined
  readonly updates: Updates
}

const DROPPED = `Updates were dropped: the queue holds ${MAX_UPDATES}, and the log of the hub keeps them for a time`

/** @returns the batches as JSON */
export async function sync(
  queue: UpdateQueue,
  end: LogPosition,
  parts: SyncParts
): Promise<{ readonly json: string; readonly shortfall?: Shortfall }> {
  const isDropped = queue.makeRoom()
  queue.monitored.forgetEnded(queue.acknowledged)
  const read = await readLog(queue, end, parts)
  const known = [...queue.batches]
  const fresh: BatchContent = { changes: [], composed: new Set() }
  const contents = new Map<SyncBatch, BatchContent>(known.map((batch) => [batch, { changes: [], composed: new Set() }]))
  for (const { event, reported } of read.changes) {
    const batch = known.find((one) => isBefore(positionOf(event), one.end))
    const content = (batch && contents.get(batch)) ?? fresh
    for (const { submodel, path } of reported) {
      if (path === event.path) content.changes.push(event)
      else content.composed.add(elementIdOf(submodel, path))
    }
  }
  const initial = [...queue.initial]
  const isLost = isDropped || !read.recovered
  if (isLost) queue.noteLoss()
  if (initial.length + fresh.changes.length + fresh.composed.size > 0) {
    const count = fresh.changes.length + fresh.composed.size + initial.length
    contents.set(queue.addBatch({ end: read.end, initial, count }), fresh)
    queue.initial.clear()
  } else queue.skipTo(read.end)
  const batches: string[] = []
  for (const batch of queue.batches) {
    const updates = await updatesOf(queue, batch, contents.get(batch) ?? fresh, parts.updates)
    if (updates.length > 0) batches.push(`{"sequenceNumber":${batch.sequenceNumber},"updates":[${updates.join()}]}`)
  }
  return { json: `[${batches.join()}]`, ...(isLost && { shortfall: DROPPED }) }
}

interface BatchContent {
  readonly changes: ValueEvent[]
  /** ElementIds of objects of which the current value is sent. */
  readonly composed: Set<string>
}

async function updatesOf(
  queue: UpdateQueue,
  { initial }: SyncBatch,
  { changes, composed }: BatchContent,
  updates: Updates
): Promise<readonly string[]> {
  const all: string[] = []
  for (const change of changes) all.push(await updates.ofChange(change))
  // Behind the changes since they were registered, as it is newer.
  all.push(...(await updates.ofRegistered(queue, initial)))
  for (const id of composed) {
    const update = await updates.ofObject(id)
    if (update !== undefined) all.push(update)
  }
  return all
}

interface ReadChanges {
  readonly changes: {
    readonly event: ValueEvent
    readonly reported: ReturnType<UpdateQueue['monitored']['reportedAs']>
  }[]
  readonly end: LogPosition
  readonly recovered: boolean
}

/** Changes of what is monitored, behind what is acknowledged. @param end of the log; where nothing is monitored it is skipped */
async function readLog(queue: UpdateQueue, end: LogPosition, parts: SyncParts): Promise<ReadChanges> {
  const { selection: select } = queue.monitored
  if (select === undefined) return { changes: [], end: queue.batches.at(-1)?.end ?? end, recovered: true }
  const until = parts.clock.monotonic() + READ_TIME_MS
  const changes: ReadChanges['changes'] = []
  let position = queue.acknowledged
  let recovered = true
  for (;;) {
    const page = await pageOf(select, position, MAX_UPDATES - changes.length, parts)
    recovered &&= page.recovered
    for (const event of page.events) {
      if (event.event !== 'value') continue
      const reported = queue.monitored.reportedAs(event, positionOf(event))
      if (reported.length > 0) changes.push({ event, reported })
    }
    position = parseCursor(page.cursor) ?? position
    if (!page.more || changes.length >= MAX_UPDATES || parts.clock.monotonic() > until) break
  }
  const last = queue.batches.at(-1)?.end
  return { changes, end: last !== undefined && isBefore(position, last) ? last : position, recovered }
}

function pageOf(select: Selection, from: LogPosition, limit: number, { subscriptions, epoch, access }: SyncParts) {
  return subscriptions.page({ select, since: cursorAt(epoch, from) }, limit, { access })
}

/** Of an event, in the terms of positions between events. */
function positionOf({ seq, index }: StreamEvent): LogPosition {
  return { seq: seq - 1, index }
}
