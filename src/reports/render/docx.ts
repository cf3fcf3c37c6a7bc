/** A document as DOCX, for Word, LibreOffice and Hangul Word Processor. */
import {
  Bookmark,
  Document,
  Footer,
  Header,
  HeadingLevel,
  InternalHyperlink,
  Packer,
  PageNumber,
  Paragraph,
  Tab,
  type Table,
  TabStopType,
  TextRun
} from 'docx'
import type { ReportLanguage } from '../../operations/report-language.ts'
import type { TimeSlice } from '../../time-slice.ts'
import type { ReportDocument, TableCell } from '../document.ts'
import { bookmarkOf, bullet, captionOf, type DocxContext, docxTable, figureOf, paragraphOf } from './docx-blocks.ts'
import { docxStyles, pageLayout } from './docx-style.ts'
import { type FoldEdge, flowOf, type Heading, headingsOf, type NumberedBlock } from './flow.ts'
import { withStatus, words } from './words.ts'

/** Levels of headings in the table of contents. */
const CONTENTS_LEVELS = 2
/** A shorter document has no table of contents. */
const MIN_CONTENTS = 4

/** @param slice of the request @throws the reason of its signal */
export async function renderDocx(document: ReportDocument, slice: TimeSlice): Promise<Buffer> {
  const { title, language, properties, isLandscape = false } = document
  const layout = pageLayout(isLandscape)
  const context = { language, layout, slice }
  const cover = { columns: [{ heading: '' }, { heading: '', width: 3 }], rows: properties.map(propertyRow) }
  const children: (Paragraph | Table)[] = [
    new Paragraph({ style: 'Title', children: [new TextRun(title)] }),
    await docxTable({ kind: 'table', ...cover }, context),
    ...contentsOf(document)
  ]
  for (const item of flowOf(document)) {
    await slice.check()
    if (item.kind === 'heading') children.push(headingOf(item))
    else if (item.kind === 'fold') children.push(foldHead(item, language))
    else if (item.kind !== 'fold-end') children.push(...(await blockOf(item, context)))
  }
  const section = {
    properties: { page: layout.page },
    headers: { default: headOf(title) },
    footers: { default: footOf(layout.textWidth) },
    children
  }
  return Packer.toBuffer(new Document({ title, creator: 'AAS Hub', styles: docxStyles(), sections: [section] }))
}

function propertyRow([label, value]: readonly [string, string]): readonly TableCell[] {
  return [{ text: label, label: true }, value]
}

/** Its summary, with the anchor that links to it lead to. */
function foldHead({ id, summary, status }: Extract<FoldEdge, { kind: 'fold' }>, language: ReportLanguage): Paragraph {
  const text = withStatus(summary, status, language)
  return new Paragraph({
    keepNext: true,
    children: [new Bookmark({ id: bookmarkOf(id), children: [new TextRun({ text, bold: true })] })]
  })
}

async function blockOf(block: NumberedBlock, context: DocxContext): Promise<(Paragraph | Table)[]> {
  const { language } = context
  if (block.kind === 'list') return block.items.map(bullet)
  if (block.kind === 'paragraph') return [paragraphOf(block, language)]
  if (block.kind === 'figure') return figureOf(block, context)
  const table = await docxTable(block, context)
  const caption =
    block.caption === undefined ? [] : [captionOf(words[language].table, block.number, block.caption, true)]
  // Tables without a paragraph between them would become one.
  return [...caption, table, new Paragraph({ style: 'AfterTable' })]
}

function headOf(title: string): Header {
  return new Header({ children: [new Paragraph({ style: 'RunningText', children: [new TextRun(title)] })] })
}

function footOf(textWidth: number): Footer {
  const pages = new TextRun({ children: [new Tab(), PageNumber.CURRENT, ' / ', PageNumber.TOTAL_PAGES] })
  const tabStops = [{ type: TabStopType.RIGHT, position: textWidth }]
  return new Footer({ children: [new Paragraph({ style: 'RunningText', tabStops, children: [pages] })] })
}

/** Without page numbers: they would be wrong until a program counts them. */
function contentsOf(document: ReportDocument): Paragraph[] {
  const headings = headingsOf(document, CONTENTS_LEVELS)
  if (headings.length < MIN_CONTENTS) return []
  const entries = headings.map(({ id, number, text, level }) => {
    const link = new InternalHyperlink({ anchor: bookmarkOf(id), children: [new TextRun(`${number}  ${text}`)] })
    return new Paragraph({ style: `Contents${level}`, children: [link] })
  })
  const heading = new TextRun(words[document.language].contents)
  return [new Paragraph({ style: 'ContentsHeading', children: [heading] }), ...entries]
}

const LEVELS = [HeadingLevel.HEADING_1, HeadingLevel.HEADING_2, HeadingLevel.HEADING_3, HeadingLevel.HEADING_4] as const

function headingOf({ level, number, id, text }: Heading): Paragraph {
  return new Paragraph({
    heading: LEVELS[level - 1] ?? HeadingLevel.HEADING_4,
    children: [new Bookmark({ id: bookmarkOf(id), children: [new TextRun(`${number}  ${text}`)] })]
  })
}
