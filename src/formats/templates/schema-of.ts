import type { Submodel } from '../../model/types.ts'
import { normalSchema } from './normal-schema.ts'
import type { Schema, TemplateSource } from './schema.ts'
import { readStructure, readTemplate, type Template } from './template.ts'
import { valueSchema } from './value-schema.ts'

/** A schema for each of the two forms in which a submodel is read. */
export interface Schemas {
  readonly normal: Schema
  readonly value: Schema
}

/** The schemas of a template: a submodel of `kind: Template`. */
export function schemasOfTemplate(template: Submodel, source: TemplateSource): Schemas {
  return schemasOf(readTemplate(template, source))
}

/**
 * The schemas of a stored submodel that has no template: its structure as it is. Every element is asked for under its
 * idShort, of its kind and valueType, as often as it is there; lists may grow and shrink. Values are free.
 */
export function schemaOf(submodel: Submodel, form: keyof Schemas): Schema {
  const structure = readStructure(submodel)
  return form === 'normal' ? normalSchema(structure) : valueSchema(structure)
}

function schemasOf(template: Template): Schemas {
  return { normal: normalSchema(template), value: valueSchema(template) }
}
