/** The access of the caller of a request, for every transport that begins with one. */
import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify'
import { Access, type AccessParts } from '../../security/access.ts'
import type { Caller } from '../../security/caller.ts'
import type { Identity } from '../../security/identity/identity.ts'
import type { MaybePromise } from '../../security/maybe-promise.ts'
import { requestPaths } from '../../security/target.ts'
import { credentialsOf } from './credentials.ts'

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
  readonly apiPrefix: string
}

/** Identifies the caller of each request, as soon as there is a way to be authenticated. Call before routes are added. */
export function identifyCallers(app: FastifyInstance, { identity, accessParts, apiPrefix }: CallerOptions): void {
  app.addHook('onRequest', (request, _reply, done) => {
    if (!identity.isConfigured) return done()
    const caller = identity.identify(credentialsOf(request), request.ip)
    if (!(caller instanceof Promise)) {
      grant(request, caller)
      return done()
    }
    caller.then(
      (known) => {
        grant(request, known)
        done()
      },
      (error: Error) => done(error)
    )
  })

  function grant(request: FastifyRequest, caller: Caller): void {
    request.access = accessOf({ accessParts, apiPrefix }, caller, request)
  }
}

/** What a caller may do on the path of a request. */
export function accessOf(
  { accessParts, apiPrefix }: Pick<CallerOptions, 'accessParts' | 'apiPrefix'>,
  caller: Caller,
  { url }: Pick<FastifyRequest, 'url'>
): Access {
  return new Access(accessParts, caller, requestPaths(url.split('?', 1)[0] ?? '', apiPrefix))
}

/**
 * Checks what the caller may do before the body is read; where the hub is open there is nothing to check.
 * @param check throws HubError, or rejects with one
 */
export function checkAccess(check: (access: Access) => MaybePromise<void>): onRequestHookHandler {
  return (request, _, done) => {
    if (request.access === undefined) return done()
    let checking: MaybePromise<void>
    try {
      checking = check(request.access)
    } catch (error) {
      return done(error as Error)
    }
    if (checking instanceof Promise) checking.then(() => done(), done)
    else done()
  }
}
