import type { Store } from './store.ts'

/** The part of {@link Store} that operations use: documents, elements, files and commits, but neither log nor chunks. */
export type DocumentStore = Pick<
  Store,
  'document' | 'documents' | 'element' | 'head' | 'commit' | 'file' | 'files' | 'open' | 'receive'
>
