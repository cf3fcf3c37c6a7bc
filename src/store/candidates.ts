/** The documents that a plan of model/condition/plan.ts finds, by one or several alternatives. */
import type { ElementTerm, Prefilter } from '../model/condition/plan.ts'
import { unlessDamaged } from './damage.ts'
import type { DocumentStore } from './document-store.ts'
import type { Document, DocumentKind, ElementCondition, Facet } from './store.ts'

export interface CandidateRequest {
  /** At least one of them applies to each document found. */
  readonly alternatives: readonly Prefilter[]
  /** Only documents after this position. */
  readonly after: number
  /** Required in addition; not checked where an alternative names the id. */
  readonly facets?: readonly Facet[]
  readonly elements?: readonly ElementCondition[]
  /** Documents read at once in the beginning. */
  readonly firstRead?: number
  /** Called with the id of a document that cannot be read. */
  readonly onDamage: (id: string) => void
  /** Where the store reads documents that it does not return: once it is true the search ends. */
  readonly isOver?: () => boolean
  /** Called with the position up to which all was found, where the search ended because it is over. */
  readonly onOver?: (position: number) => void
}

/** The alternative that finds every document. */
export const EVERY: Prefilter = { facets: [], elements: [], related: [] }

/** Small, as few documents may suffice. */
const FIRST_READ = 16
const MAX_READ = 256

/** By position, each once. */
export async function* candidates(
  store: DocumentStore,
  kind: DocumentKind,
  request: CandidateRequest
): AsyncGenerator<Document> {
  const ends: number[] = []
  const bounded = { ...request, onOver: (position: number) => ends.push(position) }
  const streams = request.alternatives.map((alternative) => found(store, kind, alternative, bounded))
  const [only, ...others] = streams
  if (only !== undefined && others.length === 0) yield* only
  else yield* merged(streams, request.after, ends)
  if (ends.length > 0) request.onOver?.(Math.min(...ends))
}

/** @param ends where streams have ended early: behind the first of them documents may be missing */
async function* merged(
  streams: readonly AsyncGenerator<Document>[],
  after: number,
  ends: readonly number[]
): AsyncGenerator<Document> {
  const heads = await Promise.all(streams.map((stream) => stream.next()))
  for (let last = after; ; ) {
    let best: number | undefined
    for (const [index, head] of heads.entries()) {
      if (head.done === true) continue
      const lowest = best === undefined ? undefined : heads[best]
      if (lowest === undefined || lowest.done === true || head.value.position < lowest.value.position) best = index
    }
    const head = best === undefined ? undefined : heads[best]
    const stream = best === undefined ? undefined : streams[best]
    if (best === undefined || stream === undefined || head === undefined || head.done === true) return
    if (head.value.position > Math.min(...ends)) return
    if (head.value.position > last) yield head.value
    last = head.value.position
    heads[best] = await stream.next()
  }
}

/** The documents that the store finds by one alternative. */
async function* found(
  store: DocumentStore,
  kind: DocumentKind,
  { id, facets, elements }: Prefilter,
  request: CandidateRequest
): AsyncGenerator<Document> {
  const { after, facets: moreFacets = [], elements: moreElements = [], firstRead = FIRST_READ } = request
  const { onDamage, isOver, onOver } = request
  if (id !== undefined) {
    const document = await unlessDamaged(store.document(kind, id), () => onDamage(id))
    if (document !== undefined && document.position > after) yield document
    return
  }
  const allFacets = [...moreFacets, ...facets]
  const conditions = [...moreElements, ...elements.flatMap(conditionsOf)]
  let limit = firstRead
  for (let from: number | undefined = after; from !== undefined; limit = Math.min(limit * 2, MAX_READ)) {
    const page = await store.documents(kind, allFacets, { after: from, limit, ...(isOver && { isOver }) }, conditions)
    for (const damagedId of page.damaged ?? []) onDamage(damagedId)
    yield* page.items
    from = page.next
    if (from !== undefined && isOver?.() === true) return onOver?.(from)
  }
}

/** The part of a term that the store's index can answer. */
function conditionsOf({ path, semanticId, values = [] }: ElementTerm): ElementCondition[] {
  const conditions: ElementCondition[] = semanticId === undefined ? [] : [{ semanticId }]
  if (path === undefined) return conditions
  for (const value of values) {
    if (value.op === 'eq')
      conditions.push({ path, value: { is: 'eq', than: 'text' in value ? value.text : value.number } })
    else if ('number' in value) conditions.push({ path, value: { is: value.op, than: value.number } })
  }
  return conditions
}
