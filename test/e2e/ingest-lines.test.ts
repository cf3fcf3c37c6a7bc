import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { encode, type Running, start } from './harness.ts'

const property = (idShort: string, valueType: string) => ({ modelType: 'Property', idShort, valueType })
const submodel = (id: string, idShort: string) => ({
  modelType: 'Submodel',
  id,
  idShort,
  submodelElements: [
    property('Dbl', 'xs:double'),
    property('Count', 'xs:int'),
    property('On', 'xs:boolean'),
    property('Text', 'xs:string')
  ]
})

type Tap = Parameters<typeof start>[0]

async function filled(t: Tap, settings = {}): Promise<Running> {
  const hub = await start(t, settings)
  await hub.post('/submodels', submodel('urn:m', 'Machine'))
  await hub.post('/submodels', submodel('urn:v', 'Victim'))
  return hub
}

async function rows(hub: Running, path: string, submodel = 'urn:m'): Promise<[string, unknown][]> {
  const { status, json } = await hub.get(`/timeseries?submodel=${submodel}&path=${path}`)
  return status === 404 ? [] : json.rows
}

const values = async (hub: Running, path: string, submodel?: string) =>
  (await rows(hub, path, submodel)).map(([, value]) => value)

async function current(hub: Running, path: string): Promise<unknown> {
  return (await hub.get(`/submodels/${encode('urn:m')}/submodel-elements/${path}/$value`)).json
}

const LINES = 'text/plain'
const endpoints = ['/write', '/api/v2/write', '/ingest'] as const
const write = (hub: Running, endpoint: string, body: string | Uint8Array, type = LINES, more = {}) =>
  hub.ask('POST', hub.url + endpoint, body, { 'content-type': type, ...more })

t.test('a quoted text may contain line feeds', async (t) => {
  for (const endpoint of endpoints) {
    const hub = await filled(t)
    const texts = [
      'first\nVictim Dbl=666 1000000000000000000\nlast',
      'first\r\nVictim Dbl=666 1\r\nlast',
      'with\n# a comment\n\nand nothing',
      'quote \\" then\nVictim Dbl=1 1',
      'backslashes \\\\',
      'a\\\nb',
      '\n',
      'comma, blank = sign\nDbl=1'
    ]
    const body = texts.map((text, at) => `Machine Text="${text}",Dbl=${at} ${at + 1}`).join('\n')
    const { status } = await write(hub, endpoint, body)
    t.ok(status === 200 || status === 204, `${endpoint} accepts all of them`)
    const expected = texts.map((text) => text.replaceAll('\\"', '"').replaceAll('\\\\', '\\'))
    t.strictSame(await values(hub, 'Text'), expected, endpoint)
    t.strictSame(
      await values(hub, 'Dbl'),
      texts.map((_, at) => at)
    )
    t.strictSame(await rows(hub, 'Dbl', 'urn:v'), [], 'no other element got a value')
  }
})

t.test('an invalid point is refused with all its lines, and the next one is accepted', async (t) => {
  const hub = await filled(t)
  for (const [body, line] of [
    ['Machine Dbl=x,Text="one\nVictim Dbl=1 1\ntwo" 1\nMachine Count=1i 1', 1],
    ['Machine Count=2i 2\nMachine Text="one\ntwo" soon\nMachine Count=3i 3', 2],
    ['Machine Text="one" Text="two\nVictim Dbl=1 1\nthree" 1\nMachine Count=4i 4', 1],
    ['Machine Count=5i 5\n# it\'s "open\nMachine Count=6i 6\nMachine Text="never\nVictim Dbl=1 1', 4]
  ] as const) {
    const { status, json } = await write(hub, '/write', body)
    t.equal(status, 400)
    t.match(json.error, new RegExp(`1 refused: line ${line}: `), json.error)
  }
  t.strictSame(await values(hub, 'Count'), [1, 2, 3, 4, 5, 6])
  t.strictSame(await rows(hub, 'Dbl', 'urn:v'), [])
  t.strictSame(await rows(hub, 'Text'), [])
})

t.test('the number of fields of a point is bounded', async (t) => {
  const hub = await filled(t)
  const fields = Array.from({ length: 1_000_000 }, (_, at) => `f${at}=1`).join(',')
  const { json } = await write(hub, '/write', `Machine ${fields} 1\nMachine Count=1i 1\n`)
  t.match(json.error, /1 samples were taken, 1 refused: line 1: column \d+: a point has at most 10000 fields/)
})

/** Written without any code of the hub, after the documentation of InfluxDB. */
function lineOf({ text, number, whole, flag, time }: Sent): string {
  const quoted = text.split('\\').join('\\\\').split('"').join('\\"')
  return `Machine,line=a\\ b Text="${quoted}",Dbl=${number},Count=${whole}i,On=${flag} ${time}`
}

interface Sent {
  readonly text: string
  readonly number: number
  readonly whole: number
  readonly flag: boolean
  readonly time: number
}

t.test('points are stored as sent, however the body is split into chunks', async (t) => {
  const hub = await filled(t)
  const sent = fc.record({
    text: fc.string({
      unit: fc.constantFrom('a', '"', '\\', '\n', '\r\n', ' ', ',', '=', '#', '한', '😀', 'Victim Dbl=1 1'),
      maxLength: 12
    }),
    number: fc.double({ noNaN: true, noDefaultInfinity: true }),
    whole: fc.integer(),
    flag: fc.boolean()
  })
  let time = 0
  const all: Sent[] = []
  await fc.assert(
    fc.asyncProperty(fc.array(sent, { minLength: 1, maxLength: 8 }), fc.nat({ max: 7 }), async (points, cut) => {
      const timed = points.map((point) => ({ ...point, time: ++time }))
      const bytes = Buffer.from(timed.map(lineOf).join('\n'))
      const pieces = new ReadableStream({
        start(controller) {
          for (let at = 0; at < bytes.length; at += cut + 1) controller.enqueue(bytes.subarray(at, at + cut + 1))
          controller.close()
        }
      })
      const { status, text } = await hub.ask('POST', `${hub.url}/write`, pieces, { 'content-type': LINES })
      if (status !== 204) throw new Error(text)
      all.push(...timed)
    }),
    { numRuns: 60 }
  )
  const wanted = (member: 'text' | 'number' | 'whole' | 'flag') => all.map((point) => point[member])
  t.strictSame(await values(hub, 'Text'), wanted('text'))
  t.same(await values(hub, 'Dbl'), wanted('number'))
  t.strictSame(await values(hub, 'Count'), wanted('whole'))
  t.strictSame(await values(hub, 'On'), wanted('flag'))
  t.strictSame(await rows(hub, 'Dbl', 'urn:v'), [])
})

t.test('fields of a point without a time share one time, and so do points in the same body', async (t) => {
  const hub = await filled(t)
  const times = async (path: string) => (await rows(hub, path)).map(([time]) => time)
  t.equal((await write(hub, '/write', 'Machine Dbl=1,Count=2i,Text="x"\nMachine On=t')).status, 204)
  const [first] = await times('Dbl')
  for (const path of ['Count', 'Text', 'On']) t.strictSame(await times(path), [first], path)
  await write(hub, '/write', 'Machine Dbl=2,On=f\nMachine Count=3i,Dbl=3')
  const [, second, third] = await times('Dbl')
  t.equal((await times('On'))[1], second)
  t.equal((await times('Count'))[1], third)
  t.not(second, third, 'the same series again is later')
  const samples = ['Dbl', 'Count', 'Dbl'].map((path) => ({ submodel: 'urn:m', path, value: 7 }))
  await hub.post('/ingest', samples)
  t.equal((await times('Count')).at(-1), (await times('Dbl')).at(-2))
  const pack = [
    { n: 'Dbl', v: 1 },
    { n: 'Count', v: 1 },
    { n: 'Text', vs: 'y', t: -1 },
    { n: 'On', vb: true }
  ]
  await hub.post('/ingest?submodel=urn:m', pack, { 'content-type': 'application/senml+json' })
  const now = (await times('Dbl')).at(-1) ?? ''
  t.equal((await times('On')).at(-1), now)
  const [earlier = ''] = (await rows(hub, 'Text')).find(([, value]) => value === 'y') ?? []
  t.equal(Date.parse(now) - Date.parse(earlier), 1000, 'times that count from now count from the same')
  t.equal(earlier.slice(20), now.slice(20), 'to the nanosecond')
})

const KOREAN = Buffer.from([0xb0, 0xa1, 0xb5, 0xbf]) // 가동 in CP949

t.test('lines that are not UTF-8 are refused, and the others are accepted', async (t) => {
  const hub = await filled(t)
  const lines = Buffer.concat([
    Buffer.from('Machine Count=1i 1\nMachine Text="'),
    KOREAN,
    Buffer.from('" 2\nMachine Count=2i 2\n')
  ])
  for (const endpoint of ['/write', '/api/v2/write']) {
    const { status, json } = await write(hub, endpoint, lines)
    t.equal(status, 400)
    t.match(json.error ?? json.message, /line 2: the line is not valid UTF-8.*charset=euc-kr/)
  }
  const json = (bytes: Buffer) =>
    Buffer.concat([
      Buffer.from('{"path":"Count","time":3,"value":3}\n{"path":"Text","time":1,"value":"'),
      bytes,
      Buffer.from('"}\n')
    ])
  const ndjson = await write(hub, '/ingest?submodel=urn:m', json(KOREAN), 'application/x-ndjson')
  t.match(ndjson.json, { accepted: 1, refused: 1, refusals: [{ index: 1, text: /not valid UTF-8/ }] })
  const whole = Buffer.concat([Buffer.from('{"path":"Text","value":"'), KOREAN, Buffer.from('"}')])
  t.equal((await write(hub, '/ingest?submodel=urn:m', whole, 'application/json')).status, 400)
  t.strictSame(await rows(hub, 'Text'), [])
  t.strictSame(await values(hub, 'Count'), [1, 2, 3])
  const open = Buffer.concat([
    Buffer.from('Machine Text="'),
    KOREAN,
    Buffer.from('\nVictim Dbl=1 1\n" 1\nMachine Count=4i 4')
  ])
  t.match((await write(hub, '/write', open)).json.error, /1 samples were taken, 1 refused/)
  t.strictSame(await rows(hub, 'Dbl', 'urn:v'), [], 'lines within a text that cannot be read are none')
})

t.test('a declared charset is used', async (t) => {
  const hub = await filled(t)
  for (const charset of ['euc-kr', 'cp949', 'CP949', '"ks_c_5601-1987"', 'windows-949']) {
    const line = Buffer.concat([Buffer.from('Machine Text="'), KOREAN, Buffer.from('"')])
    t.equal((await write(hub, '/write', line, `text/plain; charset=${charset}`)).status, 204, charset)
    t.equal(await current(hub, 'Text'), '가동')
    for (const type of ['application/x-ndjson', 'application/json']) {
      await write(hub, '/write', 'Machine Text="reset"')
      const body = Buffer.concat([Buffer.from('{"path":"Text","value":"'), KOREAN, Buffer.from('"}')])
      t.equal((await write(hub, '/ingest?submodel=urn:m', body, `${type}; charset=${charset}`)).status, 200)
      t.equal(await current(hub, 'Text'), '가동', `${type} ${charset}`)
    }
  }
  for (const charset of ['utf-16', 'klingon']) {
    t.equal((await write(hub, '/write', 'Machine Text="x"', `text/plain; charset=${charset}`)).status, 415, charset)
  }
})

t.test('a byte order mark is not part of the body', async (t) => {
  const hub = await filled(t)
  const mark = '\ufeff'
  t.equal((await write(hub, '/write', `${mark}Machine Count=1i 1\n`)).status, 204)
  t.match((await write(hub, '/ingest', `${mark}Machine Count=2i 2\n`)).json, { accepted: 1 })
  const item = '{"submodel":"urn:m","path":"Count","time":3,"value":3}'
  t.match((await write(hub, '/ingest', `${mark}${item}\n`, 'application/x-ndjson')).json, { accepted: 1 })
  t.match((await write(hub, '/ingest', mark + item, 'application/json')).json, { accepted: 1 })
})

t.test('content encodings are case-insensitive and may be combined', async (t) => {
  const hub = await filled(t)
  const body = 'Machine Count=1i\n'
  for (const [coding, bytes] of [
    ['GZIP', gzipSync(body)],
    ['x-gzip', gzipSync(body)],
    ['Identity', Buffer.from(body)],
    ['identity, gzip', gzipSync(body)],
    ['gzip, gzip', gzipSync(gzipSync(body))]
  ] as const) {
    t.equal((await write(hub, '/write', bytes, LINES, { 'content-encoding': coding })).status, 204, coding)
  }
  t.equal((await write(hub, '/write', body, LINES, { 'content-encoding': 'br' })).status, 415)
  t.equal((await write(hub, '/write', body, LINES, { 'content-encoding': 'gzip,gzip,gzip,gzip' })).status, 400)
})
