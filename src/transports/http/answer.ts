/** Answers on their way out: status, headers, bytes. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ApiRequest, ApiResponse } from '../../operations/api-request.ts'
import { compressed, negotiate } from './compression.ts'

/** Sends what an operation answered. */
export function send(
  answer: ApiResponse,
  call: ApiRequest,
  request: FastifyRequest,
  reply: FastifyReply
): FastifyReply {
  const { stream, revision } = answer
  // A value may change at any moment: it may be kept, but only used after asking.
  reply.header('cache-control', 'no-cache')
  if (revision !== undefined) reply.header('etag', `"${revision}"`)
  if (answer.location !== undefined) reply.header('location', call.base + answer.location)
  if (answer.retryAfter !== undefined) reply.header('retry-after', answer.retryAfter)
  if (isKnown(answer, call)) {
    stream?.destroy()
    return reply.code(304).send()
  }
  reply.code(answer.status)
  if (answer.contentRange !== undefined) reply.header('content-range', answer.contentRange)
  if (answer.headers !== undefined) reply.headers(answer.headers)
  if (call.definition.gives === 'file') describeFile(answer, reply)

  if (stream === undefined) {
    const body = bodyOf(answer, call.definition.gives === 'file')
    if (body === undefined) return reply.send()
    const type = answer.contentType === undefined ? 'application/json' : headerType(answer.contentType)
    reply.header('content-type', type)
    const coding = negotiate(request, reply, type, body.length)
    if (coding !== undefined) return reply.send(compressed(body, coding))
    return (typeof body === 'string' ? reply.serializer(asIs) : reply).send(body)
  }
  reply.header('content-type', headerType(answer.contentType))
  if (answer.contentLength !== undefined) reply.header('content-length', answer.contentLength)
  // A file of known length is sent as it was stored; what is written as it goes may be large.
  const coding =
    answer.contentLength === undefined ? negotiate(request, reply, headerType(answer.contentType)) : undefined
  if (request.method !== 'HEAD') return reply.send(coding === undefined ? stream : compressed(stream, coding))
  stream.destroy()
  return reply.send()
}

/** Does the caller hold the current representation? (RFC 9110, 13.1.2) */
function isKnown({ status, revision }: ApiResponse, { ifNoneMatch, definition: row }: ApiRequest): boolean {
  if (ifNoneMatch === undefined || revision === undefined || row.verb !== 'GET' || status !== 200) return false
  return ifNoneMatch === '*' || ifNoneMatch.includes(revision)
}

/** Up to here a text leaves in one piece with the headers, which saves a system call; above, copying costs more. */
const MAX_INLINE_BYTES = 1024

/** What goes out; undefined where there is nothing. Bytes of a file stay bytes. */
function bodyOf({ bytes, json }: ApiResponse, isFile: boolean): Buffer | string | undefined {
  if (bytes !== undefined) {
    if (typeof bytes === 'string') return bytes
    return isFile || bytes.length > MAX_INLINE_BYTES ? bytes : bytes.toString()
  }
  return json === undefined ? undefined : JSON.stringify(json)
}

/** The type of a file as a header can carry it; packages, and documents taken leniently, bring what none can. */
function headerType(type: string | undefined): string {
  return type !== undefined && /^[\x20-\x7e]+$/.test(type) ? type : 'application/octet-stream'
}

/** Keeps Fastify from adding a charset, which the media type of JSON does not have (RFC 8259, 11). */
export function asIs(text: unknown): string {
  return text as string
}

function describeFile({ fileName, status }: ApiResponse, reply: FastifyReply): void {
  if (status === 200 || status === 206 || status === 416) reply.header('accept-ranges', 'bytes')
  // What a stranger stored here must not run as a page of this address.
  reply.header('x-content-type-options', 'nosniff')
  if (fileName === undefined) return
  reply.header('content-disposition', disposition(fileName))
}

/** `Content-Disposition` with a name for every client (RFC 6266, 4.3; RFC 8187). */
function disposition(fileName: string): string {
  const name = fileName.toWellFormed()
  const plain = name.replace(/[^\x20-\x7e]|["\\%]/g, '_')
  if (plain === name) return `attachment; filename="${plain}"`
  const encoded = encodeURIComponent(name).replace(/['()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`)
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`
}
