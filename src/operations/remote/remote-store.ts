/** The documents for a task in another thread, as far as the caller may read them. */
import { Readable } from 'node:stream'
import { HubError } from '../../errors.ts'
import type { DocumentStore } from '../../store/document-store.ts'
import type {
  Document,
  DocumentKind,
  ElementCondition,
  Facet,
  FileEntry,
  Page,
  PageRequest
} from '../../store/store.ts'
import type { RemoteSources } from '../../threads/serve-tasks.ts'
import type { Sources } from '../../threads/task-run.ts'
import { ownBytes } from './own-bytes.ts'

/** @param store as the caller may read it */
export function storeSources(store: DocumentStore): Sources {
  return {
    document: async (kind: DocumentKind, id: string) => {
      const document = await store.document(kind, id)
      return document && cloneable(document)
    },
    documents: async (
      kind: DocumentKind,
      facets: readonly Facet[],
      page: PageRequest,
      elements: readonly ElementCondition[]
    ) => {
      const found = await store.documents(kind, facets, page, elements)
      return { ...found, items: found.items.map(cloneable) }
    },
    element: (submodel: string, path: string) => store.element(submodel, path),
    head: (kind: DocumentKind, id: string) => store.head(kind, id),
    file: (kind: DocumentKind, id: string, name: string) => store.file(kind, id, name),
    files: (kind: DocumentKind, id: string) => store.files(kind, id),
    async *open(file: FileEntry) {
      for await (const part of store.open(file)) yield ownBytes(part)
    }
  }
}

/** Reads only. */
export function remoteStore({ ask, iterate }: RemoteSources): DocumentStore {
  return {
    document: async (kind, id) => {
      const document = await ask<Document | undefined>('document', kind, id)
      return document && received(document)
    },
    documents: async (kind, facets, { after, limit }, elements = []) => {
      const request = { limit, ...(after !== undefined && { after }) }
      const found = await ask<Page<Document>>('documents', kind, facets, request, elements)
      return { ...found, items: found.items.map(received) }
    },
    element: (submodel, path) => ask('element', submodel, path),
    head: async (kind, id) => ask('head', kind, id),
    file: (kind, id, name) => ask('file', kind, id, name),
    files: (kind, id) => ask('files', kind, id),
    open: (file) => Readable.from(iterate<Uint8Array>('open', file), { objectMode: false }),
    commit: refuse,
    receive: refuse
  }
}

export function cloneable(document: Document): Document {
  return { ...document, bytes: ownBytes(document.bytes) as Buffer }
}

/** Cloning makes plain bytes of a buffer. */
export function received(document: Document): Document {
  const { buffer, byteOffset, byteLength } = document.bytes
  return { ...document, bytes: Buffer.from(buffer, byteOffset, byteLength) }
}

async function refuse(): Promise<never> {
  throw new HubError('Internal')
}
