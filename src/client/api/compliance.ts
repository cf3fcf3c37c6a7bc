/** Compliance reports: the hub examines itself, and keeps what it finds. */
import type { HttpClient } from './http.ts'

export type CheckVerdict = 'met' | 'partly' | 'unmet' | 'unknown'

export interface ReportSummary {
  readonly id: string
  readonly created: string
  readonly verdict: CheckVerdict
  readonly checks: Readonly<Record<CheckVerdict, number>>
  readonly bytes: number
  readonly startedBy: string
  readonly seconds: number
  readonly since?: string
  /** Checks that became worse since the report before. */
  readonly droppedCount?: number
}

export interface RunningExamination {
  readonly id: string
  readonly progress: { readonly done: number; readonly of: number; readonly section?: string }
}

export function listReports(
  http: HttpClient,
  signal?: AbortSignal
): Promise<{ readonly result: readonly ReportSummary[]; readonly running?: RunningExamination }> {
  return http.json(http.hub('/compliance'), { signal })
}

/** The hub examines itself; `listReports` shows its progress. */
export async function startExamination(http: HttpClient): Promise<void> {
  await http.send(http.hub('/compliance'), { method: 'POST' })
}

/** The text of a report, or of what changed since an earlier one, as a file. */
export async function downloadReport(
  http: HttpClient,
  id: string,
  query: { readonly format: 'json' | 'html' | 'pdf'; readonly language?: string; readonly since?: string }
): Promise<Blob> {
  return (await http.send(http.hub(`/compliance/${encodeURIComponent(id)}`), { query })).blob()
}

/** Deletes a report, or ends the examination that makes it. */
export async function deleteReport(http: HttpClient, id: string): Promise<void> {
  await http.send(http.hub(`/compliance/${encodeURIComponent(id)}`), { method: 'DELETE' })
}

export type LocalText = Readonly<Record<'en' | 'ko', string>>

export interface ComplianceReport {
  readonly id: string
  readonly created: string
  readonly period: { readonly from: string; readonly to: string }
  readonly address: string
  readonly verdict: CheckVerdict
  readonly sections: readonly ReportSection[]
}

export interface ReportSection {
  readonly name: string
  readonly verdict: CheckVerdict
  readonly summary: LocalText
  readonly checks: readonly ReportCheck[]
}

export interface ReportCheck {
  readonly id: string
  readonly verdict: CheckVerdict
  readonly text: LocalText
  readonly evidence: readonly Evidence[]
  /** Ids of the checks that prove it. */
  readonly provedBy?: readonly string[]
}

export type Evidence =
  | {
      readonly kind: 'exchange'
      readonly request: { readonly method: string; readonly path: string }
      readonly response: { readonly status: number; readonly body?: { readonly excerpt?: string } }
    }
  | {
      readonly kind: 'figure'
      readonly name: string
      readonly value: number | string
      readonly unit?: string
      readonly source?: { readonly request: string; readonly at: string }
    }
  | { readonly kind: 'note'; readonly text: LocalText }

export interface ReportComparison {
  readonly earlier: { readonly id: string; readonly created: string }
  readonly checks: readonly {
    readonly id: string
    readonly change: 'dropped' | 'gone' | 'new' | 'improved'
    readonly from?: CheckVerdict
    readonly to?: CheckVerdict
    readonly text: LocalText
  }[]
  readonly figures: readonly {
    readonly check: string
    readonly name: string
    readonly from: number | string
    readonly to: number | string
    readonly unit?: string
  }[]
  readonly unchanged: number
}

export function readReport(http: HttpClient, id: string, signal?: AbortSignal): Promise<ComplianceReport> {
  return http.json(http.hub(`/compliance/${encodeURIComponent(id)}`), { signal })
}

/** @param since id of an earlier report */
export function compareReports(
  http: HttpClient,
  id: string,
  since: string,
  signal?: AbortSignal
): Promise<ReportComparison> {
  return http.json(http.hub(`/compliance/${encodeURIComponent(id)}`), { query: { since }, signal })
}
