/**
 * Third-party readers read the hub's exported packages, XML and JSON: AAS4J, the BaSyx Python SDK, and a strict reader of
 * the Open Packaging Conventions. Every link must lead each of them to the attached bytes. Uses random plants with hostile
 * file names, then published packages if present.
 * Needs Python 3, Java and Maven.
 *
 *   node scripts/conformance/packages.ts
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { encodeId } from '../../src/model/identifier.ts'
import { submodel as anySubmodel } from '../../test/arbitrary.ts'
import { addressOf, attachments, plant } from '../../test/metamorphic/plants.ts'
import { withHub } from './hub.ts'
import { javaProgram } from './java.ts'
import { publishedPackages } from './published-packages.ts'
import { BASYX, tool } from './python.ts'

const ROUNDS = Number(process.env.PACKAGE_ROUNDS ?? 25)
const TYPES = {
  aasx: 'application/asset-administration-shell-package',
  xml: 'application/xml',
  json: 'application/json'
}
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))

interface Answers {
  readonly aas4j: {
    readonly error?: string
    readonly environment?: Environment
    readonly files?: Record<string, string>
  }
  readonly basyx: { readonly error?: string; readonly ids?: string[]; readonly files?: string[] }
  readonly opc: { readonly error?: string; readonly links?: Record<string, string | null>; readonly faults?: string[] }
}

type Environment = Readonly<Record<string, readonly { readonly id: string }[]>>

let [passed, failed] = [0, 0]
const folder = mkdtempSync(join(tmpdir(), 'aas-hub-packages-'))
const java = lines('java', await javaProgram(here('java/PackageReader.java')))
const python = lines(await tool(BASYX, 'python'), [here('packages.py')])
try {
  await withHub(async (url, api) => {
    await randomPlants(url, api)
    await exportPublished(url, api)
  })
} finally {
  java.end()
  python.end()
  rmSync(folder, { recursive: true, force: true })
}
console.log(`${passed} passed, ${passed === 0 ? 1 : failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0

async function randomPlants(url: string, api: string): Promise<void> {
  for (const [round, names] of fc.sample(attachments, ROUNDS).entries()) {
    const id = String(round)
    const { shell, submodel } = plant(id)
    const [other] = fc.sample(anySubmodel, 1)
    for (const [path, body] of [
      ['shells', shell],
      ['submodels', submodel],
      ['submodels', { ...other, id: `urn:any:${id}` }]
    ] as const)
      await send('POST', `${api}/${path}`, JSON.stringify(body), { 'content-type': 'application/json' })
    const digests: string[] = []
    for (const [path, name] of Object.entries(names)) {
      const text = `${id} ${path} ${name}`
      const form = new FormData()
      form.append('fileName', name)
      form.append('file', new Blob([text], { type: 'application/pdf' }), 'upload')
      await send('PUT', api + addressOf(id, path), form)
      digests.push(createHash('sha256').update(text).digest('hex'))
    }
    const query = `aasIds=${encodeId(shell.id)}&submodelIds=${encodeId(submodel.id)}`
    const { answers, bytes } = await exported(api, query, 'aasx')
    const name = `plant ${id}`
    const wanted = digests.toSorted()
    check(
      `${name}: AAS4J finds the files`,
      answers.aas4j.error ?? Object.values(answers.aas4j.files ?? {}).sort(),
      wanted
    )
    check(`${name}: BaSyx finds the files`, answers.basyx.error ?? answers.basyx.files, digests.toSorted())
    check(`${name}: by the letter`, answers.opc.error ?? answers.opc.faults, [])
    check(`${name}: every link leads to its bytes`, Object.values(answers.opc.links ?? {}).sort(), digests.toSorted())
    // Import and export again: the same links must lead to the same bytes.
    await send('POST', `${url}/upload?existing=replace`, bytes, { 'content-type': TYPES.aasx })
    const again = await exported(api, query, 'aasx')
    check(`${name}: the same again`, again.answers.opc.links, answers.opc.links)

    const documents = `${query}&submodelIds=${encodeId(`urn:any:${id}`)}`
    const [xml, json] = [await exported(api, documents, 'xml'), await exported(api, documents, 'json')]
    check(
      `${name}: AAS4J reads XML`,
      xml.answers.aas4j.error ?? idsOf(xml.answers.aas4j.environment),
      [`urn:any:${id}`, submodel.id, shell.id].sort()
    )
    check(
      `${name}: and the same in JSON`,
      json.answers.aas4j.error ?? unordered(json.answers.aas4j.environment),
      unordered(xml.answers.aas4j.environment)
    )
  }
}

async function exportPublished(url: string, api: string): Promise<void> {
  for (const { path, name } of publishedPackages()) {
    const sent = await fetch(`${url}/upload?existing=replace`, {
      method: 'POST',
      body: readFileSync(path),
      headers: { 'content-type': TYPES.aasx }
    })
    const report = (await sent.json()) as UploadReport
    // This hub is strict, so it does not export documents that break rules.
    if (!sent.ok) continue
    const dangling = report.warnings.flatMap(({ text }) => /^"(.*)" leads to a file/.exec(text)?.[1] ?? [])
    const of = (modelType: string) => [...report.created, ...report.replaced].filter((it) => it.modelType === modelType)
    const query = [
      ...of('AssetAdministrationShell').map(({ id }) => `aasIds=${encodeId(id)}`),
      ...of('Submodel').map(({ id }) => `submodelIds=${encodeId(id)}`)
    ].join('&')
    const { answers } = await exported(api, query, 'aasx')
    const links = Object.entries(answers.opc.links ?? {})
    const dead = links.flatMap(([link, digest]) => (digest === null ? [link] : []))
    check(`${name}: by the letter`, answers.opc.error ?? answers.opc.faults, [])
    check(
      `${name}: no link leads nowhere but where it did`,
      dead.filter((link) => !dangling.includes(link)),
      []
    )
    // Whatever they read before the round trip, they must read after it.
    if (((await java.ask(path)) as Answers['aas4j']).error === undefined)
      check(`${name}: AAS4J reads it`, answers.aas4j.error, undefined)
    const { basyx } = (await python.ask(path)) as Answers
    if (basyx.error === undefined) check(`${name}: BaSyx reads it`, answers.basyx.error, undefined)
  }
}

interface UploadReport {
  readonly created: readonly { readonly modelType: string; readonly id: string }[]
  readonly replaced: UploadReport['created']
  readonly warnings: readonly { readonly text: string }[]
}

/** An environment exported by the hub, and the results of the readers. */
async function exported(
  api: string,
  query: string,
  form: keyof typeof TYPES
): Promise<{ bytes: Buffer<ArrayBuffer>; answers: Answers }> {
  const answer = await fetch(`${api}/serialization?${query}`, { headers: { accept: TYPES[form] } })
  const bytes = Buffer.from(await answer.arrayBuffer())
  if (!answer.ok) throw new Error(`${answer.status} ${bytes.toString()}`)
  const path = join(folder, `exported.${form}`)
  writeFileSync(path, bytes)
  const aas4j = (await java.ask(path)) as Answers['aas4j']
  const others = form === 'aasx' ? ((await python.ask(path)) as Omit<Answers, 'aas4j'>) : { basyx: {}, opc: {} }
  return { bytes, answers: { aas4j, ...others } }
}

function idsOf(environment: Environment = {}): string[] {
  return Object.values(environment)
    .flatMap((documents) => documents.map(({ id }) => id))
    .sort()
}

/** AAS4J groups elements by kind when reading XML, so their order is not compared. */
function unordered(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => JSON.stringify(unordered(item))).sort()
  return Object.entries(value)
    .map(([name, member]) => [name, unordered(member)])
    .sort()
}

function check(name: string, found: unknown, wanted: unknown): void {
  const [one, other] = [found, wanted].map((it) => JSON.stringify(it))
  if (one === other) passed++
  else failed++
  if (one === other) return
  // Starting shortly before the first difference.
  let at = 0
  while (one?.[at] === other?.[at]) at++
  const [found_, wanted_] = [one, other].map((text) => text?.slice(Math.max(at - 200, 0), at + 300))
  console.log(`wrong ${name}: … ${found_} … is not … ${wanted_} …`)
}

/** A program that answers each line with a line of JSON. */
function lines(command: string, args: readonly string[]): { ask(line: string): Promise<unknown>; end(): void } {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'], cwd: tmpdir() })
  const reader = createInterface({ input: child.stdout })
  const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`${command} ended with ${code}`)))
  ended.catch(() => {})
  return {
    async ask(line) {
      const answer = once(reader, 'line')
      child.stdin.write(`${line}\n`)
      const [text] = (await Promise.race([answer, ended])) as [string]
      return JSON.parse(text)
    },
    end: () => child.kill()
  }
}

async function send(
  method: string,
  url: string,
  body: string | Uint8Array<ArrayBuffer> | FormData,
  headers: Record<string, string> = {}
): Promise<void> {
  const answer = await fetch(url, { method, body, headers })
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`)
}
