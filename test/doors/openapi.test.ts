import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import { derive, stale } from '../../scripts/derive.ts'
import { openApiFiles } from '../../scripts/derive-openapi.ts'
import { hubDocument, profileDocument } from '../../src/doors/http/openapi.ts'
import { routes } from '../../src/doors/http/routes.ts'
import { places } from '../../src/operations/mounts.ts'
import { operationsOf, profiles, uriOf } from '../../src/operations/profiles.ts'

type Json = Readonly<Record<string, unknown>>

const documents = openApiFiles().map(({ path, value }) => ({ path, document: value as Json }))

t.test('the files in openapi/ are what the table says', async (t) => {
  const files = (await derive()).filter(({ path }) => path.startsWith('openapi/'))
  t.equal(files.length, profiles.length + 1)
  t.same(stale(files), [])
})

t.test('a profile has a document with exactly its operations, their names and their semantic ids', async (t) => {
  for (const profile of profiles) {
    const document = profileDocument(profile)
    t.equal(document['x-profile-identifier'], uriOf(profile))
    const found = operationsIn(document.paths).map(({ verb, path, operation }) => [
      verb,
      path,
      operation.operationId,
      operation['x-semanticIds']
    ])
    const expected = operationsOf(profile).map(({ place, operationId, semanticIds }) => [
      place.verb,
      place.path,
      operationId,
      semanticIds
    ])
    t.strictSame(found.toSorted(byText), expected.toSorted(byText), uriOf(profile))
  }
})

t.test("the hub's document has what is routed, each operation under an id of its own", async (t) => {
  const operations = operationsIn(hubDocument('/api/v3').paths)
  t.equal(operations.length, places.length)
  t.equal(new Set(operations.map(({ operation }) => operation.operationId)).size, operations.length)
  const routed = new Set(routes().map(({ verb, path }) => `${verb} ${path}`))
  for (const { verb, path, operation } of operations) t.ok(routed.has(`${verb} ${path}`), operation.operationId)
})

t.test('every reference in a document leads somewhere in it', async (t) => {
  for (const { path, document } of documents) {
    const lost = [...JSON.stringify(document).matchAll(/"\$ref":"#([^"]+)"/g)]
      .map(([, pointer = '']) => pointer)
      .filter((pointer) => at(document, pointer) === undefined)
    t.strictSame([...new Set(lost)], [], path)
  }
})

t.test('every schema in a document is used', async (t) => {
  for (const { path, document } of documents) {
    const { schemas } = document.components as { schemas: Json }
    const text = JSON.stringify(document)
    const idle = Object.keys(schemas).filter((name) => !text.includes(`#/components/schemas/${name}"`))
    t.strictSame(idle, [], path)
  }
})

t.test('the schemas are sound, and tell right from wrong', async (t) => {
  const { schemas } = hubDocument('/api/v3').components
  const ajv = new Ajv2020({
    strict: false,
    unicodeRegExp: false,
    formats: { uri: true, 'date-time': true, binary: true }
  })
  const root = { $id: 'urn:aas-hub:document', components: { schemas } }
  ajv.addSchema(root)
  const validator = (name: string) => ajv.compile({ $ref: `urn:aas-hub:document#/components/schemas/${name}` })
  for (const name of Object.keys(schemas ?? {})) t.ok(validator(name), name)
  const property = { modelType: 'Property', idShort: 'Speed', valueType: 'xs:int' }
  t.ok(validator('SubmodelElementMetadata')(property))
  t.notOk(validator('SubmodelElementMetadata')({ ...property, value: '1' }), '$metadata has no value')
  t.ok(validator('Result')({ messages: [{ messageType: 'Error', text: 'no' }] }))
  t.notOk(validator('Result')({ messages: [{ messageType: 'Fatal', text: 'no' }] }))
  t.ok(validator('SubmodelDescriptor')({ id: 'urn:s', endpoints: [endpoint] }))
  t.notOk(validator('SubmodelDescriptor')({ id: 'urn:s', endpoints: [] }), 'one endpoint at least')
})

const endpoint = { interface: 'SUBMODEL-3.1', protocolInformation: { href: 'http://plant.example/api/v3' } }

t.test('an operation declares the parameters that stand in its path, and refuses with a Result', async (t) => {
  for (const { path, operation } of operationsIn(hubDocument('/api/v3').paths)) {
    const named = ((operation.parameters ?? []) as { $ref: string }[]).map(({ $ref }) => $ref.split('/').at(-1))
    for (const [, name = ''] of path.matchAll(/\{(\w+)\}/g)) t.ok(named.includes(name), `${path}: ${name}`)
    t.match(operation, { responses: { default: { $ref: '#/components/responses/Refusal' } } })
  }
})

t.test('$metadata of an element knows neither its value nor its children', async (t) => {
  const { schemas } = hubDocument('/api/v3').components as { schemas: Record<string, { properties: Json }> }
  const members = (name: string) => Object.keys(schemas[name]?.properties ?? {})
  t.notOk(members('PropertyMetadata').includes('value'))
  t.ok(members('PropertyMetadata').includes('valueType'))
  t.notOk(members('SubmodelMetadata').includes('submodelElements'))
  t.notOk(members('EntityMetadata').includes('statements'))
})

function operationsIn(paths: ReturnType<typeof hubDocument>['paths']) {
  return Object.entries(paths).flatMap(([path, verbs]) =>
    Object.entries(verbs).map(([verb, operation]) => ({ verb: verb.toUpperCase(), path, operation }))
  )
}

function byText(one: unknown, other: unknown): number {
  return JSON.stringify(one) < JSON.stringify(other) ? -1 : 1
}

function at(document: Json, pointer: string): unknown {
  return pointer
    .slice(1)
    .split('/')
    .reduce<unknown>((here, step) => (here as Json | undefined)?.[step], document)
}
