import type { Submodel } from '../../model/types.ts'
import { normalSchema } from './normal-schema.ts'
import type { Schema, TemplateSource } from './schema.ts'
import { readStructure, readTemplate, type Template } from './template.ts'
import { valueSchema } from './value-schema.ts'

/** The schemas for the Normal and the ValueOnly form. */
export interface Schemas {
  readonly normal: Schema
  readonly value: Schema
}

/** The schemas of a template: a submodel of `kind: Template`. */
export function schemasOfTemplate(template: Submodel, source: TemplateSource): Schemas {
  return schemasOf(readTemplate(template, source))
}

/**
 * The schema of a stored submodel without a template, from its structure: every element is required under its idShort,
 * with its kind and valueType; lists may have any length. Values are free.
 */
export function schemaOf(submodel: Submodel, form: keyof Schemas): Schema {
  const structure = readStructure(submodel)
  return form === 'normal' ? normalSchema(structure) : valueSchema(structure)
}

function schemasOf(template: Template): Schemas {
  return { normal: normalSchema(template), value: valueSchema(template) }
}
