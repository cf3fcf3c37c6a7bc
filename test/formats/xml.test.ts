import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { SaxesParser } from 'saxes'
import t from 'tap'
import type { HubError } from '../../src/errors.ts'
import { DEFAULT_READ_LIMITS, type FoundDocument } from '../../src/formats/environment-source.ts'
import { elementName, writtenFieldsOf } from '../../src/formats/xml-names.ts'
import { readXml } from '../../src/formats/xml-reader.ts'
import { writeXml } from '../../src/formats/xml-writer.ts'
import { classes } from '../../src/model/metamodel.ts'
import type { Identifiable } from '../../src/model/types.ts'
import { submodel } from '../arbitrary.ts'
import { testDirectory } from '../test-directory.ts'

const shared = new URL('../../../shared/', import.meta.url)
const xsd = new URL('spec/aas-3.1.xsd', shared)
const absent = existsSync(xsd) ? false : 'the shared data is not at hand'
const lint = spawnSync('xmllint', ['--version']).error === undefined
const noLint = lint ? absent : 'xmllint is not installed (libxml2-utils)'

async function write(list: readonly Identifiable[]): Promise<string> {
  let text = ''
  for await (const part of writeXml(Readable.from(list))) text += part
  return text
}

async function read(parts: Iterable<Uint8Array>, limits = DEFAULT_READ_LIMITS): Promise<unknown[]> {
  const found: FoundDocument[] = []
  for await (const one of readXml(Readable.from(parts), 'plant.xml', limits)) found.push(one)
  return found.map(({ document }) => document)
}

async function refusal(text: string, limits = DEFAULT_READ_LIMITS): Promise<HubError | undefined> {
  return read([Buffer.from(text)], limits).then(
    () => undefined,
    (error) => error
  )
}

const NS = 'xmlns="https://admin-shell.io/aas/3/1"'
const inSubmodel = (inner: string, attributes = '') =>
  `<environment ${NS}><submodels><submodel${attributes}>${inner}</submodel></submodels></environment>`

t.test('written XML is valid by the official schema', { skip: noLint }, async (t) => {
  const order = ['AssetAdministrationShell', 'Submodel', 'ConceptDescription']
  const lines = readFileSync(new URL('testdata/http-cases-3.1.jsonl', shared), 'utf8').trimEnd().split('\n')
  const accepted = lines.map((line) => JSON.parse(line)).flatMap(({ accept, body }) => (accept ? [body] : []))
  const list = [...accepted, ...fc.sample(submodel, 50)] as Identifiable[]
  list.sort((a, b) => order.indexOf(a.modelType) - order.indexOf(b.modelType))
  const path = join(testDirectory(t), 'environment.xml')
  writeFileSync(path, await write(list))
  const { status, stderr } = spawnSync('xmllint', ['--noout', '--schema', fileURLToPath(xsd), path])
  t.equal(status, 0, String(stderr).slice(0, 1000))
})

t.test('the members of every class stand in the order of the official schema', { skip: absent }, async (t) => {
  const groups = officialGroups(readFileSync(xsd, 'utf8'))
  for (const name of Object.keys(classes)) {
    const official = membersOf(groups, elementName(name))
    // Choices between subclasses and classes of messages have no group.
    if (official === undefined) continue
    t.same(
      writtenFieldsOf(name, '3.1').map((field) => field.name),
      official,
      name
    )
  }
  t.ok(groups.size > 40, 'the schema was understood')
})

type Groups = ReadonlyMap<string, readonly { element?: string; group?: string }[]>

/** The groups of the schema: the elements and groups at the top of each. */
function officialGroups(schema: string): Groups {
  const groups = new Map<string, { element?: string; group?: string }[]>()
  let current: { element?: string; group?: string }[] = []
  let depth = 0
  const parser = new SaxesParser()
  parser.on('opentag', ({ name, attributes }) => {
    depth++
    if (depth === 2) {
      current = []
      if (name === 'xs:group' && attributes.name !== undefined) groups.set(attributes.name, current)
    } else if (depth === 4 && name === 'xs:element' && attributes.name !== undefined) {
      current.push({ element: attributes.name })
    } else if (depth === 4 && name === 'xs:group' && attributes.ref !== undefined) {
      current.push({ group: attributes.ref })
    }
  })
  parser.on('closetag', () => {
    depth--
  })
  parser.write(schema).close()
  return groups
}

function membersOf(groups: Groups, name: string): string[] | undefined {
  return groups
    .get(name)
    ?.flatMap(({ element, group }) => (element ? [element] : (membersOf(groups, group ?? '') ?? [])))
}

t.test('it does not matter where the stream is cut', async (t) => {
  const list = fc.sample(submodel, { numRuns: 3, seed: 7 })
  const bytes = Buffer.from(`\uFEFF${await write(list)}`)
  for (const size of [1, 2, 3, 7, 64]) {
    const parts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, part) =>
      bytes.subarray(part * size, (part + 1) * size)
    )
    t.same(await read(parts), list, `parts of ${size} bytes`)
  }
})

t.test('text is kept to the letter, and only text', async (t) => {
  const value = async (text: string) => {
    const [found] = (await read([Buffer.from(inSubmodel(`\n  <id>${text}</id>\n  <!-- a note -->\n`))])) as [
      { id: string }
    ]
    return found.id
  }
  t.equal(await value('  a\n\tb '), '  a\n\tb ')
  t.equal(await value('a&#xD;\nb'), 'a\r\nb')
  t.equal(await value('a<!-- no --><![CDATA[<b> &amp;]]>c'), 'a<b> &amp;c')
  t.equal(await value('&lt;&#x1F600;&gt;'), '<😀>')
  t.equal(await value(''), '')
})

t.test('elements may have a prefix', async (t) => {
  const prefixed = inSubmodel('<id>x</id>')
    .replace('xmlns=', 'xmlns:a=')
    .replaceAll(/<(\/?)/g, '<$1a:')
  t.same(await read([Buffer.from(prefixed)]), [{ modelType: 'Submodel', id: 'x' }])
})

t.test('traps are refused before they cost memory', async (t) => {
  const traps: [string, RegExp][] = [
    [inSubmodel('<submodelElements><submodelElementCollection><value>'.repeat(100_000)), /cannot stand|deep/],
    [
      inSubmodel(`<submodelElements>${'<submodelElementCollection><value>'.repeat(100_000)}`),
      /nested more than 256 deep/
    ],
    [
      inSubmodel('', Array.from({ length: 100_000 }, (_, index) => ` a${index}=""`).join('')),
      /more than 32 attributes/
    ],
    [`<!DOCTYPE a [<!ENTITY b "${'c'.repeat(1000)}">]><a>&b;</a>`, /document type/],
    [`<!DOCTYPE environment SYSTEM "file:///etc/passwd">${inSubmodel('')}`, /document type/],
    [`<?xml version="1.0" encoding="ISO-8859-1"?>${inSubmodel('')}`, /UTF-8 was expected/],
    [inSubmodel('<id>&#0;</id>'), /character/i],
    [`${inSubmodel('<id>x</id>')}<more/>`, /one root/],
    [inSubmodel('<id>x</id>').replace('</submodels>', '</submodels><submodels/>'), /twice/],
    ['', /root/]
  ]
  for (const [text, why] of traps) {
    const error = await refusal(text)
    t.match(error, { name: 'Invalid', violations: [{ pointer: /^plant.xml line \d+, column \d+/, text: why }] })
  }
  const limits = { ...DEFAULT_READ_LIMITS, itemBytes: 1000 }
  t.match(await refusal(inSubmodel('', ` a="${'x'.repeat(5000)}"`), limits), {
    violations: [{ text: /larger than 1000/ }]
  })
})

t.test('a refusal is short, however long the name in it', async (t) => {
  const error = await refusal(inSubmodel(`<${'a'.repeat(100_000)}/>`))
  t.ok((error?.violations[0]?.text.length ?? Number.NaN) <= 300)
})

t.test('bytes that are not UTF-8 are refused', async (t) => {
  const bytes = Buffer.concat([Buffer.from(inSubmodel('<id>').slice(0, 90)), Buffer.from([0xc3, 0x28])])
  await t.rejects(read([bytes]), { name: 'BadRequest', message: /UTF-8/ })
  await t.rejects(read([Buffer.from(inSubmodel('<id>x</id>'), 'utf16le')]), { name: /Invalid|BadRequest/ })
})

t.test('a document with characters foreign to XML is written without them, so that it can be read', async (t) => {
  const text = await write([{ modelType: 'Submodel', id: 'a\u0001b\uFFFE\ud800' }])
  t.same(await read([Buffer.from(text)]), [{ modelType: 'Submodel', id: 'a\uFFFDb\uFFFD\uFFFD' }])
})

t.test(
  'what a lenient document holds in the place of an object, or of its class, is written as a comment',
  async (t) => {
    const name = { modelType: [null], language: 'en', text: 'Press' }
    const odd = { modelType: 'Submodel', id: 'a', displayName: [name, null, 'Press'] } as unknown as Identifiable
    const text = await write([odd])
    t.match(
      text,
      '<langStringNameType><language>en</language><text>Press</text><!-- not in AAS 3.1 XML: {"modelType":[null]} -->'
    )
    t.match(text, '<!-- not in AAS 3.1 XML: null --><!-- not in AAS 3.1 XML: "Press" -->')
    const range = { modelType: 'a b><', idShort: 'Limits' }
    const unknown = await write([
      { modelType: 'Submodel', id: 'a', submodelElements: [range] } as unknown as Identifiable
    ])
    t.match(
      unknown,
      '<submodelElement><idShort>Limits</idShort><!-- not in AAS 3.1 XML: {"modelType":"a b><"} --></submodelElement>'
    )
  }
)
