/**
 * `GET /events`: what happens, for those without a WebSocket. Asked for `text/event-stream` it streams; else it is a
 * feed to be read page by page, in the form of the Event Feed that is proposed for the standard (issue 557 of
 * admin-shell-io/aas-specs-api, as implemented in September 2026), with our own selection in place of its filter.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { cloudEventOf, feedEventOf } from '../../consumers/subscriptions/cloudevents.ts'
import { jsonEventOf } from '../../consumers/subscriptions/json-envelope.ts'
import type { StreamEvent } from '../../consumers/subscriptions/subscription.ts'
import type { Subscriptions } from '../../consumers/subscriptions/subscriptions.ts'
import type { Store } from '../../store/store.ts'
import { baseUrlReader } from '../http/base-url.ts'
import { compress, negotiateEncoding } from '../http/compression.ts'
import { queryParamsOf } from '../http/request.ts'
import { preserialized } from '../http/response.ts'
import { capabilities } from './capabilities.ts'
import { type EventQuery, readEventQuery } from './query.ts'
import { streamEvents } from './sse.ts'

export interface EventsOptions {
  readonly store: Store
  readonly subscriptions: Subscriptions
  /** Path below which the API lies. */
  readonly apiPrefix: string
  /** Where others reach the hub, without path; '' to go by each request. */
  readonly publicUrl: string
  /** Events on a page when the caller does not say how many, and the most that a caller gets. */
  readonly defaultLimit: number
  readonly maxLimit: number
  /** How long the log is kept, in milliseconds. */
  readonly retention: number
}

/** Opens `/events` below the API root, and tells at `/.well-known/event-feed.json` what it can do. */
export function events(app: FastifyInstance, options: EventsOptions): void {
  const { store, subscriptions, apiPrefix } = options
  const { epoch } = store
  const base = baseUrlReader(options.publicUrl, apiPrefix)
  // Those who listen would hold up the hub when it stops.
  app.addHook('preClose', () => subscriptions.close())

  app.get(`${apiPrefix}/events`, { exposeHeadRoute: false }, async (request, reply) => {
    const { 'last-event-id': resume } = request.headers
    const isStream = wantsStream(request)
    const known = { ...options, isStream, ...(typeof resume === 'string' && { resume }) }
    const query = readEventQuery(queryParamsOf(request), known)
    const write = writer(query, epoch, base(request))
    if (!isStream) return answerPage(request, reply, query, write)
    const format = `sse ${query.envelope} ${base(request)}`
    await streamEvents(reply, query.wish, { subscriptions, epoch, write, format })
    return reply
  })

  const feed = JSON.stringify(capabilities(options))
  for (const path of ['', apiPrefix]) {
    app.get(`${path}/.well-known/event-feed.json`, async (_, reply) => {
      return reply.type('application/json').serializer(preserialized).send(feed)
    })
  }

  async function answerPage(
    request: FastifyRequest,
    reply: FastifyReply,
    { wish, limit, wait }: EventQuery,
    write: (event: StreamEvent) => string
  ): Promise<FastifyReply> {
    const gone = new AbortController()
    reply.raw.once('close', () => gone.abort())
    const page = await subscriptions.page(wish, limit, wait, gone.signal)
    const updated = new Date(page.events.reduce((latest, { time }) => Math.max(latest, time), 0))
    const head = {
      id: `${base(request)}/events`,
      ...(page.events.length > 0 && { updated }),
      // A client of the proposal reads on as long as there is one; others go on with `next`, now or later.
      ...(page.more && { cursor: page.cursor }),
      next: page.cursor,
      ...(!page.recovered && { recovered: false })
    }
    const body = `${JSON.stringify(head).slice(0, -1)},"records":[${page.events.map(write).join()}]}`
    reply.type('application/json').header('cache-control', 'no-store')
    const coding = negotiateEncoding(request, reply, 'application/json', body.length)
    return coding === undefined ? reply.serializer(preserialized).send(body) : reply.send(compress(body, coding))
  }
}

function wantsStream({ headers: { accept = '' } }: FastifyRequest): boolean {
  return /(^|,)\s*text\/event-stream\s*(;|,|$)/i.test(accept)
}

// JSON.stringify of the whole object: a schema of fast-json-stringify took a quarter longer (measured).
function writer({ envelope, wish }: EventQuery, epoch: string, base: string): (event: StreamEvent) => string {
  if (envelope === 'plain') return (event) => JSON.stringify(jsonEventOf(event))
  if (envelope === 'cloudevents') return (event) => JSON.stringify(cloudEventOf(event, { epoch, base }))
  return (event) => JSON.stringify(feedEventOf(event, { epoch, base }, wish.content === 'full'))
}
