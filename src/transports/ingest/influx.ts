/**
 * What clients of InfluxDB request besides writing and reading: whether the server and their bucket exist. Their
 * databases and buckets may have any name. InfluxQL is answered by transports/influxql.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { HubError } from '../../errors.ts'
import { DATABASE } from '../../operations/influxql/query-task.ts'
import type { Store } from '../../store/store.ts'
import { sendError } from '../http/errors.ts'
import { serve } from '../http/extension-endpoint.ts'
import { bucketsEndpoint, fluxEndpoint, healthEndpoint, orgsEndpoint, pingEndpoint } from './influx-endpoints.ts'

export interface InfluxOptions {
  readonly store: Pick<Store, 'cursor'>
  /** Of the hub. */
  readonly version: string
}

const ID = '0000000000000001'

const HOW_TO_READ =
  'this hub reads InfluxQL at /query, but no Flux; there is also GET /timeseries (CSV, JSON, Parquet, Arrow)'

/** By which clients know what they talk to. */
export function influxHeaders(version: string) {
  return { 'x-influxdb-version': `aas-hub-${version}`, 'x-influxdb-build': 'AAS Hub' }
}

export function influx(scope: FastifyInstance, { store, version }: InfluxOptions): void {
  const headers = influxHeaders(version)
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
