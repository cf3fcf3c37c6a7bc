/** `/mcp`, by the client of the SDK. */
import { join } from 'node:path'
import t from 'tap'
import { BASE, OPERATIONAL_DATA, plant } from '../../scripts/demo/plant.ts'
import { claim, eq, rule, str } from '../security/fixture.ts'
import { testDirectory } from '../test-directory.ts'
import { startGuarded } from './access-fixture.ts'
import { encode, type Running, start } from './harness.ts'
import { mcpClient } from './mcp-client.ts'
import { bearer } from './refused-credentials.ts'

const IMM = 'InjectionMouldingMachine01'
const OPERATIONS = join(import.meta.dirname, '../../scripts/demo/operations.ts')

const PLANT = join(testDirectory(t, { 'plant.json': JSON.stringify(plant()) }), 'plant.json')

const cycles = (start: string, step: number, values: readonly number[]) => ({
  submodel: OPERATIONAL_DATA,
  samples: [{ path: 'CycleTime', start, step, values }]
})

async function push(hub: Running, body: object): Promise<void> {
  const { status, text } = await hub.ask('POST', `${hub.url}/ingest`, body)
  if (status !== 200) throw new Error(text)
}

t.test('tools, resources and prompts are listed, and a machine is found, described and read', async (t) => {
  const hub = await start(t, { PRELOAD: PLANT })
  await push(hub, cycles('2026-11-24T03:00:00Z', 1000, [12.1, 12.3, 12.5]))
  const { client, call } = await mcpClient(t, hub)
  t.match(client.getServerVersion(), { name: 'aas-hub', title: 'AAS Hub' })
  const { tools } = await client.listTools()
  t.ok(tools.length >= 9)
  for (const { name, description, inputSchema, annotations } of tools) {
    t.ok(description && inputSchema.properties, name)
    t.equal(annotations?.readOnlyHint, true, name)
  }

  const found = await call('find', { text: '사출성형기', language: 'ko' })
  t.same(found.json.machines.rows, [[IMM, '사출성형기', `${BASE}/asset/imm-01`, `${BASE}/aas/imm-01`]])
  const tree = await call('describe', { machine: IMM, submodel: 'OperationalData', language: 'ko' })
  t.match(tree.text, /\n {2}CycleTime: double \[s\] = 12\.4 "사이클 시간"\n/)
  t.match(tree.text, /\n {4}\[3\]: double \[°C\] = 234\.9\n/, 'a list gives its items their meaning')
  const part = await call('describe', { submodel: OPERATIONAL_DATA, depth: 1 })
  t.match(part.text, /Order: collection \(4 below\)/)
  const read = await call('read_values', { machine: [`${BASE}/asset/imm-01`], path: ['Order', 'ShotCount'] })
  t.same(read.json.columns, ['path', 'value', 'unit', 'time'], 'what all rows share is said once')
  t.same(read.json.rows[0], ['ShotCount', 1204377, '1', null])
  t.equal(read.json.rows.length, 5)

  const { resources, nextCursor = '' } = await client.listResources()
  t.same(
    resources.map(({ name }) => name),
    [IMM, 'Mould07', 'LineA']
  )
  t.ok((await client.listResources({ cursor: nextCursor })).resources.length >= 8)
  const id = encodeURIComponent(OPERATIONAL_DATA)
  const text = async (uri: string) =>
    String((await client.readResource({ uri })).contents.map((one) => 'text' in one && one.text))
  t.equal(JSON.parse(await text(`aas-hub://shells/${encodeURIComponent(`${BASE}/aas/imm-01`)}`)).idShort, IMM)
  t.equal(JSON.parse(await text(`aas-hub://values/${id}`)).PartWeight, 2.318)
  t.ok(JSON.parse(await text(`aas-hub://schemas/${id}`)).properties.CycleTime)
  t.match(await text(`aas-hub://guidebook?submodel=${id}&path=CycleTime`), /# 데이터셋 안내서[\s\S]*Rows: 3\n/)
  await t.rejects(client.readResource({ uri: 'aas-hub://submodels/urn%3Anone' }), { code: -32002 })
  await t.rejects(client.readResource({ uri: 'file:///etc/passwd' }), /is no resource here/)

  const { prompts } = await client.listPrompts()
  t.same(
    prompts.map(({ name }) => name),
    ['connect_machine', 'analyse_machines', 'audit_hub']
  )
  const prompt = await client.getPrompt({ name: 'analyse_machines', arguments: { question: 'Why?', language: 'ko' } })
  t.match(prompt.messages[0]?.content, { text: /Why\?[\s\S]*Korean/ })
  await t.rejects(client.getPrompt({ name: 'analyse_machines' }), /"question" is missing/)
})

t.test('the history is answered in a budget of points, as statistics, periods and gaps', async (t) => {
  const hub = await start(t, { PRELOAD: PLANT })
  const wave = Array.from({ length: 3600 }, (_, index) => 12 + (index % 60) / 100)
  await push(hub, cycles('2026-11-24T03:00:00Z', 1000, wave))
  await push(
    hub,
    cycles(
      '2026-11-24T05:00:00Z',
      1000,
      wave.map((value) => value + 1)
    )
  )
  await push(hub, {
    submodel: OPERATIONAL_DATA,
    samples: [{ path: 'State', time: '2026-11-24T03:00:00Z', value: 'setup' }]
  })
  const { call } = await mcpClient(t, hub)
  const selected = { machine: [IMM], submodel: ['OperationalData'], path: ['CycleTime'] }

  const { json } = await call('query_series', { ...selected, points: 20, timezone: 'Asia/Seoul' })
  t.ok(json.rows.length <= 20 && json.rows.length > 8, `${json.rows.length}`)
  t.match(json, { interval: '10m', aggregate: 'mean', columns: ['time', `${IMM}/CycleTime [s]`] })
  t.same(json.rows[0], ['2026-11-24T12:00+09:00', 12.295])
  t.same((await call('query_series', { ...selected, path: ['State'] })).json.changes[0].rows, [
    ['2026-11-24T03:00Z', 'setup']
  ])
  const few = await call('query_series', { ...selected, from: '2026-11-24T03:00:00Z', to: '2026-11-24T03:00:02Z' })
  t.same(
    few.json.rows.map(([, value]: unknown[]) => value),
    [12, 12.01, 12.02],
    'few samples come as they are'
  )

  const period = {
    from: '2026-11-24T05:00:00Z',
    baselineFrom: '2026-11-24T03:00:00Z',
    baselineTo: '2026-11-24T04:00:00Z'
  }
  const compared = await call('series_statistics', { semanticId: ['CycleTime'], ...period })
  const at = (name: string) => compared.json.rows[0][compared.json.columns.indexOf(name)]
  t.match([at('count'), at('mean'), at('baselineMean'), at('unit')], [3600, 13.295, 12.295, 's'])
  t.ok(Math.abs(at('sigmas') - 1 / 0.1732) < 0.01, `${at('sigmas')}`)

  const gaps = await call('series_gaps', selected)
  t.match(gaps.json.series[0], {
    samples: 7200,
    usualSeconds: 1,
    gaps: 1,
    rows: [['2026-11-24T03:59:59Z', '2026-11-24T05:00Z', 3601]]
  })
  const above = await call('series_periods', { ...selected, above: 13.58, from: '2026-11-24T05:00:00Z', limit: 1 })
  t.match(above.json.series[0], { periods: 60, totalSeconds: 59, rows: [['2026-11-24T05:59:59Z', null, 0, 13.59]] })

  const { url } = (await call('export_link', { ...selected, format: 'ndjson', interval: '1h' })).json
  t.match((await hub.get(url)).text, /^\{"time":"2026-11-24T03:00:00.000Z","CycleTime.mean":12.29/)
  const empty = await call('query_series', { ...selected, from: '2020-01-01', to: '2020-01-02' })
  t.match(empty.json, { message: 'There are no samples', samplesFrom: '2026-11-24T03:00:00.000Z' })
})

t.test('an error says in a sentence what to do instead', async (t) => {
  const hub = await start(t, { PRELOAD: PLANT })
  const { client, call } = await mcpClient(t, hub)
  const cases: readonly (readonly [string, object, RegExp])[] = [
    ['read_values', { machine: ['Nowhere'] }, /There is no machine "Nowhere".*use "find"/],
    ['read_values', { machine: ['plant.example'] }, /is not one machine; which of: .*Mould07/],
    ['read_values', { machine: [IMM], submodel: ['Nothing'] }, /there are: Nameplate, TechnicalData/],
    ['read_values', {}, /Name "machine", "submodel" or "semanticId"/],
    ['query_series', { machine: [IMM], path: ['CycleTime'], from: 'soon' }, /"soon" is no time; expected ISO 8601/],
    ['query_series', { machine: [IMM], from: 'now', to: 'now-1d' }, /is not before/],
    ['query_series', { machine: [IMM], timezone: 'Mars' }, /no time zone: name one such as Asia\/Seoul/],
    ['query_series', { machine: [IMM], points: 10_000 }, /The arguments of query_series are wrong: "points"/],
    ['query_series', { machine: [IMM], path: ['a..b*'] }, /\w/],
    ['describe', { submodel: 'urn:none' }, /does not exist.*Next: "find"/],
    ['describe', { submodel: OPERATIONAL_DATA, path: 'Nothing' }, /does not exist.*Next/],
    ['find', { text: 'a', asset: 'b' }, /one of "text", "semanticId"/],
    ['find', { condition: { $eq: 1 } }, /Next: correct the argument/],
    ['series_periods', { machine: [IMM], path: ['CycleTime'] }, /Give one of "above"/],
    ['export_link', { kind: 'dataset', machine: [IMM], format: 'arrow' }, /csv or parquet/]
  ]
  for (const [name, args, expected] of cases) {
    const { isError, text } = await call(name, args as Record<string, unknown>)
    t.ok(isError, `${name} ${JSON.stringify(args)}: ${text}`)
    t.match(text, expected)
    t.notMatch(text, /\n|at .*\.ts:/, 'one sentence')
  }
  await t.rejects(client.callTool({ name: 'drop_tables' }), /There is no tool "drop_tables"; there are find/)
  t.match((await call('find', { text: 'quark' })).json, { message: /Nothing that you may read has "quark"/ })
})

t.test('large documents and long answers are refused with a way to ask for less', async (t) => {
  const hub = await start(t, { TEMPLATES: 'off' })
  const submodelElements = Array.from({ length: 4000 }, (_, index) => ({
    ...{ modelType: 'Property', idShort: `Value${index}`, valueType: 'xs:string', value: 'x'.repeat(600) }
  }))
  await hub.post('/submodels', { modelType: 'Submodel', id: 'urn:large', submodelElements })
  const many = submodelElements.slice(0, 1000).map((one) => ({ ...one, value: 'x'.repeat(100) }))
  await hub.post('/submodels', { modelType: 'Submodel', id: 'urn:many', submodelElements: many })
  const { client, call } = await mcpClient(t, hub)
  t.match(await call('describe', { submodel: 'urn:large' }), {
    isError: true,
    text: /larger than 2048 KiB: ask for a part/
  })
  const part = await call('read_values', { submodel: ['urn:large'], path: ['Value7'] })
  t.match(
    part.json.rows,
    [['urn:large', 'Value7', /^x{120}…$/, '', null]],
    'by its path an element is read nevertheless'
  )
  t.match((await call('describe', { submodel: 'urn:many' })).text, /… 750 further lines: describe a part by "path"/)
  t.match(await call('read_values', { submodel: ['urn:many'], limit: 500 }), { isError: true, text: /lower "limit"/ })
  const uri = `aas-hub://submodels/${encodeURIComponent('urn:many')}`
  await t.rejects(client.readResource({ uri }), /larger than 128 KiB/)
})

t.test(
  'writing and invoking are offered only where they are switched on, and need the right of the caller',
  async (t) => {
    const callers = { admin: { role: 'administrator' }, auditor: { role: 'auditor' } }
    const closed = await start(t, { PRELOAD: PLANT })
    const { client: reading } = await mcpClient(t, closed)
    t.notOk((await reading.listTools()).tools.some(({ annotations }) => annotations?.readOnlyHint === false))
    await t.rejects(reading.callTool({ name: 'write_value', arguments: {} }), /There is no tool/)

    const { hub, keys } = await startGuarded(t, callers, undefined, {
      PRELOAD: PLANT,
      MCP_WRITES: 'true',
      OPERATIONS
    })
    const { call } = await mcpClient(t, hub, bearer(keys.admin))
    const element = { machine: IMM, submodel: 'OperationalData', path: 'CycleTime' }
    t.match((await call('write_value', { ...element, value: 11.5 })).json, { before: 12.4, now: 11.5 })
    const samples = [{ time: '2026-11-24T03:00:00Z', value: 11.1, quality: 'good' }]
    t.match((await call('push_samples', { ...element, samples })).json, { accepted: 1 })
    const input = { OrderNumber: 'WO-1', Quantity: 5 }
    const operation = { machine: IMM, submodel: 'Control', path: 'StartProduction' }
    t.match((await call('invoke_operation', { ...operation, input })).json, { outputArguments: { Accepted: true } })
    t.match(await call('write_value', { ...element, value: 'fast' }), {
      isError: true,
      text: /Next: "describe" shows type/
    })

    const auditor = await mcpClient(t, hub, bearer(keys.auditor))
    t.match((await auditor.call('read_values', { machine: [IMM], path: ['CycleTime'] })).json, {
      rows: [[IMM, 'CycleTime', 11.5]]
    })
    for (const [name, args] of [
      ['write_value', { ...element, value: 1 }],
      ['push_samples', { ...element, samples }],
      ['invoke_operation', { ...operation, input }]
    ] as const) {
      t.match(
        await auditor.call(name, args),
        { isError: true, text: /Not allowed: .*Next: the caller has no right/ },
        name
      )
    }
    const value = await hub.ask(
      'GET',
      `/submodels/${encode(OPERATIONAL_DATA)}/submodel-elements/CycleTime/$value`,
      undefined,
      bearer(keys.admin)
    )
    t.equal(value.json, 11.5)
  }
)

t.test('what a caller may not read does not exist for its agent', async (t) => {
  const callers = { admin: { role: 'administrator' }, line: { role: 'line' } }
  const rules = [
    rule({ rights: ['ALL'], formula: eq(claim('role'), str('administrator')) }),
    rule({
      rights: ['READ'],
      objects: [{ IDENTIFIABLE: `(Submodel)${OPERATIONAL_DATA}` }],
      formula: eq(claim('role'), str('line'))
    })
  ]
  const { hub, keys } = await startGuarded(t, callers, rules, { PRELOAD: PLANT, MCP_WRITES: 'true' })
  await t.rejects(
    mcpClient(t, hub),
    /401|Unauthorized/i,
    'a caller without a key is refused before its message is read'
  )
  const { call, client } = await mcpClient(t, hub, bearer(keys.line))
  t.match((await call('find', { text: 'serial' })).json, { message: /Nothing that you may read/ })
  const own = await call('read_values', { submodel: [OPERATIONAL_DATA], path: ['CycleTime'] })
  t.same(own.json.rows, [[OPERATIONAL_DATA, 'CycleTime', 12.4, '', null]], 'neither machine nor unit are its own')
  const hidden = `${BASE}/sm/imm-01/nameplate`
  const absent = await call('describe', { submodel: 'urn:absent' })
  const refused = await call('describe', { submodel: hidden })
  t.ok(refused.isError)
  t.equal(refused.text, absent.text.replace('urn:absent', hidden))
  const id = encodeURIComponent(hidden)
  await t.rejects(client.readResource({ uri: `aas-hub://submodels/${id}` }), { code: -32002 })
  const { resources } = await client.listResources({ cursor: 'submodels:' })
  t.same(
    resources.map(({ uri }) => decodeURIComponent(uri)),
    [`aas-hub://submodels/${OPERATIONAL_DATA}`]
  )
  t.match(await call('write_value', { submodel: OPERATIONAL_DATA, path: 'CycleTime', value: 1 }), {
    isError: true,
    text: /Not allowed/
  })
  t.match((await call('find', { semanticId: 'https://plant.example/cd/ShotCount' })).json.elements.rows.length, 1)
})
