/**
 * Metadata of elements that the log does not have: their kind and the semanticIds that apply to them. Cached up to a
 * bound, and invalidated when the structure changes.
 */
import { isWithin, join, parseStoredPath } from '../../model/path.ts'
import type { Submodel } from '../../model/types.ts'
import { walk } from '../../model/walk.ts'
import { unlessDamaged } from '../../store/damage.ts'
import type { LoggedChange, Store } from '../../store/store.ts'

export interface ElementMetadata {
  readonly modelType: string
  readonly valueType: string | undefined
  /** First keys of the semanticIds of the element, of its ancestors and of the submodel. */
  readonly semanticIds: ReadonlySet<string>
}

/** All semanticIds of a submodel. */
export interface SubmodelSemanticIds {
  readonly own: string | undefined
  readonly paths: readonly (readonly [path: string, semanticId: string])[]
}

/** Cached elements and submodels. */
const MAX_ELEMENTS = 50_000
const MAX_SUBMODELS = 200

/** Cached for elements that do not exist. */
const GONE = null

export class ElementMetadataCache {
  readonly #store: Pick<Store, 'document' | 'element'>
  readonly #maxElements: number
  readonly #elements = new Map<string, Map<string, ElementMetadata | typeof GONE>>()
  readonly #submodels = new Map<string, SubmodelSemanticIds>()
  /** First key of the semanticId of each submodel. */
  readonly #own = new Map<string, string | undefined>()
  #count = 0
  /** Counts invalidations: what was read before one is not cached after it. */
  #generation = 0

  constructor(store: Pick<Store, 'document' | 'element'>, maxElements: number = MAX_ELEMENTS) {
    this.#store = store
    this.#maxElements = maxElements
  }

  /** The cached metadata of an element; null where it does not exist, undefined where that is not cached. */
  known(submodel: string, path: string): ElementMetadata | null | undefined {
    return this.#elements.get(submodel)?.get(path)
  }

  /** Null where there is no such element. */
  async element(submodel: string, path: string): Promise<ElementMetadata | null> {
    const known = this.known(submodel, path)
    if (known !== undefined) return known
    const generation = this.#generation
    const found = await this.#read(submodel, path)
    if (generation === this.#generation) this.#keep(submodel, path, found)
    return found
  }

  /** Undefined where there is no such submodel. */
  async submodel(id: string): Promise<SubmodelSemanticIds | undefined> {
    const known = this.#submodels.get(id)
    if (known !== undefined) return known
    const generation = this.#generation
    const document = await unlessDamaged(this.#store.document('Submodel', id))
    if (document === undefined) return undefined
    const semanticIds = semanticIdsOf(JSON.parse(document.bytes.toString()) as Submodel)
    if (generation === this.#generation) {
      if (this.#submodels.size >= MAX_SUBMODELS) this.#submodels.clear()
      this.#submodels.set(id, semanticIds)
    }
    return semanticIds
  }

  /** Invalidates what a change affects. To be called for every change, in the order of the log, before it is sent. */
  note(change: LoggedChange): void {
    if (change.change === 'value' || change.change === 'samples' || change.kind !== 'Submodel') return
    this.#generation++
    this.#count -= this.#elements.get(change.id)?.size ?? 0
    this.#elements.delete(change.id)
    this.#submodels.delete(change.id)
    this.#own.delete(change.id)
  }

  forgetAll(): void {
    this.#generation++
    this.#count = 0
    this.#elements.clear()
    this.#submodels.clear()
    this.#own.clear()
  }

  async #read(submodel: string, path: string): Promise<ElementMetadata | null> {
    const row = await unlessDamaged(this.#store.element(submodel, path))
    if (row === undefined) return GONE
    const semanticIds = new Set<string>()
    if (row.semanticId !== undefined) semanticIds.add(row.semanticId)
    for (const ancestor of ancestorPaths(path)) {
      const id = (await unlessDamaged(this.#store.element(submodel, ancestor)))?.semanticId
      if (id !== undefined) semanticIds.add(id)
    }
    const own = await this.#ownOf(submodel)
    if (own !== undefined) semanticIds.add(own)
    return { modelType: row.modelType, valueType: row.valueType, semanticIds }
  }

  async #ownOf(submodel: string): Promise<string | undefined> {
    if (this.#own.has(submodel)) return this.#own.get(submodel)
    const generation = this.#generation
    const document = await unlessDamaged(this.#store.document('Submodel', submodel))
    const own = document && (JSON.parse(document.bytes.toString()) as Submodel).semanticId?.keys?.[0]?.value
    if (generation === this.#generation) {
      if (this.#own.size >= this.#maxElements) this.#own.clear()
      this.#own.set(submodel, own)
    }
    return own
  }

  #keep(submodel: string, path: string, found: ElementMetadata | null): void {
    // Cleared when full, which is cheaper than an LRU order.
    if (this.#count >= this.#maxElements) {
      this.#elements.clear()
      this.#count = 0
    }
    let paths = this.#elements.get(submodel)
    if (paths === undefined) {
      paths = new Map()
      this.#elements.set(submodel, paths)
    }
    if (!paths.has(path)) this.#count++
    paths.set(path, found)
  }
}

function semanticIdsOf(submodel: Submodel): SubmodelSemanticIds {
  const paths: [string, string][] = []
  for (const { element, path } of walk(submodel)) {
    const id = element.semanticId?.keys?.[0]?.value
    if (id !== undefined) paths.push([path, id])
  }
  return { own: submodel.semanticId?.keys?.[0]?.value, paths }
}

/** The semanticIds of a subtree, its ancestors and the submodel; without a root, of the whole submodel. */
export function* semanticIdsAt({ own, paths }: SubmodelSemanticIds, root?: string): Generator<string> {
  if (own !== undefined) yield own
  for (const [path, id] of paths) {
    if (root === undefined || isWithin(path, root) || isWithin(root, path)) yield id
  }
}

/** The paths of the ancestors of an element, outermost first. */
function ancestorPaths(path: string): string[] {
  const ancestors: string[] = []
  for (const step of (parseStoredPath(path) ?? []).slice(0, -1)) ancestors.push(join(ancestors.at(-1) ?? '', step))
  return ancestors
}
