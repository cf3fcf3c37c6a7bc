/** AAS JSON on its way in: parsed, held against the schema, then against the constraints. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import type { Violation } from '../errors.ts'
import { HubError } from '../errors.ts'
import { checkConstraints, type SchemaFaults } from '../model/constraints/constraints.ts'
import { isLexical } from '../model/datatypes.ts'
import type { ClassName } from '../model/fields.ts'
import { explain, isShapeRule } from './json-explain.ts'
import { metamodelSchema, SCHEMA_ID } from './json-schema.ts'
import { findSyntaxError } from './json-syntax.ts'

/** Deeper nesting than this is refused; a level of elements is two of JSON. Every walk may recurse that deep. */
export const MAX_DEPTH = 256

/** Characters of a text in which the place of a fault is looked for. */
const MAX_SYNTAX_SEARCH_LENGTH = 2 * 2 ** 20

/**
 * Parses JSON text; bytes are UTF-8.
 * @param parse how numbers are to be read, see sample-json.ts
 * @throws HubError BadRequest with line and column
 */
export function parseJson(text: string | Uint8Array, parse: (text: string) => unknown = JSON.parse): unknown {
  const characters = typeof text === 'string' ? text : decode(text)
  try {
    return parse(characters)
  } catch (error) {
    // Looking for the place takes longer than parsing; of a large text JSON.parse has to say it.
    const place = characters.length > MAX_SYNTAX_SEARCH_LENGTH ? undefined : findSyntaxError(characters)
    throw new HubError('BadRequest', [`This is not JSON: ${place ?? (error as Error).message}`])
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
 * Finds what is wrong with a document: the schema's rules first, and the constraints wherever the schema is satisfied.
 *
 * @param className what it is meant to be; an abstract class (`SubmodelElement`) for any of its heirs
 * @param value parsed JSON, of any shape
 * @returns at most `limit` violations, most telling first; empty where the document is valid
 */
export function validate(className: ClassName, value: unknown, { limit = 20 } = {}): Violation[] {
  if (isDeeperThan(MAX_DEPTH, value)) return [tooDeep]
  const satisfies = schemaOf(className)
  if (satisfies(value)) return checkConstraints(className, value as object, limit)
  const violations = explain(className, value, limit)
  if (violations.length > 0) return [...violations, ...constraintViolations(className, value, violations, limit)]
  // Not reached as long as explain() knows every rule of the schema; what the schema refuses stays refused.
  const [first] = satisfies.errors ?? []
  return [{ pointer: first?.instancePath ?? '', rule: first?.keyword ?? 'schema', text: first?.message ?? 'invalid' }]
}

/** An identifier of this many bytes still fits into the address of a request. */
const MAX_ADDRESSABLE_ID_BYTES = 8192

/**
 * Why a document cannot be stored even where rules may be broken (`LENIENT`): its values are not of the JSON types,
 * classes and enumerations that all code relies on, or no address can lead to it. Missing and unknown members, empty
 * lists, texts out of their pattern and broken constraints are no such reason.
 *
 * @returns at most `limit` reasons; empty where it can be stored
 */
export function unstorable(className: ClassName, value: unknown, { limit = 20 } = {}): Violation[] {
  if (isDeeperThan(MAX_DEPTH, value)) return [tooDeep]
  const reasons = explain(className, value, limit, isShapeRule)
  if (reasons.length > 0 || typeof value !== 'object' || value === null) return reasons
  const { id } = value as { id?: unknown }
  const reason = typeof id === 'string' ? unaddressable(id) : 'there is no id, by which it could be asked for'
  return reason === undefined ? [] : [{ pointer: '/id', rule: 'id', text: reason }]
}

function unaddressable(id: string): string | undefined {
  if (id === '') return 'the id is empty, so that no address can lead to the document'
  // Identifiers are addressed by their UTF-8 (Part 2, 11.4.3), where halves of surrogate pairs are lost.
  if (!id.isWellFormed() || CONTROL_CHARACTER.test(id)) return 'the id holds a character that no address can carry'
  if (Buffer.byteLength(id) > MAX_ADDRESSABLE_ID_BYTES) {
    return `the id is longer than the ${MAX_ADDRESSABLE_ID_BYTES} bytes that an address can carry`
  }
  return undefined
}

const CONTROL_CHARACTER = /[\0-\x08\v\f\x0e-\x1f]/

const tooDeep: Violation = {
  pointer: '',
  rule: 'depth',
  text: `the document is nested more than ${MAX_DEPTH} levels deep`
}

/** The constraints that a document breaks beside the schema, so that a sender need not come twice. */
function constraintViolations(
  className: ClassName,
  value: unknown,
  faults: readonly Violation[],
  limit: number
): Violation[] {
  // Beyond the limit nothing was looked at, so it cannot be known to be sound.
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
    // Also where it is one member too many: it would tell a wrong class.
    if (rule === 'type' || rule === 'modelType' || owner !== pointer) closed.add(owner)
    // The checks take absent members, which a misspelt name may stand for, and texts of any form.
    if (!isShapeRule(fault)) continue
    for (let at = pointer.length; at > 0; at = pointer.lastIndexOf('/', at - 1)) unchecked.add(pointer.slice(0, at))
    unchecked.add('')
  }
  return { unchecked, closed }
}

// Bodies are never coerced, and lose no member. Without `unicodeRegExp: false` valid documents are refused.
const ajv = new Ajv2020({ discriminator: true, unicodeRegExp: false, strict: true })
ajv.removeKeyword('contentEncoding')
ajv.addKeyword({
  keyword: 'contentEncoding',
  type: 'string',
  schemaType: 'string',
  validate: (_encoding: string, text: string) => isLexical('xs:base64Binary', text)
})

const compiled = new Map<ClassName, ValidateFunction>()

/** Compiling takes tens of milliseconds, and most processes need few classes. */
function schemaOf(className: ClassName): ValidateFunction {
  const known = compiled.get(className)
  if (known !== undefined) return known
  if (compiled.size === 0) ajv.addSchema(metamodelSchema())
  const schema = ajv.getSchema(`${SCHEMA_ID}#/$defs/${className}`)
  if (schema === undefined) throw new TypeError(`There is no document of the class ${className}`)
  compiled.set(className, schema)
  return schema
}

/** Recursion that ends at the limit cannot overflow the stack. */
function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  if (Array.isArray(value)) return value.some((item) => isDeeperThan(levels - 1, item))
  for (const name in value) {
    if (isDeeperThan(levels - 1, (value as Record<string, unknown>)[name])) return true
  }
  return false
}
