/** Records requests in the audit: refusals, invocations and reads. Changes are recorded in their commits. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { HubError } from '../../errors.ts'
import type { Access } from '../../security/access.ts'
import { type AuditTrail, RequestAudit } from '../../security/audit-trail.ts'
import type { Caller } from '../../security/caller.ts'
import { type RequiredRight, rightsOf } from '../../security/rights.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a route does, for the audit. */
    operation?: { readonly name: string; readonly right: RequiredRight }
  }
}

/** The audit of a request whose caller is known; undefined if none is kept. */
export function auditOf(trail: AuditTrail, request: FastifyRequest, caller: Caller): RequestAudit | undefined {
  if (!trail.isOn) return undefined
  // Of most requests nothing is recorded.
  return new RequestAudit(trail, () => {
    const { id, method, url, routeOptions } = request
    return {
      caller,
      operation: routeOptions.config.operation?.name ?? method,
      request: id,
      // Its query may hold credentials, as that of line protocol clients.
      path: url.split('?', 1)[0] ?? ''
    }
  })
}

/**
 * What records invocations, and reads if the trail does, once they have been answered; undefined for routes that do
 * neither.
 * @param required right of the route
 */
export function responseAudit(required: RequiredRight): ((access: Access, reply: FastifyReply) => void) | undefined {
  const rights = rightsOf(required)
  const isRead = rights.every((right) => right === 'READ' || right === 'VIEW')
  if (rights.length === 0 || !(isRead || rights.includes('EXECUTE'))) return undefined
  return ({ audit }, reply) => {
    if (audit === undefined || (isRead && !audit.recordsReads)) return
    // Also where the client went away in between: it may have read most of it.
    reply.raw.once('close', () => {
      const { statusCode } = reply
      if (reply.sent && statusCode < 400 && !audit.hasChanges) audit.done(statusCode, isRead)
    })
  }
}

/** @param isActive false where the hub is open, and refuses only what comes from a foreign web page */
export function auditRefusals(app: FastifyInstance, trail: AuditTrail, isActive: () => boolean): void {
  app.addHook('onError', (request, _reply, error, done) => {
    if (error instanceof HubError && (error.status === 401 || error.status === 403) && isActive()) {
      auditOf(trail, request, recordedCaller(request))?.refused(error.status, error.message)
    }
    done()
  })
}

/** Whom records of a request name: its caller, or a stranger where the hub knows none. */
export function recordedCaller({ access, ip }: FastifyRequest): Caller {
  return access?.caller ?? { ...STRANGER, source: ip }
}

const STRANGER: Caller = { subject: {}, name: 'anonymous', authentication: 'none' }
