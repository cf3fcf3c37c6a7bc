/** Compliance reports, made by hand. */
import { createHash } from 'node:crypto'
import type {
  ComplianceReport,
  Evidence,
  Exchange,
  RecordedBody,
  ReportCheck,
  SectionName
} from '../../../src/reports/compliance/report.ts'
import type { Status } from '../../../src/reports/document.ts'

export function report(
  sections: Partial<Record<SectionName, readonly ReportCheck[]>>,
  id = '20261130T030000Z-000001'
): ComplianceReport {
  return {
    format: 'https://aas-hub.dev/compliance-report',
    formatVersion: 1,
    id,
    created: '2026-11-30T03:00:05.000Z',
    period: { from: '2026-11-29T03:00:00.000Z', to: '2026-11-30T03:00:00.000Z' },
    address: 'http://127.0.0.1:8080',
    verdict: 'unmet',
    sections: Object.entries(sections).map(([name, checks]) => ({
      name: name as SectionName,
      verdict: checks[0]?.verdict ?? 'unknown',
      summary: { en: `${name} in English`, ko: `${name} 한국어` },
      checks
    }))
  }
}

export function check(id: string, verdict: Status, evidence: readonly Evidence[] = []): ReportCheck {
  return { id, verdict, text: { en: `${id} in English`, ko: `${id} 한국어` }, evidence }
}

export function exchange(method: string, path: string, answer: object = { result: [] }, status = 200): Exchange {
  return {
    kind: 'exchange',
    request: { method, path, headers: {} },
    response: { status, headers: { 'content-type': 'application/json' }, body: bodyOf(JSON.stringify(answer)) },
    repeatable: true
  }
}

function bodyOf(text: string): RecordedBody {
  return { bytes: Buffer.byteLength(text), sha256: createHash('sha256').update(text).digest('hex'), excerpt: text }
}
