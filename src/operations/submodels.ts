/** Submodels as a whole, wherever they are mounted. */
import { HubError } from '../errors.ts'
import { toValue } from '../formats/value.ts'
import { core, metadata, paths, withoutBlobs } from '../formats/views.ts'
import { excerptOf } from '../model/constraints/report.ts'
import { targetOf } from '../model/facets.ts'
import { matchKey, referenceTo } from '../model/reference.ts'
import type { Submodel } from '../model/types.ts'
import type { Change, Document, Facet, Page } from '../store/store.ts'
import type { ApiRequest, ApiResponse, Content, Query } from './call.ts'
import { inTurn } from './concurrent.ts'
import { check, create, edit, get, list, parse, put as putDocument, remove, sameId } from './documents.ts'
import { patchValues, submodelOf } from './elements.ts'
import type { Handler, OperationContext } from './hub.ts'
import { damagedIn, encodePlace, paged, placeOf } from './paging.ts'
import { merge, mergeMetadata } from './patch.ts'
import { refersTo, shellChange } from './shells.ts'

/** GET /submodels in all five contents. */
export const getAll: Handler = async (hub, call) => {
  const { idShort, semanticId } = call.query
  const facets: Facet[] = call.service === 'templates' ? [TEMPLATE] : []
  if (idShort !== undefined) facets.push(['idShort', idShort])
  if (semanticId !== undefined) facets.push(['semanticId', matchKey(semanticId)])
  if (call.content === 'path') return getAllPaths(hub, call, facets)
  return list(hub, 'Submodel', facets, call, (document) => [render(document, call.content, call.query)])
}

/** GET /submodels/$path: the paths of all submodels in one list, and a page is one of paths. */
async function getAllPaths(hub: OperationContext, call: ApiRequest, facets: readonly Facet[]): Promise<ApiResponse> {
  const { cursor, limit, level } = call.query
  // The position of the submodel that is done with, and how many paths of the next one were given.
  let [done, given] = cursor === undefined ? [0, 0] : placeOf(cursor)
  const results: string[] = []
  const damaged: string[] = []
  for (let next: number | undefined = done; next !== undefined; ) {
    const page: Page<Document> = await hub.store.documents('Submodel', facets, { after: next, limit: 20 })
    damaged.push(...(page.damaged ?? []))
    for (const document of page.items) {
      const all = paths(parse(document, 'Submodel'), '', level)
      for (; given < all.length; given++) {
        if (results.length === limit) return paged(results, encodePlace([done, given]), damagedIn(damaged))
        results.push(JSON.stringify(all[given]))
      }
      ;[done, given] = [document.position, 0]
    }
    next = page.next
  }
  return paged(results, undefined, damagedIn(damaged))
}

/** POST /submodels. */
export const post: Handler = async (hub, call) => {
  requireTemplate(call)
  return create(hub, 'Submodel', call.body, call)
}

/** GET of one submodel in all five contents. */
export const getById: Handler = async (hub, call) => {
  const document = await get(hub, 'Submodel', submodelOf(call))
  const { revision } = document
  if (call.content !== 'path') return { status: 200, bytes: render(document, call.content, call.query), revision }
  return { status: 200, json: paths(parse(document, 'Submodel'), '', call.query.level), revision }
}

/** PUT of one submodel; below a shell it is also referred to by the shell from then on. */
export const put: Handler = async (hub, call) =>
  withShell(hub, call, () =>
    putDocument(hub, 'Submodel', submodelOf(call), call, async (isNew) =>
      isNew && call.aasIdentifier !== undefined ? [await addReference(hub, call.aasIdentifier, submodelOf(call))] : []
    )
  )

/** PATCH of one submodel: normal, `$metadata` or `$value`. */
export const patch: Handler = async (hub, call) => {
  if (call.content === 'value') return patchValues(hub, call)
  const id = submodelOf(call)
  if (call.content === 'normal') check('Submodel', call.body)
  const { revision } = await edit(hub, 'Submodel', id, call, (submodel) => {
    if (call.content === 'metadata') mergeMetadata(submodel, call.body)
    else merge(submodel, call.body as Submodel)
    sameId(submodel.id, id)
    // Metadata touches no element; a normal patch may touch all.
    return call.content === 'metadata' ? { touched: [], result: undefined } : { carried: true, result: undefined }
  })
  return { status: 204, revision }
}

/** DELETE of one submodel; below a shell its reference goes with it. */
export const remove_: Handler = async (hub, call) =>
  withShell(hub, call, () =>
    remove(hub, 'Submodel', submodelOf(call), call, async () =>
      call.aasIdentifier === undefined ? [] : [await dropReference(hub, call.aasIdentifier, submodelOf(call))]
    )
  )

/** A submodel that comes or goes below a shell changes that as well, and takes its turn with what else does. */
function withShell(
  hub: OperationContext,
  { aasIdentifier }: ApiRequest,
  work: () => Promise<ApiResponse>
): Promise<ApiResponse> {
  return aasIdentifier === undefined ? work() : inTurn(hub.store, 'AssetAdministrationShell', aasIdentifier, work)
}

/**
 * An operation on a submodel that is perhaps mounted where not every submodel can be seen: below a shell only what it
 * refers to, in the repository of templates only these.
 */
export function below(handler: Handler): Handler {
  const ifSeen: Handler = async (hub, call) => {
    if (call.aasIdentifier !== undefined) await requireReference(hub, call, call.aasIdentifier)
    if (call.service === 'templates') await requireStoredTemplate(hub, call)
    return handler(hub, call)
  }
  // Nearly every call is of the repository, where there is nothing to wait for.
  return (hub, call) =>
    call.aasIdentifier === undefined && call.service !== 'templates' ? handler(hub, call) : ifSeen(hub, call)
}

/** What of a submodel says that it is a template. */
export const TEMPLATE: Facet = ['kind', 'Template']

/** A repository of templates takes nothing else [AASa-003]. */
function requireTemplate(call: ApiRequest): void {
  const kind = (call.body as { kind?: unknown } | null)?.kind
  if (call.service !== 'templates' || kind === 'Template') return
  const text = `"Template" was expected, as this repository holds templates only; found ${excerptOf(kind)}`
  throw new HubError('Invalid', [1], [{ pointer: '/kind', rule: 'AASa-003', text }])
}

async function requireStoredTemplate(hub: OperationContext, call: ApiRequest): Promise<void> {
  const wholesale = call.row.name === 'PutSubmodel' || call.row.name === 'PatchSubmodel'
  if (wholesale) requireTemplate(call)
  const document = await hub.store.document('Submodel', submodelOf(call))
  if (document === undefined && call.row.name === 'PutSubmodel') return
  if (document === undefined || parse(document, 'Submodel').kind !== 'Template') {
    throw new HubError('NotFound', ['A Submodel of kind Template', submodelOf(call)])
  }
}

async function requireReference(hub: OperationContext, call: ApiRequest, shellId: string): Promise<void> {
  const id = submodelOf(call)
  if (await isReferredTo(hub, shellId, id)) return
  if (call.row.name === 'PutSubmodel') {
    // PUT below a shell creates the submodel and the reference to it; another one may do so at this moment.
    if ((await hub.store.head('Submodel', id)) === undefined) return
    await inTurn(hub.store, 'AssetAdministrationShell', shellId, async () => {})
    if (await isReferredTo(hub, shellId, id)) return
  }
  throw new HubError('NotFound', [`In the shell "${shellId}" a reference to the Submodel`, id])
}

async function isReferredTo(hub: OperationContext, shellId: string, id: string): Promise<boolean> {
  return refersTo(parse(await get(hub, 'AssetAdministrationShell', shellId), 'AssetAdministrationShell'), id)
}

/** A submodel in one of the contents that make one JSON text of it. */
export function render(document: Document, content: Content, query: Query): Buffer | string {
  const whole = query.level !== 'core' && (!document.hasBlob || query.extent === 'withBlobValue')
  if (content === 'normal' && whole) return document.bytes
  if (content === 'reference') return JSON.stringify(referenceTo('Submodel', document.id))
  const submodel = parse(document, 'Submodel')
  if (content === 'metadata') return JSON.stringify(metadata(submodel))
  if (content === 'value') return JSON.stringify(toValue(submodel, query) ?? {})
  const full = query.extent === 'withBlobValue' ? submodel : withoutBlobs(submodel)
  return JSON.stringify(query.level === 'core' ? core(full) : full)
}

async function addReference(hub: OperationContext, shellId: string, submodelId: string): Promise<Change> {
  return shellChange(hub, shellId, (shell) => {
    shell.submodels = [...(shell.submodels ?? []), referenceTo('Submodel', submodelId)]
  })
}

async function dropReference(hub: OperationContext, shellId: string, submodelId: string): Promise<Change> {
  return shellChange(hub, shellId, (shell) => {
    const rest = (shell.submodels ?? []).filter((reference) => targetOf(reference) !== submodelId)
    if (rest.length > 0) shell.submodels = rest
    else delete shell.submodels
  })
}
