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
import { innerCallerOf } from './caller-requests.ts'
import { ConnectionCallers } from './connection-callers.ts'
import { EXAMINER, isOwnRequest, type OwnAccess } from './own-requests.ts'

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
  /** What the hub itself may do. */
  readonly own?: OwnAccess
}

/** Identifies the caller of each request, as soon as there is a way to be authenticated. Call before routes are added. */
export function identifyCallers(app: FastifyInstance, options: CallerOptions): void {
  const { identity, audit, own } = options
  const callers = new ConnectionCallers(identity, options.accessParts.clock)
  auditRefusals(app, audit, () => identity.isConfigured)
  app.addHook('onRequest', (request, _reply, done) => {
    if (!identity.isConfigured) return done()
    if (own !== undefined && isOwnRequest(request)) {
      request.access = own.accessTo(options.accessParts, pathsOf(options, request), auditOf(audit, request, EXAMINER))
      return done()
    }
    const caller = innerCallerOf(request) ?? callers.identify(request)
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
  options: Pick<CallerOptions, 'accessParts' | 'audit' | 'apiPrefix'>,
  caller: Caller,
  request: FastifyRequest
): Access {
  const { accessParts, audit } = options
  return new Access(accessParts, caller, pathsOf(options, request), auditOf(audit, request, caller))
}

function pathsOf({ apiPrefix }: Pick<CallerOptions, 'apiPrefix'>, { url }: FastifyRequest): () => readonly string[] {
  return () => requestPaths(url.split('?', 1)[0] ?? '', apiPrefix)
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
