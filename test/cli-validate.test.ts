import { execFile } from 'node:child_process'
import { createWriteStream, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import t from 'tap'
import { writeAasx } from '../src/formats/aasx-writer.ts'
import { writeXml } from '../src/formats/xml-writer.ts'
import type { Submodel } from '../src/model/types.ts'
import { testDirectory } from './test-directory.ts'

const program = new URL('../src/aas-hub.js', import.meta.url).pathname

const semanticId: NonNullable<Submodel['semanticId']> = {
  type: 'ExternalReference',
  keys: [{ type: 'GlobalReference', value: 'https://admin-shell.io/idta/nameplate/3/0/Nameplate' }]
}

/** Breaks the template in all that it asks for, and the standard in nothing. */
const nameplate: Submodel = { modelType: 'Submodel', id: 'urn:nameplate', idShort: 'Nameplate', semanticId }
const plain: Submodel = { modelType: 'Submodel', id: 'urn:plain' }
const wrong = { modelType: 'Submodel', id: 'urn:wrong', submodelElements: [{ modelType: 'Property', idShort: '1st' }] }

t.test('a valid file gives one line and the exit code 0', async (t) => {
  const file = join(testDirectory(t), 'plain.json')
  writeFileSync(file, JSON.stringify(plain))
  t.same(await run([file]), { code: 0, stdout: 'Nothing is wrong with one file.\n', stderr: '' })
})

t.test('every file format is read, with the same result', async (t) => {
  const directory = testDirectory(t)
  const all = [plain, nameplate]
  writeFileSync(join(directory, 'environment.json'), JSON.stringify({ submodels: all }))
  writeFileSync(join(directory, 'single.json'), JSON.stringify(nameplate))
  writeFileSync(join(directory, 'lines.ndjson'), `${all.map((one) => JSON.stringify(one)).join('\n\n')}\n`)
  await pipeline(writeXml(each(all)), createWriteStream(join(directory, 'environment.xml')))
  const aasx = writeAasx({ identifiables: each(all), files: [], form: 'xml' })
  await pipeline(aasx, createWriteStream(join(directory, 'package.aasx')))
  const verdicts = new Set<string>()
  for (const name of readdirSync(directory)) {
    const { code, stdout } = await run([join(directory, name), '--format', 'json'])
    t.equal(code, 1, name)
    const { documents, valid, violations } = JSON.parse(stdout)
    t.equal(valid, false)
    t.equal(documents.length, 1, name)
    t.match(documents[0], { file: join(directory, name), modelType: 'Submodel', id: 'urn:nameplate', metamodel: [] })
    t.equal(documents[0].violations.length, violations)
    verdicts.add(JSON.stringify(documents[0].violations))
  }
  t.equal(verdicts.size, 1)
})

t.test('links without a file and files without a link are warnings, not violations', async (t) => {
  const file = join(testDirectory(t), 'package.aasx')
  const linking: Submodel = {
    ...plain,
    submodelElements: [{ modelType: 'File', idShort: 'Manual', contentType: 'text/plain', value: '/none.txt' }]
  }
  const files = [{ name: '/other.txt', contentType: 'text/plain', open: async () => Readable.from(['x']) }]
  await pipeline(writeAasx({ identifiables: each([linking]), files, form: 'xml' }), createWriteStream(file))
  const { code, stdout } = await run([file])
  t.equal(code, 0)
  t.match(stdout, /Warning: .*\/submodelElements\/0\/value: "\/none\.txt" leads to a file that is not in the package/)
  t.match(stdout, /Warning: \/other\.txt: no document of the package links to this file/)
  const { warnings, valid } = JSON.parse((await run([file, '--format', 'json'])).stdout)
  t.match(
    [valid, warnings],
    [
      true,
      [
        { file, rule: 'File' },
        { file, pointer: '/other.txt' }
      ]
    ]
  )
})

t.test(
  'violations of the standard and of templates are reported alike, one sentence each, below file and submodel',
  async (t) => {
    const file = join(testDirectory(t), 'plant.json')
    writeFileSync(file, JSON.stringify({ submodels: [wrong, nameplate] }))
    const { code, stdout } = await run([file])
    t.equal(code, 1)
    const lines = stdout.split('\n')
    t.equal(lines[0], `${file}: Submodel <urn:wrong>`)
    t.ok(lines.some((line) => /^ {2}\S.*1st.*\]$/.test(line)))
    const from = lines.indexOf(`${file}: Submodel Nameplate <urn:nameplate>`)
    t.ok(from > 0)
    t.match(lines[from + 1], /^ {2}.*Nameplate 3\.0\.1 asks for .*, but .*; .*\(IDTA 02006, .*\)$/)
    t.match(stdout, /\n\d+ violations in one file\.\n$/)
  }
)

t.test('an invalid line does not stop the others from being read', async (t) => {
  const file = join(testDirectory(t), 'lines.jsonl')
  writeFileSync(file, `${JSON.stringify(plain)}\nnonsense\n{"modelType":\n${JSON.stringify(nameplate)}`)
  const { documents } = JSON.parse((await run([file, '--format=json'])).stdout)
  t.same(
    documents.map(({ origin }: { origin: string }) => origin.split(':')[0]),
    ['line 2', 'line 3', 'line 4']
  )
})

t.test('the same id twice with different content is a violation, as in an upload', async (t) => {
  const file = join(testDirectory(t), 'twice.json')
  writeFileSync(file, JSON.stringify({ submodels: [plain, plain, { ...plain, idShort: 'Other' }] }))
  const { code, stdout } = await run([file])
  t.equal(code, 1)
  t.match(stdout, /"urn:plain" occurs twice in the file/)
})

t.test('a file of another format is reported, and the next one is read', async (t) => {
  const directory = testDirectory(t, { 'picture.png': '\x89PNG', 'cut.json': '{"submodels":[', 'good.json': '{}' })
  writeFileSync(join(directory, 'good.json'), JSON.stringify(nameplate))
  const files = ['picture.png', 'cut.json', 'good.json'].map((name) => join(directory, name))
  const { code, stdout } = await run([...files, '--format', 'json'])
  t.equal(code, 1)
  t.same(
    JSON.parse(stdout).documents.map(({ file }: { file: string }) => file),
    files
  )
})

t.test("an operator's own templates count", async (t) => {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Mine',
    examples: [{ semanticId }],
    required: ['administration']
  }
  const directory = testDirectory(t, { schemas: { 'mine.json': JSON.stringify(schema) } })
  const file = join(directory, 'nameplate.json')
  writeFileSync(file, JSON.stringify({ ...nameplate, administration: { version: '1' } }))
  t.equal((await run([file])).code, 1)
  t.equal((await run([file, '--schemas-dir', join(directory, 'schemas')])).code, 0)
})

t.test('missing arguments are reported', async (t) => {
  t.match(await run([]), { code: 1, stderr: 'validate needs a file\n' })
  t.match(await run(['x.json', '--format', 'xml']), { code: 1, stderr: /--format is "xml"/ })
  t.match(await run([join(testDirectory(t), 'nowhere.json')]), { code: 1, stderr: /nowhere\.json.*no such file/ })
})

t.test('a large file is read in bounded memory', async (t) => {
  const file = join(testDirectory(t), 'large.ndjson')
  const element = (index: number) => ({ modelType: 'Property', idShort: `P${index}`, valueType: 'xs:int', value: '1' })
  const submodelElements = Array.from({ length: 1000 }, (_, index) => element(index))
  async function* lines() {
    for (let index = 0; index < 800; index++) {
      yield `${JSON.stringify({ ...plain, id: `urn:${index}`, submodelElements })}\n`
    }
  }
  await pipeline(lines, createWriteStream(file))
  // Larger than the heap. With the small young generation that goes with it, most of the time would go into collections.
  const { code, stdout, stderr } = await run([file], ['--max-old-space-size=44', '--max-semi-space-size=4'])
  t.equal(code, 0, stderr)
  t.equal(stdout, 'Nothing is wrong with one file.\n')
})

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function run(args: readonly string[], node: readonly string[] = []): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { env: { PATH: process.env.PATH }, timeout: 180_000 }
    execFile(process.execPath, [...node, program, 'validate', ...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr })
    })
  })
}

async function* each<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items
}
