/** Schemas compiled with Ajv, which is left only what predicates.ts cannot decide. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { allOf, isSchema, type Predicate, predicatesOf } from './predicates.ts'
import { resolveRef, type Schema } from './schema.ts'
import type { SlotClassifier } from './slot-classifier.ts'
import { partsOf, type SlotSorting, slotSortingOf } from './slot-sorting.ts'
import { isGenerated } from './template-version.ts'

/** @throws Error if the schema is not valid */
export function compile(schema: Schema): ValidateFunction {
  shared ??= new Ajv2020({
    strict: true,
    // Optimized code is no faster here and doubles the compile time.
    code: { optimize: false },
    strictTypes: false,
    strictRequired: false,
    unicodeRegExp: false,
    // Tests validate the generated schemas against the metaschema; the operators' schemas are validated below.
    validateSchema: false
  })
    .addKeyword({
      keyword: HOLDS,
      schemaType: 'object',
      compile: ({ test }: { test: Predicate }) => test,
      errors: false
    })
    .addKeyword({ keyword: COUNTS, type: 'array', schemaType: 'object', compile: counting, errors: false })
  // The same $id may be compiled again after its file has changed; references stay within the schema.
  const { $id, ...rest } = schema
  const preparation = new Preparation(schema)
  const prepared = isGenerated(schema)
    ? preparation.pruned(rest)
    : preparation.schema($id === undefined || refersByName(schema, $id) ? schema : rest)
  try {
    if (!isGenerated(schema)) shared.validateSchema(schema, true)
    return shared.compile(prepared)
  } finally {
    // Ajv would keep every compiled schema forever.
    shared.removeSchema(prepared)
    if (typeof prepared.$id === 'string') shared.removeSchema(prepared.$id)
  }
}

let shared: Ajv2020 | undefined

const HOLDS = 'holds'
const COUNTS = 'counts'

function refersByName(schema: Schema, id: unknown): boolean {
  return typeof id === 'string' && JSON.stringify(schema).includes(`"$ref":${JSON.stringify(id).slice(0, -1)}`)
}

/** How many items of a list may satisfy a predicate. */
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

function counting(counted: Count | Counts): Predicate {
  if ('counts' in counted) return countingAll(counted)
  const { test, min, max } = counted
  return (data) => {
    let count = 0
    for (const item of data as readonly unknown[]) if (test(item) && ++count > max) return false
    return count >= min
  }
}

function countingAll({ classifier, counts }: Counts): Predicate {
  return (data) => {
    const found = new Uint32Array(counts.length)
    for (const item of data as readonly unknown[]) {
      const holds = classifier.classify(item)
      for (let at = 0; at < counts.length; at++) found[at] = (found[at] ?? 0) + (holds[counts[at]?.index ?? 0] ?? 0)
    }
    return counts.every(({ min, max }, at) => (found[at] ?? 0) >= min && (found[at] ?? 0) <= max)
  }
}

/** Keywords whose values are schemas, lists of schemas and schemas by name. */
const SINGLE = ['items', 'additionalProperties', 'propertyNames', 'not', 'then', 'else', 'if', 'contains']
const LISTS = ['allOf', 'anyOf', 'oneOf', 'prefixItems']
const NAMED = ['properties', 'patternProperties', '$defs']

/** Replaces conditions and counts by predicates, which Ajv calls as keywords. */
class Preparation {
  readonly #root: Schema

  constructor(root: Schema) {
    this.#root = root
  }

  /** A copy with predicates for conditions and counts. */
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
      const test = schema[name] === undefined ? undefined : this.#predicate({ [name]: schema[name] })
      if (test === undefined) continue
      delete copy[name]
      copy[HOLDS] = {
        test: allOf([(copy[HOLDS] as { test: Predicate } | undefined)?.test, test].filter((one) => one !== undefined))
      }
    }
    if (schema.contains !== undefined) this.#count(schema, copy)
    if (schema.if !== undefined) {
      const test = this.#predicate(schema.if)
      copy.if = test === undefined ? each(schema.if) : { [HOLDS]: { test } }
    }
    return copy
  }

  /** The same for a generated schema, with only the definitions that are still referred to. */
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
    const sorting = slotSortingOf(this.#root, schema)
    if (sorting === undefined) return undefined
    const { classifier, conditions, counts } = sorting
    const others = partsOf(schema).filter(({ contains }) => contains === undefined)
    const tests = classifier.inTurn(conditions.map(({ index }) => index))
    const each = conditions.map(({ asks }, at) => ({ if: { [HOLDS]: { test: tests[at] } }, ...this.schema(asks) }))
    return {
      type: 'array',
      ...(others.length > 0 && { allOf: others.map((part) => this.schema(part)) }),
      ...(counts.length > 0 && { [COUNTS]: { classifier, counts } satisfies Counts }),
      items: { allOf: each }
    }
  }

  #count(schema: Schema, copy: Record<string, unknown>): void {
    const test = this.#predicate(schema.contains)
    if (test === undefined) {
      if (isSchema(schema.contains)) copy.contains = this.schema(schema.contains)
      return
    }
    const { minContains = 1, maxContains = Infinity } = schema as { minContains?: number; maxContains?: number }
    for (const name of ['contains', 'minContains', 'maxContains']) delete copy[name]
    copy[COUNTS] = { test, min: minContains, max: maxContains } satisfies Count
  }

  #predicate(schema: unknown): Predicate | undefined {
    return predicatesOf(this.#root).of(schema)
  }
}
