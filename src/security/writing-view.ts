/**
 * The stored documents as an operation reads them that writes: entire, as what is hidden must stay in what is written
 * back, but only those of which the caller may see or write something. Any other is absent. Of kinds that rules do not know
 * all is read: the commit is judged.
 */
import { VIEWED_STORE } from '../store/concurrency.ts'
import type { DocumentStore } from '../store/document-store.ts'
import type {
  Change,
  Commit,
  Document,
  DocumentHead,
  DocumentKind,
  ElementRow,
  FileEntry,
  Page
} from '../store/store.ts'
import type { Access } from './access.ts'
import type { Decision } from './decisions.ts'
import { allReady, type MaybePromise } from './maybe-promise.ts'
import { isRuled, ReadingView } from './reading-view.ts'
import type { Right } from './rights.ts'
import type { DocumentKind as RuledKind } from './rule.ts'

export class WritingView implements DocumentStore {
  readonly [VIEWED_STORE]: DocumentStore
  readonly #store: DocumentStore
  readonly #access: Access
  readonly #rights: readonly Right[]
  readonly #writer: Pick<DocumentStore, 'commit'>

  /**
   * @param rights those that the operation requires, or one of them
   * @param writer authorizes and commits
   */
  constructor(store: DocumentStore, access: Access, rights: readonly Right[], writer: Pick<DocumentStore, 'commit'>) {
    this[VIEWED_STORE] = store
    this.#store = store
    this.#access = access
    this.#rights = [...rights, 'VIEW']
    this.#writer = writer
  }

  commit(changes: readonly Change[]): Promise<Commit> {
    return this.#writer.commit(changes)
  }

  /** Lists show what may be read. */
  documents(...args: Parameters<DocumentStore['documents']>): Promise<Page<Document>> {
    return new ReadingView(this.#store, this.#access, 'READ').documents(...args)
  }

  file(...args: Parameters<DocumentStore['file']>): Promise<FileEntry | undefined> {
    return this.#store.file(...args)
  }

  files(...args: Parameters<DocumentStore['files']>): Promise<readonly FileEntry[]> {
    return this.#store.files(...args)
  }

  open(...args: Parameters<DocumentStore['open']>) {
    return this.#store.open(...args)
  }

  receive(...args: Parameters<DocumentStore['receive']>) {
    return this.#store.receive(...args)
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

  #decisions(kind: RuledKind, id: string): MaybePromise<readonly Decision[]> {
    return allReady(this.#rights.map((right) => this.#access.decide(right, kind, id)))
  }
}
