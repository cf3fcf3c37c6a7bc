/** Clients that leave before they have their response. */
import type { FastifyReply } from 'fastify'

/** Aborted when the client leaves, and after the response. */
export function clientGone({ raw }: FastifyReply): AbortSignal {
  const leaving = new AbortController()
  if (raw.destroyed) leaving.abort()
  else raw.once('close', () => leaving.abort())
  return leaving.signal
}

/**
 * {@link clientGone} for an operation that may ask for it. Not a function of the route's handler itself: V8 kept what that
 * handler had in hand through its collections of young objects, so every request that was under way in one became old.
 */
export function clientGoneOf(reply: FastifyReply): () => AbortSignal {
  return () => clientGone(reply)
}

/** Was the work of a request ended by `clientGone`? There is no one to answer to. */
export function isAbandoned(error: unknown, { raw }: FastifyReply): boolean {
  return raw.destroyed && error instanceof Error && error.name === 'AbortError'
}
