/**
 * References of shells to submodels: as far as the caller may know of the submodel. One to a submodel that is not stored
 * here is as visible as one to a hidden submodel: where a submodel of that id would be, whatever it holds. So a reference
 * does not reveal what exists.
 */
import { targetIdOf } from '../model/facets.ts'
import type { AssetAdministrationShell, Reference } from '../model/types.ts'
import type { DocumentStore } from '../store/document-store.ts'
import type { Document } from '../store/store.ts'
import type { Access } from './access.ts'

const SUBMODEL = 'Submodel'

const NONE: ReadonlySet<Reference> = new Set()

type Shell = Partial<Pick<AssetAdministrationShell, 'submodels'>>

export class VisibleReferences {
  readonly #store: Pick<DocumentStore, 'document' | 'head'>
  readonly #access: Access

  /** @param store read with the rights of the hub */
  constructor(store: Pick<DocumentStore, 'document' | 'head'>, access: Access) {
    this.#store = store
    this.#access = access
  }

  /** A stored shell without references to hidden submodels; the same object where there are none. */
  async document(stored: Document): Promise<Document> {
    if (await this.#areAll()) return stored
    const shell = JSON.parse(stored.bytes.toString()) as Shell
    const shown = await this.shell(shell)
    return shown === shell ? stored : { ...stored, bytes: Buffer.from(JSON.stringify(shown)) }
  }

  /** The same for a parsed shell, which is not modified. */
  async shell<Content extends Shell>(shell: Content): Promise<Content> {
    const hidden = await this.hidden(shell)
    if (hidden.size === 0) return shell
    const { submodels = [], ...rest } = shell
    const shown = submodels.filter((reference) => !hidden.has(reference))
    return (shown.length === 0 ? rest : { ...shell, submodels: shown }) as Content
  }

  /** The references that the caller may not see. */
  async hidden({ submodels = [] }: Shell): Promise<ReadonlySet<Reference>> {
    if (submodels.length === 0 || (await this.#areAll())) return NONE
    const areVisible = await Promise.all(submodels.map((reference) => this.#shows(targetIdOf(reference))))
    return new Set(submodels.filter((_, index) => areVisible[index] !== true))
  }

  async #areAll(): Promise<boolean> {
    return (await this.#access.ofKind('VIEW', SUBMODEL)) === 'allowed'
  }

  async #shows(id: string): Promise<boolean> {
    const decision = await this.#access.decide('VIEW', SUBMODEL, id)
    if (decision.isAllowed) return true
    const { hidden, shown } = this.#access.rules
    const showing = { ...shown.showing('elements', this.#access.isStructural('VIEW')), name: 'reference' }
    return (await hidden.read(this.#store, decision, SUBMODEL, id, showing)) !== undefined
  }
}
