/**
 * The tables of a document as a workbook: a sheet each after an overview, written while their rows are produced, so that
 * the size of a table does not matter. SpreadsheetML, ECMA-376 part 1.
 */
import { PassThrough, Readable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { ZipFile } from 'yazl'
import type { TimeSlice } from '../../time-slice.ts'
import type { DocumentTable, ReportDocument, TableCell } from '../document.ts'
import { flowOf } from './flow.ts'
import { cellOf, words } from './words.ts'
import { contentTypes, coreProperties, packageRelations, styles, workbook, workbookRelations } from './xlsx-parts.ts'
import { MAX_ROWS, type SheetColumn, sheetXml } from './xlsx-sheet.ts'

/** Of the name of a sheet. */
const MAX_NAME_LENGTH = 31
/** Mean width of columns, in characters. */
const COLUMN_WIDTH = 20
const MIN_COLUMN_WIDTH = 8

/** @param slice of the request @returns the bytes of the workbook; destroyed where a row cannot be produced */
export function renderXlsx(document: ReportDocument, slice: TimeSlice): Readable {
  const zip = new ZipFile()
  const out = new PassThrough()
  const written = write(zip, document, slice)
  // yazl neither handles errors of its sources, nor closes them when its output is destroyed.
  written.catch((error: Error) => out.destroy(error))
  pipeline(zip.outputStream as Readable, out).catch(() => {})
  return out
}

async function write(zip: ZipFile, document: ReportDocument, slice: TimeSlice): Promise<void> {
  const takeName = freeNames()
  const { language } = document
  const { overview, sheet: unnamed } = words[language]
  const sheets: string[] = []
  const tables = tablesOf(document, (name) => takeName(name ?? unnamed))

  await addSheet(takeName(overview), overviewOf(document, tables), overviewColumns, false)
  for (const { name, table } of tables) {
    const columns = sheetColumns(table)
    const rows = table.rows[Symbol.iterator]()
    let part = 1
    for (let next = rows.next(); part === 1 || !next.done; part++) {
      const first = next
      await addSheet(
        part === 1 ? name : takeName(name),
        continued(first, rows, (last) => (next = last)),
        columns,
        true
      )
    }
  }
  const text = (content: string, path: string) => zip.addBuffer(Buffer.from(content), path)
  text(workbook(sheets), 'xl/workbook.xml')
  text(workbookRelations(sheets.length), 'xl/_rels/workbook.xml.rels')
  text(styles(), 'xl/styles.xml')
  text(coreProperties(document.title, language), 'docProps/core.xml')
  text(packageRelations(), '_rels/.rels')
  text(contentTypes(sheets.length), '[Content_Types].xml')
  zip.end()

  async function addSheet(
    name: string,
    rows: Iterable<readonly TableCell[]>,
    columns: readonly SheetColumn[],
    hasHead: boolean
  ): Promise<void> {
    sheets.push(name)
    const xml = sheetXml({ rows, columns, hasHead, language, isFirst: sheets.length === 1 }, slice)
    const source = Readable.from(xml)
    zip.addReadStream(source, `xl/worksheets/sheet${sheets.length}.xml`)
    await finished(source)
  }
}

function sheetColumns({ columns }: DocumentTable): SheetColumn[] {
  const total = columns.reduce((sum, { width = 1 }) => sum + width, 0)
  return columns.map(({ heading, width = 1 }) => {
    const share = (width * columns.length) / total
    return { heading, width: Math.max(MIN_COLUMN_WIDTH, Math.round(share * COLUMN_WIDTH)) }
  })
}

interface NamedTable {
  readonly name: string
  readonly table: DocumentTable
}

function tablesOf(document: ReportDocument, takeName: (name: string | undefined) => string): NamedTable[] {
  const tables: NamedTable[] = []
  let heading: string | undefined
  for (const item of flowOf(document)) {
    if (item.kind === 'heading') heading = item.text
    if (item.kind === 'table') tables.push({ name: takeName(item.sheet ?? item.caption ?? heading), table: item })
  }
  return tables
}

const overviewColumns: readonly SheetColumn[] = [
  { heading: '', width: 28 },
  { heading: '', width: 90 }
]

function* overviewOf(
  { title, properties, language }: ReportDocument,
  tables: readonly NamedTable[]
): Generator<readonly TableCell[]> {
  yield [{ text: title, label: true, span: 2 }]
  for (const [label, value] of properties) yield [{ text: label, label: true }, value]
  yield []
  for (const [index, { name, table }] of tables.entries()) {
    const link = { text: name, link: `#'${name.replaceAll("'", "''")}'!A1` }
    yield [{ text: index === 0 ? words[language].contents : '', ...(index === 0 && { label: true }) }, link]
    if (table.caption !== undefined && table.caption !== name) yield ['', table.caption]
  }
}

/** As many rows as fit on a sheet. @param ended receives the first row that does not, or the end */
function* continued(
  first: IteratorResult<readonly TableCell[]>,
  rows: Iterator<readonly TableCell[]>,
  ended: (next: IteratorResult<readonly TableCell[]>) => void
): Generator<readonly TableCell[]> {
  let next = first
  for (let count = 0; !next.done && count < MAX_ROWS - 1; count++) {
    yield next.value.map(cellOf)
    next = rows.next()
  }
  ended(next)
}

/** Names of sheets: at most 31 characters, without those that formulas use, each once whatever its case. */
function freeNames(): (wanted: string) => string {
  const taken = new Set<string>()
  return (wanted) => {
    const base =
      wanted
        .replace(/[[\]:*?/\\\0-\x1f]/g, ' ')
        .replace(/^'+|'+$/g, '')
        .trim() || '-'
    for (let number = 1; ; number++) {
      const suffix = number === 1 ? '' : ` (${number})`
      const name = base.slice(0, MAX_NAME_LENGTH - suffix.length).trim() + suffix
      if (taken.has(name.toLowerCase())) continue
      taken.add(name.toLowerCase())
      return name
    }
  }
}
