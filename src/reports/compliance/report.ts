/**
 * The compliance report: what the hub found when it examined itself, with requests that can be repeated. It is
 * kept and signed as this JSON; HTML and PDF are renderings. What was not checked is said in the report.
 */
import type { ReportLanguage } from '../../operations/report-language.ts'
import type { Status } from '../document.ts'

export interface ComplianceReport {
  readonly format: 'https://aas-hub.dev/compliance-report'
  readonly formatVersion: 1
  readonly id: string
  /** UTC, ISO 8601. */
  readonly created: string
  /** Use is counted from `from` to `to`. */
  readonly period: { readonly from: string; readonly to: string }
  /** The address at which the requests of the report were made, as clients see it. */
  readonly address: string
  readonly verdict: Status
  readonly sections: readonly ReportSection[]
}

export const sectionNames = [
  'identity',
  'standards',
  'operations',
  'constraints',
  'templates',
  'collection',
  'access',
  'audit',
  'loss',
  'backup',
  'criteria',
  'unchecked'
] as const
export type SectionName = (typeof sectionNames)[number]

export interface ReportSection {
  readonly name: SectionName
  readonly verdict: Status
  readonly summary: LocalText
  readonly checks: readonly ReportCheck[]
}

export interface ReportCheck {
  /** Stable between reports, which are compared by it, e.g. `operations/GetSubmodelById`. */
  readonly id: string
  readonly verdict: Status
  readonly text: LocalText
  /** What it shows that the verdict is right; a check without evidence is `unknown`. */
  readonly evidence: readonly Evidence[]
  /** In `criteria`: ids of the checks that prove it. */
  readonly provedBy?: readonly string[]
}

export type LocalText = Readonly<Record<ReportLanguage, string>>

export type Evidence = Exchange | MeasuredFigure | Note

/** A request with its answer. */
export interface Exchange {
  readonly kind: 'exchange'
  readonly request: RecordedRequest
  readonly response: RecordedResponse
  /** May it be sent again, by a verifier of the report, with the same outcome? */
  readonly repeatable: boolean
}

export interface RecordedRequest {
  readonly method: string
  /** From the root of the hub, with the query. */
  readonly path: string
  /** Without credentials. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: RecordedBody
}

export interface RecordedResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body?: RecordedBody
}

export interface RecordedBody {
  readonly bytes: number
  readonly sha256: string
  /** The beginning as text, at most 1,024 characters; absent for binary bodies. */
  readonly excerpt?: string
}

/** Below it documents and files are checked like by POST to the rest of the path, and nothing is stored. */
export const CHECK_PATH = '/check'

/** A number, and the request that returns it. */
export interface MeasuredFigure {
  readonly kind: 'figure'
  readonly name: string
  readonly value: number | string
  readonly unit?: string
  /** `GET /path`, and where in the answer: an RFC 6901 pointer or the name of the metric. */
  readonly source?: { readonly request: string; readonly at: string }
}

export interface Note {
  readonly kind: 'note'
  readonly text: LocalText
}
