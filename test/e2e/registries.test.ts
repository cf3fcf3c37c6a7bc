import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { until } from '../until.ts'
import { encode, type Reply, type Running, start } from './harness.ts'

const endpoint = (href: string) => ({ interface: 'SUBMODEL-3.1', protocolInformation: { href } })
const submodelDescriptor = (id: string, more: object = {}) => ({
  id,
  endpoints: [endpoint('https://elsewhere/sm')],
  ...more
})
const shellDescriptor = (id: string, more: object = {}) => ({ id, ...more })
const shell = {
  modelType: 'AssetAdministrationShell',
  id: 'shell',
  idShort: 'Shell',
  assetInformation: {
    assetKind: 'Instance',
    assetType: 'press',
    globalAssetId: 'asset',
    specificAssetIds: [{ name: 'serial', value: '7' }]
  },
  submodels: [{ type: 'ModelReference', keys: [{ type: 'Submodel', value: 'sm' }] }]
}
const submodel = {
  modelType: 'Submodel',
  id: 'sm',
  semanticId: { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value: 'urn:s' }] }
}

const ids = ({ json }: Reply) => json.result.map((it: { id: string } | string) => (typeof it === 'string' ? it : it.id))

for (const [path, make] of [
  ['/shell-descriptors', shellDescriptor],
  ['/submodel-descriptors', submodelDescriptor]
] as const) {
  t.test(`${path}: a descriptor lives from POST to DELETE`, async (t) => {
    const hub = await start(t)
    const one = `${path}/${encode('x')}`
    const posted = await hub.post(path, make('x'))
    t.match([posted.status, posted.headers.get('location')], [201, hub.api + one])
    t.equal((await hub.post(path, make('x'))).status, 409)
    t.same((await hub.get(one)).json, make('x'))
    t.equal((await hub.put(one, make('x', { idShort: 'Changed' }))).status, 204)
    t.equal((await hub.put(one, make('y'))).status, 400)
    t.equal((await hub.put(`${path}/${encode('y')}`, make('y'))).status, 201)
    t.same(ids(await hub.get(path)), ['x', 'y'])
    t.equal((await hub.remove(one)).status, 204)
    t.equal((await hub.get(one)).status, 404)
    t.match(await hub.post(path, { id: '' }), { status: 400, json: { messages: [{}] } })
  })
}

const meaning = (value: string) => ({ type: 'ExternalReference', keys: [{ type: 'GlobalReference', value }] })

t.test('descriptors of releases 3.0 to 3.1.1 are accepted and returned in the format of 3.1.2', async (t) => {
  const more = { semanticId: meaning('urn:s'), supplementalSemanticId: [meaning('urn:more')] }
  const former = submodelDescriptor('old', more)
  const current = submodelDescriptor('old', {
    semanticId: meaning('urn:s'),
    supplementalSemanticIds: [meaning('urn:more')]
  })
  const nested = (one: object) => shellDescriptor('holder', { submodelDescriptors: [one] })
  const own = `/submodel-descriptors/${encode('old')}`
  const holder = `/shell-descriptors/${encode('holder')}`
  const below = `${holder}/submodel-descriptors`
  const endpoints: readonly [method: string, path: string, body: unknown, read: string, answer: unknown][] = [
    ['POST', '/submodel-descriptors', former, own, current],
    ['PUT', own, former, own, current],
    ['POST', '/shell-descriptors', nested(former), holder, nested(current)],
    ['PUT', holder, nested(former), holder, nested(current)],
    ['PUT', `${below}/${encode('old')}`, former, `${below}/${encode('old')}`, current],
    ['POST', '/bulk/submodel-descriptors', [former], own, current],
    ['PUT', '/bulk/submodel-descriptors', [former], own, current],
    ['PUT', '/bulk/shell-descriptors', [nested(former)], holder, nested(current)]
  ]
  for (const [method, path, body, read, answer] of endpoints) {
    const hub = await start(t)
    if (path.startsWith(below)) await hub.post('/shell-descriptors', shellDescriptor('holder'))
    const reply = await hub.ask(method, path, body)
    t.ok(reply.status < 300, `${method} ${path}: ${reply.text}`)
    await until(async () => (await hub.get(read)).status === 200)
    t.same((await hub.get(read)).json, answer, `${method} ${path}`)
    await hub.stop()
  }

  const hub = await start(t)
  await hub.post('/submodel-descriptors', former)
  for (const name of ['supplementalSemanticId', 'supplementalSemanticIds']) {
    const $condition = { $eq: [{ $field: `$smdesc#${name}[]` }, { $strVal: 'urn:more' }] }
    t.same(ids(await hub.post('/query/submodel-descriptors', { $condition })), ['old'], name)
  }
  const both = { ...former, id: 'both', supplementalSemanticIds: [meaning('urn:x')] }
  t.equal((await hub.post('/submodel-descriptors', both)).status, 400, 'the same member under two names')
})

t.test(
  'empty lists of a descriptor are taken and left out of the answer, but not where one has to be there',
  async (t) => {
    const hub = await start(t)
    const written = {
      ...{ id: 'empty', endpoints: [], extensions: [], description: [], specificAssetIds: [] },
      submodelDescriptors: [
        {
          ...submodelDescriptor('sm', { supplementalSemanticIds: [], displayName: [] }),
          endpoints: [
            { interface: 'SUBMODEL-3.1', protocolInformation: { href: 'http://x', endpointProtocolVersion: [] } }
          ]
        }
      ]
    }
    const kept = {
      id: 'empty',
      submodelDescriptors: [
        { id: 'sm', endpoints: [{ interface: 'SUBMODEL-3.1', protocolInformation: { href: 'http://x' } }] }
      ]
    }
    const posted = await hub.post('/shell-descriptors', written)
    t.match([posted.status, posted.json], [201, kept])
    t.same((await hub.get(`/shell-descriptors/${encode('empty')}`)).json, kept)
    t.same((await hub.get('/shell-descriptors')).json.result, [kept])
    t.equal((await hub.post('/submodel-descriptors', { id: 'none', endpoints: [] })).status, 400)
  }
)

t.test('stored shells and submodels have descriptors with working endpoints until they are deleted', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', submodel)
  await hub.post('/shells', shell)
  const described = (await hub.get(`/shell-descriptors/${encode('shell')}`)).json
  t.match(described, {
    id: 'shell',
    idShort: 'Shell',
    assetKind: 'Instance',
    assetType: 'press',
    globalAssetId: 'asset',
    submodelDescriptors: [{ id: 'sm', semanticId: submodel.semanticId }]
  })
  for (const { protocolInformation, interface: name } of [
    ...described.endpoints,
    ...described.submodelDescriptors[0].endpoints
  ]) {
    t.equal((await hub.get(protocolInformation.href)).status, 200, `${name} ${protocolInformation.href}`)
  }
  t.same(ids(await hub.get('/submodel-descriptors')), ['sm'])
  t.same(ids(await hub.get('/shell-descriptors?assetKind=Instance')), ['shell'])
  t.same(ids(await hub.get('/shell-descriptors?assetKind=Type')), [])
  t.same(ids(await hub.get(`/shell-descriptors?assetType=${encode('press')}`)), ['shell'])

  await hub.remove(`/submodels/${encode('sm')}`)
  t.equal((await hub.get(`/submodel-descriptors/${encode('sm')}`)).status, 404)
  t.equal((await hub.get(`/shell-descriptors/${encode('shell')}`)).json.submodelDescriptors, undefined)
})

t.test('a registered descriptor is returned unchanged, in place of the derived one', async (t) => {
  const hub = await start(t)
  await hub.put(`/submodel-descriptors/${encode('sm')}`, submodelDescriptor('sm', { idShort: 'Theirs' }))
  await hub.post('/submodels', submodel)
  t.equal((await hub.get(`/submodel-descriptors/${encode('sm')}`)).json.idShort, 'Theirs')
  t.same(ids(await hub.get('/submodel-descriptors')), ['sm'], 'it is listed once')
  t.equal((await hub.remove(`/submodel-descriptors/${encode('sm')}`)).status, 204)
  t.equal((await hub.get(`/submodel-descriptors/${encode('sm')}`)).json.idShort, undefined)
  t.equal(
    (await hub.remove(`/submodel-descriptors/${encode('sm')}`)).status,
    400,
    'the derived one goes with its submodel'
  )
})

t.test('pages contain registered and derived descriptors without gap or repetition', async (t) => {
  const hub = await start(t)
  for (let index = 0; index < 5; index++) await hub.post('/submodels', { modelType: 'Submodel', id: `own${index}` })
  for (let index = 0; index < 4; index++) await hub.post('/submodel-descriptors', submodelDescriptor(`their${index}`))
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const page = await hub.get(`/submodel-descriptors?limit=2${cursor === undefined ? '' : `&cursor=${cursor}`}`)
    seen.push(...ids(page))
    cursor = page.json.paging_metadata.cursor
  } while (cursor !== undefined)
  t.same(seen.sort(), ['own0', 'own1', 'own2', 'own3', 'own4', 'their0', 'their1', 'their2', 'their3'])
})

t.test('submodel descriptors within a shell descriptor can be created, replaced and deleted', async (t) => {
  const hub = await start(t)
  await hub.post('/shell-descriptors', shellDescriptor('a'))
  const list = `/shell-descriptors/${encode('a')}/submodel-descriptors`
  const one = `${list}/${encode('s')}`
  const posted = await hub.post(list, submodelDescriptor('s'))
  t.match([posted.status, posted.headers.get('location')], [201, hub.api + one])
  t.equal((await hub.post(list, submodelDescriptor('s'))).status, 409)
  t.equal((await hub.put(one, submodelDescriptor('s', { idShort: 'Changed' }))).status, 204)
  t.equal((await hub.get(one)).json.idShort, 'Changed')
  t.equal((await hub.put(`${list}/${encode('n')}`, submodelDescriptor('n'))).status, 201)
  t.same(ids(await hub.get(list)), ['s', 'n'])
  t.equal((await hub.remove(one)).status, 204)
  t.equal((await hub.get(one)).status, 404)
})

async function finished(hub: Running, status: string): Promise<Reply> {
  let result = ''
  await until(async () => {
    const reply = await hub.get(status)
    result = reply.headers.get('location') ?? ''
    if (reply.status !== 302) t.match(reply, { status: 200, json: { executionState: /Initiated|Running/ } })
    return reply.status === 302
  })
  return hub.get(result)
}

t.test('a bulk registration is atomic, and names every invalid item', async (t) => {
  const hub = await start(t)
  const started = await hub.post('/bulk/submodel-descriptors', [submodelDescriptor('a'), submodelDescriptor('b')])
  t.equal(started.status, 202)
  t.equal((await finished(hub, started.headers.get('location') ?? '')).status, 204)
  t.same(ids(await hub.get('/submodel-descriptors')), ['a', 'b'])

  const refused = await hub.post('/bulk/submodel-descriptors', [
    submodelDescriptor('c'),
    submodelDescriptor('a'),
    { id: 'd' }
  ])
  const result = await finished(hub, refused.headers.get('location') ?? '')
  t.match(result, { status: 400, json: { messages: [{ text: /\/1.*"a" already exists/ }, { text: /\/2/ }] } })
  t.same(ids(await hub.get('/submodel-descriptors')), ['a', 'b'])

  const changed = await hub.put('/bulk/submodel-descriptors', [
    submodelDescriptor('a', { idShort: 'Aa' }),
    submodelDescriptor('c')
  ])
  t.equal((await finished(hub, changed.headers.get('location') ?? '')).status, 204)
  t.equal((await hub.get(`/submodel-descriptors/${encode('a')}`)).json.idShort, 'Aa')
  const gone = await hub.ask('DELETE', '/bulk/submodel-descriptors', ['a', 'b', 'c'])
  t.equal((await finished(hub, gone.headers.get('location') ?? '')).status, 204)
  t.same(ids(await hub.get('/submodel-descriptors')), [])
  t.equal((await hub.get('/bulk/status/none')).status, 404)
  t.equal((await hub.post('/bulk/shell-descriptors', { id: 'x' })).status, 400)
})

t.test('shells are found by explicit asset links and by their own', async (t) => {
  const hub = await start(t)
  await hub.post('/shells', shell)
  const links = [
    { name: 'serial', value: '7' },
    { name: 'batch', value: '1' }
  ]
  const posted = await hub.post(`/lookup/shells/${encode('remote')}`, links)
  t.equal(posted.status, 201)
  t.same(posted.json, links)
  const search = (body: unknown) => hub.post('/lookup/shellsByAssetLink', body)
  t.same(ids(await search([{ name: 'serial', value: '7' }])), ['remote', 'shell'])
  t.same(ids(await search(links)), ['remote'], 'all links must fit')
  t.same(ids(await search([{ name: 'globalAssetId', value: 'asset' }])), ['shell'])
  t.equal((await search([{ name: 'serial' }])).status, 400)
  t.equal((await search([])).status, 400)
  const assetIds = Buffer.from(JSON.stringify({ name: 'serial', value: '7' })).toString('base64url')
  t.same(ids(await hub.get(`/lookup/shells?assetIds=${assetIds}`)), ['remote', 'shell'])
  t.same((await hub.get(`/lookup/shells/${encode('shell')}`)).json, [
    { name: 'globalAssetId', value: 'asset' },
    { name: 'serial', value: '7' }
  ])
  t.equal((await hub.remove(`/lookup/shells/${encode('remote')}`)).status, 204)
  t.equal((await hub.get(`/lookup/shells/${encode('remote')}`)).status, 404)
})

t.test('packages are stored unchanged', async (t) => {
  const hub = await start(t)
  const form = new FormData()
  form.append('aasIds', 'shell')
  form.append('fileName', 'plant.aasx')
  form.append('file', new Blob(['bytes of a package']), 'plant.aasx')
  const posted = await hub.post('/packages', form)
  t.equal(posted.status, 201)
  const one = posted.headers.get('location') ?? ''
  t.same((await hub.get('/packages')).json.result, [{ packageId: posted.json.packageId, aasIds: ['shell'] }])
  t.same((await hub.get(`/packages?aasId=${encode('other')}`)).json.result, [])
  const got = await hub.get(one)
  t.equal(got.text, 'bytes of a package')
  t.match(got.headers.get('content-disposition'), /plant\.aasx/)
  const next = new FormData()
  next.append('file', new Blob(['new bytes']), 'plant.aasx')
  t.equal((await hub.put(one, next)).status, 204)
  t.equal((await hub.get(one)).text, 'new bytes')
  t.equal((await hub.remove(one)).status, 204)
  t.equal((await hub.get(one)).status, 404)
})

t.test('stored documents are registered with an external registry, also after it was unreachable', async (t) => {
  const registry = await start(t)
  const requests: string[] = []
  let away = true
  const proxy = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    if (away) return void response.writeHead(503).end()
    const { method = 'GET', headers } = request
    const init = { method, headers: { 'content-type': headers['content-type'] ?? 'application/json' } }
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', async () => {
      const body = chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}
      const reply = await fetch(registry.url + request.url, { ...init, ...body })
      response.writeHead(reply.status).end()
    })
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  t.teardown(() => proxy.close())
  const { port } = proxy.address() as AddressInfo
  const hub = await start(t, { REGISTER_AT: `http://127.0.0.1:${port}/api/v3` })
  t.equal((await hub.post('/submodels', submodel)).status, 201, 'writes do not wait for the registry')
  await until(() => requests.length > 0)
  away = false
  await until(async () => (await registry.get(`/submodel-descriptors/${encode('sm')}`)).status === 200)
  const registered = await registry.get(`/submodel-descriptors/${encode('sm')}`)
  t.match(registered.json, {
    id: 'sm',
    endpoints: [{ protocolInformation: { href: `${hub.api}/submodels/${encode('sm')}` } }]
  })
  await hub.remove(`/submodels/${encode('sm')}`)
  await until(async () => (await registry.get(`/submodel-descriptors/${encode('sm')}`)).status === 404)
})
