/**
 * i3X 1.0, clause by clause of its Implementation Guide, whose headings stand in brackets: what there is, and what it is like.
 * What a client does with it is in scripts/conformance/i3x.ts.
 */
import { request as httpRequest } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t, { type Test } from 'tap'
import { plant } from '../../scripts/demo/plant.ts'
import { start } from './harness.ts'
import { i3xClient, isBulk, isFailure, isSuccess, isVqt, LINE, line, NOWHERE } from './i3x-client.ts'

const BASE = 'https://plant.example'
const MACHINE = `${BASE}/sm/imm-01/operational-data`
const SHELL = `${BASE}/aas/imm-01`

/** [ElementId and DisplayName] */
const ID = /^\S(?:.*\S)?$/u

interface Listed {
  readonly elementId: string
  readonly displayName: string
  readonly typeElementId: string
  readonly parentId: string | null
  readonly isComposition: boolean
}

async function filled(t: Test) {
  const hub = await start(t)
  const { submodels = [], assetAdministrationShells = [], conceptDescriptions = [] } = plant()
  for (const one of [...submodels, line]) t.equal((await hub.post('/submodels', one)).status, 201)
  for (const one of assetAdministrationShells) await hub.post('/shells', one)
  for (const one of conceptDescriptions) await hub.post('/concept-descriptions', one)
  return { hub, ...i3xClient(hub, hub.ask) }
}

const plantHub = filled(t)

t.test('[Server Capabilities] info needs no login, and says where each capability stands', async (t) => {
  const { get } = await plantHub
  const reply = await get('/info')
  isSuccess(t, reply)
  t.match(reply.json.result, { specVersion: '1.0', serverVersion: String, serverName: 'AAS Hub' })
  t.strictSame(reply.json.result.capabilities, {
    query: { history: true },
    update: { current: true, history: true },
    subscribe: { stream: true }
  })
})

t.test(
  '[Transport & Encoding] an answer is compressed where the client accepts gzip, however small it is',
  async (t) => {
    const { hub } = await plantHub
    for (const [method, path, status] of [
      ['GET', '/namespaces', 200],
      ['GET', '/info', 200]
    ] as const) {
      const { headers, bytes } = await raw(`${hub.url}/i3x/v1${path}`, method)
      t.equal(headers['content-encoding'], 'gzip')
      t.match(JSON.parse(gunzipSync(bytes).toString()), { success: true }, String(status))
    }
  }
)

function raw(url: string, method: string): Promise<{ headers: Record<string, unknown>; bytes: Buffer }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers: { 'accept-encoding': 'gzip' } }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part) => parts.push(part))
      response.on('end', () => resolve({ headers: response.headers, bytes: Buffer.concat(parts) }))
    })
    request.on('error', reject).end()
  })
}

t.test('[Failure] an error has a title, a status and a detail', async (t) => {
  const { post, put } = await plantHub
  const routes = [
    '/objecttypes/query',
    '/relationshiptypes/query',
    '/objects/list',
    '/objects/related',
    '/objects/value'
  ]
  for (const route of routes) {
    for (const body of [{}, { elementIds: 'x' }, { elementIds: [1] }, [], '{"elementIds": [', 'null']) {
      isFailure(t, await post(route, body), 400, `${route} ${JSON.stringify(body)}`)
    }
  }
  isFailure(t, await post('/objects/value', { elementIds: [], maxDepth: -1 }), 400)
  isFailure(t, await post('/objects/list', { elementIds: [], includeMetadata: 'yes' }), 400)
  isFailure(t, await post('/objects/value', { elementIds: new Array(10_001).fill('x') }), 400, 'too many')
  isFailure(t, await put('/objects/value', { updates: {} }), 400)
  isFailure(t, await put('/objects/value', { updates: [{ value: {} }] }), 400)
})

t.test('[Namespaces] every type belongs to a namespace, and each namespace is listed once', async (t) => {
  const { get } = await plantHub
  const reply = await get('/namespaces')
  isSuccess(t, reply)
  const uris: string[] = reply.json.result.map(({ uri }: { uri: string }) => uri)
  t.ok(uris.length >= 1)
  t.equal(new Set(uris).size, uris.length)
  t.ok(reply.json.result.every(({ displayName }: Listed) => displayName !== ''))
  const types = (await get('/objecttypes')).json.result
  const relations = (await get('/relationshiptypes')).json.result
  for (const { namespaceUri, elementId } of [...types, ...relations]) t.ok(uris.includes(namespaceUri), elementId)
})

t.test('[Object Types] are listed, filtered by namespace, and found by elementId', async (t) => {
  const { get, post } = await plantHub
  const reply = await get('/objecttypes')
  isSuccess(t, reply)
  const types = reply.json.result as { elementId: string; namespaceUri: string; sourceTypeId: string }[]
  for (const type of types) {
    t.match(type, { elementId: ID, displayName: String, namespaceUri: String, sourceTypeId: String, schema: Object })
  }
  const nameplate = 'https://admin-shell.io/idta/nameplate/3/0/Nameplate'
  t.match(
    types.find(({ sourceTypeId }) => sourceTypeId === nameplate),
    {
      namespaceUri: 'https://admin-shell.io/idta',
      schema: { title: 'Nameplate', type: 'object' }
    }
  )
  for (const uri of new Set(types.map(({ namespaceUri }) => namespaceUri))) {
    const some = (await get(`/objecttypes?namespaceUri=${encodeURIComponent(uri)}`)).json.result
    t.strictSame(
      some,
      types.filter(({ namespaceUri }) => namespaceUri === uri)
    )
  }
  const ids = [...types.map(({ elementId }) => elementId).reverse(), NOWHERE]
  const found = await post('/objecttypes/query', { elementIds: ids })
  isBulk(t, found, ids, [NOWHERE])
  t.strictSame(
    found.json.results.slice(0, -1).map(({ result }: { result: unknown }) => result),
    types.toReversed()
  )
})

t.test('[Object Types] the schema of a leaf has a scalar type', async (t) => {
  const { get } = await plantHub
  const types = (await get('/objecttypes')).json.result as { elementId: string; schema: { type: unknown } }[]
  const typeOf = (name: string) => types.find(({ elementId }) => elementId === `https://example.com/semantics/${name}`)
  t.equal(typeOf('Speed~xs:double')?.schema.type, 'number')
  t.equal(typeOf('Count~xs:unsignedLong')?.schema.type, 'integer')
  t.equal(typeOf('Note~xs:string')?.schema.type, 'string')
})

t.test('[Relationship Types] each has a registered reverse', async (t) => {
  const { get, post } = await plantHub
  const reply = await get('/relationshiptypes')
  isSuccess(t, reply)
  const types = reply.json.result as { elementId: string; reverseOf: string; namespaceUri: string }[]
  for (const type of types) {
    t.match(type, { displayName: String, relationshipId: String })
    t.equal(types.find(({ elementId }) => elementId === type.reverseOf)?.reverseOf, type.elementId)
  }
  const ids = ['ComponentOf', NOWHERE]
  isBulk(t, await post('/relationshiptypes/query', { elementIds: ids }), ids, [NOWHERE])
  t.strictSame((await get('/relationshiptypes?namespaceUri=urn:none')).json.result, [])
})

t.test('[Objects] all are listed, with types that exist, and ids that are unique', async (t) => {
  const { get } = await plantHub
  const reply = await get('/objects')
  isSuccess(t, reply)
  const objects = reply.json.result as Listed[]
  const types = (await get('/objecttypes')).json.result as { elementId: string }[]
  const all = new Set(types.map(({ elementId }) => elementId))
  for (const { elementId, displayName, typeElementId, isComposition } of objects) {
    t.match(elementId, ID)
    t.notMatch(elementId, /\p{Cc}/u)
    t.notOk(all.has(elementId), `${elementId} is unique`)
    all.add(elementId)
    t.not(displayName, '')
    t.ok(all.has(typeElementId), typeElementId)
    t.type(isComposition, 'boolean')
  }
  const byId = new Map(objects.map((object) => [object.elementId, object]))
  for (const { parentId } of objects) if (parentId !== null) t.ok(byId.has(parentId), parentId)
  t.match(byId.get(MACHINE), { parentId: SHELL, isComposition: true, displayName: 'OperationalData' })
  t.match(byId.get(`${LINE}#Motor.Log[1]`), { parentId: `${LINE}#Motor.Log`, isComposition: false })
  t.notOk(byId.has(`${LINE}#Stop`), 'an operation has no value')
  t.notOk(
    [...byId.keys()].some((id) => id.includes('template')),
    'nor are templates objects'
  )
})

t.test('[Objects] roots are the shells, and submodels without a shell', async (t) => {
  const { get } = await plantHub
  const roots = (await get('/objects?root=true')).json.result as Listed[]
  t.ok(roots.length >= 1)
  t.ok(roots.every(({ parentId }) => parentId === null))
  const ids = roots.map(({ elementId }) => elementId)
  t.ok(ids.includes(SHELL) && ids.includes(LINE))
  t.notOk(ids.includes(MACHINE))
})

t.test('[Objects] are filtered by their type, or by its semanticId alone', async (t) => {
  const { get } = await plantHub
  const objects = (await get('/objects')).json.result as Listed[]
  for (const type of new Set(objects.map(({ typeElementId }) => typeElementId))) {
    const some = (await get(`/objects?typeElementId=${encodeURIComponent(type)}`)).json.result as Listed[]
    const expected = objects.filter(({ typeElementId }) => typeElementId === type).map(({ elementId }) => elementId)
    t.strictSame(new Set(some.map(({ elementId }) => elementId)), new Set(expected), type)
  }
  const semantic = encodeURIComponent('https://example.com/semantics/Speed')
  t.match((await get(`/objects?typeElementId=${semantic}`)).json.result, [{ elementId: `${LINE}#Speed` }])
  t.strictSame((await get(`/objects?typeElementId=${NOWHERE}`)).json.result, [])
  isFailure(t, await get('/objects?root=perhaps'), 400)
})

t.test('[Objects] metadata say where the type is from, what it is related to, and what AAS says', async (t) => {
  const { get, post } = await plantHub
  const all = (await get('/objects?includeMetadata=true')).json.result
  for (const { metadata, elementId } of all) {
    t.match(metadata, { typeNamespaceUri: String, sourceTypeId: String, relationships: Object }, elementId)
  }
  const ids = [`${MACHINE}#CycleTime`, MACHINE, SHELL, NOWHERE]
  const reply = await post('/objects/list', { elementIds: ids, includeMetadata: true })
  isBulk(t, reply, ids, [NOWHERE])
  const [leaf, submodel, shell] = reply.json.results.map(({ result }: { result: unknown }) => result)
  t.match(leaf.metadata, {
    description: 'Time from one closing of the mould to the next',
    sourceTypeId: `${BASE}/cd/CycleTime`,
    relationships: { ComponentOf: MACHINE },
    system: { unit: 's', preferredName: 'cycle time', valueType: 'xs:double' }
  })
  const item = await post('/objects/list', { elementIds: [`${MACHINE}#BarrelTemperatures[0]`], includeMetadata: true })
  t.match(item.json.results[0].result.metadata.system, { unit: '°C' }, 'an item means what its list says of all items')
  t.match(submodel.metadata.relationships, { HasParent: SHELL })
  t.ok(submodel.metadata.relationships.HasComponent.includes(`${MACHINE}#CycleTime`))
  t.ok(shell.metadata.relationships.HasChildren.includes(MACHINE))
  const plain = await post('/objects/list', { elementIds: ids })
  t.notOk('metadata' in plain.json.results[0].result)
})

t.test('[Relationship Semantics] every relationship leads both ways', async (t) => {
  const { get, post } = await plantHub
  const objects = (await get('/objects')).json.result as Listed[]
  const reverse = new Map<string, string>()
  for (const { elementId, reverseOf } of (await get('/relationshiptypes')).json.result)
    reverse.set(elementId, reverseOf)
  const ids = objects.map(({ elementId }) => elementId)
  const reply = await post('/objects/related', { elementIds: [...ids, NOWHERE] })
  isBulk(t, reply, [...ids, NOWHERE], [NOWHERE])
  const edges = new Set<string>()
  for (const { elementId, result = [] } of reply.json.results) {
    for (const { sourceRelationship, object } of result) {
      edges.add(`${elementId} ${sourceRelationship} ${object.elementId}`)
      t.strictSame(
        object,
        objects.find((one) => one.elementId === object.elementId),
        'the object as it is listed'
      )
    }
  }
  for (const edge of edges) {
    const [from, name = '', to] = edge.split(' ')
    t.ok(edges.has(`${to} ${reverse.get(name)} ${from}`), edge)
  }
  for (const { elementId, parentId } of objects) {
    if (parentId === null) continue
    t.ok(
      ['HasParent', 'ComponentOf'].some((name) => edges.has(`${elementId} ${name} ${parentId}`)),
      elementId
    )
  }
  const only = await post('/objects/related', { elementIds: [MACHINE], relationshipType: 'HasParent' })
  t.match(only.json.results[0].result, [{ sourceRelationship: 'HasParent', object: { elementId: SHELL } }])
  t.equal(only.json.results[0].result.length, 1)
  isFailure(t, await post('/objects/related', { elementIds: [MACHINE], relationshipType: 'Knows' }), 400)
})

t.test('[Query Methods] every object has a value that conforms to the schema of its type', async (t) => {
  const { get, post } = await plantHub
  const objects = (await get('/objects')).json.result as Listed[]
  const types = new Map<string, object>()
  for (const { elementId, schema } of (await get('/objecttypes')).json.result) types.set(elementId, schema)
  const ids = [...objects.map(({ elementId }) => elementId), NOWHERE]
  const reply = await post('/objects/value', { elementIds: ids })
  isBulk(t, reply, ids, [NOWHERE])
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  for (const [index, object] of objects.entries()) {
    const { result } = reply.json.results[index]
    t.ok(isVqt(result), object.elementId)
    t.equal(result.isComposition, object.isComposition)
    t.notOk('components' in result, 'no components at the default depth')
    const isValid = ajv.compile(types.get(object.typeElementId) ?? false)
    t.ok(result.value === null || isValid(result.value), `${object.elementId}: ${ajv.errorsText(isValid.errors)}`)
  }
})
