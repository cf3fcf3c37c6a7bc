/** The monitored items of a connection, spread over as many subscriptions as the server's limits need. */
import {
  AttributeIds,
  type ClientMonitoredItemBase,
  ClientMonitoredItemGroup,
  type ClientSession,
  type ClientSubscription,
  DataChangeFilter,
  DataChangeTrigger,
  type DataValue,
  DeadbandType,
  type NodeId,
  StatusCodes,
  TimestampsToReturn
} from 'node-opcua-client'
import type { MonitoredNode } from '../messages.ts'
import { sentenceOf } from './refused.ts'

export interface SubscriptionEvents {
  changed(handle: number, value: DataValue): void
  /** Anything came from the server, also a keep-alive. */
  heard(): void
  problem(handle: number, text: string): void
  /** The server gave up a subscription, or it was created again after a reconnect: what it held is lost. */
  renewed(): void
}

export interface ServerLimits {
  readonly itemsPerCall: number
  readonly itemsPerSubscription: number
}

export interface ResolvedNode {
  readonly wanted: MonitoredNode
  readonly nodeId: NodeId
}

/** Of keep-alives, where nothing changes. */
const KEEP_ALIVE_MS = 5000
/** How long a server keeps what it could not send. */
const LIFETIME_MS = 120_000
const MAX_NOTIFICATIONS = 10_000

interface Held {
  readonly subscription: ClientSubscription
  /** The server accepts no more. */
  isFull: boolean
  size: number
}

interface Monitored {
  readonly item: ClientMonitoredItemBase
  readonly held: Held
}

export class MonitoredItems {
  readonly #session: ClientSession
  readonly #publishingMs: number
  readonly #limits: ServerLimits
  readonly #events: SubscriptionEvents
  readonly #held: Held[] = []
  /** By handle. */
  readonly #monitored = new Map<number, Monitored>()

  constructor(session: ClientSession, publishingMs: number, limits: ServerLimits, events: SubscriptionEvents) {
    this.#session = session
    this.#publishingMs = publishingMs
    this.#limits = limits
    this.#events = events
  }

  get count(): number {
    return this.#held.length
  }

  get keepAliveMs(): number {
    return Math.max(KEEP_ALIVE_MS, 3 * this.#publishingMs)
  }

  has(handle: number): boolean {
    return this.#monitored.has(handle)
  }

  get handles(): Iterable<number> {
    return this.#monitored.keys()
  }

  /** Items that the server refuses are reported one by one; the others work. */
  async add(nodes: readonly ResolvedNode[]): Promise<void> {
    const alike = Map.groupBy(nodes, ({ wanted }) =>
      [wanted.samplingMs, wanted.queueSize, wanted.deadband?.kind, wanted.deadband?.value].join()
    )
    for (const group of alike.values()) {
      let rest: readonly ResolvedNode[] = group
      while (rest.length > 0) rest = await this.#addSome(rest)
    }
  }

  async remove(handles: readonly number[]): Promise<void> {
    const found = handles.flatMap((handle) => this.#monitored.get(handle) ?? [])
    for (const handle of handles) this.#monitored.delete(handle)
    for (const { item, held } of found) {
      held.size--
      held.isFull = false
      await item.terminate()
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#held.map(({ subscription }) => subscription.terminate().catch(() => {})))
  }

  /** @returns those that are left to be added */
  async #addSome(nodes: readonly ResolvedNode[]): Promise<readonly ResolvedNode[]> {
    const held = await this.#withRoom()
    const room = Math.min(this.#limits.itemsPerCall, this.#limits.itemsPerSubscription - held.size)
    const [some, rest] = [nodes.slice(0, room), nodes.slice(room)]
    const [first] = some
    if (first === undefined) return rest
    const group = ClientMonitoredItemGroup.create(
      held.subscription,
      some.map(({ nodeId }) => ({ nodeId, attributeId: AttributeIds.Value })),
      parametersOf(first.wanted),
      TimestampsToReturn.Both
    )
    group.on('changed', (_item: ClientMonitoredItemBase, value: DataValue, at: number) => {
      const handle = some[at]?.wanted.handle
      if (handle !== undefined) this.#events.changed(handle, value)
    })
    await ready(group)
    const again: ResolvedNode[] = []
    for (const [at, item] of group.monitoredItems.entries()) {
      const node = some[at]
      if (node === undefined) continue
      if (item.statusCode.isGood()) {
        held.size++
        this.#monitored.set(node.wanted.handle, { item, held })
      } else if (item.statusCode.equals(StatusCodes.BadTooManyMonitoredItems) && held.size > 0) {
        // More than the server said it takes, or it did not say: the rest goes to a further subscription.
        held.isFull = true
        again.push(node)
      } else this.#events.problem(node.wanted.handle, refusalOf(item.statusCode))
    }
    return [...again, ...rest]
  }

  async #withRoom(): Promise<Held> {
    const last = this.#held.at(-1)
    if (last !== undefined && !last.isFull && last.size < this.#limits.itemsPerSubscription) return last
    const held = { subscription: await this.#subscribe(), isFull: false, size: 0 }
    this.#held.push(held)
    return held
  }

  async #subscribe(): Promise<ClientSubscription> {
    const subscription = await this.#session.createSubscription2({
      requestedPublishingInterval: this.#publishingMs,
      requestedMaxKeepAliveCount: Math.max(3, Math.ceil(this.keepAliveMs / this.#publishingMs)),
      requestedLifetimeCount: Math.max(60, Math.ceil(LIFETIME_MS / this.#publishingMs)),
      maxNotificationsPerPublish: MAX_NOTIFICATIONS,
      publishingEnabled: true,
      priority: 1
    })
    subscription.on('raw_notification', () => this.#events.heard())
    subscription.on('status_changed', (status) => {
      if (status.isNot(StatusCodes.GoodSubscriptionTransferred)) this.#events.renewed()
    })
    ;(subscription as unknown as NodeJS.EventEmitter).on('subscriptionId_changed', () => this.#events.renewed())
    return subscription
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

/** What servers answer most often, in words. */
export function refusalOf(status: { readonly name: string }): string {
  const known: Readonly<Record<string, string>> = {
    BadNodeIdUnknown: 'the server has no such node',
    BadNodeIdInvalid: 'the server does not understand the NodeId',
    BadAttributeIdInvalid: 'the node has no value',
    BadUserAccessDenied: 'the user may not do this',
    BadNotReadable: 'the node cannot be read',
    BadNotWritable: 'the node cannot be written',
    BadTypeMismatch: 'the value is of another type than the node',
    BadOutOfRange: 'the value is out of the range of the node',
    BadFilterNotAllowed: 'the node allows no deadband',
    BadMonitoredItemFilterUnsupported: 'the server does not support the deadband',
    BadDeadbandFilterInvalid: 'the deadband does not fit the node',
    BadTooManyMonitoredItems: 'the server monitors no more items'
  }
  const words = known[status.name]
  return words === undefined ? `the server answers ${status.name}` : `${words} (${status.name})`
}
