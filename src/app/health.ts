/** `/healthz`: the process answers. `/readyz`: the hub can serve requests, for which it needs its store. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../clock.ts'
import type { StoreFigures } from '../store/figures.ts'
import type { Store } from '../store/store.ts'
import { type DocumentedResponse, type ExtensionEndpoint, serve } from '../transports/http/extension-endpoint.ts'
import { ref } from '../transports/http/openapi-schemas.ts'
import type { RulesStatus } from './access-rules.ts'
import type { FollowedFiles } from './followed-files.ts'

/** The store has to answer within this time. */
const READINESS_TIMEOUT_MS = 2000

const health = (description: string): DocumentedResponse => {
  return { description, content: { 'application/json': { schema: ref('Health') } } }
}

const healthEndpoint = {
  path: '/healthz',
  below: 'hub',
  get: {
    operationId: 'GetHealth',
    right: 'PUBLIC',
    tag: 'Hub',
    summary: 'Does the process answer?',
    description: 'Without an answer the process may be restarted.',
    gives: { 200: health('Yes') },
    refuses: ['Internal']
  }
} as const satisfies ExtensionEndpoint

const readinessEndpoint = {
  path: '/readyz',
  below: 'hub',
  get: {
    operationId: 'GetReadiness',
    right: 'PUBLIC',
    tag: 'Hub',
    summary: 'Can the hub serve requests?',
    description:
      'Yes while its store answers and has space, and the hub is not stopping. `damaged` counts stored records that were found damaged; the others are served. `setAside` counts submodels whose rows cannot be written, as a page is damaged: their values are kept elsewhere. `checkpointFailing`: no rows can be written; if that lasts, values are refused. `accessRules` says why newer access rules are not in force, `invalidFiles` names settings whose changed files are not valid: the last good ones stay in force. `insecure`: callers need not authenticate, though other machines reach the hub.',
    gives: { 200: health('Yes'), 503: health('No, with the reason') },
    refuses: ['Internal']
  }
} as const satisfies ExtensionEndpoint

export const probeEndpoints: readonly ExtensionEndpoint[] = [healthEndpoint, readinessEndpoint]

export interface ProbeOptions {
  readonly store: Store
  readonly clock: Clock
  readonly accessRules: RulesStatus
  readonly followed: FollowedFiles
  /** May strangers on other machines do everything? */
  readonly isInsecure: () => boolean
}

/** @returns to be called when the hub is about to stop: from then on it is not ready */
export function mountProbes(
  app: FastifyInstance,
  { store, clock, accessRules, followed, isInsecure }: ProbeOptions
): () => void {
  let draining = false
  serve(app, '', healthEndpoint, { get: () => ({ status: 'ok' }) })
  serve(app, '', readinessEndpoint, { get: ({ request, reply }) => readiness(request, reply) })
  return () => {
    draining = true
  }

  async function readiness(request: FastifyRequest, reply: FastifyReply): Promise<object> {
    if (draining) return reply.code(503).send({ status: 'stopping' })
    try {
      const { isWriteFailing: isFull, damaged, setAside, isCheckpointFailing } = await figuresInTime(store, clock)
      if (isFull) return reply.code(503).send({ status: 'nothing can be stored: the disk is full or failing' })
      const { problem } = accessRules
      const invalidFiles = Object.entries(followed.validity).flatMap(([setting, isValid]) => (isValid ? [] : setting))
      return {
        status: 'ready',
        ...(damaged > 0 && { damaged }),
        ...(setAside > 0 && { setAside }),
        ...(isCheckpointFailing && { checkpointFailing: true }),
        ...(problem !== undefined && { accessRules: problem }),
        ...(invalidFiles.length > 0 && { invalidFiles }),
        ...(isInsecure() && { insecure: true })
      }
    } catch (error) {
      request.log.error({ err: error }, 'The store does not answer')
      return reply.code(503).send({ status: 'the store does not answer' })
    }
  }
}

async function figuresInTime(store: Store, clock: Clock): Promise<StoreFigures> {
  const { promise, reject } = Promise.withResolvers<never>()
  const cancel = clock.after(READINESS_TIMEOUT_MS, () =>
    reject(new Error(`No answer within ${READINESS_TIMEOUT_MS} ms`))
  )
  // The cursor too, as the figures may come from memory.
  const asked = store.cursor('readiness').then(() => store.figures())
  return Promise.race([asked, promise]).finally(cancel)
}
