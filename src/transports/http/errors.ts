/** Refusals and faults on their way out: the Result of Part 2 with the status of the error table. */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type ErrorName, HubError, type Violation } from '../../errors.ts'
import { asIs } from './answer.ts'
import { linger } from './linger.ts'
import { serviceOf } from './routes.ts'

/** Seconds after which it may be worth to ask again. */
const RETRY_AFTER_S: { readonly [Status in number]?: number } = { 429: 1, 503: 5 }

/** The longest `code` and `correlationId` (Part 2, Message). */
const MAX_CODE_LENGTH = 32
const MAX_CORRELATION_ID_LENGTH = 128

/**
 * Gives `app` the standard's words for everything that can go wrong.
 * @param allowedAt the verbs of a path of the API, where there is something
 */
export async function explainFaults(
  app: FastifyInstance,
  prefix: string,
  allowedAt: (path: string) => string[] | undefined
): Promise<void> {
  app.setErrorHandler(refuse)
  await app.register(async (strangers) => {
    // Where nothing is, no body is read.
    strangers.removeAllContentTypeParsers()
    strangers.addContentTypeParser('*', (_request, _payload, done) => done(null))
    // Before the body, for the type of which Fastify would ask with some methods.
    strangers.addHook('onRequest', async (request, reply) => stranger(request, reply))
    strangers.setNotFoundHandler((request, reply) => stranger(request, reply))
  })

  function stranger(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const path = request.url.split('?', 1)[0] ?? ''
    const allow = allowedAt(path)?.join(', ')
    // A method that nothing at all is routed by, such as PROPFIND.
    if (allow !== undefined) {
      return refuse(
        new HubError('MethodNotAllowed', [request.method, path, allow]),
        request,
        reply.header('allow', allow)
      )
    }
    const below = path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path
    const service = serviceOf(below)
    const hint = service === undefined ? '' : `; for one of many, it lies at ${prefix}${service}${below}`
    return tell(request, reply, 404, [message('NotFound', `There is nothing at ${path}${hint}`)])
  }
}

/** Writes a refusal down. */
export type RefusalForm = (messages: readonly Message[], status: number, request: FastifyRequest) => string

/** Answers with what was thrown. @param form of clients that read another one than the standard's */
export function refuse(error: unknown, request: FastifyRequest, reply: FastifyReply, form?: RefusalForm): FastifyReply {
  const refusal = error instanceof HubError ? error : fault(error, request)
  const { status, name, violations } = refusal
  if (status === 500) request.log.error({ err: error }, 'a request failed')
  if (status === 503 || status === 507) request.log.warn({ err: error }, 'a request could not be served')
  // A resource that refuses a verb for what it is, as an attachment of what is no File, allows none (RFC 9110, 15.5.6).
  if (status === 405 && !reply.hasHeader('allow')) reply.header('allow', '')
  const messages = violations.length > 0 ? violations.map(broken) : [message(name, refusal.message)]
  return tell(request, reply, status, messages, form)
}

export interface Message {
  readonly code: string
  readonly text: string
}

function tell(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  messages: readonly Message[],
  form: RefusalForm = (all, _, { id }) => result(all, id)
) {
  const retryAfter = RETRY_AFTER_S[status]
  if (retryAfter !== undefined && !reply.hasHeader('retry-after')) reply.header('retry-after', retryAfter)
  if (!request.raw.complete) linger(request.raw, reply)
  // Left by an answer that failed halfway.
  for (const name of ['content-length', 'content-disposition', 'etag']) reply.removeHeader(name)
  if (status !== 416) reply.removeHeader('content-range')
  reply.code(status).header('content-type', 'application/json').header('cache-control', 'no-store')
  return reply.serializer(asIs).send(form(messages, status, request))
}

/** A Result (Part 2, 4.9); its body holds `messages` only. */
export function result(messages: readonly Message[], id: string): string {
  const timestamp = new Date().toISOString()
  const correlationId = id.slice(0, MAX_CORRELATION_ID_LENGTH)
  return JSON.stringify({
    messages: messages.map(({ code, text }) => ({ code, correlationId, messageType: 'Error', text, timestamp }))
  })
}

function message(code: string, text: string): Message {
  return { code: code.slice(0, MAX_CODE_LENGTH), text }
}

/** A broken rule: the place, what was expected and found, the rule; what a template says names some of it itself. */
function broken({ pointer, idShortPath, rule, text }: Violation): Message {
  // The place of a whole document in a file ends in the colon that a pointer would follow.
  const place = pointer === '' ? 'the document' : pointer.replace(/: $/, '')
  const isNamed = idShortPath === undefined || idShortPath === '' || text.startsWith(`${idShortPath}: `)
  const element = isNamed ? '' : ` (${idShortPath})`
  return message(rule, `${place}${element}: ${text}${text.endsWith(`, ${rule})`) ? '' : ` [${rule}]`}`)
}

/** What Fastify or a parser found wrong with the request; `Internal` for everything else. */
function fault(error: unknown, request: FastifyRequest): HubError {
  const { code, statusCode = 500, message } = Object(error) as Partial<FastifyError>
  if (code === 'FST_ERR_BAD_URL')
    return new HubError('BadRequest', ['The path holds percent-encoding that is no UTF-8'])
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new HubError('TooLarge', [`The body is larger than ${request.routeOptions.bodyLimit} bytes`])
  }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new HubError('UnsupportedMediaType', [request.headers['content-type'] ?? '', 'application/json'])
  }
  // Met where a file is being received; the store says so by itself.
  if (code !== undefined && DISK_FULL_CODES.has(code)) return new HubError('StorageFull', ['the disk is used up'])
  if (statusCode < 400 || statusCode >= 500) return new HubError('Internal')
  return new HubError(NAMES.get(statusCode) ?? 'BadRequest', [message ?? ''])
}

const DISK_FULL_CODES = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** Errors of the table that say what they are given; what has no name here is a bad request. */
const NAMES: ReadonlyMap<number, ErrorName> = new Map([
  [403, 'Forbidden'],
  [413, 'TooLarge'],
  [429, 'TooManyRequests']
])
