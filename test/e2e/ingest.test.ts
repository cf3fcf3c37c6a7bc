import { once } from 'node:events'
import { connect } from 'node:net'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import t from 'tap'
import { manualClock } from '../manual-clock.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'
import { encode, type Running, start } from './harness.ts'

const property = (idShort: string, valueType: string) => ({ modelType: 'Property', idShort, valueType })
const machine = {
  modelType: 'Submodel',
  id: 'urn:m',
  idShort: 'Machine',
  submodelElements: [property('Speed', 'xs:double'), property('Count', 'xs:int'), property('State', 'xs:string')]
}

async function filled(t: Tap, settings = {}, options: Parameters<typeof start>[2] = {}): Promise<Running> {
  const hub = await start(t, settings, options)
  await hub.post('/submodels', machine)
  return hub
}

type Tap = Parameters<typeof start>[0]

async function rows(hub: Running, path: string): Promise<[string, unknown][]> {
  const { status, json } = await hub.get(`/timeseries?submodel=urn:m&path=${path}`)
  return status === 404 ? [] : json.rows
}

async function current(hub: Running, path: string): Promise<unknown> {
  return (await hub.get(`/submodels/${encode('urn:m')}/submodel-elements/${path}/$value`)).json
}

const NDJSON = { 'content-type': 'application/x-ndjson' }
const LINES = { 'content-type': 'text/plain; charset=utf-8' }

t.test('JSON may be rows, columns and lists of both, and is answered with a log position', async (t) => {
  const hub = await filled(t)
  const row = await hub.post('/ingest', {
    submodel: 'urn:m',
    path: 'Speed',
    value: 21.5,
    time: '2026-11-24T03:00:00.000000001Z'
  })
  t.match(row, { status: 200, json: { accepted: 1, refused: 0, refusals: [] } })
  const column = {
    path: 'Count',
    start: '2026-11-24T03:00:00Z',
    step: 100,
    values: [1, 2, 3],
    quality: ['good', null, 'bad']
  }
  const many = await hub.ask('POST', `${hub.url}/ingest`, {
    submodel: 'urn:m',
    samples: [column, { path: 'State', value: 'on' }]
  })
  t.match(many.json, { accepted: 4, refused: 0 })
  t.strictSame(await rows(hub, 'Speed'), [['2026-11-24T03:00:00.000000001Z', 21.5]])
  t.equal((await rows(hub, 'Count'))[2]?.[0], '2026-11-24T03:00:00.200Z')
  t.equal(await current(hub, 'Count'), 3)
  t.equal(await current(hub, 'State'), 'on')
  let { cursor } = row.json
  const records: unknown[] = []
  // A page has what the log has so far.
  await until(async () => {
    const { json } = await hub.get(`/events?cursor=${cursor}`)
    cursor = json.next
    return records.push(...json.records) >= 2
  })
  t.pass('the cursor is one of the stream')
})

t.test('a JSON body is accepted or refused as a whole, unless each is set', async (t) => {
  const hub = await filled(t)
  const body = [
    { submodel: 'urn:m', path: 'Count', time: 1, value: 1 },
    { submodel: 'urn:m', path: 'Count', time: 2, value: 'many' },
    { submodel: 'urn:m', value: 1 }
  ]
  const refused = await hub.post('/ingest', body)
  t.equal(refused.status, 400)
  const reasons = refused.json.messages.map(({ text }: { text: string }) => text).sort()
  t.match(reasons, [/^\/1 \(Count\): .*whole number.*"many"/, /^\/2: "path", an idShortPath, was expected/])
  t.strictSame(await rows(hub, 'Count'), [])
  const kept = await hub.post('/ingest?each=true', body)
  t.match(kept.json, { accepted: 1, refused: 2 })
  t.strictSame(kept.json.refusals.map(({ index }: { index: number }) => index).sort(), [1, 2])
})

t.test('NDJSON of any length is read line by line, and wrong lines are reported by number', async (t) => {
  const hub = await filled(t)
  const count = 45_000
  const lines = Array.from({ length: count }, (_, i) => `{"path":"Speed","time":${i},"value":${i / 10}}`)
  lines[7] = '{"path":"Speed","time":7,"value":"fast"}'
  lines[30_000] = '{"path":'
  const { status, json } = await hub.post('/ingest?submodel=urn:m', lines.join('\n'), NDJSON)
  t.equal(status, 200)
  t.match(json, { accepted: count - 2, refused: 2, repeated: 0 })
  t.strictSame(
    json.refusals.map(({ index }: { index: number }) => index),
    [7, 30_000]
  )
  const { json: counted } = await hub.get('/timeseries?submodel=urn:m&interval=1h&aggregate=count')
  t.equal(counted.rows[0][1], count - 2)
})

t.test('compressed bodies are decoded', async (t) => {
  const hub = await filled(t)
  const line = (time: number) => Buffer.from(`{"submodel":"urn:m","path":"Count","time":${time},"value":${time}}\n`)
  for (const [coding, body] of [
    ['gzip', gzipSync(line(1))],
    ['zstd', zstdCompressSync(line(2))]
  ] as const) {
    t.match((await hub.post('/ingest', body, { ...NDJSON, 'content-encoding': coding })).json, { accepted: 1 })
  }
  t.equal((await rows(hub, 'Count')).length, 2)
  t.equal((await hub.post('/ingest', line(3), { ...NDJSON, 'content-encoding': 'gzip' })).status, 400)
  t.equal((await hub.post('/ingest', line(3), { ...NDJSON, 'content-encoding': 'br' })).status, 415)
  t.equal((await hub.post('/ingest', 'x', { 'content-type': 'text/html' })).status, 415)
  const bomb = gzipSync(Buffer.alloc(3_000_000, ' '))
  const small = await filled(t, { BODY_LIMIT: '1MiB' })
  t.equal(
    (await small.post('/ingest', bomb, { 'content-type': 'application/json', 'content-encoding': 'gzip' })).status,
    413
  )
})

t.test('a batch that is repeated with its key is stored once', async (t) => {
  const hub = await filled(t)
  const key = { 'idempotency-key': 'gateway-1/42' }
  const body = { submodel: 'urn:m', path: 'Count', value: 1 }
  const first = await hub.post('/ingest', body, key)
  const again = await hub.post('/ingest', body, key)
  t.match([first.json, again.json], [{ repeated: 0 }, { repeated: 1, cursor: first.json.cursor }])
  t.equal((await rows(hub, 'Count')).length, 1)
  const lines = Array.from(
    { length: 25_000 },
    (_, i) => `{"submodel":"urn:m","path":"Speed","time":${i},"value":1}`
  ).join('\n')
  t.match((await hub.post('/ingest', lines, { ...NDJSON, ...key })).json, { accepted: 25_000, repeated: 0 })
  t.match((await hub.post('/ingest', lines, { ...NDJSON, ...key })).json, { accepted: 25_000, repeated: 4 })
})

t.test('a body that cannot be decoded does no harm where the request is refused before it is read', async (t) => {
  const hub = await filled(t)
  const lost: unknown[] = []
  const note = (error: unknown) => lost.push(error)
  process.on('uncaughtException', note)
  t.teardown(() => process.off('uncaughtException', note))
  for (const coding of ['gzip', 'zstd']) {
    for (const address of ['/ingest?each=maybe', '/ingest?unit=h', '/write?precision=x', '/api/v2/write?precision=x']) {
      const headers = { ...LINES, 'content-encoding': coding }
      t.equal((await hub.ask('POST', hub.url + address, 'not packed', headers)).status, 400, address)
      t.equal((await hub.ask('POST', hub.url + address, '', headers)).status, 400, address)
    }
    const image = await hub.ask('POST', `${hub.url}/ingest`, '', {
      'content-type': 'image/png',
      'content-encoding': coding
    })
    t.equal(image.status, 415)
  }
  t.equal((await hub.ask('GET', `${hub.url}/healthz`)).status, 200)
  t.strictSame(lost, [])
})

const SENML = { 'content-type': 'application/senml+json' }

t.test('SenML names contain the submodel and the path, or the path alone', async (t) => {
  const hub = await filled(t)
  const pack = [
    { bn: 'Machine/', n: 'Speed', bt: 1795489200.001, v: 21.5 },
    { n: 'Speed', t: -5, v: 21 },
    { bn: 'urn:m/', n: 'State', bt: 0, t: -1, vs: 'on' }
  ]
  const before = Date.now()
  t.match(await hub.post('/ingest', pack, SENML), { status: 200, json: { accepted: 3, refused: 0 } })
  t.strictSame(await rows(hub, 'Speed'), [
    ['2026-11-24T02:59:55.001Z', 21],
    ['2026-11-24T03:00:00.001Z', 21.5]
  ])
  const [[time = '', state] = []] = await rows(hub, 'State')
  t.equal(state, 'on')
  t.ok(Date.parse(time) >= before - 1000 && Date.parse(time) <= Date.now() - 1000, 'a second before it came')
  t.match((await hub.post('/ingest?submodel=urn:m', [{ n: 'Count', v: 4 }], SENML)).json, { accepted: 1 })
  t.equal(await current(hub, 'Count'), 4)
})

t.test('invalid SenML is refused as a whole, or record by record', async (t) => {
  const hub = await filled(t)
  const pack = [
    { n: 'Machine/Count', v: 1 },
    { n: 'Machine/Count', v: 1.5 },
    { n: 'Unknown/Count', v: 1 },
    { n: 'urn:unknown/Count', v: 1 },
    { n: 'Count', v: 1 },
    { n: 'Machine/Count' }
  ]
  t.match(await hub.post('/ingest', pack, SENML), { status: 400, json: { messages: [{ text: /^\/\d/ }] } })
  t.strictSame(await rows(hub, 'Count'), [])
  const { json } = await hub.post('/ingest?each=true', pack, SENML)
  t.equal(json.accepted, 1)
  const refusals = json.refusals.map(({ index, text }: { index: number; text: string }) => `${index}: ${text}`)
  for (const expected of [
    /^1: .*xs:int/,
    /^2: no submodel has the idShort "Unknown"/,
    /^3: there is no submodel "urn:unknown"/,
    /^4: a name such as "submodel\/path"/,
    /^5: a value/
  ]) {
    t.equal(refusals.filter((line: string) => expected.test(line)).length, 1, `${expected} in ${refusals.join('; ')}`)
  }
  t.match(await hub.post('/ingest', [{ n: 'Machine/Count', v: 1, must_: 1 }], SENML), {
    status: 400,
    json: { messages: [{ text: /^SenML: record 0 has the field "must_"/ }] }
  })
})

t.test('clients of the line protocol push as to InfluxDB, by idShort or id of the submodel', async (t) => {
  const clock = manualClock()
  const hub = await filled(t, {}, { clock })
  const write = (path: string, body: string) => hub.ask('POST', hub.url + path, body, LINES)
  t.equal((await hub.ask('GET', `${hub.url}/ping`)).status, 204)
  t.equal(
    (await write('/api/v2/write?org=o&bucket=b&precision=ms', 'Machine Speed=1.5,Count=3i 1700000000000\n')).status,
    204
  )
  t.equal((await write('/write?db=d', 'any,submodel=urn:m State="on" 1700000000000000001\n# comment\n')).status, 204)
  t.strictSame(await rows(hub, 'Speed'), [['2023-11-14T22:13:20.000Z', 1.5]])
  t.strictSame(await rows(hub, 'State'), [['2023-11-14T22:13:20.000000001Z', 'on']])
  const partial = await write('/api/v2/write', 'Machine Speed=2\nUnknown Speed=1\nMachine Speed=x\n')
  t.equal(partial.status, 400)
  t.match(partial.json, {
    code: 'invalid',
    message: /1 samples were taken, 2 refused: line 2: no submodel has the idShort "Unknown".*line 3: column 15/
  })
  t.equal(await current(hub, 'Speed'), 2)
  await hub.post('/submodels', { ...machine, id: 'urn:m2' })
  await clock.advance(1100)
  t.match((await write('/write', 'Machine Speed=3\n')).json, { error: /several submodels have the idShort "Machine"/ })
  t.equal((await write('/write?precision=d', 'Machine Speed=3\n')).status, 400)
})

t.test('a mapping file assigns points to elements', async (t) => {
  const file = testDirectory(t, {
    'mapping.json': '[{"measurement":"imm*","submodel":"urn:{tag.plant}","path":"{field}"}]'
  })
  const hub = await filled(t, { LINE_MAPPING: `${file}/mapping.json` })
  t.equal((await hub.ask('POST', `${hub.url}/write`, 'imm01,plant=m Count=7i 1\n', LINES)).status, 204)
  t.equal(await current(hub, 'Count'), 7)
})

t.test('unknown series are created if the setting says so', async (t) => {
  const hub = await filled(t, {
    UNKNOWN_SERIES: 'create',
    UNKNOWN_SUBMODEL: 'urn:new',
    UNKNOWN_TEMPLATE: 'urn:template'
  })
  const body = {
    samples: [
      { submodel: 'urn:new', path: 'Line.Speed', value: 1.5 },
      { submodel: 'urn:m', path: 'Extra', value: true }
    ]
  }
  t.match((await hub.post('/ingest', body)).json, { accepted: 2 })
  const created = (await hub.get(`/submodels/${encode('urn:new')}`)).json
  t.match(created, {
    semanticId: { keys: [{ value: 'urn:template' }] },
    submodelElements: [{ idShort: 'Line', value: [{ idShort: 'Speed', valueType: 'xs:double', value: '1.5' }] }]
  })
  t.equal(await current(hub, 'Extra'), true)
  t.equal((await hub.post('/ingest', { submodel: 'urn:other', path: 'Speed', value: 1 })).status, 400)
})

t.test('a body that breaks off keeps what was durable, and the hub keeps running', async (t) => {
  const hub = await filled(t)
  const { port } = new URL(hub.url)
  const socket = connect(Number(port), '127.0.0.1')
  const line = '{"submodel":"urn:m","path":"Count","value":1}\n'
  socket.write(
    `POST /ingest HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-ndjson\r\ncontent-length: 10000000\r\n\r\n${line.repeat(30_000)}`
  )
  const stored = async () => {
    const { json } = await hub.get('/timeseries?submodel=urn:m&interval=1d&aggregate=count')
    return ((json?.rows ?? []) as [string, number][]).reduce((sum, [, count]) => sum + count, 0)
  }
  await until(async () => (await stored()) >= 3 * 8192, { pollMs: 50 })
  socket.destroy()
  await once(socket, 'close')
  t.equal(await stored(), 3 * 8192, 'the full batches')
  t.match((await hub.post('/ingest', line, NDJSON)).json, { accepted: 1 })
})
