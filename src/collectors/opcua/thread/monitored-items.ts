/** The monitored items of a connection, spread over as many subscriptions as the server's limits need. */
import { type ClientMonitoredItemBase, StatusCodes } from 'node-opcua-client'
import {
  ItemSubscription,
  type ResolvedNode,
  type SubscriptionEvents,
  type SubscriptionOptions
} from './item-subscription.ts'

export interface MonitoredItemEvents extends SubscriptionEvents {
  problem(handle: number, text: string): void
}

export interface MonitoredItemsOptions extends Omit<SubscriptionOptions, 'keepAliveMs'> {
  readonly events: MonitoredItemEvents
  readonly limits: ServerLimits
}

export interface ServerLimits {
  readonly itemsPerCall: number
  readonly itemsPerSubscription: number
}

/** Of keep-alives, where nothing changes. */
const KEEP_ALIVE_MS = 5000

interface Monitored {
  readonly item: ClientMonitoredItemBase
  readonly subscription: ItemSubscription
}

export class MonitoredItems {
  readonly #options: MonitoredItemsOptions
  readonly #subscriptions: ItemSubscription[] = []
  /** By handle. */
  readonly #monitored = new Map<number, Monitored>()

  constructor(options: MonitoredItemsOptions) {
    this.#options = options
  }

  /** Number of subscriptions. */
  get count(): number {
    return this.#subscriptions.length
  }

  get keepAliveMs(): number {
    return Math.max(KEEP_ALIVE_MS, 3 * this.#options.publishingMs)
  }

  /** When the subscription was heard of that has been silent for longest, by the monotonic clock. */
  get heardMs(): number {
    return this.#subscriptions.reduce((least, { heardMs }) => Math.min(least, heardMs), Number.POSITIVE_INFINITY)
  }

  /** Silence counts from now on. */
  restartSilence(): void {
    for (const subscription of this.#subscriptions) subscription.heardMs = this.#options.clock.monotonic()
  }

  has(handle: number): boolean {
    return this.#monitored.has(handle)
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
    const { itemsPerCall } = this.#options.limits
    for (const [subscription, items] of Map.groupBy(found, (one) => one.subscription)) {
      for (let at = 0; at < items.length; at += itemsPerCall) {
        await subscription.remove(items.slice(at, at + itemsPerCall).map(({ item }) => item))
      }
    }
  }

  /** @returns those that are left to be added */
  async #addSome(nodes: readonly ResolvedNode[]): Promise<readonly ResolvedNode[]> {
    const subscription = await this.#withRoom()
    const { limits, events } = this.#options
    const room = Math.min(limits.itemsPerCall, limits.itemsPerSubscription - subscription.size)
    const [some, rest] = [nodes.slice(0, room), nodes.slice(room)]
    const again: ResolvedNode[] = []
    for (const [at, item] of (await subscription.add(some)).entries()) {
      const node = some[at]
      if (node === undefined) continue
      if (item.statusCode.isGood()) this.#monitored.set(node.wanted.handle, { item, subscription })
      else if (item.statusCode.equals(StatusCodes.BadTooManyMonitoredItems) && subscription.size > 0) {
        // More than the server said it takes, or it did not say: the rest goes to a further subscription.
        subscription.isFull = true
        again.push(node)
      } else events.problem(node.wanted.handle, refusalOf(item.statusCode))
    }
    return [...again, ...rest]
  }

  async #withRoom(): Promise<ItemSubscription> {
    const last = this.#subscriptions.at(-1)
    if (last !== undefined && !last.isFull && last.size < this.#options.limits.itemsPerSubscription) return last
    const subscription = await ItemSubscription.create({ ...this.#options, keepAliveMs: this.keepAliveMs })
    this.#subscriptions.push(subscription)
    return subscription
  }
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
