/** Asset Administration Shells, their asset information and their references to submodels. */
import { HubError } from '../errors.ts'
import { assetIdFacet, facetsOf, targetIdOf } from '../model/facets.ts'
import { encodeId } from '../model/identifier.ts'
import { matchKey, referenceTo } from '../model/reference.ts'
import type { AssetAdministrationShell, AssetInformation, Reference } from '../model/types.ts'
import { VisibleReferences } from '../security/visible-references.ts'
import type { Change, Document, Facet } from '../store/store.ts'
import type { ApiRequest } from './api-request.ts'
import { check, checkResult, create, edit, get, list, parse, put as putDocument, remove } from './documents.ts'
import type { StoredHead } from './entity-tags.ts'
import type { OperationContext, OperationHandler } from './operation-context.ts'
import { paged, pageOfItems } from './paging.ts'

const KIND = 'AssetAdministrationShell'

/** GET /shells, normal and `$reference`. */
export const getAll: OperationHandler = async (context, request) => {
  const { idShort, assetIds = [] } = request.query
  const facets: Facet[] = assetIds.map(assetIdFacet)
  if (idShort !== undefined) facets.push(['idShort', idShort])
  return list(context, KIND, facets, request, (document) => [render(document, request)])
}

/** POST /shells. */
export const post: OperationHandler = async (context, request) => create(context, KIND, request.body, request)

/** GET of one shell, normal and `$reference`. */
export const getById: OperationHandler = async (context, request) => {
  const document = await get(context, KIND, shellOf(request))
  return { status: 200, bytes: render(document, request), revision: document.revision }
}

/** PUT of one shell. References to submodels that are hidden from the caller stay. */
export const put: OperationHandler = async (context, request) =>
  putDocument(context, KIND, shellOf(request), request, {
    ...(context.subject !== undefined && {
      complete: (stored, sent) => withHiddenReferences(context, stored, async () => sent)
    })
  })

/** DELETE of one shell; its submodels stay. */
export const deleteById: OperationHandler = async (context, request) => remove(context, KIND, shellOf(request), request)

/** GET …/asset-information. */
export const getAssetInformation: OperationHandler = async (context, request) => {
  const document = await get(context, KIND, shellOf(request))
  return { status: 200, json: assetInformationOf(parse(document, KIND)), revision: document.revision }
}

/** PUT …/asset-information. */
export const putAssetInformation: OperationHandler = async (context, request) => {
  check('AssetInformation', request.body)
  const { revision } = await edit(context, KIND, shellOf(request), request, (shell) => {
    shell.assetInformation = request.body as AssetInformation
    return { result: undefined }
  })
  return { status: 204, revision }
}

/** GET …/submodel-refs. */
export const getSubmodelReferences: OperationHandler = async (context, request) => {
  const document = await get(context, KIND, shellOf(request))
  const { items, cursor } = pageOfItems(parse(document, KIND).submodels ?? [], matchKey, request.query)
  return {
    ...paged(
      items.map((reference) => JSON.stringify(reference)),
      cursor
    ),
    revision: document.revision
  }
}

/** POST …/submodel-refs. */
export const postSubmodelReference: OperationHandler = async (context, request) => {
  check('Reference', request.body)
  const reference = request.body as Reference
  const { revision } = await edit(context, KIND, shellOf(request), request, async (shell) => {
    const present = shell.submodels ?? []
    const twin = present.find((other) => matchKey(other) === matchKey(reference))
    if (twin !== undefined) throw await refusalOfTwin(context, shell, twin)
    shell.submodels = [...present, reference]
    return { result: undefined }
  })
  const location = `${request.mount}/submodel-refs/${encodeId(targetIdOf(reference))}`
  return { status: 201, json: reference, revision, location }
}

/** DELETE …/submodel-refs/{submodelIdentifier}: the submodel stays. */
export const deleteSubmodelReference: OperationHandler = async (context, request) => {
  const id = request.submodelIdentifier ?? ''
  await edit(context, KIND, shellOf(request), request, async (shell) => {
    const hidden = await hiddenReferences(context, shell)
    const rest = (shell.submodels ?? []).filter((one) => targetIdOf(one) !== id || hidden.includes(one))
    if (rest.length === (shell.submodels ?? []).length)
      throw new HubError('NotFound', ['A reference to the submodel', id])
    if (rest.length > 0) shell.submodels = rest
    else delete shell.submodels
    return { result: undefined }
  })
  return { status: 204 }
}

/** References of a stored shell that the caller may not see, by a filter or as the submodel is hidden. */
export async function hiddenReferences(
  { subject }: OperationContext,
  shell: AssetAdministrationShell
): Promise<readonly Reference[]> {
  const { submodels = [] } = shell
  if (subject === undefined || submodels.length === 0) return []
  const { access, store } = subject
  const shown = (await access.view('VIEW', KIND, shell.id)).visible(shell) as typeof shell | undefined
  const filtered = new Set(shown?.submodels)
  const hidden = await new VisibleReferences(store, access).hidden(shell)
  return submodels.filter((reference) => !filtered.has(reference) || hidden.has(reference))
}

/** A reference that is hidden must not be revealed by a conflict. */
async function refusalOfTwin(
  context: OperationContext,
  shell: AssetAdministrationShell,
  twin: Reference
): Promise<HubError> {
  const isHidden = (await hiddenReferences(context, shell)).includes(twin)
  return isHidden
    ? new HubError('Forbidden', [`CREATE of a reference to the submodel "${targetIdOf(twin)}"`])
    : new HubError('AlreadyExists', ['A reference to the submodel', targetIdOf(twin)])
}

function merged(shell: AssetAdministrationShell, more: readonly Reference[]): AssetAdministrationShell {
  const named = shell.submodels ?? []
  const keys = new Set(named.map(matchKey))
  return { ...shell, submodels: [...named, ...more.filter((one) => !keys.has(matchKey(one)))] }
}

/**
 * What replaces a stored document, with the references of a shell that are hidden from the caller.
 * Others may be added until it is stored: the commit has to name the `structureRevision` of the stored document.
 * @param replacement is read only where there are some
 * @returns undefined where there are none: it is stored as it is
 */
export async function withHiddenReferences(
  context: OperationContext,
  { kind, bytes }: StoredHead,
  replacement: () => Promise<unknown>
): Promise<AssetAdministrationShell | undefined> {
  if (context.subject === undefined || kind !== KIND || bytes === undefined) return undefined
  const hidden = await hiddenReferences(context, parse({ bytes }, KIND))
  return hidden.length === 0 ? undefined : merged((await replacement()) as AssetAdministrationShell, hidden)
}

/** A change of a shell within another commit. */
export async function shellChange(
  context: OperationContext,
  id: string,
  change: (shell: AssetAdministrationShell) => void
): Promise<Change> {
  const stored = await get(context, KIND, id)
  const shell = parse(stored, KIND)
  change(shell)
  checkResult(KIND, shell, stored)
  return {
    change: 'replace',
    kind: KIND,
    id,
    json: JSON.stringify(shell),
    facets: facetsOf(KIND, shell),
    ifStructureRevision: stored.structureRevision
  }
}

export function refersTo(shell: AssetAdministrationShell, submodelId: string): boolean {
  return (shell.submodels ?? []).some((reference) => targetIdOf(reference) === submodelId)
}

/** @throws HubError `NotFound` if the shell was stored leniently without it */
export function assetInformationOf({ id, assetInformation }: AssetAdministrationShell): AssetInformation {
  if (assetInformation === undefined) throw new HubError('NotFound', ['The asset information of', id])
  return assetInformation
}

export function shellOf(request: ApiRequest): string {
  return request.aasIdentifier ?? ''
}

function render(document: Document, request: ApiRequest): Buffer | string {
  return request.content === 'reference' ? JSON.stringify(referenceTo(KIND, document.id)) : document.bytes
}
