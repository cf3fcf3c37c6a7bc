/** What auditors and operators look at: collection points, validation results, the audit. */
import type { ListPage } from './aas.ts'
import type { HttpClient, PageRequest } from './http.ts'

export const POINT_VERDICTS = ['ok', 'silent', 'slow', 'gaps', 'late', 'quality', 'unplanned'] as const
export type PointVerdict = (typeof POINT_VERDICTS)[number]

/** An element of the collection plan, or one that delivers without a plan. */
export interface CollectionPoint {
  readonly process?: string
  readonly machine?: string
  readonly submodel: string
  /** idShortPath. */
  readonly path: string
  readonly kind?: string
  readonly method?: string
  /** Seconds. */
  readonly plannedPeriod?: number
  readonly measuredPeriod?: number
  readonly firstSample?: string
  readonly lastSample?: string
  readonly count: number
  /** Shares are from 0 to 1. */
  readonly missingRate?: number
  readonly gaps?: number
  readonly latestGaps?: readonly { readonly from: string; readonly to: string }[]
  readonly lateShare?: number
  readonly badShare?: number
  readonly source?: { readonly transport: string; readonly caller?: string; readonly kind?: 'gateway' | 'user' }
  readonly verdict: PointVerdict
  /** The verdict in words. */
  readonly text: string
}

export interface CollectionPage extends ListPage<CollectionPoint> {
  readonly planDefect?: string
  readonly isIncomplete?: boolean
  /** Number of points of each verdict, for callers that may read everything. */
  readonly verdicts?: Readonly<Record<PointVerdict, number>>
}

export interface CollectionFilter {
  readonly verdict?: string | undefined
  readonly machine?: string | undefined
  readonly process?: string | undefined
}

export function listCollectionPoints(
  http: HttpClient,
  filter: CollectionFilter & { readonly language: string },
  { signal, ...page }: PageRequest = {}
): Promise<CollectionPage> {
  return http.json(http.hub('/collection-points'), { query: { ...filter, ...page }, signal })
}

/** All points, for spreadsheets. */
export async function exportCollectionPoints(http: HttpClient, language: string): Promise<Blob> {
  return (await http.send(http.hub('/collection-points'), { query: { format: 'csv', language } })).blob()
}

export const VALIDATION_OUTCOMES = ['valid', 'invalid', 'noTemplate'] as const

export interface ValidationFinding {
  readonly pointer: string
  readonly idShortPath?: string
  readonly rule: string
  /** What is required, what was found, and what to do. */
  readonly text: string
}

export interface ValidationResult {
  readonly submodelId: string
  readonly result: (typeof VALIDATION_OUTCOMES)[number]
  readonly template?: string
  readonly schemaVersion?: string
  readonly checkedAt: string
  readonly violations: readonly ValidationFinding[]
  readonly metamodel: readonly ValidationFinding[]
}

export function listValidationResults(
  http: HttpClient,
  filter: { readonly result?: string | undefined; readonly language?: 'en' | 'ko' | undefined },
  { signal, ...page }: PageRequest = {}
): Promise<ListPage<ValidationResult>> {
  return http.json(http.api('/validation'), { query: { ...filter, ...page }, signal })
}

export interface AuditEntry {
  readonly number: number
  readonly time: string
  readonly hash: string
  readonly record: AuditRecord
}

export interface AuditRecord {
  readonly at?: string
  readonly caller: string
  readonly authentication?: string
  readonly source?: string
  readonly operation: string
  readonly path?: string
  readonly outcome: 'done' | 'refused'
  readonly status?: number
  readonly reason?: string
  readonly rules?: readonly string[]
  readonly resources?: readonly {
    readonly action: string
    readonly kind: string
    readonly id: string
    readonly paths?: readonly string[]
  }[]
  readonly subject?: string
  readonly count?: number
}

export interface AuditFilter {
  readonly caller?: string | undefined
  readonly operation?: string | undefined
  readonly outcome?: string | undefined
  readonly resource?: string | undefined
  /** ISO 8601. */
  readonly from?: string | undefined
  readonly to?: string | undefined
}

/** The oldest first. */
export function listAudit(
  http: HttpClient,
  filter: AuditFilter,
  { signal, ...page }: PageRequest = {}
): Promise<ListPage<AuditEntry>> {
  return http.json(http.hub('/audit'), { query: { ...filter, ...page }, signal })
}

/** All entries that match, as lines of JSON. */
export async function exportAudit(http: HttpClient, filter: AuditFilter): Promise<Blob> {
  return (await http.send(http.hub('/audit'), { query: { ...filter, format: 'ndjson' } })).blob()
}

export function readAuditHead(http: HttpClient): Promise<{ readonly number: number; readonly hash: string }> {
  return http.json(http.hub('/audit/head'))
}
