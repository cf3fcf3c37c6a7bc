/** InfluxQL at `/query`. scripts/conformance/influxql.ts compares the answers to many more queries with those of InfluxDB. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { claim, eq, field, rule, str } from '../security/fixture.ts'
import { type Running, start } from './harness.ts'
import { bearer, secured } from './secured-hub.ts'

const START = Date.parse('2026-11-24T03:00:00Z')
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

const property = (idShort: string, valueType: string) => ({ modelType: 'Property', idShort, valueType })

/** Two presses in shells, and a submodel without a shell, without a name and with one sample. */
async function fill(hub: Running): Promise<void> {
  for (const number of [1, 2]) {
    const submodel = {
      ...{ modelType: 'Submodel', id: `urn:sm:${number}`, idShort: 'Press' },
      submodelElements: [
        property('Speed', 'xs:double'),
        property('Count', 'xs:long'),
        property('State', 'xs:string'),
        property('Secret', 'xs:double'),
        property('Unused', 'xs:double'),
        { modelType: 'SubmodelElementCollection', idShort: 'Axis', value: [property('Load', 'xs:double')] }
      ]
    }
    await hub.post('/submodels', submodel)
    await hub.post('/shells', {
      ...{ modelType: 'AssetAdministrationShell', id: `urn:aas:${number}` },
      assetInformation: { assetKind: 'Instance', globalAssetId: `urn:asset:${number}` },
      submodels: [{ type: 'ModelReference', keys: [{ type: 'Submodel', value: submodel.id }] }]
    })
  }
  await hub.post('/submodels', {
    modelType: 'Submodel',
    id: 'urn:bare',
    submodelElements: [property('On', 'xs:boolean')]
  })
  const lines = Array.from({ length: 60 }, (_, second) => {
    const press = (number: number) =>
      `Press,submodel=urn:sm:${number} Speed=${second * number},Count=${second}i,Secret=1,Axis.Load=${second}.5 ${START + 1000 * second}`
    return [
      press(1),
      press(2),
      ...(second % 20 === 0 ? [`Press,submodel=urn:sm:1 State="s${second}" ${START + 1000 * second}`] : [])
    ]
  })
  const text = [...lines.flat(), `any,submodel=urn:bare On=true ${START}`].join('\n')
  const { status } = await hub.ask('POST', `${hub.url}/write?precision=ms`, text, { 'content-type': 'text/plain' })
  if (status !== 204) throw new Error(String(status))
}

const time = (second: number) => new Date(START + 1000 * second).toISOString().replace('.000', '')
const within = `time >= ${START}ms AND time < ${START + 60_000}ms`

const asked = async (hub: Running, q: string, more = '', headers: Record<string, string> = {}) => {
  const { json, status, text } = await hub.get(`${hub.url}/query?q=${encodeURIComponent(q)}${more}`, headers)
  if (status !== 200) throw new Error(`${status} ${text}`)
  return json.results
}
const seriesOf = async (hub: Running, q: string, more = '', headers: Record<string, string> = {}) =>
  (await asked(hub, q, more, headers))[0].series

t.test('buckets, samples and lists are answered as InfluxDB does', async (t) => {
  for (const allInThreads of [false, true]) {
    const hub = await start(t, {}, { allInThreads })
    await fill(hub)
    t.strictSame(
      await seriesOf(hub, `SELECT mean(Speed), max(Count) FROM Press WHERE ${within} GROUP BY time(20s), shell`),
      [
        {
          name: 'Press',
          tags: { shell: 'urn:aas:1' },
          columns: ['time', 'mean', 'max'],
          values: [
            [time(0), 9.5, 19],
            [time(20), 29.5, 39],
            [time(40), 49.5, 59]
          ]
        },
        {
          name: 'Press',
          tags: { shell: 'urn:aas:2' },
          columns: ['time', 'mean', 'max'],
          values: [
            [time(0), 19, 19],
            [time(20), 59, 39],
            [time(40), 99, 59]
          ]
        }
      ]
    )
    t.strictSame(
      await seriesOf(hub, `SELECT percentile(Speed, 50) FROM Press WHERE asset = 'urn:asset:2' GROUP BY submodel`),
      [{ name: 'Press', tags: { submodel: 'urn:sm:2' }, columns: ['time', 'percentile'], values: [[time(29), 58]] }]
    )
    t.strictSame(
      await seriesOf(
        hub,
        `SELECT State, shell, Axis.Load FROM Press WHERE submodel = 'urn:sm:1' ORDER BY time DESC LIMIT 1 OFFSET 19`
      ),
      [
        {
          name: 'Press',
          columns: ['time', 'State', 'shell', 'Axis.Load'],
          values: [[time(40), 's40', 'urn:aas:1', 40.5]]
        }
      ]
    )
    t.strictSame(await seriesOf(hub, 'SELECT * FROM "urn:bare"'), [
      {
        name: 'urn:bare',
        columns: ['time', 'On', 'asset', 'shell', 'submodel'],
        values: [[time(0), true, null, null, 'urn:bare']]
      }
    ])
    t.strictSame(await seriesOf(hub, 'SHOW FIELD KEYS FROM Press'), [
      {
        name: 'Press',
        columns: ['fieldKey', 'fieldType'],
        values: [
          ['Axis.Load', 'float'],
          ['Count', 'integer'],
          ['Secret', 'float'],
          ['Speed', 'float'],
          ['State', 'string']
        ]
      }
    ])
    t.strictSame(await seriesOf(hub, 'SHOW TAG VALUES WITH KEY = "shell"'), [
      {
        name: 'Press',
        columns: ['key', 'value'],
        values: [
          ['shell', 'urn:aas:1'],
          ['shell', 'urn:aas:2']
        ]
      }
    ])
    await hub.stop()
  }
})

t.test('times come in any unit, rows in chunks, and tables as CSV', async (t) => {
  const hub = await start(t)
  await fill(hub)
  const q = `SELECT Count FROM Press WHERE submodel = 'urn:sm:1' AND time >= ${START + 57_000}ms`
  for (const [epoch, unit] of Object.entries({ ns: 1e-6, u: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 })) {
    const [{ values }] = await seriesOf(hub, q, `&epoch=${epoch}`)
    t.equal(values[0][0], Math.trunc((START + 57_000) / unit), epoch)
  }
  t.strictSame((await seriesOf(hub, `${q} tz('Asia/Seoul')`))[0].values[0], ['2026-11-24T12:00:57+09:00', 57])
  const { text, headers } = await hub.get(
    `${hub.url}/query?chunked=true&chunk_size=2&epoch=s&q=${encodeURIComponent(`${q};SHOW DATABASES`)}`
  )
  t.match(headers.get('content-type'), /^application\/json/)
  const name = 'Press'
  const columns = ['time', 'Count']
  const rows = [57, 58, 59].map((second) => [START / 1000 + second, second])
  t.strictSame(
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).results),
    [
      [{ statement_id: 0, series: [{ name, columns, values: rows.slice(0, 2), partial: true }], partial: true }],
      [{ statement_id: 0, series: [{ name, columns, values: rows.slice(2) }] }],
      [{ statement_id: 1, series: [{ name: 'databases', columns: ['name'], values: [['aas-hub']] }] }]
    ]
  )
  const csv = await hub.get(
    `${hub.url}/query?q=${encodeURIComponent(`SELECT last(State), count(Speed) FROM Press WHERE ${within} GROUP BY shell`)}`,
    {
      accept: 'application/csv'
    }
  )
  t.match(csv.headers.get('content-type'), /^text\/csv/)
  t.equal(
    csv.text,
    `name,tags,time,last,count\nPress,shell=urn:aas:1,${START}000000,s40,60\nPress,shell=urn:aas:2,${START}000000,,60\n`
  )
})

t.test('a form is answered like a URL, with values for names in the query', async (t) => {
  const hub = await start(t)
  await fill(hub)
  const q = 'SELECT count(Speed) FROM Press WHERE shell = $shell'
  const form = new URLSearchParams({ q, params: JSON.stringify({ shell: 'urn:aas:2' }), epoch: 'ms' })
  const { json } = await hub.ask('POST', `${hub.url}/query?db=any`, form.toString(), FORM)
  t.strictSame(json.results, [
    { statement_id: 0, series: [{ name: 'Press', columns: ['time', 'count'], values: [[0, 60]] }] }
  ])
  const refusals: readonly (readonly [string, RegExp])[] = [
    ['q=SELECT mean(State) FROM Press', /mean\(\) is of numbers; "State" is of the type xs:string/],
    ['q=SELECT top(Speed, 3) FROM Press', /The function top\(\) is not answered; answered are count, .*derivative/],
    ['q=SELECT Speed FROM Press GROUP BY time(1s)', /requires a function/],
    ['q=SELECT mean(Speed), Speed FROM Press', /not selected together/],
    ["q=SELECT Speed FROM Press WHERE host = 'x'", /The condition on "host" is not answered/],
    ['q=SELECT Speed FROM Press WHERE shell =~ /(/', /The expression \/\(\/ is not usable/],
    ['q=SELECT mean(Speed) FROM Press WHERE time > 0 GROUP BY time(1ms) fill(0)', /more than 1000000 buckets/],
    ['q=SELECT Speed FROM Press ORDER BY time DESC LIMIT 200000', /at most 100000/],
    ['q=SHOW DATABASES&epoch=d', /"epoch" is one of/],
    ['q=SHOW DATABASES&params=[]', /"params" is a JSON object/],
    ['', /missing required parameter "q"/]
  ]
  for (const [query, error] of refusals) {
    const { status, json } = await hub.get(`${hub.url}/query?${query}`)
    t.match({ status, json }, { status: 400, json: { error } }, query)
  }
  t.equal((await hub.ask('POST', `${hub.url}/query`, `q=${'x'.repeat(300_000)}`, FORM)).status, 413)
})

t.test('a caller gets what it may read, and nothing says that there is more', async (t) => {
  const { hub, key } = await secured(
    t,
    [
      rule({ objects: [{ IDENTIFIABLE: '$sm("urn:sm:1")' }], formula: isReader, more: hidingSecret }),
      rule({ objects: [{ IDENTIFIABLE: '$aas("urn:aas:1")' }], formula: isReader }),
      rule({ rights: ['READ', 'CREATE'], objects: [{ ROUTE: '/write' }], formula: eq(claim('role'), str('writer')) })
    ],
    fill
  )
  const headers = bearer((await key({ role: 'reader' })).key)
  t.strictSame(
    (await seriesOf(hub, 'SHOW FIELD KEYS', '', headers))[0].values.map(([name]: string[]) => name),
    ['Axis.Load', 'Count', 'Speed', 'State']
  )
  t.strictSame((await seriesOf(hub, 'SHOW MEASUREMENTS', '', headers))[0].values, [['Press']])
  t.strictSame((await seriesOf(hub, 'SHOW SERIES', '', headers))[0].values, [
    ['Press,asset=urn:asset:1,shell=urn:aas:1,submodel=urn:sm:1']
  ])
  t.strictSame((await seriesOf(hub, 'SELECT count(*) FROM Press GROUP BY *', '', headers))[0].columns, [
    'time',
    'count_Axis.Load',
    'count_Count',
    'count_Speed',
    'count_State'
  ])
  for (const [hidden, absent] of [
    ['SELECT Secret FROM Press', 'SELECT Absent FROM Press'],
    ['SELECT mean(Secret) FROM Press', 'SELECT mean(Absent) FROM Press'],
    ["SELECT Speed FROM Press WHERE shell = 'urn:aas:2'", "SELECT Speed FROM Press WHERE shell = 'urn:aas:3'"],
    ["SELECT Speed FROM Press WHERE submodel = 'urn:sm:2'", "SELECT Speed FROM Press WHERE submodel = 'urn:sm:3'"],
    ['SELECT On FROM "urn:bare"', 'SELECT On FROM "urn:bar"']
  ] as const) {
    t.strictSame(await asked(hub, hidden, '', headers), [{ statement_id: 0 }], hidden)
    t.strictSame(await asked(hub, absent, '', headers), [{ statement_id: 0 }], absent)
  }
  const writer = bearer((await key({ role: 'writer' })).key)
  const statusOf = async (q: string, caller = {}) => (await hub.get(`${hub.url}/query?q=${q}`, caller)).status
  t.equal(await statusOf('SHOW+MEASUREMENTS'), 401)
  t.equal(await statusOf('SHOW+DATABASES;SELECT+Speed+FROM+Press'), 401)
  t.equal(await statusOf('SELECT+Speed+FROM+Press', writer), 403)
  t.equal(await statusOf('SHOW+DATABASES', writer), 200, 'which clients ask before they write')
  t.equal((await hub.ask('POST', `${hub.url}/query`, 'q=CREATE DATABASE plant', { ...FORM, ...writer })).status, 200)
})

const isReader = eq(claim('role'), str('reader'))
const hidingSecret = {
  FILTER: { FRAGMENT: '$sme', CONDITION: { $not: eq(field('$sme#idShort'), str('Secret')) } }
}

t.test('every query of the dashboard is answered with its variables', async (t) => {
  const hub = await start(t)
  await fill(hub)
  const dashboard = JSON.parse(readFileSync(new URL('../../docs/grafana/dashboard.json', import.meta.url), 'utf8'))
  const written = (query: string) =>
    Object.entries({ ...values, timeFilter: within, __interval: '10s' }).reduce(
      (text, [name, value]) => text.replaceAll(`$${name}`, value),
      query
    )
  // Chosen in the order of the variables, as Grafana does; several values become an expression.
  const values: Record<string, string> = {}
  for (const { name, query, multi } of dashboard.templating.list) {
    const [{ columns, values: rows }] = await seriesOf(hub, written(query))
    const found = rows.map((row: string[]) => row[columns.length === 2 && columns[0] === 'key' ? 1 : 0])
    values[name] = multi ? `(${found.join('|')})` : found.includes('Speed') ? 'Speed' : found[0]
  }
  t.strictSame(values, { shell: '(urn:aas:1|urn:aas:2)', measurement: 'Press', field: 'Speed' })
  t.equal(dashboard.__inputs[0].pluginId, 'influxdb')
  for (const { title, targets, datasource } of dashboard.panels) {
    t.equal(datasource.uid, `\${${dashboard.__inputs[0].name}}`)
    for (const { query } of targets) {
      const series = await seriesOf(hub, written(query), '&epoch=ms')
      t.ok(series.length > 0 && series.every((one: { values: unknown[] }) => one.values.length > 0), title)
    }
  }
})
