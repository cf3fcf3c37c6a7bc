/**
 * Keys, users and sessions in the store, with a cache, so that a known one costs no read. What one process changes counts
 * there at once; other processes on the same database see it within {@link CHECK_INTERVAL_MS}.
 */
import type { Clock } from '../../clock.ts'
import { HubError } from '../../errors.ts'
import { canonicalJson } from '../../formats/canonical-json.ts'
import { commitOrConflict, retryConflicts, runExclusive } from '../../store/concurrency.ts'
import type { DocumentStore } from '../../store/document-store.ts'
import type { Change } from '../../store/store.ts'
import { BoundedCache } from '../bounded-cache.ts'
import { type CredentialRecord, type CredentialType, documentOf, VERSION_DOCUMENT } from './records.ts'

const CHECK_INTERVAL_MS = 1000
const CACHED_RECORDS = 10_000
const PAGE = 1000

type OfType<Type extends CredentialType> = Extract<CredentialRecord, { type: Type }>

export class CredentialStore {
  readonly #store: DocumentStore
  #cache = new BoundedCache<CredentialRecord>(CACHED_RECORDS)
  readonly #listeners = new Set<() => void>()
  #version: number | undefined
  #generation = 0

  constructor(store: DocumentStore) {
    this.#store = store
  }

  /** Was a key or user ever stored? Stays true when the last one is removed: a hub never becomes open by that. */
  get isUsed(): boolean {
    return this.#version !== undefined
  }

  /** Changes when a key, user or session may have lost its validity; what was found before is to be looked up again. */
  get generation(): number {
    return this.#generation
  }

  async load(): Promise<void> {
    this.#version = (await this.#store.head('Credential', VERSION_DOCUMENT))?.revision
  }

  /** Follows the changes of other processes. @returns stops it */
  watch(clock: Clock): () => void {
    return clock.every(CHECK_INTERVAL_MS, () => {
      this.#check().catch(() => {
        // What is cached can no longer be relied on.
        this.#forget()
      })
    })
  }

  /** Called when a key, user or session may have lost its validity. @returns stops it */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The record, if it is cached. */
  cached<Type extends CredentialType>(id: string, type: Type): OfType<Type> | undefined {
    const known = this.#cache.get(id)
    return known?.type === type ? (known as OfType<Type>) : undefined
  }

  async read<Type extends CredentialType>(id: string, type: Type): Promise<OfType<Type> | undefined> {
    const known = this.cached(id, type)
    if (known !== undefined) return known
    const version = this.#version
    const record = (await this.#readStored(id, type))?.record
    // Not if something changed while it was read.
    if (record !== undefined && version === this.#version) this.#keep(id, record)
    return record
  }

  async list<Type extends CredentialType>(type: Type): Promise<OfType<Type>[]> {
    const found: OfType<Type>[] = []
    let after: number | undefined
    do {
      const request = { limit: PAGE, ...(after !== undefined && { after }) }
      const page = await this.#store.documents('Credential', [['type', type]], request)
      for (const { bytes } of page.items) found.push(JSON.parse(bytes.toString()))
      after = page.next
    } while (after !== undefined)
    return found
  }

  /** @throws HubError `AlreadyExists` */
  async create(record: CredentialRecord, audit: readonly Change[] = []): Promise<void> {
    const changes: Change[] = [{ change: 'create', ...documentWith(record) }, ...audit]
    // A new session makes nothing invalid.
    if (record.type === 'session') await this.#store.commit(changes)
    else await retryConflicts(() => this.#commitWithVersion(changes))
  }

  /**
   * @param modify computes the new record from the stored one, and further changes for the same commit
   * @throws HubError `NotFound`
   */
  async update<Type extends CredentialType>(
    id: string,
    type: Type,
    modify: (record: OfType<Type>) => { readonly record: OfType<Type>; readonly audit?: readonly Change[] }
  ): Promise<OfType<Type>> {
    return retryConflicts(async () => {
      const stored = await this.#readStored(id, type)
      if (stored === undefined) throw new HubError('NotFound', nameOf(id))
      const { record, audit = [] } = modify(stored.record)
      const { structureRevision: ifStructureRevision } = stored
      await this.#commitWithVersion([{ change: 'replace', ...documentWith(record), ifStructureRevision }, ...audit])
      return record
    })
  }

  /** Records that a session is used, which makes nothing invalid. */
  async touch(record: Extract<CredentialRecord, { type: 'session' }>): Promise<void> {
    await this.#store.commit([{ change: 'replace', ...documentWith(record) }])
    this.#keep(documentOf(record), record)
  }

  /**
   * Creates or replaces records that make nothing invalid, in one commit.
   * @param modify computes them from those that are stored; what it throws ends the update, and nothing changes
   */
  async updateTogether<Type extends CredentialType>(
    ids: readonly string[],
    type: Type,
    modify: (stored: readonly (OfType<Type> | undefined)[]) => readonly OfType<Type>[]
  ): Promise<void> {
    const attempt = async () => {
      const stored = await Promise.all(ids.map((id) => this.#readStored(id, type)))
      const changes = modify(stored.map((one) => one?.record)).map((record, index): Change => {
        const ifStructureRevision = stored[index]?.structureRevision
        if (ifStructureRevision === undefined) return { change: 'create', ...documentWith(record) }
        return { change: 'replace', ...documentWith(record), ifStructureRevision }
      })
      await commitOrConflict(this.#store, changes)
    }
    // One after the other in this process, so that only other processes are in the way.
    await runExclusive(this.#store, 'Credential', ids.at(-1) ?? '', () => retryConflicts(attempt))
  }

  /** @throws HubError `NotFound` */
  async remove(id: string, audit: readonly Change[] = []): Promise<void> {
    await retryConflicts(async () => {
      if ((await this.#store.head('Credential', id)) === undefined) throw new HubError('NotFound', nameOf(id))
      await this.#commitWithVersion([{ change: 'delete', kind: 'Credential', id }, ...audit])
    })
  }

  async #readStored<Type extends CredentialType>(id: string, type: Type) {
    const document = await this.#store.document('Credential', id)
    if (document === undefined) return undefined
    const record = JSON.parse(document.bytes.toString()) as CredentialRecord
    const { structureRevision } = document
    return record.type === type ? { record: record as OfType<Type>, structureRevision } : undefined
  }

  #keep(id: string, record: CredentialRecord): void {
    this.#cache.set(id, record, 1)
  }

  #forget(): void {
    this.#generation++
    this.#cache = new BoundedCache(CACHED_RECORDS)
  }

  /** Together with the document by which other processes learn of it. */
  async #commitWithVersion(changes: readonly Change[]): Promise<void> {
    const marker = documentWith({ type: 'version' })
    const isFirst = (await this.#store.head('Credential', VERSION_DOCUMENT)) === undefined
    try {
      const { seq } = await this.#store.commit([{ change: isFirst ? 'create' : 'replace', ...marker }, ...changes])
      this.#changed(seq)
    } catch (error) {
      // Another process was first.
      if (isFirst && (await this.#store.head('Credential', VERSION_DOCUMENT)) !== undefined) {
        throw new HubError('Conflict', [(error as Error).message])
      }
      throw error
    }
  }

  async #check(): Promise<void> {
    const revision = (await this.#store.head('Credential', VERSION_DOCUMENT))?.revision
    if (revision !== this.#version) this.#changed(revision)
  }

  #changed(version: number | undefined): void {
    this.#version = version
    this.#forget()
    for (const listener of this.#listeners) listener()
  }
}

function documentWith(record: CredentialRecord) {
  const facets = [['type', record.type]] as const
  return { kind: 'Credential', id: documentOf(record), json: canonicalJson(record), facets } as const
}

/** As the error table names it: `The user "kim"`. */
function nameOf(id: string): [string, string] {
  const [type = '', name = ''] = id.split('/', 2)
  return [`The ${type}`, name]
}
