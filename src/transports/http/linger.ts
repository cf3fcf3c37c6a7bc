/** Handles bodies that are still arriving when their request has been answered. */
import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { FastifyReply } from 'fastify'
import { systemClock } from '../../clock.ts'

/** Bounds for reading the rest of a body. */
const LINGER_MS = 30_000
const LINGER_BYTES = 256 * 2 ** 20

const POLL_INTERVAL_MS = 200

/**
 * Discards the rest of a request after its response. If the connection were closed at once, the arriving bytes would
 * reset it, and a client that writes everything before it reads would see a broken pipe instead of the response
 * (RFC 9112, 9.6). The rest arrives in real time, whatever clock the services have.
 */
export function linger(request: IncomingMessage, reply: FastifyReply): void {
  const { socket } = request
  // Inside the process there is no connection.
  if (!(socket instanceof Socket)) return
  if (request.complete || lingering.has(request) || socket.destroyed) return
  lingering.add(request)
  // Fastify would close the connection after the response, and Node where the client asks for it.
  const closes = !reply.raw.shouldKeepAlive
  reply.removeHeader('connection')
  reply.raw.shouldKeepAlive = true
  const lastByte = socket.bytesRead + LINGER_BYTES
  const deadline = systemClock.monotonic() + LINGER_MS
  reply.raw.once('finish', () => {
    request.unpipe()
    request.resume()
    const stop = systemClock.every(POLL_INTERVAL_MS, () => {
      const isOver = socket.bytesRead > lastByte || systemClock.monotonic() > deadline
      if (!request.complete && !isOver && !socket.destroyed) return
      stop()
      if (closes || !request.complete) socket.destroySoon()
    })
  })
}

const lingering = new WeakSet<IncomingMessage>()
