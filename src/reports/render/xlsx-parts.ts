/** The parts of a workbook beside its sheets. */
import type { ReportLanguage } from '../../operations/report-language.ts'
import type { Status } from '../document.ts'
import { escapeText } from '../drawing/escape.ts'
import { LABEL_GROUND, statusColours } from './words.ts'

const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const RELATIONS = 'http://schemas.openxmlformats.org/package/2006/relationships'
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'

const statuses: readonly Status[] = ['met', 'partly', 'unmet', 'unknown']

/** Indexes of cell formats in styles.xml. */
export const cellStyles = { plain: 1, label: 2, link: 3, met: 4, partly: 5, unmet: 6, unknown: 7 } as const

export function styles(): string {
  const font = (inner: string) => `<font>${inner}<sz val="9"/>FONT</font>`
  const coloured = (colour: string) => `<font><b/><sz val="9"/><color rgb="FF${colour.toUpperCase()}"/>NAME</font>`
  const fonts = [
    font(''),
    '<font><b/><sz val="9"/>NAME</font>',
    '<font><u/><sz val="9"/><color rgb="FF0B5394"/>NAME</font>',
    ...statuses.map((status) => coloured(statusColours[status].text))
  ].map((one) => one.replace(/FONT|NAME/, '<name val="맑은 고딕"/><family val="2"/><charset val="129"/>'))
  const fill = (colour: string) =>
    `<fill><patternFill patternType="solid"><fgColor rgb="FF${colour.toUpperCase()}"/><bgColor indexed="64"/></patternFill></fill>`
  const fills = [
    '<fill><patternFill patternType="none"/></fill>',
    '<fill><patternFill patternType="gray125"/></fill>',
    fill(LABEL_GROUND),
    ...statuses.map((status) => fill(statusColours[status].ground))
  ]
  const side = (name: string) => `<${name} style="thin"><color rgb="FFAAB4C0"/></${name}>`
  const border = `<border>${['left', 'right', 'top', 'bottom'].map(side).join('')}<diagonal/></border>`
  const format = (fontId: number, fillId: number, wrap = 'wrapText="1"') =>
    `<xf numFmtId="0" fontId="${fontId}" fillId="${fillId}" borderId="1" xfId="0" applyFont="1" applyFill="1" applyBorder="1" applyAlignment="1"><alignment vertical="top" ${wrap}/></xf>`
  const formats = [
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>',
    format(0, 0),
    format(1, 2),
    format(2, 0),
    ...statuses.map((_, index) => format(3 + index, 3 + index))
  ]
  const list = (name: string, items: readonly string[]) =>
    `<${name} count="${items.length}">${items.join('')}</${name}>`
  return `${HEAD}<styleSheet xmlns="${MAIN}">${list('fonts', fonts)}${list('fills', fills)}${list('borders', ['<border><left/><right/><top/><bottom/><diagonal/></border>', border])}<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>${list('cellXfs', formats)}<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`
}

export function workbook(names: readonly string[]): string {
  const sheets = names.map((name, at) => `<sheet name="${escapeText(name)}" sheetId="${at + 1}" r:id="rId${at + 1}"/>`)
  return `${HEAD}<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><bookViews><workbookView activeTab="0"/></bookViews><sheets>${sheets.join('')}</sheets></workbook>`
}

export function workbookRelations(sheets: number): string {
  const list = Array.from(
    { length: sheets },
    (_, at) => `<Relationship Id="rId${at + 1}" Type="${OFFICE}/worksheet" Target="worksheets/sheet${at + 1}.xml"/>`
  )
  return `${HEAD}<Relationships xmlns="${RELATIONS}">${list.join('')}<Relationship Id="rId${sheets + 1}" Type="${OFFICE}/styles" Target="styles.xml"/></Relationships>`
}

export function packageRelations(): string {
  return `${HEAD}<Relationships xmlns="${RELATIONS}"><Relationship Id="rId1" Type="${OFFICE}/officeDocument" Target="xl/workbook.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>`
}

export function coreProperties(title: string, language: ReportLanguage): string {
  return `${HEAD}<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>${escapeText(title)}</dc:title><dc:creator>AAS Hub</dc:creator><dc:language>${language}</dc:language></cp:coreProperties>`
}

export function contentTypes(sheets: number): string {
  const type = 'application/vnd.openxmlformats-officedocument.spreadsheetml'
  const list = Array.from(
    { length: sheets },
    (_, at) => `<Override PartName="/xl/worksheets/sheet${at + 1}.xml" ContentType="${type}.worksheet+xml"/>`
  )
  return `${HEAD}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${type}.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="${type}.styles+xml"/><Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>${list.join('')}</Types>`
}
