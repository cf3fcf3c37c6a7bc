/**
 * Samples over HTTP: `POST /ingest` accepts JSON, SenML, NDJSON of any length, and InfluxDB's line protocol. `/write` and
 * `/api/v2/write` accept the latter as InfluxDB does, so that its clients push here unchanged.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { HubError } from '../../errors.ts'
import { parseJson } from '../../formats/json.ts'
import { JsonLimits } from '../../formats/json-limits.ts'
import { LineScanner } from '../../formats/line-scanner.ts'
import { parseSampleJson } from '../../formats/sample-json.ts'
import type { SampleTransport } from '../../model/collection/sample-source.ts'
import type { OperationContext } from '../../operations/operation-context.ts'
import type { SampleBatch } from '../../operations/samples/batch.ts'
import type { IdempotencyKey } from '../../operations/samples/idempotency.ts'
import type { Ingest, PushOptions } from '../../operations/samples/ingest.ts'
import { addItem, type ItemDefaults } from '../../operations/samples/parse-items.ts'
import type { Store } from '../../store/store.ts'
import { TimeSlice } from '../../time-slice.ts'
import { type BodyBudget, collectChunks } from '../http/body-collector.ts'
import { type EndpointRequest, type ParsedQuery, serve } from '../http/extension-endpoint.ts'
import type { QueryParams } from '../http/parameters.ts'
import { type Charset, charsetOf } from './charset.ts'
import { decodedBody } from './content-encoding.ts'
import { ingestEndpoint } from './endpoint.ts'
import { influx, influxErrorBody, sendInfluxError } from './influx.ts'
import { writeEndpoint, writeV2Endpoint } from './influx-endpoints.ts'
import { type IngestSummary, ingestLines, jsonLines, type LineFormat } from './ingest-lines.ts'
import { JSON_TYPE, LINE_TYPES, NDJSON_TYPES, SENML_TYPE } from './media-types.ts'
import type { ingestParameters } from './parameters.ts'
import { pointLines } from './point-lines.ts'
import {
  type LineRule,
  type PointTargetFinder,
  pointTargetFinder,
  type SubmodelFinder,
  submodelFinder
} from './point-target.ts'
import { packBatch } from './senml.ts'

export interface IngestRoutesOptions {
  readonly hub: Pick<OperationContext, 'ingest'> & { readonly store: Store }
  readonly apiPrefix: string
  /** Of a JSON body, in bytes, also after decompression. */
  readonly bodyLimit: number
  /** Shared by all transports that hold bodies in memory. */
  readonly bodies: BodyBudget
  /** Mapping of points of the line protocol (see point-target.ts). */
  readonly lineRules?: readonly LineRule[]
  /** Of the hub. */
  readonly version: string
}

interface Context extends IngestRoutesOptions {
  readonly scanner: LineScanner
  readonly findTarget: PointTargetFinder
  readonly findSubmodel: SubmodelFinder
}

export async function ingest(app: FastifyInstance, options: IngestRoutesOptions): Promise<void> {
  const { hub, apiPrefix, version, lineRules } = options
  const findSubmodel = submodelFinder(hub.store, hub.ingest.clock)
  const findTarget = pointTargetFinder(findSubmodel, lineRules)
  const context = { ...options, findSubmodel, findTarget, scanner: new LineScanner() }
  await app.register(async (scope) => {
    // Bodies are read by the handlers, as streams.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
    scope.addHook('onError', async (request, _reply, error) => noteFailure(hub.ingest, request, error))
    serve(scope, apiPrefix, ingestEndpoint, { post: (received) => ingestBody(context, received) })
    await scope.register(async (clients) => {
      clients.setErrorHandler(sendInfluxError)
      serve(clients, apiPrefix, writeEndpoint, { post: (received) => writePoints(context, received) })
      serve(clients, apiPrefix, writeV2Endpoint, { post: (received) => writePoints(context, received) })
      influx(clients, { store: hub.store, version })
    })
  })
}

/** Endpoints that take samples, and how these come. */
const TRANSPORTS: Readonly<Record<string, SampleTransport>> = {
  [ingestEndpoint.post.operationId]: 'http',
  [writeEndpoint.post.operationId]: 'line-protocol',
  [writeV2Endpoint.post.operationId]: 'line-protocol'
}

/** Also of callers who were refused before anything was read. */
function noteFailure({ senders }: Ingest, request: FastifyRequest, error: Error): void {
  const { access, ip: client, headers, routeOptions } = request
  const transport = TRANSPORTS[routeOptions.config.operation?.name ?? '']
  if (transport === undefined) return
  const isPoints = LINE_TYPES.includes(mediaTypeOf(headers['content-type']))
  senders.failed({ transport: isPoints ? 'line-protocol' : transport, access, client }, error)
}

function mediaTypeOf(contentType = ''): string {
  return contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

async function ingestBody(
  context: Context,
  { request, reply, params, query: parse }: EndpointRequest<(typeof ingestEndpoint)['post']>
): Promise<FastifyReply> {
  const { hub, findSubmodel, ...limits } = context
  const contentType = request.headers['content-type'] ?? ''
  const type = mediaTypeOf(contentType)
  const charset = charsetOf(contentType)
  const body = decodedBody(request)
  const key = keyOf(request, params, 'ingest')
  const query = parse()
  const { access, ip: client } = request
  const isPoints = LINE_TYPES.includes(type)
  const transport = isPoints ? 'line-protocol' : 'http'
  const lineOptions = {
    charset,
    access,
    transport,
    client,
    each: query.each ?? true,
    ...(key !== undefined && { key })
  } as const
  if (NDJSON_TYPES.includes(type)) {
    return reply.send(await ingestLines(hub.ingest, body, jsonLines(defaultsOf(query), charset), lineOptions))
  }
  if (isPoints) {
    const format = formatOf(context, query.precision, charset)
    return reply.send(await ingestLines(hub.ingest, body, format, lineOptions))
  }
  if (type !== JSON_TYPE && type !== SENML_TYPE) {
    const types = [JSON_TYPE, SENML_TYPE, ...NDJSON_TYPES, ...LINE_TYPES]
    throw new HubError('UnsupportedMediaType', [type, types.join(', ')])
  }
  const json = await readJson(body, charset, limits)
  const defaults = defaultsOf(query)
  const empty = hub.ingest.batch()
  const batch =
    type === JSON_TYPE
      ? await batchOf(empty, json, defaults)
      : await packBatch(empty, json, defaults.submodel, findSubmodel)
  const pushOptions: PushOptions = {
    ...{ access, transport, client, each: query.each ?? false },
    ...(type === SENML_TYPE && { format: 'senml' }),
    ...(key !== undefined && { key })
  }
  const { accepted, refused, refusals, repeated, cursor } = await hub.ingest.push(batch, pushOptions)
  return reply.send({ accepted, refused, refusals, repeated: repeated ? 1 : 0, cursor })
}

/** Answers as InfluxDB does: 204, or 400 with the errors of a partial write. */
async function writePoints(
  context: Context,
  { request, reply, params, query }: EndpointRequest<(typeof writeEndpoint)['post']>
): Promise<FastifyReply> {
  const key = keyOf(request, params, request.routeOptions.url ?? 'write')
  const charset = charsetOf(request.headers['content-type'] ?? '')
  const body = decodedBody(request)
  const format = formatOf(context, query().precision, charset)
  const summary = await ingestLines(context.hub.ingest, body, format, {
    ...{ charset, access: request.access, client: request.ip, each: true, transport: 'line-protocol' },
    ...(key !== undefined && { key })
  })
  if (summary.refused === 0) return reply.code(204).send()
  return reply
    .code(400)
    .type(JSON_TYPE)
    .send(influxErrorBody(request, 400, partialWrite(summary)))
}

function formatOf({ hub, findTarget, scanner }: Context, unit = 1n, charset: Charset): LineFormat {
  return pointLines({ findTarget, scanner, unit, charset, now: () => hub.ingest.clock.monotonic() })
}

function partialWrite({ refused, refusals, accepted }: IngestSummary): string {
  const errors = refusals
    .slice(0, 5)
    .map(({ index, path, text }) => `line ${index + 1}${path === '' ? '' : `, ${path}`}: ${text}`)
  return `partial write: ${accepted} samples were taken, ${refused} refused: ${errors.join('; ')}`
}

/** @throws HubError `BadRequest` with line and column, `TooLarge`, `Unavailable` */
async function readJson(
  body: AsyncIterable<Buffer>,
  charset: Charset,
  { bodyLimit: limit, bodies: budget }: Pick<IngestRoutesOptions, 'bodyLimit' | 'bodies'>
): Promise<unknown> {
  const { isUtf8 } = charset
  const bytes = await collectChunks(body, { limit, budget, refusal: tooLargeForJson, checksLimits: isUtf8 })
  const text = charset.decode(charset.withoutByteOrderMark(bytes))
  if (text === undefined) throw new HubError('BadRequest', [`This is not JSON: the bytes are not ${charset.name}`])
  // UTF-8 was checked while it arrived.
  if (!isUtf8) new JsonLimits().write(Buffer.from(text))
  return parseJson(text, parseSampleJson)
}

function tooLargeForJson(limit: number): HubError {
  return new HubError('TooLarge', [`A JSON body has at most ${limit} bytes; NDJSON may have any number`])
}

/** One item, a list of items, or an object with a list and the members that its items share. */
async function batchOf(batch: SampleBatch, body: unknown, defaults: ItemDefaults): Promise<SampleBatch> {
  if (Array.isArray(body)) await addItems(batch, body, defaults)
  else if (typeof body === 'object' && body !== null && 'samples' in body) {
    const { samples, ...shared } = body as { samples: unknown; submodel?: unknown; path?: unknown; unit?: unknown }
    if (!Array.isArray(samples)) throw new HubError('BadRequest', ['"samples", an array, was expected'])
    await addItems(batch, samples, { ...defaults, ...(shared as ItemDefaults) })
  } else addItem(batch, body, defaults)
  return batch
}

async function addItems(batch: SampleBatch, items: readonly unknown[], defaults: ItemDefaults): Promise<void> {
  const slice = new TimeSlice()
  for (const [at, item] of items.entries()) {
    addItem(batch, item, defaults)
    if (at % ITEMS_PER_CLOCK_READ === 0 && slice.isOver()) await slice.pause()
  }
}

const ITEMS_PER_CLOCK_READ = 100

function defaultsOf({ submodel, path, unit }: ParsedQuery<typeof ingestParameters>): ItemDefaults {
  return {
    ...(submodel !== undefined && { submodel }),
    ...(path !== undefined && { path }),
    ...(unit !== undefined && { unit })
  }
}

/** A key is scoped to the target that the URL names: in another submodel, bucket or database it is a different key. */
function keyOf({ headers }: FastifyRequest, params: QueryParams, endpoint: string): IdempotencyKey | undefined {
  const { 'idempotency-key': key } = headers
  if (typeof key !== 'string') return undefined
  const target = TARGET_PARAMETERS.map((name) => params.get(name)?.[0] ?? null)
  return { key, scope: JSON.stringify([endpoint, ...target]) }
}

const TARGET_PARAMETERS = ['submodel', 'path', 'db', 'rp', 'org', 'orgID', 'bucket'] as const
