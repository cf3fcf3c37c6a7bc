/**
 * Events as they happen, as Server-Sent Events (WHATWG HTML, 9.2). What is told are messages without a name, so that
 * `onmessage` of a browser hears them; `subscribed`, `snapshot`, `lost` and `closed` tell of the subscription itself.
 * Every event that can be gone on from has its cursor as `id`, so a browser comes back by itself and misses nothing.
 */
import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import { cursorBehind } from '../../consumers/subscriptions/log-position.ts'
import type {
  Message,
  Sink,
  StreamEvent,
  Subscription,
  SubscriptionRequest
} from '../../consumers/subscriptions/subscription.ts'
import type { Subscriptions } from '../../consumers/subscriptions/subscriptions.ts'

/** Milliseconds between signs of life, and that a client waits before it comes back. */
const HEARTBEAT_INTERVAL_MS = 15_000
const RETRY_DELAY_MS = 2000

export interface SseOptions {
  readonly subscriptions: Subscriptions
  readonly epoch: string
  /** An event as JSON, and the name of the format that this is. */
  readonly write: (event: StreamEvent) => string
  readonly format: string
}

/** Answers with events until the caller, or the hub, has had enough. @throws HubError before anything is sent */
export async function streamEvents(reply: FastifyReply, wish: SubscriptionRequest, options: SseOptions): Promise<void> {
  const { subscriptions } = options
  const response = reply.raw
  const sink = new SseSink(response, wish, options)
  const subscription = await subscriptions.subscribe(wish, sink)
  if (response.closed || response.destroyed) return subscription.close()
  reply.hijack()
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) response.setHeader(name, value)
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    // Proxies that gather answers would hold events back.
    'x-accel-buffering': 'no'
  })
  response.socket?.setNoDelay(true)
  response.socket?.setKeepAlive(true, HEARTBEAT_INTERVAL_MS)
  sink.open(subscription)
}

class SseSink implements Sink {
  readonly #response: ServerResponse
  readonly #options: SseOptions
  /** Each event is a place to go on from, not only the end of a message. */
  readonly #isExact: boolean
  #timer: NodeJS.Timeout | undefined

  constructor(response: ServerResponse, { interval = 0 }: SubscriptionRequest, options: SseOptions) {
    this.#response = response
    this.#options = options
    this.#isExact = interval === 0
  }

  open(subscription: Subscription): void {
    const response = this.#response
    const { cursor, recovered } = subscription
    response.write(
      `retry: ${RETRY_DELAY_MS}\n${named('subscribed', { recovered, ...(cursor !== '' && { cursor }) }, cursor)}`
    )
    this.#timer = setInterval(() => {
      if (response.writableLength === 0) response.write(':\n\n')
    }, HEARTBEAT_INTERVAL_MS)
    response.on('drain', () => subscription.wake())
    response.on('error', () => {})
    response.on('close', () => {
      clearInterval(this.#timer)
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
    clearInterval(this.#timer)
    this.#response.end(named('closed', { reason, ...(cursor !== '' && { cursor }) }, cursor))
  }

  #text(message: Message): string {
    const { cursor, events, snapshot, recovered, conflated } = message
    const { epoch, write } = this.#options
    const isExact = this.#isExact && conflated === undefined && cursor !== ''
    const parts: string[] = []
    if (recovered === false) parts.push(named('lost', { recovered, cursor }, cursor))
    for (const [at, event] of events.entries()) {
      const id = at === events.length - 1 ? cursor : isExact ? cursorBehind(epoch, event) : ''
      parts.push(`${id === '' ? '' : `id: ${id}\n`}data: ${write(event)}\n\n`)
    }
    if (snapshot === 'end') parts.push(named('snapshot', { complete: true, cursor }, cursor))
    // The id alone: no event, and yet what the client comes back with.
    return parts.length === 0 ? `id: ${cursor}\n\n` : parts.join('')
  }
}

function named(name: string, data: unknown, id: string): string {
  return `event: ${name}\n${id === '' ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`
}
