/**
 * The connection to the broker. It reconnects by itself to a persistent session, and acknowledges a QoS 1 message only
 * when its handler has finished: in order of arrival [MQTT-4.6.0-2], with many messages in flight.
 */
import { hash } from 'node:crypto'
import type { Duplex } from 'node:stream'
import mqtt, { type IClientOptions, type IConnackPacket, type IPublishPacket, MqttClient } from 'mqtt'
import { type Clock, waitAtMost } from '../clock.ts'
import { type Delivery, DeliveryTracker } from './redelivery.ts'

export interface BrokerConnectionOptions {
  /** `mqtt://`, `mqtts://`, `ws://` or `wss://`. */
  readonly url: string
  readonly clock: Clock
  /** Identifies the session. */
  readonly clientId: string
  readonly username?: string
  readonly password?: string
  /** Certificate authorities of the broker, as PEM; absent: the public ones. */
  readonly ca?: Buffer
  /** First pause between attempts to connect; it doubles up to fifteen times this, and varies. */
  readonly reconnectIntervalMs?: number
  /** Opens the stream of each attempt; absent: as the URL says. */
  readonly openStream?: () => Duplex
  /** The broker keeps nothing: for a connection that is used once. */
  readonly isTemporary?: boolean
  /** What the broker publishes when the connection breaks; called before each attempt to connect. */
  readonly will?: () => NonNullable<IClientOptions['will']>
  /** Topic filters to subscribe to; called at each connect and {@link BrokerConnection.refresh}. */
  readonly filters: () => readonly string[]
  /** The message is acknowledged when this resolves; if it rejects, the broker redelivers it after a reconnect. */
  readonly handle: (message: MqttMessage) => Promise<void>
  /** @param isResumed the broker has kept the session, with all messages since */
  readonly connected: (isResumed: boolean) => void
  /** @param retryMs until the next attempt */
  readonly lost: (reason: string, retryMs: number) => void
  readonly failed: (error: Error) => void
  /** The broker does not allow to subscribe to this topic filter. */
  readonly refused?: (filter: string) => void
}

export interface MqttMessage {
  readonly topic: string
  readonly payload: Buffer
  /** Published before the hub subscribed, and retained by the broker. */
  readonly isRetained: boolean
}

/** Bounds of the messages being handled; beyond them the broker, and the socket, hold back. */
const MAX_MESSAGES_IN_FLIGHT = 1000
const MAX_BYTES_IN_FLIGHT = 16 * 1024 * 1024

const MAX_MESSAGE_BYTES = 16 * 1024 * 1024

/** How long the broker keeps the session of a hub that is gone. Not forever, or it would pile up messages. */
const SESSION_EXPIRY_S = 30 * 86_400

const RECONNECT_INTERVAL_MS = 2000
const MAX_RECONNECT_FACTOR = 15
/** A pause varies by this part of it, so that many clients of a broker do not return at once. */
const JITTER = 0.2
const KEEPALIVE_S = 30

/** Some brokers allow no more than twenty unacknowledged publications. */
const MAX_PUBLISHES_IN_FLIGHT = 20

/** Some brokers accept no more subscriptions in one packet. */
const SUBSCRIPTIONS_PER_PACKET = 8

/** Makes mqtt.js continue without an acknowledgement; it is sent later. */
const ACKNOWLEDGED_LATER = new Error('acknowledged later')

export class BrokerConnection {
  readonly #options: BrokerConnectionOptions
  readonly #client: MqttClient
  readonly #deliveries = new DeliveryTracker()
  #subscribed = new Set<string>()
  #messagesInFlight = 0
  #bytesInFlight = 0
  /** Resumes reading, which stopped at a bound of the messages in flight. */
  #resume: (() => void) | undefined
  #isClosing = false
  #nextConnect = Promise.withResolvers<void>()
  /** The pause after the next failure. */
  #pauseMs: number
  #error: Error | undefined
  #publishesInFlight = 0
  /** Publications that wait for one in flight to finish. */
  #publishQueue: (() => void)[] = []
  /** Reject functions of the publications in flight. */
  readonly #unacknowledged = new Set<(error: Error) => void>()

  constructor(options: BrokerConnectionOptions) {
    this.#options = options
    const { url, will, openStream, isTemporary = false, reconnectIntervalMs = RECONNECT_INTERVAL_MS } = options
    const { clientId, username, password, ca } = options
    this.#pauseMs = reconnectIntervalMs
    const settings: IClientOptions = {
      clientId,
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
      ...(ca !== undefined && { ca }),
      ...(will !== undefined && { will: will() }),
      clean: isTemporary,
      protocolVersion: 5,
      keepalive: KEEPALIVE_S,
      reconnectPeriod: reconnectIntervalMs,
      reconnectOnConnackError: true,
      resubscribe: false,
      queueQoSZero: false,
      properties: {
        receiveMaximum: MAX_MESSAGES_IN_FLIGHT,
        sessionExpiryInterval: isTemporary ? 0 : SESSION_EXPIRY_S,
        maximumPacketSize: MAX_MESSAGE_BYTES
      }
    }
    this.#client = openStream === undefined ? mqtt.connect(url, settings) : new MqttClient(openStream, settings)
    this.#nextConnect.promise.catch(() => {})
    this.#client.handleMessage = (packet, next) => this.#handle(packet, next)
    this.#client.on('connect', (packet) => this.#connected(packet))
    this.#client.on('error', (error) => {
      this.#error = error
      if (!this.#requiresMqtt311(error)) options.failed(error)
    })
    this.#client.on('close', () => this.#closed())
    this.#client.on('reconnect', () => {
      if (will !== undefined) this.#client.options.will = will()
    })
  }

  get isConnected(): boolean {
    return this.#client.connected
  }

  /** Resolves once connected. @throws Error when {@link close} is called first */
  async whenConnected(): Promise<void> {
    if (!this.#client.connected) await this.#nextConnect.promise
  }

  /**
   * Resolves when the broker has acknowledged (QoS 1), or when the message is sent (QoS 0).
   * @throws Error where there is no connection
   */
  async publish(
    topic: string,
    payload: Buffer | string,
    { qos = 1, retain = false }: { qos?: 0 | 1; retain?: boolean } = {}
  ) {
    while (this.#publishesInFlight >= MAX_PUBLISHES_IN_FLIGHT) {
      await new Promise<void>((resolve) => this.#publishQueue.push(resolve))
    }
    this.#publishesInFlight++
    let rejected: ((error: Error) => void) | undefined
    try {
      // mqtt.js would queue it and send it after a reconnect, besides the caller's own retry.
      if (!this.#client.connected || this.#isClosing) throw new Error('There is no connection to the broker')
      await new Promise<void>((resolve, reject) => {
        rejected = reject
        this.#unacknowledged.add(reject)
        this.#client.publish(topic, payload, { qos, retain }, (error) => (error ? reject(error) : resolve()))
      })
    } finally {
      if (rejected !== undefined) this.#unacknowledged.delete(rejected)
      this.#publishesInFlight--
      this.#publishQueue.shift()?.()
    }
  }

  /** Subscribes and unsubscribes to match the present filters. */
  refresh(): void {
    if (!this.#client.connected) return
    const wanted = new Set(this.#options.filters())
    const gone = [...this.#subscribed].filter((filter) => !wanted.has(filter))
    const added = [...wanted].filter((filter) => !this.#subscribed.has(filter))
    this.#subscribed = wanted
    if (gone.length > 0) this.#client.unsubscribe(gone, (error) => error && this.#options.failed(error))
    if (added.length > 0) this.#subscribe(added)
  }

  /** Ends a subscription that an earlier process has made. */
  unsubscribe(filter: string): void {
    if (this.#client.connected) this.#client.unsubscribe(filter, (error) => error && this.#options.failed(error))
  }

  /** Handles no more messages, waits for those in flight, and disconnects. */
  async close(timeoutMs: number): Promise<void> {
    this.#isClosing = true
    await waitAtMost(this.#options.clock, timeoutMs, Promise.allSettled(this.#deliveries.unacknowledged))
    for (const proceed of this.#publishQueue.splice(0)) proceed()
    this.#nextConnect.reject(new Error('The hub stops'))
    for (const reject of this.#unacknowledged) reject(new Error('The hub stops'))
    // Forced where a publication is unacknowledged, which would otherwise delay the disconnect.
    await this.#client.endAsync(Object.keys(this.#client.outgoing).length > 0 || !this.#client.connected)
  }

  #connected({ sessionPresent }: IConnackPacket): void {
    this.#error = undefined
    if (!sessionPresent) this.#deliveries.forget()
    this.#subscribed = new Set(this.#options.filters())
    this.#subscribe([...this.#subscribed])
    this.#nextConnect.resolve()
    this.#nextConnect = Promise.withResolvers()
    this.#nextConnect.promise.catch(() => {})
    this.#setPause(this.#options.reconnectIntervalMs ?? RECONNECT_INTERVAL_MS)
    this.#options.connected(sessionPresent)
  }

  #closed(): void {
    if (this.#isClosing) return
    const error = this.#error
    this.#error = undefined
    this.#deliveries.interrupt()
    if (this.#requiresMqtt311(error)) {
      this.#client.options.protocolVersion = 4
      return
    }
    // mqtt.js has set its timer already, by the pause that was set before.
    const { reconnectPeriod = this.#pauseMs } = this.#client.options
    const { reconnectIntervalMs = RECONNECT_INTERVAL_MS } = this.#options
    this.#setPause(Math.min(2 * this.#pauseMs, MAX_RECONNECT_FACTOR * reconnectIntervalMs))
    this.#options.lost(error?.message || 'the connection was closed', reconnectPeriod)
  }

  #setPause(ms: number): void {
    this.#pauseMs = ms
    this.#client.options.reconnectPeriod = Math.round(ms * (1 + JITTER * (2 * Math.random() - 1)))
  }

  /** Does the broker refuse MQTT 5? Older brokers answer with a code of MQTT 3.1.1. */
  #requiresMqtt311(error: Error | undefined): boolean {
    if (this.#client.options.protocolVersion !== 5 || error === undefined || !('code' in error)) return false
    return error.code === 1 || error.code === 132
  }

  #subscribe(filters: readonly string[]): void {
    // No Local, which only MQTT 5 has: what the hub publishes must not come back to it.
    const noLocal = this.#client.options.protocolVersion === 5 ? { nl: true } : {}
    for (let start = 0; start < filters.length; start += SUBSCRIPTIONS_PER_PACKET) {
      const some = filters.slice(start, start + SUBSCRIPTIONS_PER_PACKET)
      this.#client.subscribe(some, { qos: 1, ...noLocal }, (error, _subscriptions, packet) => {
        // In the order of the filters. Where one is refused the others are granted all the same.
        const codes = (packet?.granted ?? []) as readonly number[]
        const refused = some.filter((_, at) => (codes[at] ?? 0) >= 128)
        if (error && refused.length === 0) this.#options.failed(error)
        for (const filter of refused) {
          this.#options.failed(new Error(`The broker refuses the subscription to "${filter}"`))
          this.#options.refused?.(filter)
        }
      })
    }
  }

  #handle(packet: IPublishPacket, next: (error?: Error) => void): void {
    if (this.#isClosing) return
    const { topic, messageId, qos, retain: isRetained } = packet
    const payload = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload)
    if (qos === 0 || messageId === undefined) void this.#process({ topic, payload, isRetained }).catch(() => {})
    else {
      const digest = `${topic}\n${hash('sha1', payload)}`
      const known = this.#deliveries.repeated(messageId, digest, packet.dup === true)
      this.#deliveries.add({ messageId, delivery: known ?? this.#deliver(digest, { topic, payload, isRetained }) })
      this.#acknowledge()
    }
    const resume = () => next(ACKNOWLEDGED_LATER)
    if (this.#messagesInFlight < MAX_MESSAGES_IN_FLIGHT && this.#bytesInFlight < MAX_BYTES_IN_FLIGHT) resume()
    else this.#resume = resume
  }

  #deliver(digest: string, message: MqttMessage): Delivery {
    const done = this.#process(message)
    const delivery: Delivery = { digest, done, settled: 'pending' }
    done.then(
      () => {
        delivery.settled = 'handled'
        this.#acknowledge()
      },
      () => {
        delivery.settled = 'failed'
      }
    )
    return delivery
  }

  async #process(message: MqttMessage): Promise<void> {
    const { length } = message.payload
    this.#messagesInFlight++
    this.#bytesInFlight += length
    try {
      await this.#options.handle(message)
    } finally {
      this.#messagesInFlight--
      this.#bytesInFlight -= length
      const resume = this.#resume
      this.#resume = undefined
      resume?.()
    }
  }

  #acknowledge(): void {
    if (!this.#client.connected) return
    // A PUBACK without reason code has the same four bytes in every version (MQTT 5.0, 3.4.2.1).
    const packets = this.#deliveries.settle().map((id) => [0x40, 2, id >> 8, id & 0xff])
    if (packets.length > 0) this.#client.stream.write(Buffer.from(packets.flat()))
  }
}
