/** `GET /collection-points`: the collection plan against what is collected, as pages of JSON or as CSV. */
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Clock } from '../../clock.ts'
import { HubError } from '../../errors.ts'
import {
  type CollectionPoint,
  collectionPoints,
  countVerdicts,
  isElementStored,
  type PlanAndFigures,
  type PointsRequest
} from '../../operations/collection/collection-points.ts'
import { parseCursor, toCursor } from '../../operations/paging.ts'
import { preferredLanguage, type ReportLanguage } from '../../operations/report-language.ts'
import type { DocumentStore } from '../../store/document-store.ts'
import type { TimeSlice } from '../../time-slice.ts'
import { type EndpointRequest, serve } from '../http/extension-endpoint.ts'
import { sendInSlices, withSlices } from '../timeseries/sliced-response.ts'
import { refuseUnknown } from '../timeseries/table-query.ts'
import { collectionEndpoint, collectionParameters } from './endpoint.ts'
import { csvHead, csvLine, type PointRow, rowOf } from './point-rows.ts'

export interface CollectionOptions {
  readonly store: DocumentStore
  /** Undefined: there is no plan. */
  readonly figures: PlanAndFigures | undefined
  readonly clock: Clock
  readonly apiPrefix: string
  readonly defaultLimit: number
  readonly maxLimit: number
}

/** A request waits this long for samples that are acknowledged to be counted. */
const MAX_WAIT_MS = 2000
const CSV_TYPE = 'text/csv; charset=utf-8'
const NO_PLAN = { paging_metadata: {}, planDefect: 'the setting COLLECTION_PLAN names no plan', result: [] }
/** Lines of CSV that are encoded together. */
const LINES_PER_PART = 500

export async function collection(app: FastifyInstance, options: CollectionOptions): Promise<void> {
  serve(app, options.apiPrefix, collectionEndpoint, { get: (received) => sendPoints(options, received) })
}

async function sendPoints(
  { store, figures, clock, defaultLimit, maxLimit }: CollectionOptions,
  { request, reply, access, params, query: parse }: EndpointRequest<(typeof collectionEndpoint)['get']>
): Promise<FastifyReply> {
  refuseUnknown(params, Object.keys(collectionParameters))
  const { format = 'json', limit, cursor, language: wanted, ...filter } = parse()
  const language = wanted ?? preferredLanguage(request.headers['accept-language'])
  reply.header('cache-control', 'no-store').header('content-language', language)
  if (figures === undefined) {
    return format === 'csv' ? reply.type(CSV_TYPE).send(csvHead(language)) : reply.send(NO_PLAN)
  }
  const after = parseCursor(cursor) ?? 0
  if (!(await figures.caughtUp(MAX_WAIT_MS)))
    throw new HubError('Unavailable', ['The samples are still being counted; try again in a moment'])
  const now = clock.milliseconds() * 1000
  const points: PointsRequest = { figures, store, access, filter, now }
  return withSlices(reply, async (slice) => {
    if (format === 'csv') {
      const bytes = csvOf(figures, collectionPoints(points, after, slice), language, limit ?? Number.POSITIVE_INFINITY)
      return sendInSlices(reply.type(CSV_TYPE), bytes, slice)
    }
    const page = await pageOf(points, after, Math.min(limit ?? defaultLimit, maxLimit), slice)
    if (page.next !== undefined) {
      const query = new URLSearchParams(new URL(request.url, 'http://hub').search)
      query.set('cursor', page.next)
      reply.header('link', `<${request.url.split('?', 1)[0]}?${query}>; rel="next"`)
    }
    const verdicts = await countVerdicts(points, slice)
    return reply.send({
      paging_metadata: page.next === undefined ? {} : { cursor: page.next },
      ...(figures.plan.defect !== undefined && verdicts && { planDefect: figures.plan.defect }),
      ...(figures.isFull && { isIncomplete: true }),
      ...(verdicts && { verdicts }),
      result: await rowsOf(points, page.points, language)
    })
  })
}

async function pageOf(
  request: PointsRequest,
  after: number,
  limit: number,
  slice: TimeSlice
): Promise<{ readonly points: readonly CollectionPoint[]; readonly next?: string }> {
  const points: CollectionPoint[] = []
  for await (const point of collectionPoints(request, after, slice)) {
    if (points.length === limit) return { points, next: toCursor(points.at(-1)?.position ?? after) }
    points.push(point)
  }
  return { points }
}

async function rowsOf(
  { store, figures }: PointsRequest,
  points: readonly CollectionPoint[],
  language: ReportLanguage
): Promise<readonly PointRow[]> {
  const rows: PointRow[] = []
  for (const point of points) {
    const isSeen = (point.actual?.figures.count ?? 0) > 0
    const source = point.actual && figures.sourceOf(point.actual)
    if (isSeen) rows.push(rowOf(point, { language, source }))
    else rows.push(rowOf(point, { language, source, isElementStored: await isElementStored(store, point) }))
  }
  return rows
}

async function* csvOf(
  figures: PlanAndFigures,
  points: AsyncIterable<CollectionPoint>,
  language: ReportLanguage,
  limit: number
): AsyncGenerator<Uint8Array> {
  let text = csvHead(language)
  let lines = 0
  for await (const point of points) {
    if (lines++ === limit) break
    const source = point.actual && figures.sourceOf(point.actual)
    text += csvLine(rowOf(point, { language, source }))
    if (lines % LINES_PER_PART !== 0) continue
    yield Buffer.from(text)
    text = ''
  }
  yield Buffer.from(text)
}
