/**
 * Documents as they were when they were deleted, so that the events of their deletion can be decided by their content.
 * In memory, for the hub that deletes them, and only while there are subscribers whose rules depend on data.
 */
import { type Clock, systemClock } from '../clock.ts'
import type { Identifiable } from '../model/types.ts'
import { unlessDamaged } from '../store/damage.ts'
import type { DocumentStore } from '../store/document-store.ts'
import type { FileEntry } from '../store/store.ts'
import { BoundedCache } from './bounded-cache.ts'
import { documentsIn, PACKAGE_FILE } from './package-contents.ts'
import type { DocumentKind } from './rule.ts'

/** In bytes of JSON; parsed they take about six times as much. */
const CACHE_SIZE = 8 * 2 ** 20

/** A package with more in its documents is read again from its file. */
const MAX_PACKAGE_BYTES = CACHE_SIZE / 4

/** Stores keep a file to which nothing refers any more for twice as long at least. */
const FILE_MS = 30 * 60 * 1000

export interface DeletedPackage {
  /** Those that it held; undefined: too many, or it cannot be read. */
  readonly documents: readonly Identifiable[] | undefined
  /** As long as it is certain to be there. */
  readonly file?: FileEntry
}

interface KeptPackage extends Required<DeletedPackage> {
  readonly fileUntil: number
}

export class DeletedDocuments {
  /** Those who ask for them. */
  watchers = 0
  readonly #kept = new BoundedCache<object>(CACHE_SIZE)
  readonly #clock: Clock

  constructor(clock: Clock = systemClock) {
    this.#clock = clock
  }

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
    const kept: KeptPackage = { documents: found?.documents, file, fileUntil: this.#clock.monotonic() + FILE_MS }
    this.#kept.set(keyOf('Package', id), kept, PACKAGE_BYTES + (found?.bytes ?? 0))
  }

  /** As `find`. */
  findPackage(id: string): DeletedPackage | undefined {
    const kept = this.#kept.get(keyOf('Package', id)) as KeptPackage | undefined
    if (kept === undefined) return undefined
    const { documents, file, fileUntil } = kept
    return { documents, ...(this.#clock.monotonic() < fileUntil && { file }) }
  }

  /** Undefined where it was deleted by another hub, or too long ago. */
  find(kind: DocumentKind, id: string): object | undefined {
    return this.#kept.get(keyOf(kind, id))
  }
}

/** Of what is kept of a package without its documents. */
const PACKAGE_BYTES = 300

function keyOf(kind: DocumentKind | 'Package', id: string): string {
  return `${kind} ${id}`
}
