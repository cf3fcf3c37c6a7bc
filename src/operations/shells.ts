/** Asset Administration Shells, their asset information and their references to submodels. */
import { HubError } from '../errors.ts'
import { assetIdFacet, facetsOf, targetOf } from '../model/facets.ts'
import { encodeId } from '../model/identifier.ts'
import { matchKey, referenceTo } from '../model/reference.ts'
import type { AssetAdministrationShell, AssetInformation, Reference } from '../model/types.ts'
import type { Change, Document, Facet } from '../store/store.ts'
import type { ApiRequest } from './call.ts'
import { check, checkResult, create, edit, get, list, parse, put as putDocument, remove } from './documents.ts'
import type { Handler, OperationContext } from './hub.ts'
import { paged, pageOf } from './paging.ts'

const KIND = 'AssetAdministrationShell'

/** GET /shells, normal and `$reference`. */
export const getAll: Handler = async (hub, call) => {
  const { idShort, assetIds = [] } = call.query
  const facets: Facet[] = assetIds.map(assetIdFacet)
  if (idShort !== undefined) facets.push(['idShort', idShort])
  return list(hub, KIND, facets, call, (document) => [render(document, call)])
}

/** POST /shells. */
export const post: Handler = async (hub, call) => create(hub, KIND, call.body, call)

/** GET of one shell, normal and `$reference`. */
export const getById: Handler = async (hub, call) => {
  const document = await get(hub, KIND, shellOf(call))
  return { status: 200, bytes: render(document, call), revision: document.revision }
}

/** PUT of one shell. */
export const put: Handler = async (hub, call) => putDocument(hub, KIND, shellOf(call), call)

/** DELETE of one shell; its submodels stay. */
export const remove_: Handler = async (hub, call) => remove(hub, KIND, shellOf(call), call)

/** GET …/asset-information. */
export const getAssetInformation: Handler = async (hub, call) => {
  const document = await get(hub, KIND, shellOf(call))
  return { status: 200, json: assetInformationOf(parse(document, KIND)), revision: document.revision }
}

/** PUT …/asset-information. */
export const putAssetInformation: Handler = async (hub, call) => {
  check('AssetInformation', call.body)
  const { revision } = await edit(hub, KIND, shellOf(call), call, (shell) => {
    shell.assetInformation = call.body as AssetInformation
    return { result: undefined }
  })
  return { status: 204, revision }
}

/** GET …/submodel-refs. */
export const getSubmodelReferences: Handler = async (hub, call) => {
  const document = await get(hub, KIND, shellOf(call))
  const { items, cursor } = pageOf(parse(document, KIND).submodels ?? [], matchKey, call.query)
  return {
    ...paged(
      items.map((reference) => JSON.stringify(reference)),
      cursor
    ),
    revision: document.revision
  }
}

/** POST …/submodel-refs. */
export const postSubmodelReference: Handler = async (hub, call) => {
  check('Reference', call.body)
  const reference = call.body as Reference
  const { revision } = await edit(hub, KIND, shellOf(call), call, (shell) => {
    const present = shell.submodels ?? []
    if (present.some((other) => matchKey(other) === matchKey(reference))) {
      throw new HubError('AlreadyExists', ['A reference to the submodel', targetOf(reference)])
    }
    shell.submodels = [...present, reference]
    return { result: undefined }
  })
  const location = `${call.mount}/submodel-refs/${encodeId(targetOf(reference))}`
  return { status: 201, json: reference, revision, location }
}

/** DELETE …/submodel-refs/{submodelIdentifier}: only the reference goes. */
export const deleteSubmodelReference: Handler = async (hub, call) => {
  const id = call.submodelIdentifier ?? ''
  await edit(hub, KIND, shellOf(call), call, (shell) => {
    const rest = (shell.submodels ?? []).filter((reference) => targetOf(reference) !== id)
    if (rest.length === (shell.submodels ?? []).length)
      throw new HubError('NotFound', ['A reference to the submodel', id])
    if (rest.length > 0) shell.submodels = rest
    else delete shell.submodels
    return { result: undefined }
  })
  return { status: 204 }
}

/** A change of a shell that belongs to a commit of something else. */
export async function shellChange(
  hub: OperationContext,
  id: string,
  change: (shell: AssetAdministrationShell) => void
): Promise<Change> {
  const stored = await get(hub, KIND, id)
  const shell = parse(stored, KIND)
  change(shell)
  checkResult(KIND, shell, stored)
  return {
    change: 'replace',
    kind: KIND,
    id,
    json: JSON.stringify(shell),
    facets: facetsOf(KIND, shell),
    ifStructure: stored.structure
  }
}

/** Does the shell refer to this submodel? */
export function refersTo(shell: AssetAdministrationShell, submodelId: string): boolean {
  return (shell.submodels ?? []).some((reference) => targetOf(reference) === submodelId)
}

/** @throws HubError `NotFound` where the shell was taken leniently without */
export function assetInformationOf({ id, assetInformation }: AssetAdministrationShell): AssetInformation {
  if (assetInformation === undefined) throw new HubError('NotFound', ['The asset information of', id])
  return assetInformation
}

export function shellOf(call: ApiRequest): string {
  return call.aasIdentifier ?? ''
}

function render(document: Document, call: ApiRequest): Buffer | string {
  return call.content === 'reference' ? JSON.stringify(referenceTo(KIND, document.id)) : document.bytes
}
