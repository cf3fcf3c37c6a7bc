/** What an MQTT broker may do: it is a caller by configuration, as its messages do not say who sent them. */
import { Access } from '../security/access.ts'
import { RequestAudit } from '../security/audit-trail.ts'
import type { Caller } from '../security/caller.ts'
import { isRuled, ReadingView } from '../security/reading-view.ts'
import type { AccessSubject } from '../security/subject.ts'
import type { PublishedView } from '../transports/mqtt/publishing/published-state.ts'
import type { Services } from './services.ts'

/**
 * What the broker may write.
 * @returns the access at the moment of each call; undefined while the hub is open
 */
export function mqttAccess(services: Services, url: string, subject: AccessSubject): () => Access | undefined {
  const { identity, audit } = services
  const caller = callerOf(url, subject)
  const record = audit.isOn ? new RequestAudit(audit, { caller, operation: 'ReceiveMqtt' }) : undefined
  // Samples are pushed as at this path, so that the built-in role of gateways holds here as well.
  const access = new Access(accessParts(services), caller, ['/ingest'], record)
  return () => (identity.isConfigured ? access : undefined)
}

/**
 * What is published.
 * @param subject undefined: everything
 * @returns the view at the moment of each call; undefined while the hub is open
 */
export function publishedView(
  services: Services,
  url: string,
  subject: AccessSubject | undefined
): () => PublishedView | undefined {
  const { identity, context } = services
  if (subject === undefined) return () => undefined
  const access = new Access(accessParts(services), callerOf(url, subject), [])
  const view: PublishedView = {
    documents: new ReadingView(context.store, access, 'READ'),
    elements: new ReadingView(context.store, access, 'READ', 'elements'),
    showsDeleted: async (kind) => isRuled(kind) && (await access.ofKind('READ', kind)) === 'allowed'
  }
  return () => (identity.isConfigured ? view : undefined)
}

function callerOf(url: string, subject: AccessSubject): Caller {
  return { subject, name: `mqtt:${new URL(url).host}`, authentication: 'configuration' }
}

function accessParts({ context, accessRules, clock }: Services) {
  return { store: context.store, rules: accessRules.rules, clock }
}
