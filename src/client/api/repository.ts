/** The three repositories of Part 2: shells, submodels, concept descriptions. */
import type { ConceptDescriptionDocument, Element, ListPage, Shell, SubmodelDocument } from './aas.ts'
import { encodeId, type HttpClient } from './http.ts'

export interface PageRequest {
  readonly limit?: number
  readonly cursor?: string | undefined
  readonly signal?: AbortSignal
}

export function listShells(http: HttpClient, { signal, ...query }: PageRequest = {}): Promise<ListPage<Shell>> {
  return http.json(http.api('/shells'), { query, ...(signal && { signal }) })
}

export function readShell(http: HttpClient, id: string, signal?: AbortSignal): Promise<Shell> {
  return http.json(http.api(`/shells/${encodeId(id)}`), signal && { signal })
}

/** The thumbnail of the asset. @throws ApiError 404 where it has none */
export async function readThumbnail(http: HttpClient, shell: string, signal?: AbortSignal): Promise<Blob> {
  const url = http.api(`/shells/${encodeId(shell)}/asset-information/thumbnail`)
  return (await http.send(url, signal && { signal })).blob()
}

/** Submodels without their elements: `level=core` at the root. */
export function listSubmodels(
  http: HttpClient,
  { signal, ...query }: PageRequest = {}
): Promise<ListPage<SubmodelDocument>> {
  return http.json(http.api('/submodels'), { query: { ...query, level: 'core' }, ...(signal && { signal }) })
}

export function readSubmodel(http: HttpClient, id: string, signal?: AbortSignal): Promise<SubmodelDocument> {
  return http.json(http.api(`/submodels/${encodeId(id)}`), signal && { signal })
}

/** @param path idShortPath */
export function readElement(http: HttpClient, submodel: string, path: string, signal?: AbortSignal): Promise<Element> {
  return http.json(elementUrl(http, submodel, path), signal && { signal })
}

export function readConceptDescription(
  http: HttpClient,
  id: string,
  signal?: AbortSignal
): Promise<ConceptDescriptionDocument> {
  return http.json(http.api(`/concept-descriptions/${encodeId(id)}`), signal && { signal })
}

export function submodelUrl(http: HttpClient, submodel: string): string {
  return http.api(`/submodels/${encodeId(submodel)}`)
}

export function elementUrl(http: HttpClient, submodel: string, path: string): string {
  return `${submodelUrl(http, submodel)}/submodel-elements/${encodeURIComponent(path)}`
}
