/** Operations common to identifiables and descriptors: documents stored under an id. */
import { HubError } from '../errors.ts'
import { unstorable, validate } from '../formats/json.ts'
import { excerptOf } from '../model/excerpt.ts'
import { facetsOf } from '../model/facets.ts'
import { type ClassName, childrenMember } from '../model/fields.ts'
import { encodeId } from '../model/identifier.ts'
import { formatPath } from '../model/path.ts'
import type { Documents } from '../model/types.ts'
import { commitOrConflict, retryConflicts, runExclusive } from '../store/concurrency.ts'
import { isDamaged } from '../store/damage.ts'
import type { DocumentStore } from '../store/document-store.ts'
import { readText } from '../store/document-text.ts'
import { parseDocument } from '../store/parse-document.ts'
import type { Change, Document, Facet, SubtreeAction } from '../store/store.ts'
import { TimeSlice, turnsIf } from '../time-slice.ts'
import type { ApiRequest, ApiResponse } from './api-request.ts'
import { getPartlyDamaged, isRepair, type PartlyDamaged } from './damaged-elements.ts'
import { orphans } from './document-files.ts'
import { addressedTag, checkPreconditions, documentTag, revisionGuard, type StoredHead } from './entity-tags.ts'
import { KnownElements } from './known-elements.ts'
import { isLarge } from './large.ts'
import type { OperationContext, OperationHandler } from './operation-context.ts'
import { damagedMetadata, paged, pageTime, parseCursor, toCursor } from './paging.ts'

/** The three identifiables and the two descriptors. */
export type DocumentClass = keyof Documents

/** Reads a document. @throws HubError `NotFound` */
export async function get(
  context: Pick<OperationContext, 'store'>,
  kind: DocumentClass,
  id: string
): Promise<Document> {
  const document = await context.store.document(kind, id)
  if (document === undefined) throw new HubError('NotFound', [kind, id])
  return document
}

/** Parses a document; the result may be modified. */
export function parse<K extends DocumentClass>(
  document: Pick<Document, 'bytes' | 'hiddenItems'>,
  _kind: K
): Documents[K] {
  return parseDocument(document) as Documents[K]
}

/** @throws HubError `Invalid` with every violation of the schema and constraints of a class */
export function check(className: ClassName, value: unknown): void {
  refuse(validate(className, value))
}

/** Checks a whole document, including enforced templates. @returns it with its JSON @throws HubError `Invalid` */
async function acceptedDocument(context: OperationContext, kind: DocumentClass, body: unknown, isLargeBody = false) {
  const turn = turnsIf(isLargeBody)
  // It was parsed just now.
  await turn()
  const violations = validate(kind, body)
  await turn()
  const document = body as Documents[DocumentClass]
  const isReadable = violations.length === 0 || unstorable(kind, body, { limit: 1 }).length === 0
  refuse(isReadable ? [...violations, ...context.templates.refused(document)] : violations)
  const json = JSON.stringify(document)
  await turn()
  return { document, json }
}

/** Refuses what `create` would refuse for its content, and stores nothing. Whether it is stored already does not count. */
export function checkDocument(kind: DocumentClass): OperationHandler {
  return async (context, { body, isLarge }) => {
    await acceptedDocument(context, kind, body, isLarge)
    return { status: 204 }
  }
}

/** A page of documents; `render` returns the JSON texts of one of them. */
export async function list(
  context: OperationContext,
  kind: DocumentClass,
  facets: readonly Facet[],
  request: ApiRequest,
  render: (document: Document) => readonly (Buffer | string)[]
): Promise<ApiResponse> {
  const after = parseCursor(request.query.cursor)
  const page = await context.store.documents(kind, facets, {
    limit: request.query.limit,
    isOver: pageTime(context),
    ...(after !== undefined && { after })
  })
  const cursor = page.next === undefined ? undefined : toCursor(page.next)
  const slice = new TimeSlice()
  const results: (Buffer | string)[] = []
  for (const document of page.items) {
    results.push(...render(document))
    if (slice.isOver()) await slice.pause()
  }
  return paged(results, cursor, damagedMetadata(page.damaged))
}

/** Stores a new document. @throws HubError `Invalid`, `AlreadyExists` */
export async function create(
  context: OperationContext,
  kind: DocumentClass,
  body: unknown,
  request: ApiRequest
): Promise<ApiResponse> {
  const { document, json } = await acceptedDocument(context, kind, body, request.isLarge)
  const change = { change: 'create', kind, id: document.id, json, facets: facetsOf(kind, document) } as const
  const { seq } = await retryConflicts(() => context.store.commit([change]))
  return { status: 201, bytes: json, revision: seq, location: `${request.mount}/${encodeId(document.id)}` }
}

export interface PutOptions {
  /** Further changes of the same commit. */
  readonly also?: (isNew: boolean) => Promise<readonly Change[]>
  /**
   * Adds to what was sent what has to stay of the stored document, which is then replaced only as it was read.
   * @returns undefined if there is nothing to add
   */
  readonly complete?: (stored: StoredHead, sent: unknown) => Promise<Documents[DocumentClass] | undefined>
}

/** Creates or replaces a document (Part 2, 3.1: PUT creates). */
export async function put(
  context: OperationContext,
  kind: DocumentClass,
  id: string,
  request: ApiRequest,
  { also = async () => [], complete }: PutOptions = {}
): Promise<ApiResponse> {
  const { document, json } = await acceptedDocument(context, kind, request.body, request.isLarge)
  sameId(document.id, id)
  return runExclusive(context.store, kind, id, () =>
    retryConflicts(async () => {
      const stored = await loadEvenDamaged(context.store, kind, id)
      checkPreconditions(request, stored && (await documentTag(context, stored)))
      // PUT to the resource of a single-resource service does not create it (Part 2, PutSubmodel).
      if (stored === undefined && (request.service === 'aas' || request.service === 'submodel'))
        throw new HubError('NotFound', [kind, id])
      if (stored === undefined) {
        const created: Change = { change: 'create', kind, id, json, facets: facetsOf(kind, document) }
        const { seq } = await commitOrConflict(context.store, [created, ...(await also(true))])
        return { status: 201, bytes: json, revision: seq, location: request.mount }
      }
      const completed = await complete?.(stored, document)
      const replacement = completed ?? document
      const replace = {
        change: 'replace' as const,
        kind,
        id,
        json: completed === undefined ? json : JSON.stringify(completed),
        facets: facetsOf(kind, replacement),
        ...(complete !== undefined && { ifStructureRevision: stored.structureRevision }),
        ...revisionGuard(request, stored)
      }
      const others = [...(await orphans(context.store, stored, replacement)), ...(await also(false))]
      return { status: 204, revision: await commitReplace(context, stored, replace, others) }
    })
  )
}

/** Deletes a document. @throws HubError `NotFound` */
export async function remove(
  context: OperationContext,
  kind: DocumentClass,
  id: string,
  request: ApiRequest,
  also: () => Promise<readonly Change[]> = async () => []
): Promise<ApiResponse> {
  return runExclusive(context.store, kind, id, () =>
    retryConflicts(async () => {
      const stored = await loadEvenDamaged(context.store, kind, id)
      if (stored === undefined) throw new HubError('NotFound', [kind, id])
      checkPreconditions(request, await documentTag(context, stored))
      await context.store.commit([{ change: 'delete', kind, id, ...revisionGuard(request, stored) }, ...(await also())])
      context.templates.forget(id)
      return { status: 204 }
    })
  )
}

export async function loadEvenDamaged(
  store: DocumentStore,
  kind: DocumentClass,
  id: string
): Promise<StoredHead | undefined> {
  try {
    return await store.document(kind, id)
  } catch (error) {
    if (!isDamaged(error)) throw error
    return store.head(kind, id)
  }
}

/** The result of an edit, and what it changed, so that the store updates no more than that. */
export interface EditResult<Result> {
  /** idShortPaths of the subtrees that changed; absent: the whole document. */
  readonly touched?: readonly string[]
  /** Set if all of these were created or deleted. */
  readonly subtreeAction?: SubtreeAction
  /** The new document contains values of the one that was read, which must not have changed since. */
  readonly carried?: boolean
  readonly also?: readonly Change[]
  readonly result: Result
}

type Edit<K extends DocumentClass, Result> = (
  document: Documents[K],
  stored: Document
) => Promise<EditResult<Result>> | EditResult<Result>

/**
 * Reads a document, changes the copy, validates the result and stores it; starts again on conflict.
 * @returns the edit's result and the new revision
 */
export async function edit<K extends DocumentClass, Result>(
  context: OperationContext,
  kind: K,
  id: string,
  request: ApiRequest,
  change: Edit<K, Result>
): Promise<{ result: Result; revision: number }> {
  return runExclusive(context.store, kind, id, () =>
    retryConflicts(async () => {
      const read = await getPartlyDamaged(context, kind, id)
      const stored = read.document
      checkPreconditions(request, await addressedTag(context, request, stored))
      const known = kind === 'Submodel' ? await KnownElements.of(context, request, stored) : undefined
      if (request.idShortPath !== undefined) known?.require(request.idShortPath)
      try {
        return await applyEdit(context, kind, read, request, change)
      } catch (error) {
        throw known === undefined ? error : known.conceal(error)
      }
    })
  )
}

async function applyEdit<K extends DocumentClass, Result>(
  context: OperationContext,
  kind: K,
  { document: stored, damage }: PartlyDamaged,
  request: ApiRequest,
  change: Edit<K, Result>
): Promise<{ result: Result; revision: number }> {
  const turn = turnsIf(isLarge(stored))
  const document = parse(stored, kind)
  await turn()
  const edited = await change(document, stored)
  const { result, touched, subtreeAction, carried = request.ifMatch !== undefined, also = [] } = edited
  const repairs = isRepair(damage, edited, request)
  await turn()
  checkResult(kind, document, stored)
  context.templates.enforce(document)
  await turn()
  const json = JSON.stringify(document)
  await turn()
  const replace = {
    change: 'replace' as const,
    kind,
    id: stored.id,
    json,
    facets: facetsOf(kind, document),
    ifStructureRevision: stored.structureRevision,
    ...(touched !== undefined && { touched }),
    ...(subtreeAction !== undefined && { subtreeAction }),
    // Of a damaged value it is not known when it was written.
    ...(carried && !repairs && { asOf: stored.revision })
  }
  const others = [...(await orphans(context.store, stored, document)), ...also]
  return { result, revision: await commitReplace(context, repairs ? headOf(stored) : stored, replace, others) }
}

/** Even what looks like the stored document has to be written then. */
function headOf({ bytes: _, ...head }: Document): StoredHead {
  return head
}

/** @returns the new revision; the current one if nothing changes, which is not committed */
async function commitReplace(
  { store, templates, subject }: OperationContext,
  stored: StoredHead,
  replace: Extract<Change, { change: 'replace' }>,
  others: readonly Change[]
): Promise<number> {
  if (others.length === 0 && stored.bytes?.equals(Buffer.from(readText(replace.json)))) {
    await subject?.authorize([replace])
    return stored.revision
  }
  const { seq } = await commitOrConflict(store, [replace, ...others])
  templates.forget(stored.id)
  return seq
}

/**
 * The revision used as ETag of the addressed resource: that of the document; of a leaf element its own, so that other
 * values may change without invalidating it. A container changes whenever its document does.
 */
export async function revisionOf(
  context: OperationContext,
  request: ApiRequest,
  document: Document
): Promise<number | undefined> {
  if (request.idShortPath === undefined) return document.revision
  const row = await context.store.element(document.id, formatPath(request.idShortPath))
  return row === undefined || childrenMember(row.modelType) === undefined ? row?.revision : document.revision
}

/** The ids in path and body must be equal (Part 2, PutAssetAdministrationShellById). */
export function sameId(inBody: unknown, inPath: string): void {
  if (inBody === inPath) return
  const text = `the id of the path, ${JSON.stringify(inPath)}, was expected; found ${excerptOf(inBody)}`
  throw new HubError('Invalid', [1], [{ pointer: '/id', rule: 'id', text }])
}

/**
 * An edited document must be valid. One stored leniently may keep violations that it had, so that they can be fixed one
 * by one, but gets no new ones. @throws HubError `Invalid`
 */
export function checkResult(kind: DocumentClass, document: Documents[DocumentClass], stored: Document): void {
  const violations = validate(kind, document)
  if (violations.length === 0) return
  const before = validate(kind, parse(stored, kind), { limit: Number.POSITIVE_INFINITY })
  const known = new Set(before.map(({ rule, text }) => rule + text))
  refuse(violations.filter(({ rule, text }) => !known.has(rule + text)))
}

function refuse(violations: ReturnType<typeof validate>): void {
  if (violations.length > 0) throw new HubError('Invalid', [violations.length], violations)
}
