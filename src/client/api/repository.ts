/** The three repositories of Part 2: shells, submodels, concept descriptions. */
import type { ConceptDescriptionDocument, ListPage, Shell, SubmodelDocument, SubmodelSummary } from './aas.ts'
import { encodeId, fileForm, type HttpClient, type OnSent, type PageRequest } from './http.ts'
import { queryByIds } from './search.ts'

export function listShells(http: HttpClient, { signal, ...query }: PageRequest = {}): Promise<ListPage<Shell>> {
  return http.json(http.api('/shells'), { query, signal })
}

export function readShell(http: HttpClient, id: string, signal?: AbortSignal): Promise<Shell> {
  return http.json(http.api(`/shells/${encodeId(id)}`), { signal })
}

/** The thumbnail of the asset. @throws ApiError 404 where it has none */
export async function readThumbnail(http: HttpClient, shell: string, signal?: AbortSignal): Promise<Blob> {
  const url = http.api(`/shells/${encodeId(shell)}/asset-information/thumbnail`)
  return (await http.send(url, { signal })).blob()
}

/** Stores a picture of the asset. */
export async function writeThumbnail(http: HttpClient, shell: string, file: File, onSent?: OnSent): Promise<void> {
  const url = http.api(`/shells/${encodeId(shell)}/asset-information/thumbnail`)
  await http.send(url, { method: 'PUT', body: fileForm(file), onSent })
}

/** Submodels without their elements. */
export function listSubmodels(
  http: HttpClient,
  { signal, ...query }: PageRequest = {}
): Promise<ListPage<SubmodelDocument>> {
  return http.json(http.api('/submodels/$metadata'), { query, signal })
}

/** What a list shows of submodels, without their elements; those that do not exist are left out. */
export function describeSubmodels(http: HttpClient, ids: readonly string[]): Promise<SubmodelSummary[]> {
  return queryByIds(http, 'submodel-descriptors', '$smdesc#id', ids)
}

/** Those that do not exist are left out. */
export function readShells(http: HttpClient, ids: readonly string[]): Promise<Shell[]> {
  return queryByIds(http, 'shells', '$aas#id', ids)
}

/** Shells whose globalAssetId is one of these; several shells may be of one asset. */
export function readShellsOfAssets(http: HttpClient, globalAssetIds: readonly string[]): Promise<Shell[]> {
  return queryByIds(http, 'shells', '$aas#assetInformation.globalAssetId', globalAssetIds)
}

/** Those that do not exist are left out. */
export function readConcepts(http: HttpClient, ids: readonly string[]): Promise<ConceptDescriptionDocument[]> {
  return queryByIds(http, 'concept-descriptions', '$cd#id', ids)
}

/** The shells of an asset. */
export async function findShellsOfAsset(http: HttpClient, globalAssetId: string): Promise<readonly Shell[]> {
  const assetIds = encodeId(JSON.stringify({ name: 'globalAssetId', value: globalAssetId }))
  const { result } = await http.json<ListPage<Shell>>(http.api('/shells'), { query: { assetIds, limit: 10 } })
  return result
}

export function readSubmodel(http: HttpClient, id: string, signal?: AbortSignal): Promise<SubmodelDocument> {
  return http.json(http.api(`/submodels/${encodeId(id)}`), { signal })
}

export function submodelUrl(http: HttpClient, submodel: string): string {
  return http.api(`/submodels/${encodeId(submodel)}`)
}

export function elementUrl(http: HttpClient, submodel: string, path: string): string {
  return `${submodelUrl(http, submodel)}/submodel-elements/${encodeURIComponent(path)}`
}
