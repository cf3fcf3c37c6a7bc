/** From values of OPC UA to the ValueOnly form, and back for writes. */
import { DataType, StatusCodes, Variant, VariantArrayType } from 'node-opcua-client'

/** @returns undefined where there is no value */
export function plainValue({ dataType, arrayType, value, dimensions }: Variant): unknown {
  if (value === null || value === undefined || dataType === DataType.Null) return undefined
  if (arrayType === VariantArrayType.Scalar) return plain(dataType, value)
  const all = Array.from(value as ArrayLike<unknown>, (one) => plain(dataType, one))
  return arrayType === VariantArrayType.Matrix && dimensions !== null ? nest(all, dimensions) : all
}

/** @throws Error with a sentence where the value does not fit the type */
export function toVariant(value: unknown, dataType: DataType, isArray: boolean): Variant {
  if (isArray !== Array.isArray(value)) throw new Error(`the node takes ${isArray ? 'a list' : 'a single value'}`)
  return Array.isArray(value)
    ? new Variant({ dataType, arrayType: VariantArrayType.Array, value: value.map((one) => typed(one, dataType)) })
    : new Variant({ dataType, arrayType: VariantArrayType.Scalar, value: typed(value, dataType) })
}

function plain(dataType: DataType, value: unknown): unknown {
  if (value === null || value === undefined) return undefined
  switch (dataType) {
    case DataType.Int64:
    case DataType.UInt64:
      return bigintOf(value, dataType === DataType.Int64)
    case DataType.DateTime:
      return value instanceof Date ? value.toISOString() : undefined
    case DataType.ByteString:
      return Buffer.from(value as Uint8Array).toString('base64')
    case DataType.LocalizedText:
      return (value as { text?: string | null }).text ?? undefined
    case DataType.QualifiedName:
      return (value as { name?: string | null }).name ?? undefined
    case DataType.StatusCode:
      return (value as { name: string }).name
    case DataType.NodeId:
    case DataType.ExpandedNodeId:
    case DataType.XmlElement:
      return String(value)
    case DataType.Variant:
      return plainValue(value as Variant)
    case DataType.DataValue:
      return plainValue((value as { value: Variant }).value)
    case DataType.ExtensionObject:
      return structure(value)
    default:
      return value
  }
}

/** 64 bits are a pair of halves, the higher one first. */
function bigintOf(value: unknown, isSigned: boolean): unknown {
  if (!Array.isArray(value) || value.length < 2) return value
  const [high, low] = value.slice(-2) as [number, number]
  const bits = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)
  return isSigned ? BigInt.asIntN(64, bits) : bits
}

/** The fields of a structure, under their names in OPC UA. */
function structure(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || depth > 8) return value
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Variant) return plainValue(value)
  if (ArrayBuffer.isView(value) && !(value instanceof Float64Array || value instanceof Float32Array)) {
    return value instanceof Uint8Array && Buffer.isBuffer(value) ? value.toString('base64') : Array.from(value as never)
  }
  if (ArrayBuffer.isView(value)) return Array.from(value as never)
  if (Array.isArray(value)) return value.map((one) => structure(one, depth + 1))
  const text = (value as { text?: unknown; locale?: unknown }).text
  if ('text' in value && 'locale' in value) return text ?? undefined
  if ('namespace' in value && 'identifierType' in value) return String(value)
  const fields = Object.entries(value).filter(([name, one]) => !name.startsWith('_') && typeof one !== 'function')
  return Object.fromEntries(
    fields.filter(([name]) => name !== 'schema').map(([name, one]) => [name, structure(one, depth + 1)])
  )
}

function nest(all: unknown[], [first, ...rest]: readonly number[]): unknown[] {
  if (first === undefined || rest.length === 0) return all
  const size = Math.max(
    1,
    rest.reduce((product, length) => product * length, 1)
  )
  return Array.from({ length: first }, (_, at) => nest(all.slice(at * size, (at + 1) * size), rest))
}

const RANGES: Partial<Record<DataType, readonly [bigint, bigint]>> = {
  [DataType.SByte]: [-0x80n, 0x7fn],
  [DataType.Byte]: [0n, 0xffn],
  [DataType.Int16]: [-0x8000n, 0x7fffn],
  [DataType.UInt16]: [0n, 0xffffn],
  [DataType.Int32]: [-0x8000_0000n, 0x7fff_ffffn],
  [DataType.UInt32]: [0n, 0xffff_ffffn],
  [DataType.Int64]: [-0x8000_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn],
  [DataType.UInt64]: [0n, 0xffff_ffff_ffff_ffffn]
}

function typed(value: unknown, dataType: DataType): unknown {
  const range = RANGES[dataType]
  if (range !== undefined) return integer(value, dataType, range)
  switch (dataType) {
    case DataType.Float:
    case DataType.Double:
      return real(value)
    case DataType.Boolean:
      if (typeof value === 'boolean') return value
      if (value === 'true' || value === 'false') return value === 'true'
      throw new Error(`${String(value)} is no Boolean`)
    case DataType.DateTime: {
      const date = new Date(String(value))
      if (Number.isNaN(date.getTime())) throw new Error(`${String(value)} is no DateTime`)
      return date
    }
    case DataType.ByteString:
      return Buffer.from(String(value), 'base64')
    case DataType.LocalizedText:
      return { text: String(value) }
    case DataType.QualifiedName:
      return { name: String(value), namespaceIndex: 0 }
    case DataType.StatusCode:
      return StatusCodes[String(value) as 'Good']
    case DataType.String:
    case DataType.Guid:
    case DataType.XmlElement:
    case DataType.NodeId:
      return String(value)
    default:
      throw new Error(`values of type ${DataType[dataType]} cannot be written`)
  }
}

function real(value: unknown): number {
  const special: Readonly<Record<string, number>> = { INF: Infinity, '-INF': -Infinity, NaN: Number.NaN }
  const number = typeof value === 'string' && value in special ? special[value] : Number(value)
  if (number === undefined || value === '' || (Number.isNaN(number) && value !== 'NaN')) {
    throw new Error(`${String(value)} is no number`)
  }
  return number
}

function integer(value: unknown, dataType: DataType, [least, greatest]: readonly [bigint, bigint]): unknown {
  const text = String(value)
  if (!/^[+-]?\d+$/.test(text)) throw new Error(`${text} is no integer`)
  const number = BigInt(text)
  if (number < least || number > greatest) throw new Error(`${text} is not within the range of ${DataType[dataType]}`)
  if (dataType !== DataType.Int64 && dataType !== DataType.UInt64) return Number(number)
  const bits = BigInt.asUintN(64, number)
  return [Number(bits >> 32n), Number(bits & 0xffff_ffffn)]
}
