/** The templates shipped with the hub, and those that an operator adds. */
import { fileURLToPath } from 'node:url'
import type { Submodel } from '../../model/types.ts'
import type { Schema } from './schema.ts'
import { schemasOfTemplate } from './schema-of.ts'
import { canonicalId } from './semantic-ids.ts'
import { readSchemas, type Templates, templatesFrom } from './templates.ts'

const OWN = fileURLToPath(new URL('../../../schemas/submodels', import.meta.url))

/**
 * All templates; an operator's template replaces the shipped one with the same semanticId.
 * @param directory of the operator: JSON Schemas, and templates as `.json` (submodels of `kind: Template`, alone or in
 * an environment); '' for none
 * @throws Error naming the file that is neither
 */
export function loadTemplates(directory = ''): Templates {
  if (directory === '') return shippedTemplates()
  const added = templatesFrom(readSchemas(directory).flatMap((file) => schemasIn(file)))
  // Compiled now, so that an operator's mistake is reported at start and not by the first submodel.
  added.compile()
  const taken = new Set(added.all.flatMap(({ semanticIds }) => semanticIds.map(canonicalId)))
  const others = shippedTemplates().all.filter(
    ({ semanticIds }) => !semanticIds.some((id) => taken.has(canonicalId(id)))
  )
  const schemas = [...added.all, ...others].flatMap(({ normal, value }) =>
    value === undefined ? [normal] : [normal, value]
  )
  return templatesFrom(schemas)
}

let shipped: Templates | undefined

/** Read once per process, and compiled once per template: they never change. */
function shippedTemplates(): Templates {
  shipped ??= templatesFrom(readSchemas(OWN))
  return shipped
}

/** The file itself if it is a schema, else the schemas of the templates in it. */
function schemasIn(file: Schema): Schema[] {
  if (file.modelType === 'Submodel') return schemasFrom(file)
  if (Array.isArray(file.submodels)) return (file.submodels as unknown[]).flatMap((submodel) => schemasFrom(submodel))
  return [file]
}

function schemasFrom(value: unknown): Schema[] {
  const submodel = value as Submodel
  if (submodel?.kind !== 'Template') return []
  const { version, revision = '0' } = submodel.administration ?? {}
  const publication = submodel.administration?.templateId ?? submodel.id
  const { normal, value: forValues } = schemasOfTemplate(submodel, {
    publication,
    licence: 'not stated',
    version: version === undefined ? '1.0' : `${version}.${revision}`
  })
  return [normal, forValues]
}
