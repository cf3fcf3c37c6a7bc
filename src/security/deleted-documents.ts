/**
 * Documents as they were when they were deleted, so that the events of their deletion can be decided by their content.
 * In memory, for the hub that deletes them, and only while there are subscribers whose rules depend on data.
 */
import { unlessDamaged } from '../store/damage.ts'
import type { DocumentStore } from '../store/document-store.ts'
import { BoundedCache } from './bounded-cache.ts'
import type { DocumentKind } from './rule.ts'

/** In bytes of JSON; parsed they take about six times as much. */
const CACHE_SIZE = 8 * 2 ** 20

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

  /** Undefined where it was deleted by another hub, or too long ago. */
  find(kind: DocumentKind, id: string): object | undefined {
    return this.#kept.get(keyOf(kind, id))
  }
}

function keyOf(kind: DocumentKind, id: string): string {
  return `${kind} ${id}`
}
