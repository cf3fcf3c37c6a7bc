/**
 * Reads the first sheet of an XLSX workbook (ISO/IEC 29500-1, SpreadsheetML) as texts. A reader of its own, as a plan needs
 * little of the format, the readers for ZIP and XML are here, and limits hold while it is unpacked.
 *
 * Merged cells all have the text of the first, since plans merge the process and the machine of neighbouring rows.
 */
import type { Readable } from 'node:stream'
import { SaxesParser } from 'saxes'
import { type Entry, fromBuffer, type ZipFile } from 'yauzl'
import { MAX_COLUMNS, MAX_ROWS, type SheetRow } from './sheet.ts'

/** Unpacked, of one part. */
const MAX_PART_BYTES = 64 * 2 ** 20
const MAX_PARTS = 2000
const MAX_DEPTH = 32
const MAX_ATTRIBUTES = 64
const MAX_MERGED_CELLS = 1_000_000

/** @throws Error that says why it is no workbook, or what is wrong in it */
export async function readXlsx(bytes: Buffer): Promise<SheetRow[]> {
  const zip = await openZip(bytes)
  try {
    const parts = await listParts(zip)
    const read = async (name: string) => {
      const entry = parts.get(name.toLowerCase())
      return entry === undefined ? undefined : readPart(zip, entry)
    }
    const sheet = await read(await firstSheet(read))
    if (sheet === undefined) throw new Error('it is no XLSX workbook: its first sheet is missing')
    const shared = sharedTexts((await read('xl/sharedStrings.xml')) ?? '<sst/>')
    const durations = durationStyles((await read('xl/styles.xml')) ?? '<styleSheet/>')
    return rowsOf(sheet, shared, durations)
  } finally {
    zip.close()
  }
}

/** Name of the part of the first sheet. */
async function firstSheet(read: (name: string) => Promise<string | undefined>): Promise<string> {
  const workbook = await read('xl/workbook.xml')
  if (workbook === undefined) throw new Error('it is no XLSX workbook: it has no part xl/workbook.xml')
  let id: string | undefined
  parse(workbook, {
    open: (name, attributes) => {
      if (name === 'sheet') id ??= attributes.id ?? ''
    }
  })
  let target: string | undefined
  parse((await read('xl/_rels/workbook.xml.rels')) ?? '<none/>', {
    open: (name, attributes) => {
      if (name === 'Relationship' && attributes.Id === id) target ??= attributes.Target
    }
  })
  if (target === undefined) return 'xl/worksheets/sheet1.xml'
  return target.startsWith('/') ? target.slice(1) : `xl/${target}`
}

function sharedTexts(xml: string): string[] {
  const texts: string[] = []
  let phonetic = 0
  parse(xml, {
    open: (name) => {
      if (name === 'si') texts.push('')
      if (name === 'rPh') phonetic++
    },
    close: (name) => {
      if (name === 'rPh') phonetic--
    },
    text: (text, name) => {
      if (name === 't' && phonetic === 0 && texts.length > 0) texts[texts.length - 1] += text
    }
  })
  return texts
}

/** Formats that show a number of days as a time (18.8.30): its cell is a duration. */
const TIME_FORMATS: ReadonlySet<number> = new Set([18, 19, 20, 21, 45, 46, 47])

/** The styles of cells that show a number as a time of day. */
function durationStyles(xml: string): ReadonlySet<number> {
  const own = new Set<number>()
  const styles = new Set<number>()
  let isCellFormat = false
  let index = 0
  parse(xml, {
    open: (name, { numFmtId, formatCode = '' }) => {
      if (name === 'numFmt' && /\[?h{1,2}\]?:mm|mm:ss/i.test(formatCode) && !/y|d/i.test(formatCode))
        own.add(Number(numFmtId))
      if (name === 'cellXfs') isCellFormat = true
      if (name !== 'xf' || !isCellFormat) return
      const id = Number(numFmtId)
      if (TIME_FORMATS.has(id) || own.has(id)) styles.add(index)
      index++
    },
    close: (name) => {
      if (name === 'cellXfs') isCellFormat = false
    }
  })
  return styles
}

interface Cell {
  readonly column: number
  readonly type: string
  readonly style: number
  text: string
}

function rowsOf(xml: string, shared: readonly string[], durations: ReadonlySet<number>): SheetRow[] {
  const rows: { number: number; cells: string[] }[] = []
  const merged: string[] = []
  let cell: Cell | undefined
  parse(xml, {
    open: (name, attributes) => {
      if (name === 'row') {
        const number = Number(attributes.r ?? (rows.at(-1)?.number ?? 0) + 1)
        if (rows.length >= MAX_ROWS) throw new Error(`it has more than ${MAX_ROWS} rows`)
        rows.push({ number, cells: [] })
      } else if (name === 'c') {
        const row = rows.at(-1)
        const { r, t: type = 'n', s: style = '-1' } = attributes
        const column = r === undefined ? (row?.cells.length ?? 0) : positionOf(r).column
        if (column >= MAX_COLUMNS) throw new Error(`row ${row?.number}: it has more than ${MAX_COLUMNS} columns`)
        cell = { column, type, style: Number(style), text: '' }
      } else if (name === 'mergeCell') merged.push(attributes.ref ?? '')
    },
    text: (text, name) => {
      if (cell !== undefined && (name === 'v' || name === 't')) cell.text += text
    },
    close: (name) => {
      if (name !== 'c' || cell === undefined) return
      const row = rows.at(-1)
      if (row !== undefined) {
        while (row.cells.length < cell.column) row.cells.push('')
        row.cells[cell.column] = textOf(cell, shared, durations).trim()
      }
      cell = undefined
    }
  })
  fillMerged(rows, merged)
  return rows
}

function textOf({ type, style, text }: Cell, shared: readonly string[], durations: ReadonlySet<number>): string {
  if (type === 's') return shared[Number(text)] ?? ''
  if (type === 'n' && durations.has(style) && text !== '') return `${Number((Number(text) * 86_400).toFixed(3))}`
  // 0.1 may be stored as 0.10000000000000001.
  return type === 'n' && text !== '' ? String(Number(text)) : text
}

function fillMerged(rows: readonly { readonly number: number; readonly cells: string[] }[], merged: string[]): void {
  const byNumber = new Map(rows.map((row) => [row.number, row.cells]))
  let filled = 0
  for (const range of merged) {
    const [from = '', to = from] = range.split(':')
    const [start, end] = [positionOf(from), positionOf(to)]
    const text = byNumber.get(start.row)?.[start.column] ?? ''
    for (let row = start.row; row <= end.row; row++) {
      const cells = byNumber.get(row)
      for (let column = start.column; column <= Math.min(end.column, MAX_COLUMNS); column++) {
        if (++filled > MAX_MERGED_CELLS) throw new Error(`it has more than ${MAX_MERGED_CELLS} merged cells`)
        while (cells !== undefined && cells.length <= column) cells.push('')
        if (cells !== undefined) cells[column] = text
      }
    }
  }
}

/** Of a cell such as B12; the column counts from 0. */
function positionOf(name: string): { readonly column: number; readonly row: number } {
  const [, letters = '', row = ''] = /^\$?([A-Z]{1,3})\$?(\d{1,7})$/.exec(name) ?? []
  if (row === '') throw new Error(`it is no XLSX workbook: "${name.slice(0, 20)}" is no cell`)
  let column = 0
  for (const letter of letters) column = column * 26 + letter.charCodeAt(0) - 64
  return { column: column - 1, row: Number(row) }
}

// ---- XML and ZIP

interface XmlHandlers {
  readonly open?: (name: string, attributes: Readonly<Record<string, string>>) => void
  readonly close?: (name: string) => void
  /** @param name of the element that the text is in */
  readonly text?: (text: string, name: string) => void
}

/** Names are without their prefix, since writers choose it. */
function parse(xml: string, { open, close, text }: XmlHandlers): void {
  const parser = new SaxesParser()
  const names: string[] = []
  let attributeCount = 0
  parser.on('error', (error) => {
    throw new Error(`it is no XLSX workbook: ${error.message}`)
  })
  parser.on('doctype', () => {
    throw new Error('it is no XLSX workbook: a document type (<!DOCTYPE …>) is not allowed')
  })
  parser.on('opentagstart', () => {
    attributeCount = 0
  })
  parser.on('attribute', () => {
    if (++attributeCount > MAX_ATTRIBUTES) throw new Error('it is no XLSX workbook: an element has too many attributes')
  })
  parser.on('opentag', ({ name, attributes }) => {
    if (names.length >= MAX_DEPTH) throw new Error('it is no XLSX workbook: its elements are nested too deep')
    const local = localName(name)
    names.push(local)
    open?.(local, Object.fromEntries(Object.entries(attributes).map(([key, value]) => [localName(key), value])))
  })
  parser.on('text', (part) => text?.(part, names.at(-1) ?? ''))
  parser.on('cdata', (part) => text?.(part, names.at(-1) ?? ''))
  parser.on('closetag', ({ name }) => {
    names.pop()
    close?.(localName(name))
  })
  parser.write(xml.replace(/^\uFEFF/, '')).close()
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}

function openZip(bytes: Buffer): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    fromBuffer(bytes, { lazyEntries: true, validateEntrySizes: true }, (error, zip) =>
      error ? reject(new Error(`it is no XLSX workbook: ${error.message}`)) : resolve(zip)
    )
  })
}

function listParts(zip: ZipFile): Promise<ReadonlyMap<string, Entry>> {
  if (zip.entryCount > MAX_PARTS) throw new Error(`it is no XLSX workbook: it has more than ${MAX_PARTS} parts`)
  const parts = new Map<string, Entry>()
  return new Promise((resolve, reject) => {
    zip.on('entry', (entry: Entry) => {
      parts.set(entry.fileName.toLowerCase(), entry)
      zip.readEntry()
    })
    zip.on('end', () => resolve(parts))
    zip.on('error', (error: Error) => reject(new Error(`it is no XLSX workbook: ${error.message}`)))
    zip.readEntry()
  })
}

async function readPart(zip: ZipFile, entry: Entry): Promise<string> {
  const tooLarge = () => new Error(`its part ${entry.fileName} is larger than ${MAX_PART_BYTES / 2 ** 20} MiB unpacked`)
  if (entry.uncompressedSize > MAX_PART_BYTES) throw tooLarge()
  const stream = await new Promise<Readable>((resolve, reject) => {
    zip.openReadStream(entry, (error, opened) => (error ? reject(error) : resolve(opened)))
  })
  const pieces: Uint8Array[] = []
  for await (const piece of stream) pieces.push(piece as Uint8Array)
  return Buffer.concat(pieces).toString()
}
