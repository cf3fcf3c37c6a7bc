/** The audit of the hub, and what identities and access rules report to it. */
import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../clock.ts'
import type { Config } from '../config/config.ts'
import { AuditTrail } from '../security/audit-trail.ts'
import type { SecurityEvent, SecurityEventSink } from '../security/identity/events.ts'
import type { Store } from '../store/store.ts'

export interface AuditOptions {
  readonly config: Pick<Config, 'AUDIT' | 'AUDIT_VALUES' | 'MONGODB_URL'>
  readonly store: Store
  readonly clock: Clock
  readonly log: Pick<FastifyBaseLogger, 'error'>
}

export function openAudit({ config, store, clock, log }: AuditOptions): AuditTrail {
  return new AuditTrail({
    ...{ store, clock, mode: config.AUDIT, values: config.AUDIT_VALUES, isShared: config.MONGODB_URL !== '' },
    failed: (err) => log.error({ err }, 'Records of the audit could not be written; retrying')
  })
}

export function securityEvents(trail: AuditTrail): SecurityEventSink {
  return {
    report: (event) => trail.report(audited(event)),
    changesFor: (event) => trail.changesForEvent(audited(event))
  }
}

function audited({ action, succeeded, by, ...event }: SecurityEvent) {
  return {
    ...event,
    operation: operations[action],
    outcome: succeeded ? 'done' : 'refused',
    ...(by !== undefined && { caller: by })
  } as const
}

const operations: Readonly<Record<SecurityEvent['action'], string>> = {
  login: 'Login',
  logout: 'Logout',
  'create key': 'CreateKey',
  'rotate key': 'RotateKey',
  'revoke key': 'RevokeKey',
  'create user': 'CreateUser',
  'change user': 'ChangeUser',
  'change password': 'ChangePassword',
  'delete user': 'DeleteUser',
  'load file': 'LoadFile'
}
