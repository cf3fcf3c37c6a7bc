/**
 * Explains from the metamodel why the schema refuses a document: a validator only knows keywords. Stops at the limit,
 * whereas a validator asked for all errors collects one for every node.
 */
import type { Violation } from '../errors.ts'
import { isLexical } from '../model/datatypes.ts'
import { idShortPathTo, pointerTo } from '../model/document-path.ts'
import { quote } from '../model/excerpt.ts'
import { allEnumerations, allPrimitives, declarationOf, type Field, fieldsOf, heirsOf } from '../model/fields.ts'
import type { PrimitiveDeclaration } from '../model/metamodel.ts'
import { type PatternName, patterns, patternWords } from '../model/patterns.ts'
import { suggest } from './suggest.ts'

/** Rules whose violations cause others are reported first. */
const ranks: readonly string[] = ['modelType', 'additionalProperties', 'type', 'required']

/** Rules for the types of values; where they are violated, no code can rely on the types of the metamodel. */
const SHAPE_RULES: ReadonlySet<string> = new Set(['type', 'modelType', 'enum'])

export function isShapeRule({ rule }: Violation): boolean {
  return SHAPE_RULES.has(rule)
}

/**
 * @param className the expected class, possibly abstract
 * @param value parsed JSON of limited depth
 * @param counts filters violations; others do not count towards the limit
 * @returns up to `limit` violations of the schema, most important first
 */
export function explain(
  className: string,
  value: unknown,
  limit: number,
  counts: (violation: Violation) => boolean = () => true
): Violation[] {
  const explainer = new SchemaExplainer(value, limit, counts)
  explainer.object(className, value)
  return explainer.violations.sort((one, other) => rankOf(one) - rankOf(other))
}

/** Walks a document along the metamodel and collects violations of the schema. */
class SchemaExplainer {
  readonly violations: Violation[] = []
  readonly #root: unknown
  readonly #limit: number
  readonly #counts: (violation: Violation) => boolean
  readonly #here: (string | number)[] = []

  constructor(root: unknown, limit: number, counts: (violation: Violation) => boolean) {
    this.#root = root
    this.#limit = limit
    this.#counts = counts
  }

  #add(rule: string, text: string, ...at: (string | number)[]): void {
    if (this.violations.length >= this.#limit) return
    const place = [...this.#here, ...at]
    const idShortPath = idShortPathTo(this.#root, place)
    const violation = { pointer: pointerTo(place), ...(idShortPath !== undefined && { idShortPath }), rule, text }
    if (this.#counts(violation)) this.violations.push(violation)
  }

  #at(step: string | number, look: () => void): void {
    if (this.violations.length >= this.#limit) return
    this.#here.push(step)
    look()
    this.#here.pop()
  }

  object(type: string, it: unknown): void {
    if (isObject(it)) {
      const concrete = this.#concreteClass(type, it)
      if (concrete !== undefined) this.#members(concrete, it)
    } else this.#add('type', `expected an object (${type}), found ${nameOf(it)}`)
  }

  /** The class named by the modelType, if it is allowed here. */
  #concreteClass(type: string, it: Readonly<Record<string, unknown>>): string | undefined {
    const declaration = declarationOf(type)
    if (!declaration?.abstract && !declaration?.modelType) return type
    const allowed = heirsOf(type)
    if (!Object.hasOwn(it, 'modelType')) {
      this.#add('modelType', `modelType is missing; expected ${listed(allowed)}`)
      return undefined
    }
    if (typeof it.modelType === 'string' && allowed.includes(it.modelType)) return it.modelType
    if (typeof it.modelType !== 'string')
      this.#add('type', `expected a string, found ${nameOf(it.modelType)}`, 'modelType')
    else
      this.#add(
        'modelType',
        `${quote(it.modelType)} is not possible here; ${choice(it.modelType, allowed)}`,
        'modelType'
      )
    return undefined
  }

  #members(type: string, it: Readonly<Record<string, unknown>>): void {
    const fields = fieldsOf(type)
    const meant = new Set<string>()
    for (const name of Object.keys(it)) {
      if (fields.some((field) => field.name === name)) continue
      if (name === 'modelType' && declarationOf(type)?.modelType) continue
      const free = fields.map((field) => field.name).filter((other) => !Object.hasOwn(it, other))
      const suggestion = suggest(name, free)
      if (suggestion !== undefined) meant.add(suggestion)
      const hint = suggestion === undefined ? `${type} has no such member` : `did you mean ${quote(suggestion)}?`
      this.#add('additionalProperties', `unknown member ${quote(name)}; ${hint}`, name)
      if (this.violations.length >= this.#limit) return
    }
    for (const field of fields) {
      if (Object.hasOwn(it, field.name)) this.#at(field.name, () => this.#field(field, it[field.name]))
      else if (field.required && !meant.has(field.name))
        this.#add('required', `${type} needs the member ${quote(field.name)}`)
    }
  }

  #field(field: Field, held: unknown): void {
    if (held === null) this.#add('type', 'null is not allowed; leave the member out where there is nothing to say')
    else if (!field.many) this.#value(field, held)
    else if (!Array.isArray(held)) this.#add('type', `expected a list, found ${nameOf(held)}`)
    else if (held.length === 0 && !field.mayBeEmpty)
      this.#add('minItems', 'the list is empty; leave it out where there is nothing to list')
    else {
      for (let index = 0; index < held.length && this.violations.length < this.#limit; index++) {
        this.#at(index, () => this.#value(field, held[index]))
      }
    }
  }

  #value({ sort, type }: Field, held: unknown): void {
    if (sort === 'class' || sort === 'choice') this.object(type, held)
    else if (sort === 'enumeration') this.#enumeration(type, held)
    else this.#primitive(allPrimitives.get(type), held)
  }

  #enumeration(type: string, held: unknown): void {
    const allowed = allEnumerations.get(type) ?? []
    if (typeof held !== 'string') this.#add('type', `expected a string, found ${nameOf(held)}`)
    else if (!allowed.includes(held))
      this.#add('enum', `${quote(held)} is not one of ${type}; ${choice(held, allowed)}`)
  }

  #primitive(primitive: PrimitiveDeclaration | undefined, held: unknown): void {
    const wanted = primitive?.json === 'boolean' ? 'true or false' : 'a string'
    if (typeof held !== primitive?.json) this.#add('type', `expected ${wanted}, found ${nameOf(held)}`)
    else if (typeof held === 'string' && primitive !== undefined) this.#text(primitive, held)
  }

  #text({ minLength = 0, maxLength, pattern, base64 }: PrimitiveDeclaration, text: string): void {
    const name = (pattern ?? 'xmlText') as PatternName
    if (base64) {
      if (!isLexical('xs:base64Binary', text)) this.#add('contentEncoding', `${quote(text)} is not base64 text`)
    } else if (text.length < minLength) this.#add('minLength', 'the text is empty')
    else if (maxLength !== undefined && isLonger(text, maxLength)) {
      this.#add('maxLength', `the text has ${lengthOf(text)} characters; at most ${maxLength} are allowed`)
    } else if (!expressionOf(name).test(text)) {
      this.#add(rulesOfPatterns[name] ?? 'pattern', `${quote(text)} does not fit; expected ${patternWords[name]}`)
    }
  }
}

/** Constraints of Part 1 that are checked by a pattern. */
const rulesOfPatterns: { readonly [Name in PatternName]?: string } = { idShort: 'AASd-002', xmlText: 'AASd-130' }

const expressions = new Map<PatternName, RegExp>()

function expressionOf(name: PatternName): RegExp {
  const known = expressions.get(name) ?? new RegExp(patterns[name])
  expressions.set(name, known)
  return known
}

function rankOf({ rule }: Violation): number {
  const rank = ranks.indexOf(rule)
  return rank === -1 ? ranks.length : rank
}

function choice(found: string, allowed: readonly string[]): string {
  const suggestion = suggest(found, allowed)
  return suggestion === undefined ? `expected ${listed(allowed)}` : `did you mean ${quote(suggestion)}?`
}

function listed(names: readonly string[]): string {
  return names.length === 1 ? String(names[0]) : `one of ${names.join(', ')}`
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A JSON value in words. */
function nameOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (isObject(value)) return 'an object'
  if (typeof value === 'string') return `the string ${quote(value)}`
  if (typeof value === 'number') return `the number ${value}`
  return value === undefined ? 'nothing' : String(value)
}

function isLonger(text: string, maxLength: number): boolean {
  // A text has at most as many characters as UTF-16 code units.
  return text.length > maxLength && lengthOf(text) > maxLength
}

/** JSON Schema counts characters, not UTF-16 code units. */
function lengthOf(text: string): number {
  let length = text.length
  for (let index = 0; index < text.length - 1; index++) {
    const isPair = (text.charCodeAt(index) & 0xfc00) === 0xd800 && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00
    if (isPair) {
      length--
      index++
    }
  }
  return length
}
