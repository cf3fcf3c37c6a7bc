/** Paragraphs, tables and figures as the library `docx` has them. */
import {
  BorderStyle,
  ExternalHyperlink,
  ImageRun,
  InternalHyperlink,
  Paragraph,
  type ParagraphChild,
  ShadingType,
  Tab,
  Table,
  TableCell,
  TableLayoutType,
  TableRow,
  TextRun,
  WidthType
} from 'docx'
import type { ReportLanguage } from '../../operations/report-language.ts'
import type { TimeSlice } from '../../time-slice.ts'
import type { Paragraph as Block, TableCell as Cell, DocumentTable, Figure, Status } from '../document.ts'
import { pngOf } from '../drawing/png.ts'
import type { PageLayout } from './docx-style.ts'
import { cellOf, LABEL_GROUND, statusColours, statusLabel, words } from './words.ts'

export interface DocxContext {
  readonly language: ReportLanguage
  readonly layout: PageLayout
  /** Of the request. */
  readonly slice: TimeSlice
}

const BORDER = { style: BorderStyle.SINGLE, size: 4, color: 'AAB4C0' }
const BORDERS = {
  ...{ top: BORDER, bottom: BORDER, left: BORDER, right: BORDER },
  ...{ insideHorizontal: BORDER, insideVertical: BORDER }
}

export function paragraphOf({ text, status }: Block, language: ReportLanguage): Paragraph {
  const before = status === undefined ? [] : [statusRun(status, language), new TextRun(' ')]
  return new Paragraph({ children: [...before, ...runsOf(text)] })
}

export function bullet(item: string): Paragraph {
  return new Paragraph({ style: 'ListItem', children: [new TextRun({ children: ['•', new Tab()] }), ...runsOf(item)] })
}

/** @param isAbove the caption stays with what follows */
export function captionOf(kind: string, number: number | undefined, text: string, isAbove: boolean): Paragraph {
  return new Paragraph({
    style: isAbove ? 'TableCaption' : 'FigureCaption',
    children: runsOf(`${kind} ${number} ${text}`)
  })
}

export async function figureOf(
  { drawing, alternative, caption, number }: Figure & { readonly number: number },
  { language, layout, slice }: DocxContext
): Promise<Paragraph[]> {
  const [width, height] = layout.figure
  const scale = Math.min(1, width / drawing.width, height / drawing.height)
  const image = new ImageRun({
    type: 'png',
    data: await pngOf(drawing, slice),
    transformation: { width: Math.round(drawing.width * scale), height: Math.round(drawing.height * scale) },
    altText: { name: caption, title: caption, description: alternative }
  })
  return [
    new Paragraph({ style: 'Figure', children: [image] }),
    captionOf(words[language].figure, number, caption, false)
  ]
}

export async function docxTable(
  { columns, rows }: DocumentTable,
  { language, layout, slice }: DocxContext
): Promise<Table> {
  const total = columns.reduce((sum, { width = 1 }) => sum + width, 0)
  const widths = columns.map(({ width = 1 }) => Math.floor((layout.textWidth * width) / total))
  const made: TableRow[] = []
  if (columns.some(({ heading }) => heading !== '')) {
    const heads = columns.map(({ heading }) => ({ text: heading, label: true as const }))
    made.push(rowOf(heads, widths, language, true))
  }
  for (const row of rows) {
    made.push(rowOf(row, widths, language, false))
    await slice.check()
  }
  return new Table({
    rows: made,
    columnWidths: widths,
    layout: TableLayoutType.FIXED,
    width: { size: widths.reduce((sum, width) => sum + width, 0), type: WidthType.DXA },
    borders: BORDERS,
    margins: { top: 40, bottom: 40, left: 90, right: 90 }
  })
}

function rowOf(cells: readonly Cell[], widths: readonly number[], language: ReportLanguage, isHead: boolean): TableRow {
  let column = 0
  const children = cells.map((one) => {
    const { text, status, statusWord, label, span = 1, link } = cellOf(one)
    const width = widths.slice(column, column + span).reduce((sum, next) => sum + next, 0)
    column += span
    const runs: ParagraphChild[] = []
    if (status !== undefined) runs.push(statusRun(status, language, statusWord), new TextRun(text === '' ? '' : ' '))
    const content = typeof text === 'number' ? text.toLocaleString(language) : text
    runs.push(...(link === undefined ? runsOf(content, label) : [linkOf(content, link)]))
    const isNumber = typeof text === 'number'
    return new TableCell({
      children: [new Paragraph({ style: 'Cell', ...(isNumber && { alignment: 'right' as const }), children: runs })],
      width: { size: width, type: WidthType.DXA },
      ...(span > 1 && { columnSpan: span }),
      ...(label && { shading: { type: ShadingType.CLEAR, color: 'auto', fill: LABEL_GROUND } })
    })
  })
  return new TableRow({ children, tableHeader: isHead, cantSplit: true })
}

/** Name of the bookmark of a section: letters, digits and underscores, at most 40. */
export function bookmarkOf(id: string): string {
  return `s_${id.replace(/[^A-Za-z0-9]/g, '_')}`.slice(0, 40)
}

function linkOf(text: string, link: string): ParagraphChild {
  const children = [new TextRun({ text: printable(text), style: 'Hyperlink' })]
  if (link.startsWith('#')) return new InternalHyperlink({ anchor: bookmarkOf(link.slice(1)), children })
  // Addresses come from stored documents: only those that a browser may open.
  return /^(?:https?|mailto):/i.test(link) ? new ExternalHyperlink({ link, children }) : new TextRun(printable(text))
}

/** A run per line. */
function runsOf(text: string, bold?: boolean): TextRun[] {
  return printable(text)
    .split(/\r?\n/)
    .map((line, index) => new TextRun({ text: line, ...(bold && { bold }), ...(index > 0 && { break: 1 }) }))
}

function statusRun(status: Status, language: ReportLanguage, word?: string): TextRun {
  const { text: color, ground } = statusColours[status]
  const text = statusLabel(status, language, word)
  return new TextRun({ text, bold: true, color, shading: { type: ShadingType.CLEAR, color: 'auto', fill: ground } })
}

/** Without characters that XML 1.0 cannot hold. */
function printable(text: string): string {
  return text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Surrogate}/gu, '\ufffd')
}
