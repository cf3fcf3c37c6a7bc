/**
 * Explains why a schema refuses a document. A validator reports keywords, this walk reports the rules that the schema
 * contains. It runs only for refused documents, so it favours good messages over speed. It knows the keywords of the
 * generated schemas and the common ones of hand-written schemas.
 */
import { expressionOf, predicatesOf } from './predicates.ts'
import { resolveRef, type Schema } from './schema.ts'
import { type SlotSorting, slotSortingOf } from './slot-sorting.ts'

/** One violated rule. */
export interface Failure {
  /** Members and indexes from the document's root. */
  readonly path: readonly (string | number)[]
  readonly keyword: string
  /** The schema that holds the keyword. */
  readonly schema: Schema
  /** The nearest schema with a `title` and a `$comment`: the rule that this keyword is part of. */
  readonly rule: Schema | undefined
  readonly data: unknown
}

/** @returns up to `limit` failures; none if the document satisfies every keyword that the walk knows */
export function explain(root: Schema, document: unknown, limit: number): Failure[] {
  return new FailureWalk(root, limit).failures(root, document, [], undefined)
}

type DocumentPath = readonly (string | number)[]
type Members = Readonly<Record<string, unknown>>

class FailureWalk {
  readonly #root: Schema
  readonly #limit: number

  constructor(root: Schema, limit: number) {
    this.#root = root
    this.#limit = limit
  }

  failures(written: unknown, data: unknown, place: DocumentPath, above: Schema | undefined): Failure[] {
    if (written === true || written === undefined) return []
    const schema: Schema = written === false ? { not: {} } : (written as Schema)
    const rule = schema.title !== undefined && schema.$comment !== undefined ? schema : above
    const found: Failure[] = []
    const fail = (keyword: string, at: DocumentPath = place, what: unknown = data): void => {
      found.push({ path: at, keyword, schema, rule, data: what })
    }
    const add = (failures: readonly Failure[]): void => {
      for (const failure of failures) if (found.length < this.#limit) found.push(failure)
    }

    if (!isOfType(data, schema.type)) {
      fail('type')
      return found
    }
    if (schema.$ref !== undefined) add(this.failures(resolveRef(this.#root, schema.$ref), data, place, rule))
    const wrong = findWrong(schema, data)
    if (wrong !== undefined) fail(wrong)
    if (isObject(data)) this.#object(schema, data, place, rule, fail, add)
    if (Array.isArray(data)) this.#array(schema, data, place, rule, fail, add)
    this.#logic(schema, data, place, rule, fail, add)
    return found
  }

  #holds(schema: unknown, data: unknown): boolean {
    const test = predicatesOf(this.#root).of(schema)
    return test !== undefined
      ? test(data)
      : new FailureWalk(this.#root, 1).failures(schema, data, [], undefined).length === 0
  }

  #object(schema: Schema, data: Members, place: DocumentPath, rule: Schema | undefined, fail: Fail, add: Add): void {
    const properties = (schema.properties ?? {}) as Readonly<Record<string, Schema>>
    const kind = properties.modelType
    if (kind !== undefined && Object.hasOwn(data, 'modelType')) {
      const wrong = this.failures(kind, data.modelType, [...place, 'modelType'], rule)
      // The rules for a Property do not help the sender of a File.
      if (wrong.length > 0) {
        add(wrong)
        return
      }
    }
    for (const [name, asked] of Object.entries(properties)) {
      if (name !== 'modelType' && Object.hasOwn(data, name))
        add(this.failures(asked, data[name], [...place, name], rule))
    }
    const patterned = Object.entries((schema.patternProperties ?? {}) as Readonly<Record<string, Schema>>)
    for (const [pattern, asked] of patterned) {
      const expression = expressionOf(pattern)
      for (const [name, value] of Object.entries(data)) {
        if (expression.test(name)) add(this.failures(asked, value, [...place, name], rule))
      }
    }
    if (schema.additionalProperties !== undefined) {
      for (const [name, value] of Object.entries(data)) {
        if (Object.hasOwn(properties, name) || patterned.some(([pattern]) => expressionOf(pattern).test(name))) continue
        if (schema.additionalProperties === false) fail('additionalProperties', [...place, name], value)
        else add(this.failures(schema.additionalProperties, value, [...place, name], rule))
      }
    }
    for (const name of (schema.required ?? []) as readonly string[]) {
      if (Object.hasOwn(data, name)) continue
      // An absent list counts as an empty one: report what is missing in it.
      const inside = isListing(properties[name]) ? this.failures(properties[name], [], [...place, name], rule) : []
      if (inside.length > 0) add(inside)
      else fail('required', [...place, name], undefined)
    }
    if (schema.propertyNames !== undefined) {
      for (const name of Object.keys(data)) {
        if (!this.#holds(schema.propertyNames, name)) fail('propertyNames', [...place, name], name)
      }
    }
  }

  #array(
    schema: Schema,
    data: readonly unknown[],
    place: DocumentPath,
    rule: Schema | undefined,
    fail: Fail,
    add: Add
  ): void {
    const sorting = slotSortingOf(this.#root, schema)
    if (sorting !== undefined) {
      this.#sorted(sorting, data, place, rule, add)
      return
    }
    const prefix = (schema.prefixItems ?? []) as readonly Schema[]
    for (const [index, item] of data.entries()) {
      const asked = index < prefix.length ? prefix[index] : schema.items
      if (asked !== undefined) add(this.failures(asked, item, [...place, index], rule))
    }
    if (schema.contains !== undefined) {
      const { minContains = 1, maxContains = Infinity } = schema as { minContains?: number; maxContains?: number }
      const fitting = data.filter((item) => this.#holds(schema.contains, item))
      if (fitting.length < minContains || fitting.length > maxContains) fail('contains', place, fitting)
    }
  }

  #sorted(
    { classifier, conditions, counts }: SlotSorting,
    data: readonly unknown[],
    place: DocumentPath,
    rule: Schema | undefined,
    add: Add
  ): void {
    const sorted = data.map((item) => classifier.classify(item))
    for (const { index, rule: schema, min, max } of counts) {
      const fitting = data.filter((_, at) => sorted[at]?.[index] === 1)
      if (fitting.length < min || fitting.length > max)
        add([{ path: place, keyword: 'contains', schema, rule: schema, data: fitting }])
    }
    for (const [at, item] of data.entries()) {
      for (const { index, asks } of conditions) {
        add(this.failures(sorted[at]?.[index] === 1 ? asks.then : asks.else, item, [...place, at], rule))
      }
    }
  }

  #logic(schema: Schema, data: unknown, place: DocumentPath, rule: Schema | undefined, fail: Fail, add: Add): void {
    // The items of such a list have already been counted.
    const isCounted = Array.isArray(data) && slotSortingOf(this.#root, schema) !== undefined
    for (const part of (schema.allOf ?? []) as readonly Schema[]) {
      if (!isCounted || part.contains === undefined) add(this.failures(part, data, place, rule))
    }
    if (schema.if !== undefined) {
      add(this.failures(this.#holds(schema.if, data) ? schema.then : schema.else, data, place, rule))
    }
    if (schema.not !== undefined && this.#holds(schema.not, data)) fail('not')
    if (schema.anyOf !== undefined && !(schema.anyOf as readonly Schema[]).some((way) => this.#holds(way, data))) {
      // A rule with a title covers all its alternatives; otherwise the nearest alternative is probably the one meant.
      if (rule === schema) fail('anyOf')
      else {
        const ways = (schema.anyOf as readonly Schema[]).map((way) => this.failures(way, data, place, rule))
        add(ways.reduce((best, way) => (way.length < best.length ? way : best)))
      }
    }
    if (schema.oneOf !== undefined) {
      const fitting = (schema.oneOf as readonly Schema[]).filter((way) => this.#holds(way, data))
      if (fitting.length !== 1) fail('oneOf', place, fitting.length)
    }
  }
}

type Fail = (keyword: string, at?: DocumentPath, what?: unknown) => void
type Add = (failures: readonly Failure[]) => void

/** The keyword of a violated rule, of those without subschemas. */
function findWrong(schema: Schema, data: unknown): string | undefined {
  if (schema.const !== undefined && !isSame(schema.const, data)) return 'const'
  if (Array.isArray(schema.enum) && !schema.enum.some((value) => isSame(value, data))) return 'enum'
  if (typeof data === 'string') {
    if (typeof schema.pattern === 'string' && !expressionOf(schema.pattern).test(data)) return 'pattern'
    const length = [...data].length
    if (length < Number(schema.minLength ?? 0)) return 'minLength'
    if (length > Number(schema.maxLength ?? Infinity)) return 'maxLength'
  }
  if (typeof data === 'number') {
    if (data < Number(schema.minimum ?? -Infinity)) return 'minimum'
    if (data > Number(schema.maximum ?? Infinity)) return 'maximum'
    if (data <= Number(schema.exclusiveMinimum ?? -Infinity)) return 'exclusiveMinimum'
    if (data >= Number(schema.exclusiveMaximum ?? Infinity)) return 'exclusiveMaximum'
  }
  if (Array.isArray(data)) {
    if (data.length < Number(schema.minItems ?? 0)) return 'minItems'
    if (data.length > Number(schema.maxItems ?? Infinity)) return 'maxItems'
  }
  if (isObject(data)) {
    const count = Object.keys(data).length
    if (count < Number(schema.minProperties ?? 0)) return 'minProperties'
    if (count > Number(schema.maxProperties ?? Infinity)) return 'maxProperties'
  }
  return undefined
}

function isSame(one: unknown, other: unknown): boolean {
  return one === other || (typeof one === 'object' && one !== null && JSON.stringify(one) === JSON.stringify(other))
}

function isOfType(data: unknown, type: unknown): boolean {
  if (type === undefined) return true
  if (Array.isArray(type)) return type.some((one) => isOfType(data, one))
  if (type === 'null') return data === null
  if (type === 'array') return Array.isArray(data)
  if (type === 'object') return isObject(data)
  if (type === 'integer') return Number.isInteger(data)
  // The remaining names are those of typeof.
  return typeof data === type
}

function isListing(schema: Schema | undefined): boolean {
  return schema?.type === 'array'
}

function isObject(data: unknown): data is Members {
  return typeof data === 'object' && data !== null && !Array.isArray(data)
}
