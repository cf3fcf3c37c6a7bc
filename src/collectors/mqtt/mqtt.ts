/**
 * The connector for MQTT: an interface listens to the topics of its items. The broker keeps messages while there is no
 * connection, so that a lost one changes no value; a message is acknowledged when its samples are durable.
 */
import { waitAtMost } from '../../clock.ts'
import type { Attachment, Broker, BrokerListener } from '../../mqtt/broker.ts'
import type { MqttMessage } from '../../mqtt/broker-connection.ts'
import { parsePayload } from '../../mqtt/payload.ts'
import type { InterfaceDescription, InterfaceItem } from '../../operations/asset-interfaces/asset-interface.ts'
import { member, text } from '../../operations/asset-interfaces/members.ts'
import {
  type CollectedSample,
  CollectorError,
  type OpenOptions,
  type OpenSession,
  type Session,
  type SessionContext
} from '../connector.ts'
import { itemBelow } from '../item-below.ts'
import { ItemDelivery } from '../item-delivery.ts'
import { typedValue } from '../typed-value.ts'
import type { Brokers, OpenBroker } from './brokers.ts'
import { type MqttPoint, pointOf, ROOT } from './point.ts'

/** How long a test waits for messages: those that the broker retains come at once. */
const TEST_WAIT_MS = 5000
const CONFIRM_TIMEOUT_MS = 10_000

export function mqttConnector(brokers: Brokers): OpenSession {
  return async (description, context, options = {}) => {
    const open = await brokers.open(description, context, options.isTest === true)
    const session = new MqttSession(open, description, context, options)
    try {
      await session.begin()
      return session
    } catch (error) {
      await session.close()
      throw error
    }
  }
}

class MqttSession implements Session, BrokerListener {
  readonly #open: OpenBroker
  readonly #context: SessionContext
  readonly #options: OpenOptions
  readonly #delivery: ItemDelivery
  #interface: InterfaceDescription
  #points = new Map<string, MqttPoint>()
  #byTopic = new Map<string, MqttPoint[]>()
  #attachment: Attachment | undefined
  /** Topics that the broker refuses. */
  readonly #refused = new Set<string>()
  #isConnected = false
  #wasConnected = false
  /** Of a test: the first sample of each item, by its path. */
  readonly #arrived = new Map<string, CollectedSample>()
  #allArrived: () => void = () => {}

  constructor(open: OpenBroker, description: InterfaceDescription, context: SessionContext, options: OpenOptions) {
    this.#open = open
    this.#context = context
    this.#options = options
    this.#interface = description
    this.#delivery = new ItemDelivery(context)
    this.#parse(description)
  }

  get #broker(): Broker {
    return this.#open.broker
  }

  /** Resolves when the first attempt to reach the broker has ended. @throws CollectorError in a test, where it failed */
  async begin(): Promise<void> {
    const { signal } = this.#context
    const isReading = this.#options.isTest !== true
    if (isReading) this.#attachment = this.#broker.attach([...this.#byTopic.keys()], this)
    const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    await Promise.race([this.#broker.settled, stopped])
    signal.throwIfAborted()
    const { status } = this.#broker
    if (status?.isConnected === false) {
      if (!isReading) throw new CollectorError(reasonOf(status.reason))
      this.lost(status.reason, status.retryMs)
    } else {
      this.#isConnected = true
      this.#wasConnected = true
    }
  }

  async reconfigure(description: InterfaceDescription): Promise<boolean> {
    const { base, endpoint } = this.#interface
    if (description.base !== base || JSON.stringify(description.endpoint) !== JSON.stringify(endpoint)) return false
    this.#interface = description
    this.#delivery.reset()
    this.#refused.clear()
    this.#parse(description)
    this.#attachment?.change([...this.#byTopic.keys()])
    return true
  }

  /** In a test: waits for a message of each item. */
  async read(items: readonly InterfaceItem[]): Promise<readonly CollectedSample[]> {
    const { clock, signal } = this.#context
    const wanted = items.filter(({ path }) => this.#points.has(path))
    const done = new AbortController()
    this.#allArrived = () => {
      if (wanted.every(({ path }) => this.#arrived.has(path))) done.abort()
    }
    const attachment = this.#broker.attach([...this.#byTopic.keys()], this)
    if (wanted.length > 0) await clock.sleep(TEST_WAIT_MS, AbortSignal.any([signal, done.signal]))
    attachment.detach()
    const time = clock.now()
    return items.map((item) => {
      const reason = this.#missingReason(item)
      return this.#arrived.get(item.path) ?? { item, value: undefined, time, quality: 'bad', reason }
    })
  }

  /** Resolves when the broker has confirmed: whether the machine listens it does not say. */
  async write(item: InterfaceItem, value: unknown): Promise<void> {
    const point = this.#points.get(item.path)
    if (point === undefined) throw new CollectorError('its description is wrong')
    if (item.keys.length > 0) throw new CollectorError('a field of a message cannot be written by itself')
    const { topics, isText, isRetained } = point
    const typed = typedValue(value, text(member(item.affordance, 'type')))
    const published = this.#broker.publish(topics[0], isText ? String(value) : JSON.stringify(typed), {
      retain: isRetained
    })
    let isConfirmed = false
    const confirmed = published.then(
      () => {
        isConfirmed = true
      },
      (error: Error) => {
        throw new CollectorError(reasonOf(error.message))
      }
    )
    await waitAtMost(this.#context.clock, CONFIRM_TIMEOUT_MS, confirmed)
    if (!isConfirmed) throw new CollectorError('the broker did not confirm it in time')
  }

  async close(): Promise<void> {
    this.#attachment?.detach()
    await this.#open.release()
  }

  // ---- called by the broker

  async message(message: MqttMessage): Promise<void> {
    const samples = this.#samplesOf(message)
    if (this.#options.isTest === true) {
      for (const sample of samples)
        if (!this.#arrived.has(sample.item.path)) this.#arrived.set(sample.item.path, sample)
      this.#allArrived()
    } else if (this.#isConnected) await this.#delivery.pass(samples)
    else await this.#context.deliver(samples)
  }

  connected(isResumed: boolean): void {
    const { gap, recovered } = this.#context
    if (this.#wasConnected && !isResumed) gap('the broker did not keep the session: messages since then are missing')
    this.#isConnected = true
    this.#wasConnected = true
    this.#refused.clear()
    recovered()
    void this.#delivery.pass([])
  }

  lost(reason: string, retryMs: number): void {
    this.#isConnected = false
    this.#context.interrupted(reasonOf(reason), retryMs)
  }

  refused(topic: string): void {
    this.#refused.add(topic)
    const time = this.#context.clock.now()
    const reason = `the broker does not allow to subscribe to ${topic}`
    const items = (this.#byTopic.get(topic) ?? [])
      .filter((point) => this.#isRefused(point))
      .map(({ item }) => ({ item, value: undefined, time, quality: 'bad', reason }) as const)
    if (items.length > 0) void this.#delivery.pass(items)
  }

  #isRefused({ topics }: MqttPoint): boolean {
    return topics.every((topic) => this.#refused.has(topic))
  }

  #missingReason({ path }: InterfaceItem): string {
    const point = this.#points.get(path)
    if (point === undefined) return 'its description is wrong'
    if (this.#isRefused(point)) return `the broker does not allow to subscribe to ${point.topics[0]}`
    return `no message came within ${TEST_WAIT_MS / 1000} s`
  }

  #parse(description: InterfaceDescription): void {
    this.#points = new Map()
    this.#byTopic = new Map()
    for (const item of description.items) {
      try {
        const point = pointOf(description, item)
        this.#points.set(item.path, point)
        if (item.sinks.length === 0) continue
        for (const topic of point.topics) this.#byTopic.set(topic, [...(this.#byTopic.get(topic) ?? []), point])
      } catch (error) {
        this.#context.problem(item.path, (error as Error).message)
      }
    }
  }

  #samplesOf(message: MqttMessage): CollectedSample[] {
    const arrival = this.#context.clock.now()
    return (this.#byTopic.get(message.topic) ?? []).flatMap((point) => samplesOf(point, message, arrival))
  }
}

/** A sample whose value is missing and quality bad for a message that cannot be read; none for one without a value. */
function samplesOf(
  { item, rule }: MqttPoint,
  { payload, isRetained }: MqttMessage,
  arrival: bigint
): CollectedSample[] {
  const path = rule.fields === undefined ? ROOT : ''
  const { samples, problems } = parsePayload(payload, { id: '' }, path, rule, arrival)
  const [problem] = problems
  const reason = problem === undefined ? undefined : `${item.path}: ${problem}`
  if (samples.length === 0) {
    return reason === undefined ? [] : [{ item, value: undefined, time: arrival, quality: 'bad', reason }]
  }
  return samples.map(({ path: found, value, time, quality }, at) => ({
    ...{ item: itemBelow(item, found.slice(ROOT.length)), value, time: time ?? arrival },
    ...(quality !== undefined && { quality }),
    ...(isRetained && { repeated: time === undefined ? 'arrival' : 'source' }),
    ...(reason !== undefined && at === 0 && { reason })
  }))
}

function reasonOf(message: string): string {
  return `the broker cannot be reached: ${message}`
}
