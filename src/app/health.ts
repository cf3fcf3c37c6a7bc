/** `/healthz`: the process answers. `/readyz`: the hub can serve, which needs its store. */
import type { FastifyInstance } from 'fastify'
import type { Store, StoreFigures } from '../store/store.ts'
import type { DocumentedResponse, ExtensionPath } from '../transports/http/extension-endpoint.ts'
import { ref } from '../transports/http/openapi-schemas.ts'

/** Longest time that the store may take, in milliseconds. */
const READINESS_TIMEOUT_MS = 2000

/** Returns what to call when the hub is about to stop: from then on it is not ready. */
export function probes(app: FastifyInstance, store: Store): () => void {
  let draining = false
  app.get('/healthz', async () => ({ status: 'ok' }))
  app.get('/readyz', async (request, reply) => {
    if (draining) return reply.code(503).send({ status: 'stopping' })
    try {
      const { isWriteFailing: isFull, damaged } = await answers(store)
      if (isFull) return reply.code(503).send({ status: 'nothing can be stored: the disk is full, or fails' })
      return { status: 'ready', ...(damaged > 0 && { damaged }) }
    } catch (error) {
      request.log.error({ err: error }, 'The store does not answer')
      return reply.code(503).send({ status: 'the store does not answer' })
    }
  })
  return () => {
    draining = true
  }
}

async function answers(store: Store): Promise<StoreFigures> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(reject, READINESS_TIMEOUT_MS, new Error(`No answer within ${READINESS_TIMEOUT_MS} ms`))
  // The figures alone might come from memory.
  const asked = store.cursor('readiness').then(() => store.figures())
  return Promise.race([asked, promise]).finally(() => clearTimeout(timer))
}

const health = (description: string): DocumentedResponse => {
  return { description, content: { 'application/json': { schema: ref('Health') } } }
}

export const probePaths: readonly ExtensionPath[] = [
  {
    path: '/healthz',
    below: 'hub',
    get: {
      operationId: 'GetHealth',
      tag: 'Hub',
      summary: 'Does the process answer?',
      description: 'Whoever gets no answer may start it anew.',
      gives: { 200: health('It does') },
      refuses: ['Internal']
    }
  },
  {
    path: '/readyz',
    below: 'hub',
    get: {
      operationId: 'GetReadiness',
      tag: 'Hub',
      summary: 'Can the hub serve?',
      description:
        'It can where its store answers and has room, and it is not about to stop. `damaged` counts records that were found damaged; the rest is served.',
      gives: { 200: health('It can'), 503: health('It cannot, and why') },
      refuses: ['Internal']
    }
  }
]
