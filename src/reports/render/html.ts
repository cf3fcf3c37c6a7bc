/** A document as one HTML file without scripts and without anything from elsewhere, which prints well on A4. */
import type { ReportLanguage } from '../../operations/report-language.ts'
import type { TimeSlice } from '../../time-slice.ts'
import type { DocumentTable, ReportDocument, Status, TableCell } from '../document.ts'
import { escapeText } from '../drawing/escape.ts'
import { svgOf } from '../drawing/svg.ts'
import { type FoldEdge, flowOf, type Heading, headingsOf, type NumberedBlock } from './flow.ts'
import { styleSheet } from './html-style.ts'
import { cellOf, statusLabel, words } from './words.ts'

/** Levels of headings in the table of contents. */
const CONTENTS_LEVELS = 2
/** A shorter document has no table of contents. */
const MIN_CONTENTS = 4
/** Rows that are written in one piece. */
const ROWS_PER_CHUNK = 100

/** @param slice of the request; the work pauses in long tables */
export async function* renderHtml(document: ReportDocument, slice: TimeSlice): AsyncGenerator<string> {
  const { language, title, properties, isLandscape } = document
  yield `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeText(title)}</title>
<style>${styleSheet(title, isLandscape)}</style>
</head>
<body>
<header>
<h1>${escapeText(title)}</h1>
<dl>${properties.map(([label, value]) => `<div><dt>${escapeText(label)}</dt><dd>${lines(value)}</dd></div>`).join('')}</dl>
</header>
${contentsOf(document)}<main>
`
  for (const item of flowOf(document)) {
    await slice.check()
    if (item.kind === 'table') yield* tableOf(item, document, slice)
    else if (item.kind === 'heading') yield headingOf(item)
    else yield item.kind === 'fold' || item.kind === 'fold-end' ? foldEdge(item, language) : blockOf(item, document)
  }
  yield '</main>\n</body>\n</html>\n'
}

function contentsOf(document: ReportDocument): string {
  const headings = headingsOf(document, CONTENTS_LEVELS)
  if (headings.length < MIN_CONTENTS) return ''
  const { contents } = words[document.language]
  const items = headings.map(
    ({ id, number, text, level }) =>
      `<li class="level-${level}"><a href="#${escapeText(id)}"><span>${number}</span> ${escapeText(text)}</a></li>`
  )
  return `<nav aria-label="${contents}">\n<h2>${contents}</h2>\n<ol>${items.join('')}</ol>\n</nav>\n`
}

function headingOf({ level, number, id, text }: Heading): string {
  const tag = `h${Math.min(6, level + 1)}`
  return `<${tag} id="${escapeText(id)}"><span class="number">${number}</span> ${escapeText(text)}</${tag}>\n`
}

/** A browser opens a fold to show the target of a link in it. */
function foldEdge(edge: FoldEdge, language: ReportLanguage): string {
  if (edge.kind === 'fold-end') return '</div></details>\n'
  const { id, summary, status } = edge
  const sign = status === undefined ? '' : `${badge(status, language)} `
  return `<details><summary>${sign}${escapeText(summary)}</summary><div id="${escapeText(id)}">\n`
}

function blockOf(block: Exclude<NumberedBlock, DocumentTable>, { language }: ReportDocument): string {
  if (block.kind === 'list') return `<ul>${block.items.map((item) => `<li>${lines(item)}</li>`).join('')}</ul>\n`
  if (block.kind === 'paragraph') {
    return `<p>${block.status ? `${badge(block.status, language)} ` : ''}${lines(block.text)}</p>\n`
  }
  const caption = `${words[language].figure} ${block.number} ${block.caption}`
  return `<figure>${svgOf(block.drawing, block.alternative)}<figcaption>${escapeText(caption)}</figcaption></figure>\n`
}

async function* tableOf(
  table: DocumentTable & { readonly number?: number },
  { language }: ReportDocument,
  slice: TimeSlice
): AsyncGenerator<string> {
  const { caption, number, columns } = table
  const total = columns.reduce((sum, { width = 1 }) => sum + width, 0)
  yield '<table>\n'
  if (caption !== undefined) yield `<caption>${escapeText(`${words[language].table} ${number} ${caption}`)}</caption>\n`
  yield `<colgroup>${columns.map(({ width = 1 }) => `<col style="width:${((100 * width) / total).toFixed(2)}%">`).join('')}</colgroup>\n`
  if (columns.some(({ heading }) => heading !== '')) {
    yield `<thead><tr>${columns.map(({ heading }) => `<th scope="col">${lines(heading)}</th>`).join('')}</tr></thead>\n`
  }
  yield '<tbody>\n'
  let chunk: string[] = []
  for (const row of table.rows) {
    chunk.push(`<tr>${row.map((cell) => htmlCell(cell, language)).join('')}</tr>\n`)
    if (chunk.length < ROWS_PER_CHUNK && !slice.isOver()) continue
    yield chunk.join('')
    chunk = []
    await slice.check()
  }
  yield `${chunk.join('')}</tbody>\n</table>\n`
}

function htmlCell(cell: TableCell, language: ReportLanguage): string {
  const { text, status, statusWord, label, span = 1, link, isCode } = cellOf(cell)
  const plain = typeof text === 'number' ? text.toLocaleString(language) : lines(text)
  const content = isCode ? `<code>${plain}</code>` : plain
  const linked = link === undefined ? content : `<a href="${escapeText(safeLink(link))}">${content}</a>`
  const parts = [status && badge(status, language, statusWord), linked].filter(
    (part) => part !== undefined && part !== ''
  )
  const attributes = `${span > 1 ? ` colspan="${span}"` : ''}${typeof text === 'number' ? ' class="number"' : ''}`
  return label ? `<th scope="row"${attributes}>${parts.join(' ')}</th>` : `<td${attributes}>${parts.join(' ')}</td>`
}

function badge(status: Status, language: ReportLanguage, word?: string): string {
  return `<span class="status ${status}">${escapeText(statusLabel(status, language, word))}</span>`
}

/** Addresses come from stored documents: scripts are not followed. */
function safeLink(link: string): string {
  return /^(?:https?:|mailto:|#)/i.test(link) ? link : '#'
}

function lines(text: string): string {
  return escapeText(text).replaceAll(/\r?\n/g, '<br>')
}
