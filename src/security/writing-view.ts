/**
 * The stored documents as an operation reads them that writes: entire, as what is hidden must stay in what is written
 * back, but only those of which the caller may see or write something. Any other is absent. Of kinds that rules do not know
 * all is read: the commit is judged.
 */
import type { DocumentStore } from '../store/document-store.ts'
import type { Document, DocumentHead, DocumentKind, ElementRow } from '../store/store.ts'
import type { Access } from './access.ts'
import type { Decision } from './decisions.ts'
import { isRuled } from './reading-view.ts'
import type { Right } from './rights.ts'
import type { DocumentKind as RuledKind } from './rule.ts'

export class WritingView {
  readonly #store: DocumentStore
  readonly #access: Access
  readonly #rights: readonly Right[]

  /** @param rights those that the operation requires, or one of them */
  constructor(store: DocumentStore, access: Access, rights: readonly Right[]) {
    this.#store = store
    this.#access = access
    this.#rights = [...rights, 'VIEW']
  }

  async document(kind: DocumentKind, id: string): Promise<Document | undefined> {
    if (!isRuled(kind)) return this.#store.document(kind, id)
    const decisions = await this.#decisions(kind, id)
    if (decisions.some(({ isAllowed }) => isAllowed)) return this.#store.document(kind, id)
    return (await this.#reach(decisions, kind, id))?.document
  }

  async head(kind: DocumentKind, id: string): Promise<DocumentHead | undefined> {
    if (!isRuled(kind)) return this.#store.head(kind, id)
    const decisions = await this.#decisions(kind, id)
    const isVisible = decisions.some(({ isAllowed }) => isAllowed) || (await this.document(kind, id)) !== undefined
    return isVisible ? this.#store.head(kind, id) : undefined
  }

  async element(submodel: string, path: string): Promise<ElementRow | undefined> {
    const decisions = await this.#decisions('Submodel', submodel)
    if (decisions.some(({ isAllowed }) => isAllowed)) return this.#store.element(submodel, path)
    const found = await this.#reach(decisions, 'Submodel', submodel)
    if (found === undefined) return undefined
    const row = await this.#store.element(submodel, path)
    const { shown } = this.#access.rules
    const isVisible = decisions.map(({ view }) => shown.element(view, found.document, path, row) !== undefined)
    return isVisible.includes(true) ? row : undefined
  }

  /** The document, if something of it is visible by one of the decisions. */
  async #reach(decisions: readonly Decision[], kind: RuledKind, id: string) {
    const { hidden, shown } = this.#access.rules
    const part = kind === 'Submodel' ? 'elements' : 'document'
    for (const [index, decision] of decisions.entries()) {
      const isStructural = this.#access.isStructural(this.#rights[index] ?? 'VIEW')
      const found = await hidden.read(this.#store, decision, kind, id, shown.showing(part, isStructural))
      if (found !== undefined) return found
    }
    return undefined
  }

  async #decisions(kind: RuledKind, id: string): Promise<readonly Decision[]> {
    return Promise.all(this.#rights.map((right) => this.#access.decide(right, kind, id)))
  }
}
