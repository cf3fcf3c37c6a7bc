import t from 'tap'
import { encode, type Running, start } from './harness.ts'

const AASX = 'application/asset-administration-shell-package'
const TYPES = { json: 'application/json', xml: 'application/xml' }

/** A reference that names a concept description of this id. */
const to = (id: string, type = 'GlobalReference') => ({
  type: type === 'GlobalReference' ? 'ExternalReference' : 'ModelReference',
  keys: [{ type, value: id }]
})

const property = (idShort: string, more: object = {}) => ({
  ...{ modelType: 'Property', idShort, valueType: 'xs:string', ...more }
})

const submodel = {
  modelType: 'Submodel',
  id: 'sm',
  semanticId: to('semanticId'),
  supplementalSemanticIds: [to('first'), to('supplementalSemanticIds', 'ConceptDescription')],
  qualifiers: [
    { type: 'q', valueType: 'xs:string', semanticId: to('qualifier.semanticId'), valueId: to('qualifier.valueId') }
  ],
  extensions: [{ name: 'e', semanticId: to('extension.semanticId'), refersTo: [to('refersTo', 'ConceptDescription')] }],
  embeddedDataSpecifications: [
    {
      dataSpecification: to('https://admin-shell.io/DataSpecificationTemplates/DataSpecificationIec61360/3'),
      dataSpecificationContent: {
        modelType: 'DataSpecificationIec61360',
        preferredName: [{ language: 'en', text: 'x' }],
        definition: [{ language: 'en', text: 'x' }],
        unitId: to('own unitId')
      }
    }
  ],
  submodelElements: [
    property('pp', { semanticId: to('element.semanticId', 'Submodel'), valueId: to('valueId') }),
    { modelType: 'MultiLanguageProperty', idShort: 'mm', valueId: to('mlp.valueId') },
    {
      modelType: 'SubmodelElementList',
      idShort: 'list',
      typeValueListElement: 'Property',
      valueTypeListElement: 'xs:string',
      semanticIdListElement: to('semanticIdListElement')
    },
    {
      modelType: 'Operation',
      idShort: 'op',
      inputVariables: [{ value: property('in', { semanticId: to('variable.semanticId') }) }]
    },
    { modelType: 'ReferenceElement', idShort: 'ref', value: to('ReferenceElement', 'ConceptDescription') },
    { modelType: 'RelationshipElement', idShort: 'rel', first: to('rel.first'), second: to('rel.second') },
    {
      modelType: 'BasicEventElement',
      idShort: 'ev',
      observed: {
        type: 'ModelReference',
        keys: [{ type: 'Submodel', value: 'sm' }],
        referredSemanticId: to('referred')
      },
      direction: 'input',
      state: 'on'
    },
    {
      modelType: 'Entity',
      idShort: 'en',
      entityType: 'SelfManagedEntity',
      specificAssetIds: [{ name: 'serial', value: '1', semanticId: to('specificAssetId.semanticId') }]
    }
  ]
}
const DIRECT = [
  ...['semanticId', 'first', 'supplementalSemanticIds', 'qualifier.semanticId', 'qualifier.valueId'],
  ...['extension.semanticId', 'refersTo', 'own unitId', 'element.semanticId', 'valueId', 'mlp.valueId'],
  ...['semanticIdListElement', 'variable.semanticId', 'ReferenceElement', 'rel.first', 'rel.second', 'referred'],
  'specificAssetId.semanticId'
]
/** Reached through the concept description of `semanticId`, the last one through another. */
const INDIRECT = ['valueList.valueId', 'unitId', 'isCaseOf', 'isCaseOf of isCaseOf']

async function load(hub: Running, environment: object, query = '') {
  return hub.ask('POST', `${hub.url}/upload${query}`, JSON.stringify(environment), {
    'content-type': 'application/json'
  })
}

t.test('concept descriptions are included wherever a reference names them, also from one to another', async (t) => {
  const hub = await start(t)
  const concept = (id: string, more: object = {}) => ({ modelType: 'ConceptDescription', id, ...more })
  const conceptDescriptions = [...DIRECT, ...INDIRECT, 'unused'].map((id) => concept(id))
  Object.assign(conceptDescriptions[0] as object, {
    isCaseOf: [to('isCaseOf')],
    embeddedDataSpecifications: [
      {
        dataSpecification: to('https://admin-shell.io/DataSpecificationTemplates/DataSpecificationIec61360/3'),
        dataSpecificationContent: {
          modelType: 'DataSpecificationIec61360',
          preferredName: [{ language: 'en', text: 'x' }],
          definition: [{ language: 'en', text: 'x' }],
          unitId: to('unitId'),
          valueList: { valueReferencePairs: [{ value: 'a', valueId: to('valueList.valueId') }] }
        }
      }
    ]
  })
  Object.assign(conceptDescriptions.find(({ id }) => id === 'isCaseOf') as object, {
    isCaseOf: [to('isCaseOf of isCaseOf'), to('isCaseOf')]
  })
  const shell = {
    modelType: 'AssetAdministrationShell',
    id: 'shell',
    assetInformation: {
      assetKind: 'Instance',
      specificAssetIds: [{ name: 'serial', value: '1', semanticId: to('specificAssetId.semanticId') }]
    }
  }
  const taken = await load(hub, { assetAdministrationShells: [shell], submodels: [submodel], conceptDescriptions })
  t.equal(taken.status, 201, taken.text)
  const ids = async (query: string) => {
    const { json } = await hub.get(`/serialization?${query}`)
    return (json.conceptDescriptions ?? []).map(({ id }: { id: string }) => id).sort()
  }
  t.same(await ids(`submodelIds=${encode('sm')}`), [...DIRECT, ...INDIRECT].sort())
  t.same(await ids(`aasIds=${encode('shell')}`), ['specificAssetId.semanticId'])
  t.same(await ids(`submodelIds=${encode('sm')}&includeConceptDescriptions=false`), [])
})

t.test('packages are available under every media type of the standard', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', { modelType: 'Submodel', id: 'sm' })
  for (const type of [AASX, `${AASX}+xml`, 'application/aasx+xml', 'application/aas+zip']) {
    const got = await hub.get('/serialization', { accept: type })
    t.match([got.status, got.headers.get('content-type')], [200, type])
    const bytes = Buffer.from(
      await (await fetch(`${hub.api}/serialization`, { headers: { accept: type } })).arrayBuffer()
    )
    t.equal((await hub.ask('POST', `${hub.url}/upload?existing=keep`, bytes, { 'content-type': type })).status, 200)
  }
})

t.test('members of release 3.2 are read and stored, but not written in the namespace of 3.1', async (t) => {
  const hub = await start(t)
  const created = '2026-11-29T09:00:00+09:00'
  const xml = `<environment xmlns="https://admin-shell.io/aas/3/2"><assetAdministrationShells><assetAdministrationShell>
    <administration><version>1</version><createdAt>${created}</createdAt><updatedAt>2026-11-29T01:00:00Z</updatedAt></administration>
    <id>shell</id><assetInformation><assetKind>Batch</assetKind><globalAssetId>a</globalAssetId></assetInformation>
    </assetAdministrationShell></assetAdministrationShells></environment>`
  t.equal((await hub.ask('POST', `${hub.url}/upload`, xml, { 'content-type': TYPES.xml })).status, 201)
  const shell = (await hub.get(`/shells/${encode('shell')}`)).json
  t.match(shell, { administration: { createdAt: created }, assetInformation: { assetKind: 'Batch' } })
  const written = (await hub.get('/serialization', { accept: TYPES.xml })).text
  t.match(written, /xmlns="https:\/\/admin-shell\.io\/aas\/3\/1"/)
  t.notMatch(written, '<createdAt>')
  t.match(written, `<!-- not in AAS 3.1 XML: {"createdAt":"${created}","updatedAt":"2026-11-29T01:00:00Z"} -->`)
  t.equal((await hub.post('/shells', { ...shell, id: 'b', administration: { createdAt: 'yesterday' } })).status, 400)
})

t.test('members stored leniently are written in XML', async (t) => {
  const hub = await start(t, { LENIENT: 'true' })
  const odd = { modelType: 'Submodel', id: 'sm', vendor: { 'a--b': '--><x>\u0001' } }
  t.equal((await load(hub, odd)).status, 201)
  const { text } = await hub.get('/serialization', { accept: TYPES.xml })
  const [, comment = ''] = /<!-- not in AAS 3\.1 XML: (.*?) -->/.exec(text) ?? []
  t.same(JSON.parse(comment), { vendor: odd.vendor })
  t.notMatch(comment, '--')
  t.same((await hub.get('/serialization')).json.submodels, [odd], 'JSON has them as they are')
  t.equal(
    (await hub.ask('POST', `${hub.url}/upload?existing=replace`, text, { 'content-type': TYPES.xml })).status,
    200
  )
})

t.test('equal documents count once, whatever the order and form of their members', async (t) => {
  const hub = await start(t)
  const twin =
    '{"id":"sm","submodelElements":[{"value":"1","valueType":"xs:int","idShort":"pp","modelType":"Property"}],'
  const one = `{"modelType":"Submodel","id":"sm","submodelElements":[{"modelType":"Property","idShort":"pp","valueType":"xs:int","value":"1"}]}`
  const upload = (text: string, type = TYPES.json) =>
    hub.ask('POST', `${hub.url}/upload?existing=replace`, text, { 'content-type': type })
  t.equal((await upload(`{"submodels":[${one},${twin}"modelType":"Submodel"}]}`)).status, 201)
  t.equal((await upload(`{"submodels":[${one},${twin}"modelType":"Submodel","idShort":"other"}]}`)).status, 400)
  const element = (white: string) =>
    `<submodel>${white}<id>sm</id>${white}<kind>Instance</kind></submodel><submodel><kind>Instance</kind><id>sm</id></submodel>`
  const xml = `<environment xmlns="https://admin-shell.io/aas/3/1"><submodels>${element('\n ')}</submodels></environment>`
  t.equal((await upload(xml, TYPES.xml)).status, 200)
})

t.test('base64 may be broken into lines in XML, where the schema collapses it, and not in JSON', async (t) => {
  const hub = await start(t)
  const lines = 'SGVs\n   bG8g\r\n\tV29y bGQ=\n'
  const xml = `<environment xmlns="https://admin-shell.io/aas/3/1"><submodels><submodel><id>sm</id><submodelElements>
    <blob><idShort>bb</idShort><value>${lines}</value><contentType>text/plain</contentType></blob>
    </submodelElements></submodel></submodels></environment>`
  t.equal((await hub.ask('POST', `${hub.url}/upload`, xml, { 'content-type': TYPES.xml })).status, 201)
  t.equal((await hub.get(`/submodels/${encode('sm')}/submodel-elements/bb/attachment`)).text, 'Hello World')
  const blob = { modelType: 'Blob', idShort: 'bb', contentType: 'text/plain', value: lines }
  t.equal((await hub.post('/submodels', { modelType: 'Submodel', id: 'json', submodelElements: [blob] })).status, 400)
})

t.test('documents of releases before 3.0 are refused with the name of a converter', async (t) => {
  const hub = await start(t)
  const given: [text: string, type: string, release: RegExp][] = [
    ['<aas:aasenv xmlns:aas="http://www.admin-shell.io/aas/1/0"/>', TYPES.xml, /follows V1\.0 /],
    ['<aas:aasenv xmlns:aas="http://www.admin-shell.io/aas/2/0"/>', TYPES.xml, /follows V2\.0 /],
    ['<environment xmlns="http://www.admin-shell.io/aas/3/0"/>', TYPES.xml, /release candidate of V3\.0/],
    ['<environment xmlns="https://admin-shell.io/aas/3/0/RC02"/>', TYPES.xml, /release candidate 2 of V3\.0/],
    [
      JSON.stringify({
        assetAdministrationShells: [{ identification: { id: 'a', idType: 'IRI' }, modelType: { name: 'Submodel' } }],
        assets: []
      }),
      TYPES.json,
      /follows V1 or V2 /
    ],
    [JSON.stringify({ submodels: [{ id: 'a', modelType: { name: 'Submodel' } }] }), TYPES.json, /release candidate/]
  ]
  for (const [text, type, release] of given) {
    const refused = await hub.ask('POST', `${hub.url}/upload`, text, { 'content-type': type })
    t.equal(refused.status, 400)
    t.match(refused.json.messages[0].text, release)
    t.match(refused.json.messages[0].text, /AASX Package Explorer/)
    t.equal(refused.json.messages.length, 1)
  }
})

t.test('a package of the file server has the media type and the name of the standard', async (t) => {
  const hub = await start(t)
  for (const [fileName, header] of [
    ['plant.aasx', 'plant.aasx'],
    ['공장 1.aasx', '%EA%B3%B5%EC%9E%A5%201.aasx']
  ] as const) {
    const form = new FormData()
    form.append('fileName', fileName)
    form.append('file', new Blob(['any bytes']), fileName)
    const { location } = Object.fromEntries((await hub.post('/packages', form)).headers)
    const got = await hub.get(location as string)
    t.match([got.status, got.text], [200, 'any bytes'])
    t.equal(got.headers.get('content-type'), AASX)
    t.equal(got.headers.get('x-filename'), header)
    t.match(got.headers.get('content-disposition'), /attachment; filename=/)
  }
})
