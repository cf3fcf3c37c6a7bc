/** The documents that a supplier hands in with a machine, made from what is stored. */
import type { HttpClient } from './http.ts'

export interface DocumentDescription {
  readonly name: string
  readonly title: Readonly<Record<'en' | 'ko', string>>
  /** In which it is handed in. */
  readonly format: string
  readonly formats: readonly string[]
}

export async function listDocuments(http: HttpClient, signal?: AbortSignal): Promise<readonly DocumentDescription[]> {
  const list: { readonly documents: readonly DocumentDescription[] } = await http.json(http.hub('/document-set'), {
    signal
  })
  return list.documents
}

export interface DocumentFile {
  readonly content: Blob
  readonly name: string
}

export async function downloadDocument(
  http: HttpClient,
  document: string,
  query: { readonly aasId: string; readonly format: string; readonly language: string }
): Promise<DocumentFile> {
  const response = await http.send(http.hub(`/document-set/${encodeURIComponent(document)}`), { query })
  const [, name] = /filename\*=UTF-8''([^;]+)/.exec(response.headers.get('content-disposition') ?? '') ?? []
  return {
    content: await response.blob(),
    name: name === undefined ? `${document}.${query.format}` : decodeURIComponent(name)
  }
}
