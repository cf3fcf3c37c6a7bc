/**
 * Server-Sent Events (WHATWG HTML, 9.2). Changes are messages without a name, so that `onmessage` of a browser receives
 * them; `subscribed`, `snapshot`, `lost` and `closed` are about the subscription itself. Every event that can be resumed
 * from has its cursor as `id`, so that a browser reconnects by itself and misses nothing.
 */
import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../../clock.ts'
import { cursorBehind } from '../../consumers/subscriptions/log-position.ts'
import type {
  Message,
  Sink,
  StreamEvent,
  Subscription,
  SubscriptionRequest
} from '../../consumers/subscriptions/subscription.ts'
import type { Subscriptions } from '../../consumers/subscriptions/subscriptions.ts'
import { CallerWatch, type CallerWatchParts } from '../http/caller-watch.ts'
import { beginEventStream } from '../http/event-stream.ts'

const HEARTBEAT_INTERVAL_MS = 15_000
/** How long a client waits before it reconnects. */
const RETRY_DELAY_MS = 2000

export interface SseOptions {
  readonly subscriptions: Subscriptions
  readonly callers: CallerWatchParts
  readonly clock: Clock
  readonly epoch: string
  /** Writes an event as JSON. */
  readonly write: (event: StreamEvent) => string
  /** Identifies the output of `write`, which is cached for subscribers of the same format. */
  readonly format: string
}

/**
 * Sends events until the client disconnects, its credentials end or the subscription ends.
 * @throws HubError before anything is sent
 */
export async function streamEvents(
  received: FastifyRequest,
  reply: FastifyReply,
  request: SubscriptionRequest,
  options: SseOptions
): Promise<void> {
  const { subscriptions, callers } = options
  const response = reply.raw
  const sink = new SseSink(response, request, options)
  const subscription = await subscriptions.subscribe(request, sink, received.access)
  if (response.closed || response.destroyed) return subscription.close()
  beginEventStream(reply)
  response.socket?.setKeepAlive(true, HEARTBEAT_INTERVAL_MS)
  sink.open(subscription)
  const watch = new CallerWatch(callers, received, {
    changed: (access) => subscription.reauthorize(access),
    ended: () => {
      const { cursor } = subscription
      subscription.close()
      sink.close('unauthorized', cursor)
    }
  })
  response.once('close', () => watch.stop())
}

class SseSink implements Sink {
  readonly #response: ServerResponse
  readonly #options: SseOptions
  /** Each event can be resumed from, not only the last one of a message. */
  readonly #hasCursorPerEvent: boolean
  #stopHeartbeat: () => void = () => {}

  constructor(response: ServerResponse, { interval = 0 }: SubscriptionRequest, options: SseOptions) {
    this.#response = response
    this.#options = options
    this.#hasCursorPerEvent = interval === 0
  }

  open(subscription: Subscription): void {
    const response = this.#response
    const { cursor, recovered } = subscription
    response.write(
      `retry: ${RETRY_DELAY_MS}\n${named('subscribed', { recovered, ...(cursor !== '' && { cursor }) }, cursor)}`
    )
    this.#stopHeartbeat = this.#options.clock.every(HEARTBEAT_INTERVAL_MS, () => {
      if (response.writableLength === 0) response.write(':\n\n')
    })
    response.on('drain', () => subscription.wake())
    response.on('error', () => {})
    response.on('close', () => {
      this.#stopHeartbeat()
      subscription.close()
    })
  }

  send(message: Message): void {
    this.#response.write(message.encoded(this.#options.format, () => Buffer.from(this.#text(message))))
  }

  backlog(): number {
    return this.#response.writableLength
  }

  close(reason: string, cursor: string): void {
    this.#stopHeartbeat()
    this.#response.end(named('closed', { reason, ...(cursor !== '' && { cursor }) }, cursor))
  }

  #text(message: Message): string {
    const { cursor, events, snapshot, recovered, conflated } = message
    const { epoch, write } = this.#options
    const hasCursors = this.#hasCursorPerEvent && conflated === undefined && cursor !== ''
    const parts: string[] = []
    if (recovered === false) parts.push(named('lost', { recovered, cursor }, cursor))
    for (const [at, event] of events.entries()) {
      const id = at === events.length - 1 ? cursor : hasCursors ? cursorBehind(epoch, event) : ''
      parts.push(`${id === '' ? '' : `id: ${id}\n`}data: ${write(event)}\n\n`)
    }
    if (snapshot === 'end') parts.push(named('snapshot', { complete: true, cursor }, cursor))
    // An id without data: no event, but the client resumes from it.
    return parts.length === 0 ? `id: ${cursor}\n\n` : parts.join('')
  }
}

function named(name: string, data: unknown, id: string): string {
  return `event: ${name}\n${id === '' ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`
}
