/** The address space of i3X as one caller may see it: shells, their submodels, and the elements of these. For one request. */
import { targetIdOf } from '../../../model/facets.ts'
import type { AssetAdministrationShell, Submodel } from '../../../model/types.ts'
import type { OperationContext } from '../../../operations/operation-context.ts'
import type { Access } from '../../../security/access.ts'
import { ReadingView } from '../../../security/reading-view.ts'
import { unlessDamaged } from '../../../store/damage.ts'
import type { DocumentStore } from '../../../store/document-store.ts'
import { parseDocument } from '../../../store/parse-document.ts'
import type { SeriesName } from '../../../store/series.ts'
import type { Document } from '../../../store/store.ts'
import { elementIn } from './element-id.ts'
import { LoadedSubmodel, type Part } from './loaded-submodel.ts'

const SHELL = 'AssetAdministrationShell'

/** Submodels that stay parsed; requests name elements submodel by submodel. */
const MAX_LOADED = 16

/** Shells that a submodel is shown below. */
const MAX_PARENTS = 100

export interface ShellNode {
  readonly kind: 'shell'
  readonly id: string
  readonly shell: AssetAdministrationShell
}

export interface PartNode {
  readonly kind: 'part'
  readonly of: LoadedSubmodel
  readonly part: Part
  /** The element is visible, but not its submodel. */
  readonly isAlone?: true
}

export type ObjectNode = ShellNode | PartNode

export class AddressSpace {
  readonly store: DocumentStore
  /** With the elements of submodels that are hidden themselves; undefined: nothing is hidden. */
  readonly #elements: DocumentStore | undefined
  readonly #loaded = new Map<string, Promise<LoadedSubmodel | undefined>>()
  readonly #parents = new Map<string, Promise<readonly string[]>>()

  /** @param access undefined: the hub is open */
  constructor(hub: OperationContext, access: Access | undefined) {
    const reads = access && hub.readsOf(access)
    this.store = reads === undefined ? hub.store : new ReadingView(reads, access as Access, 'READ')
    this.#elements = reads && new ReadingView(reads, access as Access, 'READ', 'elements')
  }

  /** Undefined where there is none, or it is hidden. */
  async find(elementId: string): Promise<ObjectNode | undefined> {
    const named = elementIn(elementId)
    if (named !== undefined) {
      const of = await this.submodel(named.submodel)
      const part = of?.part(named.path)
      if (of !== undefined && part !== undefined) return { kind: 'part', of, part }
      const alone = await this.#alone(named)
      if (alone !== undefined) return alone
    }
    const of = await this.submodel(elementId)
    return of === undefined ? this.shell(elementId) : { kind: 'part', of, part: of.root }
  }

  /** The object that an element is a component of; undefined where that is hidden. */
  async parentOf({ of, part, isAlone }: PartNode): Promise<PartNode | undefined> {
    const parent = part.parent === undefined ? undefined : of.part(part.parent)
    if (parent === undefined || isAlone === undefined) return parent && { kind: 'part', of, part: parent }
    // The containers around it may be shown for its sake alone.
    const isVisible = parent.path !== '' && (await this.store.element(of.id, parent.path)) !== undefined
    return isVisible ? { kind: 'part', of, part: parent, isAlone } : undefined
  }

  async #alone({ submodel, path }: SeriesName): Promise<PartNode | undefined> {
    if (this.#elements === undefined) return undefined
    if ((await unlessDamaged(this.#elements.element(submodel, path))) === undefined) return undefined
    const document = await unlessDamaged(this.#elements.document('Submodel', submodel))
    const of = document && instanceIn(document)
    const part = of?.part(path)
    return of === undefined || part === undefined ? undefined : { kind: 'part', of, part, isAlone: true }
  }

  /** Templates are no objects. */
  submodel(id: string): Promise<LoadedSubmodel | undefined> {
    let loaded = this.#loaded.get(id)
    if (loaded === undefined) {
      if (this.#loaded.size >= MAX_LOADED) this.#loaded.clear()
      loaded = unlessDamaged(this.store.document('Submodel', id)).then((document) => document && instanceIn(document))
      this.#loaded.set(id, loaded)
    }
    return loaded
  }

  async shell(id: string): Promise<ShellNode | undefined> {
    const document = await unlessDamaged(this.store.document(SHELL, id))
    return document && shellIn(document)
  }

  /** The shells that refer to a submodel, in the stable order: its parent is the first. */
  parentsOf(submodel: string): Promise<readonly string[]> {
    let parents = this.#parents.get(submodel)
    if (parents === undefined) {
      if (this.#parents.size >= 1000) this.#parents.clear()
      parents = this.store
        .documents(SHELL, [['submodel', submodel]], { limit: MAX_PARENTS })
        .then(({ items }) => items.map(({ id }) => id))
      this.#parents.set(submodel, parents)
    }
    return parents
  }

  /** The submodels that a shell refers to and that are stored here. */
  async childrenOf({ shell }: ShellNode): Promise<readonly LoadedSubmodel[]> {
    const ids = new Set((shell.submodels ?? []).map(targetIdOf))
    const found: LoadedSubmodel[] = []
    for (const id of ids) {
      const loaded = await this.submodel(id)
      if (loaded !== undefined) found.push(loaded)
    }
    return found
  }
}

/** Undefined for a template. */
export function instanceIn(document: Document): LoadedSubmodel | undefined {
  const loaded = new LoadedSubmodel(document)
  return (loaded.submodel as Pick<Submodel, 'kind'>).kind === 'Template' ? undefined : loaded
}

export function shellIn(document: Document): ShellNode {
  return { kind: 'shell', id: document.id, shell: parseDocument(document) as AssetAdministrationShell }
}
