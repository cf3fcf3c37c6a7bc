/** OPC UA PubSub as JSON (Part 14, JSON message mapping): fields of data sets, each with its value, status and source time. */
import type { Quality } from '../../model/samples.ts'
import { parseTime } from '../../model/time.ts'
import { qualityOfCode } from './sample.ts'

/** What one field says. */
export interface Field {
  readonly name: string
  readonly value: unknown
  /** Undefined where neither the field nor its message has one. */
  readonly time: bigint | undefined
  readonly quality: Quality | undefined
}

/**
 * Reads a network message, a list of data set messages, or a single one.
 */
export function* readDataSets(json: unknown, wrong: string[]): Generator<Field> {
  const list = Array.isArray(json) ? json : isObject(json) && Array.isArray(json.Messages) ? json.Messages : [json]
  for (const message of list) {
    // A keep-alive has no payload, and tells nothing of fields.
    if (isObject(message) && message.Payload === undefined && message.MessageType === 'ua-keepalive') continue
    if (!isObject(message) || !isObject(message.Payload)) {
      wrong.push('a data set message has no Payload')
      continue
    }
    const sent = message.Timestamp
    for (const [name, field] of Object.entries(message.Payload)) {
      const { value, timestamp = sent, status } = dataValue(field)
      const time = timestamp === undefined ? undefined : parseTime(timestamp)
      if (timestamp !== undefined && time === undefined)
        wrong.push(`the field "${name.slice(0, 60)}" has a time that is none`)
      else if (value !== undefined) yield { name, value, time, quality: qualityOf(status) }
    }
  }
}

/** A field is a value alone, or a DataValue with more about it. */
function dataValue(field: unknown): { value: unknown; timestamp?: unknown; status?: unknown } {
  if (!isObject(field)) return { value: field }
  if (!('Value' in field || 'StatusCode' in field || 'SourceTimestamp' in field)) return { value: bodyOf(field) }
  const { Value, SourceTimestamp, StatusCode } = field
  return { value: bodyOf(Value), timestamp: SourceTimestamp, status: StatusCode }
}

/** A Variant is written with its type (`{"Type": 11, "Body": 1.5}`, later `UaType` and `Value`) or without. */
function bodyOf(value: unknown): unknown {
  if (!isObject(value)) return value
  if ('Type' in value && 'Body' in value) return value.Body
  return 'UaType' in value && 'Value' in value ? value.Value : value
}

/** A status that is left out is good (Part 6, DataValue), but so is one of a sender that tells none: nothing is made up. */
function qualityOf(status: unknown): Quality | undefined {
  const code = isObject(status) ? status.Code : status
  return typeof code === 'number' ? qualityOfCode(code) : undefined
}

function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}
