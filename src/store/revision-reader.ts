/** Finds kept revisions. They are read with the rights of the hub. */
import { HubError } from '../errors.ts'
import { fromMilliseconds } from '../model/time.ts'
import { parseRevision, type RevisedKind, type Revision, revisionsOf } from './revisions.ts'
import type { Facet, Page, PageRequest, Store } from './store.ts'

/** What a document was at a time. */
export interface PastState {
  /** Undefined: it did not exist. */
  readonly content: object | undefined
  /** Values of this time and from before it are in the content; nanoseconds since 1970. Undefined: it is unknown. */
  readonly writtenAt: bigint | undefined
}

/** Since when superseded revisions are kept, milliseconds since 1970; stored like the position of a consumer. */
export const KEPT_SINCE = 'revisions kept since'

/** In place of that time where the hub keeps none: later than any commit. */
export const NOT_KEPT = Number.MAX_SAFE_INTEGER

type RevisionStore = Pick<Store, 'documents' | 'structure' | 'cursor'>

/** Few are read at once. */
const FIRST_PAGE = 16

export class RevisionReader {
  readonly #store: RevisionStore

  constructor(store: RevisionStore) {
    this.#store = store
  }

  /** What was before is not known; milliseconds since 1970. Undefined: nothing is kept. */
  async keptSince(): Promise<number | undefined> {
    const since = (await this.#store.cursor(KEPT_SINCE)) ?? 0
    return since === NOT_KEPT ? undefined : since
  }

  /** A page of all revisions, in the order of the commits. */
  async page(page: PageRequest): Promise<Page<Revision>> {
    const found = await this.#store.documents('Revision', [], page)
    return { ...found, items: found.items.map(parseRevision) }
  }

  /** Position after which all revisions of this time or later are; nanoseconds since 1970. */
  async positionAt(time: bigint): Promise<number> {
    const { before } = await this.#search([], (revision) => endOf(revision) >= time)
    return before?.position ?? 0
  }

  /** The number of the first commit of this time or later that ended a revision; infinite where there is none. */
  async firstSeq(time: bigint): Promise<number> {
    const { found } = await this.#search([], (revision) => endOf(revision) >= time)
    return found?.seq ?? Number.POSITIVE_INFINITY
  }

  /** Is there a later revision of the same document? */
  async hasLater({ kind, id, position }: Revision): Promise<boolean> {
    return (await this.#after([revisionsOf(kind, id)], position)) !== undefined
  }

  /**
   * When a document was created, milliseconds since 1970; undefined where that was before revisions were kept.
   * @param document its position
   */
  async createdAt(kind: RevisedKind, id: string, document: number): Promise<number | undefined> {
    // The commit that creates a document first keeps that there was none.
    const first = await this.#after([revisionsOf(kind, id)], document - 2)
    return first?.action === 'created' && first.position === document - 1 ? first.time : undefined
  }

  /** @param time nanoseconds since 1970 */
  async stateAt(kind: RevisedKind, id: string, time: bigint): Promise<PastState> {
    // First, as what changes meanwhile is then found among the revisions.
    const current = await this.#store.structure(kind, id)
    const { before, found } = await this.#search([revisionsOf(kind, id)], (revision) => endOf(revision) > time)
    const writtenAt = before && endOf(before) + BigInt(before.seq % 1_000_000)
    const json = found === undefined ? current : await this.#contentOf(found, current)
    if (found !== undefined && found.action !== 'created' && json === undefined) throw damagedRevision(found.revision)
    return { content: json && (JSON.parse(json.toString()) as object), writtenAt }
  }

  /**
   * Of a difference by those that followed, down from one that is whole, or from the document.
   * @param current read before the revision; what it became since is skipped, as it does not match
   */
  async #contentOf(revision: Revision, current: Buffer | undefined): Promise<Buffer | undefined> {
    const chain = [revision]
    for (let last: Revision | undefined = revision; last?.isDifference; ) {
      const page = { after: last.position, limit: FIRST_PAGE }
      const later = await this.#read([revisionsOf(revision.kind, revision.id)], page)
      const whole = later.findIndex(({ isDifference }) => !isDifference)
      chain.push(...(whole === -1 ? later : later.slice(0, whole + 1)))
      last = later.length === 0 || whole !== -1 ? undefined : later.at(-1)
    }
    return chain.reduceRight<Buffer | undefined>((next, one) => one.json(next ?? current), undefined)
  }

  /** The first revision for which something holds that holds for all later ones, too, and the one before it. */
  async #search(
    facets: readonly Facet[],
    holds: (revision: Revision) => boolean
  ): Promise<{ before: Revision | undefined; found: Revision | undefined }> {
    const items = await this.#read(facets, { limit: FIRST_PAGE })
    const index = items.findIndex(holds)
    if (index !== -1) return { before: items[index - 1], found: items[index] }
    let before = items.at(-1)
    if (before === undefined) return { before, found: undefined }
    // Positions have gaps: double the step until one is behind, then halve.
    let low = before.position
    let high = Number.POSITIVE_INFINITY
    let found: Revision | undefined
    for (let step = 1; high - low > 1; ) {
      const middle = high === Number.POSITIVE_INFINITY ? low + step : Math.floor((low + high) / 2)
      step *= 2
      const next = await this.#after(facets, middle)
      if (next !== undefined && !holds(next)) {
        before = next
        low = next.position
      } else {
        found = next
        high = middle
      }
    }
    const next = await this.#after(facets, low)
    if (next === undefined || holds(next)) return { before, found: next ?? found }
    return { before: next, found: await this.#after(facets, next.position) }
  }

  async #after(facets: readonly Facet[], position: number): Promise<Revision | undefined> {
    const [first] = await this.#read(facets, { after: Math.max(0, position), limit: 1 })
    return first
  }

  /** @throws HubError `Damaged`, as a state that is unreadable must not be taken for the one after it */
  async #read(facets: readonly Facet[], page: PageRequest): Promise<readonly Revision[]> {
    const { items, damaged = [] } = await this.#store.documents('Revision', facets, page)
    if (damaged[0] !== undefined) throw damagedRevision(damaged[0])
    return items.map(parseRevision)
  }
}

function damagedRevision(revision: string): HubError {
  return new HubError('Damaged', [`The revision "${revision}"`, 'it is not returned'])
}

function endOf({ time }: Revision): bigint {
  return fromMilliseconds(time)
}
