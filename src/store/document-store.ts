import type { Store } from './store.ts'

/** The part of {@link Store} that operations use: documents, elements, files and commits, but neither log nor chunks. */
export type DocumentStore = Pick<
  Store,
  'document' | 'documents' | 'element' | 'head' | 'commit' | 'file' | 'files' | 'open' | 'receive'
>

/** The same store but for some methods. */
export function overrideStore(store: DocumentStore, methods: Partial<DocumentStore>): DocumentStore {
  return {
    document: (kind, id) => store.document(kind, id),
    documents: (...args) => store.documents(...args),
    element: (submodel, path) => store.element(submodel, path),
    head: (kind, id) => store.head(kind, id),
    commit: (changes) => store.commit(changes),
    file: (...args) => store.file(...args),
    files: (...args) => store.files(...args),
    open: (...args) => store.open(...args),
    receive: (...args) => store.receive(...args),
    ...methods
  }
}
