/** What renderers write themselves. */
import type { ReportLanguage } from '../../operations/report-language.ts'
import type { DocumentCell, Status, TableCell } from '../document.ts'

interface RendererWords {
  readonly contents: string
  readonly table: string
  readonly figure: string
  readonly overview: string
  readonly sheet: string
  readonly status: Readonly<Record<Status, string>>
}

export const words: Readonly<Record<ReportLanguage, RendererWords>> = {
  en: {
    contents: 'Contents',
    table: 'Table',
    figure: 'Figure',
    overview: 'Overview',
    sheet: 'Sheet',
    status: { met: 'met', partly: 'partly met', unmet: 'not met', unknown: 'not checked' }
  },
  ko: {
    contents: '목차',
    table: '표',
    figure: '그림',
    overview: '개요',
    sheet: '시트',
    status: { met: '충족', partly: '부분 충족', unmet: '미충족', unknown: '미확인' }
  }
}

/** Signs of a status, as Korean forms use them. */
const statusSigns: Readonly<Record<Status, string>> = { met: '○', partly: '△', unmet: '×', unknown: '–' }

/** Of text and of ground, with enough contrast also in grey. */
export const statusColours: Readonly<Record<Status, { readonly text: string; readonly ground: string }>> = {
  met: { text: '14532d', ground: 'dcf2e3' },
  partly: { text: '713f12', ground: 'fbf0cc' },
  unmet: { text: '7f1d1d', ground: 'fbe0e0' },
  unknown: { text: '374151', ground: 'e9ecf0' }
}

/** The ground of labels and heads of tables. */
export const LABEL_GROUND = 'DAE9F7'

export function cellOf(cell: TableCell): DocumentCell {
  return typeof cell === 'object' ? cell : { text: cell }
}

/** `○ met`: sign and word, so that no colour is needed. @param word in place of the usual one */
export function statusLabel(status: Status, language: ReportLanguage, word?: string): string {
  return `${statusSigns[status]} ${word ?? words[language].status[status]}`
}

/** A text with its status, for formats that cannot set them apart. */
export function withStatus(
  text: string | number,
  status: Status | undefined,
  language: ReportLanguage,
  word?: string
): string {
  if (status === undefined) return String(text)
  const label = statusLabel(status, language, word)
  return text === '' ? label : `${label} · ${text}`
}
