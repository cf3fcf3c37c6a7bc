/** LENIENT: what breaks rules is stored nevertheless, and from then on is a document like any other. */
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { validateFile } from '../../src/commands/validate.ts'
import { loadTemplates } from '../../src/formats/templates/load.ts'
import { TemplateChecker } from '../../src/operations/validation/template-checker.ts'
import { testDirectory } from '../test-directory.ts'
import { encode, type Reply, type Running, start } from './harness.ts'

const AASX = 'application/asset-administration-shell-package+xml'

const property = (idShort: string) => ({ modelType: 'Property', idShort, valueType: 'xs:string', value: 'a' })
const submodel = (id: string, ...submodelElements: unknown[]) => ({ modelType: 'Submodel', id, submodelElements })
const shell = (id: string, members: object) => ({ modelType: 'AssetAdministrationShell', id, ...members })

/** Documents that break a rule of the schema, by what is wrong with them. */
const faulty = {
  'no assetInformation': shell('urn:1', {}),
  'a specific asset id without a name': shell('urn:2', {
    assetInformation: { assetKind: 'Instance', specificAssetIds: [{ value: 'x' }] }
  }),
  'a reference without keys': shell('urn:3', {
    assetInformation: { globalAssetId: 'urn:asset' },
    submodels: [{ type: 'ModelReference' }, { keys: [{ type: 'Submodel' }] }]
  }),
  'no dataSpecification': {
    modelType: 'ConceptDescription',
    id: 'urn:4',
    isCaseOf: [{}],
    embeddedDataSpecifications: [
      { dataSpecificationContent: { modelType: 'DataSpecificationIec61360', preferredName: [{ text: 'x' }] } },
      {}
    ]
  },
  'an operation variable without a value': submodel('urn:5', {
    modelType: 'Operation',
    idShort: 'Op',
    inputVariables: [{}],
    outputVariables: [{}]
  }),
  'a control character': { modelType: 'Submodel', id: 'urn:6', description: [{ language: 'en', text: 'a\u0001b' }] },
  'members that the standard does not know': { ...submodel('urn:7', { ...property('Xx'), foo: { bar: 1 } }), foo: [] },
  'empty lists': { ...submodel('urn:8'), qualifiers: [] },
  'semantics without keys': submodel('urn:9', {
    ...property('Xx'),
    semanticId: {},
    supplementalSemanticIds: [{ type: 'ModelReference' }],
    qualifiers: [{}],
    extensions: [{ refersTo: [{}] }]
  }),
  'values without their types': submodel(
    'urn:10',
    { modelType: 'Property', idShort: 'Pp', value: '1' },
    { modelType: 'Range', idShort: 'Rr', min: '1' },
    { modelType: 'SubmodelElementList', idShort: 'Ll', value: [property('Xx')] },
    { modelType: 'MultiLanguageProperty', idShort: 'Mm', value: [{ text: 'x' }] },
    { modelType: 'BasicEventElement', idShort: 'Be' },
    { modelType: 'Entity', idShort: 'En', specificAssetIds: [{}] }
  )
} as const

const groups = {
  AssetAdministrationShell: ['assetAdministrationShells', 'shells'],
  Submodel: ['submodels', 'submodels'],
  ConceptDescription: ['conceptDescriptions', 'concept-descriptions']
} as const

interface Faulty {
  readonly modelType: keyof typeof groups
  readonly id: string
}

const all = Object.entries(faulty) as [string, Faulty][]

function environment(documents: readonly Faulty[]): object {
  return Object.groupBy(documents, ({ modelType }) => groups[modelType][0])
}

function upload(hub: Running, body: unknown): Promise<Reply> {
  return hub.ask('POST', `${hub.url}/upload`, JSON.stringify(body), { 'content-type': 'application/json' })
}

t.test('each document is stored, read back unchanged, and can be deleted', async (t) => {
  const hub = await start(t, { LENIENT: 'true' })
  for (const [what, document] of all) {
    const taken = await upload(hub, environment([document]))
    t.match(taken, { status: 201, json: { created: [{ id: document.id }], refused: [] } }, what)
    t.ok(taken.json.violations.length > 0, what)
    const one = `/${groups[document.modelType][1]}/${encode(document.id)}`
    t.same((await hub.get(one)).json, document, what)
    t.equal((await hub.remove(one)).status, 204, what)
    t.equal((await hub.get(one)).status, 404, what)
  }
})

t.test('all documents together can be listed, searched, described and exported', async (t) => {
  const hub = await start(t, { LENIENT: 'true' })
  t.equal((await upload(hub, environment(all.map(([, document]) => document)))).status, 201)
  for (const path of [
    '/shells',
    '/submodels',
    '/submodels/$value',
    '/submodels/$metadata',
    '/submodels/$path',
    '/submodels/$reference',
    '/concept-descriptions',
    '/shell-descriptors',
    '/submodel-descriptors',
    '/lookup/shells',
    '/validation'
  ]) {
    t.equal((await hub.get(path)).status, 200, path)
  }
  for (const form of ['application/json', 'application/xml', AASX]) {
    const { status, bytes } = await exported(hub, form)
    t.equal(status, 200, form)
    const other = await start(t, { LENIENT: 'true' })
    const taken = await other.ask('POST', `${other.url}/upload`, bytes, { 'content-type': form })
    t.equal(taken.status, 201, `${form}: ${taken.text}`)
    t.equal(taken.json.created.length, all.length, form)
  }
})

t.test('every element has a path, whatever its idShort', async (t) => {
  const hub = await start(t, { LENIENT: 'true' })
  const names = ['1', 'X', 'a b', 'Document{00}', '설비', 'a/b?c#d%65', '__proto__', 'x'.repeat(200)]
  const namesakes = ['Twin', 'Twin', '', 'a.b', 'a[0]', '$value', 'tab\t', undefined]
  const all = [...names, ...namesakes].map((idShort) => ({ ...property('Aa'), idShort, value: `of ${idShort}` }))
  const group = { modelType: 'SubmodelElementCollection', idShort: 'Group', value: all }
  const document = JSON.parse(JSON.stringify(submodel('urn:s', ...all, group)))
  t.equal((await upload(hub, document)).status, 201)
  const one = `/submodels/${encode('urn:s')}`
  const at = (path: string) => `${one}/submodel-elements/${encodeURIComponent(path)}`

  const { json: paths } = await hub.get(`${one}/$path`)
  t.equal(paths.length, 2 * all.length + 1)
  t.equal(new Set(paths).size, paths.length, 'no two elements have the same')
  for (const path of paths as string[]) {
    const element = await hub.get(at(path))
    t.equal(element.status, 200, path)
    if (path === 'Group') continue
    t.equal((await hub.get(`${at(path)}/$value`)).json, element.json.value, path)
    const changed = `changed ${path}`
    t.equal((await hub.patch(`${at(path)}/$value`, JSON.stringify(changed))).status, 204, path)
    t.equal((await hub.get(at(path))).json.value, changed, path)
    t.equal((await hub.get(`${at(path)}/$reference`)).status, 200, path)
  }
  const { json: whole } = await hub.get(one)
  t.same(
    whole.submodelElements.map(({ value }: { value: unknown }) => value).slice(0, -1),
    paths.slice(0, all.length).map((path: string) => `changed ${path}`)
  )
  t.same(
    whole.submodelElements.at(-1).value.map(({ value }: { value: unknown }) => value),
    paths.slice(all.length + 1).map((path: string) => `changed ${path}`)
  )
  const { json: values } = await hub.get(`${one}/$value`)
  t.equal(values.Twin, 'changed Twin')
  t.equal(values.Group['a b'], 'changed Group.a b')
  t.equal((await hub.patch(`${one}/$value`, JSON.stringify({ Twin: 'again', Group: { 1: 'new' } }))).status, 204)
  t.equal((await hub.get(at('Twin'))).json.value, 'again')
  t.equal((await hub.get(at('Group.1'))).json.value, 'new')

  for (const path of ['nothing', 'a b c', '[99]', 'Group[99]', '[1]'])
    t.equal((await hub.get(at(path))).status, 404, path)
  // From the end on, as indexes move up.
  for (const path of (paths as string[]).toReversed()) t.equal((await hub.remove(at(path))).status, 204, path)
  t.same((await hub.get(one)).json, { modelType: 'Submodel', id: 'urn:s' })
})

t.test('of two elements with one idShort the second takes the place of the first when that is deleted', async (t) => {
  const hub = await start(t, { LENIENT: 'true' })
  const twins = ['one', 'two', 'three'].map((value) => ({ ...property('Twin'), value }))
  await upload(hub, submodel('urn:s', ...twins))
  const at = `/submodels/${encode('urn:s')}/submodel-elements`
  t.same((await hub.get(`/submodels/${encode('urn:s')}/$path`)).json, ['Twin', '[1]', '[2]'])
  t.equal((await hub.patch(`${at}/%5B1%5D/$value`, '"second"')).status, 204)
  t.equal((await hub.remove(`${at}/Twin`)).status, 204)
  t.equal((await hub.get(`${at}/Twin/$value`)).json, 'second')
  t.equal((await hub.get(`${at}/%5B1%5D/$value`)).json, 'three')
  t.equal((await hub.put(`${at}/%5B1%5D`, property('Alone'))).status, 204)
  t.same((await hub.get(`/submodels/${encode('urn:s')}/$path`)).json, ['Twin', 'Alone'])
  t.equal((await hub.get(`${at}/Alone/$value`)).json, 'a')
})

t.test('a document without an id or structure is refused with the reason, and the others are stored', async (t) => {
  const hub = await start(t, { LENIENT: 'true' })
  const taken = await upload(hub, {
    submodels: [
      null,
      { modelType: 'Submodel', id: '' },
      submodel('urn:shape', { ...property('Xx'), value: 5 }),
      submodel('urn:good', property('1'))
    ],
    conceptDescriptions: [
      { modelType: 'ConceptDescription', id: 'urn:twice', idShort: 'First' },
      { modelType: 'ConceptDescription', id: 'urn:twice', idShort: 'Second' },
      { modelType: 'ConceptDescription' }
    ]
  })
  t.equal(taken.status, 201)
  t.match(taken.json.created, [{ id: 'urn:good' }, { id: 'urn:twice' }])
  t.same(
    taken.json.refused.map(({ origin }: { origin: string }) => origin.replace(/^.* /, '')),
    ['/submodels/0', '/submodels/1', '/submodels/2', '/conceptDescriptions/1', '/conceptDescriptions/2']
  )
  for (const { origin } of taken.json.refused) {
    t.ok(
      taken.json.violations.some(({ pointer }: { pointer: string }) => pointer.startsWith(origin)),
      origin
    )
  }
  t.match((await hub.get(`/concept-descriptions/${encode('urn:twice')}`)).json, { idShort: 'First' })

  const nothing = await upload(hub, { submodels: [null, { modelType: 'Submodel' }] })
  t.equal(nothing.status, 400, 'where nothing is left to be stored')
  t.match(nothing.text, /submodels\/0.*found null/)
})

t.test('an empty list of an environment is reported, also when strict, and refuses no document', async (t) => {
  const hub = await start(t)
  const good = { modelType: 'Submodel', id: 'urn:good' }
  const json = { assetAdministrationShells: [], submodels: [good], conceptDescriptions: [] }
  const xml = `<environment xmlns="https://admin-shell.io/aas/3/1"><assetAdministrationShells/><submodels><submodel><id>urn:good</id></submodel></submodels><conceptDescriptions></conceptDescriptions></environment>`
  for (const [form, body] of [
    ['application/json', JSON.stringify(json)],
    ['application/xml', xml]
  ] as const) {
    const taken = await hub.ask('POST', `${hub.url}/upload?existing=replace`, body, { 'content-type': form })
    t.ok(taken.status < 300, `${form}: ${taken.text}`)
    t.same(taken.json.violations, [])
    t.match(taken.json.warnings, [
      { pointer: / \/assetAdministrationShells$/, rule: 'minItems' },
      { pointer: / \/conceptDescriptions$/, rule: 'minItems' }
    ])
  }
  const place = testDirectory(t, {
    'empty.json': JSON.stringify(json),
    'shell.json': '{"modelType":"AssetAdministrationShell","id":"urn:a","submodels":[]}'
  })
  const checker = new TemplateChecker(loadTemplates(''), 'warn')
  const [broken] = await Array.fromAsync(validateFile(join(place, 'empty.json'), { checker }))
  t.match(broken?.metamodel, [{ rule: 'minItems' }, { rule: 'minItems' }])
  const [own] = await Array.fromAsync(validateFile(join(place, 'shell.json'), { checker }))
  t.match(own?.metamodel, [{ rule: 'required' }, { pointer: '/submodels', rule: 'minItems' }])
})

t.test('a strict hub refuses everything, with the places', async (t) => {
  const hub = await start(t)
  for (const [what, document] of all) await refusedWith400(t, hub, what, environment([document]))
  for (const one of [{ submodels: [null] }, { submodels: [3, []] }, { conceptDescriptions: [{}] }])
    await refusedWith400(t, hub, JSON.stringify(one), one)
  t.same((await hub.get('/submodels')).json.result, [])
})

t.test('a refused preload file stops neither the hub nor the other files', async (t) => {
  for (const lenient of ['true', 'false']) {
    const place = testDirectory(t, {
      'a.json': JSON.stringify({ submodels: [null] }),
      'b.json': '{"submodels":',
      'c.json': JSON.stringify({ submodels: [{ modelType: 'Submodel', id: 'urn:good' }] })
    })
    const hub = await start(t, { LENIENT: lenient, PRELOAD: place })
    t.equal((await hub.get(`/submodels/${encode('urn:good')}`)).status, 200)
    await hub.stop()
  }
})

t.test('missing parts are added one by one, whatever else is wrong with a document', async (t) => {
  const hub = await start(t, { LENIENT: 'true' })
  const untyped = { modelType: 'Property', idShort: 'Untyped', value: '1' }
  await upload(hub, { submodels: [submodel('urn:s', untyped, property('Aa'), property('Aa'))] })
  const elements = `/submodels/${encode('urn:s')}/submodel-elements`
  // The duplicate comes to light only now, but it was there before.
  t.equal((await hub.remove(`${elements}/Untyped`)).status, 204)
  t.equal((await hub.remove(`${elements}/Aa`)).status, 204)
  t.same((await hub.get(`${elements}/Aa`)).json, property('Aa'))

  await upload(hub, { assetAdministrationShells: [faulty['no assetInformation']] })
  const bare = `/shells/${encode('urn:1')}`
  t.equal((await hub.get(`${bare}/asset-information`)).status, 404)
  t.equal((await hub.get(`${bare}/asset-information/thumbnail`)).status, 404)
  t.equal((await hub.put(`${bare}/submodels/${encode('urn:new')}`, submodel('urn:new', property('Aa')))).status, 201)
  t.equal((await hub.remove(`${bare}/submodels/${encode('urn:new')}`)).status, 204)
  const asset = { assetKind: 'Instance', globalAssetId: 'urn:asset' }
  t.equal((await hub.put(`${bare}/asset-information`, asset)).status, 204)
  t.same((await hub.get(bare)).json, shell('urn:1', { assetInformation: asset }))
})

async function refusedWith400(t: Test, hub: Running, what: string, body: unknown): Promise<void> {
  const refused = await upload(hub, body)
  t.equal(refused.status, 400, `${what}: ${refused.text}`)
  t.match(refused.json.messages[0].text, /\/\w+\/0/, what)
}

async function exported(hub: Running, form: string): Promise<{ status: number; bytes: Uint8Array }> {
  const response = await fetch(`${hub.api}/serialization`, { headers: { accept: form } })
  return { status: response.status, bytes: new Uint8Array(await response.arrayBuffer()) }
}

t.test('a Property without valueType accepts text samples, and refuses others with the reason', async (t) => {
  const hub = await start(t, { LENIENT: 'true' })
  const untyped = { modelType: 'Property', idShort: 'Odd' }
  const body = JSON.stringify({ submodels: [submodel('urn:odd', untyped)] })
  const taken = await hub.ask('POST', `${hub.url}/upload`, body, { 'content-type': 'application/json' })
  t.equal(taken.status, 201)
  const push = (value: unknown) => hub.post('/ingest', { submodel: 'urn:odd', samples: [{ path: 'Odd', value }] })
  t.equal((await push('running')).status, 200)
  for (const value of [1, true, [1, 2]]) {
    const { status, json } = await push(value)
    t.equal(status, 400, String(value))
    t.match(json.messages[0].text, /xs:string/)
  }
  t.equal((await hub.get(`/submodels/${encode('urn:odd')}/submodel-elements/Odd`)).json.value, 'running')
})
