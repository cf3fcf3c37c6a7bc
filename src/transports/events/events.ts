/**
 * `GET /events`: changes for clients without a WebSocket. With `Accept: text/event-stream` it is a stream, otherwise a
 * feed of pages in the form of the Event Feed proposed for the standard (issue 557 of admin-shell-io/aas-specs-api, as
 * implemented in September 2026), with our own selection instead of its filter.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../../clock.ts'
import { type CloudEventOptions, cloudEventOf, feedEventOf } from '../../consumers/subscriptions/cloudevents.ts'
import { jsonEventOf } from '../../consumers/subscriptions/json-envelope.ts'
import type { StreamEvent } from '../../consumers/subscriptions/subscription.ts'
import type { Subscriptions } from '../../consumers/subscriptions/subscriptions.ts'
import { HubError } from '../../errors.ts'
import type { Store } from '../../store/store.ts'
import { baseUrlReader } from '../http/base-url.ts'
import { CallerWatch, type CallerWatchParts } from '../http/caller-watch.ts'
import { compress, negotiateEncoding } from '../http/compression.ts'
import { type EndpointRequest, serve } from '../http/extension-endpoint.ts'
import { preserialized } from '../http/response.ts'
import { capabilities, type FeedLimits } from './capabilities.ts'
import { capabilitiesEndpoint, eventsEndpoint } from './endpoint.ts'
import { type EventQuery, eventQueryOf } from './query.ts'
import { streamEvents } from './sse.ts'

export interface EventsOptions extends FeedLimits {
  readonly store: Store
  readonly subscriptions: Subscriptions
  readonly callers: CallerWatchParts
  readonly clock: Clock
  readonly apiPrefix: string
  /** Origin under which clients reach the hub; '' to derive it from each request. */
  readonly publicUrl: string
  /** Events on a page where the client sends no limit. */
  readonly defaultLimit: number
}

/** Mounts `/events` below the API root, and its capabilities at `/.well-known/event-feed.json`. */
export function events(app: FastifyInstance, options: EventsOptions): void {
  const { subscriptions, apiPrefix, publicUrl } = options
  const baseUrl = baseUrlReader(publicUrl, apiPrefix)
  // Open streams would delay the stop of the hub.
  app.addHook('preClose', () => subscriptions.close())

  serve(app, apiPrefix, eventsEndpoint, { get: (received) => sendEvents(options, baseUrl(received.request), received) })
  const feed = JSON.stringify(capabilities(options))
  serve(app, apiPrefix, capabilitiesEndpoint, {
    get: ({ reply }) => reply.type('application/json').serializer(preserialized).send(feed)
  })
}

async function sendEvents(
  options: EventsOptions,
  baseUrl: string,
  { request, reply, params, query }: EndpointRequest<(typeof eventsEndpoint)['get']>
): Promise<FastifyReply> {
  const { store, defaultLimit, maxLimit } = options
  const { epoch } = store
  if (params.has('filter')) {
    const instead = 'select by shell, submodel, path, semanticId and kind'
    throw new HubError('BadRequest', [`The parameter filter is not understood here; ${instead}`])
  }
  const { 'last-event-id': lastEventId } = request.headers
  const isStream = acceptsStream(request)
  const eventQuery = eventQueryOf(query(), {
    ...{ defaultLimit, maxLimit, isStream },
    ...(typeof lastEventId === 'string' && { lastEventId })
  })
  const write = eventWriter(eventQuery, { epoch, base: baseUrl, prefix: options.apiPrefix })
  if (!isStream) return sendPage(options, eventQuery, { request, reply, baseUrl, write })
  const format = `sse ${eventQuery.envelope} ${baseUrl}`
  const { subscriptions, callers, clock } = options
  await streamEvents(request, reply, eventQuery.subscription, { subscriptions, callers, clock, epoch, write, format })
  return reply
}

interface PageContext {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly baseUrl: string
  readonly write: (event: StreamEvent) => string
}

async function sendPage(
  { subscriptions, callers }: Pick<EventsOptions, 'subscriptions' | 'callers'>,
  { subscription, limit, waitMs }: EventQuery,
  { request, reply, baseUrl, write }: PageContext
): Promise<FastifyReply> {
  const ending = new AbortController()
  const watch = new CallerWatch(callers, request, { ended: () => ending.abort() })
  reply.raw.once('close', () => {
    watch.stop()
    ending.abort()
  })
  const { access } = request
  const page = await subscriptions.page(subscription, limit, { waitMs, signal: ending.signal, access })
  const updated = new Date(page.events.reduce((latest, { time }) => Math.max(latest, time), 0))
  const head = {
    id: `${baseUrl}/events`,
    ...(page.events.length > 0 && { updated }),
    // Clients of the proposal follow `cursor` while there is one; others continue with `next` at any time.
    ...(page.more && { cursor: page.cursor }),
    next: page.cursor,
    ...(!page.recovered && { recovered: false })
  }
  const body = `${JSON.stringify(head).slice(0, -1)},"records":[${page.events.map(write).join()}]}`
  reply.type('application/json').header('cache-control', 'no-store')
  const encoding = negotiateEncoding(request, reply, 'application/json', body.length)
  return encoding === undefined ? reply.serializer(preserialized).send(body) : reply.send(compress(body, encoding))
}

function acceptsStream({ headers: { accept = '' } }: FastifyRequest): boolean {
  return /(^|,)\s*text\/event-stream\s*(;|,|$)/i.test(accept)
}

// JSON.stringify of the whole object: a schema of fast-json-stringify took a quarter longer (measured).
function eventWriter(
  { envelope, subscription }: EventQuery,
  options: CloudEventOptions
): (event: StreamEvent) => string {
  if (envelope === 'plain') return (event) => JSON.stringify(jsonEventOf(event))
  if (envelope === 'cloudevents') return (event) => JSON.stringify(cloudEventOf(event, options))
  return (event) => JSON.stringify(feedEventOf(event, options, subscription.content === 'full'))
}
