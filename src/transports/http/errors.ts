/** Sends errors: the Result of Part 2 with the status of the error table. */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type ErrorName, HubError, type Violation } from '../../errors.ts'
import { linger } from './linger.ts'
import { preserialized } from './response.ts'
import { serviceBaseOf } from './routes.ts'

const RETRY_AFTER_S: { readonly [Status in number]?: number } = { 429: 1, 503: 5 }

/** Of `code` and `correlationId` (Part 2, Message). */
const MAX_CODE_LENGTH = 32
const MAX_CORRELATION_ID_LENGTH = 128

/**
 * Makes `app` answer every error, and unknown routes, with a Result.
 * @param allowedAt the methods of a path of the API; undefined where there is none
 */
export async function handleErrors(
  app: FastifyInstance,
  prefix: string,
  allowedAt: (path: string) => string[] | undefined
): Promise<void> {
  app.setErrorHandler(sendError)
  await app.register(async (unknown) => {
    // Unknown routes are answered without reading the body.
    unknown.removeAllContentTypeParsers()
    unknown.addContentTypeParser('*', (_request, _payload, done) => done(null))
    // On request, since for some methods Fastify would refuse the type of the body first.
    unknown.addHook('onRequest', async (request, reply) => notFound(request, reply))
    unknown.setNotFoundHandler((request, reply) => notFound(request, reply))
  })

  function notFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const path = request.url.split('?', 1)[0] ?? ''
    const allow = allowedAt(path)?.join(', ')
    // The path exists, but the method is not routed anywhere, e.g. PROPFIND.
    if (allow !== undefined) {
      return sendError(
        new HubError('MethodNotAllowed', [request.method, path, allow]),
        request,
        reply.header('allow', allow)
      )
    }
    const apiPath = path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path
    const base = serviceBaseOf(apiPath)
    const hint = base === undefined ? '' : `; for one of many, it lies at ${prefix}${base}${apiPath}`
    return sendMessages(request, reply, 404, [message('NotFound', `There is nothing at ${path}${hint}`)])
  }
}

/** Writes the body of an error response. */
export type ErrorFormat = (messages: readonly ResultMessage[], status: number, request: FastifyRequest) => string

/** @param format for clients that expect another body than the standard's Result */
export function sendError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  format?: ErrorFormat
): FastifyReply {
  const hubError = error instanceof HubError ? error : toHubError(error, request)
  const { status, name, violations, retryAfterS } = hubError
  if (retryAfterS !== undefined) reply.header('retry-after', retryAfterS)
  if (status === 500) request.log.error({ err: error }, 'a request failed')
  if (status === 503 || status === 507) request.log.warn({ err: error }, 'a request could not be served')
  if (status === 401 && !reply.hasHeader('www-authenticate')) reply.header('www-authenticate', challenge(request))
  // The resource allows no method, e.g. an attachment of an element that is not a File (RFC 9110, 15.5.6).
  if (status === 405 && !reply.hasHeader('allow')) reply.header('allow', '')
  const messages = violations.length > 0 ? violations.map(violationMessage) : [message(name, hubError.message)]
  return sendMessages(request, reply, status, messages, format)
}

/** [RFC 6750, 3] Not `Basic`, though it is accepted: a browser would ask for a password by a dialog of its own. */
function challenge({ headers }: FastifyRequest): string {
  return `Bearer realm="AAS Hub"${headers.authorization === undefined ? '' : ', error="invalid_token"'}`
}

export interface ResultMessage {
  readonly code: string
  readonly text: string
}

function sendMessages(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  messages: readonly ResultMessage[],
  format: ErrorFormat = (all, _, { id }) => resultBody(all, id)
) {
  const retryAfter = RETRY_AFTER_S[status]
  if (retryAfter !== undefined && !reply.hasHeader('retry-after')) reply.header('retry-after', retryAfter)
  if (!request.raw.complete) linger(request.raw, reply)
  // Left over from a response that failed while it was prepared.
  for (const name of ['content-length', 'content-encoding', 'content-disposition', 'etag']) reply.removeHeader(name)
  if (status !== 416) reply.removeHeader('content-range')
  reply.code(status).header('content-type', 'application/json').header('cache-control', 'no-store')
  return reply.serializer(preserialized).send(format(messages, status, request))
}

/** A Result (Part 2, 4.9); it has no member but `messages`. */
export function resultBody(messages: readonly ResultMessage[], id: string): string {
  const timestamp = new Date().toISOString()
  const correlationId = id.slice(0, MAX_CORRELATION_ID_LENGTH)
  return JSON.stringify({
    messages: messages.map(({ code, text }) => ({ code, correlationId, messageType: 'Error', text, timestamp }))
  })
}

function message(code: string, text: string): ResultMessage {
  return { code: code.slice(0, MAX_CODE_LENGTH), text }
}

/** The place, the text and the rule; texts of template violations contain some of these already. */
function violationMessage({ pointer, idShortPath, rule, text }: Violation): ResultMessage {
  // The place of a document in a file ends in a colon, which a pointer would follow.
  const place = pointer === '' ? 'the document' : pointer.replace(/: $/, '')
  const isNamed = idShortPath === undefined || idShortPath === '' || text.startsWith(`${idShortPath}: `)
  const element = isNamed ? '' : ` (${idShortPath})`
  return message(rule, `${place}${element}: ${text}${text.endsWith(`, ${rule})`) ? '' : ` [${rule}]`}`)
}

/** Maps errors of Fastify and its parsers; any other error is `Internal`. */
function toHubError(error: unknown, request: FastifyRequest): HubError {
  const { code, statusCode = 500, message } = Object(error) as Partial<FastifyError>
  if (code === 'FST_ERR_BAD_URL')
    return new HubError('BadRequest', ['The path holds percent-encoding that is not UTF-8'])
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new HubError('TooLarge', [`The body is larger than ${request.routeOptions.bodyLimit} bytes`])
  }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new HubError('UnsupportedMediaType', [request.headers['content-type'] ?? '', 'application/json'])
  }
  // While a file is received; the store reports a full disk itself.
  if (code !== undefined && DISK_FULL_CODES.has(code)) return new HubError('StorageFull', ['the disk is used up'])
  if (statusCode < 400 || statusCode >= 500) return new HubError('Internal')
  return new HubError(ERRORS_BY_STATUS.get(statusCode) ?? 'BadRequest', [message ?? ''])
}

const DISK_FULL_CODES = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** Errors that take a free text; every other status below 500 becomes a BadRequest. */
const ERRORS_BY_STATUS: ReadonlyMap<number, ErrorName> = new Map([
  [403, 'Forbidden'],
  [413, 'TooLarge'],
  [429, 'TooManyRequests']
])
