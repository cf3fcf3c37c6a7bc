/**
 * Leniency has no cliff: what a lenient hub has stored, every operation of the standard can be asked about. Each document
 * that a strict hub refuses is uploaded, and then all operations that can address it are called, reads first.
 */
import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { unstorable } from '../../src/formats/json.ts'
import type { Identifiable } from '../../src/model/types.ts'
import { embedded, encode, type Reply, type Running, start } from './harness.ts'

/** All of them take minutes, which `.ci/run` has. */
const EVERY = Number(process.env.LENIENT_EVERY ?? (embedded === false ? 20 : 100))
const TOGETHER = 4
/** The mounts share their handlers, so that not every document is asked for at every one of them. */
const EVERYWHERE = 10

const folder = new URL('../../../shared/', import.meta.url)
const casesFile = new URL('testdata/http-cases-3.1.jsonl', folder)
const routesFile = new URL('spec/operations-3.1.2.json', folder)
const absent = existsSync(casesFile) && existsSync(routesFile) ? false : 'the cases are not at hand'

interface Case {
  readonly id: string
  readonly accept: boolean
  readonly path: '/shells' | '/submodels' | '/concept-descriptions'
  readonly body: Identifiable
}

interface Route {
  readonly method: string
  readonly path: string
  readonly requestBodyContentTypes: readonly string[]
}

const cases = absent
  ? []
  : readFileSync(casesFile, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line): Case => JSON.parse(line))
const routes: readonly Route[] = absent ? [] : JSON.parse(readFileSync(routesFile, 'utf8')).routes

const GROUPS = {
  '/shells': 'assetAdministrationShells',
  '/submodels': 'submodels',
  '/concept-descriptions': 'conceptDescriptions'
} as const
const CLASSES = {
  '/shells': 'AssetAdministrationShell',
  '/submodels': 'Submodel',
  '/concept-descriptions': 'ConceptDescription'
} as const
const HOLDER = 'urn:holder'
const AASX = 'application/asset-administration-shell-package+xml'

t.test(
  'what is stored leniently can be asked, exported and deleted by every operation',
  { skip: absent },
  async (t) => {
    const refused = cases.filter(({ accept }) => !accept)
    const sample = refused.filter((_, index) => index % EVERY === 0).map(withIdOfItsOwn)
    const hub = await start(t, { LENIENT: 'true' })
    const faults: string[] = []
    const stored: Case[] = []
    for (const one of sample) {
      const { status, text } = await upload(hub, { [GROUPS[one.path]]: [one.body] })
      if (status === 201) stored.push(one)
      // What is left out has another shape than its class, or no address.
      else if (status !== 400 || unstorable(CLASSES[one.path], one.body).length === 0)
        faults.push(`${one.id}: ${status} ${text}`)
    }
    t.ok(stored.length > sample.length / 2, `${stored.length} of ${sample.length} documents are stored`)
    await hold(hub, stored)
    for (const form of ['application/json', 'application/xml', AASX]) await exported(hub, form, stored.length, faults)
    for (const path of wholes) expect(await hub.get(path), 200, `GET ${path}`, faults)
    for (const subject of ['shells', 'submodels', 'concept-descriptions', 'shell-descriptors', 'submodel-descriptors'])
      expect(await hub.post(`/query/${subject}`, everything), 200, `query ${subject}`, faults)

    const waiting = [...stored]
    await Promise.all(
      Array.from({ length: TOGETHER }, async () => {
        for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) await askEverything(hub, one, faults)
      })
    )
    t.same(faults, [])
  }
)

const wholes = [
  ...['/shells', '/shells/$reference', '/submodels', '/submodels/$metadata', '/submodels/$value', '/submodels/$path'],
  ...['/submodels/$reference', '/concept-descriptions', '/shell-descriptors', '/submodel-descriptors', '/lookup/shells']
].map((path) => `${path}?limit=1000`)

const everything = { $condition: { $not: { $boolean: false } } }

/** Cases share ids. One whose id is at fault keeps it. */
function withIdOfItsOwn(one: Case, index: number): Case {
  const { id } = one.body
  const isAtFault = typeof id !== 'string' || id === '' || one.id.includes('/id/') || id.length > 2000
  return isAtFault ? one : { ...one, body: { ...one.body, id: `urn:case:${index}` } }
}

function upload(hub: Running, body: unknown): Promise<Reply> {
  return hub.ask('POST', `${hub.url}/upload`, JSON.stringify(body), { 'content-type': 'application/json' })
}

/** A shell that refers to all submodels, so that each can be asked for below a shell. */
async function hold(hub: Running, stored: readonly Case[]): Promise<void> {
  const submodels = stored
    .filter(({ path }) => path === '/submodels')
    .map(({ body }) => ({ type: 'ModelReference', keys: [{ type: 'Submodel', value: body.id }] }))
  await upload(hub, {
    assetAdministrationShells: [
      {
        modelType: 'AssetAdministrationShell',
        id: HOLDER,
        assetInformation: { assetKind: 'Type', globalAssetId: 'urn:a' },
        submodels
      }
    ]
  })
}

/** The export is complete, and can be taken in again. */
async function exported(hub: Running, form: string, count: number, faults: string[]): Promise<void> {
  const response = await fetch(`${hub.api}/serialization`, { headers: { accept: form } })
  const other = await start(t, { LENIENT: 'true' })
  const body = new Uint8Array(await response.arrayBuffer())
  const taken = await other.ask('POST', `${other.url}/upload`, body, { 'content-type': form })
  const created = taken.json?.created?.length
  if (created !== count + 1) faults.push(`${form}: ${created} of ${count + 1} documents: ${taken.text.slice(0, 500)}`)
  await other.stop()
}

function expect({ status, text }: Reply, wanted: number, what: string, faults: string[]): void {
  if (status !== wanted) faults.push(`${what}: ${status}, expected ${wanted}: ${text.slice(0, 300)}`)
}

async function askEverything(hub: Running, { id, path, body }: Case, faults: string[]): Promise<void> {
  const one = `${path}/${encode(body.id)}`
  expect(await hub.get(one), 200, `${id}: GET`, faults)
  const paths = path === '/submodels' ? ((await hub.get(`${one}/$path`)).json as string[]) : []
  // The first, the last and the deepest; what is said of elements goes for all.
  const chosen = new Set([paths[0], paths.at(-1), paths.toSorted((a, b) => b.length - a.length)[0]])
  for (const element of chosen)
    if (element !== undefined)
      await readElement(hub, `${one}/submodel-elements/${encodeURIComponent(element)}`, id, faults)

  const isEverywhere = asked++ % EVERYWHERE === 0
  const operations = routes
    .filter((route) => addresses(route, path) && (isEverywhere || route.path.startsWith(path)))
    .toSorted((a, b) => rank(a) - rank(b))
  for (const route of operations) {
    const element = [...chosen].findLast((one) => one !== undefined) ?? 'none'
    const reply = await hub.ask(
      route.method,
      addressOf(route, path, body.id, element),
      await bodyFor(hub, route, one, element)
    )
    if (reply.status >= 500) faults.push(`${id}: ${route.method} ${route.path}: ${reply.status} ${reply.text}`)
  }
  // From the end on, as indexes move up.
  for (const element of path === '/submodels'
    ? (((await hub.get(`${one}/$path`)).json ?? []) as string[]).toReversed()
    : []) {
    if (!/[.[]/.test(element))
      expect(
        await hub.remove(`${one}/submodel-elements/${encodeURIComponent(element)}`),
        204,
        `${id}: DELETE ${element}`,
        faults
      )
  }
  expect(await hub.remove(one), 204, `${id}: DELETE`, faults)
  expect(await hub.get(one), 404, `${id}: GET after DELETE`, faults)
}

async function readElement(hub: Running, at: string, id: string, faults: string[]): Promise<void> {
  for (const content of ['', '/$reference'])
    expect(await hub.get(`${at}${content}`), 200, `${id}: GET ${at}${content}`, faults)
}

/** Packages, bulk jobs and queries are about no document; what takes the document itself away comes at the very end. */
function addresses({ method, path }: Route, kind: Case['path']): boolean {
  if (path.startsWith('/packages') || path.startsWith('/bulk') || path.startsWith('/query')) return false
  if (method === 'DELETE' && !/element|attachment|thumbnail|refs/.test(path)) return false
  if (kind === '/concept-descriptions') return path.includes('{cdIdentifier}')
  const isOfSubmodel = path.includes('{submodelIdentifier}') || /^\/submodel(?=\/|$)/.test(path)
  if (kind === '/submodels') return isOfSubmodel
  return !isOfSubmodel && (path.includes('{aasIdentifier}') || /^\/aas(?=\/|$)/.test(path))
}

function rank({ method }: Route): number {
  return ['GET', 'PATCH', 'PUT', 'POST', 'DELETE'].indexOf(method)
}

function addressOf({ path }: Route, kind: Case['path'], id: string, element: string): string {
  const shell = kind === '/shells' ? encode(id) : encode(HOLDER)
  const service = /^\/aas(\/|$)/.test(path)
    ? `/aas-services/${shell}`
    : /^\/submodel(\/|$)/.test(path)
      ? `/submodel-services/${encode(id)}`
      : ''
  return (service + path)
    .replace('{aasIdentifier}', shell)
    .replace('{submodelIdentifier}', encode(id))
    .replace('{cdIdentifier}', encode(id))
    .replace('{idShortPath}', encodeURIComponent(element))
    .replace('{handleId}', encode('handle'))
}

/** What the hub itself answers to the same question, so that a write changes nothing; else something valid. */
async function bodyFor(
  hub: Running,
  { method, path, requestBodyContentTypes }: Route,
  one: string,
  element: string
): Promise<unknown> {
  if (requestBodyContentTypes.length === 0) return undefined
  if (requestBodyContentTypes.includes('multipart/form-data')) {
    const form = new FormData()
    form.append('file', new Blob(['bytes'], { type: 'text/plain' }), 'a.txt')
    return form
  }
  if (path.includes('/invoke')) return { inputArguments: [] }
  if (path.startsWith('/lookup')) return [{ name: 'serial', value: '1' }]
  if (path.endsWith('/submodel-refs'))
    return { type: 'ModelReference', keys: [{ type: 'Submodel', value: 'urn:other' }] }
  if (method === 'POST') return { modelType: 'Capability', idShort: `Added${additions++}` }
  const content = /\$(?:metadata|value)$/.exec(path)?.[0]
  const at = path.includes('{idShortPath}') ? `${one}/submodel-elements/${encodeURIComponent(element)}` : one
  const from = path.includes('asset-information')
    ? `${one}/asset-information`
    : content === undefined
      ? at
      : `${at}/${content}`
  return (await hub.get(from)).json ?? {}
}

let additions = 0
let asked = 0
