/** Handles bodies that are still arriving when their request has been answered. */
import type { IncomingMessage } from 'node:http'
import type { FastifyReply } from 'fastify'

/** Bounds for reading the rest of a body. */
const LINGER_MS = 30_000
const LINGER_BYTES = 256 * 2 ** 20

const POLL_INTERVAL_MS = 200

/**
 * Discards the rest of a request after its response. If the connection were closed at once, the arriving bytes would
 * reset it, and a client that writes everything before it reads would see a broken pipe instead of the response
 * (RFC 9112, 9.6).
 */
export function linger(request: IncomingMessage, reply: FastifyReply): void {
  const { socket } = request
  if (request.complete || lingering.has(request) || socket.destroyed) return
  lingering.add(request)
  // Fastify would close the connection after the response, and Node where the client asks for it.
  const closes = !reply.raw.shouldKeepAlive
  reply.removeHeader('connection')
  reply.raw.shouldKeepAlive = true
  const lastByte = socket.bytesRead + LINGER_BYTES
  const deadline = performance.now() + LINGER_MS
  reply.raw.once('finish', () => {
    request.unpipe()
    request.resume()
    const poll = setInterval(() => {
      const isOver = socket.bytesRead > lastByte || performance.now() > deadline
      if (!request.complete && !isOver && !socket.destroyed) return
      clearInterval(poll)
      if (closes || !request.complete) socket.destroySoon()
    }, POLL_INTERVAL_MS)
    poll.unref()
  })
}

const lingering = new WeakSet<IncomingMessage>()
