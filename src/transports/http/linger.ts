/** What becomes of a body that still arrives when its request has been answered. */
import type { IncomingMessage } from 'node:http'
import type { FastifyReply } from 'fastify'

/** How long, and how far, the rest of such a body is read. */
const LINGER_MS = 30_000
const LINGER_BYTES = 256 * 2 ** 20

const LOOK_MS = 200

/**
 * Lets the rest of a request pass unread after its answer. Closed at once, a connection on which bytes still arrive is
 * reset, and a client that writes all before it reads sees a broken pipe in place of the answer (RFC 9112, 9.6).
 */
export function linger(request: IncomingMessage, reply: FastifyReply): void {
  const { socket } = request
  if (request.complete || lingering.has(request) || socket.destroyed) return
  lingering.add(request)
  // Fastify would close the connection as soon as the answer is out, and Node where the client wants it closed.
  const closes = !reply.raw.shouldKeepAlive
  reply.removeHeader('connection')
  reply.raw.shouldKeepAlive = true
  const lastByte = socket.bytesRead + LINGER_BYTES
  const lastMoment = performance.now() + LINGER_MS
  reply.raw.once('finish', () => {
    request.unpipe()
    request.resume()
    const look = setInterval(() => {
      const isOver = socket.bytesRead > lastByte || performance.now() > lastMoment
      if (!request.complete && !isOver && !socket.destroyed) return
      clearInterval(look)
      if (closes || !request.complete) socket.destroySoon()
    }, LOOK_MS)
    look.unref()
  })
}

const lingering = new WeakSet<IncomingMessage>()
