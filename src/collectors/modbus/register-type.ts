/** Values in registers: types of `modv_type`, byte and word order, scale and offset. */
import type { DataTypeDefXsd } from '../../model/types.ts'
import { CollectorError } from '../connector.ts'

export type RegisterType =
  | 'boolean'
  | 'byte'
  | 'unsignedByte'
  | 'short'
  | 'unsignedShort'
  | 'int'
  | 'unsignedInt'
  | 'long'
  | 'unsignedLong'
  | 'integer'
  | 'float'
  | 'double'
  | 'string'
  | 'hexBinary'

/** How a value lies in its registers. */
export interface RegisterFormat {
  readonly type: RegisterType
  /** Number of registers. */
  readonly registers: number
  /** Is the most significant byte of each register, and register of each value, the first one? */
  readonly bigEndianBytes: boolean
  readonly bigEndianWords: boolean
  /** A single bit of a register, counted from the least significant one. */
  readonly bit: number | undefined
  /** The value is `raw × scale + offset`. */
  readonly scale: number
  readonly offset: number
}

/** Registers that a type takes; absent: any number. */
export const REGISTERS_OF: Readonly<Partial<Record<RegisterType, number>>> = {
  boolean: 1,
  byte: 1,
  unsignedByte: 1,
  short: 1,
  unsignedShort: 1,
  int: 2,
  unsignedInt: 2,
  long: 4,
  unsignedLong: 4,
  float: 2,
  double: 4
}

/** Digits that a double keeps exactly: scaling would add noise beyond them. */
const DIGITS = 15

/** @returns undefined where the registers hold no value, such as a float that is not a number */
export function decodeRegisters(registers: Buffer, format: RegisterFormat): unknown {
  const { type, bit } = format
  const bytes = ordered(registers, format)
  if (bit !== undefined) return ((bytes.readUInt16BE(0) >>> bit) & 1) === 1
  switch (type) {
    case 'boolean':
      return bytes.readUInt16BE(0) !== 0
    case 'string':
      return bytes.toString('utf8').replace(/\0.*$/s, '').trimEnd()
    case 'hexBinary':
      return bytes.toString('hex').toUpperCase()
    default:
      return scaled(numberIn(bytes, type), format)
  }
}

function numberIn(bytes: Buffer, type: RegisterType): number | bigint {
  switch (type) {
    // In the low byte of the register.
    case 'byte':
      return bytes.readInt8(1)
    case 'unsignedByte':
      return bytes.readUInt8(1)
    case 'float':
      return shortest(bytes.readFloatBE(0))
    case 'double':
      return bytes.readDoubleBE(0)
    default:
      return integerIn(bytes, type)
  }
}

function integerIn(bytes: Buffer, type: RegisterType): number | bigint {
  const bits = 8 * bytes.length
  const unsigned = BigInt(`0x${bytes.toString('hex')}`)
  const value = type.startsWith('unsigned') ? unsigned : BigInt.asIntN(bits, unsigned)
  return bits <= 48 ? Number(value) : value
}

/** A float as it would be written, not with the digits that it gets as a double. */
function shortest(float: number): number {
  if (!Number.isFinite(float)) return float
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(float.toPrecision(digits))
    if (Math.fround(short) === float) return short
  }
  return float
}

function scaled(raw: number | bigint, { scale, offset }: RegisterFormat): number | bigint | undefined {
  if (typeof raw === 'number' && !Number.isFinite(raw)) return undefined
  if (scale === 1 && offset === 0) return raw
  return Number((Number(raw) * scale + offset).toPrecision(DIGITS))
}

/** @throws CollectorError where the value does not fit */
export function encodeRegisters(value: unknown, format: RegisterFormat): Buffer {
  const { type, registers, bit } = format
  if (bit !== undefined) throw new CollectorError('a single bit of a register cannot be written')
  const bytes = Buffer.alloc(2 * registers)
  if (type === 'boolean') bytes.writeUInt16BE(booleanOf(value) ? 1 : 0)
  else if (type === 'string' || type === 'hexBinary') {
    const text = Buffer.from(String(value), type === 'string' ? 'utf8' : 'hex')
    if (text.length > bytes.length) throw new CollectorError(`the text does not fit into ${registers} registers`)
    text.copy(bytes)
  } else writeNumber(bytes, type, unscaled(value, format))
  return ordered(bytes, format)
}

export function booleanOf(value: unknown): boolean {
  if (value === true || value === 'true' || value === 1) return true
  if (value === false || value === 'false' || value === 0) return false
  throw new CollectorError('true or false was expected')
}

function unscaled(value: unknown, { type, scale, offset }: RegisterFormat): number | bigint {
  const isWhole = type !== 'float' && type !== 'double'
  if (isWhole && scale === 1 && offset === 0 && /^[+-]?\d+$/.test(String(value))) return BigInt(String(value))
  const number = (Number(value) - offset) / scale
  if (typeof value === 'boolean' || value === '' || !Number.isFinite(number)) {
    throw new CollectorError('a number was expected')
  }
  if (!isWhole) return number
  const whole = Math.round(number)
  // A part of a step of the scale that is more than noise would be lost.
  if (Math.abs(number - whole) > 1e-6 * Math.max(1, Math.abs(whole))) {
    throw new CollectorError(`${value} is between two values of the register`)
  }
  return BigInt(whole)
}

function writeNumber(bytes: Buffer, type: RegisterType, value: number | bigint): void {
  if (type === 'float') {
    if (!Number.isFinite(Math.fround(Number(value)))) throw new CollectorError(`${value} does not fit xs:float`)
    bytes.writeFloatBE(Number(value))
    return
  }
  if (type === 'double') {
    bytes.writeDoubleBE(Number(value))
    return
  }
  const bits = type === 'byte' || type === 'unsignedByte' ? 8 : 8 * bytes.length
  const isUnsigned = type.startsWith('unsigned')
  const whole = BigInt(value)
  const kept = isUnsigned ? BigInt.asUintN(bits, whole) : BigInt.asIntN(bits, whole)
  if (kept !== whole) throw new CollectorError(`${value} does not fit xs:${type}`)
  bytes.write(
    BigInt.asUintN(8 * bytes.length, whole)
      .toString(16)
      .padStart(2 * bytes.length, '0'),
    'hex'
  )
}

/** Between the order of the device and big-endian, which is the same in both directions. */
function ordered(registers: Buffer, { bigEndianBytes, bigEndianWords, type }: RegisterFormat): Buffer {
  const bytes = Buffer.from(registers)
  if (!bigEndianBytes) bytes.swap16()
  const hasWordOrder = type !== 'string' && type !== 'hexBinary'
  if (bigEndianWords || !hasWordOrder) return bytes
  const swapped = Buffer.alloc(bytes.length)
  for (let at = 0; at < bytes.length; at += 2) bytes.copy(swapped, bytes.length - 2 - at, at, at + 2)
  return swapped
}

/** Type of the values for elements that are created for them. */
export function dataTypeOf({ type, bit, scale, offset, registers }: RegisterFormat): DataTypeDefXsd {
  if (bit !== undefined || type === 'boolean') return 'xs:boolean'
  if (type === 'string') return 'xs:string'
  if (type === 'hexBinary') return 'xs:hexBinary'
  if (scale !== 1 || offset !== 0) return 'xs:double'
  if (type === 'integer') return registers <= 4 ? 'xs:long' : 'xs:integer'
  return `xs:${type}`
}
