/** For random rules, claims and data: what a caller reads by every operation is what a naive evaluator allows. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { readConfig } from '../../src/config/config.ts'
import { facetsOf } from '../../src/model/facets.ts'
import type { AssetAdministrationShell, Submodel } from '../../src/model/types.ts'
import { Access, RulesInForce } from '../../src/security/access.ts'
import { Policy } from '../../src/security/policy.ts'
import { requestPaths } from '../../src/security/target.ts'
import { createServer, type ServerOptions } from '../../src/server.ts'
import { type Json, policyOf, subject } from '../security/fixture.ts'
import {
  claims,
  instanceOf,
  type Plant,
  partsOf,
  plant,
  rule,
  shownParts,
  visibleParts,
  type World
} from '../security/random-scene.ts'
import { databaseOf, dropDatabase, encode } from './harness.ts'
import { compareRoute, isOfPackages, readingRoutes, SHELL, shownInDocument } from './random-routes.ts'
import { comparePreconditions, compareUpload, shellRule } from './random-writes.ts'

const scene = fc.record({
  rules: fc.array(rule, { minLength: 1, maxLength: 4 }),
  claims,
  plants: fc.tuple(plant, plant).map(([one, other]): readonly [Plant, Plant] => [
    { ...one, id: 'urn:1' },
    { ...other, id: 'urn:2' }
  ])
})

/** Repeat with `FC_SEED`. */
const RUNS = Number(process.env.FC_RUNS ?? 100)
/** A database may be slow: then there are fewer. */
const inTime = { interruptAfterTimeLimit: 400_000, markInterruptAsFailure: false }
/** Routes compared in each run, in turn. */
const ROUTES_PER_RUN = 8
const HOUR = 10

const ids = (body: Json) => (body.result as { id: string }[]).map(({ id }) => id)

t.test('what is read by every operation is what a naive evaluator allows', (t) => compareAll(t, RUNS, {}))

t.test('the same of what threads of the pool compute', (t) => compareAll(t, RUNS / 2, { allInThreads: true }))

async function compareAll(t: Test, numRuns: number, options: ServerOptions): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'aas-hub-test-'))
  const { config } = readConfig({
    ...{ HOST: '127.0.0.1', PORT: '0', LOG_LEVEL: 'silent', LENIENT: 'true' },
    ...{ DATA_DIR: directory, MONGODB_URL: databaseOf(directory) }
  })
  const server = await createServer(config, options)
  const { app, context } = server
  t.teardown(async () => {
    await server.close()
    await rm(directory, { recursive: true, force: true })
    await dropDatabase(config.MONGODB_URL)
  })
  const inForce = new RulesInForce(new Policy([]))
  let who: Access['caller'] | undefined
  const clock = { ...context.ingest.clock, milliseconds: () => Date.UTC(2026, 2, 4, HOUR) }
  app.addHook('onRequest', (request, _, done) => {
    if (who !== undefined) {
      const routes = requestPaths(request.url.split('?', 1)[0] ?? '', '/api/v3')
      request.access = new Access({ store: context.store, rules: inForce, clock: clock as never }, who, routes)
    }
    done()
  })
  const url = `${await server.listen()}/api/v3`
  const ask = async (method: string, path: string, body?: object, more: Record<string, string> = {}) => {
    const headers = { ...(body && { 'content-type': 'application/json' }), ...more }
    const response = await fetch(url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) })
    const text = await response.text()
    const etag = response.headers.get('etag')
    return { status: response.status, text, etag, json: jsonIn(text) }
  }
  const outcomes = new Map<string, number>()
  const count = (name: string) => outcomes.set(name, (outcomes.get(name) ?? 0) + 1)
  const same = (what: string, found: unknown, expected: unknown) => {
    const [one, other] = [JSON.stringify(found), JSON.stringify(expected)]
    if (one !== other) throw new Error(`${what}: ${one}, expected ${other}`)
  }

  await context.store.commit([creationOfShell('urn:1', 'urn:2')])
  const compared = new Set<string>()
  const rest = readingRoutes.filter((route) => !isOfPackages(route) && route.verb === 'GET')
  let turn = 0

  await fc.assert(
    fc.asyncProperty(scene, async ({ rules, claims, plants }) => {
      who = undefined
      for (const one of plants) {
        const change = (await context.store.head('Submodel', one.id)) === undefined ? 'create' : 'replace'
        const content = { ...instanceOf(one), kind: 'Template' } as unknown as Submodel
        const facets = facetsOf('Submodel', content)
        await context.store.commit([{ change, kind: 'Submodel', id: one.id, json: JSON.stringify(content), facets }])
      }
      inForce.replace(policyOf(...rules))
      const authentication = claims === undefined ? 'none' : 'key'
      who = { subject: claims === undefined ? {} : subject(claims), name: 'someone', authentication }
      const worldOf = (document: Plant, route: string): World => ({
        claims,
        hour: HOUR,
        reference: undefined,
        document,
        route
      })
      const refused = (status: number) => status === 401 || status === 403

      for (let count = 0; count < ROUTES_PER_RUN; count++) {
        const route = rest[turn++ % rest.length]
        if (route === undefined) continue
        await compareRoute(route, { rules, plants, worldOf, get: (path) => ask('GET', path) })
        compared.add(`GET ${route.path}`)
      }

      // Lists, their pages, and queries.
      const listed = plants.filter((one) => shownInDocument(rules, worldOf(one, '/submodels')) !== undefined)
      const list = await ask('GET', '/submodels')
      if (refused(list.status)) same('a refused list', listed.length, 0)
      else {
        same(
          'list',
          ids(list.json),
          listed.map(({ id }) => id)
        )
        for (const [index, found] of (list.json.result as Json[]).entries())
          same('listed', partsOf(found), shownInDocument(rules, worldOf(listed[index] as Plant, '/submodels')))
        const pages: string[] = []
        for (let cursor: unknown = ''; cursor !== undefined; ) {
          const page = await ask('GET', `/submodels?limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`)
          pages.push(...ids(page.json))
          cursor = (page.json.paging_metadata as Json).cursor
          if (cursor !== undefined) same('a page before another', ids(page.json).length, 1)
        }
        same('pages', pages, ids(list.json))
        const paths = await ask('GET', '/submodels/$path')
        const elements = listed.flatMap((one) => shownInDocument(rules, worldOf(one, '/submodels/$path')) ?? [])
        if (rules.every(({ OBJECTS }) => OBJECTS.every(({ ROUTE }) => ROUTE !== '/submodels/*')))
          same('$path of all', [...(paths.json.result as string[])].sort(), elements.filter(isElement).sort())
      }
      for (const [name, value] of [
        ['$sme.c.a#value', 'x'],
        ['$sme.a#value', '1'],
        ['$sm#semanticId', 'x']
      ] as const) {
        compared.add('POST /query/submodels')
        const query = await ask('POST', '/query/submodels', {
          $condition: { $eq: [{ $field: name }, { $strVal: value }] }
        })
        const expected = plants.filter((one) => {
          const shown = shownInDocument(rules, worldOf(one, '/query/submodels')) ?? []
          if (name === '$sm#semanticId') return shown.includes('semanticId') && one.semanticId === value
          // A path in a query may begin below other elements.
          const path = name.slice(5, -6)
          const ends = one.elements.filter(
            (element) => `.${element.path}`.endsWith(`.${path}`) && element.value === value
          )
          return ends.some((element) => shown.includes(`${element.path}#value`))
        })
        if (refused(query.status)) same('a refused query', expected.length, 0)
        else
          same(
            `query ${name}`,
            ids(query.json),
            expected.map(({ id }) => id)
          )
      }
      const all = await ask('GET', '/serialization')
      const written = plants.filter((one) => shownInDocument(rules, worldOf(one, '/serialization')) !== undefined)
      if (!refused(all.status))
        same(
          'serialization',
          ((all.json.submodels ?? []) as Json[]).map(({ id }) => id),
          written.map(({ id }) => id)
        )

      // Each document and element.
      for (const one of plants) {
        const base = `/submodels/${encode(one.id)}`
        const world = worldOf(one, '/submodels/x')
        const expected = shownInDocument(rules, world)
        const known = visibleParts(rules, 'VIEW', world)
        count(expected === undefined ? 'hidden' : expected.length < 8 ? 'partly visible' : 'visible')
        const absent = await ask('GET', '/submodels/eA')
        const { status, json } = await ask('GET', base)
        if (expected !== undefined) same('document', partsOf(json), expected)
        else if (known === undefined) same('a hidden document', status, absent.status)
        else same('a document that may be seen but not read', refused(status), true)
        for (const content of [
          '$value',
          '$metadata',
          '$path',
          '$schema',
          'submodel-elements',
          'submodel-elements/$value'
        ])
          same(content, (await ask('GET', `${base}/${content}`)).status === 200, expected !== undefined)
        const paths = await ask('GET', `${base}/$path`)
        if (expected !== undefined)
          same('$path', [...(paths.json as unknown as string[])].sort(), expected.filter(isElement).sort())
        const { parts } = shownParts(rules, 'READ', world)
        for (const { path } of one.elements) {
          const isShown = parts.has(path) || expected?.includes(path) === true
          same(`element ${path}`, (await ask('GET', `${base}/submodel-elements/${path}`)).status === 200, isShown)
          if (path === 'c') continue
          const value = await ask('GET', `${base}/submodel-elements/${path}/$value`)
          same(`$value of ${path}`, value.status === 200, parts.has(`${path}#value`))
        }
        await comparePreconditions({ ask, store: context.store, plant: one })
      }
      inForce.replace(policyOf(...rules, shellRule))
      await compareUpload({ ask, store: context.store, rules, plants, worldOf })
      await context.store.commit([{ ...creationOfShell('urn:1', 'urn:2'), change: 'replace' }])
    }),
    {
      numRuns: Math.ceil(numRuns),
      ...inTime,
      ...(process.env.FC_SEED !== undefined && { seed: Number(process.env.FC_SEED) })
    }
  )
  const forgotten = readingRoutes.filter(
    (route) => !isOfPackages(route) && !compared.has(`${route.verb} ${route.path}`)
  )
  t.same(
    forgotten.map(({ verb, path }) => `${verb} ${path}`),
    []
  )
  for (const is of ['hidden', 'partly visible', 'visible'])
    t.ok((outcomes.get(is) ?? 0) > 0, `${is}: ${outcomes.get(is)}`)
}

function creationOfShell(...submodels: readonly string[]) {
  const shell: AssetAdministrationShell = {
    ...{ modelType: 'AssetAdministrationShell', id: SHELL },
    assetInformation: { assetKind: 'Instance', globalAssetId: 'urn:asset' },
    submodels: submodels.map((value) => ({ type: 'ModelReference', keys: [{ type: 'Submodel', value }] }))
  }
  const kind = 'AssetAdministrationShell'
  return { change: 'create', kind, id: SHELL, json: JSON.stringify(shell), facets: facetsOf(kind, shell) } as const
}

function isElement(part: string): boolean {
  return part !== 'semanticId' && !part.includes('#')
}

/** Of a signed document what is signed. */
function jsonIn(text: string): Json {
  const payload = /^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(text)?.[1]
  if (payload !== undefined) return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Json
  return (text === '' ? undefined : JSON.parse(text)) as Json
}
