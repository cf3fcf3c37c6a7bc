/**
 * What clients of InfluxDB ask beside writing: whether it is there, whether their database is, and how a refusal reads.
 * Their databases and buckets are whatever they call them; reading is `/timeseries`.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { HubError } from '../../errors.ts'
import type { Store } from '../../store/store.ts'
import { type BodyBudget, collectChunks } from '../http/body-collector.ts'
import { sendError } from '../http/errors.ts'

export interface InfluxOptions {
  readonly store: Pick<Store, 'cursor'>
  /** For all that holds bodies in memory. */
  readonly bodies: BodyBudget
  /** Of the hub. */
  readonly version: string
}

/** Name of the database that is listed; any other may be written to as well. */
const DATABASE = 'aas-hub'
const ID = '0000000000000001'

/** Largest form with a query, in bytes. */
const MAX_QUERY_BYTES = 64 * 1024

const HOW_TO_READ =
  'this hub takes the line protocol but no InfluxQL and no Flux; read with GET /timeseries (CSV, JSON, Parquet, Arrow)'

export function influx(scope: FastifyInstance, { store, bodies, version }: InfluxOptions): void {
  const named = { 'x-influxdb-version': `aas-hub-${version}`, 'x-influxdb-build': 'AAS Hub' }
  scope.get('/ping', async (_, reply) => reply.code(204).headers(named).send())
  scope.get('/health', async (_, reply) => {
    const isUp = await store.cursor('readiness').then(
      () => true,
      () => false
    )
    const status = isUp ? 'pass' : 'fail'
    const message = isUp ? 'ready for writes' : 'the store does not answer'
    return reply
      .code(isUp ? 200 : 503)
      .headers(named)
      .send({ name: DATABASE, message, checks: [], status, version, commit: '' })
  })
  scope.get('/query', async (request, reply) => reply.headers(named).send(answer(queryOf(request.url))))
  scope.post('/query', async (request, reply) => {
    const form = await collectChunks(request.raw, { limit: MAX_QUERY_BYTES, budget: bodies, checksLimits: false })
    const { query } = new URLSearchParams(form.toString()).has('q') ? { query: `/?${form}` } : { query: request.url }
    return reply.headers(named).send(answer(queryOf(query)))
  })
  scope.post('/api/v2/query', async () => {
    throw new HubError('NotImplemented', [`Flux (${HOW_TO_READ})`])
  })
  scope.get('/api/v2/buckets', async (request) => {
    const name = new URL(request.url, 'http://hub').searchParams.get('name') ?? DATABASE
    return { buckets: [{ id: ID, orgID: ID, type: 'user', name, retentionRules: [] }] }
  })
  scope.get('/api/v2/orgs', async (request) => {
    const name = new URL(request.url, 'http://hub').searchParams.get('org') ?? DATABASE
    return { orgs: [{ id: ID, name, status: 'active' }] }
  })
}

/** An error handler that refuses in the form that these clients read: of 1.x `error`, of 2.x `code` and `message`. */
export function refuseToClient(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return sendError(error, request, reply, (messages, status) =>
    refusalText(request, status, messages.map(({ text }) => text).join('; '))
  )
}

/** The body of a refusal. */
export function refusalText({ url }: FastifyRequest, status: number, text: string): string {
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

function queryOf(url: string): string {
  return new URL(url, 'http://hub').searchParams.get('q') ?? ''
}

/**
 * InfluxQL, as far as programs ask it before they write: databases are there, and made by being written to.
 * @throws HubError `BadRequest` for everything else
 */
function answer(query: string): object {
  const statements = query.split(';').map((statement) => statement.trim())
  const asked = statements.filter((statement) => statement !== '')
  if (asked.length === 0) throw new HubError('BadRequest', ['missing required parameter "q"'])
  return { results: asked.map((statement, at) => ({ statement_id: at, ...resultOf(statement) })) }
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
