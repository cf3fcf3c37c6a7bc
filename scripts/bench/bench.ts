/**
 * `npm run bench`: every workload and its baseline in the same run. Both sides get the same requests from the same client
 * over loopback, in alternating rounds; the medians count. `--quick` for a first look, `--only NAME` for one
 * workload, `--peers` also beside other products (peers.ts), `--write` puts the table into docs/benchmarks.md or docs/mongodb.md. `--store mongodb`: the hub over a database, see
 * mongodb.ts.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import autocannon, { type Request } from 'autocannon'
import { accessRules } from './access.ts'
import { pushesByKey } from './access-columns.ts'
import { auditing } from './audit.ts'
import { blocking } from './blocking.ts'
import { inBrowser } from './browser.ts'
import { catchingUp } from './catch-up.ts'
import { type Child, type Settings, start } from './children.ts'
import { collecting } from './collection.ts'
import { compliance } from './compliance.ts'
import { twoCores } from './cores.ts'
import { encode, fill, fillWith, MARK, MARKED, submodel } from './data.ts'
import { day } from './day.ts'
import { flags } from './flags.ts'
import { i3xValues } from './i3x.ts'
import { agents } from './mcp.ts'
import { lines, ROUNDS, race, repeat, report, SECONDS, wanted } from './measure.ts'
import { memory } from './memory.ts'
import { reading } from './modbus.ts'
import { overMongo } from './mongodb.ts'
import { monitoring } from './opcua.ts'
import { peers } from './peers.ts'
import { profileCheck } from './profiles.ts'
import { randomAccess } from './random.ts'
import { rawData } from './raw.ts'
import { compare, inserts, JSON_TYPE, send, writes } from './requests.ts'
import { restPeer } from './rest-peer.ts'
import { keptRevisions } from './revisions.ts'
import { median } from './statistics.ts'
import { compileTime, documentsInstance, documentsTemplate, validationSides } from './validate.ts'

const MANY = flags.quick ? 20_000 : 1_000_000
const FEW = 1_000

/** Validation off: a hub would check pre-filled documents in the background during the measurement. */
const VALIDATION_OFF: Settings = { TEMPLATES: 'off' }

/** Submodels of 200 elements to revalidate. */
const CHECKED = flags.quick ? 2_000 : 5_000

// Next to the default data folder, not in a temporary one, which may be in memory: durability is measured too.
await mkdir('data', { recursive: true })
const directory = await mkdtemp(join('data', 'bench-'))
try {
  if (flags.store === 'mongodb') await overMongo(folder)
  else await embedded()
  await report()
} finally {
  await rm(directory, { recursive: true, force: true })
}

// ---- the workloads

async function embedded(): Promise<void> {
  if (wanted('get', 'value', 'patch', 'large', 'post')) await requests()
  await randomAccess(folder)
  await keptRevisions(folder)
  await i3xValues(folder)
  if (wanted('page', 'start')) await many()
  if (wanted('query')) await queries()
  if (wanted('bulk', 'registry')) await registry()
  if (wanted('validate')) await validation()
  if (wanted('profile')) await profileCheck(await folder('profile'))
  if (wanted('revalidate')) await revalidation()
  await auditing(folder)
  await accessRules(folder)
  await pushesByKey(folder)
  await collecting(folder)
  await monitoring(folder)
  await reading(folder)
  await catchingUp(folder)
  await compliance(folder)
  await agents(folder)
  await inBrowser(folder)
  await rawData(folder)
  await blocking(folder)
  await memory(folder)
  if (flags.only === 'day') await day(folder)
  await twoCores(folder)
  await peers(folder)
  await restPeer(folder)
}

async function requests(): Promise<void> {
  const api = '/api/v3/submodels'
  const hub = await start('hub.ts', await folder('hub'))
  for (const [id, properties] of [
    ['forty', 40],
    ['ten', 10],
    ['large', 10_000]
  ] as const) {
    await send(hub, 'POST', api, JSON.stringify(submodel(id, properties)))
  }
  const stored = await (await fetch(`${hub.url}${api}/${encode('forty')}`)).text()
  await writeFile(join(await folder('bare'), 'submodel.json'), stored)
  const bare = await start('bare.ts', join(directory, 'bare'))
  const value = (id: string, index: number) => `${api}/${encode(id)}/submodel-elements/Value${index}/$value`

  await compare({
    name: 'get',
    title: 'GET a submodel of 40 properties, stored unchanged',
    goal: 0.9,
    connections: 50,
    ours: { server: hub, requests: [{ path: `${api}/${encode('forty')}` }] },
    theirs: { server: bare, requests: [{ path: '/bytes' }] }
  })
  await compare({
    name: 'value',
    title: "GET one property's `$value`",
    goal: 0.8,
    connections: 50,
    ours: { server: hub, requests: [{ path: value('forty', 7) }] },
    theirs: { server: bare, requests: [{ path: '/small' }] }
  })
  await compare({
    name: 'patch',
    title: "PATCH one property's `$value`, durable before 204, 50 connections, ten values of one submodel",
    goal: 0.55,
    connections: 50,
    ours: { server: hub, requests: writes((index) => value('forty', index)) },
    theirs: { server: bare, requests: writes(() => '/nothing') }
  })
  await compare({
    name: 'large',
    title: 'the same PATCH in a submodel of 10,000 elements; baseline: in one of 10',
    goal: 0.85,
    connections: 50,
    ours: { server: hub, requests: writes((index) => value('large', 9_000 + index)) },
    theirs: { server: hub, requests: writes((index) => value('ten', index)) }
  })
  const post = {
    name: 'post' as const,
    connections: 50,
    ours: { server: hub, requests: [inserts(api)] }
  }
  await compare({
    ...post,
    title: 'POST a submodel of 40 properties, fully validated, durable; baseline commits each request by itself',
    goal: 0.5,
    theirs: { server: bare, requests: [inserts('/insert')] }
  })
  await compare({
    ...post,
    title: 'the same POST; baseline with group commit',
    theirs: { server: bare, requests: [inserts('/insert-grouped')] }
  })
  await Promise.all([hub.stop(), bare.stop()])
}

async function many(): Promise<void> {
  await fill(await folder('many'), MANY)
  await fill(await folder('few'), FEW)
  if (wanted('start')) await startTime(join(directory, 'many'))
  if (!wanted('page')) return
  const [large, small] = [
    await start('hub.ts', join(directory, 'many'), VALIDATION_OFF),
    await start('hub.ts', join(directory, 'few'), VALIDATION_OFF)
  ]
  await compare({
    name: 'page',
    title: `page of 100 submodels from the middle of ${MANY.toLocaleString('en')} stored; baseline: of ${FEW.toLocaleString('en')}`,
    goal: 0.8,
    connections: 10,
    ours: { server: large, requests: [{ path: await middle(large, MANY) }] },
    theirs: { server: small, requests: [{ path: await middle(small, FEW) }] }
  })
  await Promise.all([large.stop(), small.stop()])
}

/** Time from process start to the first response, and memory use then. */
async function startTime(directory: string): Promise<void> {
  const times: number[] = []
  const sizes: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const from = performance.now()
    const hub = await start('hub.ts', directory)
    await send(hub, 'GET', '/api/v3/submodels?limit=100')
    times.push((performance.now() - from) / 1000)
    sizes.push((await hub.rss()) / 1e6)
    await hub.stop()
  }
  const [seconds, megabytes] = [median(times), median(sizes)]
  lines.push({
    workload: `start with ${MANY.toLocaleString('en')} submodels stored, to the first page answered`,
    hub: `${seconds.toFixed(2)} s, RSS ${megabytes.toFixed(0)} MB`,
    baseline: '–',
    ratio: '–',
    goal: '< 2 s, < 400 MB',
    met: seconds < 2 && megabytes < 400 ? 'yes' : 'no'
  })
}

/** A query by semanticId, path and value with ten results, among many submodels and among few. */
async function queries(): Promise<void> {
  const count = MANY / 10
  await fill(await folder('hundred'), count, 50)
  await fill(await folder('thousand'), FEW, 50)
  const [large, small] = [
    await start('hub.ts', join(directory, 'hundred'), VALIDATION_OFF),
    await start('hub.ts', join(directory, 'thousand'), VALIDATION_OFF)
  ]
  const body = JSON.stringify({
    $select: 'id',
    $condition: {
      $and: [
        { $eq: [{ $field: '$sm#semanticId' }, { $strVal: 'https://bench.example/semantics/data/1/0' }] },
        { $eq: [{ $field: '$sme.Value0#value' }, { $numVal: Number(MARK) }] }
      ]
    }
  })
  const request: Request = { method: 'POST', path: '/api/v3/query/submodels', headers: JSON_TYPE, body }
  const found = (await send(large, 'POST', '/api/v3/query/submodels', body)) as { result: string[] }
  if (found.result.length !== MARKED) throw new Error(`The query found ${found.result.length}`)
  const times: number[] = []
  for (let turn = 0; turn < 50; turn++) {
    const from = performance.now()
    await send(large, 'POST', '/api/v3/query/submodels', body)
    times.push(performance.now() - from)
  }
  lines.push({
    workload: `one AASQL query by semanticId and value at a path over ${count.toLocaleString('en')} submodels of 50 elements, 10 answers`,
    hub: `${median(times).toFixed(1)} ms`,
    baseline: '–',
    ratio: '–',
    goal: '< 10 ms',
    met: median(times) < 10 ? 'yes' : 'no'
  })
  await compare({
    name: 'query',
    title: `the same query under load; baseline: over ${FEW.toLocaleString('en')} submodels`,
    goal: 0.5,
    connections: 10,
    ours: { server: large, requests: [request] },
    theirs: { server: small, requests: [request] }
  })
  await Promise.all([large.stop(), small.stop()])
}

/** A descriptor by id, and the effect of a bulk registration on other requests. */
async function registry(): Promise<void> {
  const hub = await start('hub.ts', await folder('registry'))
  const descriptor = (id: string) => ({
    id,
    endpoints: [{ interface: 'SUBMODEL-3.1', protocolInformation: { href: `https://bench.example/${id}` } }]
  })
  const stored = JSON.stringify(descriptor('one'))
  await send(hub, 'POST', '/api/v3/submodel-descriptors', stored)
  await writeFile(join(await folder('bare-registry'), 'submodel.json'), stored)
  const bare = await start('bare.ts', join(directory, 'bare-registry'))
  const one = `/api/v3/submodel-descriptors/${encode('one')}`
  await compare({
    name: 'registry',
    title: 'GET a submodel descriptor; baseline: a bare route sending the same bytes',
    goal: 0.9,
    connections: 50,
    ours: { server: hub, requests: [{ path: one }] },
    theirs: { server: bare, requests: [{ path: '/bytes' }] }
  })
  if (wanted('bulk')) {
    const [quiet, busy]: [number[], number[]] = [[], []]
    for (let turn = 0; turn < ROUNDS; turn++) {
      quiet.push(await p99Of(hub, one, 2))
      const ids = Array.from({ length: 10_000 }, (_, index) => `bulk${turn}.${index}`)
      const [p99] = await Promise.all([p99Of(hub, one, 2), register(hub, ids.map(descriptor))])
      busy.push(p99)
    }
    tellP99('while 10,000 descriptors are registered in one job', median(busy), median(quiet))
  }
  await Promise.all([hub.stop(), bare.stop()])
}

/** Registers descriptors in one job, and asks for its state until it is done. */
async function register(hub: Child, descriptors: readonly object[]): Promise<void> {
  const request = { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(descriptors) }
  const { headers } = await fetch(`${hub.url}/api/v3/bulk/submodel-descriptors`, request)
  const status = new URL(headers.get('location') ?? '', `${hub.url}/api/v3/bulk/submodel-descriptors`)
  for (let code = 200; code === 200; ) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    code = (await fetch(status, { redirect: 'manual' })).status
  }
  const { status: result } = await fetch(String(status).replace('/status/', '/result/'))
  if (result !== 204) throw new Error(`The job has failed: ${result}`)
}

/** The latency of requests while all submodels are revalidated, as after a schema change. */
async function revalidation(): Promise<void> {
  const [schemas, data] = [await folder('templates'), await folder('documents')]
  await writeFile(join(schemas, 'documents.json'), JSON.stringify(documentsTemplate()))
  const ids = Array.from({ length: CHECKED }, (_, index) => `https://bench.example/documents/${index}`)
  await fillWith(data, ids.map(documentsInstance))
  const [quiet, busy] = [
    await start('hub.ts', await folder('no-documents'), { SCHEMAS_DIR: schemas }),
    await start('hub.ts', data, { SCHEMAS_DIR: schemas })
  ]
  const one = `/api/v3/submodels/${encode('one')}/$value`
  for (const hub of [quiet, busy]) await send(hub, 'POST', '/api/v3/submodels', JSON.stringify(submodel('one', 10)))
  // Warm-up: the first requests of a process are slow.
  for (const hub of [quiet, busy]) await p99Of(hub, one, 1)
  const [meanwhile, without]: [number[], number[]] = [[], []]
  for (let turn = 0; turn < ROUNDS; turn++) {
    meanwhile.push(await p99Of(busy, one, SECONDS))
    without.push(await p99Of(quiet, one, SECONDS))
  }
  const metrics = await (await fetch(`${busy.url}/metrics`)).text()
  const checked = Number(/documents\{kind="Validation"\} (\d+)/.exec(metrics)?.[1] ?? 0)
  if (checked >= CHECKED) throw new Error('All submodels were checked before the latency was measured')
  tellP99(
    `while ${CHECKED.toLocaleString('en')} submodels of 200 elements are checked again`,
    median(meanwhile),
    median(without)
  )
  await Promise.all([quiet.stop(), busy.stop()])
}

/** The 99th percentile of latency in milliseconds, at 1,000 requests per second. */
async function p99Of(hub: Child, path: string, duration: number): Promise<number> {
  return (await autocannon({ url: hub.url + path, connections: 5, duration, overallRate: 1000 })).latency.p99
}

function tellP99(meanwhile: string, busy: number, quiet: number): void {
  lines.push({
    workload: `p99 of GET at 1,000 requests a second ${meanwhile}; baseline: without`,
    hub: `${busy} ms`,
    baseline: `${quiet} ms`,
    ratio: (busy / Math.max(quiet, 1)).toFixed(2),
    goal: '≤ 2',
    met: busy <= 2 * Math.max(quiet, 1) ? 'yes' : 'no'
  })
}

/** URL of the page in the middle of the list. */
async function middle(hub: Child, count: number): Promise<string> {
  let cursor = ''
  for (let read = 0; read < count / 2; read += 500) {
    const page = await send(hub, 'GET', `/api/v3/submodels/$reference?limit=500${cursor}`)
    const next = (page as { paging_metadata: { cursor?: string } }).paging_metadata.cursor
    if (next === undefined) throw new Error('The list ended early')
    cursor = `&cursor=${encodeURIComponent(next)}`
  }
  return `/api/v3/submodels?limit=100${cursor}`
}

/** In this process: only CPU time matters. */
async function validation(): Promise<void> {
  const title =
    'validate a submodel of 200 elements against metamodel and template; baseline: aas-core, metamodel alone'
  const sides = validationSides()
  const { milliseconds, count } = compileTime()
  await race({
    title,
    goal: 3,
    ours: (seconds) => repeat(sides.ours, seconds),
    theirs: (seconds) => repeat(sides.theirs, seconds)
  })
  lines.push({
    workload: `compile the schemas of all ${count} templates; the hub does so when one is first needed`,
    hub: `${(milliseconds / 1000).toFixed(2)} s`,
    baseline: '–',
    ratio: '–',
    goal: '< 1 s, or lazily',
    met: milliseconds < 1000 ? 'yes' : 'lazily'
  })
}

async function folder(name: string): Promise<string> {
  const path = join(directory, name)
  await mkdir(path, { recursive: true })
  return path
}
