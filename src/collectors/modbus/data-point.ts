/** An item of a Modbus interface: the bits or registers that it is read from, by the vocabulary of the binding (`modv_`). */
import {
  type InterfaceDescription,
  type InterfaceItem,
  settingOf
} from '../../operations/asset-interfaces/asset-interface.ts'
import { member, text } from '../../operations/asset-interfaces/members.ts'
import { CollectorError } from '../connector.ts'
import { isBits, MAX_REGISTERS, type RegisterTable } from './pdu.ts'
import { REGISTERS_OF, type RegisterFormat, type RegisterType } from './register-type.ts'

export interface DataPoint {
  readonly item: InterfaceItem
  readonly unit: number
  readonly table: RegisterTable
  /** Counted from 0, as it is sent. */
  readonly address: number
  /** Number of bits or registers. */
  readonly count: number
  readonly format: RegisterFormat
  /** Is it written by the functions for several coils or registers, also where it is one? */
  readonly isWrittenAsMultiple: boolean
  readonly intervalMs: number
  readonly timeoutMs: number
}

const DEFAULT_INTERVAL_MS = 1000
/** A machine is not read more often. */
const MIN_INTERVAL_MS = 10
const DEFAULT_TIMEOUT_MS = 1000
const MAX_TIMEOUT_MS = 60_000
/** Where the address names none: a device without a serial line behind it answers at any. */
const DEFAULT_UNIT = 1

/** @throws CollectorError */
export function dataPointOf(assetInterface: InterfaceDescription, item: InterfaceItem): DataPoint {
  const setting = (name: string) => settingOf(assetInterface, item, name)
  const { unit, number, quantity } = parseHref(assetInterface.base, setting('href') ?? '')
  const named = tableOf(setting('modv_entity'), setting('modv_function'))
  const place = addressOf(number, named, flagOf(setting('modv_zeroBasedAddressing')))
  const format = formatOf(setting, item, place.table, quantity)
  const count = isBits(place.table) ? 1 : format.registers
  if (place.address + count > 65536) throw new CollectorError(`the address ${number} is out of range`)
  return {
    ...{ item, unit, ...place, count, format },
    isWrittenAsMultiple: /^writeMultiple|^1[56]$/i.test(setting('modv_function') ?? ''),
    intervalMs: Math.max(
      MIN_INTERVAL_MS,
      item.pollingMs ?? numberOf(setting('modv_pollingTime'), 'modv_pollingTime', DEFAULT_INTERVAL_MS)
    ),
    timeoutMs: Math.min(
      MAX_TIMEOUT_MS,
      Math.max(1, numberOf(setting('modv_timeout'), 'modv_timeout', DEFAULT_TIMEOUT_MS))
    )
  }
}

interface ParsedHref {
  readonly unit: number
  /** The address as it is written, which may begin with the number of a table. */
  readonly number: string
  readonly quantity: number | undefined
}

/** `{unit}/{address}?quantity={n}`, below the base; the unit may also be in the base, or `unitID` in the query. */
function parseHref(base: string | undefined, href: string): ParsedHref {
  const [path = '', query = ''] = href.replace(/^[a-z+]+:\/\/[^/?]*/i, '').split('?', 2)
  const parameters = new URLSearchParams(query)
  const basePath = (base ?? '').replace(/^[a-z+]+:\/\/[^/?]*/i, '').split('?')[0] ?? ''
  const segments = path.split('/').filter((segment) => segment !== '')
  const [number = parameters.get('address') ?? ''] = segments.slice(-1)
  const unitText = segments.at(-2) ?? parameters.get('unitID') ?? basePath.split('/').findLast((part) => part !== '')
  const unit = unitText === undefined ? DEFAULT_UNIT : Number(unitText)
  if (segments.length > 2 || !/^\d{1,6}$/.test(number) || !Number.isInteger(unit) || unit < 0 || unit > 255) {
    throw new CollectorError(`the href ${href} is not of the form unit/address?quantity=n`)
  }
  const quantity = parameters.get('quantity') ?? undefined
  return { unit, number, quantity: quantity === undefined ? undefined : wholeOf(quantity, 'quantity') }
}

const ENTITIES: Readonly<Record<string, RegisterTable>> = {
  coil: 'coil',
  discreteinput: 'discreteInput',
  holdingregister: 'holdingRegister',
  inputregister: 'inputRegister'
}

const FUNCTIONS: Readonly<Record<string, RegisterTable>> = {
  ...{ readcoil: 'coil', writesinglecoil: 'coil', writemultiplecoils: 'coil' },
  ...{ readdiscreteinput: 'discreteInput', readinputregisters: 'inputRegister' },
  ...{ readholdingregisters: 'holdingRegister', writesingleholdingregister: 'holdingRegister' },
  ...{ writemultipleholdingregisters: 'holdingRegister' },
  ...{ 1: 'coil', 2: 'discreteInput', 3: 'holdingRegister', 4: 'inputRegister' },
  ...{ 5: 'coil', 6: 'holdingRegister', 15: 'coil', 16: 'holdingRegister' }
}

function tableOf(entity: string | undefined, name: string | undefined): RegisterTable | undefined {
  if (entity !== undefined) {
    const table = ENTITIES[entity.toLowerCase()]
    if (table === undefined) {
      throw new CollectorError(
        `modv_entity is ${entity}; Coil, DiscreteInput, HoldingRegister or InputRegister was expected`
      )
    }
    return table
  }
  if (name === undefined) return undefined
  const table = FUNCTIONS[name.toLowerCase()]
  if (table === undefined) throw new CollectorError(`modv_function ${name} is not supported`)
  return table
}

/** First digit of addresses that name their table, such as 40001. */
const PREFIXES: Readonly<Record<string, RegisterTable>> = {
  0: 'coil',
  1: 'discreteInput',
  3: 'inputRegister',
  4: 'holdingRegister'
}

/**
 * An address of five or six digits whose first one is that of a table, such as 40001, is counted from 1 within that table,
 * unless it is declared to be counted from 0. Others are counted from 1 unless declared otherwise.
 */
function addressOf(
  number: string,
  named: RegisterTable | undefined,
  isZeroBased: boolean | undefined
): { readonly table: RegisterTable; readonly address: number } {
  const prefixed = number.length >= 5 && isZeroBased !== true ? PREFIXES[number[0] ?? ''] : undefined
  const within = Number(number.slice(1))
  if (prefixed !== undefined && within > 0 && (named ?? prefixed) === prefixed) {
    return { table: prefixed, address: within - 1 }
  }
  if (named === undefined) throw new CollectorError(`the address ${number} names no table, and modv_entity is absent`)
  const address = Number(number) - (isZeroBased === true ? 0 : 1)
  if (address < 0) throw new CollectorError('addresses are counted from 1, unless modv_zeroBasedAddressing is true')
  return { table: named, address }
}

/** Orders that names in `byteSeq` of the content type stand for: bytes, then words. */
const SEQUENCES: Readonly<Record<string, readonly [boolean, boolean]>> = {
  BIG_ENDIAN: [true, true],
  LITTLE_ENDIAN: [false, false],
  BIG_ENDIAN_BYTE_SWAP: [false, true],
  LITTLE_ENDIAN_BYTE_SWAP: [true, false]
}

function formatOf(
  setting: (name: string) => string | undefined,
  { affordance }: InterfaceItem,
  table: RegisterTable,
  quantity: number | undefined
): RegisterFormat {
  const type = isBits(table) ? 'boolean' : typeOf(setting('modv_type'), text(member(affordance, 'type')), quantity)
  const registers = REGISTERS_OF[type] ?? quantity ?? 1
  if (quantity !== undefined && quantity !== (isBits(table) ? 1 : registers)) {
    throw new CollectorError(`a quantity of ${quantity} does not fit xs:${type}, which takes ${registers}`)
  }
  if (registers < 1 || registers > MAX_REGISTERS) {
    throw new CollectorError(`at most ${MAX_REGISTERS} registers are read at once; ${registers} are asked for`)
  }
  const [bytes, words] = SEQUENCES[/byteSeq=(\w+)/.exec(setting('contentType') ?? '')?.[1] ?? ''] ?? [true, true]
  const bit = setting('bit')
  const scale = numberOf(setting('scale'), 'scale', 1)
  if (scale === 0) throw new CollectorError('a scale of 0 loses every value')
  return {
    ...{ type, registers, scale },
    bigEndianBytes: flagOf(setting('modv_mostSignificantByte')) ?? bytes,
    bigEndianWords: flagOf(setting('modv_mostSignificantWord')) ?? words,
    bit: bit === undefined ? undefined : bitOf(bit, registers),
    offset: numberOf(setting('offset'), 'offset', 0)
  }
}

/** By the names of XML Schema in any spelling, else by the type of the property and the number of registers. */
function typeOf(
  declared: string | undefined,
  property: string | undefined,
  quantity: number | undefined
): RegisterType {
  const name = declared?.replace(/^xsd?:/, '').toLowerCase()
  const known = name === undefined ? undefined : TYPES.get(name)
  if (name !== undefined && known === undefined) throw new CollectorError(`modv_type ${declared} is not supported`)
  if (known !== undefined) return known
  if (property === 'boolean' || property === 'string') return property
  const isFraction = property === 'float' || property === 'double' || property === 'number'
  if (isFraction && quantity === 4) return 'double'
  return isFraction && quantity === 2 ? 'float' : 'integer'
}

const TYPES: ReadonlyMap<string, RegisterType> = new Map([
  ...(Object.keys(REGISTERS_OF) as RegisterType[]).map((type) => [type.toLowerCase(), type] as const),
  ['integer', 'integer'],
  ['decimal', 'integer'],
  ['string', 'string'],
  ['hexbinary', 'hexBinary']
])

function flagOf(value: string | undefined): boolean | undefined {
  return value === undefined ? undefined : /^(?:true|1)$/i.test(value)
}

function numberOf(value: string | undefined, name: string, otherwise: number): number {
  const number = value === undefined ? otherwise : Number(value)
  if (!Number.isFinite(number)) throw new CollectorError(`${name} is ${value}; a number was expected`)
  return number
}

function wholeOf(value: string, name: string): number {
  if (!/^\d{1,5}$/.test(value)) throw new CollectorError(`${name} is ${value}; a whole number was expected`)
  return Number(value)
}

function bitOf(value: string, registers: number): number {
  const bit = wholeOf(value, 'bit')
  if (bit > 15 || registers !== 1) throw new CollectorError('a bit is one of 0 to 15 of a single register')
  return bit
}
