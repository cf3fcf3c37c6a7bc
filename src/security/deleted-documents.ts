/**
 * Documents as they were when they were deleted, so that the events of their deletion can be decided by their content.
 * In memory, for the hub that deletes them, and only while there are subscribers whose rules depend on data.
 */
import type { Identifiable } from '../model/types.ts'
import { unlessDamaged } from '../store/damage.ts'
import type { DocumentStore } from '../store/document-store.ts'
import { BoundedCache } from './bounded-cache.ts'
import { documentsIn, PACKAGE_FILE } from './package-contents.ts'
import type { DocumentKind } from './rule.ts'

/** In bytes of JSON; parsed they take about six times as much. */
const CACHE_SIZE = 8 * 2 ** 20

/** A package with more in its documents, or one that cannot be read, counts as one of which nothing is known. */
const MAX_PACKAGE_BYTES = CACHE_SIZE / 4

export interface DeletedPackage {
  /** Those that it held; undefined: not known. */
  readonly documents: readonly Identifiable[] | undefined
}

export class DeletedDocuments {
  /** Those who ask for them. */
  watchers = 0
  readonly #kept = new BoundedCache<object>(CACHE_SIZE)

  /** To be called before a document is deleted. @param store read with the rights of the hub */
  async keep(store: Pick<DocumentStore, 'document'>, kind: DocumentKind, id: string): Promise<void> {
    if (this.watchers === 0) return
    const stored = await unlessDamaged(store.document(kind, id))
    if (stored === undefined) return
    this.#kept.set(keyOf(kind, id), JSON.parse(stored.bytes.toString()) as object, stored.bytes.length)
  }

  /** To be called before a package is deleted. @param store read with the rights of the hub */
  async keepPackage(store: Pick<DocumentStore, 'file' | 'open'>, id: string): Promise<void> {
    if (this.watchers === 0) return
    const file = await unlessDamaged(store.file('Package', id, PACKAGE_FILE))
    if (file === undefined) return
    const found = await unlessDamaged(documentsIn(store, file, MAX_PACKAGE_BYTES))
    const kept: DeletedPackage = { documents: found?.documents }
    this.#kept.set(keyOf('Package', id), kept, PACKAGE_BYTES + (found?.bytes ?? 0))
  }

  /** As `find`. */
  findPackage(id: string): DeletedPackage | undefined {
    return this.#kept.get(keyOf('Package', id)) as DeletedPackage | undefined
  }

  /** Undefined where it was deleted by another hub, or too long ago. */
  find(kind: DocumentKind, id: string): object | undefined {
    return this.#kept.get(keyOf(kind, id))
  }
}

/** Of what is kept of a package without its documents. */
const PACKAGE_BYTES = 100

function keyOf(kind: DocumentKind | 'Package', id: string): string {
  return `${kind} ${id}`
}
