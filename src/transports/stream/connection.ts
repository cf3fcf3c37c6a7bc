/**
 * One connection: pushes in, acknowledgements and events out. A client that sends faster than its samples become
 * durable is not read from until they are, so nothing is dropped and nothing piles up.
 */
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RawData, WebSocket } from 'ws'
import type { CloseReason, Message, Sink, Subscription } from '../../consumers/subscriptions/subscription.ts'
import { parseSubscriptionRequest } from '../../consumers/subscriptions/subscription-request.ts'
import type { Subscriptions } from '../../consumers/subscriptions/subscriptions.ts'
import { HubError } from '../../errors.ts'
import type { OperationContext } from '../../operations/operation-context.ts'
import type { SampleBatch } from '../../operations/samples/batch.ts'
import type { IdempotencyKey } from '../../operations/samples/idempotency.ts'
import { OrderedGate, type Receipt } from '../../operations/samples/ingest.ts'
import { addItem, type ItemDefaults } from '../../operations/samples/parse-items.ts'
import type { Store } from '../../store/store.ts'
import type { Ack, Codec } from './codec.ts'

export interface ConnectionOptions {
  readonly webSocket: WebSocket
  readonly socket: Duplex
  readonly codec: Codec
  readonly hub: Pick<OperationContext, 'ingest'> & { readonly store: Store }
  readonly subscriptions: Subscriptions
  readonly credit: number
  readonly messageLimit: number
  readonly heartbeat: number
  /** Of the hub. */
  readonly version: string
}

type Id = string | number | undefined

/** Milliseconds before a batch is tried again for which there was no room. */
const PAUSE_MS = 50

/** Refusals that are told of one push. */
const MAX_REPORTED = 100

/** Subscriptions of one connection. */
const MAX_SUBSCRIPTIONS = 100

/** Milliseconds that acknowledgements under way get when the hub stops. */
const CLOSE_GRACE_MS = 2000
const CLOSE_TIMEOUT_MS = 1000

export class Connection {
  readonly #options: ConnectionOptions
  readonly #subscriptions = new Map<string | number, Subscription>()
  /** Samples that are not acknowledged yet. */
  #open = 0
  #isPaused = false
  #isAlive = true
  #isClosed = false
  #isStopping = false
  /** Acknowledgements of this turn of the event loop, by commit. */
  #acks: { readonly id: Id; readonly receipt: Receipt }[] = []
  readonly #turns = new OrderedGate()
  readonly #pushing = new Set<Promise<void>>()

  constructor(options: ConnectionOptions) {
    this.#options = options
    const { webSocket, socket, hub, credit, messageLimit, heartbeat, version } = options
    webSocket.on('message', (data: RawData, isBinary: boolean) => this.#read(data, isBinary))
    webSocket.on('pong', () => this.#alive())
    webSocket.on('ping', () => this.#alive())
    // A frame that breaks the protocol is answered by the close code that ws gives it.
    webSocket.on('error', () => {})
    webSocket.on('close', () => this.#closed())
    socket.on('drain', () => {
      for (const subscription of this.#subscriptions.values()) subscription.wake()
    })
    this.#send({
      type: 'welcome',
      version: 1,
      server: version,
      epoch: hub.store.epoch,
      credit,
      messageLimit,
      heartbeat
    })
  }

  /** To be called from time to time: asks for a sign of life, and ends where the last one never came. */
  beat(): void {
    const { webSocket } = this.#options
    // Where we do not read, we hear nothing.
    if (this.#isPaused) return
    if (this.#isAlive) webSocket.ping()
    else webSocket.terminate()
    this.#isAlive = false
  }

  /** Whether the store is there, for those who wonder why nothing comes. */
  tellStore(available: boolean): void {
    this.#send({ type: 'store', available })
  }

  /** Takes nothing more, acknowledges what is under way, and says why it ends. */
  async stop(): Promise<void> {
    const { webSocket } = this.#options
    this.#isStopping = true
    await Promise.race([Promise.all(this.#pushing), sleep(CLOSE_GRACE_MS, undefined, { ref: false })])
    this.#tell()
    this.#send({ type: 'stopping' })
    // To hear the other side say farewell, which may be behind what was not read.
    webSocket.resume()
    webSocket.close(1001, 'stopping')
    setTimeout(() => webSocket.terminate(), CLOSE_TIMEOUT_MS).unref()
  }

  #alive(): void {
    this.#isAlive = true
  }

  #closed(): void {
    this.#isClosed = true
    for (const subscription of this.#subscriptions.values()) subscription.close()
    this.#subscriptions.clear()
  }

  #send(message: object): void {
    this.#transmit(this.#options.codec.write(message))
  }

  #transmit(bytes: Uint8Array | string): void {
    const { webSocket, codec } = this.#options
    if (webSocket.readyState === webSocket.OPEN) webSocket.send(bytes, { binary: codec.isBinary })
  }

  #read(data: RawData, isBinary: boolean): void {
    const { codec } = this.#options
    this.#isAlive = true
    let message: Incoming
    try {
      if (isBinary !== codec.isBinary) throw new Error(`${codec.isBinary ? 'binary' : 'text'} frames were expected`)
      message = codec.read(data as Buffer) as Incoming
    } catch (error) {
      this.#send({ type: 'error', text: `This is no message of ${codec.protocol}: ${(error as Error).message}` })
      return
    }
    switch (message?.type) {
      case 'push':
        this.#push(message)
        break
      case 'subscribe':
        void this.#subscribe(message)
        break
      case 'unsubscribe':
        this.#unsubscribe(message)
        break
      case 'ping':
        this.#send({ type: 'pong', ...idOf(message) })
        break
      case 'token':
        // Nobody asks for tokens yet; a client that renews one need not know.
        this.#send({ type: 'accepted', ...idOf(message) })
        break
      default:
        this.#send({
          type: 'error',
          ...idOf(message ?? {}),
          text: `"type" is one of push, subscribe, unsubscribe, ping, token; found ${JSON.stringify(message?.type)?.slice(0, 60)}`
        })
    }
  }

  // ---- pushing

  #push(message: Incoming): void {
    const { id, each, key } = message
    if (this.#isStopping) {
      this.#refuse(id, new HubError('Unavailable', ['The hub is stopping']))
      return
    }
    if ((each !== undefined && typeof each !== 'boolean') || (key !== undefined && typeof key !== 'string')) {
      this.#refuse(id, new HubError('BadRequest', ['"each" is true or false, and "key" a text']))
      return
    }
    const batch = filled(this.#options.hub.ingest.batch(), message)
    if (batch === undefined) {
      this.#refuse(id, new HubError('BadRequest', ['"samples", an array, was expected']))
      return
    }
    const { samples } = batch
    this.#open += samples
    if (this.#open > this.#options.credit && !this.#isPaused) {
      this.#isPaused = true
      this.#options.webSocket.pause()
    }
    const done = this.#take(batch, {
      ...(each && { each }),
      ...(key !== undefined && { key: { key, scope: 'stream' } })
    }).then(
      (receipt) => {
        if (this.#acks.push({ id, receipt }) === 1) setImmediate(() => this.#tell())
        this.#release(samples, done)
      },
      (error: unknown) => {
        this.#refuse(id, error)
        this.#release(samples, done)
      }
    )
    this.#pushing.add(done)
  }

  async #take(batch: SampleBatch, options: { each?: boolean; key?: IdempotencyKey }): Promise<Receipt> {
    for (;;) {
      const turn = this.#turns.next()
      try {
        return await this.#options.hub.ingest.push(batch, { ...options, gatePass: turn })
      } catch (error) {
        const isFull = error instanceof HubError && error.name === 'TooManyRequests'
        if (!isFull || this.#isClosed) throw error
      } finally {
        turn.pass()
      }
      await sleep(PAUSE_MS)
    }
  }

  #release(samples: number, done: Promise<void>): void {
    this.#pushing.delete(done)
    this.#open -= samples
    if (!this.#isPaused || this.#open > this.#options.credit / 2) return
    this.#isPaused = false
    this.#isAlive = true
    this.#options.webSocket.resume()
  }

  /** What became durable together is acknowledged together. */
  #tell(): void {
    const acks = this.#acks
    this.#acks = []
    for (let start = 0; start < acks.length; ) {
      const { seq, cursor } = (acks[start] as (typeof acks)[number]).receipt
      let end = start + 1
      while (end < acks.length && acks[end]?.receipt.seq === seq) end++
      const told: Ack['acks'] = acks.slice(start, end).map(({ id, receipt: { accepted, repeated, refusals } }) => ({
        id,
        accepted,
        ...(repeated && { repeated }),
        ...(refusals.length > 0 && { refused: refusals })
      }))
      this.#transmit(this.#options.codec.writeAck({ type: 'ack', cursor, seq, acks: told }))
      start = end
    }
  }

  #refuse(id: Id, error: unknown): void {
    const known = error instanceof HubError ? error : new HubError('Internal')
    const { name, status, message, violations } = known
    this.#send({
      type: 'refused',
      ...(id !== undefined && { id }),
      code: name,
      status,
      text: message,
      ...(violations.length > 0 && { violations: violations.slice(0, MAX_REPORTED) })
    })
  }

  // ---- following

  async #subscribe(message: Incoming): Promise<void> {
    const { type: _, id, ...wish } = message
    if (typeof id !== 'string' && typeof id !== 'number') {
      return this.#refuse(
        undefined,
        new HubError('BadRequest', ['"id", by which the events are told apart, was expected'])
      )
    }
    if (this.#subscriptions.has(id) || this.#subscriptions.size >= MAX_SUBSCRIPTIONS) {
      const text = this.#subscriptions.has(id)
        ? `There is a subscription ${JSON.stringify(id)}`
        : `There are ${MAX_SUBSCRIPTIONS} subscriptions`
      return this.#refuse(id, new HubError('Conflict', [text]))
    }
    // Its place is taken while it begins.
    this.#subscriptions.set(id, NO_SUBSCRIPTION)
    try {
      const subscription = await this.#options.subscriptions.subscribe(parseSubscriptionRequest(wish), this.#sinkOf(id))
      if (this.#isClosed || this.#subscriptions.get(id) !== NO_SUBSCRIPTION) return subscription.close()
      this.#subscriptions.set(id, subscription)
      const { cursor, recovered } = subscription
      this.#send({ type: 'subscribed', id, recovered, ...(cursor !== '' && { cursor }) })
    } catch (error) {
      this.#subscriptions.delete(id)
      this.#refuse(id, error)
    }
  }

  #sinkOf(id: string | number): Sink {
    const { webSocket, codec } = this.#options
    return {
      send: (message: Message) => this.#transmit(codec.writeEvents(id, message)),
      backlog: () => webSocket.bufferedAmount,
      close: (reason: CloseReason, cursor: string) => {
        this.#subscriptions.delete(id)
        this.#send({ type: 'closed', id, reason, ...(cursor !== '' && { cursor }) })
      }
    }
  }

  #unsubscribe({ id }: Incoming): void {
    const subscription = id === undefined ? undefined : this.#subscriptions.get(id)
    if (id === undefined || subscription === undefined) {
      this.#refuse(id, new HubError('NotFound', ['Subscription', String(id)]))
      return
    }
    this.#subscriptions.delete(id)
    subscription.close()
    this.#send({
      type: 'closed',
      id,
      reason: 'unsubscribed',
      ...(subscription.cursor !== '' && { cursor: subscription.cursor })
    })
  }
}

/** Stands for a subscription that is beginning. */
const NO_SUBSCRIPTION: Subscription = { cursor: '', recovered: true, wake: () => {}, close: () => {} }

interface Incoming extends ItemDefaults {
  readonly type?: unknown
  readonly id?: Id
  readonly key?: string
  readonly each?: boolean
  readonly samples?: unknown
}

/** Rows and columns of a push; one of them may be the message itself. Undefined where there is no list of them. */
function filled(batch: SampleBatch, message: Incoming): SampleBatch | undefined {
  const { samples } = message
  if (samples === undefined) addItem(batch, message)
  else if (Array.isArray(samples)) for (const item of samples) addItem(batch, item, message)
  else return undefined
  return batch
}

function idOf({ id }: { readonly id?: Id }): { id?: string | number } {
  return id === undefined ? {} : { id }
}
