/** What a file holds, beside what is wrong with it. */
import type { InspectedFile } from './checks/inspected-file.ts'

export interface FileContent {
  readonly shells: number
  readonly submodels: number
  readonly conceptDescriptions: number
  /** Files beside the documents, the thumbnail included. */
  readonly files: number
  /** The first {@link MAX_LISTED} documents that have an id. */
  readonly documents: readonly { readonly modelType: string; readonly id: string; readonly idShort?: string }[]
}

const MAX_LISTED = 1000

/** Of a valid document, both are shorter. */
const MAX_LENGTH = 4096

export function contentOf({ documents, source }: InspectedFile): FileContent {
  const count = (wanted: string) => documents.filter(({ className }) => className === wanted).length
  const listed: FileContent['documents'][number][] = []
  for (const { document, className } of documents) {
    if (listed.length >= MAX_LISTED) break
    const { id, idShort } = (document ?? {}) as { readonly id?: unknown; readonly idShort?: unknown }
    if (typeof id !== 'string' || id.length > MAX_LENGTH) continue
    const isNamed = typeof idShort === 'string' && idShort.length <= MAX_LENGTH
    listed.push({ modelType: className, id, ...(isNamed && { idShort }) })
  }
  return {
    shells: count('AssetAdministrationShell'),
    submodels: count('Submodel'),
    conceptDescriptions: count('ConceptDescription'),
    files: source.files.length + (source.thumbnail === undefined ? 0 : 1),
    documents: listed
  }
}
