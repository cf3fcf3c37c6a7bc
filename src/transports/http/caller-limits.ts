/** Refuses callers that ask too often, before the body is read. */
import type { FastifyInstance } from 'fastify'
import type { CallerLimits } from '../../security/caller-limits.ts'
import { isOwnRequest } from './own-requests.ts'

/** Call after the hook that identifies callers. Nothing is counted where the hub is open. */
export function limitCallers(app: FastifyInstance, limits: CallerLimits): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const { access } = request
    if (access !== undefined && !isOwnRequest(request)) limits.countRequest(access.caller)
    done()
  })
}
