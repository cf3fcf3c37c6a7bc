/** The requests about subscriptions. */
import type { Clock } from '../../../clock.ts'
import type { LogPosition } from '../../../consumers/subscriptions/log-position.ts'
import type { Subscriptions } from '../../../consumers/subscriptions/subscriptions.ts'
import { HubError } from '../../../errors.ts'
import type { Access } from '../../../security/access.ts'
import type { Store } from '../../../store/store.ts'
import { type Body, idsIn, maxDepthIn, optionalTextIn, textIn, wrong } from '../messages/bodies.ts'
import { type BulkItem, detail, notFound, type Shortfall } from '../messages/envelope.ts'
import type { AddressSpace, ObjectNode } from '../objects/address-space.ts'
import { MAX_MONITORED } from './monitored.ts'
import type { UpdateQueue } from './queue.ts'
import type { SubscriptionRegistry } from './registry.ts'
import { sync } from './sync.ts'
import { Updates } from './updates.ts'

export interface SubscriptionParts {
  readonly registry: SubscriptionRegistry
  readonly subscriptions: Subscriptions
  readonly store: Pick<Store, 'epoch' | 'figures'>
  readonly clock: Clock
}

/** A request about subscriptions, of one caller. */
export interface SubscriptionRequestOf {
  readonly body: Body
  readonly access: Access | undefined
  readonly space: AddressSpace
}

/** @returns the subscription as JSON */
export async function create(parts: SubscriptionParts, { body, access }: SubscriptionRequestOf): Promise<string> {
  const clientId = textIn(body, 'clientId')
  const displayName = optionalTextIn(body, 'displayName') ?? ''
  const queue = parts.registry.create({ clientId, displayName }, access, await endOfLog(parts))
  return JSON.stringify({ clientId, subscriptionId: queue.id, displayName })
}

export function list(parts: SubscriptionParts, request: SubscriptionRequestOf): readonly BulkItem[] {
  return each(parts, request, (queue) => {
    const monitoredObjects = Array.from(queue.monitored.all, ({ elementId, maxDepth }) => ({ elementId, maxDepth }))
    return JSON.stringify({ subscriptionId: queue.id, displayName: queue.displayName, monitoredObjects })
  })
}

export function remove(parts: SubscriptionParts, request: SubscriptionRequestOf): readonly BulkItem[] {
  return each(parts, request, (queue) => {
    parts.registry.delete(queue)
    return 'null'
  })
}

function each(
  { registry }: SubscriptionParts,
  { body, access }: SubscriptionRequestOf,
  act: (queue: UpdateQueue) => string
): readonly BulkItem[] {
  const clientId = textIn(body, 'clientId')
  return idsIn(body, 'subscriptionIds').map((id) => {
    const queue = registry.find(clientId, id, access)
    return queue === undefined ? notFound(id, 'Subscription') : { id, json: act(queue) }
  })
}

export async function register(parts: SubscriptionParts, request: SubscriptionRequestOf): Promise<readonly BulkItem[]> {
  const queue = subscriptionOf(parts, request)
  const ids = idsIn(request.body)
  const maxDepth = maxDepthIn(request.body)
  return queue.exclusively(async () => {
    const from = await endOfLog(parts)
    const items: BulkItem[] = []
    for (const id of ids) {
      const node = queue.monitored.get(id) === undefined ? await request.space.find(id) : undefined
      if (queue.monitored.get(id) !== undefined) items.push({ id, json: 'null' })
      else if (node === undefined) items.push(notFound(id))
      else if (queue.monitored.size >= MAX_MONITORED) items.push({ id, why: detail(400, TOO_MANY) })
      else {
        queue.monitored.add({ elementId: id, series: seriesOf(node), maxDepth, from })
        queue.initial.add(id)
        items.push({ id, json: 'null' })
      }
    }
    queue.stream?.restart()
    return items
  })
}

const TOO_MANY = `A subscription monitors at most ${MAX_MONITORED} objects`

function seriesOf(node: ObjectNode) {
  return node.kind === 'shell' ? undefined : { submodel: node.of.id, path: node.part.path }
}

export async function unregister(
  parts: SubscriptionParts,
  request: SubscriptionRequestOf
): Promise<readonly BulkItem[]> {
  const queue = subscriptionOf(parts, request)
  const ids = idsIn(request.body)
  return queue.exclusively(async () => {
    const until = await endOfLog(parts)
    const items = ids.map((id): BulkItem => {
      queue.initial.delete(id)
      return queue.monitored.end(id, until) ? { id, json: 'null' } : notFound(id)
    })
    queue.stream?.restart()
    return items
  })
}

/** @returns the batches as JSON @throws HubError `BadRequest` where a stream is open, or the number is not one */
export async function synchronize(
  parts: SubscriptionParts,
  request: SubscriptionRequestOf
): Promise<{ readonly json: string; readonly shortfall?: Shortfall }> {
  const queue = subscriptionOf(parts, request)
  const number = acknowledgedIn(request.body)
  const { subscriptions, store, clock } = parts
  return queue.exclusively(async () => {
    if (queue.stream !== undefined) {
      throw new HubError('BadRequest', ['The subscription has an open stream; close it before you synchronize'])
    }
    queue.usedAt = clock.monotonic()
    const end = await endOfLog(parts)
    if (number !== undefined) queue.acknowledge(number, end)
    const updates = new Updates(request.space, clock.now)
    return sync(queue, end, { subscriptions, clock, epoch: store.epoch, access: request.access, updates })
  })
}

function acknowledgedIn({ lastSequenceNumber: number }: Body): number | undefined {
  if (number === undefined || number === null) return undefined
  if (typeof number === 'number' && Number.isInteger(number) && number >= -1) return number
  throw wrong('lastSequenceNumber', 'the number of a batch, or -1,', number)
}

/** @throws HubError `BadRequest`; `NotFound` also for the subscription of another client */
export function subscriptionOf({ registry }: SubscriptionParts, { body, access }: SubscriptionRequestOf): UpdateQueue {
  const clientId = textIn(body, 'clientId')
  const id = textIn(body, 'subscriptionId')
  const queue = registry.find(clientId, id, access)
  if (queue === undefined) throw new HubError('NotFound', ['Subscription', id])
  return queue
}

async function endOfLog({ store }: Pick<SubscriptionParts, 'store'>): Promise<LogPosition> {
  return { seq: (await store.figures()).logLast, index: 0 }
}
