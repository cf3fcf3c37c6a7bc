/** Options that Fastify only takes when it is created: rewriting of URLs, and errors that occur before routing. */
import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyHttpOptions, FastifyReply, FastifyRequest } from 'fastify'
import { resultBody, sendError } from './errors.ts'
import { rewriteUrl } from './rewrite-url.ts'

/**
 * @param prefix path of the API
 * @param webSockets paths at which a WebSocket may be opened
 */
export function fastifyOptions(prefix: string, webSockets: readonly string[] = []): FastifyHttpOptions<Server> {
  return {
    // Every other offer to upgrade is ignored, e.g. to HTTP/2 (RFC 9110, 7.8).
    http: {
      // A request without a body has no stream then, which costs to open, end and close: it has no event, and has ended.
      optimizeEmptyRequests: true,
      shouldUpgradeCallback: (request) => wantsWebSocket(request) && webSockets.includes(pathOf(request, prefix))
    },
    rewriteUrl: ({ url = '/' }) => rewriteUrl(url, prefix),
    frameworkErrors: (error, request, reply) => {
      sendError(error, request as FastifyRequest, reply as FastifyReply)
    },
    clientErrorHandler: answerMalformedRequest,
    routerOptions: {
      ignoreTrailingSlash: true,
      // Longer than any path can be; identifiers are checked where they are decoded.
      maxParamLength: 65_536
    }
  }
}

function wantsWebSocket({ method, headers: { upgrade = '' } }: IncomingMessage): boolean {
  return method === 'GET' && /(^|,)\s*websocket\s*(,|$)/i.test(upgrade)
}

function pathOf({ url = '/' }: IncomingMessage, prefix: string): string {
  return (rewriteUrl(url, prefix).split(/[?#]/, 1)[0] ?? '').replace(/(?<=.)\/$/, '')
}

/** Statuses of errors of Node's HTTP parser; every other error is a 400. */
const STATUS_BY_CODE: { readonly [Code in string]?: number } = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413
}

/** Bytes that cannot be parsed as HTTP have no request and no reply, only a socket. */
function answerMalformedRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status = STATUS_BY_CODE[error.code ?? ''] ?? 400
  const reason = STATUS_CODES[status] ?? ''
  const text = status === 400 ? 'The request is not valid HTTP' : reason
  const body = resultBody([{ code: 'BadRequest', text }], crypto.randomUUID())
  const head = [
    `HTTP/1.1 ${status} ${reason}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close'
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
