/** Evidence of a check: in one line, and in full. */
import type { ReportLanguage } from '../../../operations/report-language.ts'
import type { Fold, TableCell } from '../../document.ts'
import type { Evidence, Exchange, MeasuredFigure, RecordedBody } from '../report.ts'
import { filled, texts } from './texts.ts'

type FoldedBlock = Fold['blocks'][number]

export function briefOf(evidence: Evidence, language: ReportLanguage): string {
  switch (evidence.kind) {
    case 'exchange': {
      const { request, response } = evidence
      return `${request.method} ${shortened(request.path)} → ${response.status}`
    }
    case 'figure':
      return `${evidence.name}: ${withUnit(evidence)}`
    case 'note':
      return evidence.text[language]
  }
}

export function withUnit({ value, unit }: { value: number | string; unit?: string | undefined }): string {
  return unit === undefined ? String(value) : `${value} ${unit}`
}

export function evidenceBlocks(evidence: readonly Evidence[], language: ReportLanguage): FoldedBlock[] {
  const figures = evidence.filter((one) => one.kind === 'figure')
  return [
    ...evidence
      .filter((one) => one.kind === 'note')
      .map((one): FoldedBlock => ({ kind: 'paragraph', text: one.text[language] })),
    ...(figures.length === 0 ? [] : [figureTable(figures, language)]),
    ...evidence.filter((one) => one.kind === 'exchange').map((one) => exchangeTable(one, language))
  ]
}

function figureTable(figures: readonly MeasuredFigure[], language: ReportLanguage): FoldedBlock {
  const { from } = texts[language].evidence
  const rows = figures.map((figure): TableCell[] => [
    { text: figure.name, label: true },
    withUnit(figure),
    { text: figure.source === undefined ? '' : filled(from, { ...figure.source }), isCode: true }
  ])
  return {
    kind: 'table',
    columns: [
      { heading: '', width: 2 },
      { heading: '', width: 2 },
      { heading: '', width: 4 }
    ],
    rows
  }
}

function exchangeTable({ request, response, repeatable }: Exchange, language: ReportLanguage): FoldedBlock {
  const words = texts[language].evidence
  const rows = [
    row(words.request, `${request.method} ${request.path}`),
    ...headerRow(request.headers, words.headers),
    ...bodyRow(request.body, words.requestBody, language),
    row(words.answer, String(response.status)),
    ...headerRow(response.headers, words.headers),
    ...bodyRow(response.body, words.answerBody, language),
    [{ text: '' }, { text: repeatable ? words.repeatable : words.onceOnly }]
  ]
  return {
    kind: 'table',
    columns: [
      { heading: '', width: 1 },
      { heading: '', width: 6 }
    ],
    rows
  }
}

function row(label: string, text: string): TableCell[] {
  return [
    { text: label, label: true },
    { text, isCode: true }
  ]
}

function headerRow(headers: Readonly<Record<string, string>>, label: string): TableCell[][] {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return lines.length === 0 ? [] : [row(label, lines.join('\n'))]
}

function bodyRow(body: RecordedBody | undefined, label: string, language: ReportLanguage): TableCell[][] {
  if (body === undefined) return []
  const { bytes, binary } = texts[language].evidence
  const size = filled(bytes, { bytes: body.bytes, sha256: body.sha256 })
  const isCut = body.excerpt !== undefined && Buffer.byteLength(body.excerpt) < body.bytes
  return [row(label, `${body.excerpt ?? `(${binary})`}${isCut ? '…' : ''}\n${size}`)]
}

const MAX_PATH = 120
/** Of an encoded identifier in it. */
const MAX_SEGMENT = 28

function shortened(path: string): string {
  const short = path.replace(/[\w%-]+/g, (text) => (text.length > MAX_SEGMENT ? `${text.slice(0, 12)}…` : text))
  return short.length > MAX_PATH ? `${short.slice(0, MAX_PATH)}…` : short
}
