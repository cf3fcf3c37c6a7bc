/**
 * Packages that go through the hub keep their files: whatever these are called, every link leads to its bytes, in what
 * the hub writes, after it was read again, and in what is written then.
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import t from 'tap'
import { encode, type Running, start } from '../e2e/harness.ts'
import { type OpcPackage, readOpc } from './opc.ts'
import { addressOf, attachments, plant } from './plants.ts'

/** Set, every published package is tried, too. */
const { PACKAGE_ROUNDS } = process.env
const ROUNDS = Number(PACKAGE_ROUNDS ?? 8)
const all = PACKAGE_ROUNDS !== undefined
const AASX = 'application/asset-administration-shell-package+xml'
const shared = fileURLToPath(new URL('../../../shared/', import.meta.url))

t.test('files attached under any name are found in the package, by others and after it was read again', async (t) => {
  const [first, second] = [await start(t), await start(t)]
  let round = 0
  await fc.assert(
    fc.asyncProperty(attachments, async (names) => {
      const id = String(round++)
      const { shell, submodel } = plant(id)
      await taken(first.post('/shells', shell))
      await taken(first.post('/submodels', submodel))
      const texts = new Map<string, string>()
      for (const [path, name] of Object.entries(names)) {
        const text = `${id} ${path} ${name}`
        texts.set(path, text)
        const form = new FormData()
        form.append('fileName', name)
        form.append('file', new Blob([text], { type: 'application/pdf' }), 'upload')
        await taken(first.put(addressOf(id, path), form))
      }
      const written = await readOpc(await exported(first, id))
      checkLinks(written, [...texts.values()])
      const { warnings } = await uploaded(second, await exported(first, id))
      if (warnings.length > 0) throw new Error(JSON.stringify(warnings))
      for (const [path, text] of texts) {
        const got = await second.get(addressOf(id, path))
        if (got.text !== text) throw new Error(`${path} is ${got.status} ${got.text}`)
      }
      same(await readOpc(await exported(second, id)), written)
    }),
    { numRuns: ROUNDS, endOnFailure: true }
  )
  t.pass(`${round} plants`)
})

const published = ['testdata', 'templates', 'faults'].flatMap((folder) =>
  existsSync(join(shared, folder))
    ? readdirSync(join(shared, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.aasx'))
        .map((name) => join(shared, folder, name))
    : []
)

t.test(
  'published packages keep every file through two hubs',
  { skip: published.length === 0 && 'the shared packages are not at hand' },
  async (t) => {
    const [first, second] = [await start(t, { LENIENT: 'true' }), await start(t, { LENIENT: 'true' })]
    for (const path of published.filter((_, index) => all || index % 4 === 0)) {
      const report = await uploaded(first, readFileSync(path))
      const once = await exported(first)
      const written = await readOpc(once)
      const missing = report.warnings.filter(({ text }: { text: string }) => /not in the package/.test(text)).length
      const inside = written.links.filter(({ link }) => !/^[a-z]+:\/\/[^/]/i.test(link))
      t.equal(inside.filter(({ part }) => part === undefined).length, missing, `${path}: links`)
      t.equal(written.files.size, report.files, `${path}: files`)
      t.same(written.faults, [], `${path}: faults`)
      const again = await uploaded(second, once)
      t.same(summary(await readOpc(await exported(second))), summary(written), `${path}: the same again`)
      for (const [hub, { created }] of [[first, report] as const, [second, again] as const]) {
        for (const { modelType, id } of created) await taken(hub.remove(`/${FOLDERS[modelType]}/${encode(id)}`))
      }
    }
  }
)

const FOLDERS: Readonly<Record<string, string>> = {
  AssetAdministrationShell: 'shells',
  Submodel: 'submodels',
  ConceptDescription: 'concept-descriptions'
}

async function exported(hub: Running, id?: string): Promise<Buffer> {
  const query = id === undefined ? '' : `?aasIds=${encode(`urn:shell:${id}`)}&submodelIds=${encode(`urn:docs:${id}`)}`
  const response = await fetch(`${hub.api}/serialization${query}`, { headers: { accept: AASX } })
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  return Buffer.from(await response.arrayBuffer())
}

// biome-ignore lint/suspicious/noExplicitAny: a report as JSON
async function uploaded(hub: Running, bytes: Buffer): Promise<any> {
  return (await taken(hub.ask('POST', `${hub.url}/upload`, bytes, { 'content-type': AASX }))).json
}

async function taken<R extends { status: number; text: string }>(reply: Promise<R>): Promise<R> {
  const got = await reply
  if (got.status >= 300) throw new Error(`${got.status} ${got.text}`)
  return got
}

/** Every link leads to the bytes that it should, in document order after the thumbnail's. */
function checkLinks({ links, files, faults, thumbnail }: OpcPackage, texts: readonly string[]): void {
  if (faults.length > 0) throw new Error(faults.join('\n'))
  const digests = links.map(({ part }) => files.get(part ?? ''))
  const [picture, ...others] = digests
  const wanted = texts.map((text) => createHash('sha256').update(text).digest('hex'))
  const found = [...others, picture]
  if (JSON.stringify(found) !== JSON.stringify(wanted)) throw new Error(JSON.stringify(links))
  // Readers on Apache POI fail on escapes of ASCII characters.
  for (const name of files.keys()) if (/%[0-7]/.test(name)) throw new Error(`${name} cannot be opened by AAS4J`)
  if (files.get(thumbnail ?? '') !== wanted.at(-1)) throw new Error(`the thumbnail is ${thumbnail}`)
}

function summary({ files, links, thumbnail }: OpcPackage): object {
  return { files: [...files].sort(), links, thumbnail }
}

function same(one: OpcPackage, other: OpcPackage): void {
  const [a, b] = [summary(one), summary(other)].map((it) => JSON.stringify(it))
  if (a !== b) throw new Error(`${a}\nis not\n${b}`)
}
