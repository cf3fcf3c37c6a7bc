import { existsSync, readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { testDirectory } from '../test-directory.ts'
import { encode, type Running, start } from './harness.ts'

const shell = {
  modelType: 'AssetAdministrationShell',
  id: 'shell',
  assetInformation: { assetKind: 'Instance', globalAssetId: 'asset' },
  submodels: [{ type: 'ModelReference', keys: [{ type: 'Submodel', value: 'docs' }] }]
}
const submodel = {
  modelType: 'Submodel',
  id: 'docs',
  submodelElements: [
    { modelType: 'File', idShort: 'manual', contentType: 'application/pdf' },
    { modelType: 'Property', idShort: 'title', valueType: 'xs:string', value: 'Pump' },
    { modelType: 'Blob', idShort: 'icon', contentType: 'image/png', value: Buffer.from('icon').toString('base64') }
  ]
}
const SHELL = `/shells/${encode('shell')}`
const SM = `/submodels/${encode('docs')}`
const MANUAL = `${SM}/submodel-elements/manual`
const JSON_BODY = { 'content-type': 'application/json' }
const AASX = 'application/asset-administration-shell-package+xml'

function form(text: string, fileName: string, type: string): FormData {
  const data = new FormData()
  data.append('fileName', fileName)
  data.append('file', new Blob([text], { type }), fileName)
  return data
}

async function filesOnDisk({ directory }: Running): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && !/\.db(-wal|-shm|-journal)?$/.test(entry.name))
    .map(({ name }) => name)
}

t.test('an attachment is uploaded, downloaded whole and in ranges, and deleted', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', submodel)
  t.equal((await hub.get(`${MANUAL}/attachment`)).status, 404)
  t.equal((await hub.put(`${MANUAL}/attachment`, form('0123456789', '설명서 "1".pdf', 'application/pdf'))).status, 204)

  const got = await hub.get(`${MANUAL}/attachment`)
  t.equal(got.status, 200)
  t.equal(got.text, '0123456789')
  t.equal(got.headers.get('content-type'), 'application/pdf')
  t.match(got.headers.get('content-disposition'), /filename\*=UTF-8''/)
  const part = await hub.get(`${MANUAL}/attachment`, { range: 'bytes=2-4' })
  t.match([part.status, part.text, part.headers.get('content-range')], [206, '234', 'bytes 2-4/10'])
  const ranges: readonly [range: string, status: number, text: string, contentRange: string | null][] = [
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=-99', 206, '0123456789', 'bytes 0-9/10'],
    ['bytes=9-', 206, '9', 'bytes 9-9/10'],
    ['bytes=0-99', 206, '0123456789', 'bytes 0-9/10'],
    ['bytes=0-0,2-3', 200, '0123456789', null]
  ]
  for (const [range, ...expected] of ranges) {
    const { status, text, headers } = await hub.get(`${MANUAL}/attachment`, { range })
    t.same([status, text, headers.get('content-range')], expected, range)
  }
  for (const range of ['bytes=99-', 'bytes=10-', 'bytes=-0']) {
    const { status, headers, json } = await hub.get(`${MANUAL}/attachment`, { range })
    t.same([status, headers.get('content-range')], [416, 'bytes */10'], range)
    t.match(json.messages[0].text, /10 bytes/)
  }
  const late = await hub.get(`${MANUAL}/attachment`, { range: 'bytes=2-4', 'if-range': '"5"' })
  t.same([late.status, late.text], [200, '0123456789'], 'a range of what was changed is all of it')
  t.equal((await hub.ask('HEAD', `${MANUAL}/attachment`, undefined, { range: 'bytes=99-' })).status, 200)
  t.match((await hub.get(`${MANUAL}/$value`)).json, { contentType: 'application/pdf', value: /^\/aasx\/files\// })

  t.equal((await hub.remove(`${MANUAL}/attachment`)).status, 200)
  t.equal((await hub.get(`${MANUAL}/attachment`)).status, 404)
  t.equal((await hub.get(MANUAL)).json.value, undefined, 'the element stays, without a value')
  t.equal((await hub.remove(`${MANUAL}/attachment`)).status, 404)
})

t.test('only a File can have an attachment', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', submodel)
  const title = `${SM}/submodel-elements/title/attachment`
  t.equal((await hub.put(title, form('x', 'x.txt', 'text/plain'))).status, 405)
  t.equal((await hub.get(title)).status, 405)
  t.equal((await hub.put(`${SM}/submodel-elements/none/attachment`, form('x', 'x.txt', 'text/plain'))).status, 404)
  t.equal((await hub.get(`${SM}/submodel-elements/icon/attachment`)).text, 'icon', 'a Blob can be downloaded')
  t.equal((await hub.put(`${MANUAL}/attachment`, 'no form', { 'content-type': 'text/plain' })).status, 415)
})

t.test('a thumbnail is uploaded, downloaded and deleted', async (t) => {
  const hub = await start(t)
  await hub.post('/shells', shell)
  const thumbnail = `${SHELL}/asset-information/thumbnail`
  t.equal((await hub.get(thumbnail)).status, 404)
  t.equal((await hub.put(thumbnail, form('png', 'pump.png', 'image/png'))).status, 204)
  t.equal((await hub.get(thumbnail)).text, 'png')
  t.match((await hub.get(`${SHELL}/asset-information`)).json.defaultThumbnail, { contentType: 'image/png' })
  t.equal((await hub.remove(thumbnail)).status, 204)
  t.equal((await hub.get(thumbnail)).status, 404)
})

t.test('a file that is too large is refused and leaves nothing on disk', async (t) => {
  const hub = await start(t, { UPLOAD_LIMIT: '1KiB' })
  await hub.post('/submodels', submodel)
  const before = await filesOnDisk(hub)
  t.equal((await hub.put(`${MANUAL}/attachment`, form('x'.repeat(5000), 'x.pdf', 'application/pdf'))).status, 413)
  t.equal(
    (await hub.ask('POST', `${hub.url}/upload`, 'x'.repeat(5000), { 'content-type': 'application/json' })).status,
    413
  )
  t.same(await filesOnDisk(hub), before)
})

t.test('a plant is exported and imported as a package with all its files', async (t) => {
  const hub = await start(t)
  await hub.post('/shells', shell)
  await hub.post('/submodels', submodel)
  await hub.put(`${MANUAL}/attachment`, form('the manual', 'manual.pdf', 'application/pdf'))
  await hub.put(`${SHELL}/asset-information/thumbnail`, form('png', 'pump.png', 'image/png'))
  const ids = `aasIds=${encode('shell')}&submodelIds=${encode('docs')}`
  const response = await fetch(`${hub.api}/serialization?${ids}`, { headers: { accept: AASX } })
  t.equal(response.headers.get('content-type'), AASX)

  const other = await start(t)
  const bytes = new Uint8Array(await response.arrayBuffer())
  const taken = await other.ask('POST', `${other.url}/upload`, bytes, { 'content-type': AASX })
  t.match(taken, { status: 201, json: { created: [{ id: 'shell' }, { id: 'docs' }], files: 2, violations: [] } })
  t.equal((await other.get(`${MANUAL}/attachment`)).text, 'the manual')
  t.equal((await other.get(`${SHELL}/asset-information/thumbnail`)).text, 'png')
  t.same((await other.get(SM)).json, (await hub.get(SM)).json)

  const again = await other.ask('POST', `${other.url}/upload`, bytes, { 'content-type': AASX })
  t.match(
    again,
    { status: 409, json: { messages: [{ text: /shell/ }, { text: /docs/ }] } },
    'the stored file is not overwritten'
  )
  t.equal(
    (await other.ask('POST', `${other.url}/upload?existing=replace`, bytes, { 'content-type': AASX })).status,
    200
  )
  t.match(
    (await other.ask('POST', `${other.url}/upload?existing=keep`, bytes, { 'content-type': AASX })).json.kept.length,
    2
  )
})

t.test('a serialization names missing documents and has the requested format', async (t) => {
  const hub = await start(t)
  await hub.post('/shells', shell)
  await hub.post('/submodels', submodel)
  t.equal((await hub.get(`/serialization?aasIds=${encode('none')}`)).status, 404)
  t.match((await hub.get('/serialization')).json, { assetAdministrationShells: [shell], submodels: [{ id: 'docs' }] })
  t.same(Object.keys((await hub.get(`/serialization?submodelIds=${encode('docs')}`)).json), ['submodels'])
  t.match((await hub.get('/serialization', { accept: 'application/xml' })).text, /<environment xmlns=/)
  t.equal((await hub.get('/serialization', { accept: 'image/png' })).status, 406)
  t.equal(
    (await hub.get('/serialization', { accept: '*/*' })).headers.get('content-type')?.split(';')[0],
    'application/json'
  )
})

t.test('an upload with a violation is refused as a whole, with all reasons', async (t) => {
  const hub = await start(t)
  const environment = {
    submodels: [
      submodel,
      {
        modelType: 'Submodel',
        id: 'bad',
        submodelElements: [{ modelType: 'Property', idShort: '1x', valueType: 'xs:int' }, {}]
      }
    ]
  }
  const upload = (body: unknown) =>
    hub.ask('POST', `${hub.url}/upload`, JSON.stringify(body), { 'content-type': 'application/json' })
  const refused = await upload(environment)
  t.equal(refused.status, 400)
  const text = refused.json.messages.map(({ text }: { text: string }) => text).join('\n')
  t.match(text, /submodels\/1\/submodelElements\/0\/idShort/)
  t.match(text, /submodels\/1\/submodelElements\/1: modelType/)
  t.equal((await hub.get(SM)).status, 404, 'nothing of it is stored')
  t.equal((await upload('nonsense')).status, 400)
  t.equal(
    (await hub.ask('POST', `${hub.url}/upload`, 'hello', { 'content-type': 'application/octet-stream' })).status,
    400
  )
  t.same(await filesOnDisk(hub), [])
})

t.test('with LENIENT an invalid document is stored with its violations, and no new ones may be added', async (t) => {
  const hub = await start(t, { LENIENT: 'true' })
  const faulty = {
    modelType: 'Submodel',
    id: 'bad',
    submodelElements: [{ modelType: 'Property', idShort: '1x', valueType: 'xs:int', value: 'no' }]
  }
  const taken = await hub.ask('POST', `${hub.url}/upload`, JSON.stringify(faulty), {
    'content-type': 'application/json'
  })
  t.match(taken, {
    status: 201,
    json: { created: [{ id: 'bad' }], violations: [{ rule: 'AASd-002' }, { rule: 'ValueDataType' }] }
  })
  const one = `/submodels/${encode('bad')}/submodel-elements`
  t.equal((await hub.post(one, { modelType: 'Capability', idShort: 'can' })).status, 201)
  t.equal((await hub.post(one, { modelType: 'Property', idShort: 'pp', valueType: 'xs:int', value: 'x' })).status, 400)
})

t.test('elements stored without idShort leave no gap in the values', async (t) => {
  const hub = await start(t, { LENIENT: 'true' })
  const speed = { modelType: 'Property', idShort: 'Speed', valueType: 'xs:int', value: '1' }
  const faulty = { modelType: 'Submodel', id: 'bad', submodelElements: [speed, { ...speed, idShort: undefined }] }
  const taken = await hub.ask('POST', `${hub.url}/upload`, JSON.stringify(faulty), {
    'content-type': 'application/json'
  })
  t.match(taken, { status: 201, json: { violations: [{ rule: 'AASd-117' }] } })
  const values = await hub.get(`/submodels/${encode('bad')}/submodel-elements/$value`)
  t.same(values.json?.result, { Speed: 1 })
})

const template = new URL(
  '../../../shared/templates/technical-data/IDTA_02003_Sample_TechnicalData_forAASMetamodelV3.1.aasx',
  import.meta.url
)

t.test(
  'a published package is loaded with its files',
  { skip: existsSync(template) ? false : 'the templates are not at hand' },
  async (t) => {
    const hub = await start(t, { LENIENT: 'true' })
    const taken = await hub.ask('POST', `${hub.url}/upload`, readFileSync(template), { 'content-type': AASX })
    t.equal(taken.status, 201)
    t.ok(taken.json.files >= 10)
    const { result } = (await hub.get('/submodels/$path')).json
    t.ok(result.length > 50)
  }
)

t.test('a folder is loaded at start, and documents changed since stay as they are', async (t) => {
  const place = testDirectory(t, {
    plant: { 'a.json': '{"assetAdministrationShells":[]}', 'b.json': JSON.stringify(submodel) }
  })
  const settings = { PRELOAD: join(place, 'plant'), DATA_DIR: join(place, 'data') }
  const first = await start(t, settings)
  t.equal((await first.patch(`${SM}/submodel-elements/title/$value`, '"Changed"', JSON_BODY)).status, 204)
  await first.stop()
  const second = await start(t, settings)
  t.equal((await second.get(`${SM}/submodel-elements/title/$value`)).json, 'Changed')
  await second.stop()
})

t.test('a stored page or image never runs in the origin of the hub', async (t) => {
  const hub = await start(t)
  await hub.post('/shells', shell)
  await hub.post('/submodels', submodel)
  const script = '<script>fetch("/api/v3/shells")</script>'
  const files: readonly (readonly [text: string, name: string, type: string])[] = [
    [script, 'page.html', 'text/html'],
    [`<svg xmlns="http://www.w3.org/2000/svg">${script}</svg>`, 'image.svg', 'image/svg+xml'],
    [`<html xmlns="http://www.w3.org/1999/xhtml">${script}</html>`, 'page.xhtml', 'application/xhtml+xml'],
    ['fetch("/api/v3/shells")', 'worker.js', 'text/javascript'],
    [script, 'page', 'text/html; charset=utf-7']
  ]
  for (const [text, name, type] of files) {
    for (const path of [`${MANUAL}/attachment`, `${SHELL}/asset-information/thumbnail`]) {
      t.equal((await hub.put(path, form(text, name, type))).status, 204, `${type} ${path}`)
      for (const headers of [{}, { range: 'bytes=0-3' }]) {
        const got = await hub.get(path, headers)
        t.match(got.headers.get('content-disposition'), /^attachment; filename=/, `${type} is not shown`)
        t.equal(got.headers.get('x-content-type-options'), 'nosniff')
        t.equal(got.headers.get('content-security-policy'), "default-src 'none'; frame-ancestors 'none'; sandbox")
      }
    }
  }
})
