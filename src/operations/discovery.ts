/** Discovery: the shells of an asset, from the shells stored here and from explicit links. */
import { HubError } from '../errors.ts'
import { assetIdFacet, assetIdFacets } from '../model/facets.ts'
import { encodeId } from '../model/identifier.ts'
import type { AssetAdministrationShell, AssetLink, SpecificAssetId } from '../model/types.ts'
import { commitOrConflict, retryConflicts } from '../store/concurrency.ts'
import type { ApiRequest, ApiResponse } from './api-request.ts'
import { check, parse } from './documents.ts'
import { shellOf } from './elements.ts'
import type { OperationContext, OperationHandler } from './operation-context.ts'
import { listKinds } from './paging.ts'

const LINKS = 'AssetLinks'
const SHELL = 'AssetAdministrationShell'

/** GET /lookup/shells (deprecated since 3.1): ids of the shells that have all these asset ids. */
export const getAllIds: OperationHandler = async (context, request) =>
  search(context, request, request.query.assetIds ?? [])

/** POST /lookup/shellsByAssetLink: the same with the asset ids in the body. */
export const searchIds: OperationHandler = async (context, request) => {
  for (const link of linksIn(request.body)) check('AssetLink', link)
  return search(context, request, request.body as AssetLink[])
}

/** GET /lookup/shells/{aasIdentifier}: explicit links, then those of the stored shell itself. */
export const getLinks: OperationHandler = async (context, request) => {
  const id = shellOf(request)
  const explicit = await context.store.document(LINKS, id)
  const shell = await context.store.document(SHELL, id)
  if (explicit === undefined && shell === undefined) throw new HubError('NotFound', [SHELL, id])
  const links = new Map<string, SpecificAssetId>()
  const all = [
    ...(explicit === undefined ? [] : (JSON.parse(explicit.bytes.toString()) as SpecificAssetId[])),
    ...(shell === undefined ? [] : ownLinks(parse(shell, SHELL)))
  ]
  for (const link of all) links.set(assetIdFacet(link)[1], link)
  return { status: 200, json: [...links.values()] }
}

/** POST /lookup/shells/{aasIdentifier}: replaces all explicit links. */
export const postLinks: OperationHandler = async (context, request) => {
  const id = shellOf(request)
  const links = linksIn(request.body) as SpecificAssetId[]
  for (const link of links) checkLink(link)
  const json = JSON.stringify(links)
  const facets = links.flatMap(assetIdFacets)
  const { seq } = await retryConflicts(async () => {
    const change = (await context.store.head(LINKS, id)) === undefined ? 'create' : 'replace'
    return commitOrConflict(context.store, [{ change, kind: LINKS, id, json, facets }])
  })
  return { status: 201, bytes: json, revision: seq, location: `/lookup/shells/${encodeId(id)}` }
}

/** DELETE /lookup/shells/{aasIdentifier}: removes explicit links, not those of a stored shell itself. */
export const deleteLinks: OperationHandler = async (context, request) => {
  const id = shellOf(request)
  if ((await context.store.head(LINKS, id)) !== undefined)
    await context.store.commit([{ change: 'delete', kind: LINKS, id }])
  else if ((await context.store.head(SHELL, id)) === undefined) throw new HubError('NotFound', [SHELL, id])
  return { status: 204 }
}

async function search(
  context: OperationContext,
  request: ApiRequest,
  assetIds: readonly SpecificAssetId[]
): Promise<ApiResponse> {
  return listKinds(context, [LINKS, SHELL], assetIds.map(assetIdFacet), request.query, async (document) => {
    const twice = document.kind === SHELL && (await context.store.head(LINKS, document.id)) !== undefined
    return twice && (await linked(context, document.id, assetIds)) ? undefined : JSON.stringify(document.id)
  })
}

/** Whether the shell was already found by its explicit links. */
async function linked(context: OperationContext, id: string, assetIds: readonly SpecificAssetId[]): Promise<boolean> {
  const document = await context.store.document(LINKS, id)
  if (document === undefined) return false
  const links = new Set<string>()
  for (const link of JSON.parse(document.bytes.toString()) as SpecificAssetId[]) {
    for (const [, key] of assetIdFacets(link)) links.add(key)
  }
  return assetIds.every((assetId) => links.has(assetIdFacet(assetId)[1]))
}

function ownLinks({ assetInformation }: AssetAdministrationShell): SpecificAssetId[] {
  const { globalAssetId, specificAssetIds = [] } = assetInformation ?? {}
  return globalAssetId === undefined
    ? specificAssetIds
    : [{ name: 'globalAssetId', value: globalAssetId }, ...specificAssetIds]
}

function linksIn(body: unknown): unknown[] {
  if (Array.isArray(body) && body.length > 0) return body
  const text = 'a JSON array of at least one asset link was expected'
  throw new HubError('Invalid', [1], [{ pointer: '', rule: 'type', text }])
}

/** A globalAssetId is not specific to a subject (Part 2, PostAllAssetLinksById). */
function checkLink(link: SpecificAssetId): void {
  check('SpecificAssetId', link)
  if (link.name?.toLowerCase() !== 'globalassetid' || link.externalSubjectId === undefined) return
  const text = 'a globalAssetId has no externalSubjectId'
  throw new HubError('Invalid', [1], [{ pointer: '/externalSubjectId', rule: 'globalAssetId', text }])
}
