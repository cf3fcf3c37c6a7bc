import t from 'tap'
import { encode, type Running, start } from './harness.ts'

const property = (idShort: string, valueType: string) => ({ modelType: 'Property', idShort, valueType })
const machine = {
  modelType: 'Submodel',
  id: 'urn:m',
  idShort: 'Machine',
  submodelElements: [property('Speed', 'xs:double'), property('Count', 'xs:int')]
}

async function filled(t: Parameters<typeof start>[0]): Promise<Running> {
  const hub = await start(t)
  await hub.post('/submodels', machine)
  return hub
}

const NDJSON = { 'content-type': 'application/x-ndjson' }
const LINES = { 'content-type': 'text/plain' }

t.test('clients of InfluxDB get the answers they need before writing, and errors in their format', async (t) => {
  const hub = await filled(t)
  const ask = (method: string, path: string, body?: string, type = 'text/plain') =>
    hub.ask(method, hub.url + path, body, { 'content-type': type })
  t.match(await ask('GET', '/health'), { status: 200, json: { status: 'pass', name: 'aas-hub' } })
  t.ok((await ask('GET', '/ping')).headers.get('x-influxdb-version'))
  const form = 'application/x-www-form-urlencoded'
  for (const { status, json } of [
    await ask('POST', '/query', 'q=CREATE+DATABASE+%22plant%22', form),
    await ask('POST', `/query?q=${encodeURIComponent('CREATE DATABASE plant')}`)
  ]) {
    t.match({ status, json }, { status: 200, json: { results: [{ statement_id: 0 }] } })
  }
  t.match((await ask('GET', '/query?q=SHOW%20DATABASES')).json, {
    results: [{ series: [{ columns: ['name'], values: [['aas-hub']] }] }]
  })
  t.match(await ask('GET', `/query?q=${encodeURIComponent('DROP DATABASE plant')}`), {
    status: 400,
    json: { error: /DROP is not answered/ }
  })
  t.match(await ask('POST', '/api/v2/query', '{"query":"from(bucket:1)"}', 'application/json'), {
    status: 501,
    json: { code: 'not implemented', message: /timeseries/ }
  })
  t.match((await ask('GET', '/api/v2/buckets?name=plant')).json, { buckets: [{ name: 'plant' }] })
  const line = 'Machine Speed=1 1\n'
  for (const [path, headers, status] of [
    ['?precision=d', {}, 400],
    ['', { 'content-encoding': 'br' }, 415],
    ['', { 'content-type': 'text/plain; charset=utf-16' }, 415],
    ['', { 'content-encoding': 'gzip' }, 400]
  ] as const) {
    const one = await hub.ask('POST', `${hub.url}/write${path}`, line, { ...LINES, ...headers })
    t.equal(one.status, status)
    t.equal(typeof one.json.error, 'string', '1.x reads an error')
    const two = await hub.ask('POST', `${hub.url}/api/v2/write${path}`, line, { ...LINES, ...headers })
    t.equal(two.status, status)
    t.match(two.json, { code: 'invalid', message: one.json.error }, '2.x a code and a message')
  }
})

t.test('an idempotency key is bound to one target and one content', async (t) => {
  const hub = await filled(t)
  const key = { 'idempotency-key': 'X' }
  const lines = (path: string, body: string, more = {}) =>
    hub.ask('POST', hub.url + path, body, { ...LINES, ...key, ...more })
  const json = (body: unknown, query = '') => hub.post(`/ingest${query}`, body, key)
  const first = await json({ path: 'Count', value: 1 }, '?submodel=urn:m')
  t.match(first.json, { accepted: 1, repeated: 0 })
  t.match((await json({ path: 'Count', value: 1 }, '?submodel=urn:m')).json, { repeated: 1, cursor: first.json.cursor })
  const other = await json({ path: 'Count', value: 2 }, '?submodel=urn:m')
  t.match(other, {
    status: 422,
    json: { messages: [{ code: 'KeyReused', text: /"X" was used before with other content/ }] }
  })
  t.match((await json({ path: 'Count', value: 2, time: 5, submodel: 'urn:m' })).json, { accepted: 1, repeated: 0 })
  for (const path of ['/write', '/api/v2/write']) {
    t.equal((await lines(path, 'Machine Count=3i 1\n')).status, 204)
    t.equal((await lines(path, 'Machine Count=3i 1\n')).status, 204)
    t.equal((await lines(path, 'Machine Count=4i 1\n')).status, 422)
    t.equal((await lines(`${path}?db=other`, 'Machine Count=4i 2\n')).status, 204)
  }
  const item = (value: number) => `{"submodel":"urn:m","path":"Count","time":9,"value":${value}}\n`
  t.match((await hub.post('/ingest?path=a', item(1), { ...NDJSON, ...key })).json, { repeated: 0 })
  t.match((await hub.post('/ingest?path=b', item(1), { ...NDJSON, 'idempotency-key': 'X/0' })).json, { repeated: 0 })
  t.match((await hub.post('/ingest?path=a', item(1), { ...NDJSON, ...key })).json, { repeated: 1 })
  t.equal((await hub.post('/ingest?path=a', item(2), { ...NDJSON, ...key })).status, 422)
})

t.test('a number beyond double precision keeps its digits or is refused, and never changes', async (t) => {
  const hub = await start(t)
  const types = ['xs:double', 'xs:long', 'xs:unsignedLong', 'xs:integer', 'xs:decimal', 'xs:boolean', 'xs:string']
  const submodelElements = types.map((type) => property(type.slice(3), type))
  await hub.post('/submodels', { modelType: 'Submodel', id: 'urn:m', idShort: 'Machine', submodelElements })
  /** What each type holds after this was sent, as JSON and in a line; undefined where it is refused. */
  for (const [sent, line, held] of [
    ['1e400', '1e400', {}],
    [
      '9007199254740993',
      '9007199254740993',
      {
        double: '9007199254740993',
        long: '9007199254740993',
        unsignedLong: '9007199254740993',
        integer: '9007199254740993',
        decimal: '9007199254740993'
      }
    ],
    [
      '18446744073709551615',
      '18446744073709551615u',
      {
        double: '18446744073709551615',
        unsignedLong: '18446744073709551615',
        integer: '18446744073709551615',
        decimal: '18446744073709551615'
      }
    ],
    ['5.0', '5.0', { double: /^5(\.0)?$/, long: '5', unsignedLong: '5', integer: '5', decimal: /^5(\.0)?$/ }],
    ['1', '1', { double: '1', long: '1', unsignedLong: '1', integer: '1', decimal: '1', boolean: 'true' }],
    ['0', '0i', { double: '0', long: '0', unsignedLong: '0', integer: '0', decimal: '0', boolean: 'false' }],
    ['2.5', '2.5', { double: '2.5', decimal: '2.5' }],
    ['true', 'true', { boolean: 'true' }],
    ['"5"', '"5"', { double: '5', long: '5', unsignedLong: '5', integer: '5', decimal: '5', string: '5' }]
  ] as const) {
    for (const type of types) {
      const name = type.slice(3)
      const at = `/submodels/${encode('urn:m')}/submodel-elements/${name}`
      const wanted = (held as Record<string, string | RegExp>)[name]
      const transports = {
        ingest: () => hub.post('/ingest', `{"submodel":"urn:m","path":"${name}","value":${sent}}`),
        ndjson: () => hub.post('/ingest?each=false', `{"submodel":"urn:m","path":"${name}","value":${sent}}`, NDJSON),
        write: () => hub.ask('POST', `${hub.url}/write`, `Machine ${name}=${line}`, LINES),
        rest: () => hub.patch(`${at}/$value`, sent)
      }
      for (const [transport, send] of Object.entries(transports)) {
        await hub.patch(at, { modelType: 'Property', valueType: type, value: type === 'xs:boolean' ? 'false' : '9' })
        const { status } = await send()
        const what = `${sent} into ${type} by ${transport}`
        t.equal(status < 300, wanted !== undefined, what)
        if (wanted !== undefined) t.match((await hub.get(at)).json.value, wanted, what)
      }
    }
  }
})
