/** Operations on whole submodels, for all mounts. */
import { HubError } from '../errors.ts'
import { toValue } from '../formats/to-value.ts'
import { coreView, metadataView, paths, withoutBlobs } from '../formats/views.ts'
import { excerptOf } from '../model/excerpt.ts'
import { targetIdOf } from '../model/facets.ts'
import { matchKey, referenceTo } from '../model/reference.ts'
import type { Submodel } from '../model/types.ts'
import { runExclusive } from '../store/concurrency.ts'
import type { Change, Document, Facet, Page } from '../store/store.ts'
import { type ApiRequest, type ApiResponse, untilGone } from './api-request.ts'
import { check, create, edit, get, list, parse, put as putDocument, remove, sameId } from './documents.ts'
import { patchValues, submodelOf } from './elements.ts'
import { isLarge } from './large.ts'
import type { OperationContext, OperationHandler } from './operation-context.ts'
import { damagedMetadata, encodeCursor, paged, pageTime, parsePairCursor } from './paging.ts'
import { merge, mergeMetadata } from './patch.ts'
import { cloneable } from './remote/remote-store.ts'
import type { Content, RequestQuery } from './request-query.ts'
import { isReadOnly } from './required-right.ts'
import { hiddenReferences, refersTo, shellChange } from './shells.ts'

/** GET /submodels in all five contents. */
export const getAll: OperationHandler = async (context, request) => {
  const { idShort, semanticId } = request.query
  const facets: Facet[] = request.service === 'templates' ? [TEMPLATE] : []
  if (idShort !== undefined) facets.push(['idShort', idShort])
  if (semanticId !== undefined) facets.push(['semanticId', matchKey(semanticId)])
  if (request.content === 'path') return getAllPaths(context, request, facets)
  return list(context, 'Submodel', facets, request, (document) => [render(document, request.content, request.query)])
}

/** GET /submodels/$path: a page of the paths of all submodels. */
async function getAllPaths(
  context: OperationContext,
  request: ApiRequest,
  facets: readonly Facet[]
): Promise<ApiResponse> {
  const { cursor, limit, level } = request.query
  // The position of the last finished submodel, and the number of paths already returned of the next one.
  let [done, returned] = cursor === undefined ? [0, 0] : parsePairCursor(cursor)
  const results: string[] = []
  const damaged: string[] = []
  const isOver = pageTime(context)
  for (let next: number | undefined = done; next !== undefined; ) {
    const page: Page<Document> = await context.store.documents('Submodel', facets, { after: next, limit: 20, isOver })
    damaged.push(...(page.damaged ?? []))
    for (const document of page.items) {
      const all = paths(parse(document, 'Submodel'), '', level)
      for (; returned < all.length; returned++) {
        if (results.length === limit) return paged(results, encodeCursor([done, returned]), damagedMetadata(damaged))
        results.push(JSON.stringify(all[returned]))
      }
      ;[done, returned] = [document.position, 0]
    }
    next = page.next
    if (next !== undefined && isOver()) return paged(results, encodeCursor([next, 0]), damagedMetadata(damaged))
  }
  return paged(results, undefined, damagedMetadata(damaged))
}

/** POST /submodels. */
export const post: OperationHandler = async (context, request) => {
  requireTemplate(request)
  return create(context, 'Submodel', request.body, request)
}

/** GET of one submodel in all five contents. */
export const getById: OperationHandler = async (context, request) => {
  const document = await get(context, 'Submodel', submodelOf(request))
  const { content, query } = request
  const { revision } = document
  const isInThread = !isUnchanged(document, content, query) && (await context.threads.takes(() => isLarge(document)))
  if (!isInThread) return { status: 200, bytes: renderAny(document, content, query), revision }
  const input = { document: cloneable(document), content, query }
  const bytes = await context.threads.runToEnd({ task: RENDER_TASK, input, sources: {}, signal: untilGone(request) })
  return { status: 200, bytes, revision }
}

/** Name of the task in a pool of threads. */
const RENDER_TASK = 'render'

/** A submodel in any form. */
export function renderAny(document: Document, content: Content, query: RequestQuery): Buffer | string {
  if (content !== 'path') return render(document, content, query)
  return JSON.stringify(paths(parse(document, 'Submodel'), '', query.level))
}

/** PUT of one submodel; below a shell it also adds a reference to the shell. */
export const put: OperationHandler = async (context, request) =>
  withShell(context, request, () =>
    putDocument(context, 'Submodel', submodelOf(request), request, {
      also: async (isNew) =>
        isNew && request.aasIdentifier !== undefined
          ? [await addReference(context, request.aasIdentifier, submodelOf(request))]
          : []
    })
  )

/** PATCH of one submodel: normal, `$metadata` or `$value`. */
export const patch: OperationHandler = async (context, request) => {
  if (request.content === 'value') return patchValues(context, request)
  const id = submodelOf(request)
  if (request.content === 'normal') check('Submodel', request.body)
  const { revision } = await edit(context, 'Submodel', id, request, (submodel) => {
    if (request.content === 'metadata') mergeMetadata(submodel, request.body)
    else merge(submodel, request.body as Submodel)
    sameId(submodel.id, id)
    // $metadata changes no element, a normal patch any.
    return request.content === 'metadata' ? { touched: [], result: undefined } : { carried: true, result: undefined }
  })
  return { status: 204, revision }
}

/** DELETE of one submodel; below a shell with the shell's reference to it. */
export const deleteById: OperationHandler = async (context, request) =>
  withShell(context, request, () =>
    remove(context, 'Submodel', submodelOf(request), request, async () =>
      request.aasIdentifier === undefined
        ? []
        : [await dropReference(context, request.aasIdentifier, submodelOf(request))]
    )
  )

/** Creating or deleting a submodel below a shell also changes the shell: runs exclusively with other changes of it. */
function withShell(
  context: OperationContext,
  { aasIdentifier }: ApiRequest,
  work: () => Promise<ApiResponse>
): Promise<ApiResponse> {
  return aasIdentifier === undefined
    ? work()
    : runExclusive(context.store, 'AssetAdministrationShell', aasIdentifier, work)
}

/**
 * Restricts an operation to the submodels that are visible at its mount: below a shell those it refers to, in the
 * template repository templates.
 */
export function visibleOnly(handler: OperationHandler): OperationHandler {
  const checked: OperationHandler = async (context, request) => {
    if (request.aasIdentifier !== undefined) await requireReference(context, request, request.aasIdentifier)
    if (request.service === 'templates') await requireStoredTemplate(context, request)
    return handler(context, request)
  }
  // The submodel repository is the hot path, and needs no check.
  return (context, request) =>
    request.aasIdentifier === undefined && request.service !== 'templates'
      ? handler(context, request)
      : checked(context, request)
}

/** Facet of submodels that are templates. */
export const TEMPLATE: Facet = ['kind', 'Template']

/** The template repository accepts templates only [AASa-003]. */
function requireTemplate(request: ApiRequest): void {
  const kind = (request.body as { kind?: unknown } | null)?.kind
  if (request.service !== 'templates' || kind === 'Template') return
  const text = `"Template" was expected, as this repository holds templates only; found ${excerptOf(kind)}`
  throw new HubError('Invalid', [1], [{ pointer: '/kind', rule: 'AASa-003', text }])
}

async function requireStoredTemplate(context: OperationContext, request: ApiRequest): Promise<void> {
  const isWhole = request.definition.name === 'PutSubmodel' || request.definition.name === 'PatchSubmodel'
  if (isWhole) requireTemplate(request)
  const document = await context.store.document('Submodel', submodelOf(request))
  if (document === undefined && request.definition.name === 'PutSubmodel') return
  if (document === undefined || parse(document, 'Submodel').kind !== 'Template') {
    throw new HubError('NotFound', ['A Submodel of kind Template', submodelOf(request)])
  }
}

async function requireReference(context: OperationContext, request: ApiRequest, shellId: string): Promise<void> {
  const id = submodelOf(request)
  if (await isReferredTo(context, request, shellId)) return
  if (request.definition.name === 'PutSubmodel') {
    // PUT below a shell creates submodel and reference; wait for another one that may be doing so.
    if ((await context.store.head('Submodel', id)) === undefined) return
    await runExclusive(context.store, 'AssetAdministrationShell', shellId, async () => {})
    if (await isReferredTo(context, request, shellId)) return
  }
  throw new HubError('NotFound', [`In the shell "${shellId}" a reference to the Submodel`, id])
}

async function isReferredTo(context: OperationContext, request: ApiRequest, shellId: string): Promise<boolean> {
  const shell = parse(await get(context, 'AssetAdministrationShell', shellId), 'AssetAdministrationShell')
  const id = submodelOf(request)
  if (!refersTo(shell, id)) return false
  // What writes reads entire documents.
  if (isReadOnly(request.definition)) return true
  const hidden = await hiddenReferences(context, shell)
  return (shell.submodels ?? []).some((reference) => targetIdOf(reference) === id && !hidden.includes(reference))
}

/** A submodel in any form except `$path`. */
export function render(document: Document, content: Content, query: RequestQuery): Buffer | string {
  if (isUnchanged(document, content, query)) return document.bytes
  if (content === 'reference') return JSON.stringify(referenceTo('Submodel', document.id))
  const submodel = parse(document, 'Submodel')
  if (content === 'metadata') return JSON.stringify(metadataView(submodel))
  if (content === 'value') return JSON.stringify(toValue(submodel, query) ?? {})
  const full = query.extent === 'withBlobValue' ? submodel : withoutBlobs(submodel)
  return JSON.stringify(query.level === 'core' ? coreView(full) : full)
}

/** Is it returned as it is stored? */
function isUnchanged({ hasBlob }: Document, content: Content, { level, extent }: RequestQuery): boolean {
  return content === 'normal' && level !== 'core' && (!hasBlob || extent === 'withBlobValue')
}

async function addReference(context: OperationContext, shellId: string, submodelId: string): Promise<Change> {
  return shellChange(context, shellId, (shell) => {
    // There may be one that is hidden.
    if (refersTo(shell, submodelId)) return
    shell.submodels = [...(shell.submodels ?? []), referenceTo('Submodel', submodelId)]
  })
}

async function dropReference(context: OperationContext, shellId: string, submodelId: string): Promise<Change> {
  return shellChange(context, shellId, (shell) => {
    const rest = (shell.submodels ?? []).filter((reference) => targetIdOf(reference) !== submodelId)
    if (rest.length > 0) shell.submodels = rest
    else delete shell.submodels
  })
}
