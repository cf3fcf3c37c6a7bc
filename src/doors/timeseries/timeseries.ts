/**
 * `GET /timeseries`: the history for those who train on it, as one wide table in the format they read. By POST with a
 * Flux query as its body it answers as InfluxDB does to web pages that draw the linked segments of IDTA 02008.
 */
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { HubError } from '../../errors.ts'
import type { Table } from '../../formats/tables/table.ts'
import { type TableFormat, writers } from '../../formats/tables/writers.ts'
import { fromMilliseconds } from '../../model/time.ts'
import { readLinked } from '../../operations/history/linked.ts'
import { tableOf } from '../../operations/history/table.ts'
import { variablesOf } from '../../operations/history/variables.ts'
import type { Hub } from '../../operations/hub.ts'
import { readAccept } from '../http/headers.ts'
import { limited } from './limit.ts'
import { linkedTable } from './linked.ts'
import { FLUX, LONGEST_QUERY } from './openapi.ts'
import { readParameters } from './parameters.ts'

export interface TimeseriesOptions {
  readonly hub: Pick<Hub, 'store' | 'history'>
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
  const { series, shape, limit, language } = readParameters(given)
  const format = formatOf(given, request)
  const variables = await variablesOf(hub.store, hub.history, {
    ...series,
    ...(language !== undefined && { language })
  })
  const table = tableOf(hub.history, { ...shape, variables })
  if (limit === undefined) return send(table, format, reply)
  const { table: page, next } = await limited(table, limit)
  if (next === undefined) return send(page, format, reply)
  const cursor = Buffer.from(String(next)).toString('base64url')
  given.set('cursor', cursor)
  reply.header('link', `<${request.url.split('?', 1)[0]}?${given}>; rel="next"`)
  return send({ ...page, metadata: { ...page.metadata, cursor } }, format, reply)
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
  const asked = readLinked(query, fromMilliseconds(Date.now()))
  return send(await linkedTable(hub, asked), format, reply)
}

/** What is wrong is found before the first byte leaves. */
async function send(table: Table, format: TableFormat, reply: FastifyReply): Promise<FastifyReply> {
  const { contentType, extension, write } = writers[format]
  const bytes = write(table)
  const first = await bytes.next()
  reply.type(contentType).header('cache-control', 'no-cache')
  if (!['json', 'flux', 'ndjson'].includes(format)) {
    reply.header('content-disposition', `attachment; filename="timeseries.${extension}"`)
  }
  if (first.done) return reply.send('')
  return reply.send(Readable.from(resumed(first.value, bytes), { objectMode: false }))
}

async function* resumed(first: Uint8Array, rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first
  yield* rest
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
    const found = (Object.keys(writers) as TableFormat[]).find((format) => writers[format].contentType === type)
    if (found !== undefined) return found
    if (type === '*/*' || type === 'application/*') return 'json'
  }
  throw new HubError('NotAcceptable', [types.join(', ')])
}
