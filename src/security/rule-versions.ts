/**
 * Versions of the access rules, kept in the store, so that they survive restarts and all hubs over a database follow the
 * same one. One document lists the versions and names the active one; each version has a document with its rules.
 */
import { createHash } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { HubError } from '../errors.ts'
import { commitOrConflict, retryConflicts } from '../store/concurrency.ts'
import type { DocumentStore } from '../store/document-store.ts'
import type { Change, Document } from '../store/store.ts'
import { roles } from './roles.ts'
import type { RuleDocument } from './rule-files.ts'

/** The built-in roles: active until other rules are. */
export const BUILT_IN = 0

export interface RuleVersion {
  readonly number: number
  /** `superseded`: was active before. */
  readonly state: 'staged' | 'active' | 'superseded'
  /** Who added it; `file` for the files of `ACCESS_RULES`, `hub` for the built-in roles. */
  readonly author: string
  /** RFC 3339. */
  readonly time: string
  /** SHA-256 of its documents, hexadecimal. */
  readonly hash: string
  readonly rules: number
  readonly note?: string
  /** The last activation. */
  readonly activatedBy?: string
  readonly activatedAt?: string
}

export interface VersionList {
  readonly active: number
  /** The newest first. */
  readonly versions: readonly RuleVersion[]
}

export interface NewVersion {
  /** Valid. */
  readonly documents: readonly RuleDocument[]
  readonly rules: number
  readonly author: string
  readonly note?: string
  /** Otherwise it is staged. */
  readonly activate: boolean
}

/** Older ones are deleted, except the active one. */
const MAX_VERSIONS = 100

type StoredVersion = Omit<RuleVersion, 'state'>

/** The document that lists the versions. */
interface VersionIndex {
  readonly versions: readonly StoredVersion[]
  /** Versions that were active, the present one last. */
  readonly activations: readonly number[]
  readonly next: number
}

const KIND = 'AccessRules'
const INDEX_ID = 'versions'
const NO_VERSIONS: VersionIndex = { versions: [], activations: [BUILT_IN], next: 1 }

/** Changes that are committed together with a change of the rules, e.g. for the audit. */
export type MoreChanges = (what: 'stage' | 'activate' | 'rollback', version: number) => readonly Change[]

export class RuleVersions {
  readonly #store: DocumentStore
  readonly #clock: Clock

  constructor(store: DocumentStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** Changes whenever the active version may have changed. */
  async revision(): Promise<number> {
    return (await this.#store.head(KIND, INDEX_ID))?.revision ?? 0
  }

  async list(): Promise<VersionList> {
    const { index } = await this.#read()
    return listOf(index)
  }

  /** The version that was active before the present one. @throws HubError BadRequest where there is none */
  async previous(): Promise<number> {
    return previousOf((await this.#read()).index)
  }

  /** The documents of a version. @throws HubError NotFound, Damaged */
  async documents(number: number): Promise<readonly RuleDocument[]> {
    if (number === BUILT_IN) return Object.entries(roles).map(([name, model]) => ({ name, model }))
    const stored = await this.#store.document(KIND, idOf(number))
    if (stored === undefined) throw unknownVersion(number)
    return (parse(stored) as { documents: readonly RuleDocument[] }).documents
  }

  /** Adds a version; one with the content of the active version is not added again. */
  add(version: NewVersion, more: MoreChanges = none): Promise<RuleVersion> {
    const { documents, rules, author, note, activate } = version
    const json = JSON.stringify({ documents })
    const hash = createHash('sha256').update(json).digest('hex')
    return this.#change((index) => {
      const active = activeOf(index)
      if (index.versions.find(({ number }) => number === active)?.hash === hash) return { index, number: active }
      const number = index.next
      const time = this.#now()
      const entry: StoredVersion = { number, author, time, hash, rules, ...(note !== undefined && { note }) }
      const added = { ...index, versions: [entry, ...index.versions], next: number + 1 }
      const kept = trimmed(activate ? activated(added, number, author, time) : added)
      const dropped = index.versions.filter((one) => !kept.versions.some(({ number }) => number === one.number))
      const changes: Change[] = [
        { change: 'create', kind: KIND, id: idOf(number), json, facets: [] },
        ...dropped.map((one): Change => ({ change: 'delete', kind: KIND, id: idOf(one.number) })),
        ...more(activate ? 'activate' : 'stage', number)
      ]
      return { index: kept, number, changes }
    })
  }

  /** @throws HubError NotFound */
  activate(number: number, author: string, more: MoreChanges = none): Promise<RuleVersion> {
    return this.#change((index) => {
      if (number !== BUILT_IN && !index.versions.some((one) => one.number === number)) throw unknownVersion(number)
      if (activeOf(index) === number) return { index, number }
      return {
        index: trimmed(activated(index, number, author, this.#now())),
        number,
        changes: more('activate', number)
      }
    })
  }

  /** Activates the version that was active before the present one. @throws HubError BadRequest where there is none */
  rollBack(author: string, more: MoreChanges = none): Promise<RuleVersion> {
    return this.#change((index) => {
      const number = previousOf(index)
      const before = { ...index, activations: index.activations.slice(0, -2) }
      return { index: activated(before, number, author, this.#now()), number, changes: more('rollback', number) }
    })
  }

  #now(): string {
    return new Date(this.#clock.milliseconds()).toISOString()
  }

  async #change(
    decide: (index: VersionIndex) => { index: VersionIndex; number: number; changes?: readonly Change[] }
  ): Promise<RuleVersion> {
    return retryConflicts(async () => {
      const { index, stored } = await this.#read()
      const decided = decide(index)
      if (decided.changes !== undefined) {
        await commitOrConflict(this.#store, [indexChange(decided.index, stored), ...decided.changes])
      }
      const { versions } = listOf(decided.index)
      return versions.find(({ number }) => number === decided.number) as RuleVersion
    })
  }

  async #read(): Promise<{ index: VersionIndex; stored: Document | undefined }> {
    const stored = await this.#store.document(KIND, INDEX_ID)
    return { stored, index: stored === undefined ? NO_VERSIONS : (parse(stored) as VersionIndex) }
  }
}

function listOf(index: VersionIndex): VersionList {
  const active = activeOf(index)
  const builtIn: StoredVersion = {
    number: BUILT_IN,
    author: 'hub',
    time: new Date(0).toISOString(),
    hash: hashOfRoles,
    rules: 0,
    note: 'the built-in roles'
  }
  const versions = [...index.versions, builtIn].map((one): RuleVersion => {
    const wasActive = one.activatedAt !== undefined || one.number === BUILT_IN
    return { ...one, state: one.number === active ? 'active' : wasActive ? 'superseded' : 'staged' }
  })
  return { active, versions }
}

const hashOfRoles = createHash('sha256').update(JSON.stringify(roles)).digest('hex')

function activeOf({ activations }: VersionIndex): number {
  return activations.at(-1) ?? BUILT_IN
}

function previousOf({ activations }: VersionIndex): number {
  const number = activations.at(-2)
  if (number === undefined) throw new HubError('BadRequest', ['No version was active before this one'])
  return number
}

function activated(index: VersionIndex, number: number, activatedBy: string, activatedAt: string): VersionIndex {
  return {
    ...index,
    versions: index.versions.map((one) => (one.number === number ? { ...one, activatedBy, activatedAt } : one)),
    activations: [...index.activations, number]
  }
}

/** Drops the oldest versions beyond the limit, but never the active one. */
function trimmed({ versions, activations, next }: VersionIndex): VersionIndex {
  const active = activations.at(-1)
  const kept = versions.filter(({ number }, at) => at < MAX_VERSIONS || number === active)
  const numbers = new Set([BUILT_IN, ...kept.map(({ number }) => number)])
  return { versions: kept, activations: activations.filter((one) => numbers.has(one)).slice(-MAX_VERSIONS), next }
}

function indexChange(index: VersionIndex, stored: Document | undefined): Change {
  const content = { kind: KIND, id: INDEX_ID, json: JSON.stringify(index), facets: [] } as const
  if (stored === undefined) return { change: 'create', ...content }
  return { change: 'replace', ...content, ifStructureRevision: stored.structureRevision }
}

function parse({ bytes }: Document): unknown {
  return JSON.parse(bytes.toString())
}

function idOf(number: number): string {
  return `version-${number}`
}

function unknownVersion(number: number): HubError {
  return new HubError('NotFound', ['The version of the access rules', number])
}

function none(): readonly Change[] {
  return []
}
