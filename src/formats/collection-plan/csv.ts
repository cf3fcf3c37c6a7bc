/**
 * Reads CSV (RFC 4180) as spreadsheets write it: separated by commas, semicolons or tabs; in UTF-8, or in CP949 as Korean
 * Windows does.
 */
import { MAX_COLUMNS, MAX_ROWS, type SheetRow } from './sheet.ts'

/** @throws Error that says what is wrong and in which row */
export function readCsv(bytes: Uint8Array): SheetRow[] {
  const text = decode(bytes)
  const separator = separatorOf(text)
  const rows: SheetRow[] = []
  let cells: string[] = []
  // Rows are numbered as a spreadsheet does, in which a cell with line breaks is still one row.
  let number = 1
  let at = 0
  while (at < text.length) {
    const { value, end } = text[at] === '"' ? quoted(text, at, number) : plain(text, at, separator)
    cells.push(value.trim())
    if (cells.length > MAX_COLUMNS) throw new Error(`row ${number}: it has more than ${MAX_COLUMNS} columns`)
    at = end
    if (text[at] === separator) {
      at++
      // The last cell of the text is empty.
      if (at === text.length) cells.push('')
    } else if (at < text.length && text[at] !== '\r' && text[at] !== '\n') {
      throw new Error(`row ${number}: there is text behind the closing quotation mark of a cell`)
    }
    if (at < text.length && text[at] !== '\r' && text[at] !== '\n') continue
    if (text[at - 1] === separator && at < text.length) cells.push('')
    if (text[at] === '\r' && text[at + 1] === '\n') at++
    at++
    rows.push({ number, cells })
    if (rows.length > MAX_ROWS) throw new Error(`it has more than ${MAX_ROWS} rows`)
    cells = []
    number++
  }
  return rows
}

function plain(text: string, start: number, separator: string): { readonly value: string; readonly end: number } {
  let end = start
  while (end < text.length && text[end] !== separator && text[end] !== '\r' && text[end] !== '\n') end++
  return { value: text.slice(start, end), end }
}

function quoted(text: string, start: number, row: number): { readonly value: string; readonly end: number } {
  let value = ''
  for (let at = start + 1; ; ) {
    const close = text.indexOf('"', at)
    if (close === -1) throw new Error(`row ${row}: a cell begins with a quotation mark that is not closed`)
    value += text.slice(at, close)
    if (text[close + 1] !== '"') return { value, end: close + 1 }
    value += '"'
    at = close + 2
  }
}

function decode(bytes: Uint8Array): string {
  for (const encoding of ['utf-8', 'euc-kr']) {
    try {
      // The byte order mark is left out.
      return new TextDecoder(encoding, { fatal: true }).decode(bytes)
    } catch {}
  }
  throw new Error('it is neither text in UTF-8 nor in CP949')
}

/** The one that is most frequent in the first row. */
function separatorOf(text: string): string {
  const [head = ''] = text.split(/\r|\n/, 1)
  const counts = [',', ';', '\t'].map((sign) => ({ sign, count: head.split(sign).length }))
  return counts.reduce((most, one) => (one.count > most.count ? one : most)).sign
}
