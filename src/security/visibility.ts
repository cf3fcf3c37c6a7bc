/** Whether a caller may know that something is stored: by any of some rights it may see some of it. */
import { parseStoredPath } from '../model/path.ts'
import type { Submodel } from '../model/types.ts'
import { resolve } from '../model/walk.ts'
import { unlessDamaged } from '../store/damage.ts'
import type { DocumentStore } from '../store/document-store.ts'
import type { Access } from './access.ts'
import type { Right } from './rights.ts'
import type { DocumentKind } from './rule.ts'
import type { DocumentView } from './view.ts'

export interface VisibilityOptions {
  readonly access: Access
  /** Read with the rights of the hub. */
  readonly store: Pick<DocumentStore, 'document'>
  /** READ implies VIEW. */
  readonly rights: readonly Right[]
}

export class Visibility {
  readonly #options: VisibilityOptions

  constructor(options: VisibilityOptions) {
    this.#options = options
  }

  /** Is all of a kind visible, whatever is stored? */
  async isCertain(kind: DocumentKind): Promise<boolean> {
    const { access, rights } = this.#options
    for (const right of rights) if ((await access.ofKind(right, kind)) === 'allowed') return true
    return false
  }

  /** Is any of a stored document visible? False if there is none. */
  async document(kind: DocumentKind, id: string): Promise<boolean> {
    const document = await this.#read(kind, id)
    return document !== undefined && (await this.ofDocument(kind, id, document))
  }

  /** The same for a document that was read. */
  async ofDocument(kind: DocumentKind, id: string, document: object): Promise<boolean> {
    for (const view of await this.#views(kind, id)) {
      if (view.visible(document) !== undefined) return true
      if (kind === 'Submodel' && view.visibleBeginnings(document as Submodel).length > 0) return true
    }
    return false
  }

  /** `absent`: it does not exist in a visible submodel. `outside`: nothing of the submodel is visible. */
  async element(submodel: string, path: string): Promise<'visible' | 'hidden' | 'absent' | 'outside'> {
    const document = (await this.#read('Submodel', submodel)) as Submodel | undefined
    if (document === undefined || !(await this.ofDocument('Submodel', submodel, document))) return 'outside'
    const steps = parseStoredPath(path)
    if (steps === undefined || resolve(document, steps) === undefined) return 'absent'
    const views = await this.#views('Submodel', submodel)
    return views.some((view) => view.visibleElement(document, steps) !== undefined) ? 'visible' : 'hidden'
  }

  async #views(kind: DocumentKind, id: string): Promise<readonly DocumentView[]> {
    const { access, rights } = this.#options
    return Promise.all([...new Set(rights)].map((right) => access.view(right, kind, id)))
  }

  async #read(kind: DocumentKind, id: string): Promise<object | undefined> {
    const stored = await unlessDamaged(this.#options.store.document(kind, id))
    return stored && (JSON.parse(stored.bytes.toString()) as object)
  }
}
