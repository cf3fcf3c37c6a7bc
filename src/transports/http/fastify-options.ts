/** What Fastify must be told when it is created, because no plugin can: addresses and faults before any route. */
import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyHttpOptions, FastifyReply, FastifyRequest } from 'fastify'
import { rewrite } from './base-url.ts'
import { refuse, result } from './errors.ts'

/**
 * @param prefix path of the API
 * @param webSockets paths at which a WebSocket may be opened
 */
export function fastifyOptions(prefix: string, webSockets: readonly string[] = []): FastifyHttpOptions<Server> {
  return {
    // Every other offer to go on in another protocol is ignored, such as that of HTTP/2 (RFC 9110, 7.8).
    http: {
      shouldUpgradeCallback: (request) => wantsWebSocket(request) && webSockets.includes(pathOf(request, prefix))
    },
    rewriteUrl: ({ url = '/' }) => rewrite(url, prefix),
    frameworkErrors: (error, request, reply) => {
      refuse(error, request as FastifyRequest, reply as FastifyReply)
    },
    clientErrorHandler: refuseSocket,
    routerOptions: {
      ignoreTrailingSlash: true,
      // Longer than any path can be: how long an identifier may be is said where it is decoded.
      maxParamLength: 65_536
    }
  }
}

function wantsWebSocket({ method, headers: { upgrade = '' } }: IncomingMessage): boolean {
  return method === 'GET' && /(^|,)\s*websocket\s*(,|$)/i.test(upgrade)
}

function pathOf({ url = '/' }: IncomingMessage, prefix: string): string {
  return (rewrite(url, prefix).split(/[?#]/, 1)[0] ?? '').replace(/(?<=.)\/$/, '')
}

/** Faults of the parser of Node, by code; everything else is a 400. */
const STATUS: { readonly [Code in string]?: number } = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413
}

/** What is no HTTP has no request and no reply, only a socket. */
function refuseSocket(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status = STATUS[error.code ?? ''] ?? 400
  const reason = STATUS_CODES[status] ?? ''
  const text = status === 400 ? 'This is not HTTP that the server understands' : reason
  const body = result([{ code: 'BadRequest', text }], crypto.randomUUID())
  const head = [
    `HTTP/1.1 ${status} ${reason}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close'
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
