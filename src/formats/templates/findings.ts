/** Violations of a template's rules as sentences for the author of the document. */
import type { Violation } from '../../errors.ts'
import { idShortPathTo, pointerTo } from '../../model/document-path.ts'
import { quote } from '../../model/excerpt.ts'
import type { Failure } from './explain.ts'
import { parseRuleComment, type RuleComment, type Schema } from './schema.ts'

/** A violation of a template's rule. `rule` is the template's clause, e.g. `SMT/Cardinality=One`. */
export interface TemplateFinding extends Violation {
  /** `$id` of the schema. */
  readonly schema: string
  /** The template by name and version, `Nameplate 3.0.1`. */
  readonly template: string
  /** What the template requires, in words. */
  readonly asks: string
  readonly found: string
  readonly hint: string
}

/** Converts a failure into a finding. */
export function toFinding(
  document: unknown,
  { id, name }: { id: string; name: string },
  failure: Failure
): TemplateFinding {
  const clause = parseRuleComment(failure.rule?.$comment)
  const asks = typeof failure.rule?.title === 'string' ? failure.rule.title : generally(failure)
  const found = foundIn(failure)
  const hint = hintFor(failure, clause, asks)
  const template = clause?.template ?? name
  const rule = clause?.rule ?? failure.keyword
  const idShortPath = idShortPathTo(document, failure.path)
  const where = idShortPath === undefined ? '' : `${idShortPath}: `
  const origin = clause === undefined ? '' : ` (${clause.publication}, ${rule})`
  return {
    pointer: pointerTo(failure.path),
    ...(idShortPath !== undefined && { idShortPath }),
    rule,
    text: `${where}${template} asks for ${asks}, but ${found}; ${hint}${origin}`,
    schema: id,
    template,
    asks,
    found,
    hint
  }
}

function foundIn({ keyword, data, schema }: Failure): string {
  switch (keyword) {
    case 'contains':
      return `there ${counted((data as unknown[]).length)}`
    case 'minItems':
    case 'maxItems':
      return `there ${counted((data as unknown[]).length)}`
    case 'oneOf':
      return data === 0 ? 'there is none' : `there are ${Number(data) > 1 ? String(data) : 'several'}`
    case 'anyOf':
      return `found ${semanticIdIn(data) ?? described(data)}`
    case 'required':
      return 'it is missing'
    case 'not':
      return JSON.stringify(schema.not) === '{}' ? 'it is there' : `found ${described(data)}`
    case 'minLength':
    case 'maxLength':
      return `found one of ${[...String(data)].length}`
    default:
      return `found ${described(data)}`
  }
}

function hintFor({ keyword, data, schema, rule }: Failure, clause: RuleComment | undefined, asks: string): string {
  const count = Array.isArray(data) ? data.length : Number(data)
  switch (keyword) {
    case 'contains':
      if (rule?.minContains === undefined) return 'add it'
      return tooMany(count, Number(rule.minContains), Number(rule.maxContains ?? Infinity))
    case 'minItems':
    case 'maxItems':
      return tooMany(count, Number(schema.minItems ?? 0), Number(schema.maxItems ?? Infinity))
    case 'oneOf':
      return count === 0 ? 'add one of them' : 'keep one of them'
    case 'required':
      return 'add it'
    case 'additionalProperties':
      return 'leave it out'
  }
  const [what = ''] = (clause?.rule ?? '').split('=')
  switch (what) {
    case 'modelType':
      return 'send an element of that kind, or give this one another semanticId and idShort'
    case 'semanticId':
      return 'use that semanticId, or rename the element if it is something else'
    case 'idShort':
    case 'AllowedIdShort':
    case 'SMT/AllowedIdShort':
      return 'rename the element'
    case 'valueType':
      return 'change the valueType, and the value with it'
    case 'typeValueListElement':
    case 'valueTypeListElement':
    case 'semanticIdListElement':
      return `set ${what} and make the items fit`
    default:
      return clause === undefined ? 'change it' : `give it ${asks}`
  }
}

/** What a keyword requires, in words, for hand-written schemas without titles. */
function generally({ keyword, schema }: Failure): string {
  switch (keyword) {
    case 'const':
      return described(schema.const)
    case 'enum':
      return `one of ${(schema.enum as unknown[]).map(described).join(', ')}`
    case 'pattern':
      return `a text that matches ${String(schema.pattern)}`
    case 'type':
      return Array.isArray(schema.type) ? schema.type.join(' or ') : `a value of the type ${String(schema.type)}`
    case 'required':
      return 'this member'
    case 'additionalProperties':
      return 'no other members'
    case 'contains':
      return 'an item of a certain kind'
    case 'minItems':
      return `at least ${String(schema.minItems)} items`
    case 'maxItems':
      return `at most ${String(schema.maxItems)} items`
    case 'minLength':
      return `at least ${String(schema.minLength)} characters`
    case 'maxLength':
      return `at most ${String(schema.maxLength)} characters`
    case 'minimum':
      return `at least ${String(schema.minimum)}`
    case 'maximum':
      return `at most ${String(schema.maximum)}`
    case 'exclusiveMinimum':
      return `more than ${String(schema.exclusiveMinimum)}`
    case 'exclusiveMaximum':
      return `less than ${String(schema.exclusiveMaximum)}`
    default:
      return 'something else here'
  }
}

function tooMany(count: number, min: number, max: number): string {
  if (count < min) return min - count === 1 ? 'add it' : `add ${min - count} more`
  return `remove ${count - max}`
}

function counted(count: number): string {
  if (count === 0) return 'is none'
  return count === 1 ? 'is one' : `are ${count}`
}

function semanticIdIn(data: unknown): string | undefined {
  const keys = (data as { semanticId?: { keys?: unknown } } | undefined)?.semanticId?.keys
  if (!Array.isArray(keys)) return undefined
  return quote(keys.map((key: { value?: unknown } | null) => String(key?.value)).join(' / '))
}

/** A JSON value in words. */
function described(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'string') return quote(value)
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object' && value !== null) {
    const idShort: unknown = (value as Schema).idShort
    return typeof idShort === 'string' ? quote(idShort) : 'an object'
  }
  return String(value)
}
