/**
 * Subschemas as predicates. Ajv writes hundreds of lines of code for each condition of an `if`, each choice and each
 * `contains`, which takes seconds to compile, and creates an error object for each element that does not match. A
 * closure over the same subschema gives the same verdict.
 */
import { resolveRef, type Schema } from './schema.ts'

export type Predicate = (data: unknown) => boolean

/** The predicates of the subschemas of a schema; `$ref` leads into that schema. */
export function predicatesOf(root: Schema): Predicates {
  const known = cache.get(root) ?? new Predicates(root)
  cache.set(root, known)
  return known
}

const cache = new WeakMap<Schema, Predicates>()

/** Cached: templates repeat their patterns, and there are no more of them than the operator's schemas hold. */
export function expressionOf(pattern: string): RegExp {
  const known = expressions.get(pattern) ?? new RegExp(pattern)
  expressions.set(pattern, known)
  return known
}

const expressions = new Map<string, RegExp>()

class Predicates {
  readonly #root: Schema
  readonly #byText = new Map<string, Predicate | undefined>()
  readonly #bySchema = new WeakMap<object, Predicate | undefined>()

  constructor(root: Schema) {
    this.#root = root
  }

  /** Does a value satisfy the subschema? Undefined if it uses a keyword that is left to Ajv. */
  of(schema: unknown): Predicate | undefined {
    if (typeof schema !== 'object' || schema === null) return this.#predicateOf(schema)
    if (this.#bySchema.has(schema)) return this.#bySchema.get(schema)
    const test = this.#predicateOf(schema)
    this.#bySchema.set(schema, test)
    return test
  }

  /** Equal subschemas share one predicate. */
  #predicateOf(schema: unknown): Predicate | undefined {
    const text = JSON.stringify(schema)
    if (this.#byText.has(text)) return this.#byText.get(text)
    // A subschema that refers to itself is left to Ajv.
    this.#byText.set(text, undefined)
    const test = this.#closure(schema)
    this.#byText.set(text, test)
    return test
  }

  /** Undefined if the schema uses an unknown keyword. */
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
        return target === undefined ? undefined : this.of(target)
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
        const test = this.of(value)
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
        const test = this.of(value)
        return test && ((data) => !Array.isArray(data) || data.some(test))
      }
      default:
        return undefined
    }
  }

  #all(schemas: unknown): Predicate[] | undefined {
    const tests = (schemas as readonly unknown[]).map((schema) => this.of(schema))
    return tests.every((test) => test !== undefined) ? tests : undefined
  }
}

export function allOf(tests: readonly Predicate[] | undefined): Predicate | undefined {
  if (tests === undefined) return undefined
  const [first, second] = tests
  if (first !== undefined && tests.length === 1) return first
  if (first !== undefined && second !== undefined && tests.length === 2) return (data) => first(data) && second(data)
  return (data) => tests.every((test) => test(data))
}

/** JSON has no `undefined`: a member that is inherited or undefined is absent. */
function isAbsent(data: Schema, name: string): boolean {
  return data[name] === undefined
}

function isScalar(value: unknown): boolean {
  return value === null || typeof value !== 'object'
}

export function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
