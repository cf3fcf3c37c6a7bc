/** The stored documents as one caller may read them: pruned, and without those of which nothing is visible. */
import { HubError } from '../errors.ts'
import { subjects } from '../model/condition/subject.ts'
import { facetsOf } from '../model/facets.ts'
import { fileLinksOf } from '../model/file-links.ts'
import type { Documents } from '../model/types.ts'
import { candidates } from '../store/candidates.ts'
import type { DocumentStore } from '../store/document-store.ts'
import type {
  Document,
  DocumentHead,
  DocumentKind,
  ElementCondition,
  ElementRow,
  Facet,
  FileEntry,
  Page,
  PageRequest
} from '../store/store.ts'
import type { Access } from './access.ts'
import type { Decision } from './decisions.ts'
import { whenReady } from './maybe-promise.ts'
import type { Right } from './rights.ts'
import type { DocumentKind as RuledKind } from './rule.ts'
import type { Shown, ShownPart } from './shown-documents.ts'
import { pageOfShown } from './shown-page.ts'
import { VisiblePackages } from './visible-packages.ts'
import { VisibleReferences } from './visible-references.ts'

const SHELL = 'AssetAdministrationShell'

/** Reads of an element until it and its submodel are of one state. */
const MAX_ATTEMPTS = 20

/**
 * What the rules allow entirely costs nothing and is returned as it is stored. Of kinds that rules do not know all is
 * visible to those who see all of what it is about; for others the operations decide. A damaged document cannot be judged, so it is hidden where its content decides.
 */
export class ReadingView implements DocumentStore {
  /** Was anything returned that is not as it is stored? */
  hasHidden = false
  readonly #store: DocumentStore
  readonly #access: Access
  readonly #right: Right
  readonly #part: ShownPart
  readonly #packages: VisiblePackages
  readonly #references: VisibleReferences

  /**
   * @param right READ, or VIEW for operations that only name what exists
   * @param part `elements` for operations on one element
   */
  constructor(store: DocumentStore, access: Access, right: Right, part: ShownPart = 'document') {
    this.#part = part
    this.#store = store
    this.#access = access
    this.#right = right
    this.#packages = new VisiblePackages(store, access, right)
    this.#references = new VisibleReferences(store, access)
  }

  document(kind: DocumentKind, id: string): Promise<Document | undefined> {
    if (kind === 'Package') return this.#package(id)
    if (!isRuled(kind)) return this.#documentOfOpen(kind, id)
    const deciding = this.#access.decide(this.#right, kind, id)
    const shown = Promise.resolve(
      whenReady(deciding, (decision) =>
        decision.isAllowed
          ? this.#store.document(kind, id)
          : this.#shown(decision, kind, id).then((shown) => shown?.document)
      )
    )
    return kind === SHELL ? shown.then((shell) => shell && this.#withoutHiddenReferences(shell)) : shown
  }

  async documents(
    kind: DocumentKind,
    facets: readonly Facet[],
    page: PageRequest,
    elements: readonly ElementCondition[] = []
  ): Promise<Page<Document>> {
    const found = await this.#documents(kind, facets, page, elements)
    if (kind !== SHELL) return found
    const items: Document[] = []
    for (const document of found.items) items.push(await this.#withoutHiddenReferences(document))
    return { ...found, items }
  }

  async #documents(
    kind: DocumentKind,
    facets: readonly Facet[],
    page: PageRequest,
    elements: readonly ElementCondition[]
  ): Promise<Page<Document>> {
    if (kind === 'Package') return this.#packages.page(facets, page)
    if (!isRuled(kind)) return (await this.#isOpen(kind)) ? this.#store.documents(kind, facets, page) : { items: [] }
    const decision = await this.#access.decide(this.#right, kind)
    if (decision.isAllowed) return this.#store.documents(kind, facets, page, elements)
    if (decision.isRefused) return { items: [] }
    const unreadable = new Set<string>()
    const found = candidates(this.#store, kind, {
      ...{ alternatives: decision.alternatives, facets, elements },
      after: page.after ?? 0,
      firstRead: page.limit + 1,
      onDamage: (id) => unreadable.add(id)
    })
    const isIndexed = decision.alternatives.every(({ id }) => id === undefined)
    const shown = await pageOfShown(found, page, (document) => {
      const shown = this.#access.rules.shown.show(decision.view, document)
      if (shown === undefined) return undefined
      const isFound = facets.length === 0 || (shown.isWhole && isIndexed) || hasFacets(shown.document, facets)
      return isFound ? this.#noted(shown).document : undefined
    })
    const damaged = await this.#allowedOf(kind, unreadable)
    return damaged.length === 0 ? shown : { ...shown, damaged }
  }

  async head(kind: DocumentKind, id: string): Promise<DocumentHead | undefined> {
    if (kind === 'Package') return (await this.#package(id)) && this.#store.head(kind, id)
    if (!isRuled(kind)) return (await this.#isOpen(kind)) ? this.#store.head(kind, id) : undefined
    const decision = await this.#access.decide(this.#right, kind, id)
    const isVisible = decision.isAllowed || (await this.#shown(decision, kind, id)) !== undefined
    return isVisible ? this.#store.head(kind, id) : undefined
  }

  element(submodel: string, path: string): Promise<ElementRow | undefined> {
    const deciding = this.#access.decide(this.#right, 'Submodel', submodel)
    return Promise.resolve(
      whenReady(deciding, (decision) =>
        decision.isAllowed ? this.#store.element(submodel, path) : this.#shownElement(decision, submodel, path)
      )
    )
  }

  async file(kind: DocumentKind, id: string, name: string): Promise<FileEntry | undefined> {
    return (await this.#isFileVisible(kind, id))(name) ? this.#store.file(kind, id, name) : undefined
  }

  async files(kind: DocumentKind, id: string): Promise<readonly FileEntry[]> {
    const isVisible = await this.#isFileVisible(kind, id)
    return (await this.#store.files(kind, id)).filter(({ name }) => isVisible(name))
  }

  open(...args: Parameters<DocumentStore['open']>) {
    return this.#store.open(...args)
  }

  receive(...args: Parameters<DocumentStore['receive']>) {
    return this.#store.receive(...args)
  }

  /** Reading changes nothing. */
  async commit(): Promise<never> {
    throw new Error('an operation that is declared to read has written')
  }

  async #documentOfOpen(kind: DocumentKind, id: string): Promise<Document | undefined> {
    return (await this.#isOpen(kind)) ? this.#store.document(kind, id) : undefined
  }

  async #shown(decision: Decision, kind: RuledKind, id: string): Promise<Shown | undefined> {
    const found = await this.#read(decision, kind, id, kind === 'Submodel' ? this.#part : 'document')
    return found && this.#noted(found.shown)
  }

  #read(decision: Decision, kind: RuledKind, id: string, part: ShownPart) {
    const { hidden, shown } = this.#access.rules
    const isStructural = this.#access.isStructural(this.#right)
    return hidden.read(this.#store, decision, kind, id, shown.showing(part, isStructural))
  }

  async #withoutHiddenReferences(shell: Document): Promise<Document> {
    const shown = await this.#references.document(shell)
    if (shown !== shell) this.hasHidden = true
    return shown
  }

  #noted(shown: Shown): Shown {
    if (!shown.isWhole) this.hasHidden = true
    return shown
  }

  async #shownElement(decision: Decision, submodel: string, path: string): Promise<ElementRow | undefined> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const found = await this.#read(decision, 'Submodel', submodel, 'elements')
      if (found === undefined) return undefined
      const { document } = found
      const row = await this.#store.element(submodel, path)
      // What was written since may have changed what is visible.
      if (row !== undefined && row.revision > document.revision) continue
      const shown = this.#access.rules.shown.element(decision.view, document, path, row)
      if (shown !== undefined && shown.value !== row?.value) this.hasHidden = true
      return shown
    }
    throw new HubError('Unavailable', [`Submodel "${submodel}" is written to all the time; retry later`])
  }

  /** Of a document that is visible in part only the files that the visible part links to. */
  async #isFileVisible(kind: DocumentKind, id: string): Promise<(name: string) => boolean> {
    const nothing = () => false
    if (kind === 'Package') return (await this.#package(id)) === undefined ? nothing : () => true
    if (!isRuled(kind)) return (await this.#isOpen(kind)) ? () => true : nothing
    const decision = await this.#access.decide(this.#right, kind, id)
    if (decision.isAllowed) return () => true
    const shown = await this.#shown(decision, kind, id)
    if (shown === undefined) return nothing
    if (shown.isWhole) return () => true
    const content = JSON.parse(shown.document.bytes.toString()) as object
    const links = new Set(Array.from(fileLinksOf(content, kind), ({ link }) => link))
    return (name) => links.has(name)
  }

  async #package(id: string): Promise<Document | undefined> {
    const stored = await this.#store.document('Package', id)
    const shown = stored && (await this.#packages.show(stored))
    if (shown !== stored) this.hasHidden = true
    return shown
  }

  async #isOpen(kind: DocumentKind): Promise<boolean> {
    for (const about of aboutKinds[kind] ?? []) {
      if ((await this.#access.ofKind(this.#right, about)) !== 'allowed') return false
    }
    return Object.hasOwn(aboutKinds, kind)
  }

  /** The documents that are visible whatever is in them. */
  async #allowedOf(kind: RuledKind, ids: Iterable<string>): Promise<string[]> {
    const allowed: string[] = []
    for (const id of ids) if ((await this.#access.decide(this.#right, kind, id)).isAllowed) allowed.push(id)
    return allowed
  }
}

/** What documents are about of kinds that access rules do not know; no others are visible. */
const aboutKinds: { readonly [Kind in DocumentKind]?: readonly RuledKind[] } = {
  AssetLinks: ['AssetAdministrationShell'],
  Validation: ['Submodel']
}

/** Do access rules know this kind? */
export function isRuled(kind: DocumentKind): kind is RuledKind {
  return Object.hasOwn(subjects, kind)
}

/** Lists are filtered by what is visible only. */
function hasFacets({ kind, bytes }: Document, facets: readonly Facet[]): boolean {
  const own = facetsOf(kind as RuledKind, JSON.parse(bytes.toString()) as Documents[RuledKind])
  return facets.every(([name, value]) => own.some((facet) => facet[0] === name && facet[1] === value))
}
