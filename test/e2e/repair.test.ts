/** `POST /repair`: a file of each format, whole and broken ones, limits, and rights. */
import { createWriteStream, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import t, { type Test } from 'tap'
import { writeXml } from '../../src/formats/xml-writer.ts'
import { externalTo, type Model, referenceModel, writePackage } from '../operations/conformance/reference-model.ts'
import { claim, eq, rule, str } from '../security/fixture.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'
import { type Reply, type Running, start } from './harness.ts'
import { bearer, secured } from './secured-hub.ts'

const PACKAGE = 'application/asset-administration-shell-package'

/** With a mistake that has one right answer, and one that only a person can repair. */
function brokenModel(): Model {
  const model = referenceModel()
  Object.assign(model.submodels[0].semanticId.keys[0], { type: 'Submodel' })
  return model
}

async function packageOf(t: Test, model: Model): Promise<Uint8Array<ArrayBuffer>> {
  return Uint8Array.from(readFileSync(await writePackage(join(testDirectory(t), 'machine.aasx'), model)))
}

/** As a browser sends and reads it. */
async function repairBoth(hub: Running, file: Blob, name: string, headers: Record<string, string> = {}) {
  const form = new FormData()
  form.append('file', file, name)
  const response = await fetch(`${hub.url}/repair?profile=kosmo&answer=both`, { method: 'POST', body: form, headers })
  if (!response.ok) throw new Error(await response.text())
  const parts = await response.formData()
  const repaired = parts.get('file') as File
  return { report: JSON.parse(String(parts.get('report'))), repaired, headers: response.headers }
}

async function isValid(hub: Running, file: Blob): Promise<boolean> {
  const form = new FormData()
  form.append('file', file, 'repaired')
  const { json } = await hub.ask('POST', `${hub.url}/validate?profile=kosmo`, form)
  return json.valid
}

t.test('a package is repaired, and comes back with every change and what remains; nothing is stored', async (t) => {
  const hub = await start(t)
  const bytes = await packageOf(t, brokenModel())
  const { report, repaired, headers } = await repairBoth(hub, new Blob([bytes]), '프레스 1.aasx')
  t.equal(repaired.name, '프레스 1-repaired.aasx')
  t.equal(repaired.type, PACKAGE)
  t.equal(headers.get('aas-changes'), '1')
  t.equal(headers.get('aas-errors'), '0')
  t.match(report, {
    changeCount: 1,
    changes: [
      {
        ...{ rule: 'IDTA-1', kind: 'changed', was: 'Submodel', is: 'GlobalReference' },
        pointer: '/submodels/0/semanticId/keys/0/type'
      }
    ],
    report: {
      valid: true,
      file: '프레스 1.aasx',
      content: { shells: 1, submodels: 6, conceptDescriptions: 4, files: 2 }
    }
  })
  t.ok(await isValid(hub, repaired))
  t.strictSame((await hub.get('/submodels')).json.result, [])
  t.strictSame(readdirSync(join(hub.directory, 'scratch')), [], 'nothing is left on disk')
})

t.test('the file or the report is sent alone where that is asked for', async (t) => {
  const hub = await start(t)
  const body = await packageOf(t, brokenModel())
  const post = (query: string) =>
    fetch(`${hub.api}/repair?profile=kosmo&fileName=press.aasx${query}`, {
      ...{ method: 'POST', body },
      headers: { 'content-type': PACKAGE, 'accept-language': 'ko' }
    })
  const file = await post('')
  t.equal(file.headers.get('content-type'), PACKAGE)
  t.equal(file.headers.get('content-disposition'), "attachment; filename*=UTF-8''press-repaired.aasx")
  t.ok(await isValid(hub, await file.blob()))
  const report = await post('&answer=report')
  t.equal(report.headers.get('content-language'), 'ko')
  t.match(await report.json(), { changeCount: 1, report: { language: 'ko', valid: true } })
})

t.test('JSON and XML are repaired as what they are', async (t) => {
  const hub = await start(t)
  const model = brokenModel()
  // Without a package there is no thumbnail, which the rules ask for.
  const json = new Blob([JSON.stringify(model)], { type: 'application/json' })
  const fromJson = await repairBoth(hub, json, 'machine.json')
  t.equal(fromJson.repaired.name, 'machine-repaired.json')
  t.match(JSON.parse(await fromJson.repaired.text()), {
    submodels: [{ semanticId: { keys: [{ type: 'GlobalReference' }] } }]
  })
  const path = join(testDirectory(t), 'machine.xml')
  const documents = [...model.assetAdministrationShells, ...model.submodels, ...model.conceptDescriptions]
  const identifiables = (async function* () {
    yield* documents
  })()
  await pipeline(Readable.from(writeXml(identifiables, '3.0')), createWriteStream(path))
  const fromXml = await repairBoth(hub, new Blob([readFileSync(path)]), 'machine.xml')
  t.equal(fromXml.repaired.type, 'application/xml')
  t.match(await fromXml.repaired.text(), /^<\?xml[\s\S]*<type>GlobalReference<\/type>/)
  t.equal(fromXml.report.changeCount, 1)
})

t.test('a file without anything to repair comes back byte by byte under its own name', async (t) => {
  const hub = await start(t)
  const bytes = await packageOf(t, referenceModel())
  const { report, repaired } = await repairBoth(hub, new Blob([bytes]), 'good.aasx')
  t.equal(repaired.name, 'good.aasx')
  t.ok(Buffer.from(await repaired.arrayBuffer()).equals(bytes))
  t.match(report, { changeCount: 0, changes: [], report: { valid: true } })
})

t.test('what has no one right answer is left, and reported', async (t) => {
  const hub = await start(t)
  const model = brokenModel()
  delete model.submodels[0].submodelElements[0].value
  model.submodels.pop()
  const { report } = await repairBoth(hub, new Blob([await packageOf(t, model)]), 'machine.aasx')
  t.equal(report.changeCount, 1)
  t.equal(report.report.valid, false)
  t.ok(report.report.findings.length > 0)
})

t.test('a file that cannot be read as a whole is refused in one sentence', async (t) => {
  const hub = await start(t, { UPLOAD_LIMIT: '200000' })
  const whole = await packageOf(t, brokenModel())
  const refused = (reply: Reply) => `${reply.status} ${reply.json?.messages?.[0]?.text}`
  const post = async (body: unknown, type: string, query = '?profile=kosmo') =>
    refused(await hub.ask('POST', `${hub.url}/repair${query}`, body, { 'content-type': type }))
  t.match(await post(whole, PACKAGE, ''), /^400 The parameter "profile" names the rules/)
  t.match(await post(whole, PACKAGE, '?profile=x'), /^400 There is no profile "x"/)
  t.match(await post(whole, PACKAGE, '?profile=kosmo&answer=all'), /^400 "answer" is file or report or both/)
  t.match(await post(whole.subarray(0, whole.length / 2), PACKAGE), /^400 /)
  t.match(await post(Buffer.from('PK'), PACKAGE), /^400 This is not an AASX package/)
  t.match(await post('{"submodels": [{', 'application/json'), /^400 upload.json is not AAS JSON: it ends in the middle/)
  t.match(await post('{"submodels": [7]}', 'application/json'), /^400 .*\/submodels\/0 is no document of the metamodel/)
  t.match(await post('<environment', 'application/xml'), /^400 /)
  t.match(await post('no environment', 'text/plain'), /^415 /)
  t.match(await post(JSON.stringify({ x: 'y'.repeat(300_000) }), 'application/json'), /^413 The file is larger than/)
  t.strictSame(readdirSync(join(hub.directory, 'scratch')), [])
})

t.test('the repaired file counts in the disk of all uploads', async (t) => {
  const hub = await start(t, { UPLOAD_SPACE: '100000', TEMPLATES: 'off' })
  const model = brokenModel()
  model.submodels[0].description = [{ language: 'en', text: 'x'.repeat(70_000) }]
  const text = JSON.stringify(model)
  // Another one holds some of the disk, as one alone is bounded by its own limits.
  const { promise, resolve } = Promise.withResolvers<void>()
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(Buffer.from('{'))
      void promise.then(() => {
        controller.enqueue(Buffer.from('}'))
        controller.close()
      })
    }
  })
  const held = hub.ask('POST', `${hub.url}/upload`, body, { 'content-type': 'application/json' })
  const repaired = () => hub.ask('POST', `${hub.url}/repair?profile=kosmo&answer=report`, text)
  await until(async () => (await repaired()).status === 503)
  const checked = await hub.ask('POST', `${hub.url}/validate?profile=kosmo`, text)
  t.equal(checked.status, 200, 'there is room for the file as it is')
  const { status, json } = await repaired()
  t.equal(status, 503)
  t.match(json.messages[0].text, /Too many files are being received at once/)
  resolve()
  await held
  t.equal((await repaired()).status, 200)
})

t.test('a client that leaves ends the work, and its place is free again', async (t) => {
  const hub = await start(t)
  const text = JSON.stringify(brokenModel())
  for (let round = 0; round < 4; round++) {
    const stop = new AbortController()
    const headers = { 'content-type': 'application/json' }
    const init = { method: 'POST', headers, body: text, signal: stop.signal }
    const answer = fetch(`${hub.url}/repair?profile=kosmo`, init)
    await until(() => readdirSync(join(hub.directory, 'scratch')).length > 0)
    stop.abort()
    await t.rejects(answer)
  }
  await until(async () => (await hub.ask('POST', `${hub.url}/repair?profile=kosmo`, text)).status === 200)
  await until(() => readdirSync(join(hub.directory, 'scratch')).length === 0)
  t.pass('two at a time would have been refused')
})

t.test('a missing concept is taken from what the caller may read, and from nothing else', async (t) => {
  const id = 'https://www.smart-factory.kr/ids/cd/Pressure/1/0'
  const concept = referenceModel().conceptDescriptions.find((one: Model) => one.id === id)
  concept.description = [{ language: 'en', text: 'SECRET of the plant' }]
  const own = (role: string) => eq(claim('role'), str(role))
  const { hub, key } = await secured(
    t,
    [
      rule({ rights: ['READ'], objects: [{ ROUTE: '/repair' }], formula: own('reader') }),
      rule({ rights: ['READ'], objects: [{ IDENTIFIABLE: `$cd("${id}")` }], formula: own('reader') }),
      rule({ rights: ['READ'], objects: [{ ROUTE: '/repair' }], formula: own('stranger') })
    ],
    async (hub) => void (await hub.post('/concept-descriptions', concept))
  )
  const model = referenceModel()
  model.conceptDescriptions = model.conceptDescriptions.filter((one: Model) => one.id !== id)
  const bytes = new Blob([await packageOf(t, model)])
  const textFor = async (role: string) => {
    const { report } = await repairBoth(hub, bytes, 'machine.aasx', bearer((await key({ role })).key))
    t.equal(report.changes.length, 1, role)
    return JSON.stringify(report.changes[0])
  }
  t.match(await textFor('reader'), /SECRET/)
  const hidden = await textFor('stranger')
  t.notMatch(hidden, /SECRET/)
  t.match(hidden, /"kind":"draft"/)
  const form = new FormData()
  form.append('file', bytes, 'machine.aasx')
  const unknown = await hub.ask('POST', `${hub.url}/repair?profile=kosmo`, form, bearer((await key({ role: 'x' })).key))
  t.equal(unknown.status, 403)
})

t.test('a rule of the standard without a profile of the programme is repaired too', async (t) => {
  const hub = await start(t)
  const submodel = {
    ...{ modelType: 'Submodel', id: 'urn:plant:press', semanticId: externalTo('urn:x', 'Submodel') },
    qualifiers: []
  }
  const { json } = await hub.ask('POST', `${hub.url}/repair?profile=idta&answer=report`, { submodels: [submodel] })
  t.match(json, { changeCount: 2, report: { profile: 'idta', content: { submodels: 1 } } })
})
