/**
 * Random rules, claims and submodels: what a caller sees by the stream, as events and in tables is what a naive evaluator
 * allows, written from the meaning of rules only.
 */
import { join } from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { extensionEndpoints } from '../../src/app/extension-endpoints.ts'
import type { Submodel } from '../../src/model/types.ts'
import { walk } from '../../src/model/walk.ts'
import { rightsOf } from '../../src/security/rights.ts'
import { claim, eq, field, type Json, rule, str } from '../security/fixture.ts'
import { testDirectory } from '../test-directory.ts'
import { inTime } from '../until.ts'
import { compareSeries, compareTools } from './compare-tools.ts'
import { listen } from './event-source.ts'
import { encode, type Running } from './harness.ts'
import { compareI3x, I3X_COMPARED } from './random-i3x.ts'
import { isOfPackages, readingRoutes } from './random-routes.ts'
import { bearer, secured } from './secured-hub.ts'
import { type Received, StreamClient } from './stream-client.ts'
import { unzip } from './unzip.ts'

const AASX = 'application/asset-administration-shell-package'
const PATHS = ['Aa', 'Bb', 'Cc', 'Cc.Aa', 'Cc.Bb'] as const
const SERIES = PATHS.filter((path) => path !== 'Cc')
const names = ['Aa', 'Bb', 'Cc'] as const

interface RandomRule {
  /** Undefined: any submodel. */
  readonly id: 0 | 1 | undefined
  readonly path: (typeof PATHS)[number] | undefined
  readonly role: string | undefined
  /** Of the submodel. */
  readonly semanticId: string | undefined
  /** Of the element Aa. */
  readonly value: string | undefined
  /** The idShort of elements that a filter hides. */
  readonly hidden: string | undefined
}

interface RandomSubmodel {
  readonly semanticId: string
  readonly value: string
}

interface World {
  readonly rules: readonly RandomRule[]
  readonly submodels: readonly RandomSubmodel[]
  readonly role: string
}

const optional = <Value>(one: fc.Arbitrary<Value>) => fc.option(one, { nil: undefined, freq: 2 })
const texts = fc.constantFrom('x', 'y')

const worlds: fc.Arbitrary<World> = fc.record({
  rules: fc.array(
    fc.record({
      id: fc.constantFrom(0 as const, 1 as const, undefined),
      path: optional(fc.constantFrom(...PATHS)),
      role: optional(texts),
      semanticId: optional(texts),
      value: optional(texts),
      hidden: optional(fc.constantFrom(...names))
    }),
    { minLength: 1, maxLength: 4 }
  ),
  submodels: fc.tuple(fc.record({ semanticId: texts, value: texts }), fc.record({ semanticId: texts, value: texts })),
  role: texts
})

/** An element is visible, and its submodel, but not the collection between them. */
const hiddenBetween: World = {
  rules: [
    { id: 1, path: undefined, role: undefined, semanticId: undefined, value: undefined, hidden: 'Cc' },
    { id: undefined, path: 'Cc.Aa', role: undefined, semanticId: undefined, value: undefined, hidden: undefined }
  ],
  submodels: [
    { semanticId: 'x', value: 'y' },
    { semanticId: 'x', value: 'y' }
  ],
  role: 'x'
}

// ---- the naive evaluator

function isVisible({ rules, submodels, role }: World, id: number, path: string): boolean {
  const { semanticId, value } = submodels[id] as RandomSubmodel
  return rules.some((one) => {
    if (one.id !== undefined && one.id !== id) return false
    if (one.path !== undefined && path !== one.path && !path.startsWith(`${one.path}.`)) return false
    if (one.role !== undefined && one.role !== role) return false
    if (one.semanticId !== undefined && one.semanticId !== semanticId) return false
    if (one.value !== undefined && one.value !== value) return false
    // Hidden elements hide what is below them, as far as the rule shows it.
    const steps = path.split('.').slice((one.path?.split('.').length ?? 1) - 1)
    return one.hidden === undefined || !steps.includes(one.hidden)
  })
}

/** All of a submodel, so that a package with it is visible. */
function isWhole(world: World, id: number): boolean {
  const isFramed = isVisible({ ...world, rules: world.rules.filter(({ path }) => path === undefined) }, id, '')
  return isFramed && PATHS.every((path) => isVisible(world, id, path))
}

// ---- the same for the hub

function written({ id, path, role, semanticId, value, hidden }: RandomRule, ids: readonly string[]): Json {
  const named = id === undefined ? '*' : ids[id]
  const formulas = [
    ...(role === undefined ? [] : [eq(claim('role'), str(role))]),
    ...(semanticId === undefined ? [] : [eq(field('$sm#semanticId'), str(semanticId))]),
    ...(value === undefined ? [] : [eq(field('$sme.Aa#value'), str(value))])
  ]
  return rule({
    objects: [path === undefined ? { IDENTIFIABLE: `$sm("${named}")` } : { REFERABLE: `$sme("${named}").${path}` }],
    formula: formulas.length === 0 ? { $boolean: true } : { $and: [{ $boolean: true }, ...formulas] },
    ...(hidden !== undefined && {
      more: { FILTER: { FRAGMENT: '$sme', CONDITION: { $not: eq(field('$sme#idShort'), str(hidden)) } } }
    })
  })
}

const property = (idShort: string, value: string) => ({ modelType: 'Property', idShort, valueType: 'xs:string', value })

function submodelOf({ semanticId, value }: RandomSubmodel, id: string) {
  return {
    modelType: 'Submodel',
    id,
    semanticId: { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value: semanticId }] },
    submodelElements: [
      property('Aa', value),
      property('Bb', 'b'),
      { modelType: 'SubmodelElementCollection', idShort: 'Cc', value: [property('Aa', 'ca'), property('Bb', 'cb')] }
    ]
  }
}

/** The series in events, in short and once each. */
function seriesIn(events: readonly Received[], ids: readonly string[]): string[] {
  const values = events.filter(({ kind }) => kind === 'value')
  return [...new Set(values.map(({ submodel, path }) => `${ids.indexOf(submodel)}/${path}`))].sort()
}

interface Asking {
  readonly hub: Running
  readonly ids: readonly string[]
  readonly headers: Record<string, string>
  readonly expected: readonly string[]
}

/** Two pushes: when all that is visible of the second has come, all of the first has. */
async function compareEventSource(t: Test, asking: Asking, push: () => Promise<void>): Promise<void> {
  const { hub, ids, headers, expected } = asking
  const source = await listen(t, hub, `?${submodelsIn(ids)}&kind=value`, headers)
  await push()
  await push()
  const received: Received[] = []
  const isComplete = () =>
    expected.every((one) => received.filter((event) => seriesIn([event], ids)[0] === one).length > 1)
  while (!isComplete()) {
    const { event, data } = await source.next()
    if (event === undefined) received.push(data)
  }
  source.stop()
  t.strictSame(seriesIn(received, ids), expected)
}

const submodelsIn = (ids: readonly string[]) => ids.map((id) => `submodel=${id}`).join('&')

/** A column in short; with one submodel its id is left out. */
function columnIn(name: string, ids: readonly string[]): string {
  const id = ids.findIndex((one) => name.startsWith(`${one}.`))
  return id === -1 ? name : `${id}/${name.slice((ids[id]?.length ?? 0) + 1)}`
}

/** The table of the archive, and the environment that explains it. */
async function compareDataset(t: Test, { hub, ids, headers, expected }: Asking): Promise<void> {
  const response = await fetch(`${hub.api}/dataset?${submodelsIn(ids)}`, { headers })
  const bytes = Buffer.from(await response.arrayBuffer())
  if (expected.length === 0) return void t.equal(response.status, 404)
  const files = await unzip(bytes)
  const [header = ''] = String(files.get('data.csv')).replace('\uFEFF', '').split('\r\n')
  const isSingle = new Set(expected.map((one) => one.split('/')[0])).size === 1
  const columns = header
    .split(',')
    .slice(1)
    .map((name) => columnIn(name, ids))
  t.strictSame(columns.sort(), isSingle ? expected.map((one) => one.slice(2)).sort() : expected)
  const { submodels = [] } = JSON.parse(String(files.get('environment.json')))
  const elements = submodels.flatMap((submodel: Submodel) =>
    [...walk(submodel)].flatMap(({ element, path }) =>
      element.modelType === 'Property' ? [`${ids.indexOf(submodel.id)}/${path}`] : []
    )
  )
  for (const one of elements) t.ok(expected.includes(one), one)
}

/** Series that are in no plan are points, too. */
async function comparePoints(t: Test, { hub, ids, headers, expected }: Asking): Promise<void> {
  const found: string[] = []
  for (const [index, id] of ids.entries()) {
    const { json } = await hub.get(`${hub.url}/collection-points?submodel=${id}`, headers)
    found.push(...json.result.map(({ path }: { path: string }) => `${index}/${path}`))
  }
  t.strictSame(found.sort(), expected)
}

/** What InfluxQL lists, and what it selects; the measurement of a submodel without a name is its id. */
async function compareQueries(t: Test, { hub, ids, headers, expected }: Asking): Promise<void> {
  const found: string[][] = [[], []]
  for (const [index, id] of ids.entries()) {
    const queries = [`SHOW FIELD KEYS FROM "${id}"`, `SELECT last(/./) FROM /./ WHERE submodel = '${id}'`]
    for (const [place, q] of queries.entries()) {
      const { status, json } = await hub.get(`${hub.url}/query?q=${encodeURIComponent(q)}`, headers)
      if (status === 403) continue
      for (const { values, columns } of json.results[0].series ?? []) {
        const names = place === 0 ? values.map(([name]: string[]) => name) : columns.slice(1)
        found[place]?.push(...names.map((name: string) => `${index}/${name.replace('last_', '')}`))
      }
    }
  }
  for (const one of found) t.strictSame(one.sort(), expected)
}

/** Endpoints beside the standard that act on stored data and that the next test asks. */
const COMPARED = [
  'GET /events',
  'GET /stream',
  'GET /timeseries',
  'GET /dataset',
  'GET /collection-points',
  'GET /query',
  'GET /series',
  'POST /mcp',
  ...I3X_COMPARED
]

t.test('every endpoint that shows stored data is compared', async (t) => {
  // extension-endpoints.test.ts keeps this list equal to the routes of the server.
  const found = extensionEndpoints.flatMap(({ path, get, post }) =>
    Object.entries({ GET: get, POST: post }).flatMap(([verb, operation]) => {
      const rights = operation === undefined ? [] : rightsOf(operation.right)
      // A public one that is about documents requires a right for what it shows.
      const isReading = operation?.right === 'PUBLIC' || rights.some((right) => right === 'READ' || right === 'VIEW')
      return isReading && operation?.kinds !== undefined ? [`${verb} ${path}`] : []
    })
  )
  // Of submodels of one template; access-history.test.ts compares them.
  const linked = 'POST /timeseries'
  // Answered as its GET is.
  const form = 'POST /query'
  // Made of a whole machine; document-set.test.ts looks into them.
  const documents = ['GET /document-set', 'GET /document-set/{document}']
  // Of shells; shell-search.test.ts asks it under rules.
  const search = 'GET /shell-search'
  const ofTheFeedItself = 'GET /.well-known/event-feed.json'
  t.strictSame(found.sort(), [...COMPARED, linked, form, ...documents, search, ofTheFeedItself].sort())
  const packages = readingRoutes.filter(isOfPackages)
  t.strictSame(
    packages.map(({ verb, path }) => `${verb} ${path}`),
    ['GET /packages', 'GET /packages/{packageId}']
  )
})

t.test('stream, events and tables show what the rules show', async (t) => {
  const fill = async (hub: Running) => void (await hub.get('/description'))
  const plan = testDirectory(t, {
    'plan.csv': 'process,machine,submodel,element,kind,method,period\nProcess,Other,urn:other,Aa,number,automatic,1s\n'
  })
  const secure = await secured(t, [], fill, {}, { COLLECTION_PLAN: join(plan, 'plan.csv') })
  const { hub, ask, apply } = secure
  const keys = { x: (await secure.key({ role: 'x' })).key, y: (await secure.key({ role: 'y' })).key }
  let run = 0
  const comparePackages = async (world: World, { ids, headers }: Asking): Promise<void> => {
    for (const id of ids) {
      const path = `/api/v3/serialization?submodelIds=${encode(id)}&includeConceptDescriptions=false`
      const response = await fetch(hub.url + path, { headers: { ...secure.headers, accept: AASX } })
      const form = new FormData()
      form.append('file', new Blob([await response.arrayBuffer()]), 'one.aasx')
      t.equal((await ask('PUT', `/api/v3/packages/${encode(id)}`, form)).status, 201)
    }
    const expected = ids.filter((_, index) => isWhole(world, index))
    const list = await hub.get(`${hub.api}/packages?limit=1000`, headers)
    const listed = list.json.result.map(({ packageId }: { packageId: string }) => packageId)
    t.strictSame(
      listed.filter((id: string) => ids.includes(id)),
      expected,
      JSON.stringify(world)
    )
    for (const id of ids) {
      const { status } = await hub.get(`${hub.api}/packages/${encode(id)}`, headers)
      t.equal(status, expected.includes(id) ? 200 : 404, JSON.stringify(world))
    }
    let before = ''
    for (let cursor: string | undefined = ''; cursor !== undefined; ) {
      const since = cursor === '' ? '' : `&cursor=${cursor}`
      const { json } = await hub.get(`${hub.api}/events?limit=1000&kind=deleted${since}`, headers)
      before = json.next
      cursor = json.cursor
    }
    for (const id of ids) t.equal((await ask('DELETE', `/api/v3/packages/${encode(id)}`)).status, 204)
    const deleted: Received[] = []
    for (let cursor: string | undefined = before; cursor !== undefined; ) {
      const { json } = await hub.get(`${hub.api}/events?envelope=plain&kind=deleted&cursor=${cursor}`, headers)
      deleted.push(...json.records)
      cursor = json.cursor
    }
    t.strictSame(
      deleted.map(({ id }) => id),
      expected,
      `deleted packages, ${JSON.stringify(world)}`
    )
  }
  const check = async (world: World): Promise<void> => {
    const ids = [`urn:${run}:0`, `urn:${run++}:1`]
    for (const [at, one] of world.submodels.entries()) {
      const { status } = await ask('POST', '/api/v3/submodels', submodelOf(one, ids[at] ?? ''))
      if (status !== 201) throw new Error(String(status))
    }
    await apply(...world.rules.map((one) => written(one, ids)))
    const expected = ids.flatMap((_, id) =>
      SERIES.flatMap((path) => (isVisible(world, id, path) ? `${id}/${path}` : []))
    )
    const headers = bearer(keys[world.role as 'x' | 'y'])
    const description = JSON.stringify({ world, expected })
    const client = await StreamClient.open(hub, [], headers).catch(() => undefined)
    if (client === undefined) {
      t.strictSame(expected, [], description)
      return
    }
    const select = { submodels: ids }
    client.send({ type: 'subscribe', id: 'snapshot', select, snapshot: true, content: 'full' })
    if ((await client.next('subscribed', 'refused')).type === 'refused') {
      t.strictSame(expected, [], description)
      client.socket.close()
      return
    }
    const received: Record<string, Received[]> = { snapshot: [], live: [] }
    const receive = async () => {
      const message = await inTime(client.next('event'), description)
      received[message.sub]?.push(...message.events)
      return message
    }
    while ((await receive()).snapshot !== 'end') {}
    client.send({ type: 'subscribe', id: 'live', select, columns: true })
    await client.next('subscribed')
    const samples = ids.flatMap((submodel, id) =>
      SERIES.map((path) => ({ submodel, path, value: path === 'Aa' ? world.submodels[id]?.value : `new ${path}` }))
    )
    const pushed = await ask('POST', '/ingest', samples)
    t.equal(pushed.json?.accepted, samples.length, pushed.text)
    t.strictSame(seriesIn(received.snapshot ?? [], ids), expected, description)
    while (seriesIn(received.live ?? [], ids).length < expected.length) await receive()
    const asking = { hub, ids, headers, expected }
    await compareEventSource(t, asking, async () => void (await ask('POST', '/ingest', samples)))
    await compareDataset(t, asking)
    await comparePoints(t, asking)
    await compareQueries(t, asking)
    await compareSeries(t, asking)
    await compareTools(t, asking, SERIES)
    const push = async () => void (await ask('POST', '/ingest', samples))
    await compareI3x({ ...asking, series: SERIES, push }).catch((error) => t.fail(`${error.message} ${description}`))
    await comparePackages(world, asking)
    t.strictSame(seriesIn(received.live ?? [], ids), expected, description)

    const query = submodelsIn(ids)
    const records: Received[] = []
    for (let since: string | undefined = ''; since !== undefined; ) {
      const from = since === '' ? '' : `&since=${since}`
      const { json } = await hub.get(`${hub.api}/events?${query}&envelope=plain&content=full${from}`, headers)
      records.push(...json.records)
      since = json.cursor
    }
    t.strictSame(seriesIn(records, ids), expected, description)
    // Nothing about the document either, where only single elements are visible.
    const paths = records.flatMap(({ touched = [] }: Received) => touched)
    for (const path of paths)
      t.ok(
        ids.some((_, id) => isVisible(world, id, path)),
        description
      )

    const table = await hub.get(`${hub.api}/timeseries?${query}`, headers)
    const columns = table.status === 404 ? [] : table.json.columns.slice(1).map(({ name }: { name: string }) => name)
    const seen = columns.map((name: string) => columnIn(name, ids))
    const isSingle = new Set(expected.map((one) => one.split('/')[0])).size === 1
    t.strictSame(seen.sort(), isSingle ? expected.map((one) => one.slice(2)).sort() : expected, description)
    client.socket.close()
  }
  await fc.assert(fc.asyncProperty(worlds, check), {
    ...{ numRuns: Number(process.env.FUZZ_RUNS ?? 12), endOnFailure: true },
    examples: [[hiddenBetween]]
  })
})
