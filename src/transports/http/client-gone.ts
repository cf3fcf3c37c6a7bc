/** Clients that leave before they have their response. */
import type { FastifyReply } from 'fastify'

/** Aborted when the client leaves, and after the response. */
export function clientGone({ raw }: FastifyReply): AbortSignal {
  const leaving = new AbortController()
  if (raw.destroyed) leaving.abort()
  else raw.once('close', () => leaving.abort())
  return leaving.signal
}

/** Was the work of a request ended by `clientGone`? There is no one to answer to. */
export function isAbandoned(error: unknown, { raw }: FastifyReply): boolean {
  return raw.destroyed && error instanceof Error && error.name === 'AbortError'
}
