/** What an MQTT broker may do: it is a caller by configuration, as its messages do not say who sent them. */
import { Access } from '../security/access.ts'
import { RequestAudit } from '../security/audit-trail.ts'
import type { Caller } from '../security/caller.ts'
import type { AccessSubject } from '../security/subject.ts'
import type { Services } from './services.ts'

/** @returns the access at the moment of each call; undefined while the hub is open */
export function mqttAccess(
  { identity, context, accessRules, audit, clock }: Services,
  url: string,
  subject: AccessSubject
): () => Access | undefined {
  const caller: Caller = { subject, name: `mqtt:${new URL(url).host}`, authentication: 'configuration' }
  // Samples are pushed as at this path, so that the built-in role of gateways holds here as well.
  const record = audit.isOn ? new RequestAudit(audit, { caller, operation: 'ReceiveMqtt' }) : undefined
  const access = new Access({ store: context.store, rules: accessRules.rules, clock }, caller, ['/ingest'], record)
  return () => (identity.isConfigured ? access : undefined)
}
