/**
 * Payloads of Sparkplug B (Eclipse Sparkplug 3.0, chapter 6): the metrics that an edge node publishes, and the command by
 * which a host requests a birth.
 */
import { gunzipSync, inflateSync } from 'node:zlib'
import { HubError } from '../errors.ts'
import { formatTime } from '../model/time.ts'
import type { DataTypeDefXsd } from '../model/types.ts'
import { ProtobufError, ProtobufReader, ProtobufWriter, type Uint64 } from './protobuf.ts'

export interface SparkplugPayload {
  /** Milliseconds since 1970. */
  readonly timestamp?: Uint64
  /** 0 to 255; a death certificate has none. */
  readonly seq?: number
  readonly metrics: readonly SparkplugMetric[]
}

export interface SparkplugMetric {
  /** Absent if only the alias is sent. */
  readonly name?: string
  readonly alias?: Uint64
  /** Milliseconds since 1970. */
  readonly timestamp?: Uint64
  /** Absent if the birth certificate contains it. */
  readonly datatype?: number
  /** A past value, sent after an outage. */
  readonly isHistorical: boolean
  readonly isNull: boolean
  /** The property `Quality` (6.4.9.1). */
  readonly quality?: number
  /** The encoded value, see {@link valueOfMetric}. */
  readonly raw?: RawValue
}

type RawValue =
  | { readonly field: 'int' | 'long'; readonly value: Uint64 }
  | { readonly field: 'float' | 'double'; readonly value: number }
  | { readonly field: 'boolean'; readonly value: boolean }
  | { readonly field: 'string'; readonly value: string }
  | { readonly field: 'bytes' | 'DataSet' | 'Template' | 'extension' }

/** Data types by their number (6.4.16). */
const TYPES = [
  'Unknown',
  'Int8',
  'Int16',
  'Int32',
  'Int64',
  'UInt8',
  'UInt16',
  'UInt32',
  'UInt64',
  'Float',
  'Double',
  'Boolean',
  'String',
  'DateTime',
  'Text',
  'UUID',
  'DataSet',
  'Bytes',
  'File',
  'Template',
  'PropertySet',
  'PropertySetList'
] as const

const BITS: Readonly<Record<string, number>> = {
  Int8: 8,
  Int16: 16,
  Int32: 32,
  Int64: 64,
  UInt8: 8,
  UInt16: 16,
  UInt32: 32,
  UInt64: 64
}

/** Limits of a payload: its metrics, properties per metric, and its decompressed size. */
const MAX_METRICS = 50_000
const MAX_PROPERTIES = 1000
const MAX_INFLATED_BYTES = 16 * 1024 * 1024

/** `uuid` of payloads that contain a compressed payload. */
const COMPRESSED = 'SPBV1.0_COMPRESSED'

/** @throws HubError `BadRequest` if the bytes are not a payload */
export function decodePayload(bytes: Uint8Array): SparkplugPayload {
  try {
    const { body, uuid, ...payload } = readPayload(new ProtobufReader(bytes))
    if (uuid !== COMPRESSED || body === undefined) return payload
    const algorithm = payload.metrics.find(({ name }) => name === 'algorithm')?.raw
    const gzip = algorithm?.field === 'string' && algorithm.value === 'GZIP'
    const { body: _, uuid: __, ...inner } = readPayload(new ProtobufReader(inflate(body, gzip)))
    return { ...payload, ...inner }
  } catch (error) {
    if (error instanceof ProtobufError)
      throw new HubError('BadRequest', [`This is not a Sparkplug B payload: ${error.message}`])
    throw error
  }
}

/**
 * The value in the ValueOnly form: whole numbers beyond 2^53 as bigint, a DateTime as text of xs:dateTime.
 * @param bornType data type from the birth certificate, used if the metric has none
 * @returns undefined if the metric has no value
 * @throws HubError `BadRequest` for a type without single values, or a value out of the range of its type
 */
export function valueOfMetric(
  { raw, datatype, isNull }: SparkplugMetric,
  bornType?: number
): number | bigint | boolean | string | undefined {
  if (isNull || raw === undefined) return undefined
  const number = datatype ?? bornType ?? 0
  const type = TYPES[number]
  switch (raw.field) {
    case 'string':
    case 'boolean':
      return raw.value
    case 'double':
      return raw.value
    case 'float':
      return shortest(raw.value)
    case 'int':
    case 'long':
      if (type === 'DateTime') return dateTime(raw.value)
      if (type === 'Boolean') return raw.value !== 0
      return whole(raw.value, type, raw.field)
    default:
      throw new HubError('BadRequest', [`A value of type ${type ?? number} cannot be kept as a sample`])
  }
}

/** The value type for a data type; undefined for `Unknown`, and for types without single values. */
export function valueTypeOf(datatype: number | undefined): DataTypeDefXsd | undefined {
  return VALUE_TYPES[TYPES[datatype ?? 0] ?? '']
}

const VALUE_TYPES: Readonly<Record<string, DataTypeDefXsd>> = {
  Int8: 'xs:byte',
  Int16: 'xs:short',
  Int32: 'xs:int',
  Int64: 'xs:long',
  UInt8: 'xs:unsignedByte',
  UInt16: 'xs:unsignedShort',
  UInt32: 'xs:unsignedInt',
  UInt64: 'xs:unsignedLong',
  Float: 'xs:float',
  Double: 'xs:double',
  Boolean: 'xs:boolean',
  String: 'xs:string',
  Text: 'xs:string',
  UUID: 'xs:string',
  DateTime: 'xs:dateTime'
}

/** A command to an edge node (NCMD) that sets one metric, such as `Node Control/Rebirth`, at a time in milliseconds. */
export function encodeCommand(name: string, value: boolean, time: number): Buffer {
  const metric = new ProtobufWriter().text(1, name).uint64(3, BigInt(time)).uint64(4, 11n).boolean(14, value).message()
  return new ProtobufWriter().uint64(1, BigInt(time)).bytes(2, metric).message()
}

// ---- messages, by field number

interface PayloadFields {
  timestamp?: Uint64
  metrics: SparkplugMetric[]
  seq?: number
  uuid?: string
  body?: Uint8Array
}

function readPayload(reader: ProtobufReader): PayloadFields {
  const payload: PayloadFields = { metrics: [] }
  for (let field = reader.field(); field !== undefined; field = reader.field()) {
    if (field === 1) payload.timestamp = reader.uint64()
    else if (field === 2) {
      if (payload.metrics.length === MAX_METRICS) throw new ProtobufError(`There are more than ${MAX_METRICS} metrics`)
      payload.metrics.push(readMetric(reader.message()))
    } else if (field === 3) payload.seq = sequence(reader.uint64())
    else if (field === 4) payload.uuid = reader.text()
    else if (field === 5) payload.body = reader.bytes()
    else reader.skip()
  }
  return payload
}

function sequence(seq: Uint64): number {
  if (seq > 255) throw new ProtobufError(`${seq} is not a sequence number`)
  return Number(seq)
}

function readMetric(reader: ProtobufReader): SparkplugMetric {
  const metric: { -readonly [Member in keyof SparkplugMetric]: SparkplugMetric[Member] } = {
    isHistorical: false,
    isNull: false
  }
  for (let field = reader.field(); field !== undefined; field = reader.field()) {
    switch (field) {
      case 1:
        metric.name = reader.text()
        break
      case 2:
        metric.alias = reader.uint64()
        break
      case 3:
        metric.timestamp = reader.uint64()
        break
      case 4:
        metric.datatype = reader.uint32()
        break
      case 5:
        metric.isHistorical = reader.boolean()
        break
      case 7:
        metric.isNull = reader.boolean()
        break
      case 9: {
        const quality = readQuality(reader.message())
        if (quality !== undefined) metric.quality = quality
        break
      }
      case 10:
        metric.raw = { field: 'int', value: reader.uint32() }
        break
      case 11:
        metric.raw = { field: 'long', value: reader.uint64() }
        break
      case 12:
        metric.raw = { field: 'float', value: reader.float() }
        break
      case 13:
        metric.raw = { field: 'double', value: reader.double() }
        break
      case 14:
        metric.raw = { field: 'boolean', value: reader.boolean() }
        break
      case 15:
        metric.raw = { field: 'string', value: reader.text() }
        break
      case 16:
      case 17:
      case 18:
      case 19:
        reader.skip()
        metric.raw = { field: (['bytes', 'DataSet', 'Template', 'extension'] as const)[field - 16] ?? 'bytes' }
        break
      default:
        reader.skip()
    }
  }
  return metric
}

/** Property sets have keys in one field and values in another, in the same order. */
function readQuality(reader: ProtobufReader): number | undefined {
  const keys: string[] = []
  const values: ProtobufReader[] = []
  for (let field = reader.field(); field !== undefined; field = reader.field()) {
    if (field === 1) keys.push(reader.text())
    else if (field === 2) values.push(reader.message())
    else reader.skip()
    if (Math.max(keys.length, values.length) > MAX_PROPERTIES)
      throw new ProtobufError(`There are more than ${MAX_PROPERTIES} properties`)
  }
  const value = values[keys.findIndex((key) => key.toLowerCase() === 'quality')]
  return value === undefined ? undefined : readWhole(value)
}

function readWhole(reader: ProtobufReader): number | undefined {
  let whole: number | undefined
  for (let field = reader.field(); field !== undefined; field = reader.field()) {
    if (field === 3 || field === 4) whole = reader.uint32()
    else reader.skip()
  }
  return whole
}

function inflate(body: Uint8Array, gzip: boolean): Uint8Array {
  try {
    return (gzip ? gunzipSync : inflateSync)(body, { maxOutputLength: MAX_INFLATED_BYTES })
  } catch (error) {
    throw new ProtobufError(error instanceof Error ? error.message : String(error))
  }
}

// ---- values

/** Signed integers are two's complement of 8 to 64 bits, depending on the sender. */
function whole(value: Uint64, type: string | undefined, field: 'int' | 'long'): Uint64 {
  const bits = BITS[type ?? '']
  if (type?.startsWith('Int') === true) {
    if (bits !== undefined && bits <= 32 && typeof value === 'number') return (value << (32 - bits)) >> (32 - bits)
    const signed = BigInt.asIntN(bits ?? (field === 'int' ? 32 : 64), BigInt(value))
    return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed
  }
  if (bits !== undefined && value >= 2 ** bits)
    throw new HubError('BadRequest', [`${value} is out of range for ${type}`])
  return value
}

/** The shortest decimal for these 32 bits: 0.1, not 0.10000000149011612. */
function shortest(float: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const number = Number(float.toPrecision(digits))
    if (Math.fround(number) === float) return number
  }
  return Number.isFinite(float) ? Number(float.toPrecision(9)) : float
}

function dateTime(value: Uint64): string {
  const ms = BigInt.asIntN(64, BigInt(value))
  if (ms < -8_640_000_000_000_000n || ms > 8_640_000_000_000_000n) {
    throw new HubError('BadRequest', [`${value} is not a point in time`])
  }
  return formatTime(ms * 1_000_000n)
}
