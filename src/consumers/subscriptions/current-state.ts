/** Current documents and elements, for events with `content: 'full'`. */
import { parseStoredPath } from '../../model/path.ts'
import type { Submodel, SubmodelElement } from '../../model/types.ts'
import { resolve } from '../../model/walk.ts'
import { unlessDamaged } from '../../store/damage.ts'
import type { DocumentKind, Store } from '../../store/store.ts'
import { noteSize } from './message.ts'

/** Reads each document at most once. For one batch of the log. */
export class CurrentState {
  readonly #store: Store
  readonly #documents = new Map<string, Promise<unknown>>()

  constructor(store: Store) {
    this.#store = store
  }

  /** A parsed document; undefined where it was deleted. */
  document(kind: DocumentKind, id: string): Promise<unknown> {
    const key = `${kind} ${id}`
    let document = this.#documents.get(key)
    if (document === undefined) {
      document = unlessDamaged(this.#store.document(kind, id)).then((found) => found && parse(found.bytes))
      this.#documents.set(key, document)
    }
    return document
  }

  async element(submodel: string, path: string): Promise<SubmodelElement | undefined> {
    const document = (await this.document('Submodel', submodel)) as Submodel | undefined
    const steps = parseStoredPath(path)
    return document && steps && resolve(document, steps)
  }
}

function parse(bytes: Buffer): unknown {
  const document: unknown = JSON.parse(bytes.toString())
  noteSize(document, bytes.length)
  return document
}
