/**
 * Samples by HTTP: `POST /ingest` takes JSON, SenML, NDJSON of any length, and InfluxDB's line protocol; `/write` and
 * `/api/v2/write` take the latter as its senders know them, so that they push here unchanged.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { HubError } from '../../errors.ts'
import { parseJson } from '../../formats/json.ts'
import { JsonLimits } from '../../formats/json-limits.ts'
import { parseSampleJson } from '../../formats/sample-json.ts'
import { type TimeUnit, timeUnits } from '../../model/time.ts'
import type { OperationContext } from '../../operations/operation-context.ts'
import type { Batch } from '../../operations/samples/batch.ts'
import type { IdempotencyKey } from '../../operations/samples/idempotency.ts'
import { addItem, type Defaults } from '../../operations/samples/parse-items.ts'
import type { Store } from '../../store/store.ts'
import { TimeSlice } from '../../time-slice.ts'
import { type BodyBudget, collectChunks } from '../http/body-collector.ts'
import { unpacked } from './body.ts'
import { type Charset, charsetOf } from './charset.ts'
import { influx, refusalText, refuseToClient } from './influx.ts'
import { LINE_TYPES } from './influx-openapi.ts'
import { type ingestParameters, JSON_TYPE, NDJSON_TYPES, SENML_TYPE } from './openapi.ts'
import { packBatch } from './senml.ts'
import { influxLines, jsonLines, PRECISIONS, type Taken, takeLines } from './stream.ts'
import { type ByIdShort, type LineRule, submodelsByIdShort, type Targets, targetsOf } from './target.ts'

export interface IngestOptions {
  readonly hub: Pick<OperationContext, 'ingest'> & { readonly store: Store }
  /** Path of the API, below which `/ingest` stands as well. */
  readonly apiPrefix: string
  /** Largest JSON body, in bytes, also after it was unpacked. */
  readonly bodyLimit: number
  /** For all that holds bodies in memory. */
  readonly bodies: BodyBudget
  /** Where points of the line protocol belong (see target.ts). */
  readonly lineRules?: readonly LineRule[]
  /** Of the hub. */
  readonly version: string
}

/** Nothing is read that the document does not tell of. */
type Name = keyof typeof ingestParameters

export async function ingest(app: FastifyInstance, options: IngestOptions): Promise<void> {
  const byIdShort = submodelsByIdShort(options.hub.store)
  const targets = targetsOf(byIdShort, options.lineRules)
  await app.register(async (scope) => {
    // The body is read here, as it arrives.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
    for (const prefix of ['', options.apiPrefix]) {
      scope.post(`${prefix}/ingest`, (request, reply) => take(request, reply, options, { targets, byIdShort }))
    }
    await scope.register(async (clients) => {
      clients.setErrorHandler(refuseToClient)
      for (const path of ['/write', '/api/v2/write']) {
        clients.post(path, (request, reply) => takePoints(request, reply, options, targets))
      }
      influx(clients, { store: options.hub.store, bodies: options.bodies, version: options.version })
    })
  })
}

async function take(
  request: FastifyRequest,
  reply: FastifyReply,
  { hub, bodyLimit, bodies }: IngestOptions,
  { targets, byIdShort }: { readonly targets: Targets; readonly byIdShort: ByIdShort }
): Promise<FastifyReply> {
  const given = new URL(request.url, 'http://hub').searchParams
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const charset = charsetOf(request.headers['content-type'] ?? '')
  const body = unpacked(request)
  const key = keyOf(request, 'ingest')
  const stream = { charset, each: each(given, true), ...(key !== undefined && { key }) }
  if (isOf(NDJSON_TYPES, type)) {
    return reply.send(await takeLines(hub.ingest, body, jsonLines(defaultsOf(given), charset), stream))
  }
  if (isOf(LINE_TYPES, type)) {
    return reply.send(await takeLines(hub.ingest, body, influxLines(targets, precision(given), charset), stream))
  }
  if (type !== JSON_TYPE && type !== SENML_TYPE) {
    const types = [JSON_TYPE, SENML_TYPE, ...NDJSON_TYPES, ...LINE_TYPES]
    throw new HubError('UnsupportedMediaType', [type, types.join(', ')])
  }
  const { isUtf8 } = charset
  const bytes = await collectChunks(body, {
    limit: bodyLimit,
    budget: bodies,
    refusal: tooLargeForJson,
    checksLimits: isUtf8
  })
  const sent = readJson(bytes, charset)
  const defaults = defaultsOf(given)
  const empty = hub.ingest.batch()
  const batch =
    type === JSON_TYPE
      ? await batchOf(empty, sent, defaults)
      : await packBatch(empty, sent, defaults.submodel, byIdShort)
  const options = { each: each(given, false), ...(key !== undefined && { key }) }
  const { accepted, refused, refusals, repeated, cursor } = await hub.ingest.push(batch, options)
  return reply.send({ accepted, refused, refusals, repeated: repeated ? 1 : 0, cursor })
}

function isOf(types: readonly string[], type: string): boolean {
  return types.includes(type)
}

/** As InfluxDB answers: 204, or 400 with what was wrong; what was right is kept. */
async function takePoints(
  request: FastifyRequest,
  reply: FastifyReply,
  { hub }: IngestOptions,
  targets: Targets
): Promise<FastifyReply> {
  const given = new URL(request.url, 'http://hub').searchParams
  const key = keyOf(request, request.routeOptions.url ?? 'write')
  const charset = charsetOf(request.headers['content-type'] ?? '')
  const taken = await takeLines(hub.ingest, unpacked(request), influxLines(targets, precision(given), charset), {
    charset,
    each: true,
    ...(key !== undefined && { key })
  })
  if (taken.refused === 0) return reply.code(204).send()
  return reply
    .code(400)
    .type(JSON_TYPE)
    .send(refusalText(request, 400, partial(taken)))
}

function partial({ refused, refusals, accepted }: Taken): string {
  const told = refusals
    .slice(0, 5)
    .map(({ index, path, text }) => `line ${index + 1}${path === '' ? '' : `, ${path}`}: ${text}`)
  return `partial write: ${accepted} samples were taken, ${refused} refused: ${told.join('; ')}`
}

/** @throws HubError `BadRequest` with line and column */
function readJson(bytes: Buffer, charset: Charset): unknown {
  const text = charset.decode(charset.withoutMark(bytes))
  if (text === undefined) throw new HubError('BadRequest', [`This is not JSON: the bytes are not ${charset.name}`])
  // In UTF-8 that was looked at as it arrived.
  if (!charset.isUtf8) new JsonLimits().write(Buffer.from(text))
  return parseJson(text, parseSampleJson)
}

function tooLargeForJson(limit: number): HubError {
  return new HubError('TooLarge', [`A JSON body has at most ${limit} bytes; NDJSON may have any number`])
}

/** One item, a list of them, or an object with the list and what its items have in common. */
async function batchOf(batch: Batch, body: unknown, defaults: Defaults): Promise<Batch> {
  if (Array.isArray(body)) await addItems(batch, body, defaults)
  else if (typeof body === 'object' && body !== null && 'samples' in body) {
    const { samples, ...common } = body as { samples: unknown; submodel?: unknown; path?: unknown; unit?: unknown }
    if (!Array.isArray(samples)) throw new HubError('BadRequest', ['"samples", an array, was expected'])
    await addItems(batch, samples, { ...defaults, ...(common as Defaults) })
  } else addItem(batch, body, defaults)
  return batch
}

async function addItems(batch: Batch, items: readonly unknown[], defaults: Defaults): Promise<void> {
  const slice = new TimeSlice()
  for (const [at, item] of items.entries()) {
    addItem(batch, item, defaults)
    if (at % ITEMS_PER_LOOK === 0 && slice.isOver()) await slice.pause()
  }
}

/** Items after which it is looked at the clock. */
const ITEMS_PER_LOOK = 100

function defaultsOf(given: URLSearchParams): Defaults {
  const submodel = part(given, 'submodel')
  const path = part(given, 'path')
  const unit = part(given, 'unit')
  if (unit !== null && !timeUnits.includes(unit as TimeUnit)) {
    throw new HubError('BadRequest', [`"unit" is one of ${timeUnits.join(', ')}; found "${unit.slice(0, 60)}"`])
  }
  return {
    ...(submodel !== null && { submodel }),
    ...(path !== null && { path }),
    ...(unit !== null && { unit: unit as TimeUnit })
  }
}

function part(given: URLSearchParams, name: Name): string | null {
  return given.get(name)
}

function each(given: URLSearchParams, standard: boolean): boolean {
  const text = part(given, 'each')
  if (text === null) return standard
  if (text === 'true' || text === 'false') return text === 'true'
  throw new HubError('BadRequest', [`"each" is true or false; found "${text.slice(0, 60)}"`])
}

/** Nanoseconds of the unit of times. */
function precision(given: URLSearchParams): bigint {
  const name = part(given, 'precision') ?? 'ns'
  const unit = Object.hasOwn(PRECISIONS, name) ? PRECISIONS[name] : undefined
  if (unit !== undefined) return unit
  throw new HubError('BadRequest', [
    `"precision" is one of ${Object.keys(PRECISIONS).join(', ')}; found "${name.slice(0, 60)}"`
  ])
}

/** A key is for what the address names: the same in another submodel, bucket or database is another one. */
function keyOf({ headers, url }: FastifyRequest, door: string): IdempotencyKey | undefined {
  const { 'idempotency-key': key } = headers
  if (typeof key !== 'string') return undefined
  const given = new URL(url, 'http://hub').searchParams
  const target = TARGET_PARAMETERS.map((name) => given.get(name))
  return { key, scope: JSON.stringify([door, ...target]) }
}

const TARGET_PARAMETERS = ['submodel', 'path', 'db', 'rp', 'org', 'orgID', 'bucket'] as const
