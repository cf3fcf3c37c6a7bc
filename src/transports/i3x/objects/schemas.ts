/**
 * The JSON Schema of an object type: that of `$schema?form=value` without what an object that lacks values would break. An
 * element without a value, or whose value is bad, is left out of the value of its container, so nothing is required; and
 * rules of a template about values are reported by the validation of the hub, not enforced, so they are no promise.
 */

import type { Schema } from '../../../formats/templates/schema.ts'
import { schemaOf } from '../../../formats/templates/schema-of.ts'
import type { Templates } from '../../../formats/templates/templates.ts'
import { isBoolean, isNumeric } from '../../../model/datatypes.ts'
import type { DataTypeDefXsd, Submodel, SubmodelElement } from '../../../model/types.ts'
import type { ObjectNode, PartNode } from './address-space.ts'
import { isContainer } from './loaded-submodel.ts'
import { jsonTypeOf } from './types.ts'

export function schemaOfType(node: ObjectNode, templates: Templates): Schema {
  // A shell has no value of its own.
  if (node.kind === 'shell') return { type: 'object' }
  const { of, part } = node
  if (part.path === '') return withoutRules(schemaOfSubmodel(of.submodel, templates))
  return isContainer(part.element.modelType) ? schemaOfContainer(node) : schemaOfLeaf(part.element as SubmodelElement)
}

/** Of the template that it conforms to, or else of its structure. */
function schemaOfSubmodel(submodel: Submodel, templates: Templates): Schema {
  const { template, findings } = templates.evaluate(submodel, { limit: 1 })
  return (findings.length === 0 ? template?.value : undefined) ?? schemaOf(submodel, 'value')
}

/** As it would be in a submodel of its own. */
function schemaOfContainer({ part }: PartNode): Schema {
  const element = { ...part.element, idShort: 'it' } as SubmodelElement
  const { properties, $defs, $schema } = schemaOf(
    { modelType: 'Submodel', id: 'it', submodelElements: [element] },
    'value'
  )
  const schema = (properties as Record<string, Schema> | undefined)?.it ?? {}
  const { type = part.element.modelType === 'SubmodelElementList' ? 'array' : 'object' } = schema
  return withoutRules({ $schema, ...('$ref' in schema ? resolved(schema, $defs) : { type, ...schema }), $defs })
}

/** Clients read `type` of the schema itself. */
function resolved({ $ref }: Schema, definitions: unknown): Schema {
  const name = String($ref).slice('#/$defs/'.length)
  return (definitions as Record<string, Schema>)[name] ?? {}
}

function schemaOfLeaf(element: SubmodelElement): Schema {
  const valueType = 'valueType' in element ? element.valueType : undefined
  switch (element.modelType) {
    case 'Property':
      return {
        type: jsonTypeOf(valueType),
        ...(valueType !== undefined && { title: `a value of the type ${valueType}` })
      }
    case 'MultiLanguageProperty':
      return { type: 'array', items: { type: 'object', additionalProperties: { type: 'string' } } }
    case 'Range':
      return { type: 'object', properties: { min: limitOf(valueType), max: limitOf(valueType) } }
    case 'File':
    case 'Blob':
      return { type: 'object', properties: { contentType: { type: 'string' }, value: { type: 'string' } } }
    default:
      return { type: 'object' }
  }
}

/** Within an object, numbers that JSON cannot carry are texts. */
function limitOf(valueType: DataTypeDefXsd | undefined): Schema {
  if (valueType !== undefined && isBoolean(valueType)) return { type: ['boolean', 'string'] }
  return { type: valueType !== undefined && isNumeric(valueType) ? ['number', 'string'] : 'string' }
}

/** Members whose own members are names, not keywords. */
const MAPS: ReadonlySet<string> = new Set(['properties', 'patternProperties', '$defs'])

const RULES: ReadonlySet<string> = new Set(
  ['required', 'allOf', 'oneOf', 'not', 'contains', 'enum', 'pattern', 'propertyNames', 'minItems', 'maxItems'].concat(
    ['minProperties', 'maxProperties', 'minLength', 'maxLength', 'minimum', 'maximum'],
    // One template is the schema of several types.
    ['$id', '$comment']
  )
)

function withoutRules(schema: Schema): Schema {
  return Object.fromEntries(
    Object.entries(schema).flatMap(([name, value]) => {
      if (RULES.has(name) || value === undefined) return []
      if (name === 'type') return [[name, loosened(value)]]
      if (!MAPS.has(name)) return [[name, within(value)]]
      const members = Object.entries(value as object).map(([key, inner]) => [key, within(inner)])
      return members.length === 0 ? [] : [[name, Object.fromEntries(members)]]
    })
  )
}

function within(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(within)
  return typeof value === 'object' && value !== null ? withoutRules(value as Schema) : value
}

/** Leniently stored values may not be of their type; they are texts then. */
function loosened(type: unknown): unknown {
  return type === 'integer' || type === 'boolean' ? [type, 'string'] : type
}
