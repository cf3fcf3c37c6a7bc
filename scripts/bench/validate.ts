/** Validation in memory, compared with the library of the aas-core project, which knows only the metamodel. */
import { createRequire } from 'node:module'
import type * as Jsonization from '@aas-core-works/aas-core3.0-typescript/jsonization'
import type * as Verification from '@aas-core-works/aas-core3.0-typescript/verification'
import { validate } from '../../src/formats/json.ts'
import { loadTemplates } from '../../src/formats/templates/load.ts'
import { schemasOfTemplate } from '../../src/formats/templates/schema-of.ts'
import { templatesFrom } from '../../src/formats/templates/templates.ts'
import type { Submodel } from '../../src/model/types.ts'

// Its ES modules import files without extensions, which Node does not resolve.
const require = createRequire(import.meta.url)
const { submodelFromJsonable } = require('@aas-core-works/aas-core3.0-typescript/jsonization') as typeof Jsonization
const { verify } = require('@aas-core-works/aas-core3.0-typescript/verification') as typeof Verification

/** Collections of nine properties each: 200 elements. */
const DOCUMENTS = 20
const PROPERTIES = 9

/** Validations per second of one submodel of 200 elements, by us against metamodel and template, and by the library. */
export function validationSides(): { readonly ours: () => void; readonly theirs: () => void } {
  const { normal, value } = schemasOfTemplate(documentsTemplate(), { publication: 'Bench', version: '1.0' })
  const templates = templatesFrom([normal, value])
  const document = model('Instance', DOCUMENTS)
  if (templates.applicable(document).length !== 1) throw new Error('The submodel has no template')
  return {
    ours: () => {
      if (validate('Submodel', document).length + templates.check(document).length > 0) throw new Error('not valid')
    },
    theirs: () => {
      const { value, error } = submodelFromJsonable(document as never)
      if (error !== null) throw new Error(error.message)
      for (const { message } of verify(value as NonNullable<typeof value>)) throw new Error(message)
    }
  }
}

/** Milliseconds to compile all schemas. */
export function compileTime(): { readonly milliseconds: number; readonly count: number } {
  const from = performance.now()
  const templates = loadTemplates()
  templates.compile()
  return { milliseconds: performance.now() - from, count: templates.all.length }
}

/** The template in the operator's folder. */
export function documentsTemplate(): Submodel {
  return model('Template', 1)
}

/** A submodel of 200 elements that names the template. */
export function documentsInstance(id: string): Submodel {
  return { ...model('Instance', DOCUMENTS), id }
}

function model(kind: 'Template' | 'Instance', documents: number): Submodel {
  return {
    modelType: 'Submodel',
    id: `https://bench.example/documents/${kind}`,
    idShort: 'Documents',
    kind,
    semanticId: reference('Documents'),
    submodelElements: Array.from({ length: documents }, (_, index) => ({
      modelType: 'SubmodelElementCollection',
      idShort: kind === 'Template' ? 'Document__00__' : `Document${String(index).padStart(2, '0')}`,
      semanticId: reference('Document'),
      ...(kind === 'Template' && cardinality('OneToMany')),
      value: Array.from({ length: PROPERTIES }, (_, at) => ({
        modelType: 'Property',
        idShort: `Property${at}`,
        semanticId: reference(`Property/${at}`),
        valueType: at % 2 === 0 ? 'xs:double' : 'xs:string',
        value: '21.5',
        ...(kind === 'Template' && cardinality('One'))
      }))
    }))
  } as Submodel
}

function cardinality(value: string): object {
  return { qualifiers: [{ kind: 'TemplateQualifier', type: 'SMT/Cardinality', valueType: 'xs:string', value }] }
}

function reference(name: string): NonNullable<Submodel['semanticId']> {
  return {
    type: 'ExternalReference',
    keys: [{ type: 'GlobalReference', value: `https://bench.example/semantics/${name}` }]
  }
}
