/** The access of the caller of a request, for every transport that begins with one. */
import type { FastifyInstance } from 'fastify'
import type { Access } from '../../security/access.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set once the caller is known, before the body is read. Undefined where the hub is open. */
    access: Access | undefined
  }
}

/** Call before routes are added. */
export function decorateWithAccess(app: FastifyInstance): void {
  app.decorateRequest('access', undefined)
}
