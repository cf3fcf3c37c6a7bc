/** The access of the caller of a request, for every transport that begins with one. */
import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify'
import { Access, type AccessParts } from '../../security/access.ts'
import type { AuditTrail } from '../../security/audit-trail.ts'
import type { Caller } from '../../security/caller.ts'
import type { Identity } from '../../security/identity/identity.ts'
import type { MaybePromise } from '../../security/maybe-promise.ts'
import type { RequiredRight } from '../../security/rights.ts'
import { requestPaths } from '../../security/target.ts'
import { auditOf, auditRefusals, responseAudit } from './audit.ts'
import { ConnectionCallers } from './connection-callers.ts'

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

export interface CallerOptions {
  readonly identity: Identity
  readonly accessParts: AccessParts
  readonly audit: AuditTrail
  readonly apiPrefix: string
}

/** Identifies the caller of each request, as soon as there is a way to be authenticated. Call before routes are added. */
export function identifyCallers(app: FastifyInstance, options: CallerOptions): void {
  const { identity, audit } = options
  const callers = new ConnectionCallers(identity, options.accessParts.clock)
  auditRefusals(app, audit, () => identity.isConfigured)
  app.addHook('onRequest', (request, _reply, done) => {
    if (!identity.isConfigured) return done()
    const caller = callers.identify(request)
    if (!(caller instanceof Promise)) {
      request.access = accessOf(options, caller, request)
      return done()
    }
    caller.then(
      (known) => {
        request.access = accessOf(options, known, request)
        done()
      },
      (error: Error) => done(error)
    )
  })
}

/** What a caller may do on the path of a request. */
export function accessOf(
  { accessParts, audit, apiPrefix }: Pick<CallerOptions, 'accessParts' | 'audit' | 'apiPrefix'>,
  caller: Caller,
  request: FastifyRequest
): Access {
  const paths = () => requestPaths(request.url.split('?', 1)[0] ?? '', apiPrefix)
  return new Access(accessParts, caller, paths, auditOf(audit, request, caller))
}

/**
 * Checks what the caller may do before the body is read; where the hub is open there is nothing to check.
 * @param right that the route requires
 * @param check throws HubError, or rejects with one
 */
export function checkAccess(right: RequiredRight, check: (access: Access) => MaybePromise<void>): onRequestHookHandler {
  const recordResponse = responseAudit(right)
  return ({ access }, reply, done) => {
    if (access === undefined) return done()
    recordResponse?.(access, reply)
    let checking: MaybePromise<void>
    try {
      checking = check(access)
    } catch (error) {
      return done(error as Error)
    }
    if (checking instanceof Promise) checking.then(() => done(), done)
    else done()
  }
}
