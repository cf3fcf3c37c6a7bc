import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t, { type Test } from 'tap'
import { validateFile } from '../../src/commands/validate.ts'
import { loadTemplates } from '../../src/formats/templates/load.ts'
import { readTemplate } from '../../src/formats/templates/template.ts'
import { writeXml } from '../../src/formats/xml-writer.ts'
import type { Submodel } from '../../src/model/types.ts'
import { TemplateChecker } from '../../src/operations/validation/template-checker.ts'
import { asSubmodel, makeInstance } from '../formats/templates/instances.ts'
import { synthetic } from '../formats/templates/synthetic.ts'
import { type ManualClock, manualClock } from '../manual-clock.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'
import { encode, type Reply, type Running, start } from './harness.ts'

const NAMEPLATE = 'https://admin-shell.io/idta/nameplate/3/0/Nameplate'
const SYNTHETIC = 'https://example.com/ids/Synthetic'

/** Everything that the synthetic template asks for. */
function valid(id: string): Submodel {
  const { submodel } = makeInstance(readTemplate(synthetic), 'minimal')
  return { ...asSubmodel(structuredClone(submodel)), id }
}

/** The same, with a value out of its range, and without an element that has to be there. */
function broken(id: string): Submodel {
  const { submodelElements = [], ...rest } = valid(id)
  const elements = submodelElements.filter(({ idShort }) => idShort !== 'Title')
  for (const element of elements) if (element.idShort === 'Pressure') Object.assign(element, { value: '15' })
  return { ...rest, submodelElements: elements }
}

function unknown(id: string): Submodel {
  return { modelType: 'Submodel', id, idShort: 'Unknown', semanticId: reference('https://example.com/ids/Unknown') }
}

function emptyNameplate(id: string): Submodel {
  return { modelType: 'Submodel', id, idShort: 'Nameplate', semanticId: reference(NAMEPLATE) }
}

function reference(value: string): NonNullable<Submodel['semanticId']> {
  return { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value }] }
}

/** A folder of an operator, with the synthetic template in it. */
function schemasDir(t: Test, template: object = synthetic): string {
  const directory = join(folderOf(t), `schemas-${++folders}`)
  mkdirSync(directory)
  writeFileSync(join(directory, 'synthetic.json'), JSON.stringify({ submodels: [template] }))
  return directory
}

let folders = 0
const made = new Map<Test, string>()

/** `testdir` empties the folder of a test each time. */
function folderOf(t: Test): string {
  const folder = made.get(t) ?? testDirectory(t)
  made.set(t, folder)
  return folder
}

function texts({ json }: Reply): string[] {
  return (json.messages as { text: string }[]).map(({ text }) => text)
}

const at = (id: string) => `/submodels/${encode(id)}`

/** The validation result, once it is as expected; it is written in the background. */
async function kept(hub: Running, filter: string, ready: (ids: string[]) => boolean): Promise<string[]> {
  let ids: string[] = []
  await until(async () => {
    const { json } = await hub.get(`/validation?${filter}`)
    ids = (json.result as { submodelId: string }[]).map(({ submodelId }) => submodelId).sort()
    return ready(ids)
  }).catch(() => {})
  return ids
}

/** Lets time pass, and what it started in the background read and write. */
async function passed(hub: Running, clock: ManualClock): Promise<void> {
  for (let round = 0; round < 5; round++) {
    await clock.advance(1000)
    // Writes are done in their order.
    await hub.put(at('urn:other'), { modelType: 'Submodel', id: 'urn:other', idShort: `Round${round}` })
  }
}

const has =
  (...wanted: string[]) =>
  (ids: string[]) =>
    JSON.stringify(ids) === JSON.stringify(wanted.sort())

t.test('warn: invalid submodels are stored, and the violations can be read', async (t) => {
  const hub = await start(t, { SCHEMAS_DIR: schemasDir(t) })
  t.equal((await hub.post('/submodels', broken('urn:broken'))).status, 201)
  t.equal((await hub.post('/submodels', valid('urn:valid'))).status, 201)
  t.equal((await hub.post('/submodels', unknown('urn:unknown'))).status, 201)
  const { json } = await hub.get(`${at('urn:broken')}/$validation`)
  t.match(json, { submodelId: 'urn:broken', result: 'invalid', template: 'Synthetic', metamodel: [] })
  t.match(json.checkedAt, /^\d{4}-\d\d-\d\dT/)
  t.ok(json.schemaVersion.length > 0)
  const sentences = (json.violations as { text: string }[]).map(({ text }) => text)
  t.equal(sentences.length, 2, sentences.join('\n'))
  t.ok(sentences.some((text) => text.startsWith('Pressure: Synthetic') && text.includes('"15"')))
  t.ok(sentences.some((text) => text.includes('Title') && text.includes('add it')))
  const korean = (await hub.get(`${at('urn:broken')}/$validation?language=ko`)).json.violations as { text: string }[]
  t.strictSame(
    korean.map(({ text }) => /^[^(]*[가-힣][^(]* \((.*)\)$/s.exec(text)?.[1]),
    sentences,
    'what is wrong in Korean, and what was found and asked for as the validation says it'
  )
  t.match((await hub.get(`${at('urn:valid')}/$validation`)).json, { result: 'valid', violations: [] })
  const none = (await hub.get(`${at('urn:unknown')}/$validation`)).json
  t.match(none, { result: 'noTemplate', violations: [] })
  t.notOk('template' in none)
  t.equal((await hub.get(`${at('urn:absent')}/$validation`)).status, 404)
})

t.test('validation results are a list with filters, in pages, and follow changes', async (t) => {
  const hub = await start(t, { SCHEMAS_DIR: schemasDir(t) })
  const bodies = [broken('urn:1'), valid('urn:2'), unknown('urn:3'), emptyNameplate('urn:4')]
  for (const body of bodies) await hub.post('/submodels', body)
  t.same(await kept(hub, 'limit=10', has('urn:1', 'urn:2', 'urn:3', 'urn:4')), ['urn:1', 'urn:2', 'urn:3', 'urn:4'])
  t.same(await kept(hub, 'result=invalid', has('urn:1', 'urn:4')), ['urn:1', 'urn:4'])
  t.same(await kept(hub, 'result=noTemplate', has('urn:3')), ['urn:3'])
  for (const name of ['Synthetic', 'Synthetic%201.0']) {
    t.same(await kept(hub, `template=${name}`, has('urn:1', 'urn:2')), ['urn:1', 'urn:2'])
  }
  const bySemanticId = `template=${encodeURIComponent(SYNTHETIC)}&result=valid`
  t.same(await kept(hub, bySemanticId, has('urn:2')), ['urn:2'])
  t.same(await kept(hub, `template=${encodeURIComponent(NAMEPLATE)}`, has('urn:4')), ['urn:4'])
  t.equal((await hub.get('/validation?result=perhaps')).status, 400)
  const { json: korean } = await hub.get('/validation?result=invalid&language=ko')
  for (const { text } of korean.result[0].violations) t.match(text, /[가-힣]/)

  const first = (await hub.get('/validation?limit=3')).json
  t.equal(first.result.length, 3)
  const second = (await hub.get(`/validation?limit=3&cursor=${first.paging_metadata.cursor}`)).json
  t.equal(second.result.length, 1)
  t.notOk('cursor' in second.paging_metadata)

  // A value, an element, the whole, the end.
  const pressure = `${at('urn:1')}/submodel-elements/Pressure/$value`
  t.equal((await hub.patch(pressure, '"8"')).status, 204)
  t.equal((await hub.get(`${at('urn:1')}/$validation`)).json.violations.length, 1, 'it is never out of date')
  t.equal((await hub.patch(`${at('urn:2')}/submodel-elements/Pressure/$value`, '"15"')).status, 204)
  t.same(await kept(hub, 'result=valid', has()), [])
  t.equal((await hub.put(at('urn:4'), { ...unknown('urn:4') })).status, 204)
  t.same(await kept(hub, 'result=noTemplate', has('urn:3', 'urn:4')), ['urn:3', 'urn:4'])
  t.equal((await hub.remove(at('urn:1'))).status, 204)
  t.same(await kept(hub, 'result=invalid', has('urn:2')), ['urn:2'])
})

t.test('enforce: every endpoint refuses the same document with the same reasons', async (t) => {
  const SCHEMAS_DIR = schemasDir(t)
  const hub = await start(t, { SCHEMAS_DIR, TEMPLATES: 'enforce' })
  const wrong = broken('urn:s')
  const posted = await hub.post('/submodels', wrong)
  t.equal(posted.status, 400)
  const expected = texts(posted)
  t.equal(expected.length, 2, expected.join('\n'))
  t.equal((await hub.get(at('urn:s'))).status, 404, 'nothing of it is stored')

  t.same(refusal(await hub.put(at('urn:s'), wrong)), expected, 'PUT of something new')
  t.equal((await hub.post('/submodels', valid('urn:s'))).status, 201)
  t.same(refusal(await hub.put(at('urn:s'), wrong)), expected, 'PUT of something stored')
  const { submodelElements = [], ...rest } = wrong
  const pruned = await hub.patch(at('urn:s'), { ...rest, submodelElements })
  // A PATCH merges elements by idShort, so what it leaves out stays.
  t.same(
    refusal(pruned),
    expected.filter((text) => text.includes('Pressure')),
    'PATCH'
  )

  const form = new FormData()
  const environment = JSON.stringify({ submodels: [{ ...wrong, id: 'urn:uploaded' }] })
  form.append('file', new Blob([environment]), 'plant.json')
  t.same(refusal(await hub.post('/upload', form)).map(bare), expected.map(bare), 'upload')
  t.equal((await hub.get(at('urn:uploaded'))).status, 404)
  let xml = ''
  for await (const part of writeXml(one({ ...wrong, id: 'urn:uploaded' }))) xml += part
  const byXml = new FormData()
  byXml.append('file', new Blob([xml]), 'plant.xml')
  t.same(refusal(await hub.post('/upload', byXml)).map(bare), expected.map(bare), 'upload of XML')

  const file = join(SCHEMAS_DIR, '..', 'wrong.json')
  writeFileSync(file, JSON.stringify(wrong))
  const checker = new TemplateChecker(loadTemplates(SCHEMAS_DIR), 'warn')
  const reported: string[] = []
  for await (const { metamodel, violations } of validateFile(file, { checker })) {
    t.same(metamodel, [])
    reported.push(...violations.map(({ text }) => text))
  }
  t.same(reported, expected.map(bare), 'command line')

  const worse = { ...wrong, idShort: '1st' }
  const both = texts(await hub.post('/submodels', worse))
  t.equal(both.length, 3, 'with what breaks the standard')
  t.same(
    both.filter((text) => text.includes('Synthetic')),
    expected
  )

  function refusal(reply: Reply): string[] {
    t.equal(reply.status, 400)
    return texts(reply)
  }
})

t.test('enforce: writes to elements and values are validated with the whole submodel', async (t) => {
  const hub = await start(t, { SCHEMAS_DIR: schemasDir(t), TEMPLATE_POLICY: `${SYNTHETIC}=enforce` })
  await hub.post('/submodels', valid('urn:s'))
  const before = (await hub.get(at('urn:s'))).json
  const elements = `${at('urn:s')}/submodel-elements`
  const refused = [
    await hub.patch(`${elements}/Pressure/$value`, '"15"'),
    await hub.patch(`${at('urn:s')}/$value`, { Pressure: '15' }),
    await hub.remove(`${elements}/Pressure`),
    await hub.put(`${elements}/Pressure`, property('Pressure', 'xs:double', '15')),
    await hub.patch(`${elements}/Pressure`, property('Pressure', 'xs:double', '15')),
    await hub.post('/ingest', { submodel: 'urn:s', path: 'Pressure', value: 15 }),
    await hub.post('/ingest', { submodel: 'urn:s', path: 'Pressure', start: 0, step: 1, values: [8, 15, 9] })
  ]
  for (const reply of refused) {
    t.equal(reply.status, 400)
    t.match(texts(reply).join(), /Synthetic 1\.0 asks for .*Pressure|Pressure: Synthetic 1\.0 asks for/)
  }
  t.same((await hub.get(at('urn:s'))).json, before)
  t.equal((await hub.patch(`${elements}/Pressure/$value`, '"8"')).status, 204)
  t.equal((await hub.patch(`${at('urn:s')}/$value`, { Pressure: '9' })).status, 204)
  t.equal((await hub.post('/ingest', { submodel: 'urn:s', path: 'Pressure', value: 7 })).status, 200)
  const column = { submodel: 'urn:s', path: 'Pressure', start: 0, step: 1, values: [8, 15, 9] }
  const { json: kept } = await hub.post('/ingest?each=true', column)
  t.match(kept, { accepted: 2, refused: 1, refusals: [{ index: 0, at: 1, path: 'Pressure' }] })

  t.equal((await hub.post('/submodels', emptyNameplate('urn:n'))).status, 201, 'others are warned of only')
  // It is remembered whether a template is enforced, until the submodel is another one.
  t.equal((await hub.put(at('urn:s'), { ...valid('urn:s'), semanticId: reference('urn:other') })).status, 204)
  t.equal((await hub.patch(`${elements}/Pressure/$value`, '"15"')).status, 204)
  t.equal((await hub.put(at('urn:s'), valid('urn:s'))).status, 204)
  t.equal((await hub.patch(`${elements}/Pressure/$value`, '"15"')).status, 400)
})

t.test('off: nothing is checked, and there are no validation results', async (t) => {
  const clock = manualClock()
  const hub = await start(t, { TEMPLATES: 'off' }, { clock })
  t.equal((await hub.post('/submodels', emptyNameplate('urn:n'))).status, 201)
  t.match((await hub.get(`${at('urn:n')}/$validation`)).json, { result: 'noTemplate', violations: [] })
  await passed(hub, clock)
  t.same((await hub.get('/validation')).json.result, [])
})

t.test('a single template may be exempt from enforcement', async (t) => {
  const hub = await start(t, { TEMPLATES: 'enforce', TEMPLATE_POLICY: `${NAMEPLATE}=off` })
  t.equal((await hub.post('/submodels', emptyNameplate('urn:n'))).status, 201)
  const contact = reference('https://admin-shell.io/zvei/nameplate/1/0/ContactInformations')
  t.equal((await hub.post('/submodels', { ...emptyNameplate('urn:c'), semanticId: contact })).status, 400)
})

t.test('templates themselves are not validated against their schemas', async (t) => {
  const hub = await start(t, { SCHEMAS_DIR: schemasDir(t), TEMPLATES: 'enforce' })
  t.equal((await hub.post('/submodels', { ...broken('urn:t'), kind: 'Template' })).status, 201)
})

t.test('after a change of the schemas all stored submodels are validated again', async (t) => {
  const directory = join(folderOf(t), 'data')
  const before = await start(t, { DATA_DIR: directory, SCHEMAS_DIR: schemasDir(t) })
  for (const body of [valid('urn:1'), valid('urn:2'), unknown('urn:3')]) await before.post('/submodels', body)
  t.same(await kept(before, 'result=valid', has('urn:1', 'urn:2')), ['urn:1', 'urn:2'])
  const old = (await before.get(`${at('urn:1')}/$validation`)).json
  await before.stop()

  const elements = [...(synthetic.submodelElements ?? []), { ...property('Added', 'xs:string'), ...required }]
  const changed = { ...synthetic, administration: { version: '2', revision: '1' }, submodelElements: elements }
  const after = await start(t, { DATA_DIR: directory, SCHEMAS_DIR: schemasDir(t, changed) })
  t.same(await kept(after, 'result=invalid', has('urn:1', 'urn:2')), ['urn:1', 'urn:2'])
  const now = (await after.get(`${at('urn:1')}/$validation`)).json
  t.equal(old.schemaVersion, '1.0')
  t.equal(now.schemaVersion, '2.1')
  t.not(now.rules, old.rules)
  t.match(now.violations[0].text, /Added/)
  await after.stop()

  const clock = manualClock(Date.now())
  const same = await start(t, { DATA_DIR: directory, SCHEMAS_DIR: schemasDir(t, changed) }, { clock })
  await passed(same, clock)
  const stays = (await same.get(`${at('urn:1')}/$validation`)).json
  t.equal(stays.checkedAt, now.checkedAt, 'without a change nothing is checked again')
})

t.test('violations of leniently stored documents are recorded', async (t) => {
  const hub = await start(t, { LENIENT: 'true', TEMPLATES: 'off' })
  const wrong = { modelType: 'Submodel', id: 'urn:wrong', submodelElements: [property('1st', 'xs:int', 'ten')] }
  const form = new FormData()
  form.append('file', new Blob([JSON.stringify({ submodels: [wrong] })]), 'wrong.json')
  const { status, json } = await hub.post('/upload', form)
  t.equal(status, 201)
  t.same(await kept(hub, 'result=invalid', has('urn:wrong')), ['urn:wrong'])
  const entry = (await hub.get(`${at('urn:wrong')}/$validation`)).json
  t.equal(entry.result, 'invalid')
  t.same(
    entry.metamodel.map(({ text }: { text: string }) => text),
    json.violations.map(({ text }: { text: string }) => text)
  )
  t.ok(entry.metamodel.length > 0)
})

t.test('$schema is the schema of the template, in each form and media type', async (t) => {
  const hub = await start(t, { SCHEMAS_DIR: schemasDir(t) })
  await hub.post('/submodels', valid('urn:s'))
  const path = `${at('urn:s')}/$schema`
  const normal = await hub.get(path)
  t.equal(normal.headers.get('content-type'), 'application/schema+json')
  t.equal(normal.json.$id, SYNTHETIC)
  t.ok(accepts(normal.json, valid('urn:s')))
  t.notOk(accepts(normal.json, broken('urn:s')))
  const value = (await hub.get(`${path}?form=value`)).json
  t.equal(value.$id, `${SYNTHETIC}?content=value`)
  const values = (await hub.get(`${at('urn:s')}/$value`)).json
  t.ok(accepts(value, values))
  const { Pressure, ...others } = values
  t.ok(Pressure !== undefined)
  t.notOk(accepts(value, others))

  t.equal((await hub.get(path, { accept: 'application/json' })).headers.get('content-type'), 'application/json')
  const types = await hub.get(path, { accept: 'application/typescript' })
  t.equal(types.headers.get('content-type'), 'application/typescript')
  t.match(types.text, /^export type Synthetic = /m)
  const components = await hub.get(path, { accept: 'application/vnd.oai.openapi+json' })
  t.ok('Synthetic' in components.json.components.schemas)
  t.equal((await hub.get(path, { accept: 'image/png' })).status, 406)
  t.equal((await hub.get(`${path}?form=other`)).status, 400)
  t.equal((await hub.get(`${at('urn:absent')}/$schema`)).status, 404)
})

t.test('$schema of a submodel without a template follows its own structure', async (t) => {
  const hub = await start(t)
  const own = { ...unknown('urn:u'), submodelElements: [property('Speed', 'xs:int', '7')] }
  await hub.post('/submodels', own)
  const normal = (await hub.get(`${at('urn:u')}/$schema`)).json
  t.ok(accepts(normal, own))
  t.notOk(accepts(normal, unknown('urn:u')), 'an element is missing')
  t.notOk(accepts(normal, { ...own, submodelElements: [property('Speed', 'xs:string', '7')] }), 'of another type')
  const value = (await hub.get(`${at('urn:u')}/$schema?form=value`)).json
  t.ok(accepts(value, { Speed: '7' }) || accepts(value, { Speed: 7 }))
})

t.test('a folder of invalid schemas is reported before anything starts', async (t) => {
  const directory = testDirectory(t, { 'wrong.json': '[]' })
  await t.rejects(start(t, { SCHEMAS_DIR: directory }), { name: 'ConfigError', message: /SCHEMAS_DIR.*wrong\.json/ })
  await t.rejects(start(t, { SCHEMAS_DIR: join(directory, 'nowhere') }), { message: /nowhere/ })
})

const required = { qualifiers: [{ type: 'SMT/Cardinality', value: 'One', valueType: 'xs:string' }] }

function property(idShort: string, valueType: string, value?: string): object {
  const semanticId = reference(`https://example.com/ids/${idShort}`)
  return { modelType: 'Property', idShort, valueType, semanticId, ...(value !== undefined && { value }) }
}

/** Without the pointer, which differs by what was sent around the document. */
function bare(text: string): string {
  return text.replace(/^.*?: (?=([A-Z]\w*: )?Synthetic 1)/, '')
}

async function* one(submodel: Submodel): AsyncGenerator<Submodel> {
  yield submodel
}

function accepts(schema: object, document: unknown): boolean {
  const ajv = new Ajv2020({ strict: false, unicodeRegExp: false })
  return ajv.compile(schema)(document) as boolean
}
