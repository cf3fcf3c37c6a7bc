/**
 * `GET /timeseries`: the history for those who train on it, as one wide table in the format they read. By POST with a
 * Flux query as its body it answers as InfluxDB does to web pages that draw the linked segments of IDTA 02008.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { HubError } from '../../errors.ts'
import { writeFluxTables } from '../../formats/tables/flux.ts'
import { mediaTypeOf, type TableFormat, type TableWriter, writers } from '../../formats/tables/writers.ts'
import { fromMilliseconds } from '../../model/time.ts'
import { parseLinkedQuery } from '../../operations/history/linked-query.ts'
import { tableOf, tablesOf } from '../../operations/history/table.ts'
import { variablesOf } from '../../operations/history/variables.ts'
import type { OperationContext } from '../../operations/operation-context.ts'
import type { TimeSlice } from '../../time-slice.ts'
import { readAccept } from '../http/headers.ts'
import { limited } from './limit.ts'
import { linkedRequest, linkedTable, linkedTables } from './linked.ts'
import { FLUX, LONGEST_QUERY } from './openapi.ts'
import { readParameters } from './parameters.ts'
import { reading, sendSliced } from './reading.ts'

export interface TimeseriesOptions {
  readonly hub: Pick<OperationContext, 'store' | 'history'>
  /** Path of the API, below which the address stands as well. */
  readonly apiPrefix: string
}

export async function timeseries(app: FastifyInstance, { hub, apiPrefix }: TimeseriesOptions): Promise<void> {
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(FLUX, { parseAs: 'string', bodyLimit: LONGEST_QUERY }, (_, body, done) =>
      done(null, body)
    )
    scope.addContentTypeParser('*', (request, _, done) => {
      done(new HubError('UnsupportedMediaType', [request.headers['content-type'] ?? 'none', FLUX]))
    })
    for (const url of [`${apiPrefix}/timeseries`, '/timeseries']) {
      scope.get(url, (request, reply) => answer(hub, request, reply))
      scope.post(url, (request, reply) => answerLinked(hub, request, reply))
    }
  })
}

async function answer(
  hub: TimeseriesOptions['hub'],
  request: FastifyRequest,
  reply: FastifyReply
): Promise<FastifyReply> {
  const given = new URL(request.url, 'http://hub').searchParams
  if (given.has('variable') || given.has('every'))
    return answerLinkedQuery(hub, given.toString(), formatOf(given, request), reply)
  const { series, shape, limit, language, times } = readParameters(given)
  const format = formatOf(given, request)
  refuseTimeFormat(given, format)
  const variables = await variablesOf(hub.store, hub.history, {
    ...series,
    ...(language !== undefined && { language })
  })
  const { write, typesFirst } = writers[format] as TableWriter
  return reading(reply, async (slice) => {
    const isPaged = limit !== undefined
    const options = { slice, isPaged, typesFirst: typesFirst && !isPaged }
    const asked = { ...shape, variables }
    if (format === 'flux' && !isPaged) {
      return send(writeFluxTables(await tablesOf(hub.history, asked, options)), format, reply, slice)
    }
    const table = await tableOf(hub.history, asked, options)
    if (limit === undefined) return send(write(table, times), format, reply, slice)
    const { table: page, next } = await limited(table, limit)
    if (next === undefined) return send(write(page, times), format, reply, slice)
    const cursor = Buffer.from(String(next)).toString('base64url')
    given.set('cursor', cursor)
    reply.header('link', `<${request.url.split('?', 1)[0]}?${given}>; rel="next"`)
    return send(write({ ...page, metadata: { ...page.metadata, cursor } }, times), format, reply, slice)
  })
}

function refuseTimeFormat(given: URLSearchParams, format: TableFormat): void {
  if (!given.has('timeFormat') || writers[format].isText) return
  throw new HubError('BadRequest', [
    `"timeFormat" is for CSV, JSON and NDJSON; in the format ${format} times have a type of their own`
  ])
}

async function answerLinked(
  hub: TimeseriesOptions['hub'],
  request: FastifyRequest,
  reply: FastifyReply
): Promise<FastifyReply> {
  if (typeof request.body !== 'string') throw new HubError('UnsupportedMediaType', ['none', FLUX])
  return answerLinkedQuery(hub, request.body, 'flux', reply)
}

async function answerLinkedQuery(
  hub: TimeseriesOptions['hub'],
  query: string,
  format: TableFormat,
  reply: FastifyReply
): Promise<FastifyReply> {
  const asked = parseLinkedQuery(query, fromMilliseconds(Date.now()))
  const { write, typesFirst } = writers[format] as TableWriter
  return reading(reply, async (slice) => {
    const request = await linkedRequest(hub, asked)
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
  slice: TimeSlice
): Promise<FastifyReply> {
  const { contentType, extension } = writers[format]
  reply.type(contentType).header('cache-control', 'no-cache')
  if (!['json', 'flux', 'ndjson'].includes(format)) {
    reply.header('content-disposition', `attachment; filename="timeseries.${extension}"`)
  }
  return sendSliced(reply, bytes, slice)
}

/** By `format`, else by the media types that the caller accepts, else JSON. */
function formatOf(given: URLSearchParams, request: FastifyRequest): TableFormat {
  const named = given.get('format')
  if (named !== null) {
    if (Object.hasOwn(writers, named)) return named as TableFormat
    throw new HubError('BadRequest', [
      `"format" is one of ${Object.keys(writers).join(', ')}; found "${named.slice(0, 60)}"`
    ])
  }
  const { types } = readAccept(request.headers.accept)
  for (const type of types) {
    const found = (Object.keys(writers) as TableFormat[]).find((format) => mediaTypeOf(format) === type)
    if (found !== undefined) return found
    // By which clients of InfluxDB ask for its CSV.
    if (type === 'application/csv') return 'flux'
    if (type === '*/*' || type === 'application/*') return 'json'
  }
  throw new HubError('NotAcceptable', [types.join(', ')])
}
