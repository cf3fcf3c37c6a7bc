/**
 * Concurrent requests for the same resource: 409 reports that it exists, never that a race was lost. Over a database two hubs
 * are asked in turn, as behind a load balancer.
 */
import t, { type Test } from 'tap'
import { databaseOf, embedded, encode, type Reply, type Running, start } from './harness.ts'

const TOGETHER = 12
const ROUNDS = 5

const shell = (id: string) => ({
  modelType: 'AssetAdministrationShell',
  id,
  assetInformation: { assetKind: 'Instance', globalAssetId: `${id}:asset` }
})
const submodel = (id: string) => ({ modelType: 'Submodel', id })
const endpoint = (name: string) => [{ interface: name, protocolInformation: { href: 'http://a' } }]

/** What creates or replaces: each with the request that several callers make of the same new thing. */
const upserts: Readonly<Record<string, (hub: Running, id: string) => Promise<Reply>>> = {
  'PUT of a shell': (hub, id) => hub.put(`/shells/${encode(id)}`, shell(id)),
  'PUT of a submodel': (hub, id) => hub.put(`/submodels/${encode(id)}`, submodel(id)),
  'PUT of a concept description': (hub, id) =>
    hub.put(`/concept-descriptions/${encode(id)}`, { modelType: 'ConceptDescription', id }),
  'PUT of a shell descriptor': (hub, id) =>
    hub.put(`/shell-descriptors/${encode(id)}`, { id, endpoints: endpoint('AAS-3.0') }),
  'PUT of a submodel descriptor': (hub, id) =>
    hub.put(`/submodel-descriptors/${encode(id)}`, { id, endpoints: endpoint('SUBMODEL-3.0') }),
  'PUT of a submodel below a shell': (hub, id) =>
    hub.put(`/shells/${encode('urn:shell')}/submodels/${encode(id)}`, submodel(id)),
  'PUT of an element': (hub, id) => {
    const idShort = `e${id.replace(/\W/g, '')}`
    const element = { modelType: 'Property', idShort, valueType: 'xs:string', value: 'v' }
    return hub.put(`/submodels/${encode('urn:submodel')}/submodel-elements/${idShort}`, element)
  },
  'PUT of a package': (hub, id) => hub.put(`/packages/${encode(id)}`, form(id)),
  'asset links': (hub, id) => hub.post(`/lookup/shells/${encode(id)}`, [{ name: 'serial', value: '1' }]),
  'upload that replaces': (hub, id) => upload(hub, 'replace', id),
  'upload that keeps': (hub, id) => upload(hub, 'keep', id)
}

for (const [title, request] of Object.entries(upserts)) {
  t.test(`${title}: concurrent requests all succeed`, async (t) => {
    const at = await prepared(t)
    for (let round = 0; round < ROUNDS; round++) {
      const replies = await Promise.all(Array.from({ length: TOGETHER }, (_, n) => request(at(n), `urn:new:${round}`)))
      for (const { status, text } of replies) t.ok(status < 300, `${status} ${status < 300 ? '' : text}`)
    }
  })
}

t.test(
  'of many clients that create the same, one succeeds, and the others are refused with AlreadyExists',
  async (t) => {
    const at = await prepared(t)
    const replies = await Promise.all(
      Array.from({ length: TOGETHER }, (_, n) => at(n).post('/submodels', submodel('urn:x')))
    )
    t.equal(replies.filter(({ status }) => status === 201).length, 1)
    t.equal(replies.filter(({ status }) => status === 409).length, TOGETHER - 1)
    const guarded = await Promise.all(
      Array.from({ length: TOGETHER }, (_, n) =>
        at(n).ask('PUT', `/submodels/${encode('urn:y')}`, submodel('urn:y'), { 'if-none-match': '*' })
      )
    )
    t.equal(guarded.filter(({ status }) => status === 201).length, 1)
    t.equal(guarded.filter(({ status }) => status === 412).length, TOGETHER - 1)
  }
)

t.test('a hundred concurrent changes of elements of one submodel all succeed', async (t) => {
  const at = await prepared(t)
  const path = `/submodels/${encode('urn:submodel')}/submodel-elements`
  const property = (idShort: string, value: string) => ({
    modelType: 'Property',
    idShort,
    valueType: 'xs:string',
    value
  })
  const names = Array.from({ length: 100 }, (_, n) => `e${n}`)
  const all = async (request: (hub: Running, name: string, n: number) => Promise<Reply>, title: string) => {
    const replies = await Promise.all(names.map((name, n) => request(at(n >> 1), name, n)))
    t.strictSame([...new Set(replies.map(({ status }) => status < 300))], [true], title)
  }
  await all((hub, name) => hub.post(path, property(name, '0')), 'POST')
  await all((hub, name) => hub.put(`${path}/${name}`, property(name, '1')), 'PUT')
  await all(
    (hub, name) => hub.patch(`${path}/${name}/$metadata`, { modelType: 'Property', category: 'VARIABLE' }),
    'PATCH of metadata'
  )
  await all((hub, name, n) => hub.patch(`${path}/${name}/$value`, JSON.stringify(String(n))), 'PATCH of values')
  await all(
    (hub, name, n) =>
      n % 2 === 0
        ? hub.patch(`/submodels/${encode('urn:submodel')}/$value`, { [name]: `w${n}` })
        : hub.patch(`${path}/${name}`, { ...property(name, `w${n}`), category: 'CONSTANT' }),
    'values of the submodel, and elements as wholes'
  )
  const { json } = await at(0).get(`/submodels/${encode('urn:submodel')}/$value`)
  t.strictSame(json, Object.fromEntries(names.map((name, n) => [name, `w${n}`])))
  await all((hub, name) => hub.remove(`${path}/${name}`), 'DELETE')
  t.strictSame((await at(1).get(path)).json.result, [])
})

t.test('two hundred concurrent references from a shell to submodels are all added', async (t) => {
  const at = await prepared(t)
  const ids = Array.from({ length: 200 }, (_, n) => `urn:s:${n}`)
  const references = `/shells/${encode('urn:shell')}/submodel-refs`
  const reference = (value: string) => ({ type: 'ModelReference', keys: [{ type: 'Submodel', value }] })
  const replies = await Promise.all(
    ids.map((id, n) =>
      n % 2 === 0
        ? at(n >> 1).put(`/shells/${encode('urn:shell')}/submodels/${encode(id)}`, submodel(id))
        : at(n >> 1).post(references, reference(id))
    )
  )
  t.strictSame([...new Set(replies.map(({ status }) => status))], [201])
  t.equal((await at(0).get(`${references}?limit=1000`)).json.result.length, 200)
})

/** @returns the hub for the n-th request */
async function prepared(t: Test): Promise<(n: number) => Running> {
  const hub = await start(t)
  await hub.post('/shells', shell('urn:shell'))
  await hub.post('/submodels', submodel('urn:submodel'))
  if (embedded === false) return () => hub
  const other = await start(t, { MONGODB_URL: databaseOf(hub.directory) })
  return (n) => (n % 2 === 0 ? hub : other)
}

function form(id: string): FormData {
  const data = new FormData()
  data.append('file', new Blob([`package ${id}`]), 'p.aasx')
  data.append('aasIds', id)
  return data
}

function upload(hub: Running, existing: string, id: string): Promise<Reply> {
  const data = new FormData()
  const environment = { assetAdministrationShells: [shell(id)], submodels: [submodel(`${id}:s`)] }
  data.append('file', new Blob([JSON.stringify(environment)]), 'e.json')
  return hub.post(`/upload?existing=${existing}`, data)
}
