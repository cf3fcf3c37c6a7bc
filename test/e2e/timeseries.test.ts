import { tableFromIPC } from 'apache-arrow'
import { parquetReadObjects } from 'hyparquet'
import t from 'tap'
import { SampleBatch } from '../../src/operations/samples/batch.ts'
import { type Running, start } from './harness.ts'

const START = 1_764_000_000_000_000_000n
const SECOND = 1_000_000_000n

const machine = {
  modelType: 'Submodel',
  id: 'urn:m',
  idShort: 'Machine',
  submodelElements: [
    {
      modelType: 'Property',
      idShort: 'Speed',
      valueType: 'xs:double',
      semanticId: { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value: 'urn:cd:speed' }] }
    },
    { modelType: 'Property', idShort: 'Count', valueType: 'xs:int' },
    { modelType: 'Property', idShort: 'State', valueType: 'xs:string' },
    { modelType: 'Property', idShort: 'Silent', valueType: 'xs:double' }
  ]
}

const concept = {
  modelType: 'ConceptDescription',
  id: 'urn:cd:speed',
  embeddedDataSpecifications: [
    {
      dataSpecification: {
        type: 'ExternalReference',
        keys: [
          {
            type: 'GlobalReference',
            value: 'https://admin-shell.io/DataSpecificationTemplates/DataSpecificationIec61360/3'
          }
        ]
      },
      dataSpecificationContent: {
        modelType: 'DataSpecificationIec61360',
        preferredName: [
          { language: 'en', text: 'Speed' },
          { language: 'ko', text: '속도' }
        ],
        unit: 'mm/s',
        dataType: 'REAL_MEASURE',
        definition: [{ language: 'en', text: 'How fast the screw moves' }]
      }
    }
  ]
}

/** Speed each second, Count each other second, one State. */
async function filled(hub: Running): Promise<void> {
  for (const [path, document] of [
    ['/submodels', machine],
    ['/concept-descriptions', concept]
  ] as const) {
    if ((await hub.post(path, document)).status !== 201) throw new Error(`${path} was refused`)
  }
  const batch = new SampleBatch()
  for (let i = 0n; i < 10n; i++) {
    batch.add('urn:m', 'Speed', START + i * SECOND, Number(i) * 1.5)
    if (i % 2n === 0n) batch.add('urn:m', 'Count', START + i * SECOND, Number(i))
  }
  batch.add('urn:m', 'State', START + 3n * SECOND, '정지', 'uncertain')
  await hub.server.context.ingest.push(batch)
}

t.test('the history is one wide table, with units and Korean names on request', async (t) => {
  const hub = await start(t)
  await filled(hub)
  const { json } = await hub.get('/timeseries?submodel=urn:m')
  t.strictSame(
    json.columns.map(({ name }: { name: string }) => name),
    ['time', 'Speed', 'Count', 'State']
  )
  t.equal(json.columns[1].unit, 'mm/s')
  t.strictSame(json.rows[0], ['2025-11-24T16:00:00.000Z', 0, 0, null])
  t.strictSame(json.rows[3], ['2025-11-24T16:00:03.000Z', 4.5, null, '정지'])
  t.equal(json.rows.length, 10)
  const csv = await hub.get('/timeseries?submodel=urn:m&path=Speed&path=State&language=ko&format=csv&quality=true')
  t.match(csv.headers.get('content-disposition'), /timeseries\.csv/)
  const lines = csv.text.split('\r\n')
  // fetch takes the byte order mark off.
  t.equal(lines[0], 'time,속도 [mm/s],속도 (quality),State,State.quality')
  t.equal(lines[4], '2025-11-24T16:00:03.000Z,4.5,,정지,uncertain')
})

t.test('items of a list have the unit and the name that the list gives to all of them', async (t) => {
  const hub = await start(t)
  const { id: speed } = concept
  const list = {
    modelType: 'SubmodelElementList',
    idShort: 'Zones',
    typeValueListElement: 'Property',
    valueTypeListElement: 'xs:double',
    semanticIdListElement: { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value: speed }] },
    value: ['1', '2'].map((value) => ({ modelType: 'Property', valueType: 'xs:double', value }))
  }
  await hub.post('/concept-descriptions', concept)
  await hub.post('/submodels', { modelType: 'Submodel', id: 'urn:oven', submodelElements: [list] })
  const batch = new SampleBatch()
  for (const path of ['Zones[0]', 'Zones[1]']) batch.add('urn:oven', path, START, 200)
  await hub.server.context.ingest.push(batch)
  const named = `submodel=urn:oven&semanticId=${encodeURIComponent(speed)}&language=ko`
  const { json } = await hub.get(`${hub.url}/series?${named}`)
  t.match(json.result, [
    { path: 'Zones[0]', unit: 'mm/s', label: '속도[0]', semanticId: speed },
    { path: 'Zones[1]', unit: 'mm/s', label: '속도[1]', semanticId: speed }
  ])
  const csv = await hub.get(`/timeseries?${named}&format=csv`)
  t.equal(csv.text.split('\r\n')[0], 'time,속도[0] [mm/s],속도[1] [mm/s]')
})

t.test('a window is inclusive at both ends, in ISO 8601 or milliseconds', async (t) => {
  const hub = await start(t)
  await filled(hub)
  const to = Number(START / 1_000_000n) + 4000
  const { json } = await hub.get(`/timeseries?submodel=urn:m&path=Speed&from=2025-11-25T01:00:02%2B09:00&to=${to}`)
  t.strictSame(
    json.rows.map(([, value]: [string, number]) => value),
    [3, 4.5, 6]
  )
})

t.test('buckets are the same whether their samples are in chunks or not', async (t) => {
  const hub = await start(t)
  await filled(hub)
  const asked = '/timeseries?submodel=urn:m&path=Speed&interval=5s&aggregate=min,max,mean,sum,count,first,last,stddev'
  const { json } = await hub.get(asked)
  t.strictSame(json.rows, [
    ['2025-11-24T16:00:00.000Z', 0, 6, 3, 15, 5, 0, 6, Math.sqrt(22.5 / 4)],
    ['2025-11-24T16:00:05.000Z', 7.5, 13.5, 10.5, 52.5, 5, 7.5, 13.5, Math.sqrt(22.5 / 4)]
  ])
  const { DATA_DIR } = { DATA_DIR: hub.directory }
  await hub.stop()
  const again = await start(t, { DATA_DIR })
  t.strictSame((await again.get(asked)).json, json)
})

t.test('a series without values leaves its columns empty', async (t) => {
  const hub = await start(t)
  await filled(hub)
  await hub.post('/submodels', {
    modelType: 'Submodel',
    id: 'urn:n',
    submodelElements: [{ modelType: 'Property', idShort: 'Mode', valueType: 'xs:string' }]
  })
  await hub.post('/ingest', { submodel: 'urn:n', path: 'Mode', time: '2025-11-24T16:00:03Z', value: 'auto' })
  const series = '/timeseries?submodel=urn:n&submodel=urn:m'
  // A text has no mean, and is not counted.
  t.match(tableOf(await hub.get(`${series}&interval=1m&aggregate=mean,count`)), [
    { 'urn:n.Mode.mean': null, 'urn:n.Mode.count': null, 'Machine.Count.mean': 4, 'Machine.Count.count': 5 }
  ])
  t.match(tableOf(await hub.get(`${series}&quality=true&from=2025-11-24T16:00:04Z`))[0], {
    'urn:n.Mode': null,
    'urn:n.Mode.quality': null,
    'Machine.Speed': 6,
    'Machine.Speed.quality': null,
    'Machine.Count': 4
  })
})

/** Rows as objects. */
function tableOf({ json: { columns, rows } }: { json: { columns: { name: string }[]; rows: unknown[][] } }) {
  return rows.map((row) => Object.fromEntries(columns.map(({ name }, at) => [name, row[at]])))
}

t.test('series meet on a common grid', async (t) => {
  const hub = await start(t)
  await filled(hub)
  const rows = async (more: string) =>
    (await hub.get(`/timeseries?submodel=urn:m&path=Count&path=State&${more}`)).json.rows
  const window = 'from=2025-11-24T16:00:02.500Z&to=2025-11-24T16:00:05Z&interval=1s'
  t.strictSame(await rows(`${window}&align=previous`), [
    ['2025-11-24T16:00:03.000Z', 2, '정지'],
    ['2025-11-24T16:00:04.000Z', 4, '정지'],
    ['2025-11-24T16:00:05.000Z', 4, '정지']
  ])
  t.strictSame(
    (await rows(`${window}&align=linear`)).map(([, count]: [string, number]) => count),
    [3, 4, 5]
  )
})

t.test('pages follow each other without loss while samples arrive', async (t) => {
  const hub = await start(t)
  await filled(hub)
  const times: string[] = []
  let url: string | undefined = '/timeseries?submodel=urn:m&limit=3'
  for (let page = 0; url !== undefined; page++) {
    const { json, headers } = await hub.get(url)
    times.push(...json.rows.map(([time]: [string]) => time))
    const batch = new SampleBatch()
    batch.add('urn:m', 'Speed', START + BigInt(page) * 1000n, 1)
    await hub.server.context.ingest.push(batch)
    const next = /<(.*)>; rel="next"/.exec(headers.get('link') ?? '')?.[1]
    t.equal(next === undefined, json.metadata?.cursor === undefined)
    url = next?.slice('/api/v3'.length)
  }
  t.equal(new Set(times).size, times.length)
  t.equal(times.filter((time) => time.endsWith('.000Z')).length, 10)
})

t.test('series are found by semanticId, and by name after their element was deleted', async (t) => {
  const hub = await start(t)
  await filled(hub)
  const asked = await hub.get('/timeseries?semanticId=urn:cd:speed&to=2025-11-24T16:00:00Z')
  t.strictSame(asked.json.rows, [['2025-11-24T16:00:00.000Z', 0]])
  await hub.remove(`/submodels/${Buffer.from('urn:m').toString('base64url')}`)
  t.equal((await hub.get('/timeseries?submodel=urn:m&path=Speed')).json.rows.length, 10)
  t.equal((await hub.get('/timeseries?submodel=urn:m')).status, 404)
})

t.test('Parquet, Arrow and NDJSON hold the same', async (t) => {
  const hub = await start(t)
  await filled(hub)
  const bytes = async (accept: string) =>
    (await fetch(`${hub.url}/timeseries?submodel=urn:m`, { headers: { accept } })).arrayBuffer()
  const parquet = await parquetReadObjects({ file: await bytes('application/vnd.apache.parquet') })
  t.equal(parquet.length, 10)
  t.match(parquet[3], { Speed: 4.5, State: '정지' })
  const arrow = tableFromIPC(new Uint8Array(await bytes('application/vnd.apache.arrow.stream')))
  t.strictSame([arrow.numRows, arrow.getChild('Speed')?.get(3)], [10, 4.5])
  const lines = Buffer.from(await bytes('application/x-ndjson'))
    .toString()
    .trim()
    .split('\n')
  t.match(JSON.parse(lines[3] ?? ''), { Speed: 4.5, State: '정지' })
})

t.test('invalid requests are refused with what was expected', async (t) => {
  const hub = await start(t)
  await filled(hub)
  for (const [query, text] of [
    ['', /Name the series/],
    ['?submodel=urn:m&form=csv', /"form": expected one of/],
    ['?submodel=urn:m&from=yesterday', /"from": expected a time such as/],
    ['?submodel=urn:m&interval=5x&aggregate=mean', /"interval": expected a time such as 10s/],
    ['?submodel=urn:m&interval=5s', /"aggregate": expected given with "interval"/],
    ['?submodel=urn:m&aggregate=mean', /"interval": expected given with "aggregate"/],
    ['?submodel=urn:m&aggregate=median&interval=5s', /"aggregate": expected one of count/],
    ['?submodel=urn:m&limit=0', /"limit": expected a whole number/],
    ['?submodel=urn:m&cursor=x', /"cursor": expected the one of the page before/],
    ['?submodel=urn:m&format=xls', /"format" is one of/]
  ] as const) {
    const { status, json } = await hub.get(`/timeseries${query}`)
    t.equal(status, 400, query)
    t.match(json.messages[0].text, text)
  }
  t.equal((await hub.get('/timeseries?submodel=urn:m', { accept: 'image/png' })).status, 406)
  t.equal((await hub.post('/timeseries', '{}')).status, 415)
})

t.test('times have the requested zone and format', async (t) => {
  const hub = await start(t)
  await filled(hub)
  const one = '/timeseries?submodel=urn:m&path=State'
  for (const [query, json, csv] of [
    ['', '2025-11-24T16:00:03.000Z', '2025-11-24T16:00:03.000Z'],
    ['&timezone=Asia/Seoul', '2025-11-25T01:00:03.000+09:00', '2025-11-25T01:00:03.000+09:00'],
    ['&timezone=-03:30', '2025-11-24T12:30:03.000-03:30', '2025-11-24T12:30:03.000-03:30'],
    ['&timezone=%2B05:45', '2025-11-24T21:45:03.000+05:45', '2025-11-24T21:45:03.000+05:45'],
    ['&timezone=+05:45', '2025-11-24T21:45:03.000+05:45', '2025-11-24T21:45:03.000+05:45'],
    ['&timeFormat=excel', '2025-11-24 16:00:03', '2025-11-24 16:00:03'],
    ['&timeFormat=excel&timezone=Asia/Seoul', '2025-11-25 01:00:03', '2025-11-25 01:00:03'],
    ['&timeFormat=epoch-s', 1764000003, '1764000003'],
    ['&timeFormat=epoch-ms&timezone=Asia/Seoul', 1764000003000, '1764000003000'],
    ['&timeFormat=epoch-us', 1764000003000000, '1764000003000000'],
    ['&timeFormat=epoch-ns', '1764000003000000000', '1764000003000000000']
  ] as const) {
    t.equal((await hub.get(one + query)).json.rows[0][0], json, query)
    t.equal((await hub.get(`${one}${query}&format=csv`)).text.split('\r\n')[1]?.split(',')[0], csv, query)
    t.equal((await hub.get(`${one}${query}&format=ndjson`)).json.time, json, query)
  }
  const { headers } = await hub.get(`${one}&format=csv`)
  t.equal(headers.get('content-type'), 'text/csv; charset=utf-8')
  const arrow = await fetch(`${hub.api}${one}&format=arrow&timezone=asia/seoul`)
  t.equal(
    String(tableFromIPC((await arrow.arrayBuffer()) as never).schema.fields[0]?.type),
    'Timestamp<NANOSECOND, Asia/Seoul>'
  )
  for (const [query, text] of [
    ['&timezone=Asia/Soul', /"timezone": expected the name of a time zone such as Asia\/Seoul.*found "Asia\/Soul"/],
    ['&timezone=', /"timezone"/],
    ['&timeFormat=xls', /"timeFormat": expected one of iso, excel/],
    ['&timeFormat=excel&format=parquet', /"timeFormat" is for CSV, JSON and NDJSON/]
  ] as const) {
    const refused = await hub.get(one + query)
    t.equal(refused.status, 400, query)
    t.match(refused.json.messages[0].text, text)
  }
})

t.test('buckets are days, weeks and months of the calendar in the requested zone', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', machine)
  const batch = new SampleBatch()
  // An hour apart, over the days on which Berlin sets its clocks back.
  const first = BigInt(Date.parse('2026-10-23T22:00:00Z')) * 1_000_000n
  for (let i = 0n; i < 96n; i++) batch.add('urn:m', 'Speed', first + i * 3600n * SECOND, Number(i))
  await hub.server.context.ingest.push(batch)
  const rows = async (query: string) =>
    (await hub.get(`/timeseries?submodel=urn:m&path=Speed&aggregate=count&${query}`)).json.rows
  t.strictSame(await rows('interval=P1D&timezone=Europe/Berlin'), [
    ['2026-10-24T00:00:00.000+02:00', 24],
    ['2026-10-25T00:00:00.000+02:00', 25],
    ['2026-10-26T00:00:00.000+01:00', 24],
    ['2026-10-27T00:00:00.000+01:00', 23]
  ])
  t.strictSame(await rows('interval=1d'), [
    ['2026-10-23T00:00:00.000Z', 2],
    ['2026-10-24T00:00:00.000Z', 24],
    ['2026-10-25T00:00:00.000Z', 24],
    ['2026-10-26T00:00:00.000Z', 24],
    ['2026-10-27T00:00:00.000Z', 22]
  ])
  t.strictSame(await rows('interval=P1W&timezone=Europe/Berlin'), [
    ['2026-10-19T00:00:00.000+02:00', 49],
    ['2026-10-26T00:00:00.000+01:00', 47]
  ])
  t.strictSame(await rows('interval=P1M'), [['2026-10-01T00:00:00.000Z', 96]])
  t.strictSame(await rows('interval=1y&timezone=Asia/Seoul'), [['2026-01-01T00:00:00.000+09:00', 96]])
  t.strictSame(
    (await hub.get('/timeseries?submodel=urn:m&path=Speed&interval=P1D&align=previous&timezone=Europe/Berlin')).json
      .rows,
    [
      ['2026-10-24T00:00:00.000+02:00', 0],
      ['2026-10-25T00:00:00.000+02:00', 24],
      ['2026-10-26T00:00:00.000+01:00', 49],
      ['2026-10-27T00:00:00.000+01:00', 73]
    ]
  )
})

t.test('bounds may be relative to now, and those of further pages are the same', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', machine)
  const now = Date.now()
  const values = [
    [now - 7_200_000, 1],
    [now - 1_800_000, 2],
    [now - 60_000, 3]
  ]
  const samples = values.map(([time, value]) => ({ submodel: 'urn:m', path: 'Speed', time, value }))
  t.equal((await hub.ask('POST', `${hub.url}/ingest`, samples)).json.accepted, 3)
  const rows = async (query: string) =>
    (await hub.get(`/timeseries?submodel=urn:m&path=Speed&${query}`)).json.rows.map(([, value]: unknown[]) => value)
  t.strictSame(await rows('from=now-1h'), [2, 3])
  t.strictSame(await rows('from=now()-3h&to=now-1h'), [1])
  t.strictSame(await rows('from=-3h&to=now%2B1h'), [1, 2, 3])
  const page = await hub.get('/timeseries?submodel=urn:m&path=Speed&from=now-1h&to=now&limit=1')
  const link = page.headers.get('link') ?? ''
  t.match(link, /from=20\d\d-.*to=20\d\d-/, 'no longer relative')
  const next = await hub.get(new URL(/<([^>]+)>/.exec(link)?.[1] ?? '', hub.url).href)
  t.strictSame(
    next.json.rows.map(([, value]: unknown[]) => value),
    [3]
  )
  t.match(await hub.get('/timeseries?submodel=urn:m&from=yesterday'), { status: 400, text: /now-1h/ })
})
