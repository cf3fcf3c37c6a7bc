/** Plain messages: a value, a value with time and quality, fields by their names, or a list of such; OPC UA; SenML. */
import { parseSampleJson } from '../../formats/sample-json.ts'
import { readSenml, SenmlError } from '../../formats/senml.ts'
import { isNumber, Literal } from '../../model/literal.ts'
import type { Quality } from '../../model/samples.ts'
import { parseTime } from '../../model/time.ts'
import type { DataTypeDefXsd } from '../../model/types.ts'
import { placeOf } from '../ingest/senml.ts'
import type { PayloadRule } from './mapping.ts'
import { readDataSets } from './opcua.ts'
import { qualityOfCode, type Reading, type Sample, type Target } from './sample.ts'
import { namePathOf } from './topics.ts'

/** Samples of one message, and how deep its objects go. */
const MAX_SAMPLES = 100_000
const MAX_DEPTH = 32

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * @param target absent: names in the message say it
 * @param path of the element, or of what the fields are in
 * @param arrival of the message, nanoseconds since 1970: what relative times count from
 */
export function readPlain(
  payload: Uint8Array,
  target: Target | undefined,
  path: string,
  rule: PayloadRule,
  arrival: bigint
): Reading {
  const samples: Sample[] = []
  const wrong: string[] = []
  const reading = { samples, losses: [], wrong }
  let text: string
  try {
    text = utf8.decode(payload)
  } catch {
    return { ...reading, wrong: ['the message is not UTF-8'] }
  }
  if (rule.form === 'text') {
    add(path, text, undefined, undefined)
    return reading
  }
  const json = parse(text)
  if (rule.form !== 'auto' && json === undefined) wrong.push('the message is not JSON')
  else if (rule.form === 'value') add(path, json, undefined, undefined)
  else if (rule.form === 'opcua') {
    for (const { name, value, type, time, quality } of readDataSets(json, wrong)) {
      add(below(path, namePathOf(name)), value, time, quality, type)
      if (samples.length > MAX_SAMPLES) break
    }
  } else if (rule.form === 'senml') takePack(json)
  else if (json === undefined) {
    // Many senders write a text without the quotes of JSON.
    if (/^\s*[[{"]/.test(text) || text.trim() === '') wrong.push('the message is neither JSON nor a bare value')
    else add(path, new Literal(text.trim(), 'bare'), undefined, undefined)
  } else if (Array.isArray(json)) {
    for (const [at, item] of json.entries()) {
      if (isObject(item)) take(item, `item ${at}`)
      else wrong.push(`item ${at} of the list is not an object`)
      if (wrong.length > 100 || samples.length > MAX_SAMPLES) break
    }
  } else if (isObject(json)) take(json, 'the message')
  // Digits without any syntax around them may be a number as well as the text of an order or a badge.
  else add(path, isNumber(text.trim()) ? new Literal(text.trim(), 'bare') : json, undefined, undefined)
  if (samples.length > MAX_SAMPLES)
    return { samples: [], losses: [], wrong: [`the message has more than ${MAX_SAMPLES} values`] }
  return reading

  /** An object: one sample of the element at `path`, or fields below it. */
  function take(item: Record<string, unknown>, what: string): void {
    const timeName = rule.time.find((name) => Object.hasOwn(item, name))
    const time = timeName === undefined ? undefined : parseTime(item[timeName], rule.unit)
    if (timeName !== undefined && time === undefined) {
      wrong.push(`${what} has the time ${JSON.stringify(item[timeName ?? ''])?.slice(0, 60)}, which is none`)
      return
    }
    const qualityName = rule.quality.find((name) => Object.hasOwn(item, name))
    const quality = qualityName === undefined ? undefined : qualityOf(item[qualityName])
    const valueName = path === '' ? undefined : rule.value.find((name) => Object.hasOwn(item, name))
    if (valueName !== undefined) {
      add(path, item[valueName], time, quality)
      return
    }
    const { fields } = rule
    const others = Object.entries(item).filter(([name]) => name !== timeName && name !== qualityName)
    if (fields === undefined) for (const [name, value] of others) flatten(below(path, namePathOf(name)), value, 1)
    else {
      for (const [field, to] of fields) {
        const value = field.split('.').reduce<unknown>((held, name) => own(held, name), item)
        if (value !== undefined) add(below(path, to), value, time, quality)
      }
    }

    function flatten(to: string, value: unknown, depth: number): void {
      if (samples.length > MAX_SAMPLES) return
      if (!isObject(value)) {
        add(to, value, time, quality)
        return
      }
      if (depth === MAX_DEPTH) wrong.push(`${to} is nested too deep`)
      else for (const [name, inner] of Object.entries(value)) flatten(below(to, namePathOf(name)), inner, depth + 1)
    }
  }

  /** Without a target a name says all, as at `/ingest`; else it is a field below `path`. */
  function takePack(pack: unknown): void {
    try {
      for (const record of readSenml(pack, arrival)) {
        if ('fault' in record) {
          wrong.push(record.fault)
          continue
        }
        const { name, value, time } = record
        const place = target === undefined ? placeOf(name) : { target, path: fieldOf(name) }
        if (place === undefined) wrong.push(`the name "${name.slice(0, 60)}" names no submodel`)
        else if (place.path !== undefined) samples.push({ ...place, path: place.path, time, value })
        if (samples.length > MAX_SAMPLES) break
      }
    } catch (error) {
      if (!(error instanceof SenmlError)) throw error
      wrong.push(error.message)
    }
  }

  function fieldOf(name: string): string | undefined {
    const to = rule.fields === undefined ? namePathOf(name) : rule.fields.get(name)
    return to && below(path, to)
  }

  function add(
    to: string,
    value: unknown,
    time: bigint | undefined,
    quality: Quality | undefined,
    type?: DataTypeDefXsd
  ): void {
    if (to === '' || target === undefined) wrong.push('the mapping names no element for a bare value')
    // There is no value; that is no mistake of the sender.
    else if (value !== null)
      samples.push({
        target,
        path: to,
        time,
        value,
        ...(quality !== undefined && { quality }),
        ...(type !== undefined && { type })
      })
  }
}

/** Undefined where it is not JSON. */
function parse(text: string): unknown {
  try {
    return parseSampleJson(text)
  } catch {
    return undefined
  }
}

function qualityOf(sent: unknown): Quality | undefined {
  if (typeof sent === 'number') return qualityOfCode(sent)
  if (typeof sent === 'boolean') return sent ? 'good' : 'bad'
  // OPC UA's JSON has the code of a status as a member.
  if (isObject(sent)) return qualityOf(own(sent, 'Code') ?? own(sent, 'code'))
  if (typeof sent !== 'string') return undefined
  const [, word] = /^(good|uncertain|bad)/i.exec(sent) ?? []
  return word === undefined ? undefined : (word.toLowerCase() as Quality)
}

function below(path: string, step: string): string {
  return path === '' ? step : `${path}.${step}`
}

function own(held: unknown, name: string): unknown {
  return isObject(held) && Object.hasOwn(held, name) ? held[name] : undefined
}

function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json) && !(json instanceof Literal)
}
