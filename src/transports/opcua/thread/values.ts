/** From values as they are stored to those of OPC UA. */
import { DataType, DataValue, LocalizedText, StatusCodes, Variant, VariantArrayType } from 'node-opcua-client'
import { numberOf } from '../../../model/samples.ts'
import type { LangString, Reference } from '../../../model/types.ts'
import type { CurrentValue } from '../messages.ts'
import type { CompanionTypes } from './companion-types.ts'
import type { LiveValue } from './nodes/node.ts'
import { valueTypeOf } from './nodes/value-types.ts'

const QUALITIES = { good: StatusCodes.Good, uncertain: StatusCodes.Uncertain, bad: StatusCodes.Bad } as const

/** @param current undefined: there is no such element any more, or it is hidden */
export function dataValueOf(current: CurrentValue | undefined, live: LiveValue, types: CompanionTypes): DataValue {
  if (current === undefined || current.modelType !== live.modelType) return failed(StatusCodes.BadNodeIdUnknown)
  const members = JSON.parse(current.members) as Readonly<Record<string, unknown>>
  const member = members[live.member]
  if (member === undefined) return failed(StatusCodes.BadWaitingForInitialData)
  const value = variantOf(member, current.valueType, live, types)
  const time = timeOf(current.sourceTime)
  // What is stored need not be of its type: documents may be accepted leniently.
  if (value === undefined) return new DataValue({ statusCode: StatusCodes.BadTypeMismatch, ...time })
  return new DataValue({ value, statusCode: QUALITIES[current.quality ?? 'good'], ...time })
}

/** Source times are nanoseconds; what OPC UA sends of them are units of ten picoseconds within 100 nanoseconds. */
function timeOf(sourceTime: bigint | undefined) {
  if (sourceTime === undefined) return {}
  const ms = sourceTime / 1_000_000n
  const rest = sourceTime - ms * 1_000_000n
  return { sourceTimestamp: new Date(Number(ms)), sourcePicoseconds: Number(rest) * 1000 }
}

function failed(statusCode: DataValue['statusCode']): DataValue {
  return new DataValue({ statusCode, sourceTimestamp: new Date() })
}

function variantOf(
  member: unknown,
  valueType: string | undefined,
  { modelType }: LiveValue,
  types: CompanionTypes
): Variant | undefined {
  switch (modelType) {
    case 'Property':
    case 'Range':
      return scalarOf(String(member), valueType)
    case 'MultiLanguageProperty':
      return new Variant({
        ...{ dataType: DataType.LocalizedText, arrayType: VariantArrayType.Array },
        value: (member as LangString[]).map(
          ({ language = '', text = '' }) => new LocalizedText({ locale: language, text })
        )
      })
    case 'File':
      return textVariant(String(member))
    default:
      return types.keys(member as Reference)
  }
}

export function textVariant(text: string): Variant {
  return new Variant({ dataType: DataType.String, value: text })
}

/** @returns undefined where the text is no value of the type, or OPC UA cannot represent it */
function scalarOf(text: string, valueType: string | undefined): Variant | undefined {
  const { dataType } = valueTypeOf(valueType)
  const value = valueFrom(text, dataType, valueType)
  return value === undefined
    ? undefined
    : new Variant({ dataType: DataType[dataType as 'String'], arrayType: VariantArrayType.Scalar, value })
}

function valueFrom(text: string, dataType: string, valueType: string | undefined): unknown {
  switch (dataType) {
    case 'Boolean':
      return text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : undefined
    case 'Float':
    case 'Double': {
      const number = numberOf(text)
      return Number.isNaN(number) && text !== 'NaN' ? undefined : number
    }
    case 'DateTime':
      return dateOf(text)
    case 'ByteString':
      return Buffer.from(text, valueType === 'xs:hexBinary' ? 'hex' : 'base64')
    case 'String':
      return text
    default:
      return integerOf(text, dataType)
  }
}

/** Without a time zone it is taken for UTC. OPC UA begins in 1601 and ends in 9999. */
function dateOf(text: string): Date | undefined {
  const date = new Date(/(?:Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`)
  const year = date.getUTCFullYear()
  return Number.isNaN(year) || year < 1601 || year > 9999 ? undefined : date
}

const BITS: Readonly<Record<string, number>> = { SByte: 8, Byte: 8, Int16: 16, UInt16: 16, Int32: 32, UInt32: 32 }

function integerOf(text: string, dataType: string): unknown {
  if (!/^[+-]?\d{1,40}$/.test(text)) return undefined
  const number = BigInt(text)
  const isUnsigned = dataType === 'Byte' || dataType.startsWith('U')
  const bits = BITS[dataType] ?? 64
  const fits = isUnsigned ? BigInt.asUintN(bits, number) === number : BigInt.asIntN(bits, number) === number
  if (!fits) return undefined
  if (bits < 64) return Number(number)
  // As its higher and its lower half.
  const whole = BigInt.asUintN(64, number)
  return [Number(whole >> 32n), Number(whole & 0xffff_ffffn)]
}

/** For a write: the value in the ValueOnly form. @returns undefined where it is not of the type of the element */
export function plainOf({ dataType, arrayType, value }: Variant, valueType: string | undefined): unknown {
  if (arrayType !== VariantArrayType.Scalar || value === null || value === undefined) return undefined
  if (DataType[dataType] !== valueTypeOf(valueType).dataType) return undefined
  switch (dataType) {
    case DataType.Boolean:
    case DataType.String:
      return value
    case DataType.Int64:
    case DataType.UInt64: {
      const [high, low] = value as [number, number]
      const bits = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)
      return dataType === DataType.Int64 ? BigInt.asIntN(64, bits) : bits
    }
    case DataType.DateTime:
      return (value as Date).toISOString()
    case DataType.ByteString:
      return Buffer.from(value as Uint8Array).toString(valueType === 'xs:hexBinary' ? 'hex' : 'base64')
    default:
      return typeof value === 'number' ? value : undefined
  }
}
