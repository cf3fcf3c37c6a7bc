/** The forms of i3X's answers: success, failure, bulk; and how they are sent. */
import { STATUS_CODES } from 'node:http'
import { promisify } from 'node:util'
import { constants, gzip } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { HubError } from '../../../errors.ts'
import { type ErrorFormat, sendError } from '../../http/errors.ts'
import { acceptedEncodings } from '../../http/headers.ts'
import { preserialized } from '../../http/response.ts'

const compressed = promisify(gzip)

/** In the terms of RFC 9457. */
export interface ResponseDetail {
  readonly title: string
  readonly status: number
  readonly detail: string
}

/** An item of a bulk answer: the JSON of its result, or why there is none. */
export type BulkItem =
  | { readonly id: string; readonly json: string }
  | { readonly id: string; readonly why: ResponseDetail }

/** What was left out of an answer because of a limit; undefined: nothing. */
export type Shortfall = string | undefined

/** @param json the result as JSON */
export function success(json: string, shortfall?: Shortfall): string {
  return `{"success":true,"result":${json}${detailOf(shortfall)}}`
}

/** In the order and the size of the request. @param key `subscriptionId` where the items are subscriptions */
export function bulk(items: readonly BulkItem[], shortfall?: Shortfall, key = 'elementId'): string {
  const all = items.map((item) => {
    const id = `"${key}":${JSON.stringify(item.id)}`
    return 'json' in item
      ? `{"success":true,${id},"result":${item.json}}`
      : `{"success":false,${id},"responseDetail":${JSON.stringify(item.why)}}`
  })
  const isWhole = items.every((item) => 'json' in item)
  return `{"success":${isWhole},"results":[${all.join()}]${detailOf(shortfall)}}`
}

function detailOf(shortfall: Shortfall): string {
  if (shortfall === undefined) return ''
  return `,"responseDetail":${JSON.stringify({ title: 'Partial Content', status: 206, detail: shortfall })}`
}

export function detail(status: number, text: string): ResponseDetail {
  return { title: STATUS_CODES[status] ?? 'Error', status, detail: text }
}

export function notFound(id: string, what = 'Element'): BulkItem {
  return { id, why: detail(404, `${what} not found: ${id}`) }
}

/** An item that was refused. @throws the error, where it is not about the item */
export function refusedItem(id: string, error: unknown): BulkItem {
  if (!(error instanceof HubError) || error.status >= 500) throw error
  const [violation] = error.violations
  return { id, why: detail(error.status, violation?.text ?? error.message) }
}

/** Compressed wherever the client accepts gzip, however small the body is: the specification demands it. */
export async function sendJson(
  request: FastifyRequest,
  reply: FastifyReply,
  json: string,
  shortfall?: Shortfall
): Promise<FastifyReply> {
  reply.code(shortfall === undefined ? 200 : 206)
  reply.header('content-type', 'application/json').header('cache-control', 'no-store').header('vary', 'accept-encoding')
  if (!acceptedEncodings(request.headers['accept-encoding']).has('gzip')) {
    return reply.serializer(preserialized).send(json)
  }
  const bytes = await compressed(json, { level: constants.Z_BEST_SPEED })
  return reply.header('content-encoding', 'gzip').send(bytes)
}

const failure: ErrorFormat = (messages, status) =>
  JSON.stringify({ success: false, responseDetail: detail(status, messages.map(({ text }) => text).join('; ')) })

export function sendFailure(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return sendError(error, request, reply, failure)
}
