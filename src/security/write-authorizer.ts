/**
 * Authorizes the changes of a commit by the access rules: each must be covered entirely by the right that it needs,
 * before and after. Nothing is written unless all are. Stored data that the decision depends on is guarded in the commit
 * itself, so that a write in between makes it fail with `Conflict`; authorize it again then.
 *
 * Where a verdict is the same for every document nothing is read, and nothing guarded.
 */
import { HubError } from '../errors.ts'
import { CommitRefused } from '../store/concurrency.ts'
import { unlessDamaged } from '../store/damage.ts'
import type { DocumentStore } from '../store/document-store.ts'
import type { Change, Commit } from '../store/store.ts'
import type { Access } from './access.ts'
import { rulesCoveringAlways } from './coverage.ts'
import { type DocumentWrite, type Need, needsOf, type PackageWrite, writesOf } from './document-writes.ts'
import { guardReferences, type WriteStores } from './guarded-state.ts'
import { checkPackage } from './package-writes.ts'
import type { AccessVerdict } from './policy.ts'
import { nameRights, type RequiredRight, type Right, rightsOf } from './rights.ts'
import { Visibility } from './visibility.ts'
import { VisiblePackages } from './visible-packages.ts'
import { WriteCheck } from './write-check.ts'

export interface WriteAuthorizerOptions extends WriteStores {
  readonly access: Access
  /** What the operation is declared with; decides whether a part of a document is created, changed or deleted. */
  readonly right?: RequiredRight
  /** What is authorized is committed by it; absent: by `store`. */
  readonly writer?: Pick<DocumentStore, 'commit'>
}

interface Checked {
  readonly uncovered: readonly Need[]
  readonly guards: readonly Change[]
  /** Names of the rules that grant what is covered. */
  readonly rules: Iterable<string>
}

export class WriteAuthorizer {
  readonly #options: WriteAuthorizerOptions

  constructor(options: WriteAuthorizerOptions) {
    this.#options = options
  }

  /**
   * Commits what may be written.
   * @throws HubError `Forbidden`; `NotFound` where the caller may see nothing of a document or element; `Conflict` if
   * what the decision depends on has changed; and what the store throws
   */
  async commit(changes: readonly Change[]): Promise<Commit> {
    const { store, writer = store } = this.#options
    const guarded = await this.authorize(changes)
    return writer.commit(guarded).catch(async (error: unknown) => {
      throw await this.#withoutHidden(error, changes)
    })
  }

  /**
   * The changes with their guards and the record of the audit, to be committed as they are.
   * @throws HubError as `commit`
   */
  async authorize(changes: readonly Change[]): Promise<readonly Change[]> {
    const { access } = this.#options
    const writes = writesOf(changes)
    const { references } = access
    const guards = references.length === 0 ? [] : await guardReferences(this.#options, references)
    const rules = new Set<string>()
    for (const write of writes.packages) {
      const checked = await this.#checkPackage(write)
      guards.push(...checked.guards)
      for (const rule of checked.rules) rules.add(rule)
    }
    const refusals: HubError[] = []
    for (const write of writes.documents) {
      const { uncovered, guards: ofDocument, rules: granting } = await this.#check(write)
      for (const need of uncovered.slice(0, MAX_REPORTED - refusals.length)) {
        refusals.push(await this.#refusal(write, need))
      }
      guards.push(...ofDocument)
      for (const rule of granting) rules.add(rule)
    }
    if (refusals.length > 0) throw allOf(refusals)
    for (const { kind, id, deleted } of writes.documents) {
      if (deleted) await access.rules.deleted.keep(this.#options.store, kind, id)
    }
    for (const { id, right } of writes.packages) {
      if (right === 'DELETE') await access.rules.deleted.keepPackage(this.#options.store, id)
    }
    const audit = access.audit?.changesFor(changes, [...rules]) ?? []
    return guards.length + audit.length === 0 ? changes : [...guards, ...changes, ...audit]
  }

  /** All that no rule covers of changes of documents, without regard to what the caller may see. */
  async uncovered(changes: readonly Change[]): Promise<readonly (Need & Pick<DocumentWrite, 'kind' | 'id'>)[]> {
    const found: (Need & Pick<DocumentWrite, 'kind' | 'id'>)[] = []
    for (const write of writesOf(changes).documents) {
      const { kind, id } = write
      const { uncovered } = await this.#check(write)
      for (const need of uncovered) found.push({ kind, id, ...need })
    }
    return found
  }

  async #check(write: DocumentWrite): Promise<Checked> {
    const { access, right } = this.#options
    const { kind, id } = write
    const rights = new Set(needsOf(write, right, () => []).map((need) => need.right))
    const verdicts = new Map<Right, AccessVerdict>()
    for (const one of rights) verdicts.set(one, await access.verdict(one, { kind, id }))
    if (verdicts.values().every(({ is }) => is === 'allowed')) {
      const rules = verdicts.values().flatMap((verdict) => rulesCoveringAlways(verdict, 'all'))
      return { uncovered: [], guards: [], rules }
    }
    const check = new WriteCheck(write, verdicts, this.#options, right)
    return { uncovered: await check.uncovered(), guards: check.guards, rules: check.rules }
  }

  /** @throws HubError `Forbidden`, `NotFound` */
  async #checkPackage(write: PackageWrite): Promise<Omit<Checked, 'uncovered'>> {
    const { id, right } = write
    const checked = await checkPackage(write, this.#options)
    if (checked === undefined) throw await this.#packageRefusal(write)
    const [guards, rules] = [[...checked.guards], [...checked.rules]]
    for (const shell of checked.elsewhere) {
      const said: DocumentWrite = { kind: SHELL, id: shell, values: [], links: [], assetLinks: [right] }
      const ofShell = await this.#check(said)
      if (ofShell.uncovered.length > 0) throw forbidden(right, `Package "${id}" for ${SHELL} "${shell}"`)
      guards.push(...ofShell.guards)
      rules.push(...ofShell.rules)
    }
    return { guards, rules }
  }

  async #packageRefusal({ id, right }: PackageWrite): Promise<HubError> {
    const { access, store, right: declared } = this.#options
    const what = `all that Package "${id}" holds`
    if (isUpsert(declared)) return forbidden(nameRights(declared ?? right), what)
    if (right === 'CREATE') return forbidden(right, what)
    const stored = await unlessDamaged(store.document('Package', id))
    const isVisible = stored && (await new VisiblePackages(store, access, 'VIEW').show(stored))
    return isVisible ? forbidden(right, what) : new CommitRefused('NotFound', ['Package', id])
  }

  /** What is hidden is refused as if it were absent, unless absent things may be written here. */
  async #refusal(write: DocumentWrite, { right, part }: Need): Promise<HubError> {
    const { access, store, right: declared } = this.#options
    const { kind, id } = write
    const path = typeof part === 'string' ? undefined : part.path
    const what = path === undefined ? `${kind} "${id}"` : `the element "${path}" of ${kind} "${id}"`
    // Which of the two rights was needed would reveal whether it exists.
    if (isUpsert(declared)) return forbidden(nameRights(declared ?? right), what)
    if (write.created !== undefined) return forbidden(right, what)
    const visibility = new Visibility({ access, store, rights: ['VIEW', right, ...rightsOf(declared ?? right)] })
    if (path === undefined) {
      return (await visibility.document(kind, id)) ? forbidden(right, what) : new CommitRefused('NotFound', [kind, id])
    }
    const seen = await visibility.element(id, path)
    if (seen === 'visible' || seen === 'absent') return forbidden(right, what)
    return new CommitRefused('NotFound', seen === 'hidden' ? ['SubmodelElement', path] : [kind, id])
  }

  /** The store's error must not reveal that a hidden document exists. */
  async #withoutHidden(error: unknown, changes: readonly Change[]): Promise<unknown> {
    if (!(error instanceof HubError && error.name === 'AlreadyExists')) return error
    const { access, store } = this.#options
    const visibility = new Visibility({ access, store, rights: ['VIEW'] })
    for (const write of writesOf(changes).documents) {
      const { kind, id, created } = write
      if (created === undefined || (await store.head(kind, id)) === undefined) continue
      if (!(await visibility.document(kind, id))) return forbidden('CREATE', `${kind} "${id}"`)
    }
    return error
  }
}

const SHELL = 'AssetAdministrationShell'

/** Refused changes of a commit that are reported. */
const MAX_REPORTED = 100

/** One error that names them all; `Forbidden` if one of them is. */
function allOf(refusals: readonly HubError[]): HubError {
  const forbidden = refusals.find(({ name }) => name === 'Forbidden')
  if (forbidden === undefined || refusals.length === 1) return refusals[0] as HubError
  const violations = refusals.map(({ name, message }) => ({ pointer: '', rule: name, text: message }))
  return new HubError('Forbidden', forbidden.about, violations)
}

/** May an operation create what is absent? */
function isUpsert(right: RequiredRight | undefined): boolean {
  return typeof right === 'object' && 'absent' in right
}

/** @param what names a resource that the caller knows */
function forbidden(right: string, what: string): HubError {
  return new HubError('Forbidden', [`${right} of ${what}`])
}
