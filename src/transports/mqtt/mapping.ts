/** The operator's mapping file: which topics belong to which elements. */

import type { SubmodelSelector } from '../../model/submodel-selector.ts'
import { timeUnits } from '../../model/time.ts'
import { DEFAULT_PAYLOAD_RULE, PAYLOAD_FORMS, type PayloadRule } from '../../mqtt/payload-rule.ts'
import {
  dottedPath,
  fillTemplate,
  placeholdersIn,
  type TopicLevels,
  type TopicPattern,
  topicPattern
} from '../../mqtt/topics.ts'

export interface MqttMapping {
  /** For plain messages; the first rule that matches a topic counts. */
  readonly topics: readonly TopicRule[]
  /** Absent: no Sparkplug B. */
  readonly sparkplug?: SparkplugMapping
  /** Does the connection also serve the asset interfaces that stored submodels describe? */
  readonly interfaces: boolean
}

export interface TopicRule {
  readonly pattern: TopicPattern
  /** Undefined where the names in a message name the submodel. */
  readonly target: (levels: TopicLevels) => SubmodelSelector | undefined
  /** Of the element, or of the collection that holds the fields of a message; '' for the submodel itself. */
  readonly path: (levels: TopicLevels) => string
  readonly payload: PayloadRule
}

export interface SparkplugMapping {
  /** Groups to subscribe to; empty: all. */
  readonly groups: readonly string[]
  /** Host id under which the hub announces its state (5.8); absent: it does not. */
  readonly hostId?: string
  /** For devices whose name is not the idShort of their submodel; patterns of `group/edge/device` or `group/edge`. */
  readonly devices: readonly DeviceRule[]
}

export interface DeviceRule {
  readonly pattern: TopicPattern
  readonly target: (levels: TopicLevels) => SubmodelSelector
  /** The element's path, from that of the metric. */
  readonly path: (levels: TopicLevels, metric: string) => string
}

/** Without a mapping file: Sparkplug devices by their names, and the asset interfaces of stored submodels. */
export const DEFAULT_MAPPING: MqttMapping = { topics: [], sparkplug: { groups: [], devices: [] }, interfaces: true }

/**
 * Parses the text of a mapping file.
 * @throws Error naming the place, what was found and what was expected
 */
export function readMapping(text: string): MqttMapping {
  const { topics, sparkplug, interfaces, ...others } = object(JSON.parse(text), 'the mapping')
  refuseOthers(others, 'the mapping', 'topics, sparkplug, interfaces')
  const read = sparkplug === undefined || sparkplug === false ? undefined : sparkplugMapping(sparkplug)
  return {
    topics: list(topics, 'topics').map((rule, at) => topicRule(rule, `topics[${at}]`)),
    interfaces: boolean(interfaces, 'interfaces') ?? false,
    ...(read !== undefined && { sparkplug: read })
  }
}

function topicRule(json: unknown, at: string): TopicRule {
  const { topic, submodel, idShort, path, payload, value, time, quality, unit, fields, ...others } = object(json, at)
  refuseOthers(others, at, 'topic, submodel, idShort, path, payload, value, time, quality, unit, fields')
  const pattern = patternOf(string(topic, `${at}.topic`), `${at}.topic`)
  const template = string(path ?? '', `${at}.path`)
  checkPlaceholders(template, pattern.names, `${at}.path`)
  const namesSubmodels =
    payload === 'senml' && [submodel, idShort, path, fields].every((member) => member === undefined)
  return {
    pattern,
    target: namesSubmodels ? () => undefined : targetOf(submodel, idShort, pattern.names, at),
    path: (levels) =>
      fillTemplate(template, new Map([...levels].map(([name, some]) => [name, some.map(dottedPath)])), '.'),
    payload: {
      form: oneOf(payload, PAYLOAD_FORMS, `${at}.payload`) ?? DEFAULT_PAYLOAD_RULE.form,
      value: names(value, `${at}.value`) ?? DEFAULT_PAYLOAD_RULE.value,
      time: names(time, `${at}.time`) ?? DEFAULT_PAYLOAD_RULE.time,
      quality: names(quality, `${at}.quality`) ?? DEFAULT_PAYLOAD_RULE.quality,
      unit: oneOf(unit, timeUnits, `${at}.unit`) ?? DEFAULT_PAYLOAD_RULE.unit,
      ...(fields !== undefined && { fields: fieldsOf(fields, `${at}.fields`) })
    }
  }
}

function sparkplugMapping(json: unknown): SparkplugMapping {
  if (json === true) return { groups: [], devices: [] }
  const { groups, hostId, devices, ...others } = object(json, 'sparkplug')
  refuseOthers(others, 'sparkplug', 'groups, hostId, devices')
  const host = hostId === undefined ? undefined : level(hostId, 'sparkplug.hostId')
  return {
    groups: list(groups, 'sparkplug.groups').map((group, at) => level(group, `sparkplug.groups[${at}]`)),
    devices: list(devices, 'sparkplug.devices').map((rule, at) => deviceRule(rule, `sparkplug.devices[${at}]`)),
    ...(host !== undefined && { hostId: host })
  }
}

function deviceRule(json: unknown, at: string): DeviceRule {
  const { device, submodel, idShort, path, ...others } = object(json, at)
  refuseOthers(others, at, 'device, submodel, idShort, path')
  const pattern = patternOf(string(device, `${at}.device`), `${at}.device`)
  const template = string(path ?? '{metric}', `${at}.path`)
  checkPlaceholders(template, [...pattern.names, 'metric'], `${at}.path`)
  return {
    pattern,
    target: targetOf(submodel, idShort, pattern.names, at),
    path: (levels, metric) => fillTemplate(template, new Map([...levels, ['metric', [metric]]]), '.')
  }
}

function targetOf(
  submodel: unknown,
  idShort: unknown,
  names: readonly string[],
  at: string
): (levels: TopicLevels) => SubmodelSelector {
  if ((submodel === undefined) === (idShort === undefined)) throw new Error(`${at} needs one of submodel and idShort`)
  const isId = submodel !== undefined
  const member = `${at}.${isId ? 'submodel' : 'idShort'}`
  const template = string(isId ? submodel : idShort, member)
  checkPlaceholders(template, names, member)
  return (levels) =>
    isId ? { id: fillTemplate(template, levels, '/') } : { idShort: fillTemplate(template, levels, '_') }
}

// ---- readers for the types of members

function object(json: unknown, at: string): Record<string, unknown> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new Error(`${at} is not an object`)
  return json as Record<string, unknown>
}

function refuseOthers(others: Record<string, unknown>, at: string, expected: string): void {
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

/** One topic level. */
function level(json: unknown, at: string): string {
  const text = string(json, at)
  if (text === '' || /[/+#\0]/.test(text)) throw new Error(`${at} is not a topic level`)
  return text
}

/** One name, or several in order of preference. */
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

function checkPlaceholders(template: string, names: readonly string[], at: string): void {
  const unknown = placeholdersIn(template).find((name) => !names.includes(name))
  if (unknown !== undefined) throw new Error(`${at} asks for {${unknown}}, which the pattern does not name`)
}
