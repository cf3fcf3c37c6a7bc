/** Lists of registers, as manuals of vendors have them, as CSV: each row becomes a point of an interface. */
import type { SheetRow } from '../../formats/collection-plan/sheet.ts'
import { idShortOf } from '../../model/id-short.ts'
import type { DataTypeDefXsd } from '../../model/types.ts'
import { collection, property } from '../../operations/asset-interfaces/describe/elements.ts'
import {
  type InterfaceDraft,
  type PointDraft,
  toIdShort
} from '../../operations/asset-interfaces/describe/interface-draft.ts'

export interface ListOptions {
  /** e.g. `modbus+tcp://192.168.10.7:502`. */
  readonly base: string
  /** Prefix of all ids. */
  readonly ids: string
  readonly title: string
  /** Unit of the rows that name none; absent: 1. */
  readonly unit?: number
}

/** Columns, and the headings that manuals give them, without case, spaces and punctuation. */
const COLUMNS = {
  name: ['name', 'signal', 'tag', 'variable', 'parameter', '이름', '명칭', '항목', '태그'],
  address: ['address', 'register', 'adr', 'addr', 'offset address', '주소', '번지'],
  table: ['table', 'entity', 'registertype', 'function', 'functioncode', 'area', '영역', '기능코드'],
  type: ['type', 'datatype', 'format', '형식', '타입', '데이터타입', '자료형'],
  unitId: ['unitid', 'slave', 'slaveid', 'station', '국번', '슬레이브'],
  count: ['quantity', 'count', 'length', 'registers', 'words', '개수', '길이'],
  scale: ['scale', 'factor', 'multiplier', 'gain', '배율', '스케일'],
  offset: ['offset', 'bias', '오프셋'],
  bit: ['bit', '비트'],
  unit: ['unit', 'units', 'engineeringunit', '단위'],
  description: ['description', 'comment', 'remark', 'meaning', '설명', '비고'],
  interval: ['interval', 'pollinginterval', 'polling', 'period', '주기'],
  access: ['access', 'rw', 'readwrite', '접근', '권한'],
  byteOrder: ['byteorder', '바이트순서'],
  wordOrder: ['wordorder', '워드순서']
} as const

type Column = keyof typeof COLUMNS
type Row = Readonly<Partial<Record<Column, string>>>

/** A row that is no register. */
export interface RowProblem {
  /** Counted from 1, as a spreadsheet shows it. */
  readonly row: number
  readonly text: string
}

export interface RegisterList {
  readonly draft: InterfaceDraft
  /** The row of each point of the draft. */
  readonly rows: ReadonlyMap<PointDraft, number>
  /** Rows that are left out. */
  readonly problems: readonly RowProblem[]
}

/** @throws Error where nothing can be read of it */
export function draftOfRegisters(
  sheet: readonly SheetRow[],
  { base, ids, title, unit = 1 }: ListOptions
): RegisterList {
  const [head, ...body] = sheet.filter(({ cells }) => cells.some((cell) => cell.trim() !== ''))
  const columns = head === undefined ? new Map<Column, number>() : columnsOf(head.cells)
  for (const needed of ['name', 'address'] as const) {
    if (!columns.has(needed))
      throw new Error(`there is no column ${needed}; its heading is one of ${COLUMNS[needed].join(', ')}`)
  }
  const taken = new Set<string>()
  const rows = new Map<PointDraft, number>()
  const problems: RowProblem[] = []
  for (const { cells, number } of body) {
    const fields = Object.fromEntries(
      [...columns].flatMap(([column, at]) => {
        const text = cells[at]?.trim() ?? ''
        return text === '' ? [] : [[column, text]]
      })
    ) as Row
    try {
      rows.set(pointOf({ unitId: String(unit), ...fields }, taken), number)
    } catch (error) {
      problems.push({ row: number, text: (error as Error).message })
    }
  }
  if (body.length === 0) throw new Error('there is no row with a register')
  const draft: InterfaceDraft = {
    ...{ ids, assetId: ids, idShort: 'InterfaceMODBUS', title, base, contentType: 'application/octet-stream' },
    points: [...rows.keys()],
    vocabulary: 'http://www.w3.org/2011/modbus',
    security: [
      collection('nosec_sc', 'https://www.w3.org/2019/wot/security#NoSecurityScheme', [
        property('scheme', 'https://www.w3.org/2019/wot/security#SecurityScheme', 'nosec')
      ])
    ]
  }
  return { draft, rows, problems }
}

function columnsOf(cells: readonly string[]): Map<Column, number> {
  const found = new Map<Column, number>()
  for (const [at, cell] of cells.entries()) {
    const heading = cell.toLowerCase().replace(/[^\p{L}\d]/gu, '')
    for (const [column, names] of Object.entries(COLUMNS) as [Column, readonly string[]][]) {
      if (!found.has(column) && names.includes(heading)) found.set(column, at)
    }
  }
  return found
}

const TABLES: readonly (readonly [RegExp, string])[] = [
  [/^(?:0x?|1|5|15|coils?|do|0xxxx)$/i, 'Coil'],
  [/^(?:1x|2|discrete ?inputs?|di|1xxxx)$/i, 'DiscreteInput'],
  [/^(?:3x|input ?registers?|ai|ir|3xxxx|4\(?input\)?)$/i, 'InputRegister'],
  [/^(?:4x|3|6|16|holding ?registers?|hr|ao|4xxxx)$/i, 'HoldingRegister'],
  [/^4$/, 'InputRegister']
]

/** Names of types in manuals. */
const TYPES: readonly (readonly [RegExp, string])[] = [
  [/^(?:bool(?:ean)?|bit)$/i, 'boolean'],
  [/^(?:u?int8|byte|ubyte)$/i, 'unsignedByte'],
  [/^(?:s?int16|int|short|signed ?16(?: ?bit)?|s16|i16)$/i, 'short'],
  [/^(?:uint16|uint|word|unsigned ?short|unsigned ?16(?: ?bit)?|u16)$/i, 'unsignedShort'],
  [/^(?:s?int32|dint|long|signed ?32(?: ?bit)?|s32|i32)$/i, 'int'],
  [/^(?:uint32|udint|dword|ulong|unsigned ?int|unsigned ?32(?: ?bit)?|u32)$/i, 'unsignedInt'],
  [/^(?:s?int64|lint|s64|i64)$/i, 'long'],
  [/^(?:uint64|ulint|lword|u64|unsigned ?long)$/i, 'unsignedLong'],
  [/^(?:float(?:32)?|real|single|f32)$/i, 'float'],
  [/^(?:double|float64|lreal|f64)$/i, 'double'],
  [/^(?:string|ascii|char|text)$/i, 'string']
]

function pointOf(row: Row, taken: Set<string>): PointDraft {
  const { name = '', address = '', unitId = '', count, table, type, description, unit, interval, access } = row
  if (name === '') throw new Error('the name is missing')
  const number = /^(?:0x([\da-f]{1,4})|(\d{1,6}))$/i.exec(address)
  if (number === null) throw new Error(`the address is "${address}"; a number was expected`)
  const decimal = number[1] === undefined ? address : String(Number.parseInt(number[1], 16))
  const entity = table === undefined ? undefined : oneOf(table, TABLES, 'a table such as holding register')
  const isPrefixed = entity === undefined && decimal.length >= 5
  const isBits = entity === 'Coil' || entity === 'DiscreteInput' || (isPrefixed && /^[01]/.test(decimal))
  const declared =
    type === undefined ? (isBits ? 'boolean' : 'unsignedShort') : oneOf(type, TYPES, 'a type such as INT16')
  const { scale, offset, bit, byteOrder, wordOrder } = row
  const isScaled = Number(scale ?? 1) !== 1 || Number(offset ?? 0) !== 0
  const valueType = bit !== undefined ? 'boolean' : isScaled ? 'double' : declared
  const form: Record<string, string> = {
    ...(entity !== undefined && { modv_entity: entity }),
    ...(!isPrefixed && entity === undefined && { modv_entity: 'HoldingRegister' }),
    // Addresses as numbers of a protocol begin with 0, those with a table in front with 1.
    ...(!isPrefixed && { modv_zeroBasedAddressing: 'true' }),
    ...(!isBits && { modv_type: `xsd:${declared}` }),
    ...(scale !== undefined && { scale: numberOf(scale, 'scale') }),
    ...(offset !== undefined && { offset: numberOf(offset, 'offset') }),
    ...(bit !== undefined && { bit: numberOf(bit, 'bit') }),
    ...(byteOrder !== undefined && { modv_mostSignificantByte: String(!/little|swap|low/i.test(byteOrder)) }),
    ...(wordOrder !== undefined && { modv_mostSignificantWord: String(!/little|swap|low/i.test(wordOrder)) })
  }
  const idShort = unique(nameOf(name), taken)
  return {
    ...{ path: [idShort], title: name, form, isWritable: /w/i.test(access ?? '') },
    href: `${numberOf(unitId, 'unit id')}/${decimal}${count === undefined ? '' : `?quantity=${numberOf(count, 'count')}`}`,
    value: { kind: 'leaf', type: `xs:${valueType}` as DataTypeDefXsd, ...(unit !== undefined && { unit }) },
    ...(description !== undefined && { description }),
    ...(interval !== undefined && { pollingS: Number(numberOf(interval, 'interval')) })
  }
}

function oneOf(text: string, names: readonly (readonly [RegExp, string])[], expected: string): string {
  const found = names.find(([pattern]) => pattern.test(text.trim()))
  if (found === undefined) throw new Error(`"${text}" is not known; ${expected} was expected`)
  return found[1]
}

function numberOf(text: string, what: string): string {
  const plain = text.replace(',', '.')
  if (plain === '' || !Number.isFinite(Number(plain)))
    throw new Error(`the ${what} is "${text}"; a number was expected`)
  return plain
}

/** A name in another script, of which nothing would be left, gets the idShort that samples of that name lead to. */
function nameOf(name: string): string {
  const plain = toIdShort(name)
  return /^[A-Za-z]\w*[A-Za-z\d]$/.test(plain) && /[A-Za-z]/.test(name) ? plain : idShortOf(name)
}

function unique(idShort: string, taken: Set<string>): string {
  let name = idShort
  for (let count = 2; taken.has(name); count++) name = `${idShort}_${count}`
  taken.add(name)
  return name
}
