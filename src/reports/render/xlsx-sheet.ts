/** One sheet of a workbook. */
import type { ReportLanguage } from '../../operations/report-language.ts'
import type { TimeSlice } from '../../time-slice.ts'
import type { TableCell } from '../document.ts'
import { escapeText } from '../drawing/escape.ts'
import { cellOf, withStatus } from './words.ts'
import { cellStyles } from './xlsx-parts.ts'

/** Rows of a sheet, as spreadsheets limit them. */
export const MAX_ROWS = 1_048_576
/** Characters of a cell. */
const MAX_TEXT_LENGTH = 32_767
/** Links of a sheet: more are left out by spreadsheets. */
const MAX_LINKS = 65_530
const MAX_MERGED = 65_530
const CHUNK_LENGTH = 65_536

export interface SheetColumn {
  readonly heading: string
  /** In characters. */
  readonly width: number
}

interface Sheet {
  readonly rows: Iterable<readonly TableCell[]>
  readonly columns: readonly SheetColumn[]
  /** The headings are the first row, which stays in view. */
  readonly hasHead: boolean
  readonly language: ReportLanguage
  readonly isFirst: boolean
}

export async function* sheetXml(sheet: Sheet, slice: TimeSlice): AsyncGenerator<string> {
  const { columns, hasHead, language, isFirst } = sheet
  const widths = columns.map(
    ({ width }, at) => `<col min="${at + 1}" max="${at + 1}" width="${width}" customWidth="1"/>`
  )
  const pane = hasHead ? '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>' : ''
  yield `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr><sheetViews><sheetView${hasHead ? '' : ' showGridLines="0"'}${isFirst ? ' tabSelected="1"' : ''} workbookViewId="0">${pane}</sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/><cols>${widths.join('')}</cols><sheetData>`
  const merged: string[] = []
  const links: string[] = []
  let count = 0
  let chunk = ''
  if (hasHead) chunk += rowXml(columns.map(({ heading }) => ({ text: heading, label: true })))
  for (const row of sheet.rows) {
    chunk += rowXml(row)
    if (chunk.length < CHUNK_LENGTH) continue
    yield chunk
    chunk = ''
    await slice.check()
  }
  const last = columnName(Math.max(0, columns.length - 1)) + count
  yield `${chunk}</sheetData>${hasHead && count > 1 ? `<autoFilter ref="A1:${last}"/>` : ''}`
  if (merged.length > 0) yield `<mergeCells count="${merged.length}">${merged.join('')}</mergeCells>`
  if (links.length > 0) yield `<hyperlinks>${links.join('')}</hyperlinks>`
  yield '<pageMargins left="0.5" right="0.5" top="0.6" bottom="0.6" header="0.3" footer="0.3"/><pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/><headerFooter><oddFooter>&amp;L&amp;A&amp;R&amp;P / &amp;N</oddFooter></headerFooter></worksheet>'

  function rowXml(row: readonly TableCell[]): string {
    count++
    let column = 0
    const cells = row.map((cell) => {
      const { text, status, statusWord, label, span = 1, link } = cellOf(cell)
      const at = columnName(column) + count
      if (span > 1 && merged.length < MAX_MERGED) {
        merged.push(`<mergeCell ref="${at}:${columnName(column + span - 1)}${count}"/>`)
      }
      // To a sheet; sections are elsewhere in a workbook.
      const leadsToSheet = link?.startsWith("#'") === true && links.length < MAX_LINKS
      if (leadsToSheet) {
        links.push(
          `<hyperlink ref="${at}" location="${escapeText(link?.slice(1) ?? '')}" display="${escapeText(String(text))}"/>`
        )
      }
      const style = label
        ? cellStyles.label
        : status
          ? cellStyles[status]
          : leadsToSheet
            ? cellStyles.link
            : cellStyles.plain
      const covered = Array.from({ length: span - 1 }, (_, next) => {
        return `<c r="${columnName(column + next + 1)}${count}" s="${style}"/>`
      })
      column += span
      const content =
        typeof text === 'number' && status === undefined ? text : withStatus(text, status, language, statusWord)
      return contentXml(at, style, content) + covered.join('')
    })
    return `<row r="${count}">${cells.join('')}</row>`
  }
}

function contentXml(at: string, style: number, content: string | number): string {
  if (typeof content === 'number' && Number.isFinite(content)) return `<c r="${at}" s="${style}"><v>${content}</v></c>`
  const text = String(content)
  if (text === '') return `<c r="${at}" s="${style}"/>`
  const kept = text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH - 1)}…` : text
  return `<c r="${at}" s="${style}" t="inlineStr"><is><t xml:space="preserve">${escapeText(literal(kept))}</t></is></c>`
}

/** `_x0041_` in a text would be read as a character (ECMA-376 part 1, 22.9.2.19). */
function literal(text: string): string {
  return text.replace(/_(?=x[0-9A-Fa-f]{4}_)/g, '_x005F_')
}

/** 0 → A, 26 → AA */
function columnName(index: number): string {
  return (index >= 26 ? columnName(Math.floor(index / 26) - 1) : '') + String.fromCharCode(65 + (index % 26))
}
