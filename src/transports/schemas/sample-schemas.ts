/** JSON Schemas of samples and events, for the documents of the stream and of HTTP. */
import { changeKinds } from '../../consumers/subscriptions/subscription.ts'
import type { JsonSchema } from '../../formats/json-schema.ts'
import { timeUnits } from '../../model/time.ts'

/** The submodel that examples use. */
export const MACHINE = 'https://plant.example/sm/imm-01/operational-data'

export const text = { type: 'string' }
export const flag = { type: 'boolean' }
export const whole = { type: 'integer' }
export const number = { type: 'number' }
export const id = { type: ['string', 'integer'], description: 'Chosen by the client' }
export const cursor = { type: 'string', description: 'A position in the log, for `since`; opaque' }
const time = {
  type: ['string', 'integer'],
  description: 'ISO 8601 with an offset, up to nanoseconds; or a whole number of `unit`'
}
const quality = { enum: ['good', 'uncertain', 'bad'] }
const qualities = { anyOf: [quality, { type: 'array', items: { anyOf: [quality, { type: 'null' }] } }] }
export const unit = { enum: timeUnits, default: 'ms' }
export const key = { type: 'string', maxLength: 256, description: 'A repeated push with the same key counts once' }
export const each = { type: 'boolean', default: false, description: 'Refuse single samples and accept the rest' }
const value = { description: 'In the ValueOnly form of Part 1' }
export const refusal = object({ index: whole, at: whole, submodel: text, path: text, rule: text, text }, [
  'index',
  'text'
])
export const violation = object({ pointer: text, idShortPath: text, rule: text, text }, ['pointer', 'rule', 'text'])

export const sample = object({ submodel: text, path: text, time, value, quality, unit }, ['value'])
export const column = object(
  {
    submodel: text,
    path: text,
    start: time,
    step: { type: 'number', description: 'Of `unit`' },
    offsets: { type: 'array', items: { type: 'number' }, description: 'From `start`, of `unit`' },
    times: { type: 'array', items: time },
    unit,
    values: { type: 'array', items: value },
    quality: qualities
  },
  ['values']
)

export const select = object({
  shells: list(text),
  submodels: list(text),
  paths: { ...list(text), description: 'idShortPaths; `*` is any one step or index, `**` any number of steps' },
  semanticIds: list(text),
  kinds: list({ enum: changeKinds })
})

export const event = {
  type: 'object',
  required: ['kind', 'time'],
  properties: {
    kind: text,
    time: { type: 'string', description: 'Server time of the commit' },
    submodel: text,
    path: text,
    value,
    sourceTime: text,
    quality: qualities,
    start: text,
    step: { type: 'number', description: 'Nanoseconds' },
    offsets: { type: 'array', items: { type: 'number' } },
    values: { type: 'array' },
    change: { enum: ['created', 'updated', 'deleted'] },
    type: text,
    id: text,
    touched: list(text),
    became: { enum: ['created', 'deleted'], description: 'What happened to the touched elements' },
    snapshot: flag,
    element: { type: 'object', description: 'The current element, if `content` is `full`' },
    document: { type: 'object', description: 'The current document, if `content` is `full`' },
    elements: { type: 'object', description: 'The touched elements by path, if `content` is `full`' }
  }
}

export function object(properties: JsonSchema, required: readonly string[] = []) {
  return { type: 'object', properties, ...(required.length > 0 && { required }) }
}

export function list(items: JsonSchema): JsonSchema {
  return { type: 'array', items }
}
