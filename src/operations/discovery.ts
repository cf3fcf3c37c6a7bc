/** Discovery: the shells of an asset, from the shells stored here and from explicit links. */
import { HubError } from '../errors.ts'
import { assetIdFacet, assetIdFacets } from '../model/facets.ts'
import { encodeId } from '../model/identifier.ts'
import type { AssetAdministrationShell, AssetInformation, AssetLink, SpecificAssetId } from '../model/types.ts'
import { pageOfShown } from '../security/shown-page.ts'
import { candidates, EVERY } from '../store/candidates.ts'
import { commitOrConflict, retryConflicts } from '../store/concurrency.ts'
import { unlessDamaged } from '../store/damage.ts'
import { type DocumentStore, overrideStore } from '../store/document-store.ts'
import type { Change, DocumentHead } from '../store/store.ts'
import type { ApiRequest, ApiResponse } from './api-request.ts'
import { check, parse } from './documents.ts'
import { shellOf } from './elements.ts'
import type { OperationContext, OperationHandler, OperationSubject } from './operation-context.ts'
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
  const explicit = await linksOf(context, id)
  const shell = await context.store.document(SHELL, id)
  if (explicit === undefined && shell === undefined) throw new HubError('NotFound', [SHELL, id])
  const links = new Map<string, SpecificAssetId>()
  const all = [...(explicit ?? []), ...(shell === undefined ? [] : ownLinks(parse(shell, SHELL)))]
  for (const link of all) links.set(assetIdFacet(link)[1], link)
  return { status: 200, json: [...links.values()] }
}

/** POST /lookup/shells/{aasIdentifier}: replaces all explicit links. */
export const postLinks: OperationHandler = async (context, request) => {
  const id = shellOf(request)
  const links = linksIn(request.body) as SpecificAssetId[]
  for (const link of links) checkLink(link)
  const { seq } = await retryConflicts(async () => {
    const stored = await context.store.head(LINKS, id)
    const change = stored === undefined ? 'create' : 'replace'
    // Those that the caller does not see stay.
    const all = [...links, ...(await hiddenLinks(context, id))]
    return commitOrConflict(context.store, [
      ...unchanged(context, stored),
      { change, kind: LINKS, id, ...contentOf(all) }
    ])
  })
  return { status: 201, bytes: JSON.stringify(links), revision: seq, location: `/lookup/shells/${encodeId(id)}` }
}

/** DELETE /lookup/shells/{aasIdentifier}: removes explicit links, not those of a stored shell itself. */
export const deleteLinks: OperationHandler = async (context, request) => {
  const id = shellOf(request)
  if ((await context.store.head(LINKS, id)) !== undefined && (await hasVisibleLinks(context, id))) {
    await retryConflicts(async () => {
      const stored = await context.store.head(LINKS, id)
      const hidden = await hiddenLinks(context, id)
      const change: Change =
        hidden.length === 0
          ? { change: 'delete', kind: LINKS, id }
          : { change: 'replace', kind: LINKS, id, ...contentOf(hidden) }
      return context.store.commit([...unchanged(context, stored), change])
    })
  } else if ((await context.store.head(SHELL, id)) === undefined) throw new HubError('NotFound', [SHELL, id])
  return { status: 204 }
}

/** What was read of it, some of which the caller may not see, decided what is stored. */
function unchanged({ subject }: OperationContext, stored: DocumentHead | undefined): readonly Change[] {
  if (subject === undefined || stored === undefined) return []
  const { kind, id, structureRevision } = stored
  return [{ change: 'expect', kind, id, state: { structureRevision } }]
}

function contentOf(links: readonly SpecificAssetId[]) {
  return { json: JSON.stringify(links), facets: links.flatMap(assetIdFacets) }
}

/** To a caller that sees nothing of a shell the commit says so. */
async function hasVisibleLinks(context: OperationContext, id: string): Promise<boolean> {
  return (
    context.subject === undefined ||
    (await hiddenLinks(context, id)).length === 0 ||
    (await linksOf(context, id)) !== undefined
  )
}

/** Explicit links of a shell that the caller does not see, of one that it sees otherwise. */
async function hiddenLinks({ subject }: OperationContext, id: string): Promise<readonly SpecificAssetId[]> {
  const document = await subject?.store.document(LINKS, id)
  if (subject === undefined || document === undefined) return []
  const links = JSON.parse(document.bytes.toString()) as SpecificAssetId[]
  const visible = await visibleLinks(subject, id, links)
  return visible === undefined ? [] : links.filter((link) => !visible.includes(link))
}

async function search(
  context: OperationContext,
  request: ApiRequest,
  assetIds: readonly SpecificAssetId[]
): Promise<ApiResponse> {
  const store = await linkStore(context)
  return listKinds(
    { ...context, store },
    [LINKS, SHELL],
    assetIds.map(assetIdFacet),
    request.query,
    async (document) => {
      const twice = document.kind === SHELL && haveAll(await linksOf(context, document.id), assetIds)
      return twice ? undefined : JSON.stringify(document.id)
    }
  )
}

/** Whether a shell is found by its explicit links. */
function haveAll(links: readonly SpecificAssetId[] | undefined, assetIds: readonly SpecificAssetId[]): boolean {
  if (links === undefined) return false
  const keys = new Set(links.flatMap(assetIdFacets).map(([, key]) => key))
  return assetIds.every((assetId) => keys.has(assetIdFacet(assetId)[1]))
}

/** The explicit links of a shell, as far as the caller may see them; undefined if there are none. */
async function linksOf({ store, subject }: OperationContext, id: string): Promise<SpecificAssetId[] | undefined> {
  const document = await (subject?.store ?? store).document(LINKS, id)
  if (document === undefined) return undefined
  const links = JSON.parse(document.bytes.toString()) as SpecificAssetId[]
  const visible = subject === undefined ? links : await visibleLinks(subject, id, links)
  return visible?.length === 0 && links.length > 0 ? undefined : visible
}

/** Rules are about shells: links are seen as asset ids of the shell, which need not be stored here. */
async function visibleLinks(
  subject: OperationSubject,
  id: string,
  links: readonly SpecificAssetId[]
): Promise<SpecificAssetId[] | undefined> {
  const stored = await unlessDamaged(subject.store.document(SHELL, id))
  const shell: Pick<AssetAdministrationShell, 'id'> & Partial<AssetAdministrationShell> =
    stored === undefined ? { modelType: SHELL, id } : parse(stored, SHELL)
  const globalAssetId = links.find(isGlobal)?.value
  const assetInformation: Partial<AssetInformation> = {
    ...shell.assetInformation,
    specificAssetIds: links.filter((link) => !isGlobal(link)),
    ...(globalAssetId !== undefined && { globalAssetId })
  }
  const shown = await subject.show(SHELL, { ...shell, assetInformation })
  if (shown === undefined) return undefined
  const visible = new Set<SpecificAssetId>(shown.assetInformation?.specificAssetIds)
  const isGlobalVisible = shown.assetInformation?.globalAssetId === globalAssetId
  return links.filter((link) => (isGlobal(link) ? isGlobalVisible : visible.has(link)))
}

/** A store whose links and shells are those that the caller may find. */
async function linkStore(context: OperationContext): Promise<DocumentStore> {
  const { store, subject } = context
  if (subject === undefined || (await subject.access.ofKind(subject.right, SHELL)) === 'allowed') return store
  return overrideStore(store, {
    documents: (kind, facets, page) => {
      if (kind !== LINKS) return store.documents(kind, facets, page)
      const found = candidates(subject.store, LINKS, {
        ...{ alternatives: [EVERY], facets, after: page.after ?? 0, firstRead: page.limit + 1 },
        onDamage: () => {}
      })
      return pageOfShown(found, page, async (document) => {
        const keys = new Set((await linksOf(context, document.id))?.flatMap(assetIdFacets).map(([, key]) => key))
        return keys.size > 0 && facets.every(([, key]) => keys.has(key)) ? document : undefined
      })
    }
  })
}

function ownLinks({ assetInformation }: AssetAdministrationShell): SpecificAssetId[] {
  const { globalAssetId, specificAssetIds = [] } = assetInformation ?? {}
  return globalAssetId === undefined
    ? specificAssetIds
    : [{ name: 'globalAssetId', value: globalAssetId }, ...specificAssetIds]
}

/** A reserved name in any case [AASd-116]. */
function isGlobal({ name }: SpecificAssetId): boolean {
  return name?.toLowerCase() === 'globalassetid'
}

function linksIn(body: unknown): unknown[] {
  if (Array.isArray(body) && body.length > 0) return body
  const text = 'a JSON array of at least one asset link was expected'
  throw new HubError('Invalid', [1], [{ pointer: '', rule: 'type', text }])
}

/** A globalAssetId is not specific to a subject (Part 2, PostAllAssetLinksById). */
function checkLink(link: SpecificAssetId): void {
  check('SpecificAssetId', link)
  if (!isGlobal(link) || link.externalSubjectId === undefined) return
  const text = 'a globalAssetId has no externalSubjectId'
  throw new HubError('Invalid', [1], [{ pointer: '/externalSubjectId', rule: 'globalAssetId', text }])
}
