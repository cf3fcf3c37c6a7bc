/** What changes are published with: documents and elements as they are now, each submodel read once for a batch of changes. */
import { parseStoredPath } from '../../../model/path.ts'
import { membersAt, newestOf, timeAt } from '../../../model/samples.ts'
import type { Submodel, SubmodelElement } from '../../../model/types.ts'
import { type ValueMembers, writeValueMembers } from '../../../model/value-members.ts'
import { resolve } from '../../../model/walk.ts'
import type { DocumentStore } from '../../../store/document-store.ts'
import { decodeRun } from '../../../store/run-codec.ts'
import type { DocumentKind, LoggedChange, SubtreeAction } from '../../../store/store.ts'

/** What may be published, where not everything may. */
export interface PublishedView {
  /** Documents as they may be published. */
  readonly documents: Pick<DocumentStore, 'document'>
  /** The same for submodels of which no more than some elements may be. */
  readonly elements: Pick<DocumentStore, 'document'>
  /** May it be published that something was deleted? What it was is not known any more. */
  showsDeleted(kind: DocumentKind): Promise<boolean>
}

export interface PublishedStores {
  readonly store: Pick<DocumentStore, 'document' | 'element'>
  /** Undefined: everything is published. */
  readonly view: PublishedView | undefined
}

type ValueChange = Extract<LoggedChange, { path: string }>
type DocumentChange = Extract<LoggedChange, { kind: DocumentKind }>

export interface PublishedValue {
  readonly element: SubmodelElement
  /** Nanoseconds since 1970. */
  readonly sourceTime: bigint
}

/** An element whose structure changed; absent where it was deleted. */
export interface ElementAction {
  readonly path: string
  readonly action: SubtreeAction | 'updated'
  readonly element?: SubmodelElement
}

export class PublishedState {
  readonly #store: Pick<DocumentStore, 'document' | 'element'>
  readonly #view: PublishedView | undefined
  readonly #submodels = new Map<string, Submodel | undefined>()

  constructor({ store, view }: PublishedStores) {
    this.#store = store
    this.#view = view
  }

  /**
   * The element with a new value, of several samples with the newest. Where some of it may be hidden, with that which it
   * has now. Undefined where the value never became the current one, or must not be published.
   */
  async value(change: ValueChange, seq: number): Promise<PublishedValue | undefined> {
    const element = await this.element(change.submodel, change.path)
    if (element === undefined || (await this.#isLate(change, seq))) return undefined
    const { members, sourceTime } = newestIn(change)
    if (this.#view === undefined) writeValueMembers(element, JSON.parse(members) as ValueMembers)
    return { element, sourceTime }
  }

  /** The elements that a change of a submodel names; those that were deleted only where that may be published. */
  async elements({ id, touched = [], subtreeAction }: DocumentChange): Promise<ElementAction[]> {
    const actions: ElementAction[] = []
    for (const path of touched) {
      const element = subtreeAction === 'deleted' ? undefined : await this.element(id, path)
      // Deleted since: the change that deleted it is published.
      if (subtreeAction === 'created' && element === undefined) continue
      // Where the log does not name the action, an existing element counts as updated.
      const action = subtreeAction ?? (element === undefined ? 'deleted' : 'updated')
      if (action === 'deleted' && !(await this.showsDeleted('Submodel'))) continue
      actions.push({ path, action, ...(element !== undefined && { element }) })
    }
    return actions
  }

  async showsDeleted(kind: DocumentKind): Promise<boolean> {
    return this.#view === undefined || this.#view.showsDeleted(kind)
  }

  /** The JSON of a document; undefined where it was deleted since, or must not be published. */
  async text(kind: DocumentKind, id: string): Promise<string | undefined> {
    return textOf(this.#view?.documents ?? this.#store, kind, id)
  }

  /** Undefined where it was deleted since, which is a change of its own, or must not be published. */
  async element(id: string, path: string): Promise<SubmodelElement | undefined> {
    const submodel = await this.submodel(id)
    const steps = parseStoredPath(path)
    return submodel === undefined || steps === undefined ? undefined : resolve(submodel, steps)
  }

  /** With the elements that may be published. */
  async submodel(id: string): Promise<Submodel | undefined> {
    if (!this.#submodels.has(id)) {
      const text = await textOf(this.#view?.elements ?? this.#store, 'Submodel', id)
      this.#submodels.set(id, text === undefined ? undefined : (JSON.parse(text) as Submodel))
    }
    return this.#submodels.get(id)
  }

  /** A value older than the current one went into the history alone, and left the element as it was. */
  async #isLate({ submodel, path }: ValueChange, seq: number): Promise<boolean> {
    const row = await this.#store.element(submodel, path)
    return row !== undefined && row.revision < seq
  }
}

async function textOf(store: Pick<DocumentStore, 'document'>, kind: DocumentKind, id: string) {
  return (await store.document(kind, id))?.bytes.toString()
}

function newestIn(change: ValueChange): { members: string; sourceTime: bigint } {
  if (change.change === 'value') return { members: change.value, sourceTime: change.sourceTime }
  const run = decodeRun(change.run)
  const newest = newestOf(run)
  return { members: membersAt(run, newest), sourceTime: timeAt(run, newest) }
}
