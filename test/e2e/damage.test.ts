/** How a hub reports records that are damaged on its disk. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t, { type Test } from 'tap'
import { checkDirectory } from '../../src/store/sqlite/check.ts'
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

/** A hub with a submodel of which all values were written, and then some damaged. */
async function startWithDamaged(t: Test, paths: readonly string[]) {
  const directory = testDirectory(t)
  const first = await start(t, { DATA_DIR: directory })
  const property = (idShort: string) => ({ modelType: 'Property', idShort, valueType: 'xs:int', value: '1' })
  const group = { modelType: 'SubmodelElementCollection', idShort: 'group', value: [property('low'), property('high')] }
  const submodelElements = [property('speed'), property('level'), group]
  await first.post('/submodels', { modelType: 'Submodel', id: 'urn:m', submodelElements })
  for (const path of ['speed', 'level', 'group.low', 'group.high'])
    await first.patch(`/submodels/${encode('urn:m')}/submodel-elements/${path}/$value`, '"2"')
  await first.stop()
  const db = new DatabaseSync(join(directory, 'hub.db'))
  for (const path of paths) db.prepare(`UPDATE element SET value = '{"value":"3"}' WHERE path = ?`).run(path)
  db.close()
  const hub = await start(t, { DATA_DIR: directory })
  const whole = `/submodels/${encode('urn:m')}`
  return { hub, whole, element: (path: string) => `${whole}/submodel-elements/${path}` }
}

t.test('what lies beside a damaged element is read and written as ever', { skip: embedded }, async (t) => {
  const { hub, whole, element } = await startWithDamaged(t, ['speed', 'group.low'])
  const text =
    /The element "(speed|group\.low)" of Submodel "urn:m" \(and 1 more\) is damaged.*replace it, delete it, or restore/
  const isRefused = async (path: string, title: string) =>
    t.match(await hub.get(path), { status: 500, json: { messages: [{ code: 'Damaged' }] } }, title)
  t.match(await hub.get(whole), { status: 500, json: { messages: [{ code: 'Damaged', text }] } })
  await isRefused(element('group'), 'it contains one')
  await isRefused(element('group.low'), 'it is one')

  t.match((await hub.get(element('level'))).json, { idShort: 'level', value: '2' })
  t.match((await hub.get(element('group.high'))).json, { idShort: 'high', value: '2' })
  t.equal((await hub.get(element('group.high/$value'))).text, '2')
  t.equal((await hub.get(element('level/$metadata'))).status, 200)
  t.equal((await hub.get(element('nothing'))).status, 404)

  t.equal((await hub.patch(element('level/$value'), '"4"')).status, 204)
  t.equal((await hub.patch(element('group/$value'), { high: '5' })).status, 204, 'values of a container beside it')
  t.equal((await hub.patch(`${whole}/$value`, { level: '6' })).status, 204)
  const displayName = [{ language: 'en', text: 'Level' }]
  const level = { modelType: 'Property', idShort: 'level', valueType: 'xs:int', displayName }
  t.equal((await hub.patch(element('level'), level)).status, 204)
  t.match((await hub.get(element('level'))).json, { value: '6', displayName })
  const added = { modelType: 'Property', idShort: 'added', valueType: 'xs:int', value: '7' }
  t.equal((await hub.post(`${whole}/submodel-elements`, added)).status, 201)
  t.equal((await hub.remove(element('added'))).status, 204)

  await isRefused(whole, 'the damage is still known')
  await isRefused(element('speed/$value'), 'of both')
  await isRefused(element('group.low/$value'), 'of both')
  t.equal((await hub.patch(element('speed/$value'), '"8"')).status, 500, 'a value repairs no row')
  t.equal((await hub.patch(element('group'), { modelType: 'SubmodelElementCollection', idShort: 'group' })).status, 500)
  t.match((await hub.ask('GET', `${hub.url}/readyz`)).json, { damaged: 2 }, 'each is counted once')
})

t.test('a damaged element is repaired by replacing or deleting it', { skip: embedded }, async (t) => {
  const { hub, whole, element } = await startWithDamaged(t, ['speed', 'level', 'group.low'])
  const speed = { modelType: 'Property', idShort: 'speed', valueType: 'xs:int', value: '1' }
  t.equal((await hub.put(element('speed'), speed, { 'if-match': '"1"' })).status, 412, 'its ETag is not known')
  t.equal((await hub.put(element('speed'), speed)).status, 204, 'also by what its structure had')
  t.match((await hub.get(element('speed'))).json, speed)
  t.match(await hub.get(whole), { status: 500, json: { messages: [{ text: /"(level|group\.low)"/ }] } })
  t.equal((await hub.remove(element('group'))).status, 204, 'with all that it contains')
  const level = { ...speed, idShort: 'level', value: '9' }
  t.equal((await hub.put(element('level'), level)).status, 204)
  t.match(await hub.get(whole), { status: 200, json: { submodelElements: [speed, level] } })
  await hub.stop()
  t.strictSame(await checkDirectory(hub.directory), [])
})

t.test(
  'a row with a damaged path is of no element that is known, so its submodel is refused',
  { skip: embedded },
  async (t) => {
    const { hub, whole, element } = await startWithDamaged(t, [])
    await hub.stop()
    const db = new DatabaseSync(join(hub.directory, 'hub.db'))
    db.exec(`UPDATE element SET path = 'leve1' WHERE path = 'level'`)
    db.close()
    const again = await start(t, { DATA_DIR: hub.directory })
    for (const path of [whole, element('level'), element('level/$value'), element('speed')])
      t.match(await again.get(path), { status: 500, json: { messages: [{ code: 'Damaged', text: /leve1/ }] } }, path)
    t.equal((await again.get(element('speed/$value'))).text, '2')
    const added = { modelType: 'Property', idShort: 'added', valueType: 'xs:int', value: '7' }
    t.equal((await again.post(`${whole}/submodel-elements`, added)).status, 500)
  }
)
