/**
 * `POST /subscriptions/stream`: updates as Server-Sent Events, at most once: what is sent counts as acknowledged. Each
 * event is a JSON array of updates.
 */
import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../../../clock.ts'
import { cursorAt, parseCursor } from '../../../consumers/subscriptions/log-position.ts'
import type { Message, Sink, StreamEvent, Subscription } from '../../../consumers/subscriptions/subscription.ts'
import type { Subscriptions } from '../../../consumers/subscriptions/subscriptions.ts'
import type { Access } from '../../../security/access.ts'
import { CallerWatch, type CallerWatchParts } from '../../http/caller-watch.ts'
import { beginEventStream } from '../../http/event-stream.ts'
import { elementIdOf } from '../objects/element-id.ts'
import type { UpdateQueue } from './queue.ts'
import type { Updates } from './updates.ts'

const HEARTBEAT_INTERVAL_MS = 15_000
/** Estimated size of an update that is still to be written. */
const UPDATE_BYTES = 200

export interface StreamParts {
  readonly subscriptions: Subscriptions
  readonly callers: CallerWatchParts
  readonly clock: Clock
  readonly epoch: string
  /** What is sent is read by the rights that the caller has then. */
  readonly updatesFor: (access: Access | undefined) => Updates
}

export async function openStream(
  queue: UpdateQueue,
  request: FastifyRequest,
  reply: FastifyReply,
  parts: StreamParts
): Promise<FastifyReply> {
  queue.stream?.end()
  const response = reply.raw
  if (response.closed || response.destroyed) return reply.hijack()
  beginEventStream(reply)
  new UpdateStream(queue, request, response, parts).begin()
  return reply
}

class UpdateStream implements Sink {
  readonly #queue: UpdateQueue
  readonly #response: ServerResponse
  readonly #parts: StreamParts
  readonly #watch: CallerWatch
  readonly #stopHeartbeat: () => void
  #subscription: Subscription | undefined
  /** Counts the subscriptions, so that one that was replaced while it was opened is closed. */
  #turn = 0
  #work: Promise<void> = Promise.resolve()
  #waiting = 0
  #isEnded = false

  constructor(queue: UpdateQueue, request: FastifyRequest, response: ServerResponse, parts: StreamParts) {
    this.#queue = queue
    this.#response = response
    this.#parts = parts
    this.#watch = new CallerWatch(parts.callers, request, {
      changed: (access) => this.#subscription?.reauthorize(access),
      ended: () => this.#end()
    })
    this.#stopHeartbeat = parts.clock.every(HEARTBEAT_INTERVAL_MS, () => {
      if (response.writableLength === 0) response.write(':\n\n')
    })
    response.on('drain', () => this.#subscription?.wake())
    response.on('error', () => {})
    response.on('close', () => this.#end())
  }

  /** Sends what is queued, then what changes. */
  begin(): void {
    const queue = this.#queue
    queue.batches.length = 0
    queue.stream = { end: () => this.#end(), restart: () => this.#restart() }
    // So that the client knows at once that it is open.
    this.#response.write(':\n\n')
    this.#restart()
  }

  send({ events, cursor }: Message): void {
    this.#waiting += events.length
    this.#then(async () => {
      await this.#write(events)
      this.#waiting -= events.length
      this.#queue.acknowledged = parseCursor(cursor) ?? this.#queue.acknowledged
    })
  }

  backlog(): number {
    return this.#response.writableLength + this.#waiting * UPDATE_BYTES
  }

  close(): void {
    this.#end()
  }

  /** Begins with what is monitored now. */
  #restart(): void {
    const turn = ++this.#turn
    this.#subscription?.close()
    this.#subscription = undefined
    this.#then(() => this.#subscribe(turn))
  }

  async #subscribe(turn: number): Promise<void> {
    const { monitored, initial } = this.#queue
    const { subscriptions, epoch, updatesFor } = this.#parts
    const ids = [...initial]
    initial.clear()
    this.#send(await updatesFor(this.#watch.access).ofRegistered(this.#queue, ids))
    monitored.forgetEnded(this.#queue.acknowledged)
    const { selection: select } = monitored
    if (select === undefined || turn !== this.#turn || this.#isEnded) return
    const since = cursorAt(epoch, this.#queue.acknowledged)
    const subscription = await subscriptions.subscribe({ select, since }, this, this.#watch.access)
    if (turn !== this.#turn || this.#isEnded) subscription.close()
    else this.#subscription = subscription
  }

  async #write(events: readonly StreamEvent[]): Promise<void> {
    const updates = this.#parts.updatesFor(this.#watch.access)
    const all: string[] = []
    const composed = new Set<string>()
    for (const event of events) {
      if (event.event !== 'value' || this.#isEnded) continue
      for (const { submodel, path } of this.#queue.monitored.reportedAs(event, {
        seq: event.seq - 1,
        index: event.index
      })) {
        if (path === event.path) all.push(await updates.ofChange(event))
        else composed.add(elementIdOf(submodel, path))
      }
    }
    for (const id of composed) {
      const update = await updates.ofObject(id)
      if (update !== undefined) all.push(update)
    }
    this.#send(all)
  }

  #send(updates: readonly string[]): void {
    if (updates.length > 0 && !this.#isEnded) this.#response.write(`data: [${updates.join()}]\n\n`)
  }

  /** One after the other; an error ends the stream, after which the client opens another one. */
  #then(work: () => Promise<void>): void {
    this.#work = this.#work.then(work).catch(() => this.#end())
  }

  #end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#turn++
    this.#watch.stop()
    this.#stopHeartbeat()
    this.#subscription?.close()
    const queue = this.#queue
    queue.stream = undefined
    queue.usedAt = this.#parts.clock.monotonic()
    this.#response.end()
  }
}
