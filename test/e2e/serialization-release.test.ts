import t from 'tap'
import { encode, start } from './harness.ts'

const PACKAGE = 'application/asset-administration-shell-package'
const XML_3_0 = /<environment xmlns="https:\/\/admin-shell\.io\/aas\/3\/0">/

const submodel = {
  modelType: 'Submodel',
  id: 'urn:sm',
  submodelElements: [{ modelType: 'File', idShort: 'Manual', value: 'file:///manual.pdf' }]
}

t.test('an environment is written in release 3.0 by the query or the media type', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', submodel)
  for (const [query, accept] of [
    ['?version=3.0', 'application/xml'],
    ['', 'application/xml;version=3.0'],
    ['', 'application/json;q=0.1, application/xml; version="3.0"']
  ]) {
    const response = await fetch(`${hub.api}/serialization${query}`, { headers: { accept: accept ?? '' } })
    t.equal(response.status, 200)
    t.equal(response.headers.get('content-type'), 'application/xml; version=3.0')
    t.equal(response.headers.get('aas-adaptations'), '1')
    const text = await response.text()
    t.match(text, XML_3_0)
    t.match(text, '<contentType>application/pdf</contentType>')
  }
  const plain = await fetch(`${hub.api}/serialization`, { headers: { accept: 'application/xml' } })
  t.equal(plain.headers.get('content-type'), 'application/xml')
  t.match(await plain.text(), 'https://admin-shell.io/aas/3/1')
  const json = await fetch(`${hub.api}/serialization?version=3.0`)
  t.match(await json.json(), { submodels: [{ submodelElements: [{ contentType: 'application/pdf' }] }] })
})

t.test('an environment is written in release 3.2, with its namespace and members, and read again', async (t) => {
  const hub = await start(t)
  const administration = { createdAt: '2026-05-28T10:15:30Z', updatedAt: '2026-05-29T10:15:30Z' }
  await hub.post('/submodels', { modelType: 'Submodel', id: 'urn:dated', administration })
  const batch = { assetKind: 'Batch', globalAssetId: 'urn:batch' }
  await hub.post('/shells', { modelType: 'AssetAdministrationShell', id: 'urn:batch', assetInformation: batch })
  const response = await fetch(`${hub.api}/serialization?version=3.2`, { headers: { accept: 'application/xml' } })
  t.equal(response.headers.get('content-type'), 'application/xml; version=3.2')
  const xml = await response.text()
  t.match(xml, 'https://admin-shell.io/aas/3/2')
  t.match(xml, '<createdAt>2026-05-28T10:15:30Z</createdAt><updatedAt>2026-05-29T10:15:30Z</updatedAt>')
  t.match(xml, '<assetKind>Batch</assetKind>')
  for (const path of ['/submodels', '/shells']) {
    const [{ id }] = (await hub.get(path)).json.result
    t.equal((await hub.remove(`${path}/${encode(id)}`)).status, 204)
  }
  const again = await hub.ask('POST', `${hub.url}/upload`, xml, { 'content-type': 'application/xml' })
  t.equal(again.status, 201, again.text)
  t.strictSame((await hub.get(`/submodels/${encode('urn:dated')}`)).json.administration, administration)
  t.strictSame((await hub.get(`/shells/${encode('urn:batch')}`)).json.assetInformation, batch)
})

t.test('a package holds XML or JSON, and is read again', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', submodel)
  for (const inside of ['xml', 'json']) {
    const accept = `${PACKAGE}+${inside};version=3.0`
    const response = await fetch(`${hub.api}/serialization`, { headers: { accept } })
    t.equal(response.headers.get('content-type'), `${PACKAGE}+${inside}; version=3.0`)
    const body = await response.arrayBuffer()
    t.ok(Buffer.from(body).includes(`aasx/data.${inside}`))
    const again = await fetch(`${hub.url}/upload?existing=replace`, {
      method: 'POST',
      headers: { 'content-type': PACKAGE },
      body
    })
    t.equal(again.status, 200, await again.text())
  }
})

t.test('what release 3.0 cannot express is refused with all places', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', {
    ...submodel,
    submodelElements: [
      { modelType: 'Property', idShort: 'a-b', valueType: 'xs:int' },
      { modelType: 'RelationshipElement', idShort: 'rel' }
    ]
  })
  await hub.post('/shells', {
    modelType: 'AssetAdministrationShell',
    id: 'urn:aas',
    assetInformation: { assetKind: 'Role', globalAssetId: 'urn:a' }
  })
  const response = await fetch(`${hub.api}/serialization?version=3.0`)
  t.equal(response.status, 409)
  const { messages } = (await response.json()) as { messages: { code: string; text: string }[] }
  t.same(
    messages.map(({ code }) => code),
    ['enum', 'AASd-002', 'required', 'required']
  )
  t.match(messages[1]?.text, /^Submodel "urn:sm" \/submodelElements\/0\/idShort \(a-b\): /)
  // A part that has a form is written.
  const part = await fetch(`${hub.api}/serialization?version=3.0&submodelIds=${encode('urn:none')}`)
  t.equal(part.status, 404)
})

t.test('an unknown release is refused', async (t) => {
  const hub = await start(t)
  t.equal((await fetch(`${hub.api}/serialization?version=2.0`)).status, 400)
  const accept = 'application/xml;version=2.0'
  t.equal((await fetch(`${hub.api}/serialization`, { headers: { accept } })).status, 406)
})
