/** POST /query/…: documents that match a condition; candidates are found by index and tested one by one. */
import { parseQuery } from '../formats/query.ts'
import { withoutBlobs } from '../formats/views.ts'
import { type CompiledCondition, compile } from '../model/condition/compile.ts'
import { TextTooLong } from '../model/condition/pattern.ts'
import { plan } from '../model/condition/plan.ts'
import { targetIdOf } from '../model/facets.ts'
import type { AssetAdministrationShell, Documents } from '../model/types.ts'
import { type CandidateRequest, candidates } from '../store/candidates.ts'
import { unlessDamaged } from '../store/damage.ts'
import type { DocumentStore } from '../store/document-store.ts'
import type { Document, DocumentKind } from '../store/store.ts'
import { TimeSlice } from '../time-slice.ts'
import {
  DESCRIBED_CLASS,
  deriveVisible,
  describingStore,
  isDescriptorClass,
  sourceStore
} from './derived-descriptors.ts'
import { parse } from './documents.ts'
import type { OperationContext, OperationHandler } from './operation-context.ts'
import { damagedMetadata, encodeCursor, paged, pageTime, parseListCursor } from './paging.ts'
import { QueryFilters } from './query-filters.ts'
import { render } from './submodels.ts'

type QuerySubject = keyof Documents

/** Documents tested per page at most. */
const MAX_DOCUMENTS = 20_000

/** A query over one class of document; of descriptors first the registered ones, then those derived. */
export function query(subject: QuerySubject): OperationHandler {
  return async (context, request) => {
    const { selectId, condition, filters: declared } = parseQuery(request.body, subject)
    const test = compile(condition, subject)
    const filters = new QueryFilters(declared, subject)
    const joins = test.joins ?? filters.joins
    const alternatives = plan(condition, subject)
    const kinds: readonly DocumentKind[] = isDescriptorClass(subject) ? [subject, DESCRIBED_CLASS[subject]] : [subject]

    const store = isDescriptorClass(subject) ? describingStore(context, subject, request.base) : context.store
    const results: (Buffer | string)[] = []
    const damaged = new Set<string>()
    const undecided: string[] = []
    const [slice, isLate] = [new TimeSlice(), pageTime(context)]
    let tested = 0
    const isOver = () => tested === MAX_DOCUMENTS || (tested > 0 && isLate())
    let [turn, after] =
      request.query.cursor === undefined ? [0, 0] : parseListCursor(request.query.cursor, kinds.length)
    for (; turn < kinds.length; turn++, after = 0) {
      let end: number | undefined
      const search = {
        ...{ alternatives, after, isOver: isLate, onDamage: (id: string) => damaged.add(id) },
        onOver: (position: number) => {
          end = position
        }
      }
      for await (const document of candidates(store, kinds[turn] as DocumentKind, search)) {
        // Reaching one more than fits shows that there is a next page; a long search continues there.
        if (results.length === request.query.limit || isOver()) break
        after = document.position
        tested++
        await slice.check()
        const testing = candidate(context, subject, document, request.base, joins)
        const found = await unlessDamaged(testing, () => damaged.add(document.id))
        if (found === undefined) continue
        const { instance, related } = found
        const shown = await unlessUndecided(
          async () => {
            if (!test.matches(instance, related)) return undefined
            return selectId ? instance : filters.apply(instance, related, { slice, isLate: pageTime(context) })
          },
          () => undecided.push(document.id)
        )
        if (shown === undefined) continue
        if (selectId) results.push(JSON.stringify(document.id))
        else if (shown !== instance) results.push(JSON.stringify(withoutBlobs(shown)))
        else if (subject === 'Submodel') results.push(render(document, 'normal', request.query))
        else results.push(document.kind === subject ? document.bytes : JSON.stringify(instance))
      }
      after = end ?? after
      if (end !== undefined || results.length === request.query.limit || isOver()) break
    }
    const more = turn < kinds.length && (await anyAfter(store, kinds, turn, { alternatives, after, isOver: isLate }))
    return paged(results, more ? encodeCursor([turn, after]) : undefined, {
      resultType: selectId ? 'Identifier' : subject,
      ...damagedMetadata([...damaged]),
      ...(undecided.length > 0 && { undecided })
    })
  }
}

async function anyAfter(
  store: DocumentStore,
  kinds: readonly DocumentKind[],
  turn: number,
  { alternatives, after, isOver }: Pick<CandidateRequest, 'alternatives' | 'after' | 'isOver'>
): Promise<boolean> {
  // Whether something visible follows may take as long to know as to find it.
  let isCut = false
  for (const [index, kind] of kinds.entries()) {
    if (index < turn) continue
    const rest = { alternatives, after: index === turn ? after : 0, onDamage: () => {}, ...(isOver && { isOver }) }
    const { done } = await candidates(store, kind, {
      ...rest,
      onOver: () => {
        isCut = true
      }
    }).next()
    if (done !== true || isCut) return true
  }
  return false
}

/** A document with a text too long to match is reported as undecided, without failing the query. */
async function unlessUndecided<Result>(
  evaluate: () => Promise<Result>,
  onUndecided: () => void
): Promise<Result | undefined> {
  try {
    return await evaluate()
  } catch (error) {
    if (!(error instanceof TextTooLong)) throw error
    onUndecided()
    return undefined
  }
}

/** The instance to test, with related documents that the condition refers to. */
async function candidate(
  context: OperationContext,
  subject: QuerySubject,
  document: Document,
  base: string,
  joins: CompiledCondition['joins']
) {
  const instance = await instanceOf(context, subject, document, base)
  return instance && { instance, related: await relatedTo(context, joins, document) }
}

/** The document, or the descriptor derived from it; undefined if a registered descriptor replaces that. */
async function instanceOf(
  context: OperationContext,
  subject: QuerySubject,
  document: Document,
  base: string
): Promise<object | undefined> {
  if (document.kind === subject || !isDescriptorClass(subject)) return parse(document, subject)
  if ((await sourceStore(context).head(subject, document.id)) !== undefined) return undefined
  return deriveVisible(context, subject, document, base)
}

/** The submodels of a shell, or the shells of a submodel, if the condition refers to them. */
async function relatedTo(
  context: OperationContext,
  joins: CompiledCondition['joins'],
  document: Document
): Promise<object[]> {
  if (joins === undefined) return []
  if (joins === 'Submodel') {
    const { submodels = [] } = JSON.parse(document.bytes.toString()) as AssetAdministrationShell
    const stored = await Promise.all(
      submodels.map((reference) => context.store.document('Submodel', targetIdOf(reference)))
    )
    return stored.flatMap((one) => (one === undefined ? [] : [parse(one, 'Submodel')]))
  }
  const shells: object[] = []
  for (let after: number | undefined = 0; after !== undefined; ) {
    const page = await context.store.documents('AssetAdministrationShell', [['submodel', document.id]], {
      after,
      limit: 100
    })
    shells.push(...page.items.map((shell) => parse(shell, 'AssetAdministrationShell')))
    after = page.next
  }
  return shells
}
