/**
 * The two registries: registered descriptors, which are stored, then descriptors derived from the shells and submodels of
 * this hub. A registered descriptor takes precedence over the derived one of the same id.
 */
import { HubError } from '../errors.ts'
import { currentDescriptor } from '../formats/descriptors.ts'
import { assetIdFacet } from '../model/facets.ts'
import { encodeId } from '../model/identifier.ts'
import type { AssetAdministrationShellDescriptor, SubmodelDescriptor } from '../model/types.ts'
import { nameRights } from '../security/rights.ts'
import { unlessDamaged } from '../store/damage.ts'
import type { Document, Facet } from '../store/store.ts'
import type { ApiRequest, ApiResponse } from './api-request.ts'
import { changedSince } from './changed-since.ts'
import {
  DESCRIBED_CLASS,
  type Descriptor,
  type DescriptorClass,
  deriveDescriptor,
  deriveVisible,
  describedDocument,
  describingStore,
  sourceStore,
  withVisibleParts
} from './derived-descriptors.ts'
import { check, create, edit, parse, put as putDocument, remove, sameId } from './documents.ts'
import { shellOf, submodelOf } from './elements.ts'
import type { OperationContext, OperationHandler } from './operation-context.ts'
import { listKinds, paged, pageOfItems } from './paging.ts'

const SHELL = 'AssetAdministrationShellDescriptor'
const SUBMODEL = 'SubmodelDescriptor'

/** GET /shell-descriptors. */
export const getAllShells: OperationHandler = async (context, request) => {
  const { assetKind, assetType, assetIds = [] } = request.query
  const facets: Facet[] = assetIds.map(assetIdFacet)
  if (assetKind !== undefined) facets.push(['assetKind', assetKind])
  if (assetType !== undefined) facets.push(['assetType', assetType])
  return list(context, SHELL, facets, request, await changedSince(context, request.query))
}

/** GET /submodel-descriptors. */
export const getAllSubmodels: OperationHandler = async (context, request) => list(context, SUBMODEL, [], request)

/** GET /shell-descriptors/{aasIdentifier}. */
export const getShell: OperationHandler = async (context, request) => getById(context, SHELL, shellOf(request), request)

/** GET /submodel-descriptors/{submodelIdentifier}. */
export const getSubmodel: OperationHandler = async (context, request) =>
  getById(context, SUBMODEL, submodelOf(request), request)

/** POST /shell-descriptors. */
export const postShell: OperationHandler = async (context, request) => post(context, SHELL, request)

/** POST /submodel-descriptors. */
export const postSubmodel: OperationHandler = async (context, request) => post(context, SUBMODEL, request)

/** PUT /shell-descriptors/{aasIdentifier}. */
export const putShell: OperationHandler = async (context, request) => put(context, SHELL, shellOf(request), request)

/** PUT /submodel-descriptors/{submodelIdentifier}. */
export const putSubmodel: OperationHandler = async (context, request) =>
  put(context, SUBMODEL, submodelOf(request), request)

/** DELETE /shell-descriptors/{aasIdentifier}. */
export const deleteShell: OperationHandler = async (context, request) =>
  unregister(context, SHELL, shellOf(request), request)

/** DELETE /submodel-descriptors/{submodelIdentifier}. */
export const deleteSubmodel: OperationHandler = async (context, request) =>
  unregister(context, SUBMODEL, submodelOf(request), request)

/** GET /shell-descriptors/{aasIdentifier}/submodel-descriptors. */
export const getAllOfShell: OperationHandler = async (context, request) => {
  const { descriptor, revision } = await find(context, SHELL, shellOf(request), request)
  const { items, cursor } = pageOfItems(embedded(descriptor), ({ id }) => id, request.query)
  return {
    ...paged(
      items.map((item) => JSON.stringify(item)),
      cursor
    ),
    revision
  }
}

/** GET /shell-descriptors/{aasIdentifier}/submodel-descriptors/{submodelIdentifier}. */
export const getOfShell: OperationHandler = async (context, request) => {
  const { descriptor, revision } = await find(context, SHELL, shellOf(request), request)
  const found = embedded(descriptor).find(({ id }) => id === submodelOf(request))
  if (found === undefined) throw notFound(SUBMODEL, submodelOf(request))
  return { status: 200, json: found, revision }
}

/** POST /shell-descriptors/{aasIdentifier}/submodel-descriptors. */
export const postOfShell: OperationHandler = async (context, request) => {
  const body = currentDescriptor(SUBMODEL, request.body)
  check(SUBMODEL, body)
  const added = body as SubmodelDescriptor
  const revision = await editEmbedded(context, request, (present, hidden) => {
    refuseHidden(request, added.id, hidden)
    if (present.some(({ id }) => id === added.id)) throw new HubError('AlreadyExists', [SUBMODEL, added.id])
    return [...present, added]
  })
  const location = `/shell-descriptors/${encodeId(shellOf(request))}/submodel-descriptors/${encodeId(added.id)}`
  return { status: 201, json: added, revision, location }
}

/** PUT /shell-descriptors/{aasIdentifier}/submodel-descriptors/{submodelIdentifier}. */
export const putOfShell: OperationHandler = async (context, request) => {
  const body = currentDescriptor(SUBMODEL, request.body)
  check(SUBMODEL, body)
  const descriptor = body as SubmodelDescriptor
  sameId(descriptor.id, submodelOf(request))
  let created = false
  const revision = await editEmbedded(context, request, (present, hidden) => {
    refuseHidden(request, descriptor.id, hidden)
    created = !present.some(({ id }) => id === descriptor.id)
    return created
      ? [...present, descriptor]
      : present.map((other) => (other.id === descriptor.id ? descriptor : other))
  })
  if (!created) return { status: 204, revision }
  const location = `/shell-descriptors/${encodeId(shellOf(request))}/submodel-descriptors/${encodeId(descriptor.id)}`
  return { status: 201, json: descriptor, revision, location }
}

/** DELETE /shell-descriptors/{aasIdentifier}/submodel-descriptors/{submodelIdentifier}. */
export const deleteOfShell: OperationHandler = async (context, request) => {
  const id = submodelOf(request)
  await editEmbedded(context, request, (present, hidden) => {
    const rest = present.filter((other) => other.id !== id || hidden.has(id))
    if (rest.length === present.length) throw notFound(SUBMODEL, id)
    return rest
  })
  return { status: 204 }
}

interface FoundDescriptor {
  readonly descriptor: Descriptor
  readonly revision: number
  /** Stored; otherwise derived. */
  readonly registered: boolean
}

/** A registered descriptor is returned as stored. */
async function getById(
  context: OperationContext,
  kind: DescriptorClass,
  id: string,
  request: ApiRequest
): Promise<ApiResponse> {
  const stored = await context.store.document(kind, id)
  if (stored !== undefined) return { status: 200, bytes: stored.bytes, revision: stored.revision }
  const { descriptor, revision } = await find(context, kind, id, request)
  return { status: 200, json: descriptor, revision }
}

/**
 * A shell descriptor as the caller may see it, if it is derived; undefined where it is hidden or registered.
 * @param id of the shell
 */
export async function derivedShell(
  context: OperationContext,
  id: string,
  request: ApiRequest
): Promise<AssetAdministrationShellDescriptor | undefined> {
  const described = await describedDocument(context, SHELL, id, request.base)
  if (described === undefined || (await sourceStore(context).head(SHELL, id)) !== undefined) return undefined
  return (await deriveVisible(context, SHELL, described, request.base)) as
    | AssetAdministrationShellDescriptor
    | undefined
}

async function find(
  context: OperationContext,
  kind: DescriptorClass,
  id: string,
  request: ApiRequest
): Promise<FoundDescriptor> {
  const stored = await context.store.document(kind, id)
  if (stored !== undefined) return { descriptor: parse(stored, kind), revision: stored.revision, registered: true }
  const source = sourceStore(context)
  const described = await describedDocument(context, kind, id, request.base)
  // A registered one that is hidden still takes the place of the derived one.
  const isHidden = context.subject !== undefined && (await source.head(kind, id)) !== undefined
  const descriptor =
    described === undefined || isHidden ? undefined : await deriveVisible(context, kind, described, request.base)
  if (described === undefined || descriptor === undefined) throw notFound(kind, id)
  return { descriptor, revision: described.revision, registered: false }
}

async function list(
  context: OperationContext,
  kind: DescriptorClass,
  facets: readonly Facet[],
  request: ApiRequest,
  isWanted?: (document: Document) => Promise<boolean>
): Promise<ApiResponse> {
  const store = describingStore(context, kind, request.base)
  return listKinds({ ...context, store }, [kind, DESCRIBED_CLASS[kind]], facets, request.query, async (document) => {
    if ((await isWanted?.(document)) === false) return undefined
    if (document.kind === kind) return document.bytes
    if ((await sourceStore(context).head(kind, document.id)) !== undefined) return undefined
    const descriptor = await deriveVisible(context, kind, document, request.base)
    return descriptor && JSON.stringify(descriptor)
  })
}

async function post(context: OperationContext, kind: DescriptorClass, request: ApiRequest): Promise<ApiResponse> {
  const body = currentDescriptor(kind, request.body)
  const id = (body as { id?: unknown } | null)?.id
  if (typeof id === 'string' && (await sourceStore(context).head(DESCRIBED_CLASS[kind], id)) !== undefined) {
    check(kind, body)
    const isVisible = await find(context, kind, id, request).catch(() => undefined)
    throw isVisible
      ? new HubError('AlreadyExists', [kind, id])
      : new HubError('Forbidden', [`CREATE of ${kind} "${id}"`])
  }
  return create(context, kind, body, request)
}

/** PUT for a shell or submodel stored here registers the descriptor in place of the derived one: 204. */
async function put(
  context: OperationContext,
  kind: DescriptorClass,
  id: string,
  request: ApiRequest
): Promise<ApiResponse> {
  // First, as it is if there is nothing to replace.
  if (context.subject !== undefined) check(kind, currentDescriptor(kind, request.body))
  await requireReplaceable(context, kind, id, request)
  const derived = (await sourceStore(context).head(DESCRIBED_CLASS[kind], id)) !== undefined
  const answered = await putDocument(context, kind, id, { ...request, body: currentDescriptor(kind, request.body) })
  return derived && answered.status === 201
    ? { status: 204, ...(answered.revision && { revision: answered.revision }) }
    : answered
}

/**
 * What is registered takes the place of the derived descriptor, so it needs the right to change that.
 * @throws HubError `Forbidden`
 */
async function requireReplaceable(
  context: OperationContext,
  kind: DescriptorClass,
  id: string,
  request: ApiRequest
): Promise<void> {
  const { subject } = context
  if (subject === undefined || (await subject.store.head(kind, id)) !== undefined) return
  const source = await unlessDamaged(subject.store.document(DESCRIBED_CLASS[kind], id))
  if (source === undefined) return
  const { right } = request.definition
  const needed = right === 'CREATE' || right === 'DELETE' ? right : 'UPDATE'
  const view = await subject.access.view(needed, kind, id)
  const descriptor = await deriveDescriptor(context, kind, source, request.base)
  const isCovered = view.visible(descriptor) === descriptor
  // What is derived from hidden submodels would become a part of what is registered, or get lost.
  if (isCovered && (await withVisibleParts(subject, descriptor)) === descriptor) return
  // Which of the rights was needed would reveal whether it exists.
  throw new HubError('Forbidden', [`${nameRights(right)} of ${kind} "${id}"`])
}

async function unregister(
  context: OperationContext,
  kind: DescriptorClass,
  id: string,
  request: ApiRequest
): Promise<ApiResponse> {
  if ((await context.store.head(kind, id)) !== undefined) return remove(context, kind, id, request)
  await find(context, kind, id, request)
  const text = `${kind} "${id}" is derived from the ${DESCRIBED_CLASS[kind]} stored here and is deleted with it`
  throw new HubError('BadRequest', [text])
}

/** Changes the submodel descriptors in a shell descriptor; a derived one is registered first. */
async function editEmbedded(
  context: OperationContext,
  request: ApiRequest,
  change: (present: SubmodelDescriptor[], hidden: ReadonlySet<string>) => SubmodelDescriptor[]
): Promise<number> {
  const id = shellOf(request)
  const found = await find(context, SHELL, id, request)
  const source = found.registered ? undefined : await sourceStore(context).document(DESCRIBED_CLASS[SHELL], id)
  // As a whole, also what the caller does not see of it.
  if (source !== undefined) {
    await requireReplaceable(context, SHELL, id, request)
    const descriptor = await deriveDescriptor(context, SHELL, source, request.base)
    await create(context, SHELL, descriptor, request).catch(ignoreExisting)
  }
  const { revision } = await edit(context, SHELL, id, request, async (descriptor) => {
    const seen = await context.subject?.show(SHELL, descriptor)
    const present = new Set(embedded(descriptor).map((one) => one.id))
    const visible = new Set(embedded(seen ?? descriptor).map((one) => one.id))
    descriptor.submodelDescriptors = change(descriptor.submodelDescriptors ?? [], present.difference(visible))
    return { result: undefined }
  })
  return revision
}

/** What would be put at the place of something hidden. @throws HubError `Forbidden` */
function refuseHidden({ definition }: ApiRequest, id: string, hidden: ReadonlySet<string>): void {
  if (hidden.has(id)) throw new HubError('Forbidden', [`${nameRights(definition.right)} of ${SUBMODEL} "${id}"`])
}

/** Another request registered it at the same time. */
function ignoreExisting(error: unknown): void {
  if (!(error instanceof HubError && error.name === 'AlreadyExists')) throw error
}

function embedded(descriptor: Descriptor): SubmodelDescriptor[] {
  return (descriptor as AssetAdministrationShellDescriptor).submodelDescriptors ?? []
}

function notFound(kind: DescriptorClass, id: string): HubError {
  return new HubError('NotFound', [kind, id])
}
