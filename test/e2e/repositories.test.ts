import t from 'tap'
import type { AssetAdministrationShell, ConceptDescription, Submodel } from '../../src/model/types.ts'
import { encode, type Running, start } from './harness.ts'

const shell = (id: string, more: object = {}): AssetAdministrationShell => ({
  modelType: 'AssetAdministrationShell',
  id,
  assetInformation: { assetKind: 'Instance', globalAssetId: `asset:${id}` },
  ...more
})
const submodel = (id: string, more: object = {}): Submodel => ({ modelType: 'Submodel', id, ...more })
const concept = (id: string, more: object = {}): ConceptDescription => ({
  modelType: 'ConceptDescription',
  id,
  ...more
})
const external = (...values: string[]) => ({
  type: 'ExternalReference',
  keys: values.map((value) => ({ type: 'GlobalReference', value }))
})
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

const repositories = [
  ['/shells', shell],
  ['/submodels', submodel],
  ['/concept-descriptions', concept]
] as const

for (const [path, make] of repositories) {
  t.test(`${path}: a document lives from POST to DELETE`, async (t) => {
    const hub = await start(t)
    const id = 'https://example.com/ids/펌프 1?a=b#c'
    const one = `${path}/${encode(id)}`

    const posted = await hub.post(path, make(id))
    t.equal(posted.status, 201)
    t.same(posted.json, make(id))
    t.equal(posted.headers.get('location'), hub.api + one)
    t.match(posted.headers.get('etag'), /^"\d+"$/)
    t.equal((await hub.post(path, make(id))).status, 409, 'an id is given once')

    const got = await hub.get(one)
    t.equal(got.status, 200)
    t.same(got.json, make(id))
    t.equal(got.headers.get('etag'), posted.headers.get('etag'))
    t.match(got.headers.get('content-type'), /^application\/json/)

    const changed = make(id, { idShort: 'Changed' })
    t.equal((await hub.put(one, changed)).status, 204)
    t.same((await hub.get(one)).json, changed)
    t.equal((await hub.put(one, make('another'))).status, 400, 'the id of the path is the id of the body')

    t.equal((await hub.remove(one)).status, 204)
    t.equal((await hub.get(one)).status, 404)
    t.equal((await hub.remove(one)).status, 404)
  })

  t.test(`${path}: PUT creates a missing document`, async (t) => {
    const hub = await start(t)
    const created = await hub.put(`${path}/${encode('new')}`, make('new'))
    t.equal(created.status, 201)
    t.same(created.json, make('new'))
    t.equal(created.headers.get('location'), `${hub.api}${path}/${encode('new')}`)
  })

  t.test(`${path}: a PUT of the stored content is no change and no event`, async (t) => {
    const hub = await start(t)
    const { headers } = await hub.post(path, make('x'))
    const etag = headers.get('etag')
    const { next } = (await hub.get('/events?kind=structure')).json
    const events = async () => (await hub.get(`/events?envelope=plain&kind=structure&cursor=${next}`)).json.records
    const again = await hub.put(`${path}/${encode('x')}`, make('x'))
    t.equal(again.status, 204)
    t.equal(again.headers.get('etag'), etag)
    t.same(await events(), [])
    const other = await hub.put(`${path}/${encode('x')}`, make('x', { idShort: 'Changed' }))
    t.not(other.headers.get('etag'), etag)
    t.equal((await events()).length, 1)
  })

  t.test(`${path}: pages lead to the end in a stable order`, async (t) => {
    const hub = await start(t)
    for (let index = 0; index < 7; index++) await hub.post(path, make(`id${index}`))
    const first = await hub.get(`${path}?limit=3`)
    t.same(
      first.json.result.map((it: { id: string }) => it.id),
      ['id0', 'id1', 'id2']
    )
    await hub.put(`${path}/${encode('id0')}`, make('id0', { idShort: 'Changed' }))
    await hub.remove(`${path}/${encode('id3')}`)
    const second = await hub.get(`${path}?limit=3&cursor=${first.json.paging_metadata.cursor}`)
    t.same(
      second.json.result.map((it: { id: string }) => it.id),
      ['id4', 'id5', 'id6']
    )
    t.same(second.json.paging_metadata, {}, 'the last page has no cursor')
  })

  t.test(`${path}: a write with a stale ETag changes nothing`, async (t) => {
    const hub = await start(t)
    const one = `${path}/${encode('x')}`
    const { headers } = await hub.post(path, make('x'))
    const etag = headers.get('etag') ?? ''
    t.equal((await hub.get(one, { 'if-none-match': etag })).status, 304)
    t.equal((await hub.put(one, make('x', { idShort: 'First' }), { 'if-match': etag })).status, 204)
    t.equal((await hub.put(one, make('x', { idShort: 'Second' }), { 'if-match': etag })).status, 412)
    t.equal((await hub.remove(one, { 'if-match': etag })).status, 412)
    t.equal((await hub.put(one, make('x'), { 'if-none-match': '*' })).status, 412)
    t.equal((await hub.get(one)).json.idShort, 'First')
  })
}

async function ids(hub: Running, path: string): Promise<string[]> {
  const { json, status } = await hub.get(path)
  return status === 200 ? json.result.map((it: { id: string }) => it.id) : [String(status)]
}

t.test('shells are found by asset id in every way it is written, and by idShort', async (t) => {
  const hub = await start(t)
  const subject = external('urn:maker')
  await hub.post('/shells', shell('a', { idShort: 'Alpha' }))
  await hub.post('/shells', {
    ...shell('b'),
    assetInformation: {
      assetKind: 'Instance',
      specificAssetIds: [
        { name: 'serial', value: '1' },
        { name: 'batch', value: '7', externalSubjectId: subject }
      ]
    }
  })
  const serial = { name: 'serial', value: '1' }
  const batch = { name: 'batch', value: '7' }
  t.same(await ids(hub, '/shells?idShort=Alpha'), ['a'])
  t.same(await ids(hub, '/shells?idShort=alpha'), [], 'case matters')
  t.same(await ids(hub, `/shells?assetIds=${base64({ name: 'GlobalAssetID', value: 'asset:a' })}`), ['a'])
  t.same(await ids(hub, `/shells?assetIds=${base64(serial)}&assetIds=${base64(batch)}`), ['b'], 'repeated')
  t.same(await ids(hub, `/shells?assetIds=${base64(serial)},${base64(batch)}`), ['b'], 'by comma')
  t.same(await ids(hub, `/shells?assetIds=${base64([serial, batch])}`), ['b'], 'as one array')
  t.same(await ids(hub, `/shells?assetIds=${base64([serial, { name: 'batch', value: '8' }])}`), [], 'all must fit')
  t.same(await ids(hub, `/shells?assetIds=${base64({ ...batch, externalSubjectId: subject })}`), ['b'])
  t.same(await ids(hub, `/shells?assetIds=${base64({ ...batch, externalSubjectId: external('urn:other') })}`), [])
  t.same(await ids(hub, `/shells?assetIds=${base64({ name: 'serial' })}`), ['400'])
})

t.test('submodels are found by semanticId and supplementalSemanticIds, whatever the key types', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', submodel('a', { idShort: 'Alpha', semanticId: external('urn:s') }))
  await hub.post(
    '/submodels',
    submodel('b', { semanticId: external('urn:t'), supplementalSemanticIds: [external('urn:s')] })
  )
  t.same(await ids(hub, `/submodels?semanticId=${base64(external('urn:s'))}`), ['a', 'b'])
  const asModel = { type: 'ModelReference', keys: [{ type: 'ConceptDescription', value: 'urn:s' }] }
  t.same(await ids(hub, `/submodels?semanticId=${base64(asModel)}`), ['a', 'b'])
  t.same(await ids(hub, `/submodels?semanticId=${base64(external('urn:s'))}&idShort=Alpha`), ['a'], 'filters combine')
  await hub.put(`/submodels/${encode('b')}`, submodel('b'))
  t.same(await ids(hub, `/submodels?semanticId=${base64(external('urn:s'))}`), ['a'], 'the index follows changes')
})

t.test('concept descriptions are found by what they are a case of and by data specification', async (t) => {
  const hub = await start(t)
  await hub.post('/concept-descriptions', concept('a', { isCaseOf: [external('urn:i')] }))
  t.same(await ids(hub, `/concept-descriptions?isCaseOf=${base64(external('urn:i'))}`), ['a'])
  t.same(await ids(hub, `/concept-descriptions?dataSpecificationRef=${base64(external('urn:i'))}`), [])
})

t.test('asset information and submodel references are read and written apart', async (t) => {
  const hub = await start(t)
  await hub.post('/shells', shell('a'))
  const one = `/shells/${encode('a')}`
  const information = { assetKind: 'Type', globalAssetId: 'other' }
  t.equal((await hub.put(`${one}/asset-information`, information)).status, 204)
  t.same((await hub.get(`${one}/asset-information`)).json, information)
  t.equal((await hub.put(`${one}/asset-information`, { assetKind: 'Type' })).status, 400, '[AASd-131]')

  const reference = { type: 'ModelReference', keys: [{ type: 'Submodel', value: 's' }] }
  const posted = await hub.post(`${one}/submodel-refs`, reference)
  t.equal(posted.status, 201)
  t.equal(posted.headers.get('location'), `${hub.api}${one}/submodel-refs/${encode('s')}`)
  t.equal((await hub.post(`${one}/submodel-refs`, reference)).status, 409)
  t.same((await hub.get(`${one}/submodel-refs`)).json, { paging_metadata: {}, result: [reference] })
  t.equal((await hub.remove(`${one}/submodel-refs/${encode('s')}`)).status, 204)
  t.equal((await hub.remove(`${one}/submodel-refs/${encode('s')}`)).status, 404)
  t.same((await hub.get(one)).json, shell('a', { assetInformation: information }), 'an empty list is left out')
})

t.test('$reference of shells and submodels leads to them', async (t) => {
  const hub = await start(t)
  await hub.post('/shells', shell('a'))
  await hub.post('/submodels', submodel('s'))
  const toShell = { type: 'ModelReference', keys: [{ type: 'AssetAdministrationShell', value: 'a' }] }
  const toSubmodel = { type: 'ModelReference', keys: [{ type: 'Submodel', value: 's' }] }
  t.same((await hub.get(`/shells/${encode('a')}/$reference`)).json, toShell)
  t.same((await hub.get('/shells/$reference')).json.result, [toShell])
  t.same((await hub.get(`/submodels/${encode('s')}/$reference`)).json, toSubmodel)
  t.same((await hub.get('/submodels/$reference')).json.result, [toSubmodel])
})

t.test('below a shell only the submodels that it refers to exist', async (t) => {
  const hub = await start(t)
  await hub.post('/shells', shell('a'))
  await hub.post('/submodels', submodel('other'))
  const below = (id: string) => `/shells/${encode('a')}/submodels/${encode(id)}`
  t.equal((await hub.get(below('other'))).status, 404)
  t.equal((await hub.put(below('other'), submodel('other'))).status, 404)

  const created = await hub.put(below('own'), submodel('own'))
  t.equal(created.status, 201)
  t.same(created.json, submodel('own'))
  t.equal((await hub.get(below('own'))).status, 200)
  t.same((await hub.get(`/submodels/${encode('own')}`)).json, submodel('own'))
  t.equal((await hub.get(`/shells/${encode('a')}/submodel-refs`)).json.result.length, 1, 'PUT adds the reference')
  t.equal((await hub.put(below('own'), submodel('own', { idShort: 'Own' }))).status, 204)

  t.equal((await hub.remove(below('own'))).status, 204)
  t.equal((await hub.get(`/submodels/${encode('own')}`)).status, 404)
  t.same((await hub.get(`/shells/${encode('a')}/submodel-refs`)).json.result, [], 'DELETE takes the reference along')
})
