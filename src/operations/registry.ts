/**
 * The two registries: descriptors that others registered here, stored as documents, and after them those of what is
 * stored here itself. A registered descriptor goes before the derived one of the same id.
 */
import { HubError } from '../errors.ts'
import { currentDescriptor } from '../formats/descriptors.ts'
import { describeShell, describeSubmodel } from '../model/descriptors.ts'
import { targetIdOf } from '../model/facets.ts'
import { encodeId } from '../model/identifier.ts'
import type { AssetAdministrationShellDescriptor, Submodel, SubmodelDescriptor } from '../model/types.ts'
import type { Document, Facet } from '../store/store.ts'
import type { ApiRequest, ApiResponse } from './api-request.ts'
import { check, create, edit, parse, put as putDocument, remove, sameId } from './documents.ts'
import { shellOf, submodelOf } from './elements.ts'
import type { OperationContext, OperationHandler } from './operation-context.ts'
import { listKinds, paged, pageOfItems } from './paging.ts'

const SHELL = 'AssetAdministrationShellDescriptor'
const SUBMODEL = 'SubmodelDescriptor'
type Registered = typeof SHELL | typeof SUBMODEL

/** What a descriptor of either kind describes. */
export const DESCRIBED = { [SHELL]: 'AssetAdministrationShell', [SUBMODEL]: 'Submodel' } as const

/** Is this a kind of descriptor? */
export function isRegistered(kind: string): kind is Registered {
  return Object.hasOwn(DESCRIBED, kind)
}

/** GET /shell-descriptors. */
export const getAllShells: OperationHandler = async (context, request) => {
  const { assetKind, assetType } = request.query
  const facets: Facet[] = []
  if (assetKind !== undefined) facets.push(['assetKind', assetKind])
  if (assetType !== undefined) facets.push(['assetType', assetType])
  return list(context, SHELL, facets, request)
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
  const revision = await editEmbedded(context, request, (present) => {
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
  const given = body as SubmodelDescriptor
  sameId(given.id, submodelOf(request))
  let created = false
  const revision = await editEmbedded(context, request, (present) => {
    created = !present.some(({ id }) => id === given.id)
    return created ? [...present, given] : present.map((other) => (other.id === given.id ? given : other))
  })
  if (!created) return { status: 204, revision }
  const location = `/shell-descriptors/${encodeId(shellOf(request))}/submodel-descriptors/${encodeId(given.id)}`
  return { status: 201, json: given, revision, location }
}

/** DELETE /shell-descriptors/{aasIdentifier}/submodel-descriptors/{submodelIdentifier}. */
export const deleteOfShell: OperationHandler = async (context, request) => {
  const id = submodelOf(request)
  await editEmbedded(context, request, (present) => {
    const rest = present.filter((other) => other.id !== id)
    if (rest.length === present.length) throw notFound(SUBMODEL, id)
    return rest
  })
  return { status: 204 }
}

/** The descriptor of something that is stored here. */
export async function derive(
  context: OperationContext,
  kind: Registered,
  document: Document,
  base: string
): Promise<Described> {
  if (kind === SUBMODEL) return describeSubmodel(parse(document, 'Submodel'), base)
  const shell = parse(document, 'AssetAdministrationShell')
  const submodels: Submodel[] = []
  for (const reference of shell.submodels ?? []) {
    const submodel = await context.store.document('Submodel', targetIdOf(reference))
    if (submodel !== undefined) submodels.push(parse(submodel, 'Submodel'))
  }
  return describeShell(shell, submodels, base)
}

type Described = AssetAdministrationShellDescriptor | SubmodelDescriptor

interface Found {
  readonly descriptor: Described
  readonly revision: number
  /** Stored as such, by somebody who registered it. */
  readonly registered: boolean
}

/** A registered descriptor leaves as it is stored. */
async function getById(
  context: OperationContext,
  kind: Registered,
  id: string,
  request: ApiRequest
): Promise<ApiResponse> {
  const stored = await context.store.document(kind, id)
  if (stored !== undefined) return { status: 200, bytes: stored.bytes, revision: stored.revision }
  const { descriptor, revision } = await find(context, kind, id, request)
  return { status: 200, json: descriptor, revision }
}

async function find(context: OperationContext, kind: Registered, id: string, request: ApiRequest): Promise<Found> {
  const stored = await context.store.document(kind, id)
  if (stored !== undefined) return { descriptor: parse(stored, kind), revision: stored.revision, registered: true }
  const described = await context.store.document(DESCRIBED[kind], id)
  if (described === undefined) throw notFound(kind, id)
  const descriptor = await derive(context, kind, described, request.base)
  return { descriptor, revision: described.revision, registered: false }
}

async function list(
  context: OperationContext,
  kind: Registered,
  facets: readonly Facet[],
  request: ApiRequest
): Promise<ApiResponse> {
  return listKinds(context, [kind, DESCRIBED[kind]], facets, request.query, async (document) => {
    if (document.kind === kind) return document.bytes
    if ((await context.store.head(kind, document.id)) !== undefined) return undefined
    return JSON.stringify(await derive(context, kind, document, request.base))
  })
}

async function post(context: OperationContext, kind: Registered, request: ApiRequest): Promise<ApiResponse> {
  const body = currentDescriptor(kind, request.body)
  const id = (body as { id?: unknown } | null)?.id
  if (typeof id === 'string' && (await context.store.head(DESCRIBED[kind], id)) !== undefined) {
    check(kind, body)
    throw new HubError('AlreadyExists', [kind, id])
  }
  return create(context, kind, body, request)
}

/** A PUT for something that is stored here registers the given descriptor in place of the derived one: 204. */
async function put(context: OperationContext, kind: Registered, id: string, request: ApiRequest): Promise<ApiResponse> {
  const derived = (await context.store.head(DESCRIBED[kind], id)) !== undefined
  const answered = await putDocument(context, kind, id, { ...request, body: currentDescriptor(kind, request.body) })
  return derived && answered.status === 201
    ? { status: 204, ...(answered.revision && { revision: answered.revision }) }
    : answered
}

async function unregister(
  context: OperationContext,
  kind: Registered,
  id: string,
  request: ApiRequest
): Promise<ApiResponse> {
  if ((await context.store.head(kind, id)) !== undefined) return remove(context, kind, id, request)
  await find(context, kind, id, request)
  const text = `${kind} "${id}" is derived from the ${DESCRIBED[kind]} that is stored here and goes with it`
  throw new HubError('BadRequest', [text])
}

/** Changes the submodel descriptors within a shell descriptor; a derived one is registered as it then is. */
async function editEmbedded(
  context: OperationContext,
  request: ApiRequest,
  change: (present: SubmodelDescriptor[]) => SubmodelDescriptor[]
): Promise<number> {
  const id = shellOf(request)
  const found = await find(context, SHELL, id, request)
  if (!found.registered) await create(context, SHELL, found.descriptor, request).catch(ignoreExisting)
  const { revision } = await edit(context, SHELL, id, request, (descriptor) => {
    descriptor.submodelDescriptors = change(descriptor.submodelDescriptors ?? [])
    return { result: undefined }
  })
  return revision
}

/** Somebody else registered it at the same moment. */
function ignoreExisting(error: unknown): void {
  if (!(error instanceof HubError && error.name === 'AlreadyExists')) throw error
}

function embedded(descriptor: Described): SubmodelDescriptor[] {
  return (descriptor as AssetAdministrationShellDescriptor).submodelDescriptors ?? []
}

function notFound(kind: Registered, id: string): HubError {
  return new HubError('NotFound', [kind, id])
}
