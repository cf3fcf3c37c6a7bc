/** `/healthz`: the process answers. `/readyz`: the hub can serve, which needs its store. */
import type { FastifyInstance } from 'fastify'
import type { Store } from './store/store.ts'

/** Longest time that the store may take, in milliseconds. */
const PATIENCE = 2000

/** Returns what to call when the hub is about to stop: from then on it is not ready. */
export function probes(app: FastifyInstance, store: Store): () => void {
  let draining = false
  app.get('/healthz', async () => ({ status: 'ok' }))
  app.get('/readyz', async (request, reply) => {
    if (draining) return reply.code(503).send({ status: 'stopping' })
    try {
      await answers(store)
      return { status: 'ready' }
    } catch (error) {
      request.log.error({ err: error }, 'The store does not answer')
      return reply.code(503).send({ status: 'the store does not answer' })
    }
  })
  return () => {
    draining = true
  }
}

async function answers(store: Store): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(reject, PATIENCE, new Error(`No answer within ${PATIENCE} ms`))
  await Promise.race([store.cursor('readiness'), promise]).finally(() => clearTimeout(timer))
}
