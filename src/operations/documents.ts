/** What shells, submodels and concept descriptions have in common: a document under an id. */
import { HubError } from '../errors.ts'
import { unstorable, validate } from '../formats/json.ts'
import { excerptOf } from '../model/constraints/report.ts'
import { facetsOf } from '../model/facets.ts'
import { type ClassName, childrenMember } from '../model/fields.ts'
import { encodeId } from '../model/identifier.ts'
import { formatPath } from '../model/path.ts'
import type { Documents } from '../model/types.ts'
import { isDamaged } from '../store/damage.ts'
import type { Change, Document, DocumentHead, Facet, Store, SubtreeAction } from '../store/store.ts'
import { textOf } from '../store/text.ts'
import type { ApiRequest, ApiResponse } from './call.ts'
import { commitAsFound, inTurn, retry } from './concurrent.ts'
import { orphans } from './document-files.ts'
import type { OperationContext } from './hub.ts'
import { cursorOf, damagedIn, paged, positionOf } from './paging.ts'

/** The kinds that the functions here serve: the three identifiables and the two descriptors. */
export type Kind = keyof Documents

/** Reads a document. @throws HubError `NotFound` */
export async function get(hub: OperationContext, kind: Kind, id: string): Promise<Document> {
  const document = await hub.store.document(kind, id)
  if (document === undefined) throw new HubError('NotFound', [kind, id])
  return document
}

/** A document as the object that it stands for; a fresh copy, free to change. */
export function parse<K extends Kind>(document: Pick<Document, 'bytes'>, _kind: K): Documents[K] {
  return JSON.parse(document.bytes.toString()) as Documents[K]
}

/** Refuses what breaks a rule. @throws HubError `Invalid` with every violation found */
export function check(className: ClassName, value: unknown): void {
  refuse(validate(className, value))
}

/** The same for a whole document, with what an enforced template asks of it. @throws HubError `Invalid` */
function accept(hub: OperationContext, kind: Kind, body: unknown): Documents[Kind] {
  const violations = validate(kind, body)
  const document = body as Documents[Kind]
  const isReadable = violations.length === 0 || unstorable(kind, body, { limit: 1 }).length === 0
  refuse(isReadable ? [...violations, ...hub.templates.refused(document)] : violations)
  return document
}

/** A page of documents; `render` gives the JSON texts that stand for one of them. */
export async function list(
  hub: OperationContext,
  kind: Kind,
  facets: readonly Facet[],
  call: ApiRequest,
  render: (document: Document) => readonly (Buffer | string)[]
): Promise<ApiResponse> {
  const after = positionOf(call.query.cursor)
  const page = await hub.store.documents(kind, facets, {
    limit: call.query.limit,
    ...(after !== undefined && { after })
  })
  const cursor = page.next === undefined ? undefined : cursorOf(page.next)
  return paged(page.items.flatMap(render), cursor, damagedIn(page.damaged))
}

/** Stores a new document. @throws HubError `Invalid`, `AlreadyExists` */
export async function create(hub: OperationContext, kind: Kind, body: unknown, call: ApiRequest): Promise<ApiResponse> {
  const document = accept(hub, kind, body)
  const json = JSON.stringify(document)
  const { seq } = await hub.store.commit([
    { change: 'create', kind, id: document.id, json, facets: facetsOf(kind, document) }
  ])
  return { status: 201, bytes: json, revision: seq, location: `${call.mount}/${encodeId(document.id)}` }
}

/**
 * Stores a document under its id, whether there was one or not (Part 2, 3.1: PUT creates).
 * @param also further changes of the same commit, by whether the document is new
 */
export async function put(
  hub: OperationContext,
  kind: Kind,
  id: string,
  call: ApiRequest,
  also: (isNew: boolean) => Promise<readonly Change[]> = async () => []
): Promise<ApiResponse> {
  const document = accept(hub, kind, call.body)
  sameId(document.id, id)
  const json = JSON.stringify(document)
  return inTurn(hub.store, kind, id, () =>
    retry(async () => {
      const stored = await present(hub.store, kind, id)
      checkPreconditions(call, stored?.revision)
      // The one thing that a service is about is always there; a PUT to it creates nothing (Part 2, PutSubmodel).
      if (stored === undefined && (call.service === 'aas' || call.service === 'submodel'))
        throw new HubError('NotFound', [kind, id])
      if (stored === undefined) {
        const created: Change = { change: 'create', kind, id, json, facets: facetsOf(kind, document) }
        const { seq } = await commitAsFound(hub.store, [created, ...(await also(true))])
        return { status: 201, bytes: json, revision: seq, location: call.mount }
      }
      const replace = {
        change: 'replace' as const,
        kind,
        id,
        json,
        facets: facetsOf(kind, document),
        ...guard(call, stored)
      }
      const others = [...(await orphans(hub.store, stored, document)), ...(await also(false))]
      return { status: 204, revision: await replaceBy(hub, stored, replace, others) }
    })
  )
}

/** Deletes a document. @throws HubError `NotFound` */
export async function remove(
  hub: OperationContext,
  kind: Kind,
  id: string,
  call: ApiRequest,
  also: () => Promise<readonly Change[]> = async () => []
): Promise<ApiResponse> {
  return inTurn(hub.store, kind, id, () =>
    retry(async () => {
      const stored = await present(hub.store, kind, id)
      if (stored === undefined) throw new HubError('NotFound', [kind, id])
      checkPreconditions(call, stored.revision)
      await hub.store.commit([{ change: 'delete', kind, id, ...guard(call, stored) }, ...(await also())])
      hub.templates.forget(id)
      return { status: 204 }
    })
  )
}

/** What there is of a document that is to be replaced or deleted: without bytes where it is damaged. */
type Present = DocumentHead & { readonly bytes?: Buffer }

export async function present(store: Store, kind: Kind, id: string): Promise<Present | undefined> {
  try {
    return await store.document(kind, id)
  } catch (error) {
    if (!isDamaged(error)) throw error
    return store.head(kind, id)
  }
}

/** What an edit did, so that the store need touch no more than that. */
export interface Edited<Result> {
  /** idShortPaths of the subtrees that changed; absent: the whole document. */
  readonly touched?: readonly string[]
  /** All of these are new, or are gone. */
  readonly became?: SubtreeAction
  /** Members or elements were carried over from what was read, so nothing in them may have changed since. */
  readonly carried?: boolean
  readonly also?: readonly Change[]
  readonly result: Result
}

/**
 * Reads a document, changes the copy, checks the resulting whole and stores it; again from the start when somebody
 * else was quicker. @returns the edit's result and the new revision
 */
export async function edit<K extends Kind, Result>(
  hub: OperationContext,
  kind: K,
  id: string,
  call: ApiRequest,
  change: (document: Documents[K], stored: Document) => Promise<Edited<Result>> | Edited<Result>
): Promise<{ result: Result; revision: number }> {
  return inTurn(hub.store, kind, id, () =>
    retry(async () => {
      const stored = await get(hub, kind, id)
      checkPreconditions(call, await revisionOf(hub, call, stored))
      const document = parse(stored, kind)
      const edited = await change(document, stored)
      const { result, touched, became, carried = call.ifMatch !== undefined, also = [] } = edited
      checkResult(kind, document, stored)
      hub.templates.enforce(document)
      const replace = {
        change: 'replace' as const,
        kind,
        id,
        json: JSON.stringify(document),
        facets: facetsOf(kind, document),
        ifStructure: stored.structure,
        ...(touched !== undefined && { touched }),
        ...(became !== undefined && { became }),
        ...(carried && { asOf: stored.revision })
      }
      const others = [...(await orphans(hub.store, stored, document)), ...also]
      return { result, revision: await replaceBy(hub, stored, replace, others) }
    })
  )
}

/** @returns the revision from then on: that of before where nothing changes, of which nobody is told either */
async function replaceBy(
  { store, templates }: OperationContext,
  stored: Present,
  replace: Extract<Change, { change: 'replace' }>,
  others: readonly Change[]
): Promise<number> {
  if (others.length === 0 && stored.bytes?.equals(Buffer.from(textOf(replace.json)))) return stored.revision
  const { seq } = await commitAsFound(store, [replace, ...others])
  templates.forget(stored.id)
  return seq
}

/**
 * The revision that is the ETag of what the call addresses: that of the document; of a leaf element its own, so that
 * a client may hold on to one value while others move. A container changes whenever its document does.
 */
export async function revisionOf(
  hub: OperationContext,
  call: ApiRequest,
  document: Document
): Promise<number | undefined> {
  if (call.idShortPath === undefined) return document.revision
  const row = await hub.store.element(document.id, formatPath(call.idShortPath))
  return row === undefined || childrenMember(row.modelType) === undefined ? row?.revision : document.revision
}

/** `If-Match` and `If-None-Match` against the revision of what is stored (RFC 9110, 13.2). @throws HubError */
export function checkPreconditions(call: ApiRequest, revision: number | undefined): void {
  const { ifMatch, ifNoneMatch } = call
  if (ifMatch !== undefined) {
    if (revision === undefined) throw new HubError('PreconditionFailed', ['it does not exist'])
    if (ifMatch !== '*' && !ifMatch.includes(revision)) {
      throw new HubError('PreconditionFailed', [`it now has the ETag "${revision}"`])
    }
  }
  if (ifNoneMatch !== undefined && revision !== undefined && call.row.verb !== 'GET') {
    if (ifNoneMatch === '*' || ifNoneMatch.includes(revision)) {
      throw new HubError('PreconditionFailed', [`it exists with the ETag "${revision}"`])
    }
  }
}

/** The id in the path and the id in the body are one (Part 2, PutAssetAdministrationShellById). */
export function sameId(inBody: unknown, inPath: string): void {
  if (inBody === inPath) return
  const text = `the id of the path, ${JSON.stringify(inPath)}, was expected; found ${excerptOf(inBody)}`
  throw new HubError('Invalid', [1], [{ pointer: '/id', rule: 'id', text }])
}

function guard(call: ApiRequest, stored: Present): { ifRevision?: number } {
  return call.ifMatch === undefined || call.ifMatch === '*' ? {} : { ifRevision: stored.revision }
}

/**
 * The resulting whole must obey the rules. What was taken in leniently may keep the faults it came with, so that they
 * can be mended one by one, but gets no new ones.
 */
export function checkResult(kind: Kind, document: Documents[Kind], stored: Document): void {
  const violations = validate(kind, document)
  if (violations.length === 0) return
  const before = validate(kind, parse(stored, kind), { limit: Number.POSITIVE_INFINITY })
  const known = new Set(before.map(({ rule, text }) => rule + text))
  refuse(violations.filter(({ rule, text }) => !known.has(rule + text)))
}

function refuse(violations: ReturnType<typeof validate>): void {
  if (violations.length > 0) throw new HubError('Invalid', [violations.length], violations)
}
