/**
 * One connection: receives pushes, sends acknowledgements and events. A client that sends faster than its samples become
 * durable is not read from meanwhile, so nothing is dropped and nothing piles up.
 */
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { RawData, WebSocket } from 'ws'
import { waitAtMost } from '../../clock.ts'
import type { CloseReason, Message, Sink, Subscription } from '../../consumers/subscriptions/subscription.ts'
import { parseSubscriptionRequest } from '../../consumers/subscriptions/subscription-request.ts'
import type { Subscriptions } from '../../consumers/subscriptions/subscriptions.ts'
import { HubError } from '../../errors.ts'
import type { OperationContext } from '../../operations/operation-context.ts'
import type { SampleBatch } from '../../operations/samples/batch.ts'
import type { Receipt } from '../../operations/samples/ingest.ts'
import { OrderedGate } from '../../operations/samples/ordered-gate.ts'
import type { Store } from '../../store/store.ts'
import { addSamples, type ClientMessage, idOf } from './client-message.ts'
import type { Ack, Codec } from './codec.ts'
import { frameOfText } from './frame.ts'
import { type MessageId, refusalOf } from './refusal.ts'
import { type StreamCaller, type StreamCallerEvents, UNAUTHENTICATED } from './stream-caller.ts'

export interface StreamConnectionOptions {
  readonly webSocket: WebSocket
  readonly socket: Duplex
  /** Network address of the other end. */
  readonly client: string
  readonly codec: Codec
  /** Who is at the other end; reports what happens to that. */
  readonly callerOf: (events: StreamCallerEvents) => StreamCaller
  readonly hub: Pick<OperationContext, 'ingest'> & { readonly store: Store }
  readonly subscriptions: Subscriptions
  readonly creditSamples: number
  readonly maxMessageBytes: number
  readonly heartbeatMs: number
  /** Of the hub. */
  readonly version: string
}

/** Before a batch is retried that the ingest had no capacity for. */
const RETRY_DELAY_MS = 50

/** Per connection. */
const MAX_SUBSCRIPTIONS = 100

/** Of a message of a client that is not authenticated yet; a token is shorter. */
const MAX_UNAUTHENTICATED_BYTES = 32 * 1024

/** How long pushes in progress may take when the hub stops, and then the closing handshake. */
const CLOSE_GRACE_MS = 2000
const CLOSE_TIMEOUT_MS = 1000

export class StreamConnection {
  readonly #options: StreamConnectionOptions
  readonly #subscriptions = new Map<string | number, Subscription>()
  #unacknowledgedSamples = 0
  #isPaused = false
  #isAlive = true
  #isClosed = false
  #isStopping = false
  /** Acknowledgements to be sent at the end of this turn of the event loop. */
  #acks: { readonly id: MessageId; readonly receipt: Receipt }[] = []
  readonly #gate = new OrderedGate()
  readonly #caller: StreamCaller
  #pushes = 0
  /** Called when no push is in progress. */
  #idle: () => void = () => {}

  constructor(options: StreamConnectionOptions) {
    this.#options = options
    const { webSocket, socket, callerOf, hub, creditSamples, maxMessageBytes, heartbeatMs, version } = options
    this.#caller = callerOf({
      changed: (access) => {
        for (const subscription of this.#subscriptions.values()) subscription.reauthorize(access)
      },
      close: (code, reason) => this.#close(code, reason)
    })
    webSocket.on('message', (data: RawData, isBinary: boolean) => this.#read(data, isBinary))
    webSocket.on('pong', () => this.#noteAlive())
    webSocket.on('ping', () => this.#noteAlive())
    // ws closes the connection with the code for the error.
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
      credit: creditSamples,
      messageLimit: maxMessageBytes,
      heartbeat: heartbeatMs,
      ...(this.#caller.mustAuthenticate && { mustAuthenticate: true })
    })
  }

  /** To be called periodically: sends a ping, or ends the connection if the previous one was not answered. */
  heartbeat(): void {
    const { webSocket } = this.#options
    // While paused, pongs are not read either.
    if (this.#isPaused) return
    if (this.#isAlive) webSocket.ping()
    else webSocket.terminate()
    this.#isAlive = false
  }

  reportStore(available: boolean): void {
    this.#send({ type: 'store', available })
  }

  /** Accepts no more pushes, acknowledges those in progress, and closes with the reason. */
  async stop(): Promise<void> {
    this.#isStopping = true
    const idle = new Promise<void>((resolve) => {
      this.#idle = resolve
    })
    if (this.#pushes > 0) await waitAtMost(this.#options.hub.ingest.clock, CLOSE_GRACE_MS, idle)
    this.sendAcks()
    this.#send({ type: 'stopping' })
    this.#close(1001, 'stopping')
  }

  #close(code: number, reason: string): void {
    const { webSocket, hub } = this.#options
    // The client's close frame may be behind unread messages.
    webSocket.resume()
    webSocket.close(code, reason)
    webSocket.once(
      'close',
      hub.ingest.clock.after(CLOSE_TIMEOUT_MS, () => webSocket.terminate())
    )
  }

  #noteAlive(): void {
    this.#isAlive = true
  }

  #closed(): void {
    this.#isClosed = true
    this.#caller.stop()
    for (const subscription of this.#subscriptions.values()) subscription.close()
    this.#subscriptions.clear()
  }

  #send(message: object): void {
    this.#transmit(this.#options.codec.write(message))
  }

  #transmit(bytes: Uint8Array | string): void {
    const { webSocket, socket, codec } = this.#options
    if (webSocket.readyState !== webSocket.OPEN) return
    // With an extension, messages may be compressed and wait for that; within the process there is no such socket.
    const isPlain = webSocket.extensions === '' && socket instanceof Socket
    const frame = typeof bytes === 'string' && isPlain ? frameOfText(bytes) : undefined
    if (frame !== undefined) socket.write(frame)
    else webSocket.send(bytes, { binary: codec.isBinary })
  }

  #read(data: RawData, isBinary: boolean): void {
    const { codec } = this.#options
    this.#isAlive = true
    if (this.#options.webSocket.readyState !== this.#options.webSocket.OPEN) return
    if (this.#caller.mustAuthenticate && (data as Buffer).length > MAX_UNAUTHENTICATED_BYTES) {
      this.#close(UNAUTHENTICATED, 'credentials are missing')
      return
    }
    let message: ClientMessage
    try {
      if (isBinary !== codec.isBinary) throw new Error(`${codec.isBinary ? 'binary' : 'text'} frames were expected`)
      message = codec.read(data as Buffer) as ClientMessage
    } catch (error) {
      this.#send({ type: 'error', text: `This is no message of ${codec.protocol}: ${(error as Error).message}` })
      return
    }
    this.#caller.whenKnown(() => this.#handle(message))
  }

  #handle(message: ClientMessage): void {
    if (this.#caller.mustAuthenticate && message?.type !== 'token' && message?.type !== 'ping') {
      this.#refuse(message?.id, new HubError('Unauthorized', ['credentials are missing']))
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
        void this.#authenticate(message)
        break
      default:
        this.#send({
          type: 'error',
          ...idOf(message ?? {}),
          text: `"type" is one of push, subscribe, unsubscribe, ping, token; found ${JSON.stringify(message?.type)?.slice(0, 60)}`
        })
    }
  }

  async #authenticate({ id, token }: ClientMessage): Promise<void> {
    const { webSocket } = this.#options
    webSocket.pause()
    await this.#caller.authenticate(token, {
      accepted: (expires) => this.#send({ type: 'accepted', ...idOf({ id }), ...(expires && { expires }) }),
      refused: (error) => this.#refuse(id, error)
    })
    if (!this.#isPaused) webSocket.resume()
  }

  // ---- pushes

  #push(message: ClientMessage): void {
    const { id, each, key } = message
    if (this.#isStopping) {
      this.#refuse(id, new HubError('Unavailable', ['The hub is stopping']))
      return
    }
    if ((each !== undefined && typeof each !== 'boolean') || (key !== undefined && typeof key !== 'string')) {
      this.#refuse(id, new HubError('BadRequest', ['"each" is true or false, and "key" a text']))
      return
    }
    const batch = addSamples(this.#options.hub.ingest.batch(), message)
    if (batch === undefined) {
      this.#refusePush(id, new HubError('BadRequest', ['"samples", an array, was expected']))
      return
    }
    const { samples } = batch
    this.#unacknowledgedSamples += samples
    if (this.#unacknowledgedSamples > this.#options.creditSamples && !this.#isPaused) {
      this.#isPaused = true
      this.#options.webSocket.pause()
    }
    this.#pushes++
    void this.#ingest(batch, message)
  }

  async #ingest(batch: SampleBatch, { id, each, key }: ClientMessage): Promise<void> {
    const { hub, client } = this.#options
    const options = { ...(each && { each }), ...(key !== undefined && { key: { key, scope: 'stream' } }) }
    for (let isDone = false; !isDone; ) {
      const gatePass = this.#gate.next()
      const { access } = this.#caller
      try {
        const receipt = await hub.ingest.push(batch, { ...options, access, transport: 'websocket', client, gatePass })
        if (this.#acks.push({ id, receipt }) === 1) sendAtEndOfTurn(this)
        isDone = true
      } catch (error) {
        const isFull = error instanceof HubError && error.name === 'TooManyRequests'
        isDone = !isFull || this.#isClosed
        if (isDone) this.#refusePush(id, error, batch.samples)
      } finally {
        gatePass.pass()
      }
      if (!isDone) await hub.ingest.clock.sleep(RETRY_DELAY_MS)
    }
    this.#release(batch.samples)
  }

  #release(samples: number): void {
    if (--this.#pushes === 0) this.#idle()
    this.#unacknowledgedSamples -= samples
    if (!this.#isPaused || this.#unacknowledgedSamples > this.#options.creditSamples / 2) return
    this.#isPaused = false
    this.#isAlive = true
    this.#options.webSocket.resume()
  }

  /** One message for the pushes that one commit made durable. */
  sendAcks(): void {
    const acks = this.#acks
    this.#acks = []
    for (let start = 0; start < acks.length; ) {
      const { seq, cursor } = (acks[start] as (typeof acks)[number]).receipt
      let end = start + 1
      while (end < acks.length && acks[end]?.receipt.seq === seq) end++
      const committed: Ack['acks'] = acks
        .slice(start, end)
        .map(({ id, receipt: { accepted, repeated, refusals } }) => ({
          id,
          accepted,
          ...(repeated && { repeated }),
          ...(refusals.length > 0 && { refused: refusals })
        }))
      this.#transmit(this.#options.codec.writeAck({ type: 'ack', cursor, seq, acks: committed }))
      start = end
    }
  }

  #refusePush(id: MessageId, error: unknown, samples?: number): void {
    const { hub, client } = this.#options
    hub.ingest.senders.failed({ transport: 'websocket', access: this.#caller.access, client }, error, samples)
    this.#refuse(id, error)
  }

  #refuse(id: MessageId, error: unknown): void {
    const refusal = refusalOf(id, error)
    const { status, text } = refusal
    if (status === 401 || status === 403) this.#caller.access?.audit?.refused(status, text)
    this.#send(refusal)
  }

  // ---- subscriptions

  async #subscribe(message: ClientMessage): Promise<void> {
    const { type: _, id, ...request } = message
    if (typeof id !== 'string' && typeof id !== 'number') {
      return this.#refuse(
        undefined,
        new HubError('BadRequest', ['"id", which identifies the subscription, was expected'])
      )
    }
    if (this.#subscriptions.has(id) || this.#subscriptions.size >= MAX_SUBSCRIPTIONS) {
      const text = this.#subscriptions.has(id)
        ? `There is a subscription ${JSON.stringify(id)}`
        : `There are ${MAX_SUBSCRIPTIONS} subscriptions`
      return this.#refuse(id, new HubError('Conflict', [text]))
    }
    // Reserves the id.
    this.#subscriptions.set(id, STARTING)
    try {
      const subscription = await this.#options.subscriptions.subscribe(
        parseSubscriptionRequest(request),
        this.#sinkOf(id),
        this.#caller.access
      )
      if (this.#isClosed || this.#subscriptions.get(id) !== STARTING) return subscription.close()
      this.#subscriptions.set(id, subscription)
      this.#caller.access?.audit?.done(200, true)
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

  #unsubscribe({ id }: ClientMessage): void {
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

let withAcks: StreamConnection[] = []

/** In one callback for all connections: a transaction makes pushes of many of them durable. */
function sendAtEndOfTurn(connection: StreamConnection): void {
  if (withAcks.push(connection) > 1) return
  setImmediate(() => {
    const connections = withAcks
    withAcks = []
    for (const one of connections) one.sendAcks()
  })
}

/** Placeholder for a subscription that is being started. */
const STARTING: Subscription = { cursor: '', recovered: true, reauthorize: () => {}, wake: () => {}, close: () => {} }
