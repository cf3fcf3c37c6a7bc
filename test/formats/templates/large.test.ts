import t from 'tap'
import { toOpenApi } from '../../../src/formats/templates/openapi.ts'
import { schemaOf } from '../../../src/formats/templates/schema-of.ts'
import { toTypeScript } from '../../../src/formats/templates/typescript.ts'
import type { Submodel } from '../../../src/model/types.ts'

/** So many that quadratic time would exceed the test's time limit. */
const COUNT = 10_000

const property = (idShort: string, more = {}) => ({ modelType: 'Property', idShort, valueType: 'xs:double', ...more })
const meaning = (value: string) => ({ type: 'ExternalReference', keys: [{ type: 'GlobalReference', value }] })
const many = <Item>(make: (number: number) => Item) => Array.from({ length: COUNT }, (_, i) => make(i))

const elements: Record<string, () => unknown[]> = {
  'beside each other': () => many((i) => property(`P${i}`)),
  'with a semanticId each': () => many((i) => property(`P${i}`, { semanticId: meaning(`urn:cd:${i}`) })),
  'as different items of a list': () => [
    {
      modelType: 'SubmodelElementList',
      idShort: 'List',
      typeValueListElement: 'SubmodelElementCollection',
      value: many((i) => ({ modelType: 'SubmodelElementCollection', value: [property(`P${i}`)] }))
    }
  ]
}

for (const [title, make] of Object.entries(elements)) {
  t.test(`the schema of ${COUNT} elements ${title} is written in every form`, async (t) => {
    const submodel = { modelType: 'Submodel', id: 'urn:m', idShort: 'Large', submodelElements: make() } as Submodel
    for (const form of ['normal', 'value'] as const) {
      const schema = schemaOf(submodel, form)
      t.ok(JSON.stringify(schema).length > 200, form)
      t.match(toTypeScript(schema, 'Large'), /export type Large/)
      t.match(toOpenApi(schema, 'Large'), /"components"/)
    }
  })
}
