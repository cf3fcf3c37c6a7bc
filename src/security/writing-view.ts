/**
 * The stored documents as an operation reads them that writes: entire, as what is hidden must stay in what is written
 * back, but only those of which the caller may see or write something. Any other is absent. Of kinds that rules do not know
 * all is read: the commit is judged.
 */
import { parseStoredPath } from '../model/path.ts'
import type { Submodel } from '../model/types.ts'
import { unlessDamaged } from '../store/damage.ts'
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
    const document = await unlessDamaged(this.#store.document(kind, id))
    if (document === undefined || decisions.every(({ isRefused }) => isRefused)) return undefined
    const content = JSON.parse(document.bytes.toString()) as object
    return decisions.some(({ view }) => view.reaches(content)) ? document : undefined
  }

  async head(kind: DocumentKind, id: string): Promise<DocumentHead | undefined> {
    if (!isRuled(kind)) return this.#store.head(kind, id)
    const decisions = await this.#decisions(kind, id)
    const isVisible = decisions.some(({ isAllowed }) => isAllowed) || (await this.document(kind, id)) !== undefined
    return isVisible ? this.#store.head(kind, id) : undefined
  }

  async element(submodel: string, path: string): Promise<ElementRow | undefined> {
    const decisions = await this.#decisions('Submodel', submodel)
    const row = await this.#store.element(submodel, path)
    if (row === undefined || decisions.some(({ isAllowed }) => isAllowed)) return row
    const document = await unlessDamaged(this.#store.document('Submodel', submodel))
    const steps = parseStoredPath(path)
    if (document === undefined || steps === undefined) return undefined
    const content = JSON.parse(document.bytes.toString()) as Submodel
    return decisions.some(({ view }) => view.visibleElement(content, steps) !== undefined) ? row : undefined
  }

  async #decisions(kind: RuledKind, id: string): Promise<readonly Decision[]> {
    return Promise.all(this.#rights.map((right) => this.#access.decide(right, kind, id)))
  }
}
