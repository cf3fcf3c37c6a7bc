/** Parses AAS JSON and validates it by the schema, then by the constraints. */
import type { Violation } from '../errors.ts'
import { HubError } from '../errors.ts'
import { checkConstraints, type SchemaFaults } from '../model/constraints/constraints.ts'
import type { ClassName } from '../model/fields.ts'
import { explain, isShapeRule } from './json-explain.ts'
import { findSyntaxError } from './json-syntax.ts'
import { validatorOf } from './json-validators.ts'

/** Maximal nesting of JSON; a level of elements takes two. Every recursive walk relies on it. */
export const MAX_DEPTH = 256

/** Maximal length of a text that is searched for the position of a syntax error. */
const MAX_SYNTAX_SEARCH_LENGTH = 2 * 2 ** 20

/**
 * Parses JSON text; bytes are UTF-8.
 * @param parse how to parse numbers, see sample-json.ts
 * @throws HubError BadRequest with line and column
 */
export function parseJson(text: string | Uint8Array, parse: (text: string) => unknown = JSON.parse): unknown {
  const characters = typeof text === 'string' ? text : decode(text)
  try {
    return parse(characters)
  } catch (error) {
    // The search is slower than parsing; for a large text the message of JSON.parse has to do.
    const position = characters.length > MAX_SYNTAX_SEARCH_LENGTH ? undefined : findSyntaxError(characters)
    throw new HubError('BadRequest', [`This is not JSON: ${position ?? (error as Error).message}`])
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new HubError('BadRequest', ['This is not JSON: the bytes are not UTF-8'])
  }
}

/**
 * Validates a document: by the schema first, and by the constraints wherever the schema is satisfied.
 *
 * @param className expected class; an abstract class (`SubmodelElement`) for any of its heirs
 * @param value any parsed JSON
 * @returns at most `limit` violations, most important first; empty if the document is valid
 */
export function validate(className: ClassName, value: unknown, { limit = 20 } = {}): Violation[] {
  if (isDeeperThan(MAX_DEPTH, value)) return [tooDeep]
  const satisfies = validatorOf(className)
  if (satisfies(value)) return checkConstraints(className, value as object, limit)
  const violations = explain(className, value, limit)
  if (violations.length > 0) return [...violations, ...constraintViolations(className, value, violations, limit)]
  // Not reached as long as explain() knows every rule of the schema.
  const [first] = satisfies.errors ?? []
  return [{ pointer: first?.instancePath ?? '', rule: first?.keyword ?? 'schema', text: first?.message ?? 'invalid' }]
}

/** An identifier of this many bytes still fits into a request's URL. */
const MAX_ADDRESSABLE_ID_BYTES = 8192

/**
 * Why a document cannot be stored even with `LENIENT`: its values have other JSON types, classes or enumeration values
 * than all code relies on, or no URL can address it. Missing and unknown members, empty lists, pattern mismatches and
 * violated constraints are no such reasons.
 *
 * @returns at most `limit` reasons; empty if it can be stored
 */
export function unstorable(className: ClassName, value: unknown, { limit = 20 } = {}): Violation[] {
  if (isDeeperThan(MAX_DEPTH, value)) return [tooDeep]
  const reasons = explain(className, value, limit, isShapeRule)
  if (reasons.length > 0 || typeof value !== 'object' || value === null) return reasons
  const { id } = value as { id?: unknown }
  const reason = typeof id === 'string' ? unaddressable(id) : 'the id is missing, so the document cannot be addressed'
  return reason === undefined ? [] : [{ pointer: '/id', rule: 'id', text: reason }]
}

function unaddressable(id: string): string | undefined {
  if (id === '') return 'the id is empty, so the document cannot be addressed'
  // URLs contain identifiers as UTF-8 (Part 2, 11.4.3), which cannot represent lone surrogates.
  if (!id.isWellFormed() || CONTROL_CHARACTER.test(id)) return 'the id contains a character that a URL cannot carry'
  if (Buffer.byteLength(id) > MAX_ADDRESSABLE_ID_BYTES) {
    return `the id is longer than the ${MAX_ADDRESSABLE_ID_BYTES} bytes that a URL can carry`
  }
  return undefined
}

const CONTROL_CHARACTER = /[\0-\x08\v\f\x0e-\x1f]/

const tooDeep: Violation = {
  pointer: '',
  rule: 'depth',
  text: `the document is nested more than ${MAX_DEPTH} levels deep`
}

/** The constraints violated in addition to the schema, so that a sender learns of both at once. */
function constraintViolations(
  className: ClassName,
  value: unknown,
  faults: readonly Violation[],
  limit: number
): Violation[] {
  // After the limit was reached, the rest of the document is unchecked.
  if (faults.length >= limit || typeof value !== 'object' || value === null) return []
  const known = new Set(faults.map(({ pointer }) => pointer))
  const broken = checkConstraints(className, value, limit - faults.length, schemaFaultsOf(faults))
  return broken.filter(({ pointer }) => !known.has(pointer))
}

function schemaFaultsOf(faults: readonly Violation[]): SchemaFaults {
  const unchecked = new Set<string>()
  const closed = new Set<string>()
  for (const fault of faults) {
    const { pointer, rule } = fault
    const owner = pointer.replace(/\/modelType$/, '')
    // Also an unexpected modelType: it would select the wrong class.
    if (rule === 'type' || rule === 'modelType' || owner !== pointer) closed.add(owner)
    // Constraint checks accept absent members and texts of any form.
    if (!isShapeRule(fault)) continue
    for (let at = pointer.length; at > 0; at = pointer.lastIndexOf('/', at - 1)) unchecked.add(pointer.slice(0, at))
    unchecked.add('')
  }
  return { unchecked, closed }
}

/** The limit keeps the recursion from overflowing the stack. */
function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  if (Array.isArray(value)) return value.some((item) => isDeeperThan(levels - 1, item))
  for (const name in value) {
    if (isDeeperThan(levels - 1, (value as Record<string, unknown>)[name])) return true
  }
  return false
}
