/** Which series of the history a caller may read: those of elements whose whole value is visible. */
import { parseStoredPath } from '../model/path.ts'
import type { Submodel } from '../model/types.ts'
import { resolve } from '../model/walk.ts'
import type { DocumentStore } from '../store/document-store.ts'
import type { SeriesName } from '../store/series.ts'
import type { Access } from './access.ts'
import type { Decision } from './decisions.ts'

/** For one request: a series is decided on once. */
export class VisibleSeries {
  readonly #access: Access
  readonly #store: Pick<DocumentStore, 'document' | 'head'>
  readonly #known = new Map<string, Promise<boolean>>()
  /** The last submodel that was read, as series are asked for submodel by submodel. */
  #last: { readonly id: string; readonly submodel: Promise<Submodel | undefined> } | undefined

  /** @param store read with the rights of the hub */
  constructor(access: Access, store: Pick<DocumentStore, 'document' | 'head'>) {
    this.#access = access
    this.#store = store
  }

  /** Of an element that was deleted only where neither its place nor data could hide it. */
  shows({ submodel, path }: SeriesName): Promise<boolean> {
    const key = JSON.stringify([submodel, path])
    let known = this.#known.get(key)
    if (known === undefined) {
      known = this.#decide(submodel, path)
      this.#known.set(key, known)
    }
    return known
  }

  async #decide(id: string, path: string): Promise<boolean> {
    const decision = await this.#access.decide('READ', 'Submodel', id)
    if (decision.isAllowed) return true
    const steps = parseStoredPath(path)
    const submodel = await this.#read(id, decision)
    if (submodel === undefined || steps === undefined || resolve(submodel, steps) === undefined) return false
    return decision.view.showsValue(submodel, steps)
  }

  #read(id: string, decision: Decision): Promise<Submodel | undefined> {
    if (this.#last?.id !== id) {
      const { hidden, shown } = this.#access.rules
      const showing = { ...shown.showing('elements', this.#access.isStructural('READ')), name: 'series' }
      const submodel = hidden
        .read(this.#store, decision, 'Submodel', id, showing)
        .then((found) => found && (JSON.parse(found.document.bytes.toString()) as Submodel))
      this.#last = { id, submodel }
    }
    return this.#last.submodel
  }
}
