/** Files with documents: checked by a profile of rules, repaired, and stored. */
import { fileForm, type HttpClient, type OnSent } from './http.ts'
import { queryByIds } from './search.ts'

/** Shipped profiles of rules. */
export const PROFILES = ['idta', 'kosmo', 'kosmo-2025'] as const
export type ProfileName = (typeof PROFILES)[number]

export interface SentFile {
  readonly content: Blob
  readonly name: string
}

export interface FileFinding {
  readonly rule: string
  readonly severity: 'error' | 'warning' | 'info'
  /** JSON Pointer in the environment; '' for the file as a whole. */
  readonly pointer: string
  readonly idShortPath?: string
  readonly modelType?: string
  readonly id?: string
  readonly idShort?: string
  readonly constraint?: string
  readonly found: string
  readonly remedy: string
}

export interface FileReport {
  readonly file: string
  readonly valid: boolean
  readonly rules: readonly {
    readonly rule: string
    readonly title: string
    readonly result: 'passed' | 'failed' | 'warning' | 'notChecked'
    /** Also those that are not listed. */
    readonly findings: number
  }[]
  readonly findings: readonly FileFinding[]
  readonly content: FileContentSummary
}

export interface FileContentSummary {
  readonly shells: number
  readonly submodels: number
  readonly conceptDescriptions: number
  readonly files: number
  /** The first thousand. */
  readonly documents: readonly ListedDocument[]
}

export interface ListedDocument {
  readonly modelType: string
  readonly id: string
  readonly idShort?: string
}

export interface RepairedChange {
  readonly rule: string
  readonly pointer: string
  readonly idShortPath?: string
  readonly id?: string
  readonly was?: unknown
  readonly is?: unknown
  readonly kind: 'changed' | 'moved' | 'draft' | 'removed'
}

export interface RepairReport {
  /** Also those that are not listed. */
  readonly changeCount: number
  readonly changes: readonly RepairedChange[]
  /** Of the repaired file. */
  readonly report: FileReport
}

export interface StoredReport {
  readonly created: readonly ListedDocument[]
  readonly replaced: readonly ListedDocument[]
  readonly kept: readonly ListedDocument[]
  readonly files: number
  readonly refused: readonly { readonly modelType: string; readonly id?: string; readonly origin: string }[]
  readonly violations: readonly UploadRemark[]
  readonly warnings: readonly UploadRemark[]
}

export interface UploadRemark {
  readonly pointer: string
  readonly rule: string
  readonly text: string
}

export interface FileTransfer {
  readonly signal?: AbortSignal
  readonly onSent?: OnSent
}

export interface ProfileChoice {
  readonly profile: ProfileName
  readonly language: string
}

/** Nothing of the file is stored. */
export function checkFile(
  http: HttpClient,
  file: SentFile,
  choice: ProfileChoice,
  transfer: FileTransfer = {}
): Promise<FileReport> {
  return http.json(http.hub('/validate'), { method: 'POST', query: { ...choice }, body: formOf(file), ...transfer })
}

/** Nothing is stored. @returns the file as it is where there is nothing to repair */
export async function repairFile(
  http: HttpClient,
  file: SentFile,
  choice: ProfileChoice,
  transfer: FileTransfer = {}
): Promise<{ readonly report: RepairReport; readonly file: SentFile }> {
  const query = { ...choice, answer: 'both' }
  const request = { method: 'POST', query, body: formOf(file), ...transfer } as const
  const parts = await (await http.send(http.hub('/repair'), request)).formData()
  const repaired = parts.get('file') as File
  return {
    report: JSON.parse(String(parts.get('report'))) as RepairReport,
    file: { content: repaired, name: repaired.name }
  }
}

/**
 * Stores all of a file, or nothing.
 * @param existing what happens to documents that are stored already
 * @throws ApiError 409 where one is, and `existing` is `refuse`
 */
export function storeFile(
  http: HttpClient,
  file: SentFile,
  existing: 'refuse' | 'replace' | 'keep',
  transfer: FileTransfer = {}
): Promise<StoredReport> {
  return http.json(http.api('/upload'), { method: 'POST', query: { existing }, body: formOf(file), ...transfer })
}

const QUERIES = {
  AssetAdministrationShell: ['shells', '$aas#id'],
  Submodel: ['submodels', '$sm#id'],
  ConceptDescription: ['concept-descriptions', '$cd#id']
} as const

/** @returns the ids of the documents that the hub has already, as far as the caller may see them */
export async function findStored(http: HttpClient, documents: readonly ListedDocument[]): Promise<ReadonlySet<string>> {
  const found = await Promise.all(
    Object.entries(QUERIES).map(([modelType, [subject, field]]) => {
      const ids = documents.filter((one) => one.modelType === modelType).map(({ id }) => id)
      return queryByIds<string>(http, subject, field, ids, 'id')
    })
  )
  return new Set(found.flat())
}

function formOf({ content, name }: SentFile): FormData {
  return fileForm(content, name)
}
