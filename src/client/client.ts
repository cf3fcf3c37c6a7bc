/**
 * The client library for gateways and readers, in browsers and Node: pushes samples and subscribes to changes over
 * `/stream`. It reconnects by itself: pushes that were not acknowledged are sent again under the same key, so they count
 * once; subscriptions resume behind the last cursor, so nothing is missed. It has no dependencies; node.ts adds a buffer
 * on disk.
 */

import { Authentication } from './authentication.ts'
import { decodeMessage, encodeMessage } from './encoding.ts'
import type { ClientOptions, SubscribeOptions, Subscription } from './options.ts'
import { RefusedError } from './refused-error.ts'
import type { Column, Events, Pushed, Sample, ServerMessage, SubscriptionRequest } from './types.ts'

export type { ClientOptions, SubscribeOptions, Subscription } from './options.ts'
export { RefusedError } from './refused-error.ts'
export type {
  ChangeEvent,
  ChangeKind,
  Column,
  ColumnEvent,
  DocumentEvent,
  Events,
  Pushed,
  Quality,
  Sample,
  SubscriptionRequest,
  ValueEvent,
  Violation
} from './types.ts'

/** Delay before it reconnects: doubles from the first to the greatest. */
const FIRST_RETRY_DELAY_MS = 200
const MAX_RETRY_DELAY_MS = 15_000

/** A token is renewed after this part of its time, but not at once, where the clocks differ. */
const RENEWAL = 0.8
const MIN_RENEWAL_MS = 1000
const MAX_RENEWAL_MS = 24 * 60 * 60 * 1000

/** A connection without messages for this long counts as broken; after half of the time the hub is pinged. */
const SILENCE_TIMEOUT_MS = 30_000

/** Errors after which a push is sent again, and the delay before that. */
const TRANSIENT_ERRORS: ReadonlySet<string> = new Set(['Unavailable', 'TooManyRequests', 'StorageFull', 'Internal'])
const RESEND_DELAY_MS = 1000

interface PendingPush {
  readonly message: object
  readonly resolve: (pushed: Pushed) => void
  readonly reject: (error: unknown) => void
}

interface OpenSubscription {
  readonly request: SubscriptionRequest
  readonly onEvents: (events: Events) => void
  readonly accepted: () => void
  readonly refused: (error: Error) => void
  cursor: string | undefined
}

/** @param url of the hub, e.g. `http://hub.plant.kr:8080` */
export function connect(url: string, options: ClientOptions = {}): Client {
  return new Client(url, options)
}

export class Client {
  readonly #url: string
  readonly #options: ClientOptions
  readonly #name: string
  readonly #inFlight: number
  #socket: WebSocket | undefined
  #isOpen = false
  #authentication: Authentication | undefined
  #isClosed = false
  /** Why the last connection failed. */
  #reason = ''
  #hasWarned = false
  #waiters: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = []
  #retryDelayMs = FIRST_RETRY_DELAY_MS
  #retry: ReturnType<typeof setTimeout> | undefined
  #nextId = 0
  /** Pushes that are not acknowledged, and those that are not sent, in order. */
  readonly #sent = new Map<number, PendingPush>()
  readonly #unsent = new Map<number, PendingPush>()
  readonly #subscriptions = new Map<number, OpenSubscription>()
  #lastMessageAt = 0
  readonly #timer: ReturnType<typeof setInterval>
  #idle: (() => void)[] = []

  constructor(url: string, options: ClientOptions) {
    this.#url = `${url.replace(/^http/, 'ws').replace(/\/+$/, '')}/stream`
    this.#options = options
    // Without a name the keys are unique to this run.
    this.#name = options.name ?? crypto.randomUUID()
    this.#inFlight = options.inFlight ?? 256
    this.#timer = setInterval(() => this.#checkLiveness(), SILENCE_TIMEOUT_MS / 2)
    this.#connect()
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /**
   * Resolves when it is connected.
   * @param timeoutMs after which it rejects, with the reason of the last attempt; absent: never
   */
  connected(timeoutMs?: number): Promise<void> {
    if (this.#isClosed) return Promise.reject(new Error('The client is closed'))
    if (this.#isOpen) return Promise.resolve()
    const waiter = Promise.withResolvers<void>()
    this.#waiters.push(waiter)
    if (timeoutMs === undefined) return waiter.promise
    const timer = setTimeout(() => {
      this.#waiters = this.#waiters.filter((other) => other !== waiter)
      waiter.reject(new Error(`${this.#url} is unreachable: ${this.#reason || 'no answer'}`))
    }, timeoutMs)
    return waiter.promise.finally(() => clearTimeout(timer))
  }

  /**
   * Pushes samples; resolves when they are durable, however often the connection breaks until then.
   * @param key under which it may be repeated, also by another process; generated where absent
   * @throws RefusedError where one of them is invalid; then none is stored
   */
  push(samples: Sample | Column | readonly (Sample | Column)[], key?: string): Promise<Pushed> {
    if (this.#isClosed) return Promise.reject(new Error('The client is closed'))
    const id = this.#nextId++
    const message = {
      type: 'push',
      id,
      key: key ?? `${this.#name}/${id}`,
      samples: Array.isArray(samples) ? samples : [samples]
    }
    return new Promise((resolve, reject) => {
      this.#unsent.set(id, { message, resolve, reject })
      this.#flush()
    })
  }

  /** Resolves when another push can be sent: gateways that await it keep their memory bounded. */
  async ready(): Promise<void> {
    while (this.#unsent.size > 0 && !this.#isClosed) {
      await new Promise<void>((resolve) => {
        this.#idle.push(resolve)
      })
    }
  }

  /** Delivers changes until it is closed, across reconnects. */
  subscribe(
    request: SubscriptionRequest,
    onEvents: (events: Events) => void,
    { onError }: SubscribeOptions = {}
  ): Subscription {
    if (this.#isClosed) throw new Error('The client is closed')
    const id = this.#nextId++
    const { promise: ready, resolve, reject } = Promise.withResolvers<void>()
    let isAccepted = false
    const subscription: OpenSubscription = {
      ...{ request, onEvents, cursor: request.since },
      accepted: () => {
        isAccepted = true
        resolve()
      },
      refused: (error) => {
        this.#subscriptions.delete(id)
        if (onError !== undefined || !(error instanceof RefusedError)) ready.catch(() => {})
        reject(error)
        if (!(error instanceof RefusedError)) return
        if (onError !== undefined) onError(error)
        // `ready` was resolved, so it cannot report this.
        else if (isAccepted) void Promise.reject(error)
      }
    }
    this.#subscriptions.set(id, subscription)
    if (this.#isOpen) this.#sendRequest(id, subscription)
    return {
      ready,
      get cursor() {
        return subscription.cursor
      },
      close: () => {
        if (!this.#subscriptions.has(id)) return
        subscription.refused(new Error('The subscription was closed'))
        if (this.#isOpen) this.#send({ type: 'unsubscribe', id })
      }
    }
  }

  /** Resolves when everything pushed is acknowledged; rejects nothing. */
  async drain(): Promise<void> {
    while (this.#unsent.size + this.#sent.size > 0 && !this.#isClosed) {
      await new Promise<void>((resolve) => {
        this.#idle.push(resolve)
      })
    }
  }

  /** Closes the connection; unacknowledged pushes are rejected. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearInterval(this.#timer)
    clearTimeout(this.#retry)
    this.#authentication?.stop()
    this.#socket?.close(1000)
    const ended = new Error('The client was closed')
    for (const { refused } of [...this.#subscriptions.values()]) refused(ended)
    for (const { reject } of this.#waiters.splice(0)) reject(ended)
    for (const { reject } of [...this.#sent.values(), ...this.#unsent.values()]) reject(ended)
    this.#sent.clear()
    this.#unsent.clear()
    this.#settled()
  }

  #connect(): void {
    const Socket = this.#options.WebSocket ?? globalThis.WebSocket
    const socket = new Socket(this.#url, `aas-hub.v1.${this.#options.encoding ?? 'json'}`)
    socket.binaryType = 'arraybuffer'
    this.#socket = socket
    socket.onopen = () => void this.#authenticate(socket)
    socket.onmessage = ({ data }: MessageEvent) => {
      if (socket !== this.#socket) return
      const message = decodeMessage(data)
      if (this.#authentication?.read(message) !== true) this.#read(message)
    }
    socket.onerror = (event: Event) => {
      // Browsers do not give the reason.
      this.#reason = 'message' in event && typeof event.message === 'string' ? event.message : ''
    }
    socket.onclose = ({ code, reason }: CloseEvent) => {
      if (socket === this.#socket) this.#broken([code, reason || this.#reason].join(' ').trim())
    }
  }

  /** With a token nothing else is sent before it is accepted. */
  async #authenticate(socket: WebSocket): Promise<void> {
    const { token, encoding } = this.#options
    if (token === undefined) return this.#opened()
    this.#authentication = new Authentication(
      token,
      (message) => socket.send(encodeMessage(message, encoding)),
      actBefore
    )
    try {
      await this.#authentication.start()
      if (socket === this.#socket) this.#opened()
    } catch (error) {
      this.#reason = (error as Error).message
      socket.close(1000)
    }
  }

  #opened(): void {
    this.#isOpen = true
    this.#retryDelayMs = FIRST_RETRY_DELAY_MS
    this.#lastMessageAt = performance.now()
    this.#reason = ''
    this.#hasWarned = false
    this.#options.onState?.('open', '')
    for (const { resolve } of this.#waiters.splice(0)) resolve()
    for (const [id, subscription] of this.#subscriptions) this.#sendRequest(id, subscription)
    // In their order, before any other.
    for (const { message } of this.#sent.values()) this.#send(message)
    this.#flush()
  }

  #broken(reason: string): void {
    this.#isOpen = false
    this.#authentication?.stop()
    this.#socket = undefined
    this.#reason = reason
    this.#options.onState?.('closed', reason)
    if (this.#isClosed) return
    if (this.#options.onState === undefined && !this.#hasWarned) {
      this.#hasWarned = true
      console.warn(`${this.#url} is unreachable (${reason}); retrying`)
    }
    // With jitter, so that gateways that lost the hub together do not reconnect together.
    this.#retry = setTimeout(() => this.#connect(), this.#retryDelayMs * (0.5 + Math.random()))
    this.#retryDelayMs = Math.min(this.#retryDelayMs * 2, MAX_RETRY_DELAY_MS)
  }

  /** Pings a silent connection, and gives it up where it stays silent. */
  #checkLiveness(): void {
    if (!this.#isOpen) return
    if (performance.now() - this.#lastMessageAt > SILENCE_TIMEOUT_MS) {
      const socket = this.#socket
      this.#broken('no answer to a ping')
      socket?.close()
    } else this.#send({ type: 'ping' })
  }

  #flush(): void {
    if (!this.#isOpen) return
    for (const [id, waiting] of this.#unsent) {
      if (this.#sent.size >= this.#inFlight) return
      this.#unsent.delete(id)
      this.#sent.set(id, waiting)
      this.#send(waiting.message)
    }
  }

  #sendRequest(id: number, { request, cursor }: OpenSubscription): void {
    this.#send({ ...request, type: 'subscribe', id, ...(cursor !== undefined && { since: cursor }) })
  }

  #send(message: object): void {
    this.#socket?.send(encodeMessage(message, this.#options.encoding))
  }

  #read(message: ServerMessage): void {
    this.#lastMessageAt = performance.now()
    switch (message.type) {
      case 'ack':
        for (const { id, ...ack } of message.acks ?? []) {
          this.#take(id)?.resolve({ ...ack, cursor: message.cursor ?? '' })
        }
        break
      case 'refused':
        this.#refused(message)
        break
      case 'subscribed': {
        const subscription = this.#subscriptions.get(message.id ?? -1)
        if (subscription !== undefined && message.cursor !== undefined) subscription.cursor = message.cursor
        subscription?.accepted()
        if (message.recovered === false) subscription?.onEvents({ events: [], recovered: false })
        break
      }
      case 'event': {
        const subscription = this.#subscriptions.get(message.sub ?? -1)
        if (subscription === undefined) break
        subscription.onEvents(message as ServerMessage & Events)
        if (message.cursor !== undefined) subscription.cursor = message.cursor
        break
      }
      case 'closed':
        this.#ended(message)
        break
      default:
        break
    }
    this.#flush()
    this.#settled()
  }

  #refused({ id = -1, code = '', text = '', violations }: ServerMessage): void {
    const subscription = this.#subscriptions.get(id)
    if (!TRANSIENT_ERRORS.has(code)) {
      const error = new RefusedError(code, text, violations)
      this.#take(id)?.reject(error)
      subscription?.refused(error)
      return
    }
    this.#later(RESEND_DELAY_MS, () => {
      const waiting = this.#sent.get(id)
      if (waiting !== undefined) this.#send(waiting.message)
      if (subscription !== undefined) this.#requestAgain(id, subscription)
    })
  }

  /** A subscription that was closed, e.g. as it lagged too far, resumes behind the events it has seen. */
  #ended({ id = -1, cursor }: ServerMessage): void {
    const subscription = this.#subscriptions.get(id)
    if (subscription === undefined) return
    subscription.cursor = cursor ?? subscription.cursor
    this.#later(FIRST_RETRY_DELAY_MS, () => this.#requestAgain(id, subscription))
  }

  #requestAgain(id: number, subscription: OpenSubscription): void {
    if (this.#subscriptions.get(id) === subscription) this.#sendRequest(id, subscription)
  }

  /** On this connection: where it ends before, the next one begins with all that is open. */
  #later(ms: number, act: () => void): void {
    const socket = this.#socket
    setTimeout(() => {
      if (this.#isOpen && socket === this.#socket) act()
    }, ms)
  }

  #take(id: number): PendingPush | undefined {
    const waiting = this.#sent.get(id)
    this.#sent.delete(id)
    return waiting
  }

  #settled(): void {
    const idle = this.#idle
    this.#idle = []
    for (const wake of idle) wake()
  }
}

function actBefore(time: number, act: () => void): () => void {
  const timer = setTimeout(act, Math.max(MIN_RENEWAL_MS, Math.min((time - Date.now()) * RENEWAL, MAX_RENEWAL_MS)))
  return () => clearTimeout(timer)
}
