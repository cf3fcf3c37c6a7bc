/**
 * What one subject may see of changes. Each is judged with READ by the rules in force: a value by its element, a change of
 * a document by the document, of which hidden paths are left out. The verdict on a value is kept while the structure of
 * its submodel does not change, where the rules depend on nothing else; otherwise for one batch of the log.
 */
import { parseStoredPath } from '../../model/path.ts'
import type { Submodel } from '../../model/types.ts'
import type { Access } from '../../security/access.ts'
import type { DocumentKind as JudgedKind } from '../../security/rule.ts'
import { isAtOrBelow } from '../../security/target.ts'
import { DocumentView } from '../../security/view.ts'
import { VisiblePackages } from '../../security/visible-packages.ts'
import { VisibleReferences } from '../../security/visible-references.ts'
import { unlessDamaged } from '../../store/damage.ts'
import type { LogEntry, LoggedChange, Store } from '../../store/store.ts'
import type { CurrentState } from './current-state.ts'
import type { DocumentChange, Lookups } from './matcher.ts'
import { type DocumentVerdict, type LastSeen, VerdictCache, type VerdictSource } from './verdict-cache.ts'
import { VisibleState } from './visible-state.ts'
import { visibleLookups } from './visible-store.ts'

/** Who may read the reports may learn that one is worse. */
const REPORTS = ['/compliance']

/** Documents of which it is remembered what was visible, for the event of their deletion. */
const MAX_LAST_SEEN = 10_000

export class VisibleChanges implements VerdictSource {
  /** Of its own, in the keys of groups. */
  readonly id: number
  /** The rules may depend on values, on the time or on other documents: a verdict holds for a moment. */
  readonly isMomentary: boolean
  /** Subscriptions and pages that use it. */
  users = 0
  /** For selections: what the subject may see of shells and of semanticIds. */
  readonly lookups: Lookups
  readonly packages: VisiblePackages
  readonly references: VisibleReferences
  readonly #access: Access
  readonly #version: number
  readonly #lasting = new VerdictCache()
  readonly #passing = new WeakMap<CurrentState, VerdictCache>()
  readonly #states = new WeakMap<CurrentState, VisibleState>()
  readonly #store: Store
  readonly #lastSeen = new Map<string, LastSeen>()

  constructor(id: number, access: Access, store: Store) {
    this.id = id
    this.#access = access
    this.#version = access.rulesVersion
    access.rules.deleted.watchers++
    this.isMomentary = !access.isStructural('READ')
    this.#store = store
    this.references = new VisibleReferences(store, access)
    this.packages = new VisiblePackages(store, access, 'READ')
    this.lookups = visibleLookups(this, store)
  }

  /** The rules were replaced: it must not be used any more. */
  get isStale(): boolean {
    return this.#access.rulesVersion !== this.#version
  }

  /** The change itself, what is visible of it, or undefined. Synchronous where the verdict on a value is known. */
  change(change: LoggedChange, state: CurrentState): LoggedChange | undefined | Promise<LoggedChange | undefined> {
    if ('kind' in change) return this.#documentChange(change, state)
    const isVisible = this.value(change.submodel, change.path, state)
    if (isVisible instanceof Promise) return isVisible.then((visible) => (visible ? change : undefined))
    return isVisible ? change : undefined
  }

  /** Is the value of an element visible, with nothing of it hidden? */
  value(submodel: string, path: string, state: CurrentState): boolean | Promise<boolean> {
    return this.#cacheFor(state).value(submodel, path) ?? this.#judgeValue(submodel, path, state)
  }

  /** Is the history of a series visible? Of an element that is gone only where neither rules nor data hide anything. */
  async series(submodel: string, path: string, state: CurrentState): Promise<boolean> {
    if ((await state.element(submodel, path)) !== undefined) return this.value(submodel, path, state)
    return (await this.verdict('Submodel', submodel, state)).constant === true
  }

  /** Documents and elements without what is hidden of them. */
  stateOf(state: CurrentState): VisibleState {
    let visible = this.#states.get(state)
    if (visible === undefined) {
      visible = new VisibleState(this, state)
      this.#states.set(state, visible)
    }
    return visible
  }

  /** On a document and all that is in it. */
  verdict(kind: JudgedKind, id: string, state: CurrentState): Promise<DocumentVerdict> {
    return this.#cacheFor(state).document(`${kind} ${id}`, async () => {
      const verdict = await this.#access.verdict('READ', { kind, id })
      const constant = verdict.is === 'allowed' ? true : verdict.grants.length === 0 ? false : undefined
      return { constant, view: new DocumentView(verdict, kind) }
    })
  }

  async showsWhole(kind: JudgedKind, id: string, state: CurrentState): Promise<boolean> {
    const { constant, view } = await this.verdict(kind, id, state)
    if (constant !== undefined) return constant
    const document = (await state.document(kind, id)) as object | undefined
    return document !== undefined && view.visible(document) === document
  }

  /** To be called for every change, in the order of the log, before it is judged. */
  note(change: LoggedChange): void {
    if ('kind' in change && change.kind === 'Submodel') this.#lasting.forgetSubmodel(change.id)
    this.lookups.metadata.note(change)
  }

  /** As `ShellSubmodels.note`. */
  noteShells(entry: LogEntry): Promise<() => void> | undefined {
    return this.lookups.shells.note(entry)
  }

  /** Entries of the log were missed. */
  forgetAll(): void {
    this.#lasting.forgetValues()
    this.lookups.metadata.forgetAll()
  }

  /** Releases what it counts among all subjects. */
  close(): void {
    this.#access.rules.deleted.watchers--
    this.#lasting.forgetValues()
  }

  #cacheFor(state: CurrentState): VerdictCache {
    if (!this.isMomentary) return this.#lasting
    let cache = this.#passing.get(state)
    if (cache === undefined) {
      cache = new VerdictCache()
      this.#passing.set(state, cache)
    }
    return cache
  }

  async #judgeValue(submodel: string, path: string, state: CurrentState): Promise<boolean> {
    const cache = this.#cacheFor(state)
    const { generation } = cache
    const isVisible = await this.#showsValue(submodel, path, state)
    cache.keepValue(submodel, path, isVisible, generation)
    return isVisible
  }

  async #showsValue(submodel: string, path: string, state: CurrentState): Promise<boolean> {
    const { constant, view } = await this.verdict('Submodel', submodel, state)
    if (constant !== undefined) return constant
    const steps = parseStoredPath(path)
    if (steps === undefined) return false
    const document = (await state.document('Submodel', submodel)) as Submodel | undefined
    // Without a document only what names the element itself can grant it.
    if (document === undefined) {
      return (await this.#access.verdict('READ', { kind: 'Submodel', id: submodel, path: steps })).is === 'allowed'
    }
    const isGone = (await state.element(submodel, path)) === undefined
    return isGone ? view.showsRemoved(document, steps) : view.showsValue(document, steps)
  }

  async #documentChange(change: DocumentChange, state: CurrentState): Promise<LoggedChange | undefined> {
    const { kind, id } = change
    switch (kind) {
      case 'AssetAdministrationShell':
      case 'Submodel':
      case 'ConceptDescription':
      case 'AssetAdministrationShellDescriptor':
      case 'SubmodelDescriptor':
        return this.#reduce(change, kind, state)
      case 'AssetLinks':
        // They are a part of their shell.
        return (await this.showsWhole('AssetAdministrationShell', id, state)) ? change : undefined
      case 'Validation': {
        const { change: action } = change
        return (await this.#reduce({ change: action, kind, id, touched: [] }, 'Submodel', state)) && change
      }
      case 'Package':
        return this.#packageChange(change)
      case 'ComplianceDrop':
        return (await this.#access.at(REPORTS).verdict('READ', {})).is === 'allowed' ? change : undefined
      default:
        // Internal to the hub.
        return undefined
    }
  }

  async #packageChange(change: DocumentChange): Promise<DocumentChange | undefined> {
    const { kind, id } = change
    const document = await unlessDamaged(this.#store.document(kind, id))
    const deleted = document === undefined ? this.#access.rules.deleted.findPackage(id) : undefined
    if (deleted !== undefined) return (await this.packages.showsDeleted(deleted)) ? change : undefined
    const isVisible =
      document === undefined ? await this.packages.areAll() : (await this.packages.show(document)) !== undefined
    if (isVisible || document !== undefined) {
      this.#remember(kind, id, isVisible ? 'document' : [])
      return isVisible ? change : undefined
    }
    return this.#asLastSeen(change, kind)
  }

  /** @param kind of the document that decides; it has the same id */
  async #reduce(change: DocumentChange, kind: JudgedKind, state: CurrentState): Promise<DocumentChange | undefined> {
    const { constant, view } = await this.verdict(kind, change.id, state)
    if (constant !== undefined) return constant ? change : undefined
    const { deleted } = this.#access.rules
    const current =
      change.change === 'deleted' ? undefined : ((await state.document(kind, change.id)) as object | undefined)
    const document = current ?? deleted.find(kind, change.id)
    if (document === undefined) return this.#asLastSeen(change, kind)
    const isShown = view.showsDocument(document)
    const parts = isShown || kind !== 'Submodel' ? [] : view.visibleBeginnings(document as Submodel)
    this.#remember(kind, change.id, isShown ? 'document' : parts)
    const { touched } = change
    if (touched === undefined) return isShown ? change : partsOf(change, parts)
    if (touched.length === 0) return isShown ? change : undefined
    const shown = touched.flatMap((path) => visibleBelow(path, document as Submodel, view))
    if (shown.length === 0) return undefined
    const isWhole = shown.length === touched.length && shown.every((path, index) => path === touched[index])
    return isWhole ? change : { ...change, touched: shown }
  }

  /** Of a document that is gone, and as it was is not known, what was visible of it before. */
  #asLastSeen(change: DocumentChange, kind: DocumentChange['kind']): DocumentChange | undefined {
    const last = this.#lastSeen.get(`${kind} ${change.id}`)
    if (last === 'document') return change.touched === undefined || change.touched.length === 0 ? change : undefined
    if (last === undefined || change.change !== 'deleted') return undefined
    return partsOf(change, last)
  }

  #remember(kind: DocumentChange['kind'], id: string, seen: LastSeen): void {
    const key = `${kind} ${id}`
    this.#lastSeen.delete(key)
    if (seen !== 'document' && seen.length === 0) return
    if (this.#lastSeen.size >= MAX_LAST_SEEN) this.#lastSeen.delete(this.#lastSeen.keys().next().value ?? '')
    this.#lastSeen.set(key, seen)
  }
}

/** A change of a document of which only some elements are visible is one of these elements. */
function partsOf({ change, kind, id }: DocumentChange, touched: readonly string[]): DocumentChange | undefined {
  if (touched.length === 0) return undefined
  return { change: 'updated', kind, id, touched, ...(change !== 'updated' && { subtreeAction: change }) }
}

/** The path itself, or those of visible elements below it. */
function visibleBelow(path: string, submodel: Submodel, view: DocumentView): readonly string[] {
  const steps = parseStoredPath(path)
  if (steps === undefined) return []
  if (view.showsElement(submodel, steps)) return [path]
  return view.visibleBeginnings(submodel).filter((beginning) => isAtOrBelow(parseStoredPath(beginning) ?? [], steps))
}
