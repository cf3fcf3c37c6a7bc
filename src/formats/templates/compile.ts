/**
 * Schemas compiled with Ajv. What only sorts elements – the conditions of `if`, choices, and the counting of `contains` – is done
 * by closures made of the very same subschemas: Ajv writes hundreds of lines of code for each of them, which takes
 * seconds to compile, and an error object for each element that is not the one looked for. The verdict is the same.
 */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { resolveRef, type Schema } from './schema.ts'
import { isDecidedBySignature, type Predicate, SlotClassifier } from './slot-classifier.ts'
import { isGenerated } from './template-version.ts'

/** @throws Error where the schema is none */
export function compile(schema: Schema): ValidateFunction {
  shared ??= new Ajv2020({
    strict: true,
    // Shorter code is no faster here, and takes as long again to make.
    code: { optimize: false },
    strictTypes: false,
    strictRequired: false,
    unicodeRegExp: false,
    // Tests hold the generated schemas against the metaschema once; those of operators are held against it below.
    validateSchema: false
  })
    .addKeyword({
      keyword: HOLDS,
      schemaType: 'object',
      compile: ({ test }: { test: Predicate }) => test,
      errors: false
    })
    .addKeyword({ keyword: COUNTS, type: 'array', schemaType: 'object', compile: counting, errors: false })
  // The same $id may be compiled again after its file has changed; references lead nowhere but into the schema itself.
  const { $id, ...rest } = schema
  const preparation = preparationOf(schema)
  const prepared = isGenerated(schema)
    ? preparation.pruned(rest)
    : preparation.schema($id === undefined || refersByName(schema, $id) ? schema : rest)
  try {
    if (!isGenerated(schema)) shared.validateSchema(schema, true)
    return shared.compile(prepared)
  } finally {
    // Ajv keeps what it compiled, for ever.
    shared.removeSchema(prepared)
    if (typeof prepared.$id === 'string') shared.removeSchema(prepared.$id)
  }
}

/**
 * A subschema as a closure: does it hold? Undefined where it uses a keyword that is left to Ajv.
 * @param root the schema that `$ref` leads into
 */
export function predicateOf(root: Schema, schema: unknown): Predicate | undefined {
  return preparationOf(root).test(schema)
}

/**
 * How a list is sorted; undefined where its schema is not of that form, or where a condition looks at more than names
 * and semantic ids.
 */
export function slotSortingOf(root: Schema, schema: Schema): SlotSorting | undefined {
  return preparationOf(root).sorting(schema)
}

function preparationOf(root: Schema): Preparation {
  const preparation = preparations.get(root) ?? new Preparation(root)
  preparations.set(root, preparation)
  return preparation
}

/** Templates repeat their patterns; there are as many as the operator's schemas hold. */
export function expressionOf(pattern: string): RegExp {
  const known = expressions.get(pattern) ?? new RegExp(pattern)
  expressions.set(pattern, known)
  return known
}

const expressions = new Map<string, RegExp>()
const preparations = new WeakMap<Schema, Preparation>()

let shared: Ajv2020 | undefined

const HOLDS = 'holds'
const COUNTS = 'counts'

function refersByName(schema: Schema, id: unknown): boolean {
  return typeof id === 'string' && JSON.stringify(schema).includes(`"$ref":${JSON.stringify(id).slice(0, -1)}`)
}

/** How often a test may hold among the items of a list. */
interface Count {
  readonly test: Predicate
  readonly min: number
  readonly max: number
}

/** All counts of one list in one pass. */
interface Counts {
  readonly classifier: SlotClassifier
  readonly counts: SlotSorting['counts']
}

/** A list whose items are sorted by conditions, as the generated schemas have it. */
export interface SlotSorting {
  readonly classifier: SlotClassifier
  /** What is asked of the items for which the test at this index holds: `then` and `else`. */
  readonly conditions: readonly { readonly index: number; readonly asks: Schema }[]
  /** How often the test at this index may hold, and the subschema that says so. */
  readonly counts: readonly {
    readonly index: number
    readonly rule: Schema
    readonly min: number
    readonly max: number
  }[]
}

function counting(counted: Count | Counts): Predicate {
  if ('counts' in counted) return countingAll(counted)
  const { test, min, max } = counted
  return (data) => {
    let count = 0
    for (const item of data as readonly unknown[]) if (test(item) && ++count > max) return false
    return count >= min
  }
}

function countingAll({ classifier: sorter, counts }: Counts): Predicate {
  return (data) => {
    const found = new Uint32Array(counts.length)
    for (const item of data as readonly unknown[]) {
      const holds = sorter.classify(item)
      for (let at = 0; at < counts.length; at++) found[at] = (found[at] ?? 0) + (holds[counts[at]?.index ?? 0] ?? 0)
    }
    return counts.every(({ min, max }, at) => (found[at] ?? 0) >= min && (found[at] ?? 0) <= max)
  }
}

/** Keywords whose values are schemas, lists of schemas and schemas by name. */
const SINGLE = ['items', 'additionalProperties', 'propertyNames', 'not', 'then', 'else', 'if', 'contains']
const LISTS = ['allOf', 'anyOf', 'oneOf', 'prefixItems']
const NAMED = ['properties', 'patternProperties', '$defs']

class Preparation {
  readonly #root: Schema
  readonly #tests = new Map<string, Predicate | undefined>()
  readonly #decided = new WeakMap<Schema, boolean>()
  readonly #sortings = new WeakMap<Schema, SlotSorting | undefined>()
  readonly #met = new WeakMap<object, Predicate | undefined>()

  constructor(root: Schema) {
    this.#root = root
  }

  /** A copy in which conditions and counts are closures. */
  schema(schema: Schema): Schema {
    const sorted = this.#sorted(schema)
    if (sorted !== undefined) return sorted
    const copy: Record<string, unknown> = { ...schema }
    const each = (value: unknown): unknown => (isSchema(value) ? this.schema(value) : value)
    for (const name of LISTS) if (Array.isArray(copy[name])) copy[name] = copy[name].map(each)
    for (const name of NAMED) {
      const held = copy[name]
      if (isSchema(held))
        copy[name] = Object.fromEntries(Object.entries(held).map(([key, value]) => [key, each(value)]))
    }
    for (const name of SINGLE) {
      if (name !== 'if' && name !== 'contains') copy[name] = each(copy[name])
      if (copy[name] === undefined) delete copy[name]
    }
    for (const name of ['anyOf', 'not'] as const) {
      const test = schema[name] === undefined ? undefined : this.test({ [name]: schema[name] })
      if (test === undefined) continue
      delete copy[name]
      copy[HOLDS] = {
        test: allOf([(copy[HOLDS] as { test: Predicate } | undefined)?.test, test].filter((one) => one !== undefined))
      }
    }
    if (schema.contains !== undefined) this.#count(schema, copy)
    if (schema.if !== undefined) {
      const test = this.test(schema.if)
      copy.if = test === undefined ? each(schema.if) : { [HOLDS]: { test } }
    }
    return copy
  }

  /** The same for a generated schema, with only the definitions that closures have left to refer to. */
  pruned({ $defs: _, ...rest }: Schema): Schema {
    const definitions: Record<string, Schema> = {}
    const prepared = this.schema(rest)
    const visit = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return
      for (const [keyword, held] of Object.entries(value)) {
        if (keyword === HOLDS || keyword === COUNTS) continue
        if (keyword === '$ref' && typeof held === 'string') define(held)
        else visit(held)
      }
    }
    const define = (reference: string): void => {
      const name = reference.replace('#/$defs/', '')
      const target = resolveRef(this.#root, reference)
      if (target === undefined || Object.hasOwn(definitions, name)) return
      definitions[name] = {}
      definitions[name] = this.schema(target)
      visit(definitions[name])
    }
    visit(prepared)
    return { ...prepared, $defs: definitions }
  }

  #sorted(schema: Schema): Schema | undefined {
    const sorting = this.sorting(schema)
    if (sorting === undefined) return undefined
    const { classifier: sorter, conditions, counts } = sorting
    const others = partsOf(schema).filter(({ contains }) => contains === undefined)
    const tests = sorter.inTurn(conditions.map(({ index }) => index))
    const each = conditions.map(({ asks }, at) => ({ if: { [HOLDS]: { test: tests[at] } }, ...this.schema(asks) }))
    return {
      type: 'array',
      ...(others.length > 0 && { allOf: others.map((part) => this.schema(part)) }),
      ...(counts.length > 0 && { [COUNTS]: { classifier: sorter, counts } satisfies Counts }),
      items: { allOf: each }
    }
  }

  /** See sortingOf. */
  sorting(schema: Schema): SlotSorting | undefined {
    if (!this.#sortings.has(schema)) this.#sortings.set(schema, this.#sortingOf(schema))
    return this.#sortings.get(schema)
  }

  #sortingOf(schema: Schema): SlotSorting | undefined {
    const conditions = (schema.items as Schema | undefined)?.allOf as readonly Schema[] | undefined
    if (schema.type !== 'array' || conditions === undefined) return undefined
    const counted = partsOf(schema).filter(({ contains }) => contains !== undefined)
    const deciding = [...conditions.map((condition) => condition.if), ...counted.map(({ contains }) => contains)]
    const isSimple = (one: unknown): boolean =>
      isSchema(one) && isDecidedBySignature(one, (reference) => resolveRef(this.#root, reference), this.#decided)
    const tests = deciding.map((one) => (isSimple(one) ? this.test(one) : undefined))
    if (!tests.every((test) => test !== undefined)) return undefined
    const distinct = [...new Set(tests)]
    const indexOf = (at: number): number => distinct.indexOf(tests[at] as Predicate)
    return {
      classifier: new SlotClassifier(distinct),
      conditions: conditions.map(({ if: _, ...asks }, at) => ({ index: indexOf(at), asks })),
      counts: counted.map((rule, at) => {
        const { minContains = 1, maxContains = Infinity } = rule
        return { index: indexOf(conditions.length + at), rule, min: Number(minContains), max: Number(maxContains) }
      })
    }
  }

  #count(schema: Schema, copy: Record<string, unknown>): void {
    const test = this.test(schema.contains)
    if (test === undefined) {
      if (isSchema(schema.contains)) copy.contains = this.schema(schema.contains)
      return
    }
    const { minContains = 1, maxContains = Infinity } = schema as { minContains?: number; maxContains?: number }
    for (const name of ['contains', 'minContains', 'maxContains']) delete copy[name]
    copy[COUNTS] = { test, min: minContains, max: maxContains } satisfies Count
  }

  test(schema: unknown): Predicate | undefined {
    if (typeof schema !== 'object' || schema === null) return this.#testOf(schema)
    if (this.#met.has(schema)) return this.#met.get(schema)
    const test = this.#testOf(schema)
    this.#met.set(schema, test)
    return test
  }

  /** Equal subschemas are one closure. */
  #testOf(schema: unknown): Predicate | undefined {
    const text = JSON.stringify(schema)
    if (this.#tests.has(text)) return this.#tests.get(text)
    // A condition that refers to itself is left to Ajv.
    this.#tests.set(text, undefined)
    const test = this.#closure(schema)
    this.#tests.set(text, test)
    return test
  }

  /** Undefined where the schema uses a keyword that is not known here. */
  #closure(schema: unknown): Predicate | undefined {
    if (typeof schema === 'boolean') return () => schema
    if (!isSchema(schema)) return undefined
    const tests: Predicate[] = []
    for (const [keyword, value] of Object.entries(schema)) {
      if (keyword === '$comment' || keyword === 'title') continue
      const test = this.#keyword(keyword, value, schema)
      if (test === undefined) return undefined
      tests.push(test)
    }
    return allOf(tests)
  }

  #keyword(keyword: string, value: unknown, schema: Schema): Predicate | undefined {
    switch (keyword) {
      case '$ref': {
        const target = resolveRef(this.#root, value)
        return target === undefined ? undefined : this.test(target)
      }
      case 'const':
        return isScalar(value) ? (data) => data === value : undefined
      case 'pattern': {
        const expression = expressionOf(String(value))
        return (data) => typeof data !== 'string' || expression.test(data)
      }
      case 'required': {
        const names = value as readonly string[]
        return (data) => !isSchema(data) || names.every((name) => data[name] !== undefined)
      }
      case 'minItems':
        return (data) => !Array.isArray(data) || data.length >= Number(value)
      case 'maxItems':
        return (data) => !Array.isArray(data) || data.length <= Number(value)
      case 'not': {
        const test = this.test(value)
        return test && ((data) => !test(data))
      }
      case 'allOf':
        return allOf(this.#all(value))
      case 'anyOf': {
        const tests = this.#all(value)
        return tests && ((data) => tests.some((test) => test(data)))
      }
      case 'properties': {
        const named = value as Readonly<Record<string, unknown>>
        const tests = this.#all(Object.values(named))
        const names = Object.keys(named)
        return (
          tests &&
          ((data) =>
            !isSchema(data) ||
            tests.every((test, at) => isAbsent(data, names[at] ?? '') || test(data[names[at] ?? ''])))
        )
      }
      case 'prefixItems': {
        const tests = this.#all(value)
        return (
          tests && ((data) => !Array.isArray(data) || tests.every((test, at) => at >= data.length || test(data[at])))
        )
      }
      case 'contains': {
        if (schema.minContains !== undefined || schema.maxContains !== undefined) return undefined
        const test = this.test(value)
        return test && ((data) => !Array.isArray(data) || data.some(test))
      }
      default:
        return undefined
    }
  }

  #all(schemas: unknown): Predicate[] | undefined {
    const tests = (schemas as readonly unknown[]).map((schema) => this.test(schema))
    return tests.every((test) => test !== undefined) ? tests : undefined
  }
}

function partsOf(schema: Schema): readonly Schema[] {
  return (schema.allOf ?? []) as readonly Schema[]
}

function allOf(tests: readonly Predicate[] | undefined): Predicate | undefined {
  if (tests === undefined) return undefined
  const [first, second] = tests
  if (first !== undefined && tests.length === 1) return first
  if (first !== undefined && second !== undefined && tests.length === 2) return (data) => first(data) && second(data)
  return (data) => tests.every((test) => test(data))
}

/** JSON holds no `undefined`, so a member that is inherited or undefined is none. */
function isAbsent(data: Schema, name: string): boolean {
  return data[name] === undefined
}

function isScalar(value: unknown): boolean {
  return value === null || typeof value !== 'object'
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
