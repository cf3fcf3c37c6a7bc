/**
 * GET …/$recent-changes (Part 2, release 3.2): documents that were created, changed or deleted, by what the commits kept.
 * So the times are those of the hub, not those that a client wrote into `administration`; and a deletion is listed, too.
 * Each document is listed once, with its last change, in the order of these. Values are not listed: a stream of them would
 * name every submodel all the time; `/events` has them.
 */
import { describeShell } from '../model/descriptors.ts'
import { assetIdFacet, facetsOf } from '../model/facets.ts'
import { matchKey } from '../model/reference.ts'
import { fromMilliseconds } from '../model/time.ts'
import type { AssetAdministrationShell, Documents, Submodel } from '../model/types.ts'
import { unlessDamaged } from '../store/damage.ts'
import type { RevisedKind, Revision } from '../store/revisions.ts'
import type { Facet } from '../store/store.ts'
import type { ApiRequest } from './api-request.ts'
import type { OperationContext, OperationHandler } from './operation-context.ts'
import { paged, pageTime, parseCursor, toCursor } from './paging.ts'
import { derivedShell } from './registry.ts'
import type { RequestQuery } from './request-query.ts'

const REVISIONS_PER_READ = 100

/** The page for documents of one kind. */
export function recentChanges(kind: RevisedKind): OperationHandler {
  return async (context, request) => {
    const { query } = request
    const { limit, cursor } = query
    const isOver = pageTime(context)
    const { revisions } = context
    const results: string[] = []
    let hasRead = false
    let after: number | undefined = parseCursor(cursor) ?? (await revisions.positionAt(firstTime(query)))
    while (after !== undefined) {
      const page = await revisions.page({ after, limit: REVISIONS_PER_READ })
      for (const revision of page.items) {
        // There may be more.
        if (results.length === limit || (hasRead && isOver())) return paged(results, toCursor(after))
        hasRead = true
        after = revision.position
        const change = await changeOf(context, kind, revision, request)
        if (change !== undefined) results.push(JSON.stringify(change))
      }
      if (page.next === undefined) break
      after = page.next
    }
    return paged(results, undefined)
  }
}

/** Nothing before this can be listed: what is created is updated by that. */
function firstTime({ createdFrom = 0n, updatedFrom = 0n }: RequestQuery): bigint {
  return createdFrom > updatedFrom ? createdFrom : updatedFrom
}

interface RecentChange {
  readonly type: 'Created' | 'Updated' | 'Deleted'
  /** Absent for what was created before the hub kept this, and whose document does not say it. */
  readonly createdAt?: string
  readonly updatedAt: string
  readonly id: string
}

/** Undefined where it is of another kind, is not the last change, is hidden from the caller, or is filtered out. */
async function changeOf(
  context: OperationContext,
  kind: RevisedKind,
  revision: Revision,
  request: ApiRequest
): Promise<RecentChange | undefined> {
  const { id, time } = revision
  const found = await unlessDamaged(shownAfter(context, kind, revision, request))
  if (found === undefined) return undefined
  const { content, position } = found
  const own = facetsOf(kind, content)
  const { query } = request
  if (!wantedFacets(query).every(([name, value]) => own.some((facet) => facet[0] === name && facet[1] === value)))
    return undefined
  const created = await context.revisions.createdAt(revision.kind, id, position)
  const { createdFrom } = query
  if (createdFrom !== undefined && (created === undefined || fromMilliseconds(created) < createdFrom)) return undefined
  const { administration } = content as { administration?: { createdAt?: string } }
  const createdAt = created === undefined ? administration?.createdAt : new Date(created).toISOString()
  return {
    type: TYPES[revision.action],
    ...(createdAt !== undefined && { createdAt }),
    updatedAt: new Date(time).toISOString(),
    id,
    ...aboutContent(kind, content)
  }
}

const TYPES = { created: 'Created', updated: 'Updated', deleted: 'Deleted' } as const

interface Changed {
  readonly content: Documents[RevisedKind]
  /** Of the document. */
  readonly position: number
}

/** What the caller may read of it after its last change; of a deleted document what it was. */
async function shownAfter(
  context: OperationContext,
  kind: RevisedKind,
  revision: Revision,
  request: ApiRequest
): Promise<Changed | undefined> {
  if (revision.kind === kind)
    return revision.action === 'deleted' ? shownBefore(context, revision) : shownNow(context, revision)
  // A shell of this hub is registered, unless another descriptor of its id is.
  const isShell = kind === 'AssetAdministrationShellDescriptor' && revision.kind === 'AssetAdministrationShell'
  return isShell ? shownDerived(context, revision, request) : undefined
}

async function shownNow({ store }: OperationContext, { kind, id, seq }: Revision): Promise<Changed | undefined> {
  const document = await store.document(kind, id)
  // A later change lists it.
  if (document === undefined || document.structureRevision !== seq) return undefined
  return { content: JSON.parse(document.bytes.toString()) as Documents[RevisedKind], position: document.position }
}

async function shownBefore(
  { stored, subject, revisions }: OperationContext,
  revision: Revision
): Promise<Changed | undefined> {
  const { kind, id, document: position = 0 } = revision
  if ((await stored.head(kind, id)) !== undefined || (await revisions.hasLater(revision))) return undefined
  const content = contentOf<Documents[RevisedKind]>(revision)
  const shown = content === undefined || subject === undefined ? content : await subject.show(kind, content)
  return shown && { content: shown, position }
}

async function shownDerived(
  context: OperationContext,
  revision: Revision,
  request: ApiRequest
): Promise<Changed | undefined> {
  const { id, seq, action, document: position = 0 } = revision
  const head = await context.stored.head('AssetAdministrationShell', id)
  if (action !== 'deleted') {
    if (head?.structureRevision !== seq) return undefined
    const content = await derivedShell(context, id, request)
    return content && { content, position: head.position }
  }
  if (head !== undefined || (await context.revisions.hasLater(revision))) return undefined
  if ((await context.stored.head('AssetAdministrationShellDescriptor', id)) !== undefined) return undefined
  const shell = contentOf<AssetAdministrationShell>(revision)
  if (shell === undefined) return undefined
  const derived = describeShell(shell, [], request.base)
  const { subject } = context
  const content = subject === undefined ? derived : await subject.show('AssetAdministrationShellDescriptor', derived)
  return content && { content, position }
}

/** Of a deletion, which is kept whole. */
function contentOf<Content>(revision: Revision): Content | undefined {
  const json = revision.json()
  return json && (JSON.parse(json.toString()) as Content)
}

function wantedFacets({ idShort, semanticId, assetIds = [] }: RequestQuery): Facet[] {
  return [
    ...assetIds.map(assetIdFacet),
    ...(idShort === undefined ? [] : [['idShort', idShort] as const]),
    ...(semanticId === undefined ? [] : [['semanticId', matchKey(semanticId)] as const])
  ]
}

function aboutContent(kind: RevisedKind, content: Documents[RevisedKind]): object {
  switch (kind) {
    case 'AssetAdministrationShell': {
      const { globalAssetId, specificAssetIds } = (content as AssetAdministrationShell).assetInformation ?? {}
      return { globalAssetId, specificAssetIds }
    }
    case 'AssetAdministrationShellDescriptor': {
      const { globalAssetId, specificAssetIds } = content as Documents['AssetAdministrationShellDescriptor']
      return { globalAssetId, specificAssetIds }
    }
    case 'Submodel': {
      const { semanticId, supplementalSemanticIds } = content as Submodel
      return { semanticId, supplementalSemanticIds }
    }
    case 'ConceptDescription':
      return {}
  }
}
