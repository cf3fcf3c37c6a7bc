/** The definitions, compiled one by one, decide as the schema does that is published as a whole. */
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import t from 'tap'
import { metamodelSchema, SCHEMA_ID } from '../../src/formats/json-schema.ts'
import { validatorOf } from '../../src/formats/json-validators.ts'
import { isLexical } from '../../src/model/datatypes.ts'
import { submodel } from '../arbitrary.ts'
import { mutated } from '../mutate.ts'

const whole = new Ajv2020({ discriminator: true, unicodeRegExp: false })
whole.removeKeyword('contentEncoding')
whole.addKeyword({
  keyword: 'contentEncoding',
  type: 'string',
  validate: (_encoding: string, text: string) => isLexical('xs:base64Binary', text)
})
const published = metamodelSchema() as { readonly $defs: Readonly<Record<string, object>> }
whole.addSchema(published)
const decided = (name: string, value: unknown) => whole.getSchema(`${SCHEMA_ID}#/$defs/${name}`)?.(value) === true

t.test('a submodel, and one that something is wrong with, is decided as by the whole schema', async (t) => {
  let refused = 0
  fc.assert(
    fc.property(fc.oneof(submodel, mutated(submodel)), (document) => {
      const expected = decided('Submodel', document)
      if (!expected) refused++
      return validatorOf('Submodel')(document) === expected
    }),
    { numRuns: 400 }
  )
  t.ok(refused > 20, `${refused} were refused`)
})

t.test('so is any value by any definition', async (t) => {
  const values = [null, true, 1, '', 'x', 'xs:int', [], [{}], {}, { modelType: 'Property' }, { modelType: 'nothing' }]
  for (const name of Object.keys(published.$defs)) {
    const verdicts = values.map((value) => validatorOf(name)(value))
    t.strictSame(
      verdicts,
      values.map((value) => decided(name, value)),
      name
    )
  }
})

t.test('a class that there is not is no class of documents', async (t) => {
  t.throws(() => validatorOf('Nothing'), { name: 'TypeError' })
  t.throws(() => validatorOf('constructor'), { name: 'TypeError' })
})
