/**
 * The metamodel and the classes of Part 2 as JSON Schema (draft 2020-12): one definition per class, with inherited
 * members, derived from its declaration.
 */
import { allEnumerations, allPrimitives, declarationOf, type Field, fieldsOf, heirsOf } from '../model/fields.ts'
import { interfaceClasses } from '../model/interfaces.ts'
import { classes, type PrimitiveDeclaration } from '../model/metamodel.ts'
import { type PatternName, patterns, patternWords } from '../model/patterns.ts'

/** A JSON Schema for Ajv and tools. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** `$id` of the derived schema. */
export const SCHEMA_ID = 'urn:aas-hub:schema:aas-3.1'

/** The whole schema; its root is an environment. */
export function metamodelSchema(): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: SCHEMA_ID,
    $comment: 'derived; edit src/model/metamodel.ts and run scripts/derive.ts',
    title: 'Asset Administration Shell, Part 1: Metamodel (IDTA-01001), release 3.1, JSON',
    $ref: '#/$defs/Environment',
    $defs: definitions()
  }
}

/**
 * A definition for each primitive type, enumeration, concrete class and choice between classes, in that order.
 * @param refers prefix of references to definitions, e.g. `#/components/schemas/`
 */
export function definitions(refers = '#/$defs/'): Readonly<Record<string, JsonSchema>> {
  const all: Record<string, JsonSchema> = {}
  for (const [name, primitive] of allPrimitives) all[name] = primitiveSchema(name, primitive)
  for (const [name, values] of allEnumerations) all[name] = { title: name, type: 'string', enum: values }
  for (const name of classNames) {
    if (!declarationOf(name)?.abstract) all[name] = classSchema(name, refers)
  }
  for (const name of choices()) all[name] = choiceSchema(name, refers)
  return all
}

/** The classes of Part 1, then those of Part 2. */
const classNames = Object.keys({ ...classes, ...interfaceClasses })

/** The abstract classes that are the type of a member. */
function choices(): Set<string> {
  const fields = classNames.flatMap((name) => fieldsOf(name))
  return new Set(fields.filter(({ sort }) => sort === 'choice').map(({ type }) => type))
}

function primitiveSchema(title: string, primitive: PrimitiveDeclaration): JsonSchema {
  const { json, minLength, maxLength, base64 } = primitive
  if (json === 'boolean') return { title, type: 'boolean' }
  if (base64) return { title, type: 'string', contentEncoding: 'base64' }
  const bounds = { ...(minLength !== undefined && { minLength }), ...(maxLength !== undefined && { maxLength }) }
  // [AASd-130] applies to every string; the named patterns allow fewer characters anyway.
  const name = (primitive.pattern ?? 'xmlText') as PatternName
  return { title, $comment: patternWords[name], type: 'string', ...bounds, pattern: patterns[name] }
}

function classSchema(name: string, refers: string): JsonSchema {
  const fields = fieldsOf(name)
  const modelType = declarationOf(name)?.modelType === true
  const required = fields.filter((field) => field.required).map((field) => field.name)
  if (modelType) required.unshift('modelType')
  return {
    title: name,
    $comment: `Part ${name in interfaceClasses ? 2 : 1}, ${name}`,
    type: 'object',
    properties: {
      ...(modelType && { modelType: { const: name } }),
      ...Object.fromEntries(fields.map((field) => [field.name, fieldSchema(field, refers)]))
    },
    ...(required.length > 0 && { required }),
    additionalProperties: false
  }
}

function fieldSchema({ type, many, mayBeEmpty }: Field, refers: string): JsonSchema {
  const one = { $ref: `${refers}${type}` }
  return many ? { type: 'array', ...(!mayBeEmpty && { minItems: 1 }), items: one } : one
}

function choiceSchema(name: string, refers: string): JsonSchema {
  return {
    title: name,
    $comment: `Part 1, ${name}: abstract, one of its heirs by modelType`,
    type: 'object',
    discriminator: { propertyName: 'modelType' },
    properties: { modelType: { enum: heirsOf(name) } },
    required: ['modelType'],
    oneOf: heirsOf(name).map((heir) => ({ $ref: `${refers}${heir}` }))
  }
}
