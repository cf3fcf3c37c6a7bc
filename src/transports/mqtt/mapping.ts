/** Which topics belong to which elements: the file that the operator writes. */
import { type TimeUnit, timeUnits } from '../../model/time.ts'
import type { Target } from './sample.ts'
import { fill, namePathOf, namesIn, type Parts, type TopicPattern, topicPattern } from './topics.ts'

export interface Mapping {
  /** Plain messages; the first rule that fits a topic counts. */
  readonly topics: readonly TopicRule[]
  /** Absent: no Sparkplug B. */
  readonly sparkplug?: SparkplugMapping
  /** Are the asset interfaces that stored submodels describe listened to as well? */
  readonly interfaces: boolean
}

export interface TopicRule {
  readonly pattern: TopicPattern
  /** Undefined where the names in a message say it themselves. */
  readonly target: (parts: Parts) => Target | undefined
  /** Of the element, or of the collection that the fields of a message stand in; '' for the submodel itself. */
  readonly path: (parts: Parts) => string
  readonly payload: PayloadRule
}

const PAYLOAD_FORMS = ['auto', 'value', 'text', 'opcua', 'senml'] as const

export interface PayloadRule {
  /**
   * - `auto`: a bare value, a value with time and quality, an object of fields, or a list of such;
   * - `value`: all of it is one value in the ValueOnly form;
   * - `text`: all of it is one text;
   * - `opcua`: data sets of OPC UA PubSub;
   * - `senml`: a pack of SenML (RFC 8428), whose names are as at `/ingest` where the rule names no submodel.
   */
  readonly form: (typeof PAYLOAD_FORMS)[number]
  /** Names of the members that hold value, time and quality, the first that is there. */
  readonly value: readonly string[]
  readonly time: readonly string[]
  readonly quality: readonly string[]
  /** Unit of a time that is a number. */
  readonly unit: TimeUnit
  /** Fields by their path in the message (`axis.speed`), with the idShortPath of each; absent: all, under their own names. */
  readonly fields?: ReadonlyMap<string, string>
}

export interface SparkplugMapping {
  /** Groups that are listened to; empty: all. */
  readonly groups: readonly string[]
  /** Under which the hub says that it is there (5.8); absent: it does not. */
  readonly hostId?: string
  /** Where the name of a device is not the idShort of its submodel: `group/edge/device`, or `group/edge`. */
  readonly devices: readonly DeviceRule[]
}

export interface DeviceRule {
  readonly pattern: TopicPattern
  readonly target: (parts: Parts) => Target
  /** Of a metric, by its path. */
  readonly path: (parts: Parts, metric: string) => string
}

/** What is done without a file: devices by their names, and what stored submodels describe. */
export const DEFAULT_MAPPING: Mapping = { topics: [], sparkplug: { groups: [], devices: [] }, interfaces: true }

export const DEFAULT_PAYLOAD: PayloadRule = {
  form: 'auto',
  value: ['value'],
  time: ['time', 'timestamp', 'ts'],
  quality: ['quality', 'q', 'statusCode'],
  unit: 'ms'
}

/**
 * Reads the file's text.
 * @throws Error that names the place, what was found and what was expected
 */
export function readMapping(text: string): Mapping {
  const { topics, sparkplug, interfaces, ...others } = object(JSON.parse(text), 'the mapping')
  none(others, 'the mapping', 'topics, sparkplug, interfaces')
  const read = sparkplug === undefined || sparkplug === false ? undefined : sparkplugMapping(sparkplug)
  return {
    topics: list(topics, 'topics').map((rule, at) => topicRule(rule, `topics[${at}]`)),
    interfaces: boolean(interfaces, 'interfaces') ?? false,
    ...(read !== undefined && { sparkplug: read })
  }
}

function topicRule(json: unknown, at: string): TopicRule {
  const { topic, submodel, idShort, path, payload, value, time, quality, unit, fields, ...others } = object(json, at)
  none(others, at, 'topic, submodel, idShort, path, payload, value, time, quality, unit, fields')
  const pattern = patternOf(string(topic, `${at}.topic`), `${at}.topic`)
  const template = string(path ?? '', `${at}.path`)
  known(template, pattern.names, `${at}.path`)
  const isNamedWithin = payload === 'senml' && [submodel, idShort, path, fields].every((member) => member === undefined)
  return {
    pattern,
    target: isNamedWithin ? () => undefined : targetOf(submodel, idShort, pattern.names, at),
    path: (parts) => fill(template, new Map([...parts].map(([name, levels]) => [name, levels.map(namePathOf)])), '.'),
    payload: {
      form: oneOf(payload, PAYLOAD_FORMS, `${at}.payload`) ?? DEFAULT_PAYLOAD.form,
      value: names(value, `${at}.value`) ?? DEFAULT_PAYLOAD.value,
      time: names(time, `${at}.time`) ?? DEFAULT_PAYLOAD.time,
      quality: names(quality, `${at}.quality`) ?? DEFAULT_PAYLOAD.quality,
      unit: oneOf(unit, timeUnits, `${at}.unit`) ?? DEFAULT_PAYLOAD.unit,
      ...(fields !== undefined && { fields: fieldsOf(fields, `${at}.fields`) })
    }
  }
}

function sparkplugMapping(json: unknown): SparkplugMapping {
  if (json === true) return { groups: [], devices: [] }
  const { groups, hostId, devices, ...others } = object(json, 'sparkplug')
  none(others, 'sparkplug', 'groups, hostId, devices')
  const host = hostId === undefined ? undefined : level(hostId, 'sparkplug.hostId')
  return {
    groups: list(groups, 'sparkplug.groups').map((group, at) => level(group, `sparkplug.groups[${at}]`)),
    devices: list(devices, 'sparkplug.devices').map((rule, at) => deviceRule(rule, `sparkplug.devices[${at}]`)),
    ...(host !== undefined && { hostId: host })
  }
}

function deviceRule(json: unknown, at: string): DeviceRule {
  const { device, submodel, idShort, path, ...others } = object(json, at)
  none(others, at, 'device, submodel, idShort, path')
  const pattern = patternOf(string(device, `${at}.device`), `${at}.device`)
  const template = string(path ?? '{metric}', `${at}.path`)
  known(template, [...pattern.names, 'metric'], `${at}.path`)
  return {
    pattern,
    target: targetOf(submodel, idShort, pattern.names, at),
    path: (parts, metric) => fill(template, new Map([...parts, ['metric', [metric]]]), '.')
  }
}

function targetOf(submodel: unknown, idShort: unknown, names: readonly string[], at: string): (parts: Parts) => Target {
  if ((submodel === undefined) === (idShort === undefined)) throw new Error(`${at} needs one of submodel and idShort`)
  const isId = submodel !== undefined
  const place = `${at}.${isId ? 'submodel' : 'idShort'}`
  const template = string(isId ? submodel : idShort, place)
  known(template, names, place)
  return (parts) => (isId ? { id: fill(template, parts, '/') } : { idShort: fill(template, parts, '_') })
}

// ---- the kinds of value

function object(json: unknown, at: string): Record<string, unknown> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new Error(`${at} is not an object`)
  return json as Record<string, unknown>
}

function none(others: Record<string, unknown>, at: string, expected: string): void {
  const [first] = Object.keys(others)
  if (first !== undefined) throw new Error(`${at} has a member "${first}"; expected ${expected}`)
}

function list(json: unknown, at: string): readonly unknown[] {
  if (json === undefined) return []
  if (!Array.isArray(json)) throw new Error(`${at} is not a list`)
  return json
}

function string(json: unknown, at: string): string {
  if (typeof json !== 'string') throw new Error(`${at} is not a text`)
  return json
}

function boolean(json: unknown, at: string): boolean | undefined {
  if (json !== undefined && typeof json !== 'boolean') throw new Error(`${at} is neither true nor false`)
  return json
}

/** One level of a topic. */
function level(json: unknown, at: string): string {
  const text = string(json, at)
  if (text === '' || /[/+#\0]/.test(text)) throw new Error(`${at} is no level of a topic`)
  return text
}

/** One name, or several in the order in which they are looked for. */
function names(json: unknown, at: string): readonly string[] | undefined {
  if (json === undefined) return undefined
  return Array.isArray(json) ? json.map((name) => string(name, at)) : [string(json, at)]
}

function fieldsOf(json: unknown, at: string): ReadonlyMap<string, string> {
  return new Map(Object.entries(object(json, at)).map(([field, path]) => [field, string(path, `${at}.${field}`)]))
}

function oneOf<Choice extends string>(json: unknown, choices: readonly Choice[], at: string): Choice | undefined {
  if (json === undefined) return undefined
  const choice = choices.find((choice) => choice === json)
  if (choice === undefined) throw new Error(`${at} is none of ${choices.join(', ')}`)
  return choice
}

function patternOf(text: string, at: string): TopicPattern {
  try {
    return topicPattern(text)
  } catch (error) {
    throw new Error(`${at}: ${error instanceof Error ? error.message : error}`)
  }
}

function known(template: string, names: readonly string[], at: string): void {
  const unknown = namesIn(template).find((name) => !names.includes(name))
  if (unknown !== undefined) throw new Error(`${at} asks for {${unknown}}, which the pattern does not name`)
}
