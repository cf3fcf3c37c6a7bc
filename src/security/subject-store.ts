/**
 * The store as one caller may use it, for the operations. Outermost of all views of the store, so that what others generate
 * is judged, too.
 */
import { shareExclusion } from '../store/concurrency.ts'
import type { DocumentStore } from '../store/document-store.ts'
import type { Access } from './access.ts'
import { ReadingView } from './reading-view.ts'
import type { Right } from './rights.ts'
import { WritingView } from './writing-view.ts'

/** For an operation that writes or executes. @param rights those that it requires, or one of them */
export function writingStore(
  base: DocumentStore,
  access: Access,
  rights: readonly Right[],
  commit: DocumentStore['commit']
): DocumentStore {
  const view = new WritingView(base, access, rights)
  const lists = new ReadingView(base, access, 'READ')
  const store: DocumentStore = {
    document: (kind, id) => view.document(kind, id),
    documents: (...args) => lists.documents(...args),
    head: (kind, id) => view.head(kind, id),
    element: (submodel, path) => view.element(submodel, path),
    file: (...args) => base.file(...args),
    files: (...args) => base.files(...args),
    open: (...args) => base.open(...args),
    receive: (...args) => base.receive(...args),
    commit
  }
  shareExclusion(store, base)
  return store
}
