/** Sends the responses of operations: status, headers, body. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ApiRequest, ApiResponse } from '../../operations/api-request.ts'
import { compress, negotiateEncoding } from './compression.ts'

export function sendResponse(
  response: ApiResponse,
  apiRequest: ApiRequest,
  request: FastifyRequest,
  reply: FastifyReply
): FastifyReply {
  const { stream, revision } = response
  // Caches must revalidate, as a value may change at any time.
  reply.header('cache-control', 'no-cache')
  if (revision !== undefined) reply.header('etag', `"${revision}"`)
  if (response.location !== undefined) reply.header('location', apiRequest.base + response.location)
  if (response.retryAfter !== undefined) reply.header('retry-after', response.retryAfter)
  if (isNotModified(response, apiRequest)) {
    stream?.destroy()
    return reply.code(304).send()
  }
  reply.code(response.status)
  if (response.contentRange !== undefined) reply.header('content-range', response.contentRange)
  if (response.headers !== undefined) reply.headers(response.headers)
  if (apiRequest.definition.gives === 'file') setFileHeaders(response, reply)

  if (stream === undefined) {
    const body = bodyOf(response, apiRequest.definition.gives === 'file')
    if (body === undefined) return reply.send()
    const type = response.contentType === undefined ? 'application/json' : headerType(response.contentType)
    reply.header('content-type', type)
    const coding = negotiateEncoding(request, reply, type, body.length)
    if (coding !== undefined) return reply.send(compress(body, coding))
    return (typeof body === 'string' ? reply.serializer(preserialized) : reply).send(body)
  }
  reply.header('content-type', headerType(response.contentType))
  if (response.contentLength !== undefined) reply.header('content-length', response.contentLength)
  // A stored file, whose length is known, is sent as it is; generated output is compressed.
  const coding =
    response.contentLength === undefined
      ? negotiateEncoding(request, reply, headerType(response.contentType))
      : undefined
  if (request.method !== 'HEAD') return reply.send(coding === undefined ? stream : compress(stream, coding))
  stream.destroy()
  return reply.send()
}

/** RFC 9110, 13.1.2 */
function isNotModified({ status, revision }: ApiResponse, { ifNoneMatch, definition }: ApiRequest): boolean {
  if (ifNoneMatch === undefined || revision === undefined || definition.verb !== 'GET' || status !== 200) return false
  return ifNoneMatch === '*' || ifNoneMatch.includes(revision)
}

/** Up to this size, text is sent in one write with the headers, which saves a system call; above, copying costs more. */
const MAX_INLINE_BYTES = 1024

/** Undefined for an empty body. */
function bodyOf({ bytes, json }: ApiResponse, isFile: boolean): Buffer | string | undefined {
  if (bytes !== undefined) {
    if (typeof bytes === 'string') return bytes
    return isFile || bytes.length > MAX_INLINE_BYTES ? bytes : bytes.toString()
  }
  return json === undefined ? undefined : JSON.stringify(json)
}

/** The media type of a file, unless it cannot be put into a header, as may occur in packages and lenient documents. */
function headerType(type: string | undefined): string {
  return type !== undefined && /^[\x20-\x7e]+$/.test(type) ? type : 'application/octet-stream'
}

/** A serializer for text that is JSON already. Fastify would add a charset, which application/json lacks (RFC 8259, 11). */
export function preserialized(text: unknown): string {
  return text as string
}

function setFileHeaders({ fileName, status }: ApiResponse, reply: FastifyReply): void {
  if (status === 200 || status === 206 || status === 416) reply.header('accept-ranges', 'bytes')
  // An uploaded file must not run as a page of this origin.
  reply.header('x-content-type-options', 'nosniff')
  if (fileName === undefined) return
  reply.header('content-disposition', disposition(fileName))
}

/** `Content-Disposition` with an ASCII and a UTF-8 name (RFC 6266, 4.3; RFC 8187). */
function disposition(fileName: string): string {
  const name = fileName.toWellFormed()
  const plain = name.replace(/[^\x20-\x7e]|["\\%]/g, '_')
  if (plain === name) return `attachment; filename="${plain}"`
  const encoded = encodeURIComponent(name).replace(/['()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`)
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`
}
