/** i3X at `/i3x/v1`: shells, submodels and elements as typed objects with values, history and subscriptions. */
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Clock } from '../../clock.ts'
import type { Subscriptions } from '../../consumers/subscriptions/subscriptions.ts'
import { HubError } from '../../errors.ts'
import { visibleSources } from '../../operations/history/visible-history.ts'
import type { OperationContext } from '../../operations/operation-context.ts'
import { pageTime } from '../../operations/paging.ts'
import type { Access } from '../../security/access.ts'
import type { CallerLimits } from '../../security/caller-limits.ts'
import type { Store } from '../../store/store.ts'
import { TimeSlice } from '../../time-slice.ts'
import { acceptJson } from '../http/body.ts'
import type { BodyBudget } from '../http/body-collector.ts'
import type { CallerWatchParts } from '../http/caller-watch.ts'
import { type EndpointRequest, serve } from '../http/extension-endpoint.ts'
import { withSlices } from '../timeseries/sliced-response.ts'
import { i3xEndpoints } from './endpoint.ts'
import { type Body, flagIn, idsIn, maxDepthIn, objectBody, optionalTextIn } from './messages/bodies.ts'
import { type BulkItem, bulk, notFound, type Shortfall, sendFailure, sendJson, success } from './messages/envelope.ts'
import { AddressSpace } from './objects/address-space.ts'
import { historyQueryIn, readHistory } from './objects/history-query.ts'
import { findType, type ListingParts, listObjects, listTypes } from './objects/listing.ts'
import { fullObjectOf, related } from './objects/objects.ts'
import { namespaces, relationshipTypes } from './objects/types.ts'
import { update } from './objects/updates.ts'
import { readValues } from './objects/value-query.ts'
import { SubscriptionRegistry } from './subscriptions/registry.ts'
import {
  create,
  list,
  register,
  remove,
  type SubscriptionParts,
  type SubscriptionRequestOf,
  subscriptionOf,
  synchronize,
  unregister
} from './subscriptions/routes.ts'
import { openStream } from './subscriptions/stream.ts'
import { Updates } from './subscriptions/updates.ts'

export interface I3xOptions {
  readonly hub: OperationContext
  /** The log. */
  readonly store: Store
  readonly subscriptions: Subscriptions
  readonly callers: CallerWatchParts
  readonly limits: CallerLimits
  readonly clock: Clock
  readonly bodies: BodyBudget
  /** Of the hub. */
  readonly version: string
}

/** Edges in one answer. */
const MAX_RELATED = 50_000

type Received = EndpointRequest<unknown>

export async function i3x(app: FastifyInstance, options: I3xOptions): Promise<void> {
  const registry = new SubscriptionRegistry(options.clock, options.limits)
  // Open streams would delay the stop of the hub.
  app.addHook('preClose', async () => registry.close())
  await app.register(async (scope) => {
    scope.setErrorHandler(sendFailure)
    acceptJson(scope, options.bodies)
    explore(scope, options)
    exploreRelationships(scope)
    readAndWrite(scope, options)
    subscribe(scope, options, registry)
  })
}

/** What there is. */
function explore(app: FastifyInstance, options: I3xOptions): void {
  const templates = options.hub.templates.known
  const info = success(JSON.stringify(infoOf(options.version)))
  const endpoints = i3xEndpoints
  serve(app, '', endpoints.info, { get: ({ request, reply }) => sendJson(request, reply, info) })
  serve(app, '', endpoints.namespaces, {
    get: ({ request, reply }) => sendJson(request, reply, success(JSON.stringify(namespaces)))
  })
  serve(app, '', endpoints.types, {
    get: (received) =>
      longAnswer(options, received, async ({ listing }) => {
        const { namespaceUri } = received.query() as { readonly namespaceUri?: string }
        const { items, shortfall } = await listTypes(namespaceUri, templates, listing)
        return { json: success(`[${items.join()}]`, shortfall), shortfall }
      })
  })
  serve(app, '', endpoints.typesById, {
    post: (received) =>
      longAnswer(options, received, async ({ listing }) => {
        const items: BulkItem[] = []
        for (const id of idsIn(objectBody(received.request.body))) {
          const json = await findType(id, templates, listing)
          items.push(json === undefined ? notFound(id, 'Object type') : { id, json })
        }
        return { json: bulk(items) }
      })
  })
  serve(app, '', endpoints.objects, {
    get: (received) =>
      longAnswer(options, received, async ({ listing }) => {
        const {
          typeElementId,
          includeMetadata: withMetadata = false,
          root: isRoot = false
        } = received.query() as {
          readonly typeElementId?: string
          readonly includeMetadata?: boolean
          readonly root?: boolean
        }
        const { items, shortfall } = await listObjects({ typeElementId, withMetadata, isRoot }, listing)
        return { json: success(`[${items.join()}]`, shortfall), shortfall }
      })
  })
  serve(app, '', endpoints.objectsById, {
    post: (received) =>
      answer(options, received, async ({ space, slice }) => {
        const body = objectBody(received.request.body)
        const withMetadata = flagIn(body, 'includeMetadata')
        const items: BulkItem[] = []
        for (const id of idsIn(body)) {
          const node = await space.find(id)
          items.push(
            node === undefined
              ? notFound(id)
              : { id, json: JSON.stringify(await fullObjectOf(node, space, withMetadata)) }
          )
          if (slice.isOver()) await slice.pause()
        }
        return { json: bulk(items) }
      })
  })
  serve(app, '', endpoints.related, {
    post: (received) => answer(options, received, (parts) => relatedObjects(objectBody(received.request.body), parts))
  })
}

/** The same for all callers. */
function exploreRelationships(app: FastifyInstance): void {
  serve(app, '', i3xEndpoints.relationshipTypes, {
    get: ({ request, reply, query }) => {
      const { namespaceUri } = query() as { readonly namespaceUri?: string }
      const all = relationshipTypes.filter((type) => namespaceUri === undefined || type.namespaceUri === namespaceUri)
      return sendJson(request, reply, success(JSON.stringify(all)))
    }
  })
  serve(app, '', i3xEndpoints.relationshipTypesById, {
    post: ({ request, reply }) => {
      const items = idsIn(objectBody(request.body)).map((id): BulkItem => {
        const type = relationshipTypes.find(({ elementId }) => elementId === id)
        return type === undefined ? notFound(id, 'Relationship type') : { id, json: JSON.stringify(type) }
      })
      return sendJson(request, reply, bulk(items))
    }
  })
}

function infoOf(version: string): object {
  return {
    specVersion: '1.0',
    serverVersion: version,
    serverName: 'AAS Hub',
    capabilities: {
      query: { history: true },
      update: { current: true, history: true },
      subscribe: { stream: true }
    }
  }
}

async function relatedObjects(body: Body, { space, slice }: AnswerParts): Promise<Answer> {
  const wanted = optionalTextIn(body, 'relationshipType')
  if (wanted !== undefined && !relationshipTypes.some(({ elementId }) => elementId === wanted)) {
    const all = relationshipTypes.map(({ elementId }) => elementId).join(', ')
    throw new HubError('BadRequest', [`relationshipType: one of ${all} was expected; found "${wanted.slice(0, 60)}"`])
  }
  const withMetadata = flagIn(body, 'includeMetadata')
  const items: BulkItem[] = []
  let room = MAX_RELATED
  let isShort = false
  for (const id of idsIn(body)) {
    const node = await space.find(id)
    if (node === undefined) {
      items.push(notFound(id))
      continue
    }
    const edges: string[] = []
    for await (const [name, to] of related(node, space)) {
      if (wanted !== undefined && wanted !== name) continue
      isShort ||= room === 0
      if (room === 0) break
      room--
      const object = JSON.stringify(await fullObjectOf(to, space, withMetadata))
      edges.push(`{"sourceRelationship":"${name}","object":${object}}`)
      if (slice.isOver()) await slice.pause()
    }
    items.push({ id, json: `[${edges.join()}]` })
  }
  const shortfall = isShort
    ? `An answer has at most ${MAX_RELATED} related objects; ask for fewer at a time`
    : undefined
  return { json: bulk(items, shortfall), shortfall }
}

/** Values and history. */
function readAndWrite(app: FastifyInstance, options: I3xOptions): void {
  const { hub, clock } = options
  const write = (received: Received, isHistory: boolean) =>
    answer(options, received, async ({ space, slice }) => {
      const { request, access } = received
      const push = { access, transport: 'http', client: request.ip } as const
      const parts = { hub, space, slice, push, isHistory, now: clock.now }
      return { json: bulk(await update(objectBody(request.body), parts)) }
    })
  serve(app, '', i3xEndpoints.values, {
    post: (received) =>
      answer(options, received, async ({ space, slice }) => {
        const body = objectBody(received.request.body)
        const query = { elementIds: idsIn(body), maxDepth: maxDepthIn(body) }
        const { items, shortfall } = await readValues(space, query, onceOf(clock), slice)
        return { json: bulk(items, shortfall), shortfall }
      }),
    put: (received) => write(received, false)
  })
  serve(app, '', i3xEndpoints.history, {
    post: (received) =>
      longAnswer(options, received, async ({ space, slice }) => {
        const query = historyQueryIn(objectBody(received.request.body))
        const { history } = visibleSources(hub, received.access)
        const { items, shortfall } = await readHistory(space, history, query, slice)
        return { json: bulk(items, shortfall), shortfall }
      }),
    put: (received) => write(received, true)
  })
}

/** One time for a whole answer. */
function onceOf({ now }: Clock): () => bigint {
  let time: bigint | undefined
  return () => {
    time ??= now()
    return time
  }
}

function subscribe(app: FastifyInstance, options: I3xOptions, registry: SubscriptionRegistry): void {
  const { store, subscriptions, clock, callers, hub } = options
  const parts: SubscriptionParts = { store, subscriptions, clock, registry }
  const endpoints = i3xEndpoints
  const requestOf = ({ request, access }: Received): SubscriptionRequestOf => {
    return { body: objectBody(request.body), access, space: new AddressSpace(hub, access) }
  }
  const one = (act: (parts: SubscriptionParts, request: SubscriptionRequestOf) => Promise<string>) => ({
    post: async (received: Received) =>
      sendJson(received.request, received.reply, success(await act(parts, requestOf(received))))
  })
  type Items = readonly BulkItem[]
  const some = (
    act: (parts: SubscriptionParts, request: SubscriptionRequestOf) => Items | Promise<Items>,
    key?: string
  ) => ({
    post: async (received: Received) =>
      sendJson(received.request, received.reply, bulk(await act(parts, requestOf(received)), undefined, key))
  })
  serve(app, '', endpoints.subscriptions, one(create))
  serve(app, '', endpoints.subscriptionsById, some(list, 'subscriptionId'))
  serve(app, '', endpoints.deletion, some(remove, 'subscriptionId'))
  serve(app, '', endpoints.register, some(register))
  serve(app, '', endpoints.unregister, some(unregister))
  serve(app, '', endpoints.sync, {
    post: async (received) => {
      const { json, shortfall } = await synchronize(parts, requestOf(received))
      return sendJson(received.request, received.reply, success(json, shortfall), shortfall)
    }
  })
  serve(app, '', endpoints.stream, {
    post: (received) => {
      const queue = subscriptionOf(parts, requestOf(received))
      const updatesFor = (access: Access | undefined) => new Updates(new AddressSpace(hub, access), clock.now)
      const streamParts = { subscriptions, callers, clock, epoch: store.epoch, updatesFor }
      return openStream(queue, received.request, received.reply, streamParts)
    }
  })
}

interface AnswerParts {
  readonly space: AddressSpace
  readonly slice: TimeSlice
  readonly listing: ListingParts
}

interface Answer {
  readonly json: string
  readonly shortfall?: Shortfall
}

/** Computes an answer in time slices, with the rights of the caller. */
async function answer(
  { hub }: I3xOptions,
  { request, reply, access }: Received,
  make: (parts: AnswerParts) => Promise<Answer>
): Promise<FastifyReply> {
  const { json, shortfall } = await make(partsOf(hub, access, new TimeSlice()))
  return sendJson(request, reply, json, shortfall)
}

/** The same of what may be long: a bounded number at a time, and only while the client waits. */
function longAnswer(
  { hub }: I3xOptions,
  { request, reply, access }: Received,
  make: (parts: AnswerParts) => Promise<Answer>
): Promise<FastifyReply> {
  return withSlices(reply, async (slice) => {
    const { json, shortfall } = await make(partsOf(hub, access, slice))
    return sendJson(request, reply, json, shortfall)
  })
}

function partsOf(hub: OperationContext, access: Access | undefined, slice: TimeSlice): AnswerParts {
  const space = new AddressSpace(hub, access)
  return { space, slice, listing: { space, slice, isOver: pageTime(hub) } }
}
