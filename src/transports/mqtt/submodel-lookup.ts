/** Finds submodels by idShort, with a short-lived cache. */
import type { Clock } from '../../clock.ts'
import type { SubmodelSelector } from '../../model/submodel-selector.ts'
import type { Store } from '../../store/store.ts'

const CACHE_ENTRIES = 10_000
/** A missing submodel is looked for again sooner: it may be about to be created. */
const CACHE_TTL_MS = 10_000
const MISSING_TTL_MS = 500

interface LookupResult {
  /** Undefined where no submodel has the idShort, or several have. */
  readonly id: string | undefined
  readonly reason: string
  readonly expires: number
}

export class SubmodelLookup {
  readonly #store: Store
  readonly #clock: Clock
  readonly #cache = new Map<string, LookupResult>()

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** The id, or the reason why there is none. */
  async idOf(target: SubmodelSelector): Promise<Pick<LookupResult, 'id' | 'reason'>> {
    if ('id' in target) return { id: target.id, reason: '' }
    const { idShort } = target
    const now = this.#clock.monotonic()
    const known = this.#cache.get(idShort)
    if (known !== undefined && known.expires > now) return known
    const { items } = await this.#store.documents('Submodel', [['idShort', idShort]], { limit: 2 })
    const [only] = items
    const found = {
      id: items.length === 1 ? only?.id : undefined,
      reason: `${only === undefined ? 'no submodel has' : 'more than one submodel has'} the idShort "${idShort}"`,
      expires: now + (items.length === 1 ? CACHE_TTL_MS : MISSING_TTL_MS)
    }
    this.#cache.delete(idShort)
    this.#cache.set(idShort, found)
    if (this.#cache.size > CACHE_ENTRIES) this.#cache.delete(this.#cache.keys().next().value ?? '')
    return found
  }
}
