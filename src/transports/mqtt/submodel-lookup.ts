/** Which submodel is meant by an idShort. */
import type { Store } from '../../store/store.ts'
import type { Target } from './sample.ts'

/** Names that are remembered, and for how long, in milliseconds: submodels come and go, and who waits for one is heard. */
const CACHE_ENTRIES = 10_000
const CACHE_TTL_MS = 10_000
const MISSING_TTL_MS = 500

interface Found {
  /** Undefined where no submodel has the name, or several have. */
  readonly id: string | undefined
  readonly why: string
  readonly until: number
}

export class SubmodelLookup {
  readonly #store: Store
  readonly #found = new Map<string, Found>()

  constructor(store: Store) {
    this.#store = store
  }

  /** The id, or why there is none. */
  async find(target: Target): Promise<{ readonly id: string | undefined; readonly why: string }> {
    if ('id' in target) return { id: target.id, why: '' }
    const { idShort } = target
    const now = performance.now()
    const known = this.#found.get(idShort)
    if (known !== undefined && known.until > now) return known
    const { items } = await this.#store.documents('Submodel', [['idShort', idShort]], { limit: 2 })
    const [only] = items
    const found = {
      id: items.length === 1 ? only?.id : undefined,
      why: `${only === undefined ? 'no submodel has' : 'more than one submodel has'} the idShort "${idShort}"`,
      until: now + (items.length === 1 ? CACHE_TTL_MS : MISSING_TTL_MS)
    }
    this.#found.delete(idShort)
    this.#found.set(idShort, found)
    if (this.#found.size > CACHE_ENTRIES) this.#found.delete(this.#found.keys().next().value ?? '')
    return found
  }
}
