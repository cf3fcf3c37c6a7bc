/**
 * A gateway's and a reader's own library, for browsers and Node: pushes samples and follows changes over `/stream`.
 * It comes back by itself when the connection breaks: what was not acknowledged is sent again under the same key, so it
 * counts once; subscriptions go on behind the last cursor, so nothing is missed. It imports nothing but what the
 * platform has; node.ts adds a buffer on disk.
 */

import { RefusedError } from './refused-error.ts'
import type { Column, Events, Incoming, Pushed, Sample, Wish } from './types.ts'

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
  ValueEvent,
  Violation,
  Wish
} from './types.ts'

export interface Following {
  /** Behind what was handed over last; where to go on in another process. */
  readonly cursor: string | undefined
  /**
   * Resolves when the hub has taken the subscription; rejects with a RefusedError where it refuses it. Where there is no
   * `onError` a refusal that is not awaited is an unhandled rejection: it does not pass unnoticed.
   */
  readonly ready: Promise<void>
  close(): void
}

export interface SubscribeOptions {
  /** Hears of a refusal, at first or when the client came back; the subscription has ended. */
  readonly onError?: (error: RefusedError) => void
}

export interface ClientOptions {
  /** Prefix of the keys under which pushes are repeated: one for each gateway, e.g. its serial number. */
  readonly name?: string
  /** Pushes that wait for their acknowledgement; those beyond wait to be sent. */
  readonly inFlight?: number
  /**
   * Hears of connections that came and went, and of each attempt that failed, with the reason. Without it the first
   * failure is a warning on the console: a wrong address is not to be waited for in silence.
   */
  readonly onState?: (state: 'open' | 'closed', reason: string) => void
  /** Another WebSocket than that of the platform. */
  readonly WebSocket?: typeof globalThis.WebSocket
}

/** Milliseconds before it comes back: the first time, and at most. */
const FIRST_RETRY_DELAY_MS = 200
const MAX_RETRY_DELAY_MS = 15_000

/** Milliseconds without a word after which the connection is taken for broken; asked at half of the time. */
const SILENCE_TIMEOUT_MS = 30_000

/** Refusals that pass, and milliseconds after which a push is sent again. */
const TRANSIENT_ERRORS: ReadonlySet<string> = new Set(['Unavailable', 'TooManyRequests', 'StorageFull', 'Internal'])
const RESENT = 1000

interface Waiting {
  readonly message: object
  readonly resolve: (pushed: Pushed) => void
  readonly reject: (error: unknown) => void
}

interface Followed {
  readonly wish: Wish
  readonly onEvents: (events: Events) => void
  readonly taken: () => void
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
  #isClosed = false
  /** Why the last attempt to connect failed. */
  #reason = ''
  #hasWarned = false
  #waiters: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = []
  #pause = FIRST_RETRY_DELAY_MS
  #retry: ReturnType<typeof setTimeout> | undefined
  #next = 0
  /** Sent and not acknowledged, and not sent yet, in order. */
  readonly #sent = new Map<number, Waiting>()
  readonly #unsent = new Map<number, Waiting>()
  readonly #followed = new Map<number, Followed>()
  #heardAt = 0
  readonly #clock: ReturnType<typeof setInterval>
  #idle: (() => void)[] = []

  constructor(url: string, options: ClientOptions) {
    this.#url = `${url.replace(/^http/, 'ws').replace(/\/+$/, '')}/stream`
    this.#options = options
    // Without a name of its own no two runs have the same keys.
    this.#name = options.name ?? crypto.randomUUID()
    this.#inFlight = options.inFlight ?? 256
    this.#clock = setInterval(() => this.#look(), SILENCE_TIMEOUT_MS / 2)
    this.#connect()
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /**
   * Resolves when there is a connection.
   * @param patience milliseconds after which it rejects, with the reason of the last attempt; absent: never
   */
  connected(patience?: number): Promise<void> {
    if (this.#isClosed) return Promise.reject(new Error('The client is closed'))
    if (this.#isOpen) return Promise.resolve()
    return new Promise((resolve, reject) => {
      let timer: ReturnType<typeof setTimeout> | undefined
      const waiter = {
        resolve: () => {
          clearTimeout(timer)
          resolve()
        },
        reject: (error: Error) => {
          clearTimeout(timer)
          reject(error)
        }
      }
      this.#waiters.push(waiter)
      if (patience === undefined) return
      timer = setTimeout(() => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter)
        reject(new Error(`${this.#url} is not reached: ${this.#reason || 'no answer'}`))
      }, patience)
    })
  }

  /**
   * Pushes samples; resolves when they are durable, however often the connection breaks until then.
   * @param key under which it may be repeated, also by another process; made up where there is none
   * @throws RefusedError where one of them does not fit; then none is stored
   */
  push(samples: Sample | Column | readonly (Sample | Column)[], key?: string): Promise<Pushed> {
    if (this.#isClosed) return Promise.reject(new Error('The client is closed'))
    const id = this.#next++
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

  /** Resolves when there is room for another push: gateways that wait for it keep their memory bounded. */
  async ready(): Promise<void> {
    while (this.#unsent.size > 0 && !this.#isClosed) {
      await new Promise<void>((resolve) => {
        this.#idle.push(resolve)
      })
    }
  }

  /** Follows changes until closed, across connections. */
  subscribe(wish: Wish, onEvents: (events: Events) => void, { onError }: SubscribeOptions = {}): Following {
    if (this.#isClosed) throw new Error('The client is closed')
    const id = this.#next++
    const { promise: ready, resolve, reject } = Promise.withResolvers<void>()
    let isTaken = false
    const followed: Followed = {
      ...{ wish, onEvents, cursor: wish.since },
      taken: () => {
        isTaken = true
        resolve()
      },
      refused: (error) => {
        this.#followed.delete(id)
        if (onError !== undefined || !(error instanceof RefusedError)) ready.catch(() => {})
        reject(error)
        if (!(error instanceof RefusedError)) return
        if (onError !== undefined) onError(error)
        // Nobody awaits what was taken once.
        else if (isTaken) void Promise.reject(error)
      }
    }
    this.#followed.set(id, followed)
    if (this.#isOpen) this.#follow(id, followed)
    return {
      ready,
      get cursor() {
        return followed.cursor
      },
      close: () => {
        if (!this.#followed.has(id)) return
        followed.refused(new Error('The subscription was closed'))
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

  /** Ends the connection; pushes that are not acknowledged are rejected. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearInterval(this.#clock)
    clearTimeout(this.#retry)
    this.#socket?.close(1000)
    const ended = new Error('The client was closed')
    for (const { refused } of [...this.#followed.values()]) refused(ended)
    for (const { reject } of this.#waiters.splice(0)) reject(ended)
    for (const { reject } of [...this.#sent.values(), ...this.#unsent.values()]) reject(ended)
    this.#sent.clear()
    this.#unsent.clear()
    this.#settled()
  }

  #connect(): void {
    const Socket = this.#options.WebSocket ?? globalThis.WebSocket
    const socket = new Socket(this.#url, 'aas-hub.v1.json')
    this.#socket = socket
    socket.onopen = () => this.#opened()
    socket.onmessage = ({ data }: MessageEvent) => {
      if (socket === this.#socket) this.#read(JSON.parse(String(data)) as Incoming)
    }
    socket.onerror = (event: Event) => {
      // What browsers do not tell.
      this.#reason = 'message' in event && typeof event.message === 'string' ? event.message : ''
    }
    socket.onclose = ({ code, reason }: CloseEvent) => {
      if (socket === this.#socket) this.#broken([code, reason || this.#reason].join(' ').trim())
    }
  }

  #opened(): void {
    this.#isOpen = true
    this.#pause = FIRST_RETRY_DELAY_MS
    this.#heardAt = performance.now()
    this.#reason = ''
    this.#hasWarned = false
    this.#options.onState?.('open', '')
    for (const { resolve } of this.#waiters.splice(0)) resolve()
    for (const [id, followed] of this.#followed) this.#follow(id, followed)
    // In the order in which they were made, and before any other.
    for (const { message } of this.#sent.values()) this.#send(message)
    this.#flush()
  }

  #broken(reason: string): void {
    this.#isOpen = false
    this.#socket = undefined
    this.#reason = reason
    this.#options.onState?.('closed', reason)
    if (this.#isClosed) return
    if (this.#options.onState === undefined && !this.#hasWarned) {
      this.#hasWarned = true
      console.warn(`${this.#url} is not reached (${reason}); it is tried again`)
    }
    // Gateways that lost the hub together do not come back together.
    this.#retry = setTimeout(() => this.#connect(), this.#pause * (0.5 + Math.random()))
    this.#pause = Math.min(this.#pause * 2, MAX_RETRY_DELAY_MS)
  }

  /** A connection that says nothing is asked, and given up where it says nothing then. */
  #look(): void {
    if (!this.#isOpen) return
    if (performance.now() - this.#heardAt > SILENCE_TIMEOUT_MS) {
      const socket = this.#socket
      this.#broken('no sign of life')
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

  #follow(id: number, { wish, cursor }: Followed): void {
    this.#send({ ...wish, type: 'subscribe', id, ...(cursor !== undefined && { since: cursor }) })
  }

  #send(message: object): void {
    this.#socket?.send(JSON.stringify(message))
  }

  #read(message: Incoming): void {
    this.#heardAt = performance.now()
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
        const followed = this.#followed.get(message.id ?? -1)
        if (followed !== undefined && message.cursor !== undefined) followed.cursor = message.cursor
        followed?.taken()
        if (message.recovered === false) followed?.onEvents({ events: [], recovered: false })
        break
      }
      case 'event': {
        const followed = this.#followed.get(message.sub ?? -1)
        if (followed === undefined) break
        followed.onEvents(message as Incoming & Events)
        if (message.cursor !== undefined) followed.cursor = message.cursor
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

  #refused({ id = -1, code = '', text = '', violations }: Incoming): void {
    const followed = this.#followed.get(id)
    if (!TRANSIENT_ERRORS.has(code)) {
      const error = new RefusedError(code, text, violations)
      this.#take(id)?.reject(error)
      followed?.refused(error)
      return
    }
    // It is sent again: on the next connection, where this one ends before.
    const socket = this.#socket
    setTimeout(() => {
      if (!this.#isOpen || socket !== this.#socket) return
      const waiting = this.#sent.get(id)
      if (waiting !== undefined) this.#send(waiting.message)
      if (followed !== undefined && this.#followed.get(id) === followed) this.#follow(id, followed)
    }, RESENT)
  }

  /** A subscriber that lagged too far goes on behind what it has seen. */
  #ended({ id = -1, cursor }: Incoming): void {
    const followed = this.#followed.get(id)
    if (followed === undefined) return
    followed.cursor = cursor ?? followed.cursor
    setTimeout(() => {
      if (this.#isOpen && this.#followed.get(id) === followed) this.#follow(id, followed)
    }, FIRST_RETRY_DELAY_MS)
  }

  #take(id: number): Waiting | undefined {
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
