/** Who the user of a session is, for as long as it is open, and what it may read. */
import { X509Certificate } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import { HubError } from '../../errors.ts'
import { Access, type AccessParts } from '../../security/access.ts'
import { requireAny } from '../../security/any-right.ts'
import { type AuditTrail, RequestAudit } from '../../security/audit-trail.ts'
import type { Caller } from '../../security/caller.ts'
import {
  type ClientCertificate,
  type Credentials,
  NO_CREDENTIALS,
  unauthorized
} from '../../security/identity/credentials.ts'
import type { Identity } from '../../security/identity/identity.ts'
import type { SessionIdentity } from './messages.ts'

export interface CallerParts {
  readonly identity: Pick<Identity, 'isConfigured' | 'identify'>
  readonly accessParts: AccessParts
  readonly audit: AuditTrail
  readonly clock: Clock
}

/** Rules may name it as a ROUTE. */
const ROUTE = '/opcua'

export class SessionCaller {
  /** Undefined: the hub is open. */
  access: Access | undefined
  readonly #parts: CallerParts
  readonly #credentials: Credentials
  readonly #source: string | undefined

  private constructor(parts: CallerParts, identity: SessionIdentity, source: string | undefined) {
    this.#parts = parts
    this.#credentials = credentialsOf(identity)
    this.#source = source
  }

  /** @throws HubError `Unauthorized`, `Forbidden` where it may read nothing, `TooManyRequests`, `Unavailable` */
  static async open(parts: CallerParts, identity: SessionIdentity, source: string | undefined): Promise<SessionCaller> {
    const caller = new SessionCaller(parts, identity, source)
    await caller.identify()
    return caller
  }

  /** Again, when credentials may have changed. @throws HubError as `open` */
  async identify(): Promise<void> {
    const { identity, accessParts, audit } = this.#parts
    // Where the hub is open any credentials are good.
    if (!identity.isConfigured) return
    const caller = await identity.identify(this.#credentials, this.#source)
    // Of a key that is revoked: the session of a user does not go on as an anonymous one.
    if (this.#credentials.is !== 'none' && caller.authentication === 'none') throw unauthorized('the key is not valid')
    const access = this.access?.as(caller) ?? new Access(accessParts, caller, [ROUTE], auditOf(audit, caller))
    await requireAny(access, 'READ')
    this.access = access
  }

  /** Have the credentials expired? */
  get hasExpired(): boolean {
    const expiresAt = this.access?.caller.expiresAt
    return expiresAt !== undefined && expiresAt <= this.#parts.clock.milliseconds()
  }
}

/** Does an error mean that the session may not go on? What cannot be verified for the moment stays valid. */
export function isEnd(error: unknown): boolean {
  return error instanceof HubError && (error.name === 'Unauthorized' || error.name === 'Forbidden')
}

function auditOf(audit: AuditTrail, caller: Caller): RequestAudit | undefined {
  return audit.isOn ? new RequestAudit(audit, { caller, operation: 'OpcUaSession', path: ROUTE }) : undefined
}

function credentialsOf(identity: SessionIdentity): Credentials {
  switch (identity.is) {
    case 'anonymous':
      return NO_CREDENTIALS
    case 'user':
      return { is: 'password', user: identity.user, password: identity.password }
    case 'certificate':
      return { is: 'certificate', certificate: certificateOf(Buffer.from(identity.certificate)) }
  }
}

/** The thread has checked that it is trusted. */
function certificateOf(der: Buffer): ClientCertificate {
  const certificate = new X509Certificate(der)
  return {
    problem: undefined,
    subject: certificate.toLegacyObject().subject as unknown as ClientCertificate['subject'],
    fingerprint: certificate.fingerprint256,
    expiresAt: certificate.validToDate.getTime()
  }
}
