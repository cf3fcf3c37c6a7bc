/**
 * `/query`: the history by InfluxQL, as Grafana and clients of InfluxDB 1.x send it. What is read is what the caller may
 * read; writing is by `/write`.
 */
import type { FastifyInstance, FastifyReply } from 'fastify'
import { parseInfluxQl } from '../../formats/influxql/parse.ts'
import type { Statement } from '../../formats/influxql/syntax.ts'
import { fromMilliseconds } from '../../model/time.ts'
import type { SeriesPaths } from '../../operations/history/series-paths.ts'
import { influxSources } from '../../operations/influxql/measurements.ts'
import {
  costOfQuery,
  type PlannedStatement,
  planStatement,
  QUERY_TASK,
  type QueryTask,
  writeQuery
} from '../../operations/influxql/query-task.ts'
import type { OperationContext } from '../../operations/operation-context.ts'
import { historySources } from '../../operations/remote/remote-history.ts'
import { questionsOf, requireRight } from '../../operations/subject-context.ts'
import type { Access } from '../../security/access.ts'
import type { TimeSlice } from '../../time-slice.ts'
import { type BodyBudget, collectChunks } from '../http/body-collector.ts'
import { serve } from '../http/extension-endpoint.ts'
import type { QueryParams } from '../http/parameters.ts'
import { parseQuery } from '../http/parameters.ts'
import { influxHeaders, sendInfluxError } from '../ingest/influx.ts'
import { sendInSlices, withSlices } from '../timeseries/sliced-response.ts'
import { CHUNK_ROWS, FORM, MAX_FORM_BYTES, parametersOf, queryEndpoint } from './endpoint.ts'

export interface InfluxQlOptions {
  readonly hub: Pick<OperationContext, 'store' | 'history' | 'ingest' | 'threads'>
  /** Which elements have samples, for one request. */
  readonly paths: () => SeriesPaths
  /** Shared by all transports that hold bodies in memory. */
  readonly bodies: BodyBudget
  /** Of the hub. */
  readonly version: string
}

export async function influxql(app: FastifyInstance, options: InfluxQlOptions): Promise<void> {
  await app.register(async (scope) => {
    scope.setErrorHandler(sendInfluxError)
    // Forms are read by the handler.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
    serve(scope, '', queryEndpoint, {
      get: ({ access, reply, params, request }) =>
        answer(options, { params, access, reply, accept: request.headers.accept }),
      post: async ({ access, reply, params, request }) => {
        const isForm = (request.headers['content-type'] ?? FORM).startsWith(FORM)
        const limits = { limit: MAX_FORM_BYTES, budget: options.bodies, checksLimits: false }
        const form = await collectChunks(request.raw, limits)
        const sent = isForm ? parseQuery(form.toString()) : new Map()
        return answer(options, { params: new Map([...params, ...sent]), access, reply, accept: request.headers.accept })
      }
    })
  })
}

interface InfluxRequest {
  readonly params: QueryParams
  readonly access: Access | undefined
  readonly reply: FastifyReply
  readonly accept: string | undefined
}

async function answer(
  { hub, paths, version }: InfluxQlOptions,
  { params, access, reply, accept = '' }: InfluxRequest
): Promise<FastifyReply> {
  const { q = '', params: bound, epoch, chunked, chunk_size: chunkSize = CHUNK_ROWS } = parametersOf(params)
  const now = fromMilliseconds(hub.ingest.clock.milliseconds())
  const statements = parseInfluxQl(q, { now, ...(bound !== undefined && { bound }) })
  if (access !== undefined && statements.some(showsData)) await requireRight(access, 'READ', READING)
  const isCsv = /(^|[\s,])(text|application)\/csv\s*(;|,|$)/i.test(accept)
  const options = {
    format: isCsv ? ('csv' as const) : ('json' as const),
    ...(epoch !== undefined && { epoch }),
    ...(chunked === true && { chunkSize })
  }
  return withSlices(reply, async (slice, signal) => {
    const sources = influxSources({ ...hub, paths: paths() }, access)
    const planned: PlannedStatement[] = []
    for (const statement of statements) planned.push(await planStatement(() => sources, statement, now, slice))
    const bytes = await queryBytes(
      { ...hub, history: sources.history },
      { statements: planned, options },
      slice,
      signal
    )
    reply
      .headers({ ...influxHeaders(version), 'cache-control': 'no-store' })
      .type(isCsv ? 'text/csv' : 'application/json')
    return sendInSlices(reply, bytes, slice)
  })
}

const READING = questionsOf('READ', ['Submodel'])

function showsData({ is }: Statement): boolean {
  return !['created', 'databases', 'retention policies', 'nothing'].includes(is)
}

/** A heavy query is answered by a thread of the pool. */
async function queryBytes(
  { history, threads }: Pick<InfluxQlOptions['hub'], 'history' | 'threads'>,
  task: QueryTask,
  slice: TimeSlice,
  signal: AbortSignal
): Promise<AsyncGenerator<Uint8Array>> {
  const isInThread = await threads.takes(() => costOfQuery(history, task))
  if (!isInThread) return writeQuery(history, task, slice)
  const { bytes } = await threads.run({ task: QUERY_TASK, input: task, sources: historySources(history), signal })
  return bytes
}
