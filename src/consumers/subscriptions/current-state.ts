/** Current documents and elements: to decide what is visible, and for events with `content: 'full'`. */
import { parseStoredPath } from '../../model/path.ts'
import type { Submodel, SubmodelElement } from '../../model/types.ts'
import { resolve } from '../../model/walk.ts'
import { unlessDamaged } from '../../store/damage.ts'
import type { DocumentKind, Store } from '../../store/store.ts'
import { noteSize } from './message.ts'

/** Documents and elements as they are now, or what is visible of them. */
export interface StateReader {
  /** A parsed document; undefined where it was deleted. */
  document(kind: DocumentKind, id: string): Promise<unknown>
  element(submodel: string, path: string): Promise<SubmodelElement | undefined>
}

/** Bytes of parsed documents that are kept. */
const MAX_BYTES = 32 * 1024 * 1024

/** Reads each document once, as long as they are not too large together. For one batch of the log. */
export class CurrentState implements StateReader {
  readonly #store: Pick<Store, 'document'>
  readonly #documents = new Map<string, Promise<unknown>>()
  #bytes = 0

  constructor(store: Pick<Store, 'document'>) {
    this.#store = store
  }

  document(kind: DocumentKind, id: string): Promise<unknown> {
    const key = keyOf(kind, id)
    let document = this.#documents.get(key)
    if (document === undefined) {
      document = this.#read(kind, id)
      this.#documents.set(key, document)
    }
    return document
  }

  /** Keeps a document that was read already. */
  keep(kind: DocumentKind, id: string, document: object): void {
    this.#documents.set(keyOf(kind, id), Promise.resolve(document))
  }

  async element(submodel: string, path: string): Promise<SubmodelElement | undefined> {
    const document = (await this.document('Submodel', submodel)) as Submodel | undefined
    const steps = parseStoredPath(path)
    return document && steps && resolve(document, steps)
  }

  async #read(kind: DocumentKind, id: string): Promise<unknown> {
    const found = await unlessDamaged(this.#store.document(kind, id))
    if (found === undefined) return undefined
    this.#bytes += found.bytes.length
    if (this.#bytes > MAX_BYTES) {
      this.#documents.clear()
      this.#bytes = found.bytes.length
    }
    const document: unknown = JSON.parse(found.bytes.toString())
    noteSize(document, found.bytes.length)
    return document
  }
}

function keyOf(kind: DocumentKind, id: string): string {
  return `${kind} ${id}`
}
