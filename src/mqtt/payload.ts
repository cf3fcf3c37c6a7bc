/** Plain messages: a value, a value with time and quality, an object of fields, or a list of these; OPC UA; SenML. */
import { parseSampleJson } from '../formats/sample-json.ts'
import { parseSenml, SenmlError } from '../formats/senml.ts'
import { isNumber, Literal } from '../model/literal.ts'
import { qualityOfCode } from '../model/opcua.ts'
import type { Quality } from '../model/samples.ts'
import { parseSenmlName, type SubmodelSelector } from '../model/submodel-selector.ts'
import { parseTime } from '../model/time.ts'
import { readDataSets } from './data-sets.ts'
import type { PayloadRule } from './payload-rule.ts'
import type { ReadMessage, Sample } from './sample.ts'
import { dottedPath } from './topics.ts'

/** Bounds of one message: samples, and nesting of its objects. */
const MAX_SAMPLES = 100_000
const MAX_DEPTH = 32
const MAX_PROBLEMS = 100

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * @param target absent: the names in the message contain it
 * @param path of the element, or of the collection that holds the fields
 * @param arrival nanoseconds since 1970; relative times count from here
 */
export function parsePayload(
  payload: Uint8Array,
  target: SubmodelSelector | undefined,
  path: string,
  rule: PayloadRule,
  arrival: bigint
): ReadMessage {
  return new PayloadParser(target, path, rule, arrival).parse(payload)
}

type Details = Pick<Sample, 'quality' | 'type'> & { readonly time?: bigint | undefined }

class PayloadParser {
  readonly #target: SubmodelSelector | undefined
  readonly #path: string
  readonly #rule: PayloadRule
  readonly #arrival: bigint
  readonly #samples: Sample[] = []
  readonly #problems: string[] = []

  constructor(target: SubmodelSelector | undefined, path: string, rule: PayloadRule, arrival: bigint) {
    this.#target = target
    this.#path = path
    this.#rule = rule
    this.#arrival = arrival
  }

  parse(payload: Uint8Array): ReadMessage {
    let text: string
    try {
      text = utf8.decode(payload)
    } catch {
      return { samples: [], problems: ['the message is not UTF-8'] }
    }
    if (this.#rule.form === 'text') this.#add(this.#path, text)
    else this.#readText(text)
    if (this.#isFull()) {
      return { samples: [], problems: [`the message has more than ${MAX_SAMPLES} values`] }
    }
    return { samples: this.#samples, problems: this.#problems }
  }

  #readText(text: string): void {
    const { form } = this.#rule
    const json = parseJson(text)
    if (form !== 'auto' && json === undefined) this.#problems.push('the message is not JSON')
    else if (form === 'value') this.#add(this.#path, json)
    else if (form === 'opcua') this.#readOpcUa(json)
    else if (form === 'senml') this.#readSenml(json)
    else this.#readAuto(text, json)
  }

  #readAuto(text: string, json: unknown): void {
    if (json === undefined) {
      // Many senders write a text without the quotes of JSON.
      if (/^\s*[[{"]/.test(text) || text.trim() === '') {
        this.#problems.push('the message is neither JSON nor a bare value')
      } else this.#add(this.#path, new Literal(text.trim(), 'bare'))
    } else if (Array.isArray(json)) this.#readList(json)
    else if (isObject(json)) this.#readObject(json, 'the message')
    // Bare digits may be a number or the text of an order or a badge.
    else this.#add(this.#path, isNumber(text.trim()) ? new Literal(text.trim(), 'bare') : json)
  }

  #readList(items: readonly unknown[]): void {
    for (const [at, item] of items.entries()) {
      if (isObject(item)) this.#readObject(item, `item ${at}`)
      else this.#problems.push(`item ${at} of the list is not an object`)
      if (this.#problems.length > MAX_PROBLEMS || this.#isFull()) break
    }
  }

  /** One sample of the element at the path, or fields below it. */
  #readObject(item: Record<string, unknown>, what: string): void {
    const { fields, unit } = this.#rule
    const timeName = this.#rule.time.find((name) => Object.hasOwn(item, name))
    const time = timeName === undefined ? undefined : parseTime(item[timeName], unit)
    if (timeName !== undefined && time === undefined) {
      this.#problems.push(`${what} has an invalid time: ${JSON.stringify(item[timeName ?? ''])?.slice(0, 60)}`)
      return
    }
    const qualityName = this.#rule.quality.find((name) => Object.hasOwn(item, name))
    const quality = qualityName === undefined ? undefined : qualityOf(item[qualityName])
    const details = { time, ...(quality !== undefined && { quality }) }
    const valueName = this.#path === '' ? undefined : this.#rule.value.find((name) => Object.hasOwn(item, name))
    if (valueName !== undefined) this.#add(this.#path, item[valueName], details)
    else if (fields === undefined) {
      for (const [name, value] of Object.entries(item)) {
        if (name !== timeName && name !== qualityName) this.#addNested(this.#below(name), value, details, 1)
      }
    } else {
      for (const [field, to] of fields) {
        const value = field.split('.').reduce<unknown>((held, name) => memberOf(held, name), item)
        if (value !== undefined) this.#add(join(this.#path, to), value, details)
      }
    }
  }

  #addNested(to: string, value: unknown, details: Details, depth: number): void {
    if (this.#isFull()) return
    if (!isObject(value)) this.#add(to, value, details)
    else if (depth === MAX_DEPTH) this.#problems.push(`${to} is nested too deep`)
    else {
      for (const [name, inner] of Object.entries(value)) {
        this.#addNested(join(to, dottedPath(name)), inner, details, depth + 1)
      }
    }
  }

  #readOpcUa(json: unknown): void {
    for (const { name, value, type, time, quality } of readDataSets(json, this.#problems)) {
      const details = { time, ...(quality !== undefined && { quality }), ...(type !== undefined && { type }) }
      this.#add(this.#below(name), value, details)
      if (this.#isFull()) break
    }
  }

  /** Without a target the names contain it, as at `/ingest`; otherwise each is a field below the path. */
  #readSenml(pack: unknown): void {
    const target = this.#target
    try {
      for (const record of parseSenml(pack, this.#arrival)) {
        if ('fault' in record) {
          this.#problems.push(record.fault)
          continue
        }
        const { name, value, time } = record
        const named = target === undefined ? parseSenmlName(name) : { target, path: this.#senmlField(name) }
        if (named === undefined) this.#problems.push(`the name "${name.slice(0, 60)}" names no submodel`)
        else if (named.path !== undefined) this.#samples.push({ ...named, path: named.path, time, value })
        if (this.#isFull()) break
      }
    } catch (error) {
      if (!(error instanceof SenmlError)) throw error
      this.#problems.push(error.message)
    }
  }

  /** Undefined for a field that the rule does not list. */
  #senmlField(name: string): string | undefined {
    const { fields } = this.#rule
    const to = fields === undefined ? dottedPath(name) : fields.get(name)
    return to && join(this.#path, to)
  }

  #add(path: string, value: unknown, { time, ...details }: Details = {}): void {
    const target = this.#target
    if (path === '' || target === undefined) this.#problems.push('the mapping names no element for a bare value')
    // null means that there is no value, which is not an error of the sender.
    else if (value !== null) this.#samples.push({ target, path, time, value, ...details })
  }

  #below(name: string): string {
    return join(this.#path, dottedPath(name))
  }

  #isFull(): boolean {
    return this.#samples.length > MAX_SAMPLES
  }
}

/** Undefined where it is not JSON. */
function parseJson(text: string): unknown {
  try {
    return parseSampleJson(text)
  } catch {
    return undefined
  }
}

function qualityOf(sent: unknown): Quality | undefined {
  if (typeof sent === 'number') return qualityOfCode(sent)
  if (typeof sent === 'boolean') return sent ? 'good' : 'bad'
  // OPC UA's JSON has the status code as a member.
  if (isObject(sent)) return qualityOf(memberOf(sent, 'Code') ?? memberOf(sent, 'code'))
  if (typeof sent !== 'string') return undefined
  const [, word] = /^(good|uncertain|bad)/i.exec(sent) ?? []
  return word === undefined ? undefined : (word.toLowerCase() as Quality)
}

function join(path: string, step: string): string {
  return path === '' ? step : `${path}.${step}`
}

function memberOf(held: unknown, name: string): unknown {
  return isObject(held) && Object.hasOwn(held, name) ? held[name] : undefined
}

function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json) && !(json instanceof Literal)
}
