import { createWriteStream, existsSync, readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { HubError } from '../../src/errors.ts'
import { type PackageFile, writeAasx } from '../../src/formats/aasx-writer.ts'
import { detectFormat, openEnvironment, writeJson } from '../../src/formats/environment.ts'
import { DEFAULT_READ_LIMITS, type EnvironmentFormat, type ReadLimits } from '../../src/formats/environment-source.ts'
import { writeXml } from '../../src/formats/xml-writer.ts'
import type { Identifiable } from '../../src/model/types.ts'
import { submodel } from '../arbitrary.ts'
import { testDirectory } from '../test-directory.ts'

const shared = new URL('../../../shared/', import.meta.url)
const absent = existsSync(shared) ? false : 'the shared data is not at hand'

async function* each(identifiables: readonly Identifiable[]): AsyncGenerator<Identifiable> {
  yield* identifiables
}

const writers: Record<string, (list: readonly Identifiable[], files?: PackageFile[]) => Readable> = {
  json: (list) => Readable.from(writeJson(each(list))),
  xml: (list) => Readable.from(writeXml(each(list))),
  aasx: (list, files = []) => writeAasx({ identifiables: each(list), files, form: 'xml' }),
  'aasx with JSON': (list, files = []) => writeAasx({ identifiables: each(list), files, form: 'json' })
}

async function read(path: string, form: EnvironmentFormat, limits?: ReadLimits): Promise<unknown[]> {
  const found = await openEnvironment(path, form, 'file', limits)
  try {
    const documents: unknown[] = []
    for await (const { document } of found.documents()) documents.push(document)
    return documents
  } finally {
    await found.close()
  }
}

async function roundTrip(t: Test, name: string, list: readonly Identifiable[]): Promise<unknown[]> {
  const path = join(testDirectory(t), 'file')
  await pipeline(writers[name]?.(list) ?? [], createWriteStream(path))
  return read(path, name.slice(0, 4).trim() as EnvironmentFormat)
}

const order = ['AssetAdministrationShell', 'Submodel', 'ConceptDescription']
const grouped = (list: Identifiable[]) => list.sort((a, b) => order.indexOf(a.modelType) - order.indexOf(b.modelType))

t.test('every accepted case is the same after each written form', { skip: absent }, async (t) => {
  const lines = readFileSync(new URL('testdata/http-cases-3.1.jsonl', shared), 'utf8').trimEnd().split('\n')
  const accepted = grouped(lines.map((line) => JSON.parse(line)).flatMap(({ accept, body }) => (accept ? [body] : [])))
  for (const name of Object.keys(writers)) t.same(await roundTrip(t, name, accepted), accepted, name)
})

t.test('random submodels are the same after each written form', async (t) => {
  for (const name of Object.keys(writers)) {
    const documents = fc.sample(submodel, 60).map((document, index) => ({ ...document, id: `urn:${index}` }))
    t.same(await roundTrip(t, name, documents), documents, name)
  }
})

t.test('an environment of nothing is written and read', async (t) => {
  for (const name of Object.keys(writers)) t.same(await roundTrip(t, name, []), [], name)
})

t.test('every published package opens and has the same content as JSON', { skip: absent }, async (t) => {
  const folder = fileURLToPath(new URL('templates', shared))
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!/\.(aasx|json)$/.test(name)) continue
    const documents = (await read(join(folder, name), name.endsWith('.aasx') ? 'aasx' : 'json')) as Identifiable[]
    t.not(documents.length, 0, name)
    t.same(await roundTrip(t, 'xml', grouped(documents)), grouped(documents), `${name} through XML`)
  }
})

t.test('files and the thumbnail travel with a package', async (t) => {
  const path = join(testDirectory(t), 'file')
  const file = (name: string, text: string, thumbnail = false): PackageFile => ({
    name,
    contentType: 'image/png',
    thumbnail,
    open: async () => Readable.from([Buffer.from(text)])
  })
  await pipeline(
    writers.aasx?.([], [file('/aasx/files/매뉴얼 1.png', 'one'), file('/thumbnail.png', 'two', true)]) ?? [],
    createWriteStream(path)
  )
  const found = await openEnvironment(path, 'aasx')
  t.teardown(() => found.close())
  t.match(found.files, [{ name: '/aasx/files/%EB%A7%A4%EB%89%B4%EC%96%BC%201.png', contentType: 'image/png', size: 3 }])
  t.match(found.thumbnail, { name: '/thumbnail.png', contentType: 'image/png' })
  const pieces = await found.files[0]?.open().then((stream) => stream.toArray())
  t.equal(Buffer.concat(pieces ?? []).toString(), 'one')
})

t.test('a file is recognised by its content first', async (t) => {
  t.equal(detectFormat('x.bin', '', Buffer.from('PK\u0003\u0004')), 'aasx')
  t.equal(detectFormat('x.json', '', Buffer.from('\uFEFF  <a/>')), 'xml')
  t.equal(detectFormat('x', '', Buffer.from(' {')), 'json')
  t.equal(detectFormat('x', 'application/xml', Buffer.from('')), 'xml')
  t.equal(detectFormat('x', 'text/plain', Buffer.from('hello')), undefined)
})

const NS = 'xmlns="https://admin-shell.io/aas/3/1"'
const submodelXml = (inner: string) =>
  `<environment ${NS}><submodels><submodel>${inner}</submodel></submodels></environment>`

t.test('XML of release 3.0 is read too', async (t) => {
  const path = join(testDirectory(t, { file: submodelXml('<id>x</id>').replace('3/1', '3/0') }), 'file')
  t.same(await read(path, 'xml'), [{ modelType: 'Submodel', id: 'x' }])
})

t.test('invalid AAS XML is refused with line and column', async (t) => {
  const broken: [string, RegExp][] = [
    ['<environment', /root element|unclosed/i],
    ['<environment/>', /namespace/],
    [`<x ${NS}/>`, /<environment> was expected/],
    [`<environment ${NS}><things/></environment>`, /<things>/],
    [submodelXml('<idd>x</idd>'), /no member <idd>/],
    [submodelXml('<id>x</id><id>y</id>'), /twice/],
    [submodelXml('hello'), /text was not expected/],
    [submodelXml('<id><b/></id>'), /holds text/],
    [submodelXml('<submodelElements><submodel/></submodelElements>'), /cannot stand in/],
    [submodelXml('<id>&boom;</id>'), /entity/i],
    [`<!DOCTYPE x [<!ENTITY a "b">]>${submodelXml('<id>x</id>')}`, /document type/],
    [submodelXml(`${'<submodelElements><submodelElementCollection><value>'.repeat(50_000)}`), /deep|cannot|no member/]
  ]
  for (const [xml, why] of broken) {
    const path = join(testDirectory(t, { file: xml }), 'file')
    const error = await read(path, 'xml').then(
      () => undefined,
      (thrown) => thrown
    )
    t.equal(error?.name, 'Invalid', xml.slice(0, 80))
    t.match(error?.violations[0], { pointer: /line \d+, column \d+/, text: why }, xml.slice(0, 80))
  }
})

t.test('invalid AAS JSON is refused', async (t) => {
  const broken = [
    '',
    '[',
    '[]',
    '1',
    '{',
    '{"submodels":[}',
    '{"submodels":[1,]}',
    '{"submodels":{}}',
    '{"submodels":[]} x',
    '{"a":1}',
    '{]',
    '{"submodels":[{"a":}]}',
    'x{"submodels":[]}',
    '{"submodels":[{]}'
  ]
  for (const json of broken) {
    const path = join(testDirectory(t, { file: json }), 'file')
    const error = await read(path, 'json').then(
      () => undefined,
      (thrown) => thrown
    )
    t.equal(error?.name, 'BadRequest', json)
  }
  const cut = join(testDirectory(t), 'cut')
  await writeFile(cut, Buffer.from([...Buffer.from('{"submodels":[{"id":"'), 0xc3, 0x28, ...Buffer.from('"}]}')]))
  await t.rejects(read(cut, 'json'), { name: 'BadRequest' }, 'wrong UTF-8')
})

t.test('one document alone is as good as an environment', async (t) => {
  const path = join(
    testDirectory(t, { file: '\n{ "id": "x", "modelType": "Submodel", "description": [1, {"a": "}"}] }\n' }),
    'file'
  )
  t.same(await read(path, 'json'), [{ id: 'x', modelType: 'Submodel', description: [1, { a: '}' }] }])
})

t.test('a document beyond the limits is refused before it fills the memory', async (t) => {
  const limits = { ...DEFAULT_READ_LIMITS, itemBytes: 1000, depth: 20 }
  const long = join(testDirectory(t, { file: `{"submodels":[{"id":"${'x'.repeat(5000)}"}]}` }), 'file')
  await t.rejects(read(long, 'json', limits), { message: /larger than 1000/ })
  const deep = join(testDirectory(t, { file: `{"submodels":[${'['.repeat(50)}${']'.repeat(50)}]}` }), 'file')
  await t.rejects(read(deep, 'json', limits), { message: /20 deep/ })
  const longXml = join(testDirectory(t, { file: submodelXml(`<id>${'x'.repeat(5000)}</id>`) }), 'file')
  const refusal = await read(longXml, 'xml', limits).then(
    () => undefined,
    (error: HubError) => error
  )
  t.match(refusal?.violations, [{ text: /larger than 1000/ }])
})

t.test('a package that is none, or a trap, is refused', async (t) => {
  const path = join(testDirectory(t), 'file')
  await pipeline(writers.aasx?.([], []) ?? [], createWriteStream(path))
  const whole = readFileSync(path)
  const refused = async (bytes: Buffer, expected: { name: string }, limits?: ReadLimits) => {
    await writeFile(path, bytes)
    await t.rejects(read(path, 'aasx', limits), expected)
  }
  await refused(whole.subarray(0, whole.length - 30), { name: 'BadRequest' })
  await refused(Buffer.from('PK\u0003\u0004 no zip'), { name: 'BadRequest' })
  await refused(Buffer.from(whole.toString('latin1').replaceAll('aasx/data.xml', 'aasx/../a.xml'), 'latin1'), {
    name: 'BadRequest'
  })
  await refused(whole, { name: 'TooLarge' }, { ...DEFAULT_READ_LIMITS, entries: 2 })
  await refused(whole, { name: 'TooLarge' }, { ...DEFAULT_READ_LIMITS, expandedBytes: 100 })
})
