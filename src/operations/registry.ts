/**
 * The two registries: descriptors that others registered here, stored as documents, and after them those of what is
 * stored here itself. A registered descriptor goes before the derived one of the same id.
 */
import { HubError } from '../errors.ts'
import { currentDescriptor } from '../formats/descriptors.ts'
import { describeShell, describeSubmodel } from '../model/descriptors.ts'
import { targetOf } from '../model/facets.ts'
import { encodeId } from '../model/identifier.ts'
import type { AssetAdministrationShellDescriptor, Submodel, SubmodelDescriptor } from '../model/types.ts'
import type { Document, Facet } from '../store/store.ts'
import type { ApiRequest, ApiResponse } from './call.ts'
import { check, create, edit, parse, put as putDocument, remove, sameId } from './documents.ts'
import { shellOf, submodelOf } from './elements.ts'
import type { Handler, OperationContext } from './hub.ts'
import { listInTurn, paged, pageOf } from './paging.ts'

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
export const getAllShells: Handler = async (hub, call) => {
  const { assetKind, assetType } = call.query
  const facets: Facet[] = []
  if (assetKind !== undefined) facets.push(['assetKind', assetKind])
  if (assetType !== undefined) facets.push(['assetType', assetType])
  return list(hub, SHELL, facets, call)
}

/** GET /submodel-descriptors. */
export const getAllSubmodels: Handler = async (hub, call) => list(hub, SUBMODEL, [], call)

/** GET /shell-descriptors/{aasIdentifier}. */
export const getShell: Handler = async (hub, call) => getById(hub, SHELL, shellOf(call), call)

/** GET /submodel-descriptors/{submodelIdentifier}. */
export const getSubmodel: Handler = async (hub, call) => getById(hub, SUBMODEL, submodelOf(call), call)

/** POST /shell-descriptors. */
export const postShell: Handler = async (hub, call) => post(hub, SHELL, call)

/** POST /submodel-descriptors. */
export const postSubmodel: Handler = async (hub, call) => post(hub, SUBMODEL, call)

/** PUT /shell-descriptors/{aasIdentifier}. */
export const putShell: Handler = async (hub, call) => put(hub, SHELL, shellOf(call), call)

/** PUT /submodel-descriptors/{submodelIdentifier}. */
export const putSubmodel: Handler = async (hub, call) => put(hub, SUBMODEL, submodelOf(call), call)

/** DELETE /shell-descriptors/{aasIdentifier}. */
export const deleteShell: Handler = async (hub, call) => unregister(hub, SHELL, shellOf(call), call)

/** DELETE /submodel-descriptors/{submodelIdentifier}. */
export const deleteSubmodel: Handler = async (hub, call) => unregister(hub, SUBMODEL, submodelOf(call), call)

/** GET /shell-descriptors/{aasIdentifier}/submodel-descriptors. */
export const getAllOfShell: Handler = async (hub, call) => {
  const { descriptor, revision } = await find(hub, SHELL, shellOf(call), call)
  const { items, cursor } = pageOf(embedded(descriptor), ({ id }) => id, call.query)
  return {
    ...paged(
      items.map((item) => JSON.stringify(item)),
      cursor
    ),
    revision
  }
}

/** GET /shell-descriptors/{aasIdentifier}/submodel-descriptors/{submodelIdentifier}. */
export const getOfShell: Handler = async (hub, call) => {
  const { descriptor, revision } = await find(hub, SHELL, shellOf(call), call)
  const found = embedded(descriptor).find(({ id }) => id === submodelOf(call))
  if (found === undefined) throw notFound(SUBMODEL, submodelOf(call))
  return { status: 200, json: found, revision }
}

/** POST /shell-descriptors/{aasIdentifier}/submodel-descriptors. */
export const postOfShell: Handler = async (hub, call) => {
  const body = currentDescriptor(SUBMODEL, call.body)
  check(SUBMODEL, body)
  const added = body as SubmodelDescriptor
  const revision = await editEmbedded(hub, call, (present) => {
    if (present.some(({ id }) => id === added.id)) throw new HubError('AlreadyExists', [SUBMODEL, added.id])
    return [...present, added]
  })
  const location = `/shell-descriptors/${encodeId(shellOf(call))}/submodel-descriptors/${encodeId(added.id)}`
  return { status: 201, json: added, revision, location }
}

/** PUT /shell-descriptors/{aasIdentifier}/submodel-descriptors/{submodelIdentifier}. */
export const putOfShell: Handler = async (hub, call) => {
  const body = currentDescriptor(SUBMODEL, call.body)
  check(SUBMODEL, body)
  const given = body as SubmodelDescriptor
  sameId(given.id, submodelOf(call))
  let created = false
  const revision = await editEmbedded(hub, call, (present) => {
    created = !present.some(({ id }) => id === given.id)
    return created ? [...present, given] : present.map((other) => (other.id === given.id ? given : other))
  })
  if (!created) return { status: 204, revision }
  const location = `/shell-descriptors/${encodeId(shellOf(call))}/submodel-descriptors/${encodeId(given.id)}`
  return { status: 201, json: given, revision, location }
}

/** DELETE /shell-descriptors/{aasIdentifier}/submodel-descriptors/{submodelIdentifier}. */
export const deleteOfShell: Handler = async (hub, call) => {
  const id = submodelOf(call)
  await editEmbedded(hub, call, (present) => {
    const rest = present.filter((other) => other.id !== id)
    if (rest.length === present.length) throw notFound(SUBMODEL, id)
    return rest
  })
  return { status: 204 }
}

/** The descriptor of something that is stored here. */
export async function derive(
  hub: OperationContext,
  kind: Registered,
  document: Document,
  base: string
): Promise<Described> {
  if (kind === SUBMODEL) return describeSubmodel(parse(document, 'Submodel'), base)
  const shell = parse(document, 'AssetAdministrationShell')
  const submodels: Submodel[] = []
  for (const reference of shell.submodels ?? []) {
    const submodel = await hub.store.document('Submodel', targetOf(reference))
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
async function getById(hub: OperationContext, kind: Registered, id: string, call: ApiRequest): Promise<ApiResponse> {
  const stored = await hub.store.document(kind, id)
  if (stored !== undefined) return { status: 200, bytes: stored.bytes, revision: stored.revision }
  const { descriptor, revision } = await find(hub, kind, id, call)
  return { status: 200, json: descriptor, revision }
}

async function find(hub: OperationContext, kind: Registered, id: string, call: ApiRequest): Promise<Found> {
  const stored = await hub.store.document(kind, id)
  if (stored !== undefined) return { descriptor: parse(stored, kind), revision: stored.revision, registered: true }
  const described = await hub.store.document(DESCRIBED[kind], id)
  if (described === undefined) throw notFound(kind, id)
  const descriptor = await derive(hub, kind, described, call.base)
  return { descriptor, revision: described.revision, registered: false }
}

async function list(
  hub: OperationContext,
  kind: Registered,
  facets: readonly Facet[],
  call: ApiRequest
): Promise<ApiResponse> {
  return listInTurn(hub, [kind, DESCRIBED[kind]], facets, call.query, async (document) => {
    if (document.kind === kind) return document.bytes
    if ((await hub.store.head(kind, document.id)) !== undefined) return undefined
    return JSON.stringify(await derive(hub, kind, document, call.base))
  })
}

async function post(hub: OperationContext, kind: Registered, call: ApiRequest): Promise<ApiResponse> {
  const body = currentDescriptor(kind, call.body)
  const id = (body as { id?: unknown } | null)?.id
  if (typeof id === 'string' && (await hub.store.head(DESCRIBED[kind], id)) !== undefined) {
    check(kind, body)
    throw new HubError('AlreadyExists', [kind, id])
  }
  return create(hub, kind, body, call)
}

/** A PUT for something that is stored here registers the given descriptor in place of the derived one: 204. */
async function put(hub: OperationContext, kind: Registered, id: string, call: ApiRequest): Promise<ApiResponse> {
  const derived = (await hub.store.head(DESCRIBED[kind], id)) !== undefined
  const answered = await putDocument(hub, kind, id, { ...call, body: currentDescriptor(kind, call.body) })
  return derived && answered.status === 201
    ? { status: 204, ...(answered.revision && { revision: answered.revision }) }
    : answered
}

async function unregister(hub: OperationContext, kind: Registered, id: string, call: ApiRequest): Promise<ApiResponse> {
  if ((await hub.store.head(kind, id)) !== undefined) return remove(hub, kind, id, call)
  await find(hub, kind, id, call)
  const text = `${kind} "${id}" is derived from the ${DESCRIBED[kind]} that is stored here and goes with it`
  throw new HubError('BadRequest', [text])
}

/** Changes the submodel descriptors within a shell descriptor; a derived one is registered as it then is. */
async function editEmbedded(
  hub: OperationContext,
  call: ApiRequest,
  change: (present: SubmodelDescriptor[]) => SubmodelDescriptor[]
): Promise<number> {
  const id = shellOf(call)
  const found = await find(hub, SHELL, id, call)
  if (!found.registered) await create(hub, SHELL, found.descriptor, call).catch(ignoreExisting)
  const { revision } = await edit(hub, SHELL, id, call, (descriptor) => {
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
