import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import { derive, stale } from '../../scripts/derive.ts'
import { openApiFiles } from '../../scripts/derive-openapi.ts'
import { extensionEndpoints } from '../../src/app/extension-endpoints.ts'
import { operationsOf, profiles, profileUri } from '../../src/operations/profiles.ts'
import { hubDocument, type OpenApi, profileDocument } from '../../src/transports/http/openapi.ts'
import { routes } from '../../src/transports/http/routes.ts'
import { operations } from '../conformance/operations.ts'
import { start } from '../e2e/harness.ts'

type Json = Readonly<Record<string, unknown>>

const documents = openApiFiles().map(({ path, value }) => ({ path, document: value as Json }))

t.test('the files in openapi/ are up to date with the table', async (t) => {
  const files = (await derive()).filter(({ path }) => path.startsWith('openapi/'))
  // One for each profile, one for the hub as a whole, and that of the stream.
  t.equal(files.length, profiles.length + 2)
  t.same(stale(files), [])
})

t.test('the document of a profile has exactly its operations, with their names and semantic ids', async (t) => {
  for (const profile of profiles) {
    const document = profileDocument(profile)
    t.equal(document['x-profile-identifier'], profileUri(profile))
    const found = operationsIn(document.paths).map(({ verb, path, operation }) => [
      verb,
      path,
      operation.operationId,
      operation['x-semanticIds']
    ])
    const expected = operationsOf(profile).map(({ endpoint: place, operationId, semanticIds }) => [
      place.verb,
      place.path,
      operationId,
      semanticIds
    ])
    t.strictSame(found.toSorted(byText), expected.toSorted(byText), profileUri(profile))
  }
})

t.test('the document of the hub has every route, with unique operationIds', async (t) => {
  const operations = operationsIn(hubDocument('/api/v3', extensionEndpoints, '1.2.3').paths)
  t.equal(new Set(operations.map(({ operation }) => operation.operationId)).size, operations.length)
  const own = new Set(extensionEndpoints.map(({ path }) => path))
  const found = new Set(operations.filter(({ path }) => !own.has(path)).map(({ verb, path }) => `${verb} ${path}`))
  const all = new Set(routes().map(({ verb, path }) => `${verb} ${path}`))
  t.equal(all.isSupersetOf(found), true)
  const left = [...all.difference(found)].filter(
    (route) => !/\/(invoke-as(nyc|ync)|operation-result|packages-async\/(status|results))(\/|$)/.test(route)
  )
  t.strictSame(left, [], 'other spellings alone are left out')
  for (const address of [
    '/aas-services/{aasIdentifier}',
    '/submodel-services/{submodelIdentifier}',
    '/template-repository'
  ])
    t.ok(found.has(`GET ${address}/description`), address)
})

t.test('every reference in a document can be resolved', async (t) => {
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

t.test('the schemas are valid, and distinguish valid from invalid documents', async (t) => {
  const { schemas } = hubDocument('/api/v3', extensionEndpoints, '1.2.3').components
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

t.test('an operation declares the parameters of its path, and a Result for errors', async (t) => {
  for (const { path, operation } of operationsIn(hubDocument('/api/v3', extensionEndpoints, '1.2.3').paths)) {
    const parameters = (operation.parameters ?? []) as { $ref?: string; name?: string }[]
    const named = parameters.map(({ $ref, name }) => name ?? $ref?.split('/').at(-1))
    for (const [, name = ''] of path.matchAll(/\{(\w+)\}/g)) t.ok(named.includes(name), `${path}: ${name}`)
    t.match(operation, { responses: { default: { $ref: '#/components/responses/Refusal' } } })
  }
})

/** Refusals that the official documents name and that never come here, with the reason. */
const neverRefused: readonly { readonly why: string; readonly rows: RegExp; readonly statuses: readonly string[] }[] = [
  { why: 'the description is always there (4.12)', rows: /^GET \/description$/, statuses: ['404'] },
  {
    why: 'a list is always there; a slip',
    rows: /^GET \/(submodel-descriptors|submodels\/\$value)$/,
    statuses: ['404']
  },
  { why: 'links of any shell may be posted (section 8)', rows: /^POST \/lookup\/shells\//, statuses: ['404', '409'] },
  { why: 'what is missing is reported by the result (4.13)', rows: /^DELETE \/bulk\//, statuses: ['404'] }
]

t.test('every error of the official documents is listed, except for stated reasons', async (t) => {
  const used = new Set<string>()
  for (const profile of profiles) {
    const { paths } = profileDocument(profile)
    for (const { method, path, errorStatuses } of operations.filter(
      (operation) => operation.profileUri === profileUri(profile)
    )) {
      const named = Object.keys(
        (paths[path]?.[method.toLowerCase() as 'get'] as { responses?: Json } | undefined)?.responses ?? {}
      )
      for (const status of errorStatuses.filter((status) => !named.includes(status))) {
        const reason = neverRefused.find(
          ({ rows, statuses }) => rows.test(`${method} ${path}`) && statuses.includes(status)
        )
        if (reason === undefined) t.fail(`${profileUri(profile)} ${method} ${path}: ${status}`)
        else used.add(reason.why)
      }
    }
  }
  t.strictSame([...used].sort(), neverRefused.map(({ why }) => why).sort(), 'every reason is still one')
})

t.test('errors of the shipped server are listed in its document', async (t) => {
  const { url: hub, ask } = await start(t)
  const { paths, servers } = (await ask('GET', `${hub}/openapi.json`)).json as OpenApi
  for (const { verb, path, operation, at } of operationsIn(paths, servers)) {
    const url = `${hub}${at === '/' ? '' : at}${path.replace(/\{\w+\}/g, 'dXJuOng')}`
    const body = operation.requestBody === undefined ? undefined : new Uint8Array(1)
    const refusals = [
      await ask(verb, url, body, { 'content-type': 'image/png', accept: 'image/png' }),
      await ask(verb, url, body, { 'content-type': 'application/json', 'if-match': '"1"' }),
      await ask(verb, `${url}?limit=-1&level=none&extent=none&existing=none&cursor=`, body)
    ]
    for (const { status } of refusals) {
      if (status < 400 || UNNAMED.has(status)) continue
      t.ok(Object.hasOwn(operation.responses as Json, status), `${verb} ${path}: ${status}`)
    }
  }
})

/** Documented by `default`: an Accept that shuts out JSON, and what is not there yet. */
const UNNAMED: ReadonlySet<number> = new Set([406, 501])

t.test('paths differ by more than the names of their parameters', async (t) => {
  for (const { path, document } of documents) {
    const shapes = Object.keys(document.paths as Json).map((each) => each.replace(/\{\w+\}/g, '{}'))
    t.equal(new Set(shapes).size, shapes.length, path)
  }
})

t.test('$metadata of an element has neither its value nor its children', async (t) => {
  const { schemas } = hubDocument('/api/v3', extensionEndpoints, '1.2.3').components as {
    schemas: Record<string, { properties: Json }>
  }
  const members = (name: string) => Object.keys(schemas[name]?.properties ?? {})
  t.notOk(members('PropertyMetadata').includes('value'))
  t.ok(members('PropertyMetadata').includes('valueType'))
  t.notOk(members('SubmodelMetadata').includes('submodelElements'))
  t.notOk(members('EntityMetadata').includes('statements'))
})

function operationsIn(paths: OpenApi['paths'], all: OpenApi['servers'] = []) {
  return Object.entries(paths).flatMap(([path, { servers = all, ...verbs }]) =>
    Object.entries(verbs).map(([verb, operation]) => {
      return { verb: verb.toUpperCase(), path, operation, at: servers[0]?.url ?? '' }
    })
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
