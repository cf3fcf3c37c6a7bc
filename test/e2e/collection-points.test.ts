/** The collection plan against real samples that came over real protocols. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { readConfig } from '../../src/config/config.ts'
import { createServer } from '../../src/server.ts'
import { manualClock } from '../manual-clock.ts'
import { claim, eq, rule, str } from '../security/fixture.ts'
import { encode, type Running, start } from './harness.ts'
import { bearer, secured } from './secured-hub.ts'

const NOW = Date.UTC(2026, 10, 1, 12)
const FIRST = NOW - 100_000

const property = (idShort: string) => ({ modelType: 'Property', idShort, valueType: 'xs:double' })
const names = ['Good', 'Gappy', 'Slow', 'Late', 'Bad', 'Dead', 'Never', 'Extra']
const machine = { modelType: 'Submodel', id: 'urn:m', idShort: 'Machine', submodelElements: names.map(property) }

const HEAD = 'process,machine,submodel,element,kind,method,period'
const row = (element: string, machine = 'IMM-01', period = '1s') =>
  `사출,${machine},urn:m,${element},number,automatic,${period}`
const PLAN = [
  HEAD,
  ...['Good', 'Gappy', 'Slow', 'Late', 'Bad'].map((name) => row(name)),
  row('Dead', 'IMM-02'),
  row('Never', 'IMM-02'),
  row('Absent', 'IMM-02'),
  ''
].join('\n')

async function planFile(t: Test, text: string, name = 'plan.csv'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'plan-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, name), text)
  return join(folder, name)
}

async function push(hub: Running, path: string, times: readonly number[], more: object = {}): Promise<void> {
  const items = times.map((time) => ({ submodel: 'urn:m', path, time, value: 1, ...more }))
  const { status, text } = await hub.ask('POST', `${hub.url}/ingest`, items)
  if (status !== 200) throw new Error(text)
}

const every = (ms: number, count: number, from = FIRST) => Array.from({ length: count }, (_, i) => from + i * ms)

/** Samples of which each point makes another verdict. */
async function fill(hub: Running): Promise<void> {
  await hub.post('/submodels', machine)
  const live = every(1000, 31, NOW - 30_000)
  await push(hub, 'Good', live)
  await push(hub, 'Gappy', [...every(1000, 20), ...every(1000, 20, NOW - 19_000)])
  await push(hub, 'Slow', every(2000, 16, NOW - 30_000))
  await push(hub, 'Late', every(1000, 101))
  await push(hub, 'Bad', live, { quality: 'bad' })
  await push(hub, 'Dead', every(1000, 10))
  const points = live.map((time) => `Machine,submodel=urn:m Extra=1 ${time}`).join('\n')
  const sent = await fetch(`${hub.url}/api/v2/write?precision=ms`, { method: 'POST', body: points })
  if (sent.status !== 204) throw new Error(await sent.text())
}

const verdictsOf = (result: readonly { readonly path: string; readonly verdict: string }[]) =>
  Object.fromEntries(result.map(({ path, verdict }) => [path, verdict]))

const expected = {
  ...{ Good: 'ok', Gappy: 'gaps', Slow: 'slow', Late: 'late', Bad: 'quality' },
  ...{ Dead: 'silent', Never: 'silent', Absent: 'silent', Extra: 'unplanned' }
}

t.test('each point is compared with the plan, before and after a restart', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'points-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const settings = { COLLECTION_PLAN: await planFile(t, PLAN), DATA_DIR: directory }
  const first = await start(t, settings, { clock: manualClock(NOW) })
  await fill(first)
  const before = (await first.ask('GET', `${first.url}/collection-points`)).json
  t.strictSame(verdictsOf(before.result), expected)
  t.strictSame(before.verdicts, { ok: 1, gaps: 1, slow: 1, late: 1, quality: 1, silent: 3, unplanned: 1 })
  const point = (path: string) => before.result.find((one: { path: string }) => one.path === path)
  t.match(point('Good'), {
    ...{ process: '사출', machine: 'IMM-01', submodel: 'urn:m', kind: 'number', method: 'automatic' },
    ...{ plannedPeriod: 1, measuredPeriod: 1, count: 31, missingRate: 0, gaps: 0, lateShare: 0, badShare: 0 },
    ...{ firstSample: '2026-11-01T11:59:30.000Z', lastSample: '2026-11-01T12:00:00.000Z' },
    ...{ source: { transport: 'http' }, text: 'Delivers as planned' }
  })
  t.match(point('Gappy'), {
    gaps: 1,
    latestGaps: [{ from: '2026-11-01T11:58:39.000Z', to: '2026-11-01T11:59:41.000Z' }]
  })
  t.ok(point('Gappy').missingRate > 0.5)
  t.equal(point('Slow').measuredPeriod, 2)
  t.match(point('Late').lateShare, 0.39604)
  t.match(
    [point('Dead').isElementStored, point('Never').isElementStored, point('Absent').isElementStored],
    [undefined, true, false]
  )
  t.match(point('Extra'), { source: { transport: 'line-protocol' }, count: 31, gaps: undefined })
  await first.stop()

  const second = await start(t, settings, { clock: manualClock(NOW) })
  const after = (await second.ask('GET', `${second.url}/collection-points`)).json
  t.strictSame(after.result, before.result)
  await push(second, 'Good', [NOW + 1000])
  const { json } = await second.get('/collection-points?verdict=ok')
  t.match(json.result, [{ path: 'Good', count: 32 }])
})

t.test('points are filtered, and come page by page', async (t) => {
  const hub = await start(t, { COLLECTION_PLAN: await planFile(t, PLAN) }, { clock: manualClock(NOW) })
  await fill(hub)
  const get = async (query: string) => (await hub.ask('GET', `${hub.url}/collection-points?${query}`)).json
  t.strictSame(Object.keys(verdictsOf((await get('machine=IMM-02')).result)), ['Dead', 'Never', 'Absent'])
  t.strictSame(Object.keys(verdictsOf((await get('verdict=unplanned')).result)), ['Extra'])
  t.equal((await get('process=%EC%82%AC%EC%B6%9C')).result.length, 8)
  const paths: string[] = []
  for (let next: string | undefined = '/collection-points?limit=2'; next !== undefined; ) {
    const { json, headers }: { json: { result: { path: string }[] }; headers: Headers } = await hub.ask(
      'GET',
      hub.url + next
    )
    paths.push(...json.result.map(({ path }) => path))
    next = /<(.*)>/.exec(headers.get('link') ?? '')?.[1]
  }
  t.strictSame(paths, Object.keys(expected))
  for (const wrong of ['verdict=good', 'limit=0', 'cursor=x', 'format=xml', 'state=1', 'language=fr'])
    t.equal((await hub.ask('GET', `${hub.url}/collection-points?${wrong}`)).status, 400, wrong)
})

t.test('as CSV, in Korean, a spreadsheet opens it and runs nothing', async (t) => {
  const plan = PLAN.replace('사출,IMM-01,urn:m,Good', '=cmd(),IMM-01,urn:m,Good')
  const hub = await start(t, { COLLECTION_PLAN: await planFile(t, plan) }, { clock: manualClock(NOW) })
  await fill(hub)
  const { text, headers } = await hub.ask('GET', `${hub.url}/collection-points?format=csv`, undefined, {
    'accept-language': 'ko-KR'
  })
  t.match(headers.get('content-type'), /^text\/csv/)
  const lines = text.split('\r\n')
  t.match(lines[0], /공정,설비,서브모델,수집항목/)
  t.match(
    lines[1],
    /^'=cmd\(\),IMM-01,urn:m,Good,number,automatic,1,1,2026-11-01T11:59:30.000Z,2026-11-01T12:00:00.000Z,31,0,0,.*,계획대로 수집됨$/
  )
  t.equal(lines.length, 9 + 2)
})

t.test('a caller learns of the elements that it may read, and of no others', async (t) => {
  const plan = await planFile(t, PLAN)
  const only = rule({ objects: [{ REFERABLE: '$sme("urn:m").Good' }], formula: eq(claim('role'), str('reader')) })
  const secure = await secured(t, [only], fill, { clock: manualClock(NOW) }, { COLLECTION_PLAN: plan })
  const { key } = await secure.key({ role: 'reader' })
  const { status, json } = await secure.hub.get('/collection-points', bearer(key))
  t.equal(status, 200)
  t.strictSame(verdictsOf(json.result), { Good: 'ok' })
  t.strictSame(Object.keys(json), ['paging_metadata', 'result'])
  t.notMatch((await secure.hub.get('/collection-points?format=csv', bearer(key))).text, /Gappy|Extra|Absent/)
  const other = await secure.key({ role: 'visitor' })
  t.equal((await secure.hub.get('/collection-points', bearer(other.key))).status, 403)
  t.equal((await secure.hub.get('/collection-points')).status, 401)
  // Who sent is known, too.
  const gateway = rule({
    objects: [{ REFERABLE: '$sme("urn:m").Good' }],
    rights: ['UPDATE'],
    formula: eq(claim('role'), str('gateway'))
  })
  await secure.apply(only, gateway)
  const line = await secure.key({ role: 'gateway' })
  const sample = [{ submodel: 'urn:m', path: 'Good', time: NOW, value: 2 }]
  t.equal((await secure.hub.ask('POST', `${secure.hub.url}/ingest`, sample, bearer(line.key))).status, 200)
  const after = await secure.hub.get('/collection-points', bearer(key))
  t.match(after.json.result[0].source, { transport: 'http', caller: /^key:/, kind: 'gateway' })
})

t.test('a plan may be a stored submodel, and changes with it', async (t) => {
  const hub = await start(t, { COLLECTION_PLAN: 'urn:plan' }, { clock: manualClock(NOW) })
  await fill(hub)
  const text = (idShort: string, value: string) => ({ ...property(idShort), valueType: 'xs:string', value })
  const planned = (path: string, period: string) => ({
    ...{ modelType: 'SubmodelElementCollection', idShort: path },
    value: [
      ...[text('Process', '사출'), text('Machine', 'IMM-01'), text('Kind', 'number'), text('Method', '자동')],
      text('Period', period),
      {
        ...{ modelType: 'ReferenceElement', idShort: 'Element' },
        value: {
          type: 'ModelReference',
          keys: [
            { type: 'Submodel', value: 'urn:m' },
            { type: 'Property', value: path }
          ]
        }
      }
    ]
  })
  const plan = (...points: object[]) => ({
    ...{ modelType: 'Submodel', id: 'urn:plan', idShort: 'CollectionPlan' },
    submodelElements: [{ modelType: 'SubmodelElementCollection', idShort: 'Points', value: points }]
  })
  const points = async () => (await hub.get('/collection-points')).json
  t.match(await points(), { planDefect: 'the submodel "urn:plan" is not stored' })
  t.equal((await hub.post('/submodels', plan(planned('Good', 'PT1S'), planned('Gappy', 'PT1S')))).status, 201)
  const found = await points()
  t.match(verdictsOf(found.result), { Good: 'ok', Gappy: 'gaps', Slow: 'unplanned' })
  t.equal(found.result[1].gaps, 1)
  const period = `/submodels/${encode('urn:plan')}/submodel-elements/Points.Gappy.Period/$value`
  t.equal((await hub.patch(period, '"1m"')).status, 204)
  t.match((await points()).result[1], { plannedPeriod: 60, gaps: 0, verdict: 'late', count: 40 })
  t.equal((await hub.patch(period, '"often"')).status, 204)
  t.match(await points(), { planDefect: /^the submodel "urn:plan": point "Gappy", "Period": "often" is no period/ })
})

t.test('a hub with a plan that is wrong does not start, and says where; one without has no points', async (t) => {
  const plan = await planFile(t, `${HEAD}\n${row('Good').replace('1s', 'soon')}\n`)
  const { config } = readConfig({ HOST: '127.0.0.1', PORT: '0', DATA_DIR: 'unused', COLLECTION_PLAN: plan })
  await t.rejects(createServer(config), {
    name: 'ConfigError',
    problems: [/COLLECTION_PLAN: .*plan\.csv: row 2, column G \("period"\): "soon"/]
  })
  const hub = await start(t)
  t.strictSame((await hub.get('/collection-points')).json, {
    ...{ paging_metadata: {}, planDefect: 'the setting COLLECTION_PLAN names no plan', result: [] }
  })
})
