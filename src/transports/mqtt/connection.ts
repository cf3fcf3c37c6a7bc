/**
 * The connection to the broker. It comes back by itself, the broker keeps a session meanwhile, and a message of QoS 1 is
 * acknowledged only when whoever took it says so: in the order of arrival [MQTT-4.6.0-2], many at once under way.
 */
import { hash } from 'node:crypto'
import mqtt, { type IClientOptions, type IConnackPacket, type IPublishPacket, type MqttClient } from 'mqtt'
import { type Delivery, Redeliveries } from './redelivery.ts'

export interface ConnectionOptions {
  /** `mqtt://`, `mqtts://`, `ws://` or `wss://`. */
  readonly url: string
  /** By which the broker knows the session again. */
  readonly clientId: string
  readonly username?: string
  readonly password?: string
  /** Certificates, as PEM, that vouch for the broker; absent: those that vouch for everybody. */
  readonly ca?: Buffer
  /** Pause before the next attempt to connect, in milliseconds. */
  readonly reconnectEvery?: number
  /** What the broker says when the connection breaks; asked for before each attempt. */
  readonly will?: () => NonNullable<IClientOptions['will']>
  /** Topics that are wanted, at each connect. */
  readonly filters: () => readonly string[]
  /** Takes a message; when it resolves the message is acknowledged, when it rejects it comes again after a reconnect. */
  readonly take: (message: Message) => Promise<void>
  readonly connected: () => void
  readonly lost: (reason: string) => void
  readonly failed: (error: Error) => void
}

export interface Message {
  readonly topic: string
  readonly payload: Buffer
  /** The broker had kept it when the hub subscribed; what comes as it happens is not marked so. */
  readonly isRetained: boolean
}

/** Messages, and bytes of them, that are being taken at once; the broker, and the socket, hold the others back. */
const MAX_MESSAGES_IN_FLIGHT = 1000
const MAX_BYTES_IN_FLIGHT = 16 * 1024 * 1024

/** Largest message, in bytes. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024

/** Seconds for which the broker keeps the session; never would be forgotten there for ever. */
const SESSION_EXPIRY_S = 30 * 86_400

const RECONNECT_INTERVAL_MS = 2000
const KEEPALIVE_S = 30

/** Publications that may wait for their acknowledgement at once; some brokers allow twenty. */
const MAX_PUBLISHES_IN_FLIGHT = 20

/** Subscriptions in one packet; some brokers take no more. */
const TOGETHER = 8

/** Tells mqtt.js to send no acknowledgement and go on: ours follows. */
const ACKNOWLEDGED_LATER = new Error('acknowledged later')

export class Connection {
  readonly #options: ConnectionOptions
  readonly #client: MqttClient
  readonly #deliveries = new Redeliveries()
  #subscribed = new Set<string>()
  #underWay = 0
  #bytes = 0
  /** Goes on reading, where it stopped for want of room. */
  #goOn: (() => void) | undefined
  #isClosing = false
  /** The next connection, for those who wait for it. */
  #next = Promise.withResolvers<void>()
  #error: Error | undefined
  #publishing = 0
  #turns: (() => void)[] = []
  /** Publications that the broker has not acknowledged: how each is given up. */
  readonly #pending = new Set<(error: Error) => void>()

  constructor(options: ConnectionOptions) {
    this.#options = options
    const { url, clientId, username, password, ca, will, reconnectEvery = RECONNECT_INTERVAL_MS } = options
    this.#client = mqtt.connect(url, {
      clientId,
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
      ...(ca !== undefined && { ca }),
      ...(will !== undefined && { will: will() }),
      clean: false,
      protocolVersion: 5,
      keepalive: KEEPALIVE_S,
      reconnectPeriod: reconnectEvery,
      reconnectOnConnackError: true,
      resubscribe: false,
      queueQoSZero: false,
      properties: {
        receiveMaximum: MAX_MESSAGES_IN_FLIGHT,
        sessionExpiryInterval: SESSION_EXPIRY_S,
        maximumPacketSize: MAX_MESSAGE_BYTES
      }
    })
    this.#next.promise.catch(() => {})
    this.#client.handleMessage = (packet, next) => this.#handle(packet, next)
    this.#client.on('connect', (packet) => this.#connected(packet))
    this.#client.on('error', (error) => {
      this.#error = error
      if (!this.#wantsOlder(error)) options.failed(error)
    })
    this.#client.on('close', () => this.#closed())
    this.#client.on('reconnect', () => {
      if (will !== undefined) this.#client.options.will = will()
    })
  }

  get isConnected(): boolean {
    return this.#client.connected
  }

  /** Messages that are being taken. */
  get underWay(): number {
    return this.#underWay
  }

  /** Resolves while there is a connection, else with the next one. @throws Error where it is closed for good */
  async whenConnected(): Promise<void> {
    if (!this.#client.connected) await this.#next.promise
  }

  /**
   * Publishes; resolves when the broker has acknowledged (QoS 1) or when it is sent (QoS 0).
   * @throws Error where there is no connection
   */
  async publish(
    topic: string,
    payload: Buffer | string,
    { qos = 1, retain = false }: { qos?: 0 | 1; retain?: boolean } = {}
  ) {
    while (this.#publishing >= MAX_PUBLISHES_IN_FLIGHT) await new Promise<void>((resolve) => this.#turns.push(resolve))
    this.#publishing++
    let rejected: ((error: Error) => void) | undefined
    try {
      // What waits in a queue of its own would be sent after a reconnect, and again by whoever asked for it.
      if (!this.#client.connected || this.#isClosing) throw new Error('There is no connection to the broker')
      await new Promise<void>((resolve, reject) => {
        rejected = reject
        this.#pending.add(reject)
        this.#client.publish(topic, payload, { qos, retain }, (error) => (error ? reject(error) : resolve()))
      })
    } finally {
      if (rejected !== undefined) this.#pending.delete(rejected)
      this.#publishing--
      this.#turns.shift()?.()
    }
  }

  /** Brings the subscriptions in step with what is wanted now. */
  refresh(): void {
    if (!this.#client.connected) return
    const wanted = new Set(this.#options.filters())
    const gone = [...this.#subscribed].filter((filter) => !wanted.has(filter))
    const added = [...wanted].filter((filter) => !this.#subscribed.has(filter))
    this.#subscribed = wanted
    if (gone.length > 0) this.#client.unsubscribe(gone, (error) => error && this.#options.failed(error))
    if (added.length > 0) this.#subscribe(added)
  }

  /** Takes no more, waits for what is being taken, for so many milliseconds at most, and leaves. */
  async close(patience: number): Promise<void> {
    this.#isClosing = true
    let timer: NodeJS.Timeout | undefined
    const waited = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patience)
    })
    await Promise.race([Promise.allSettled(this.#deliveries.waiting), waited])
    clearTimeout(timer)
    for (const turn of this.#turns.splice(0)) turn()
    this.#next.reject(new Error('The hub stops'))
    for (const giveUp of this.#pending) giveUp(new Error('The hub stops'))
    // A publication that nobody acknowledges any more must not hold up the end.
    await this.#client.endAsync(Object.keys(this.#client.outgoing).length > 0 || !this.#client.connected)
  }

  #connected({ sessionPresent }: IConnackPacket): void {
    this.#error = undefined
    if (!sessionPresent) this.#deliveries.forget()
    this.#subscribed = new Set(this.#options.filters())
    this.#subscribe([...this.#subscribed])
    this.#next.resolve()
    this.#next = Promise.withResolvers()
    this.#next.promise.catch(() => {})
    this.#options.connected()
  }

  #closed(): void {
    if (this.#isClosing) return
    const error = this.#error
    this.#error = undefined
    this.#deliveries.interrupt()
    if (this.#wantsOlder(error)) this.#client.options.protocolVersion = 4
    else this.#options.lost(error?.message ?? 'the connection was closed')
  }

  /** Does the broker refuse MQTT 5? Those of before its time say so with the code of theirs. */
  #wantsOlder(error: Error | undefined): boolean {
    if (this.#client.options.protocolVersion !== 5 || error === undefined || !('code' in error)) return false
    return error.code === 1 || error.code === 132
  }

  #subscribe(filters: readonly string[]): void {
    // What the hub publishes itself must not come back to it; only MQTT 5 can say so.
    const own = this.#client.options.protocolVersion === 5 ? { nl: true } : {}
    for (let start = 0; start < filters.length; start += TOGETHER) {
      const some = filters.slice(start, start + TOGETHER)
      this.#client.subscribe(some, { qos: 1, ...own }, (error, granted = []) => {
        if (error) this.#options.failed(error)
        for (const { topic, qos } of granted) {
          if (qos >= 128) this.#options.failed(new Error(`The broker refuses the subscription to "${topic}"`))
        }
      })
    }
  }

  #handle(packet: IPublishPacket, next: (error?: Error) => void): void {
    if (this.#isClosing) return
    const { topic, messageId, qos, retain: isRetained } = packet
    const payload = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload)
    if (qos === 0 || messageId === undefined) void this.#start({ topic, payload, isRetained }).catch(() => {})
    else {
      const digest = `${topic}\n${hash('sha1', payload)}`
      const known = this.#deliveries.repeated(messageId, digest, packet.dup === true)
      this.#deliveries.add({ messageId, delivery: known ?? this.#deliver(digest, { topic, payload, isRetained }) })
      this.#acknowledge()
    }
    const goOn = () => next(ACKNOWLEDGED_LATER)
    if (this.#underWay < MAX_MESSAGES_IN_FLIGHT && this.#bytes < MAX_BYTES_IN_FLIGHT) goOn()
    else this.#goOn = goOn
  }

  #deliver(digest: string, message: Message): Delivery {
    const done = this.#start(message)
    const delivery: Delivery = { digest, done, settled: 'no' }
    done.then(
      () => {
        delivery.settled = 'taken'
        this.#acknowledge()
      },
      () => {
        delivery.settled = 'failed'
      }
    )
    return delivery
  }

  async #start(message: Message): Promise<void> {
    const { length } = message.payload
    this.#underWay++
    this.#bytes += length
    try {
      await this.#options.take(message)
    } finally {
      this.#underWay--
      this.#bytes -= length
      const goOn = this.#goOn
      this.#goOn = undefined
      goOn?.()
    }
  }

  #acknowledge(): void {
    if (!this.#client.connected) return
    // PUBACK without a reason is the same four bytes in every version (MQTT 5.0, 3.4.2.1).
    const packets = this.#deliveries.settle().map((id) => [0x40, 2, id >> 8, id & 0xff])
    if (packets.length > 0) this.#client.stream.write(Buffer.from(packets.flat()))
  }
}
