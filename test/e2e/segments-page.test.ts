/**
 * The page for time series of the BaSyx web UI (TimeSeries_v1_1.vue), reproduced: what it asks for, what
 * it takes for an answer, and how it finds its points, so that a segment of the hub is drawn by it.
 */
import t from 'tap'
import { encode, type Reply, type Running, start } from './harness.ts'

const BASE = 'https://admin-shell.io/idta/TimeSeries/'
const ID = 'urn:example:series'
const AT = `/submodels/${encode(ID)}`
const NOON = Date.parse('2026-11-24T12:00:00Z')

const means = (term: string) => ({
  type: 'ExternalReference',
  keys: [{ type: 'GlobalReference', value: `${BASE}${term}1/1` }]
})
const property = (idShort: string, valueType: string) => ({ modelType: 'Property', idShort, valueType })
const collection = (idShort: string, term: string, value: unknown[]) => ({
  modelType: 'SubmodelElementCollection',
  idShort,
  semanticId: means(term),
  value
})

const submodel = {
  modelType: 'Submodel',
  id: ID,
  idShort: 'TimeSeries',
  semanticId: means(''),
  submodelElements: [
    collection('Metadata', 'Metadata/', [
      collection('Record', 'Record/', [
        { ...property('TimeUtc', 'xs:dateTime'), semanticId: means('UtcTime/') },
        property('Pressure', 'xs:double'),
        property('Count', 'xs:long'),
        property('Running', 'xs:boolean'),
        property('Silent', 'xs:double')
      ])
    ])
  ]
}

/** Pressure twice a second, Count each second. */
async function filled(hub: Running): Promise<void> {
  await hub.post('/submodels', submodel)
  const samples = Array.from({ length: 8 }, (_, i) => ({ path: 'Pressure', time: NOON + 500 * i, value: i + 0.5 }))
  const counts = Array.from({ length: 4 }, (_, i) => ({ path: 'Count', time: NOON + 1000 * i, value: i }))
  const running = [{ path: 'Running', time: NOON, value: true }]
  const all = [...samples, ...counts, ...running].map(({ path, ...sample }) => ({
    submodel: ID,
    path: `Metadata.Record.${path}`,
    ...sample
  }))
  const { status, text } = await hub.post('/ingest', all)
  if (status !== 200) throw new Error(text)
}

interface Point {
  readonly time: string
  readonly value: number
}

/** What the page sends for the variables chosen, from when to when. */
function asks(
  query: string,
  chosen: readonly string[],
  { start, stop, width }: { start: string; stop: string; width: string }
): string {
  return query
    .replace('{{y-value}}', chosen[0] ?? '')
    .replace(/\bv\.timeRangeStart\b/g, start)
    .replace(/\bv\.timeRangeStop\b/g, stop)
    .replace(/\bv\.windowPeriod\b/g, width)
}

/** What the page draws of an answer: only text is read, by the media type without its parameters. */
function draws({ headers, text }: Reply, chosen: readonly string[]): (readonly Point[])[] {
  const isRead = headers.get('content-type')?.split(';', 1)[0] === 'text/csv'
  const found: Record<string, readonly Point[]> = {}
  let table: string | undefined
  let head = ''
  let lines: string[] = []
  for (const line of (isRead ? text : '[object Blob]').trim().split('\n')) {
    const columns = line.split(',')
    if (columns[1] === 'result') head = line
    else if (head !== '' && columns.length >= 3) {
      if (table !== undefined && columns[2] !== table) finish()
      table = columns[2]
      lines.push(line)
    }
  }
  if (lines.length > 0) finish()
  return chosen.map((name) => found[name] ?? [])

  function finish(): void {
    const names = head.split(',').map((name) => name.trim())
    const at = (line: string | undefined, name: string) => line?.split(',')[names.indexOf(name)]
    const key = at(lines[0], '_field')?.trim()
    const points = lines.map((line) => ({
      time: at(line, '_time') ?? '',
      value: Number.parseFloat(at(line, '_value') ?? '')
    }))
    if (key) found[key] = [...(found[key] ?? []), ...points]
    lines = []
  }
}

const FLUX = { 'content-type': 'application/vnd.flux', accept: 'application/csv', authorization: 'Token ' }

t.test('the page draws every chosen variable of a linked segment', async (t) => {
  const hub = await start(t)
  await filled(hub)
  const { Endpoint, Query } = (await hub.get(`${AT}/submodel-elements/Segments.LinkedSegment/$value`)).json
  const chosen = ['Pressure', 'Count', 'Running', 'Silent']
  const range = { start: '2026-11-24T12:00:00.000Z', stop: '2026-11-24T12:00:03.999Z', width: '2000ms' }
  const answer = await hub.ask('POST', Endpoint, asks(Query, chosen, range), FLUX)
  t.equal(answer.status, 200, answer.text)
  t.equal(answer.headers.get('content-type'), 'text/csv; charset=utf-8')
  const means = (values: number[]) =>
    values.map((value, i) => ({ time: new Date(NOON + 2000 * i).toISOString(), value }))
  t.strictSame(draws(answer, chosen), [means([2, 6]), means([0.5, 2.5]), means([1]), []])
  // The Query of earlier releases named the first of them.
  const before = asks(`${Query}&variable={{y-value}}`, ['Count'], range)
  t.strictSame(draws(await hub.ask('POST', Endpoint, before, FLUX), ['Pressure', 'Count']), [[], means([0.5, 2.5])])
})

t.test('an unmodified query returns every sample, each table with the type of its values', async (t) => {
  const hub = await start(t)
  await filled(hub)
  const { Endpoint, Query } = (await hub.get(`${AT}/submodel-elements/Segments.LinkedSegment/$value`)).json
  const answer = await hub.ask('POST', Endpoint, Query, FLUX)
  const [pressure, count] = draws(answer, ['Pressure', 'Count'])
  t.strictSame(
    pressure?.map(({ value }) => value),
    [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5]
  )
  t.strictSame(
    count?.map(({ value }) => value),
    [0, 1, 2, 3]
  )
  const types = answer.text.split('\r\n').filter((line) => line.startsWith('#datatype'))
  t.strictSame(
    types.map((line) => line.split(',')[4]),
    ['double', 'long', 'boolean', 'double']
  )
  const plain = await hub.ask('GET', `${Endpoint}?${Query}`)
  t.equal(plain.status, 200)
  t.match(plain.text, 'Pressure')
})

t.test(
  'the page draws every variable of the internal segment: each record has the shape of the metadata',
  async (t) => {
    const hub = await start(t)
    await filled(hub)
    const records = (await hub.get(`${AT}/submodel-elements/Segments.Latest.Records`)).json.value
    t.equal(records.length, 8)
    for (const { value } of records) {
      t.strictSame(
        value.map(({ idShort, valueType }: { idShort: string; valueType: string }) => [idShort, valueType]),
        [
          ['TimeUtc', 'xs:dateTime'],
          ['Pressure', 'xs:double'],
          ['Count', 'xs:long'],
          ['Running', 'xs:boolean'],
          ['Silent', 'xs:double']
        ]
      )
    }
    const at = (record: number, place: number) => records[record].value[place].value
    t.strictSame([at(0, 2), at(1, 2), at(2, 2), at(0, 4)], ['0', undefined, '1', undefined])
    // Writing a record back is no measurement.
    const before = (await hub.get(`/timeseries?submodel=${ID}`)).json.rows
    const written = await hub.put(`${AT}/submodel-elements/Segments.Latest.Records.${records[1].idShort}`, records[1])
    t.equal(written.status, 204, written.text)
    t.strictSame((await hub.get(`/timeseries?submodel=${ID}`)).json.rows, before)
  }
)
