/** The hub as a client of the broker: messages become samples, and changes in the hub are published. */
import { waitAtMost } from '../../clock.ts'
import { startConsumer } from '../../consumers/consumer.ts'
import { encodeCommand } from '../../formats/sparkplug.ts'
import { BrokerConnection, type MqttMessage } from '../../mqtt/broker-connection.ts'
import { BirthStore } from './births.ts'
import { HostState } from './host-state.ts'
import { MessageHandler, type MqttCounts } from './message-handler.ts'
import type { MqttOptions } from './options.ts'
import { type PublicationForm, publisher } from './publishing/publisher.ts'
import type { RateLimitedLog } from './rate-limited-log.ts'
import type { ParsedMessage } from './sample.ts'
import { SparkplugHost } from './sparkplug.ts'
import { sparkplugFilters } from './sparkplug-topics.ts'

/** How long work in progress may take when the hub stops. */
const STOP_TIMEOUT_MS = 5000
const OFFLINE_TIMEOUT_MS = 500

/** How long an edge node may take to answer a rebirth request. */
const EDGE_TIMEOUT_MS = 30_000

export class BrokerClient {
  readonly #options: MqttOptions
  readonly #log: RateLimitedLog
  readonly #edgeTimeoutMs: number
  readonly #hostState: HostState | undefined
  readonly #sparkplug: SparkplugHost | undefined
  readonly #handler: MessageHandler
  readonly #stopping = new AbortController()
  #connection: BrokerConnection | undefined
  /** Births and deaths may have passed before the next connect. */
  #mayHaveMissed = false
  #stopUnbornTimer: () => void = () => {}
  #stopSilenceTimer: () => void = () => {}
  #stopPublishing: (() => Promise<void>)[] = []

  /** Returns before the broker is reached. */
  static async open(options: MqttOptions, log: RateLimitedLog, counts: MqttCounts): Promise<BrokerClient> {
    const client = new BrokerClient(options, log, counts)
    await client.#start()
    return client
  }

  private constructor(options: MqttOptions, log: RateLimitedLog, counts: MqttCounts) {
    const { hub, mapping, edgeTimeoutMs = EDGE_TIMEOUT_MS } = options
    const { sparkplug, topics: rules } = mapping
    const { clock } = hub.ingest
    this.#options = options
    this.#log = log
    this.#edgeTimeoutMs = edgeTimeoutMs
    this.#hostState = sparkplug?.hostId === undefined ? undefined : new HostState(sparkplug.hostId, clock)
    this.#sparkplug =
      sparkplug && new SparkplugHost(sparkplug, (group, edge) => this.#requestRebirth(group, edge), clock)
    this.#handler = new MessageHandler({
      hub,
      access: options.access,
      log,
      rules,
      signal: this.#stopping.signal,
      counts,
      ...(this.#sparkplug !== undefined && { sparkplug: this.#sparkplug })
    })
  }

  get isConnected(): boolean {
    return this.#connection?.isConnected === true
  }

  /** Acknowledges durable messages, announces the host as offline, and disconnects. */
  async close(): Promise<void> {
    this.#stopSilenceTimer()
    this.#stopUnbornTimer()
    this.#options.broker?.unbind()
    const published = Promise.all(this.#stopPublishing.map((stop) => stop()))
    const { clock } = this.#options.hub.ingest
    const cancel = clock.after(STOP_TIMEOUT_MS, () => this.#stopping.abort())
    const state = this.#hostState
    if (state !== undefined && this.isConnected) {
      const announced = this.#connection?.publish(state.topic, state.offline(), { retain: true }).catch(() => {})
      await waitAtMost(clock, OFFLINE_TIMEOUT_MS, Promise.resolve(announced))
    }
    await this.#connection?.close(STOP_TIMEOUT_MS)
    await published
    cancel()
    this.#stopping.abort()
  }

  async #start(): Promise<void> {
    const { broker, forms = [] } = this.#options
    await this.#restoreBirths()
    this.#watchUnbornDevices()
    const connection = this.#connect()
    this.#connection = connection
    broker?.bind(connection)
    this.#stopPublishing = forms.map((form) => this.#publishChanges(connection, form))
  }

  #connect(): BrokerConnection {
    const { hub, mapping, broker: shared, ...broker } = this.#options
    const { sparkplug, topics: rules } = mapping
    const state = this.#hostState
    return new BrokerConnection({
      ...broker,
      clock: hub.ingest.clock,
      clientId: broker.clientId ?? `aas-hub-${hub.store.epoch.slice(0, 12)}`,
      filters: () => [
        ...(sparkplug === undefined ? [] : sparkplugFilters(sparkplug)),
        ...rules.map(({ pattern }) => pattern.filter),
        ...(shared?.topics ?? [])
      ],
      handle: (message) => this.#handle(message),
      connected: (isResumed) => this.#connected(isResumed),
      lost: (reason, retryMs) => {
        this.#stopSilenceTimer()
        shared?.lost(reason, retryMs)
        this.#log.warn('Not connected to the MQTT broker; retrying', { url: broker.url, reason })
      },
      failed: (error) => this.#log.warn('The MQTT broker refused a request', { err: error }),
      refused: (filter) => shared?.refused(filter),
      ...(state !== undefined && { will: () => state.will() })
    })
  }

  async #handle(message: MqttMessage): Promise<void> {
    const state = this.#hostState
    if (state?.topic !== message.topic) await this.#receive(message)
    // Published by another client, or by the broker as a late will of our own.
    else if (state.contradicts(message.payload)) this.#announceOnline()
  }

  /** Described interfaces and the mapping are independent: a message may be for both. */
  async #receive(message: MqttMessage): Promise<void> {
    const { broker } = this.#options
    const isMapped = this.#handler.isMapped(message.topic)
    const isTaken = broker?.handle(message, !isMapped)
    await Promise.all([isTaken, isMapped && this.#handler.handle(message)])
    if (!isMapped && (await isTaken) !== true) await this.#handler.handle(message)
  }

  #connected(isResumed: boolean): void {
    this.#options.log.info({ url: this.#options.url }, 'Connected to the MQTT broker')
    this.#options.broker?.connected(isResumed)
    this.#announceOnline()
    if (this.#mayHaveMissed) this.#watchSilentNodes()
    this.#mayHaveMissed = true
  }

  #announceOnline(): void {
    const state = this.#hostState
    if (state === undefined) return
    this.#connection?.publish(state.topic, state.online(), { retain: true }).catch(() => {})
  }

  #publishChanges(connection: BrokerConnection, form: PublicationForm): () => Promise<void> {
    const { store, documents = store, ingest } = this.#options.hub
    const stores = () => ({ store: documents, view: this.#options.published?.() })
    const consumer = publisher(stores, {
      form,
      failed: (error) => this.#log.warn('Publishing changes by MQTT failed; retrying', { err: error }),
      publish: async (topic, payload) => {
        await connection.whenConnected()
        await connection.publish(topic, payload)
      }
    })
    return startConsumer(store, consumer, ingest.clock)
  }

  // ---- Sparkplug

  async #restoreBirths(): Promise<void> {
    if (this.#sparkplug === undefined) return
    for await (const birth of new BirthStore(this.#options.hub.store).load()) {
      this.#sparkplug.restore(birth)
      this.#mayHaveMissed = true
    }
  }

  #requestRebirth(group: string, edge: string): void {
    this.#options.log.info({ group, edge }, 'Requesting a rebirth from an edge node')
    const command = encodeCommand('Node Control/Rebirth', true, this.#options.hub.ingest.clock.milliseconds())
    // If this fails, the node's next message leads to another request.
    this.#connection?.publish(`spBv1.0/${group}/NCMD/${edge}`, command, { qos: 0 }).catch(() => {})
  }

  #watchUnbornDevices(): void {
    const { clock } = this.#options.hub.ingest
    const expire = () => this.#lose(this.#sparkplug?.expireUnbornDevices(clock.monotonic() - this.#edgeTimeoutMs))
    this.#stopUnbornTimer = clock.every(this.#edgeTimeoutMs, expire)
  }

  /** An edge node that died while the hub was disconnected does not answer. */
  #watchSilentNodes(): void {
    const { clock } = this.#options.hub.ingest
    const since = clock.monotonic()
    this.#sparkplug?.reconnected()
    const expire = () => this.#lose(this.#sparkplug?.expireSilentNodes(since))
    this.#stopSilenceTimer = clock.after(this.#edgeTimeoutMs, expire)
  }

  #lose(message: ParsedMessage | undefined): void {
    if (message !== undefined && message.losses.length > 0) this.#handler.handleLosses(message).catch(() => {})
  }
}
