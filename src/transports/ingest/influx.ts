/**
 * What clients of InfluxDB request besides writing: whether the server and their database exist. Their databases and
 * buckets may have any name; to read, use `/timeseries`.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { HubError } from '../../errors.ts'
import type { Store } from '../../store/store.ts'
import { type BodyBudget, collectChunks } from '../http/body-collector.ts'
import { sendError } from '../http/errors.ts'
import { serve } from '../http/extension-endpoint.ts'
import {
  bucketsEndpoint,
  fluxEndpoint,
  healthEndpoint,
  orgsEndpoint,
  pingEndpoint,
  queryEndpoint
} from './influx-endpoints.ts'

export interface InfluxOptions {
  readonly store: Pick<Store, 'cursor'>
  /** Shared by all transports that hold bodies in memory. */
  readonly bodies: BodyBudget
  /** Of the hub. */
  readonly version: string
}

/** The database that is listed; clients may write to any other. */
const DATABASE = 'aas-hub'
const ID = '0000000000000001'

/** Of a form with a query. */
const MAX_FORM_BYTES = 64 * 1024

const HOW_TO_READ =
  'this hub takes the line protocol but no InfluxQL and no Flux; read with GET /timeseries (CSV, JSON, Parquet, Arrow)'

export function influx(scope: FastifyInstance, { store, bodies, version }: InfluxOptions): void {
  const headers = { 'x-influxdb-version': `aas-hub-${version}`, 'x-influxdb-build': 'AAS Hub' }
  serve(scope, '', pingEndpoint, { get: ({ reply }) => reply.code(204).headers(headers).send() })
  serve(scope, '', healthEndpoint, {
    get: async ({ reply }) => {
      const isUp = await store.cursor('readiness').then(
        () => true,
        () => false
      )
      const status = isUp ? 'pass' : 'fail'
      const message = isUp ? 'ready for writes' : 'the store does not answer'
      return reply
        .code(isUp ? 200 : 503)
        .headers(headers)
        .send({ name: DATABASE, message, checks: [], status, version, commit: '' })
    }
  })
  serve(scope, '', queryEndpoint, {
    get: ({ reply, query }) => reply.headers(headers).send(influxQlResults(query().q)),
    post: async ({ request, reply, query }) => {
      const form = await collectChunks(request.raw, { limit: MAX_FORM_BYTES, budget: bodies, checksLimits: false })
      const fromForm = new URLSearchParams(form.toString()).get('q')
      return reply.headers(headers).send(influxQlResults(fromForm ?? query().q))
    }
  })
  serve(scope, '', fluxEndpoint, {
    post: () => {
      throw new HubError('NotImplemented', [`Flux (${HOW_TO_READ})`])
    }
  })
  serve(scope, '', bucketsEndpoint, {
    get: ({ query }) => {
      const { name = DATABASE } = query()
      return { buckets: [{ id: ID, orgID: ID, type: 'user', name, retentionRules: [] }] }
    }
  })
  serve(scope, '', orgsEndpoint, {
    get: ({ query }) => {
      const { org: name = DATABASE } = query()
      return { orgs: [{ id: ID, name, status: 'active' }] }
    }
  })
}

/** An error handler for clients of InfluxDB: they expect `error` (1.x), or `code` and `message` (2.x). */
export function sendInfluxError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return sendError(error, request, reply, (messages, status) =>
    influxErrorBody(request, status, messages.map(({ text }) => text).join('; '))
  )
}

export function influxErrorBody({ url }: FastifyRequest, status: number, text: string): string {
  return JSON.stringify(
    url.startsWith('/api/v2/') ? { code: CODES[status] ?? 'internal error', message: text } : { error: text }
  )
}

/** [InfluxDB 2 API, "Error"] */
const CODES: Readonly<Record<number, string>> = {
  400: 'invalid',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not found',
  405: 'method not allowed',
  409: 'conflict',
  413: 'request too large',
  415: 'invalid',
  422: 'unprocessable entity',
  429: 'too many requests',
  501: 'not implemented',
  503: 'unavailable',
  507: 'unavailable'
}

/**
 * InfluxQL, as far as clients use it before they write: every database exists, and is created by writing to it.
 * @throws HubError `BadRequest` for everything else
 */
function influxQlResults(query = ''): object {
  const statements = query
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')
  if (statements.length === 0) throw new HubError('BadRequest', ['missing required parameter "q"'])
  return { results: statements.map((statement, at) => ({ statement_id: at, ...resultOf(statement) })) }
}

function resultOf(statement: string): object {
  if (/^CREATE\s+(DATABASE|RETENTION\s+POLICY)\s/i.test(statement)) return {}
  if (/^SHOW\s+DATABASES$/i.test(statement)) {
    return { series: [{ name: 'databases', columns: ['name'], values: [[DATABASE]] }] }
  }
  if (/^SHOW\s+RETENTION\s+POLICIES\b/i.test(statement)) {
    const columns = ['name', 'duration', 'shardGroupDuration', 'replicaN', 'default']
    return { series: [{ columns, values: [['autogen', '0s', '168h0m0s', 1, true]] }] }
  }
  throw new HubError('BadRequest', [`"${statement.slice(0, 60)}" is not answered: ${HOW_TO_READ}`])
}
