import t from 'tap'
import { encode, type Running, start } from './harness.ts'

const reference = (id: string) => ({ type: 'ModelReference', keys: [{ type: 'Submodel', value: id }] })
const shell = (id: string, ...submodels: string[]) => ({
  modelType: 'AssetAdministrationShell',
  id,
  assetInformation: { assetKind: 'Instance', globalAssetId: `asset:${id}` },
  ...(submodels.length > 0 && { submodels: submodels.map(reference) })
})
const submodel = (id: string, more: object = {}) => ({
  modelType: 'Submodel',
  id,
  submodelElements: [{ modelType: 'Property', idShort: 'speed', valueType: 'xs:int', value: '5' }],
  ...more
})

async function plant(hub: Running): Promise<void> {
  await hub.post('/shells', shell('press', 'drive'))
  await hub.post('/shells', shell('robot', 'arm'))
  for (const id of ['drive', 'arm']) await hub.post('/submodels', submodel(id))
}

t.test('the service of one shell shows nothing else', async (t) => {
  const hub = await start(t)
  await plant(hub)
  const service = `/aas-services/${encode('press')}`
  t.same((await hub.get(`${service}/aas`)).json, shell('press', 'drive'))
  t.equal((await hub.get(`${service}/aas/`)).status, 200, 'a slash at the end is tolerated')
  t.same((await hub.get(`${service}/aas/asset-information`)).json, shell('press').assetInformation)
  t.same((await hub.get(`${service}/aas/submodel-refs`)).json.result, [reference('drive')])
  const speed = `${service}/aas/submodels/${encode('drive')}/submodel-elements/speed/$value`
  t.equal((await hub.patch(speed, 6)).status, 204)
  t.equal((await hub.get(speed)).json, 6)
  t.equal((await hub.get(`${service}/aas/submodels/${encode('arm')}`)).status, 404)

  const everything = (await hub.get(`${service}/serialization`)).json
  t.match([everything.assetAdministrationShells.length, everything.submodels.length], [1, 1])
  t.equal((await hub.get(`${service}/serialization?submodelIds=${encode('arm')}`)).status, 404)
  t.equal((await hub.put(`${service}/aas`, shell('press', 'drive'))).status, 204)
  t.equal((await hub.put(`/aas-services/${encode('none')}/aas`, shell('none'))).status, 404, 'it creates nothing')
})

t.test('a submodel has a service of its own', async (t) => {
  const hub = await start(t)
  await plant(hub)
  const service = `/submodel-services/${encode('arm')}`
  t.same((await hub.get(`${service}/submodel`)).json, submodel('arm'))
  t.same((await hub.get(`${service}/submodel/$value`)).json, { speed: 5 })
  const added = await hub.post(`${service}/submodel/submodel-elements`, { modelType: 'Capability', idShort: 'lift' })
  t.equal(added.headers.get('location'), `${hub.api}${service}/submodel/submodel-elements/lift`)
  t.equal((await hub.remove(`${service}/submodel`)).status, 405, 'it cannot delete itself')
  t.equal((await hub.put(`${service}/submodel`, submodel('arm'))).status, 204)
  t.same(Object.keys((await hub.get(`${service}/serialization`)).json), ['submodels'])
})

t.test('the template repository contains templates only', async (t) => {
  const hub = await start(t)
  await plant(hub)
  const repository = '/template-repository/submodels'
  const template = submodel('template', { kind: 'Template' })
  t.match(await hub.post(repository, submodel('instance')), { status: 400, json: { messages: [{ code: 'AASa-003' }] } })
  t.equal((await hub.post(repository, template)).status, 201)
  t.same((await hub.get(repository)).json.result, [template])
  t.same((await hub.get(`${repository}/${encode('template')}`)).json, template)
  t.equal((await hub.get(`${repository}/${encode('arm')}`)).status, 404)
  t.equal((await hub.put(`${repository}/${encode('template')}`, submodel('template'))).status, 400)
  t.equal((await hub.put(`${repository}/${encode('arm')}`, submodel('arm', { kind: 'Template' }))).status, 404)
  t.equal((await hub.get('/submodels')).json.result.length, 3, 'the hub shows all')
  t.equal((await hub.get('/template-repository/serialization')).json.submodels.length, 1)
})
