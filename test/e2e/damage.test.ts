/** How a hub reports records that are damaged on its disk. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { testDirectory } from '../test-directory.ts'
import { embedded, encode, start } from './harness.ts'

t.test(
  'a damaged record is reported where it is read, and everything else is served',
  { skip: embedded },
  async (t) => {
    const directory = testDirectory(t)
    const first = await start(t, { DATA_DIR: directory })
    for (const id of ['urn:a', 'urn:b', 'urn:c']) {
      const value = { modelType: 'Property', idShort: 'pp', valueType: 'xs:string', value: id }
      await first.post('/submodels', { modelType: 'Submodel', id, submodelElements: [value] })
      await first.post('/shells', {
        ...{
          modelType: 'AssetAdministrationShell',
          id: `${id}:shell`,
          assetInformation: { assetKind: 'Instance', globalAssetId: id }
        },
        submodels: [{ type: 'ModelReference', keys: [{ type: 'Submodel', value: id }] }]
      })
    }
    t.equal((await first.get('/submodels')).json.result.length, 3)
    await first.patch(`/submodels/${encode('urn:b')}/submodel-elements/pp/$value`, '"written"')
    await first.stop()
    const db = new DatabaseSync(join(directory, 'hub.db'))
    db.exec(`UPDATE element SET value = '{"value":"wrong"}' WHERE value LIKE '%written%'`)
    db.exec('UPDATE log SET time = time + 1 WHERE seq = 2')
    db.close()

    const hub = await start(t, { DATA_DIR: directory })
    const b = `/submodels/${encode('urn:b')}`
    for (const path of ['', '/$value', '/$metadata', '/submodel-elements', '/submodel-elements/pp/$value']) {
      const { status, json } = await hub.get(`${b}${path}`)
      t.equal(status, 500, path)
      t.match(json.messages[0], { code: 'Damaged', text: /element "pp" of Submodel "urn:b".*replace.*backup/ })
    }
    for (const path of ['/submodels', '/submodels/$value', '/submodels/$path', '/submodels/$reference']) {
      const { status, json } = await hub.get(path)
      t.equal(status, 200, path)
      t.strictSame(json.paging_metadata.damaged, ['urn:b'], path)
      t.equal(json.result.length, 2, path)
    }
    const descriptors = await hub.get('/shell-descriptors')
    t.match(descriptors, { status: 200, json: { paging_metadata: { damaged: ['urn:b:shell'] } } }, 'derived from it')
    const condition = { $eq: [{ $field: '$sme.pp#value' }, { $strVal: 'urn:c' }] }
    const found = await hub.post('/query/shells', { $condition: condition })
    t.equal(found.status, 200)
    t.strictSame(
      found.json.result.map(({ id }: { id: string }) => id),
      ['urn:c:shell']
    )
    const whole = await hub.get('/serialization')
    t.match(
      whole,
      { status: 500, json: { messages: [{ code: 'Damaged' }] } },
      'an answer that must be whole is refused'
    )
    t.equal((await hub.get(`/submodels/${encode('urn:a')}`)).status, 200)

    const sample = (submodel: string) => ({ submodel, path: 'pp', value: 'pushed' })
    const lines = `${JSON.stringify(sample('urn:b'))}\n${JSON.stringify(sample('urn:c'))}\n`
    const push = await hub.post('/ingest', lines, { 'content-type': 'application/x-ndjson' })
    const refusals = [{ submodel: 'urn:b', rule: 'Damaged' }]
    t.match(push.json, { accepted: 1, refused: 1, refusals }, 'others in the push are taken')
    t.equal((await hub.get(`/submodels/${encode('urn:c')}/submodel-elements/pp/$value`)).text, '"pushed"')

    const events = await hub.get('/events?limit=100')
    t.equal(events.status, 200)
    const metrics = await hub.ask('GET', `${hub.url}/metrics`)
    t.match(metrics.text, /^aas_hub_damaged_total [1-9]/m)
    t.match((await hub.ask('GET', `${hub.url}/readyz`)).json, { status: 'ready', damaged: Number })

    const other = { modelType: 'Submodel', id: 'urn:b' }
    t.equal((await hub.put(b, other)).status, 204, 'it can be replaced')
    t.match(await hub.get(b), { status: 200, json: other })
    t.equal((await hub.get('/submodels')).json.paging_metadata.damaged, undefined)
    t.equal((await hub.remove(b)).status, 204)
  }
)

t.test('an answer that must be whole is cut off where it has begun', { skip: embedded }, async (t) => {
  const directory = testDirectory(t)
  const first = await start(t, { DATA_DIR: directory })
  const elements = Array.from({ length: 20_000 }, (_, n) => ({
    ...{ modelType: 'Property', idShort: `p${n}`, valueType: 'xs:string', value: 'x'.repeat(100) }
  }))
  await first.post('/submodels', { modelType: 'Submodel', id: 'urn:large', submodelElements: elements })
  await first.post('/submodels', { modelType: 'Submodel', id: 'urn:b', submodelElements: elements.slice(0, 1) })
  await first.patch(`/submodels/${encode('urn:b')}/submodel-elements/p0/$value`, '"written"')
  await first.stop()
  const db = new DatabaseSync(join(directory, 'hub.db'))
  db.exec(`UPDATE element SET value = '{"value":"wrong"}' WHERE value LIKE '%written%'`)
  db.close()
  const hub = await start(t, { DATA_DIR: directory })
  await t.rejects(hub.get('/serialization', { 'accept-encoding': 'identity' }), { message: 'terminated' })
})
