/** OPC UA PubSub as JSON (Part 14, JSON message mapping): fields of data sets with value, status and source time. */
import { Literal } from '../model/literal.ts'
import { OPCUA_TYPES, qualityOfCode } from '../model/opcua.ts'
import type { Quality } from '../model/samples.ts'
import { parseTime } from '../model/time.ts'
import type { DataTypeDefXsd } from '../model/types.ts'

export interface OpcUaField {
  readonly name: string
  readonly value: unknown
  /** Where the value is a Variant with a type. */
  readonly type: DataTypeDefXsd | undefined
  /** Undefined where neither the field nor its message has one. */
  readonly time: bigint | undefined
  readonly quality: Quality | undefined
}

/** Reads a network message, a list of data set messages, or a single one. @param problems is added to */
export function* readDataSets(json: unknown, problems: string[]): Generator<OpcUaField> {
  const list = Array.isArray(json) ? json : isObject(json) && Array.isArray(json.Messages) ? json.Messages : [json]
  for (const message of list) {
    // A keep-alive has no payload.
    if (isObject(message) && message.Payload === undefined && message.MessageType === 'ua-keepalive') continue
    if (!isObject(message) || !isObject(message.Payload)) {
      problems.push('a data set message has no Payload')
      continue
    }
    const sent = message.Timestamp
    for (const [name, field] of Object.entries(message.Payload)) {
      const { value, type, timestamp = sent, status } = dataValue(field)
      const time = timestamp === undefined ? undefined : parseTime(timestamp)
      if (timestamp !== undefined && time === undefined)
        problems.push(`the field "${name.slice(0, 60)}" has an invalid time`)
      else if (value !== undefined) yield { name, value, type, time, quality: qualityOf(status) }
    }
  }
}

/** A field is a bare value or a DataValue. */
function dataValue(field: unknown): Variant & { timestamp?: unknown; status?: unknown } {
  if (!isObject(field)) return { value: field, type: undefined }
  if (!('Value' in field || 'StatusCode' in field || 'SourceTimestamp' in field)) return variantOf(field)
  const { Value, SourceTimestamp, StatusCode } = field
  return { ...variantOf(Value), timestamp: SourceTimestamp, status: StatusCode }
}

interface Variant {
  readonly value: unknown
  readonly type: DataTypeDefXsd | undefined
}

/** A Variant is written with its type (`{"Type": 11, "Body": 1.5}`, later `UaType` and `Value`) or without. */
function variantOf(value: unknown): Variant {
  if (!isObject(value)) return { value, type: undefined }
  if ('Type' in value && 'Body' in value) return { value: value.Body, type: OPCUA_TYPES[Number(value.Type)] }
  if ('UaType' in value && 'Value' in value) return { value: value.Value, type: OPCUA_TYPES[Number(value.UaType)] }
  return { value, type: undefined }
}

/** An absent status means good (Part 6, DataValue), but some senders never write one: no quality is invented. */
function qualityOf(status: unknown): Quality | undefined {
  const code = isObject(status) ? status.Code : status
  return typeof code === 'number' ? qualityOfCode(code) : undefined
}

function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json) && !(json instanceof Literal)
}
