/** One subscription of a server: its items, and what the server sends of them, completely. */
import {
  AttributeIds,
  type ClientMonitoredItemBase,
  ClientMonitoredItemGroup,
  type ClientSession,
  type ClientSubscription,
  DataChangeFilter,
  DataChangeNotification,
  DataChangeTrigger,
  type DataValue,
  DeadbandType,
  type NodeId,
  type NotificationMessage,
  RepublishRequest,
  type RepublishResponse,
  StatusCodes,
  TimestampsToReturn
} from 'node-opcua-client'
import type { Clock } from '../../../clock.ts'
import type { MonitoredNode } from '../messages.ts'
import { type NotifiedNumbers, takeNumbers } from './notified-numbers.ts'
import { sentenceOf } from './refused.ts'
import { SequenceNumbers } from './sequence-numbers.ts'

export interface SubscriptionEvents {
  /** @param numbers are valid during the call @param handles of the nodes, by the numbers of their items */
  numbers(numbers: NotifiedNumbers, handles: ArrayLike<number | undefined>): void
  /** Any other value. */
  changed(handle: number, value: DataValue): void
  /** It was created again after a reconnect: what the server held is lost. */
  renewed(): void
  /** The server gave it up. */
  ended(reason: string): void
  /** Messages that the server sent have not arrived, and it does not send them again. */
  missed(count: number): void
}

export interface ResolvedNode {
  readonly wanted: MonitoredNode
  readonly nodeId: NodeId
}

export interface SubscriptionOptions {
  readonly session: ClientSession
  readonly publishingMs: number
  /** Of keep-alives, where nothing changes. */
  readonly keepAliveMs: number
  readonly events: SubscriptionEvents
  readonly clock: Clock
}

/** How long a server keeps what it could not send. */
const LIFETIME_MS = 120_000
const MAX_NOTIFICATIONS = 10_000

/** What the client library does not declare. */
interface Undeclared {
  lastSequenceNumber: number
  readonly session: { republish(request: RepublishRequest): Promise<RepublishResponse> }
  onNotificationMessage(message: NotificationMessage): void
  _delete_monitored_items(items: readonly ClientMonitoredItemBase[], done: (error?: Error) => void): void
}

export class ItemSubscription {
  readonly #subscription: ClientSubscription & Undeclared
  readonly #events: SubscriptionEvents
  readonly #clock: Clock
  readonly #sequence = new SequenceNumbers()
  /** Of the nodes, by the numbers of their items. */
  readonly #handles: (number | undefined)[] = []
  /** Number of items. */
  size = 0
  /** The server accepts no more. */
  isFull = false
  /** When anything came from the server last, also a keep-alive, by the monotonic clock. */
  heardMs: number

  static async create(options: SubscriptionOptions): Promise<ItemSubscription> {
    const { session, publishingMs, keepAliveMs } = options
    const subscription = await session.createSubscription2({
      requestedPublishingInterval: publishingMs,
      requestedMaxKeepAliveCount: Math.max(3, Math.ceil(keepAliveMs / publishingMs)),
      requestedLifetimeCount: Math.max(60, Math.ceil(LIFETIME_MS / publishingMs)),
      maxNotificationsPerPublish: MAX_NOTIFICATIONS,
      publishingEnabled: true,
      priority: 1
    })
    return new ItemSubscription(subscription as ClientSubscription & Undeclared, options)
  }

  private constructor(subscription: ClientSubscription & Undeclared, { events, clock }: SubscriptionOptions) {
    this.#subscription = subscription
    this.#events = events
    this.#clock = clock
    this.heardMs = clock.monotonic()
    subscription.on('raw_notification', (message) => this.#receive(message))
    subscription.on('status_changed', (status) => {
      if (status.isNot(StatusCodes.GoodSubscriptionTransferred)) events.ended(status.name)
    })
    subscription.on('subscriptionId_changed', () => {
      this.#sequence.reset()
      events.renewed()
    })
  }

  /**
   * @param nodes that are monitored alike, no more than the server takes at once
   * @returns an item for each; its status says whether it is monitored
   */
  async add(nodes: readonly ResolvedNode[]): Promise<readonly ClientMonitoredItemBase[]> {
    const [first] = nodes
    if (first === undefined) return []
    const group = ClientMonitoredItemGroup.create(
      this.#subscription,
      nodes.map(({ nodeId }) => ({ nodeId, attributeId: AttributeIds.Value })),
      parametersOf(first.wanted),
      TimestampsToReturn.Both
    )
    const places = new Map(group.monitoredItems.map((item, at) => [item, at]))
    // Their numbers are known before the server gets the request: the first values may come before its answer.
    const added = (item: ClientMonitoredItemBase) => {
      const at = places.get(item)
      if (at !== undefined) this.#handles[item.monitoringParameters.clientHandle] = nodes[at]?.wanted.handle
    }
    this.#subscription.on('item_added', added)
    group.on('changed', (_item: ClientMonitoredItemBase, value: DataValue, at: number) => {
      const handle = nodes[at]?.wanted.handle
      if (handle !== undefined) this.#events.changed(handle, value)
    })
    try {
      await ready(group)
    } finally {
      this.#subscription.off('item_added', added)
    }
    for (const item of group.monitoredItems) {
      if (item.statusCode.isGood()) this.size++
      else this.#forget(item)
    }
    return group.monitoredItems
  }

  async remove(items: readonly ClientMonitoredItemBase[]): Promise<void> {
    this.size -= items.length
    this.isFull = false
    for (const item of items) this.#forget(item)
    await new Promise<void>((resolve, reject) =>
      this.#subscription._delete_monitored_items(items, (error) => (error === undefined ? resolve() : reject(error)))
    )
  }

  #forget({ monitoringParameters }: ClientMonitoredItemBase): void {
    this.#handles[monitoringParameters.clientHandle] = undefined
  }

  #receive(message: NotificationMessage): void {
    this.heardMs = this.#clock.monotonic()
    const { notificationData, sequenceNumber } = message
    if (notificationData === null || notificationData.length === 0) return
    const missing = this.#sequence.note(sequenceNumber)
    for (const data of notificationData) {
      if (!(data instanceof DataChangeNotification)) continue
      takeNumbers(data, (numbers) => this.#events.numbers(numbers, this.#handles))
    }
    if (missing.length > 0) void this.#fetchAgain(missing)
  }

  /** The server keeps what was not acknowledged (OPC 10000-4, 5.14.6). */
  async #fetchAgain(missing: readonly number[]): Promise<void> {
    const subscription = this.#subscription
    const { subscriptionId, session } = subscription
    let missed = 0
    for (const retransmitSequenceNumber of missing) {
      try {
        const request = new RepublishRequest({ subscriptionId, retransmitSequenceNumber })
        const { notificationMessage } = await session.republish(request)
        const last = subscription.lastSequenceNumber
        subscription.onNotificationMessage(notificationMessage)
        // After a reconnect the library asks for what follows this one.
        subscription.lastSequenceNumber = last
      } catch {
        missed++
      }
    }
    if (missed > 0) this.#events.missed(missed)
  }
}

function parametersOf({ samplingMs, queueSize, deadband }: MonitoredNode) {
  const filter =
    deadband === undefined
      ? undefined
      : new DataChangeFilter({
          trigger: DataChangeTrigger.StatusValue,
          deadbandType: deadband.kind === 'percent' ? DeadbandType.Percent : DeadbandType.Absolute,
          deadbandValue: deadband.value
        })
  return {
    samplingInterval: samplingMs,
    queueSize,
    discardOldest: true,
    ...(filter !== undefined && { filter })
  }
}

function ready(group: ClientMonitoredItemGroup): Promise<void> {
  return new Promise((resolve, reject) => {
    group.once('initialized', () => resolve())
    group.once('err', (text: string) => reject(new Error(sentenceOf(new Error(text)))))
  })
}
