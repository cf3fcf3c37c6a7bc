/** One collection point as JSON and as a line of CSV. */
import type { SampleSource } from '../../model/collection/sample-source.ts'
import { formatTime } from '../../model/time.ts'
import type { CollectionPoint } from '../../operations/collection/collection-points.ts'
import { verdictTexts } from '../../operations/collection/verdict-texts.ts'
import type { ReportLanguage } from '../../operations/report-language.ts'

/** Gaps that are listed of a point: the latest. */
const MAX_GAPS = 10

export interface PointRow {
  readonly process?: string
  readonly machine?: string
  readonly submodel: string
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
  readonly uncertainShare?: number
  readonly source?: SampleSource
  readonly isElementStored?: boolean
  readonly verdict: string
  readonly text: string
}

export interface RowOptions {
  readonly language: ReportLanguage
  readonly source: SampleSource | undefined
  /** Where it was looked up, as the point never delivered. */
  readonly isElementStored?: boolean
}

export function rowOf(point: CollectionPoint, { language, source, isElementStored }: RowOptions): PointRow {
  const { submodel, path, planned, verdict, missingRate, period } = point
  return {
    ...(planned && { process: planned.process, machine: planned.machine }),
    submodel,
    path,
    ...(planned && { kind: planned.kind, method: planned.method }),
    ...(planned?.periodMs !== undefined && { plannedPeriod: planned.periodMs / 1000 }),
    ...(period !== undefined && { measuredPeriod: rounded(period / 1_000_000, 6) }),
    ...measuredOf(point),
    ...(missingRate !== undefined && { missingRate: rounded(missingRate, 6) }),
    ...(source && { source }),
    ...(isElementStored !== undefined && { isElementStored }),
    verdict,
    text: verdictTexts[verdict][language]
  }
}

function measuredOf({ actual }: CollectionPoint) {
  const figures = actual?.figures
  if (figures === undefined || figures.count === 0) return { count: 0 }
  const { count, uncertain, bad, timed, late, first, last, segments } = figures
  const gaps = segments.gaps().slice(-MAX_GAPS)
  return {
    firstSample: timeText(first),
    lastSample: timeText(last),
    count,
    ...(segments.limit > 0 && {
      gaps: segments.count - 1,
      latestGaps: gaps.map(({ from, to }) => ({ from: timeText(from), to: timeText(to) }))
    }),
    ...(timed > 0 && { lateShare: rounded(late / timed, 6) }),
    badShare: rounded(bad / count, 6),
    uncertainShare: rounded(uncertain / count, 6)
  }
}

const HEADINGS: Readonly<Record<ReportLanguage, readonly string[]>> = {
  en: [
    ...['Process', 'Machine', 'Submodel', 'Element', 'Kind', 'Method', 'Planned period [s]', 'Measured period [s]'],
    ...['First sample', 'Last sample', 'Count', 'Missing rate', 'Gaps', 'Late share', 'Bad share', 'Uncertain share'],
    ...['Protocol', 'Sender', 'Kind of sender', 'PointVerdict', 'In words']
  ],
  ko: [
    ...['공정', '설비', '서브모델', '수집항목', '종류', '수집방법', '계획 주기 [s]', '측정 주기 [s]'],
    ...['첫 데이터', '마지막 데이터', '개수', '결측률', '공백 수', '지연 비율', '불량 품질 비율', '불확실 품질 비율'],
    ...['프로토콜', '송신자', '송신자 종류', '판정', '설명']
  ]
}

/** With the byte order mark by which spreadsheets recognise UTF-8. */
export function csvHead(language: ReportLanguage): string {
  return `\uFEFF${HEADINGS[language].map(csvCell).join()}\r\n`
}

export function csvLine(row: PointRow): string {
  const { source } = row
  const cells = [
    ...[row.process, row.machine, row.submodel, row.path, row.kind, row.method, row.plannedPeriod, row.measuredPeriod],
    ...[row.firstSample, row.lastSample, row.count, row.missingRate, row.gaps],
    ...[row.lateShare, row.badShare, row.uncertainShare],
    ...[source?.transport, source?.caller, source?.kind, row.verdict, row.text]
  ]
  return `${cells.map(csvCell).join()}\r\n`
}

/** A text that a spreadsheet would take for a formula is written as text. */
function csvCell(value: string | number | undefined): string {
  if (typeof value !== 'string') return String(value ?? '')
  const text = /^[=+@\t\r-]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** @param time microseconds since 1970 */
function timeText(time: number): string {
  return formatTime(BigInt(time) * 1000n)
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
