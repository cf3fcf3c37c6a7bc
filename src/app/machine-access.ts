/** What collectors may write: they are a caller by configuration, as machines do not say who they are. */
import type { Config } from '../config/config.ts'
import { Access } from '../security/access.ts'
import { RequestAudit } from '../security/audit-trail.ts'
import type { Caller } from '../security/caller.ts'
import type { Services } from './services.ts'

/** @returns the access at the moment of each call; undefined while the hub is open */
export function machineAccess(services: Services, { COLLECT_CLAIMS: subject }: Config): () => Access | undefined {
  const { identity, audit, context, accessRules, clock } = services
  const caller: Caller = { subject, name: 'collect', authentication: 'configuration' }
  const record = audit.isOn ? new RequestAudit(audit, { caller, operation: 'CollectSamples' }) : undefined
  // Samples are pushed as at this path, so that the built-in role of gateways holds here as well.
  const access = new Access({ store: context.store, rules: accessRules.rules, clock }, caller, ['/ingest'], record)
  return () => (identity.isConfigured ? access : undefined)
}
