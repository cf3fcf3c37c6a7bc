import { existsSync, readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import { derive, stale, toJsonText } from '../../scripts/derive.ts'
import { validate } from '../../src/formats/json.ts'
import { definitions, metamodelSchema } from '../../src/formats/json-schema.ts'
import { interfaceClasses } from '../../src/model/interfaces.ts'
import { enumerations } from '../../src/model/metamodel.ts'

const officialFile = new URL('../../../shared/spec/aas-3.1-json-schema.json', import.meta.url)
const skip = existsSync(officialFile) ? false : 'the official schema is not at hand'

interface Definition {
  properties?: Record<string, unknown>
  required?: string[]
  enum?: string[]
  $ref?: string
  allOf?: Definition[]
}

t.test('the files in schemas/ match the model', async (t) => {
  const files = (await derive()).filter(({ path }) => path.startsWith('schemas/'))
  t.ok(files.length > 0)
  t.same(stale(files), [])
  for (const { text } of files) t.match(text, /derived; edit|Do not edit: run/)
})

t.test('a file that differs from the model is reported', async (t) => {
  t.same(stale([{ path: 'schemas/aas-3.1.json', text: 'something else' }]), ['schemas/aas-3.1.json'])
  t.same(stale([{ path: 'schemas/nowhere.json', text: '' }]), ['schemas/nowhere.json'])
})

t.test('any validator of draft 2020-12 takes the schema, in strict mode', async (t) => {
  for (const unicodeRegExp of [true, false]) {
    const validate = new Ajv2020({ discriminator: true, unicodeRegExp, strict: true }).compile(metamodelSchema())
    t.ok(validate({ submodels: [{ modelType: 'Submodel', id: 'urn:s' }] }))
    t.notOk(validate({ submodels: [] }))
  }
})

t.test('members, mandatory members and enumerations are those of the official schema', { skip }, async (t) => {
  const official: { definitions: Record<string, Definition> } = JSON.parse(readFileSync(officialFile, 'utf8'))
  const mine = definitions() as Record<string, Definition>

  for (const [name, definition] of Object.entries(mine)) {
    const theirs = official.definitions[name]
    if (theirs === undefined) continue
    // Batch came with release 3.2.
    const literals = definition.enum?.filter((literal) => literal !== 'Batch')
    if (literals) t.same(literals.toSorted(), theirs.enum?.toSorted(), name)
    else if (definition.properties && definition.required !== undefined && !('oneOf' in definition)) {
      const flat = flatten(theirs)
      t.same(Object.keys(definition.properties).toSorted(), [...flat.members].toSorted(), name)
      t.same(definition.required.toSorted(), [...flat.required].toSorted(), `${name}: mandatory`)
    }
  }
  for (const name of Object.keys(enumerations)) t.ok(official.definitions[name], name)

  function flatten(definition: Definition): { members: Set<string>; required: Set<string> } {
    const members = new Set(Object.keys(definition.properties ?? {}))
    const required = new Set(definition.required)
    const { $ref, allOf = [] } = definition
    const parent = $ref === undefined ? [] : [official.definitions[$ref.split('/').at(-1) ?? ''] ?? {}]
    for (const inherited of [...parent, ...allOf].map(flatten)) {
      for (const member of inherited.members) members.add(member)
      for (const member of inherited.required) required.add(member)
    }
    return { members, required }
  }
})

const collectionFile = new URL('../../../shared/spec/openapi-3.1.2/Entire-API-Collection.json', import.meta.url)
const withoutCollection = existsSync(collectionFile) ? false : 'the official documents of Part 2 are not at hand'

/** Optional lists that the specification requires to be non-empty if present; an empty one is accepted as absent. */
const takenEmpty = [
  'AssetAdministrationShellDescriptor.extensions',
  'AssetAdministrationShellDescriptor.endpoints',
  'SubmodelDescriptor.extensions',
  'SubmodelDescriptor.supplementalSemanticIds'
]

t.test(
  "Part 2's nouns have the official members, and lists are empty where they may",
  {
    skip: withoutCollection
  },
  async (t) => {
    const { components } = JSON.parse(readFileSync(collectionFile, 'utf8')) as {
      components: { schemas: Record<string, Definition> }
    }
    const mine = definitions() as Record<string, Definition>
    const lax: string[] = []
    for (const name of Object.keys(interfaceClasses)) {
      const theirs = components.schemas[name]
      if (theirs === undefined || mine[name] === undefined) continue
      const { members, required } = flatten(theirs)
      t.same(Object.keys(mine[name].properties ?? {}).toSorted(), [...members.keys()].toSorted(), name)
      t.same([...(mine[name].required ?? [])].toSorted(), [...required].toSorted(), `${name}: mandatory`)
      for (const [member, { type, minItems = 0 }] of members) {
        if (type !== 'array') continue
        const { minItems: own = 0 } = (mine[name].properties?.[member] ?? {}) as List
        if (own < minItems) lax.push(`${name}.${member}`)
        else t.equal(own, minItems, `${name}.${member}`)
      }
    }
    t.same(lax, takenEmpty)

    function flatten({ properties = {}, required = [], allOf = [], $ref }: Definition): {
      members: Map<string, List>
      required: Set<string>
    } {
      const parent = $ref === undefined ? [] : [components.schemas[$ref.split('/').at(-1) ?? ''] ?? {}]
      const inherited = [...parent, ...allOf].map(flatten)
      return {
        members: new Map([...inherited.flatMap((one) => [...one.members]), ...Object.entries(properties)] as [
          string,
          List
        ][]),
        required: new Set([...inherited.flatMap((one) => [...one.required]), ...required])
      }
    }
  }
)

interface List {
  readonly type?: string
  readonly minItems?: number
}

t.test('a list that Part 2 lets be empty may be empty, and no other', async (t) => {
  const descriptor = { id: 'urn:a', specificAssetIds: [], submodelDescriptors: [], description: [] }
  t.same(validate('AssetAdministrationShellDescriptor', descriptor), [])
  t.match(validate('SubmodelDescriptor', { id: 'urn:s', endpoints: [] }), [{ pointer: '/endpoints', rule: 'minItems' }])
  const assetInformation = { assetKind: 'Type', globalAssetId: 'urn:x' }
  const known = { modelType: 'AssetAdministrationShell', id: 'urn:a', assetInformation }
  t.same(validate('AssetAdministrationShell', known), [])
  t.match(validate('AssetAdministrationShell', { ...known, description: [] }), [{ rule: 'minItems' }])
})

t.test('references lead to where the definitions are put', async (t) => {
  const text = toJsonText(definitions('#/components/schemas/'))
  t.notMatch(text, '#/$defs/')
  const names = new Set(Object.keys(definitions()))
  for (const [, name = ''] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)) if (!names.has(name)) t.fail(name)
})
