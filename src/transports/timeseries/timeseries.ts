/**
 * `GET /timeseries`: the history as one wide table, in a format for training and analysis. `POST` with a Flux query
 * answers as InfluxDB does, for web pages that draw the linked segments of IDTA 02008.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { HubError } from '../../errors.ts'
import { writeFluxTables } from '../../formats/tables/flux.ts'
import { mediaTypeOf, type TableFormat, type TableWriter, writers } from '../../formats/tables/writers.ts'
import { formatTime, fromMilliseconds } from '../../model/time.ts'
import { costOfTable } from '../../operations/history/heavy.ts'
import { parseLinkedQuery } from '../../operations/history/linked-query.ts'
import {
  pageCursor,
  TABLE_TASK,
  type TableTask,
  type WrittenTable,
  writeTable
} from '../../operations/history/table-task.ts'
import { variablesOf } from '../../operations/history/variables.ts'
import { visibleSources } from '../../operations/history/visible-history.ts'
import type { OperationContext } from '../../operations/operation-context.ts'
import { historySources } from '../../operations/remote/remote-history.ts'
import type { TimeSlice } from '../../time-slice.ts'
import { type EndpointRequest, serve } from '../http/extension-endpoint.ts'
import { readAccept } from '../http/headers.ts'
import type { QueryParams } from '../http/parameters.ts'
import { FLUX, MAX_QUERY_BYTES, timeseriesEndpoint } from './endpoint.ts'
import { linkedTable, linkedTableRequest, linkedTables } from './linked.ts'
import { tableFormats, tableParameters } from './parameters.ts'
import { sendInSlices, withSlices } from './sliced-response.ts'
import { refuseUnknown, tableQueryOf } from './table-query.ts'

export interface TimeseriesOptions {
  readonly hub: Pick<OperationContext, 'store' | 'history' | 'ingest' | 'threads'>
  readonly apiPrefix: string
}

export async function timeseries(app: FastifyInstance, { hub, apiPrefix }: TimeseriesOptions): Promise<void> {
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(FLUX, { parseAs: 'string', bodyLimit: MAX_QUERY_BYTES }, (_, body, done) =>
      done(null, body)
    )
    scope.addContentTypeParser('*', (request, _, done) => {
      done(new HubError('UnsupportedMediaType', [request.headers['content-type'] ?? 'none', FLUX]))
    })
    serve(scope, apiPrefix, timeseriesEndpoint, {
      get: (received) => {
        const { access, request, reply, params } = received
        const visible = { ...hub, ...visibleSources(hub, access) }
        const isLinked = params.has('variable') || params.has('every')
        if (!isLinked) return sendTable(visible, received)
        return sendLinked(visible, queryText(request), formatOf(params, request), reply)
      },
      post: ({ access, request, reply }) => {
        if (typeof request.body !== 'string') throw new HubError('UnsupportedMediaType', ['none', FLUX])
        return sendLinked({ ...hub, ...visibleSources(hub, access) }, request.body, 'flux', reply)
      }
    })
  })
}

async function sendTable(
  hub: TimeseriesOptions['hub'],
  { request, reply, params, query: parse }: EndpointRequest<(typeof timeseriesEndpoint)['get']>
): Promise<FastifyReply> {
  refuseUnknown(params, Object.keys(tableParameters))
  const query = parse()
  const { series, shape } = tableQueryOf(query, fromMilliseconds(hub.ingest.clock.milliseconds()), query.cursor)
  const format = formatOf(params, request)
  refuseTimeFormat(params, format)
  const variables = await variablesOf(hub.store, hub.history, series)
  const task = { shape, variables, format, ...(query.limit !== undefined && { limit: query.limit }) }
  return withSlices(reply, async (slice, signal) => {
    const { next, bytes, areOwned } = await tableBytes(hub, task, slice, signal)
    if (next !== undefined) {
      const nextQuery = new URLSearchParams(queryText(request))
      nextQuery.set('cursor', pageCursor(next))
      // The pages together are one table: their bounds do not go on with the time.
      for (const bound of ['from', 'to'] as const) {
        if (typeof query[bound] === 'object') nextQuery.set(bound, formatTime(shape[bound] ?? 0n))
      }
      reply.header('link', `<${request.url.split('?', 1)[0]}?${nextQuery}>; rel="next"`)
    }
    return send(bytes, format, reply, slice, areOwned)
  })
}

/**
 * A heavy table is written in a thread of the pool.
 * @returns also whether each of the bytes have memory of their own
 */
async function tableBytes(
  { history, threads }: TimeseriesOptions['hub'],
  task: TableTask,
  slice: TimeSlice,
  signal: AbortSignal
): Promise<WrittenTable & { readonly areOwned: boolean }> {
  const { variables, shape, limit } = task
  const isInThread = await threads.takes(() => costOfTable(history, variables, shape, limit))
  if (!isInThread) return { ...(await writeTable(history, task, slice)), areOwned: false }
  const sources = historySources(history)
  const { head: next, bytes } = await threads.run<bigint | undefined>({
    task: TABLE_TASK,
    input: task,
    sources,
    signal
  })
  return { next, bytes, areOwned: true }
}

function queryText({ url }: FastifyRequest): string {
  return new URL(url, 'http://hub').search.slice(1)
}

function refuseTimeFormat(params: QueryParams, format: TableFormat): void {
  if (!params.has('timeFormat') || writers[format].isText) return
  throw new HubError('BadRequest', [
    `"timeFormat" is for CSV, JSON and NDJSON; in the format ${format} times have a type of their own`
  ])
}

async function sendLinked(
  hub: TimeseriesOptions['hub'],
  query: string,
  format: TableFormat,
  reply: FastifyReply
): Promise<FastifyReply> {
  const linkedQuery = parseLinkedQuery(query, fromMilliseconds(hub.ingest.clock.milliseconds()))
  const { write, typesFirst } = writers[format] as TableWriter
  return withSlices(reply, async (slice) => {
    const request = await linkedTableRequest(hub, linkedQuery)
    const options = { slice, typesFirst }
    const bytes =
      format === 'flux'
        ? writeFluxTables(await linkedTables(hub, request, options))
        : write(await linkedTable(hub, request, options))
    return send(bytes, format, reply, slice)
  })
}

function send(
  bytes: AsyncGenerator<Uint8Array>,
  format: TableFormat,
  reply: FastifyReply,
  slice: TimeSlice,
  areOwned = false
): Promise<FastifyReply> {
  const { contentType, extension } = writers[format]
  reply.type(contentType).header('cache-control', 'no-cache')
  if (!['json', 'flux', 'ndjson'].includes(format)) {
    reply.header('content-disposition', `attachment; filename="timeseries.${extension}"`)
  }
  return sendInSlices(reply, bytes, slice, areOwned)
}

/** By `format`, else by `Accept`, else JSON. */
function formatOf(params: QueryParams, request: FastifyRequest): TableFormat {
  const values = params.get('format')
  if (values !== undefined) return tableParameters.format.parse(values)
  const { types } = readAccept(request.headers.accept)
  for (const type of types) {
    const format = tableFormats.find((format) => mediaTypeOf(format) === type)
    if (format !== undefined) return format
    // How clients of InfluxDB ask for its CSV.
    if (type === 'application/csv') return 'flux'
    if (type === '*/*' || type === 'application/*') return 'json'
  }
  throw new HubError('NotAcceptable', [types.join(', ')])
}
