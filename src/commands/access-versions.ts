/** `aas-hub access versions|load|activate|rollback`: on a running hub, or on a store that none uses. */
import { type Clock, systemClock } from '../clock.ts'
import { AuditTrail, ruleAudit } from '../security/audit-trail.ts'
import { checkRuleFiles, type RuleDocument, rulesOf } from '../security/rule-files.ts'
import { type RuleVersion, RuleVersions, type VersionList } from '../security/rule-versions.ts'
import type { Store } from '../store/store.ts'
import { type HubAddress, requestHub } from './hub-request.ts'

/** Versions of the access rules, wherever they are. */
export interface VersionsAdmin {
  list(): Promise<VersionList>
  /** Adds a version, staged. */
  add(documents: readonly RuleDocument[], rules: number, note: string | undefined): Promise<RuleVersion>
  activate(version: number | 'previous', force: boolean): Promise<RuleVersion>
}

export function versionsOfHub(hub: HubAddress): VersionsAdmin {
  const base = '/security/access-rules'
  return {
    list: async () => (await requestHub(hub, 'GET', base)) as VersionList,
    add: async (documents, _, note) => {
      const query = note === undefined ? '' : `?${new URLSearchParams({ note })}`
      return (await requestHub(hub, 'POST', base + query, { documents })) as RuleVersion
    },
    activate: async (version, force) => {
      const query = new URLSearchParams({ version: String(version), force: String(force) })
      return (await requestHub(hub, 'POST', `${base}/activate?${query}`)) as RuleVersion
    }
  }
}

/** A process that may open the store may do everything. */
export function versionsInStore(store: Store, clock: Clock = systemClock): VersionsAdmin {
  const versions = new RuleVersions(store, clock)
  const author = 'command'
  const failed = () => {}
  const more = ruleAudit(new AuditTrail({ store, clock, mode: 'writes', failed }))
  return {
    list: () => versions.list(),
    add: (documents, rules, note) =>
      versions.add({ documents, rules, author, activate: false, ...(note !== undefined && { note }) }, more),
    activate: (version) =>
      version === 'previous' ? versions.rollBack(author, more) : versions.activate(version, author, more)
  }
}

export interface LoadVersionOptions {
  readonly stageOnly: boolean
  readonly force: boolean
  readonly note: string | undefined
}

/** @throws HubError with all violations where the file or folder is not valid */
export async function loadVersion(
  admin: VersionsAdmin,
  path: string,
  options: LoadVersionOptions
): Promise<RuleVersion> {
  const documents = await checkRuleFiles(path)
  const rules = rulesOf(documents)
  const plain = documents.map(({ name, model }) => ({ name, model }))
  const version = await admin.add(plain, rules.length, options.note)
  return options.stageOnly ? version : admin.activate(version.number, options.force)
}

export function reportVersions({ versions }: VersionList): string {
  return versions.map(describeVersion).join('')
}

export function describeVersion({
  number,
  state,
  rules,
  author,
  time,
  activatedBy,
  activatedAt,
  note
}: RuleVersion): string {
  const parts = [
    `version ${number}: ${state}`,
    ...(number === 0 ? [] : [`${rules} rules`, `by ${author} at ${time}`]),
    ...(activatedAt === undefined ? [] : [`activated by ${activatedBy} at ${activatedAt}`]),
    ...(note === undefined ? [] : [note])
  ]
  return `${parts.join(', ')}\n`
}
