/** Begins an answer that is sent in pieces as they occur: server-sent events (HTML, 9.2). */
import type { FastifyReply } from 'fastify'

/** Takes the response over from Fastify, with the headers that the reply has; to be called while it is open. */
export function beginEventStream(reply: FastifyReply): void {
  const response = reply.raw
  reply.hijack()
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) response.setHeader(name, value)
  }
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    // Keeps proxies from buffering.
    'x-accel-buffering': 'no'
  })
  response.socket?.setNoDelay(true)
}
