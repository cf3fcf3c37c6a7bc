/** IDTA 02008 over the shipped server: the history as segments of a submodel, by standard means alone. */
import t from 'tap'
import { validate } from '../../src/formats/json.ts'
import { loadTemplates } from '../../src/formats/templates/load.ts'
import type { Submodel } from '../../src/model/types.ts'
import { SampleBatch } from '../../src/operations/samples/batch.ts'
import { TemplateChecker } from '../../src/operations/validation/template-checker.ts'
import { encode, openStored, type Running, start } from './harness.ts'

const ID = 'urn:example:press-4:series'
const AT = `/submodels/${encode(ID)}`
const SECOND = 1_000_000_000n
const NOON = BigInt(Date.parse('2026-11-24T12:00:00Z')) * 1_000_000n
const BASE = 'https://admin-shell.io/idta/TimeSeries/'

const checker = new TemplateChecker(loadTemplates(''), 'warn')

function means(term: string) {
  return { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value: `${BASE}${term}1/1` }] }
}

const property = (idShort: string, valueType: string, more: object = {}) => ({
  modelType: 'Property',
  idShort,
  valueType,
  ...more
})

const collection = (idShort: string, term: string, value: object[]) => ({
  modelType: 'SubmodelElementCollection',
  idShort,
  semanticId: means(term),
  ...(value.length > 0 && { value })
})

const TIME = property('Time', 'xs:long', { semanticId: means('RelativePointInTime/') })
const UTC = property('TimeUtc', 'xs:dateTime', { semanticId: means('UtcTime/') })

/** A submodel as an engineer writes it: two variables, nothing of their history. */
function series({
  id = ID,
  times = [TIME, UTC],
  variables = [],
  segments = [],
  more = [] as object[]
}: {
  id?: string
  times?: object[]
  variables?: object[]
  segments?: object[]
  more?: object[]
} = {}) {
  const measured = variables.length > 0 ? variables : [property('Pressure', 'xs:double'), property('Count', 'xs:long')]
  const name = {
    modelType: 'MultiLanguageProperty',
    idShort: 'Name',
    semanticId: means('Metadata/Name/'),
    value: [{ language: 'en', text: 'Press 4' }]
  }
  return {
    modelType: 'Submodel',
    id,
    idShort: 'TimeSeries',
    semanticId: means(''),
    submodelElements: [
      collection('Metadata', 'Metadata/', [name, collection('Record', 'Record/', [...times, ...measured])]),
      collection('Segments', 'Segments/', segments),
      ...more
    ]
  }
}

function record(time: string, values: Record<string, string>, idShort = 'Record') {
  const [relative, utc] = [
    { ...TIME, value: '0' },
    { ...UTC, value: time }
  ]
  const types: Record<string, string> = { Pressure: 'xs:double', Count: 'xs:long' }
  const measured = Object.entries(values).map(([name, value]) => property(name, types[name] ?? 'xs:double', { value }))
  return collection(idShort, 'Record/', [relative, utc, ...measured])
}

async function push(hub: Running, ...samples: [path: string, time: bigint, value: unknown][]): Promise<void> {
  const batch = new SampleBatch()
  for (const [path, time, value] of samples) batch.add(ID, path, time, value)
  await hub.server.context.ingest.push(batch)
}

const PRESSURE = 'Metadata.Record.Pressure'
const COUNT = 'Metadata.Record.Count'

async function valuesOf(hub: Running): Promise<Record<string, Record<string, unknown>>> {
  const { json } = await hub.get(`${AT}/submodel-elements/Segments.Latest.Records/$value`)
  return json
}

t.test('the latest samples are an internal segment, all of them a linked one', async (t) => {
  const hub = await start(t)
  t.equal((await hub.post('/submodels', series())).status, 201)
  await push(
    hub,
    [PRESSURE, NOON, 1.5],
    [COUNT, NOON, 7],
    [PRESSURE, NOON + SECOND, 2],
    [PRESSURE, NOON + 2n * SECOND, 3]
  )
  const { json: submodel, status } = await hub.get(AT)
  t.equal(status, 200)
  const [latest, linked] = submodel.submodelElements[1].value
  t.equal(latest.idShort, 'Latest')
  const { json: values } = await hub.get(`${AT}/submodel-elements/Segments.Latest/$value`)
  t.match(values, {
    RecordCount: 3,
    StartTime: '2026-11-24T12:00:00.000Z',
    EndTime: '2026-11-24T12:00:02.000Z',
    Duration: 'PT2S',
    SamplingInterval: 1,
    SamplingRate: 1,
    State: 'in progress',
    LastUpdate: '2026-11-24T12:00:02.000Z'
  })
  t.strictSame(values.Records, {
    [`Record_${NOON}`]: { Time: 0, TimeUtc: '2026-11-24T12:00:00.000Z', Pressure: 1.5, Count: 7 },
    [`Record_${NOON + SECOND}`]: { Time: 1, TimeUtc: '2026-11-24T12:00:01.000Z', Pressure: 2 },
    [`Record_${NOON + 2n * SECOND}`]: { Time: 2, TimeUtc: '2026-11-24T12:00:02.000Z', Pressure: 3 }
  })
  t.equal(linked.idShort, 'LinkedSegment')
  const { json: link } = await hub.get(`${AT}/submodel-elements/Segments.LinkedSegment/$value`)
  t.match(link.Endpoint, /^http:\/\/127\.0\.0\.1:\d+\/timeseries$/)
  t.match(
    link.Query,
    /^submodel=urn%3Aexample%3Apress-4%3Aseries&from=v.timeRangeStart&to=v.timeRangeStop&every=v.windowPeriod$/
  )
})

t.test('samples weeks apart, or late ones, are among the latest', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', series())
  const month = 30n * 86_400n * SECOND
  const times = Array.from({ length: 12 }, (_, at) => NOON - BigInt(at) * month)
  await push(hub, ...times.map((time, at) => [PRESSURE, time, at] as [string, bigint, number]))
  t.strictSame(
    Object.values(await valuesOf(hub)).map(({ Pressure }) => Pressure),
    [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
  )
})

t.test('a text that is invalid for the type of a variable stays unchanged', async (t) => {
  const hub = await start(t)
  for (const valueType of ['xs:string', 'xs:boolean']) {
    const document = series({ variables: [property('Lot', valueType)] })
    await (valueType === 'xs:string' ? hub.post('/submodels', document) : hub.put(AT, document))
    if (valueType === 'xs:string') await push(hub, ['Metadata.Record.Lot', NOON, '000100'])
    t.equal(Object.values(await valuesOf(hub))[0]?.Lot, '000100', valueType)
  }
})

t.test('rendered submodels are valid by template and metamodel, with and without history', async (t) => {
  const hub = await start(t)
  t.strictSame(checker.known.evaluate(series() as unknown as Submodel).findings, [], 'as it is stored')
  await hub.post('/submodels', series({ more: operations() }))
  for (const step of ['without', 'with']) {
    if (step === 'with') await push(hub, [PRESSURE, NOON, 1.5], [COUNT, NOON, 7], [PRESSURE, NOON + 1n, 2])
    const { json } = await hub.get(AT)
    const { template, findings } = checker.known.evaluate(json)
    t.match(template?.name, /TimeSeries|Time Series/i)
    t.strictSame(findings, [], step)
    t.strictSame(validate('Submodel', json), [], step)
  }
})

t.test('every content and every path shows the generated segments', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', series())
  await push(hub, [PRESSURE, NOON, 1.5])
  const name = `Record_${NOON}`
  const at = `Segments.Latest.Records.${name}.Pressure`
  t.ok((await hub.get(`${AT}/$path`)).json.includes(at))
  t.equal((await hub.get(`${AT}/$value`)).json.Segments.Latest.Records[name].Pressure, 1.5)
  t.equal((await hub.get(`${AT}/$metadata`)).status, 200)
  t.equal((await hub.get(`${AT}/submodel-elements/${at}/$value`)).json, 1.5)
  t.match((await hub.get(`${AT}/submodel-elements/${at}`)).json, { modelType: 'Property', value: '1.5' })
  t.match((await hub.get(`${AT}/submodel-elements/${at}/$metadata`)).json, { valueType: 'xs:double' })
  t.equal((await hub.get(`${AT}/submodel-elements/${at}/$reference`)).json.keys.at(-1).value, 'Pressure')
  t.ok((await hub.get(`${AT}/submodel-elements/Segments/$path`)).json.includes(at))
  t.ok((await hub.get(`${AT}/submodel-elements/$path`)).json.result.includes(at))
  t.match((await hub.get('/submodels')).text, `"${name}"`)
  t.match((await hub.get('/submodels/$value')).text, `"${name}"`)
  t.match((await hub.get('/serialization', { accept: 'application/xml' })).text, `<idShort>${name}</idShort>`)
  t.equal((await hub.get(`${AT}/submodel-elements/Segments.Latest.Nothing`)).status, 404)
})

t.test('a package with a time series can be uploaded to another hub with its records', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', series())
  await push(hub, [PRESSURE, NOON, 1.5], [PRESSURE, NOON + 5n, 2.5])
  const accept = 'application/asset-administration-shell-package+xml'
  const aasx = await (await fetch(`${hub.api}/serialization`, { headers: { accept } })).blob()
  const other = await start(t)
  const form = new FormData()
  form.set('file', aasx, 'series.aasx')
  t.equal((await other.post('/upload', form)).status, 201)
  t.strictSame(await valuesOf(other), await valuesOf(hub))
})

t.test('generated segments are not stored', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', series())
  await push(hub, [PRESSURE, NOON, 1.5])
  const { json: shown } = await hub.get(AT)
  t.equal((await hub.put(AT, { ...shown, idShort: 'Renamed' })).status, 204)
  t.equal(
    (await hub.patch(`${AT}/$metadata`, { ...series(), idShort: 'Again', submodelElements: undefined })).status,
    204
  )
  await hub.stop()
  const store = await openStored(hub.directory)
  t.teardown(() => store.close())
  const stored = (await store.document('Submodel', ID))?.bytes.toString() ?? ''
  t.match(stored, '"idShort":"Again"')
  t.notMatch(stored, /Record_|Latest|LinkedSegment/)
  const { entries } = await store.log(0, 100)
  t.equal(entries.flatMap(({ changes }) => changes).filter(({ change }) => change === 'value').length, 1)
})

t.test('the ETag changes with samples, also late ones, and only with them', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', series())
  const tag = async () => (await hub.get(AT)).headers.get('etag') ?? ''
  const empty = await tag()
  t.equal(await tag(), empty)
  await push(hub, [PRESSURE, NOON, 1.5])
  const one = await tag()
  t.not(one, empty)
  await push(hub, [PRESSURE, NOON - SECOND, 1])
  const late = await tag()
  t.not(late, one)
  t.equal((await hub.get(AT, { 'if-none-match': late })).status, 304)
  const { json } = await hub.get(AT)
  t.equal((await hub.put(AT, json, { 'if-match': one })).status, 412)
  const written = await hub.put(AT, { ...json, idShort: 'Other' }, { 'if-match': late })
  t.equal(written.status, 204)
  t.equal(written.headers.get('etag'), await tag(), 'a writer receives the tag of what it will read')
  t.equal((await hub.remove(AT, { 'if-match': late })).status, 412)
  t.equal((await hub.remove(AT, { 'if-match': await tag() })).status, 204)
})

t.test('a posted record becomes samples, and is named by its time', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', series())
  const records = `${AT}/submodel-elements/Segments.Latest.Records`
  const posted = await hub.post(records, record('2026-11-24T13:00:00.250+01:00', { Pressure: '4.5', Count: '9' }))
  t.equal(posted.status, 201)
  const time = NOON + SECOND / 4n
  t.match(posted.headers.get('location'), new RegExp(`Segments\\.Latest\\.Records\\.Record_${time}$`))
  t.equal(posted.json.idShort, `Record_${time}`)
  t.strictSame(await valuesOf(hub), {
    [`Record_${time}`]: { Time: 0, TimeUtc: '2026-11-24T12:00:00.250Z', Pressure: 4.5, Count: 9 }
  })
  t.equal((await hub.get(`${AT}/submodel-elements/${PRESSURE}/$value`)).json, 4.5, 'and is the current value')
  const again = await hub.post(records, record('2026-11-24T12:00:00.250Z', { Pressure: '5' }))
  t.equal(again.status, 409)
  t.equal(
    (await hub.post(records, record('2026-11-24T12:00:01Z', { Pressure: '5' }))).status,
    201,
    'whatever its idShort'
  )
})

t.test('a record that cannot become samples is refused as a whole, with the reason', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', series())
  const records = `${AT}/submodel-elements/Segments.Latest.Records`
  const cases: [object, string][] = [
    [record('2026-11-24T12:00:00Z', { Pressure: '1', Heat: '5' }), 'no variable "Heat"'],
    [
      collection('Record', 'Record/', [{ ...TIME, value: '5' }, property('Pressure', 'xs:double', { value: '1' })]),
      'property with the time'
    ],
    [
      collection('Record', 'Record/', [
        { ...UTC, value: '2026-11-24T12:00:00Z' },
        property('Count', 'xs:string', { value: 'many' })
      ]),
      'xs:long'
    ]
  ]
  for (const [body, text] of cases) {
    const refused = await hub.post(records, body)
    t.equal(refused.status, 400, text)
    t.match(refused.text, text.replaceAll('"', '\\"'))
  }
  t.strictSame(await valuesOf(hub), {})
})

t.test('a relative time in a record counts from the start of the segment', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', series({ times: [TIME] }))
  const records = `${AT}/submodel-elements/Segments.Latest.Records`
  const after = (seconds: string) =>
    collection('Record', 'Record/', [{ ...TIME, value: seconds }, property('Pressure', 'xs:double', { value: '8' })])
  const early = await hub.post(records, after('2'))
  t.equal(early.status, 400, 'while the segment has no start there is nothing to count from')
  await push(hub, [PRESSURE, NOON, 1])
  const posted = await hub.post(records, after('2'))
  t.equal(posted.status, 201)
  t.strictSame(Object.keys(await valuesOf(hub)), [`Record_${NOON}`, `Record_${NOON + 2n * SECOND}`])
  const { value: stored } = (await hub.get(posted.headers.get('location') ?? '')).json
  t.equal(stored.find(({ idShort }: { idShort: string }) => idShort === 'Pressure').value, '8')
})

t.test('records have the times that the Metadata declares', async (t) => {
  const hub = await start(t)
  const time = (idShort: string, valueType: string, scale: string) =>
    property(idShort, valueType, { semanticId: means(`${scale}/`) })
  const times = [
    time('Time', 'xs:long', 'RelativePointInTime'),
    time('Time00', 'xs:double', 'RelativeTimeDuration'),
    time('Tai', 'xs:dateTime', 'TaiTime'),
    time('Unix', 'xs:decimal', 'UnixTime')
  ]
  await hub.post('/submodels', series({ times }))
  await push(hub, [PRESSURE, NOON, 1], [PRESSURE, NOON + SECOND, 2], [PRESSURE, NOON + 1_500_000_000n, 3])
  const third = (await valuesOf(hub))[`Record_${NOON + 1_500_000_000n}`]
  t.strictSame(third, { Time: 1, Time00: 0.5, Tai: '2026-11-24T12:00:38.500Z', Unix: 1795521601.5, Pressure: 3 })
  const { json: segment } = await hub.get(`${AT}/submodel-elements/Segments.Latest/$value`)
  t.equal(segment.StartTime, '2026-11-24T12:00:37.000Z', 'in the scale of the records')
})

t.test('concurrent changes of submodel and samples are all kept', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', series())
  let pushed = 0
  const pushing = (async () => {
    for (; pushed < 60; pushed++) await push(hub, [PRESSURE, NOON + BigInt(pushed) * SECOND, pushed])
  })()
  for (let at = 0; at < 10; at++) {
    const note = property(`Note${at}`, 'xs:string', { value: String(at) })
    t.equal((await hub.post(`${AT}/submodel-elements/Metadata`, note)).status, 201)
    const description = { modelType: 'Property', idShort: `Note${at}`, valueType: 'xs:string', value: `x${at}` }
    t.equal((await hub.patch(`${AT}/submodel-elements/Metadata.Note${at}`, description)).status, 204)
    const late = record(new Date(Date.parse('2026-11-24T11:00:00Z') + at).toISOString(), { Count: String(at) })
    t.equal((await hub.post(`${AT}/submodel-elements/Segments.Latest.Records`, late)).status, 201)
  }
  await pushing
  const values = Object.values(await valuesOf(hub))
  t.equal(values.filter(({ Pressure }) => Pressure !== undefined).length, 60)
  t.equal(values.filter(({ Count }) => Count !== undefined).length, 10)
  t.equal((await hub.get(`${AT}/submodel-elements/Metadata.Note9/$value`)).json, 'x9')
})

t.test('a time series can be written and read while its template is enforced', async (t) => {
  const hub = await start(t, { TEMPLATES: 'enforce' })
  t.equal((await hub.post('/submodels', series())).status, 201)
  await push(hub, [PRESSURE, NOON, 1])
  const records = `${AT}/submodel-elements/Segments.Latest.Records`
  t.equal((await hub.post(records, record('2026-11-24T12:00:01Z', { Pressure: '5' }))).status, 201)
  const timeless = collection('Record', 'Record/', [property('Pressure', 'xs:double', { value: '5' })])
  t.equal((await hub.post(records, timeless)).status, 400)
  t.equal((await hub.put(AT, (await hub.get(AT)).json)).status, 204)
})

t.test('a gateway and one setting suffice for a time series', async (t) => {
  const hub = await start(t, { UNKNOWN_SERIES: 'create', UNKNOWN_TEMPLATE: `${BASE}1/1` })
  await push(hub, [PRESSURE, NOON, 1.5])
  await push(hub, [COUNT, NOON, 3])
  t.match((await valuesOf(hub))[`Record_${NOON}`], { Pressure: 1.5, Count: 3 })
})

t.test('records are replaced, patched and put as a segment or within the whole submodel', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', series())
  await push(hub, [PRESSURE, NOON, 1], [PRESSURE, NOON + SECOND, 2])
  const [first, second] = [`Record_${NOON}`, `Record_${NOON + SECOND}`]
  const at = `${AT}/submodel-elements/Segments.Latest`
  t.equal((await hub.patch(`${at}.Records.${first}.Pressure/$value`, 1.25)).status, 204)
  t.equal((await valuesOf(hub))[first]?.Pressure, 1.25)
  const { json: put } = await hub.get(`${at}.Records.${second}`)
  put.value.find(({ idShort }: { idShort: string }) => idShort === 'Count').value = '3'
  t.equal((await hub.put(`${at}.Records.${second}`, put)).status, 204)
  t.match((await valuesOf(hub))[second], { Pressure: 2, Count: 3 })

  const { json: segment } = await hub.get(at)
  segment.value
    .find(({ idShort }: { idShort: string }) => idShort === 'Records')
    .value.push(record('2026-11-24T12:00:05Z', { Pressure: '5' }))
  t.equal((await hub.put(at, segment)).status, 204)
  const { json: submodel } = await hub.get(AT)
  submodel.submodelElements[1].value[0].value
    .find(({ idShort }: { idShort: string }) => idShort === 'Records')
    .value.push(record('2026-11-24T12:00:06Z', { Pressure: '6' }))
  t.equal((await hub.put(AT, submodel)).status, 204)
  t.strictSame(
    Object.values(await valuesOf(hub)).map(({ Pressure }) => Pressure),
    [1.25, 2, 5, 6]
  )
  const { json: values } = await hub.get(`${AT}/$value`)
  t.equal(
    (await hub.patch(`${AT}/$value`, { Segments: values.Segments })).status,
    204,
    'what was read may be written back'
  )
  t.equal((await hub.patch(`${at}.Records/$value`, { [first]: { Pressure: 9 } })).status, 204)
  t.equal((await valuesOf(hub))[first]?.Pressure, 9)
})

t.test('writing back a rendered submodel adds no samples', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', series({ times: [TIME] }))
  await push(hub, [PRESSURE, NOON, 1], [PRESSURE, NOON + 5n, 2])
  const before = (await hub.get(AT)).json
  const { store } = hub.server
  const { logLast } = await store.figures()
  t.equal((await hub.put(AT, before)).status, 204)
  const { entries } = await store.log(logLast, 100)
  // Its validation result may be written meanwhile.
  const ofSubmodels = entries.flatMap(({ changes }) =>
    changes.filter((change) => !('kind' in change) || change.kind === 'Submodel')
  )
  t.strictSame(ofSubmodels, [], 'not even in the log')
  t.strictSame((await hub.get(AT)).json, before)
})

t.test('of generated segments only records can be written, and nothing deleted', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', series())
  await push(hub, [PRESSURE, NOON, 1])
  const at = `${AT}/submodel-elements/Segments`
  t.equal((await hub.remove(`${at}.Latest`)).status, 405)
  t.equal((await hub.remove(`${at}.LinkedSegment`)).status, 405)
  t.equal((await hub.remove(`${at}.Latest.Records.Record_${NOON}`)).status, 405)
  t.equal((await hub.patch(`${at}.Latest.RecordCount/$value`, 5)).status, 405)
  t.equal((await hub.post(`${at}.Latest`, property('Comment', 'xs:string'))).status, 405)
  t.equal((await hub.get(`${at}.Latest.Records.Record_${NOON}`)).status, 200)
})

t.test('segments of clients are stored next to the generated ones, and their records become samples', async (t) => {
  const hub = await start(t)
  const made = collection('Shift1', 'Segments/InternalSegment/', [
    collection('Records', 'Records/', [record('2026-11-24T06:00:00Z', { Pressure: '0.5' })])
  ])
  const link = collection('LinkedSegment', 'Segments/LinkedSegment/', [
    property('Endpoint', 'xs:string', { semanticId: means('Endpoint/'), value: 'http://influx.example.com' }),
    property('Query', 'xs:string', { semanticId: means('Query/'), value: 'from(bucket: "x")' })
  ])
  await hub.post('/submodels', series({ segments: [made, link] }))
  const { json: submodel } = await hub.get(AT)
  const [, segments] = submodel.submodelElements
  t.strictSame(
    segments.value.map(({ idShort }: { idShort: string }) => idShort),
    ['Shift1', 'LinkedSegment', 'Latest', 'LinkedSegment2']
  )
  t.strictSame(segments.value.slice(0, 2), [made, link])
  t.equal(Object.values(await valuesOf(hub))[0]?.Pressure, 0.5)
  t.strictSame(checker.known.evaluate(submodel).findings, [])
  t.equal((await hub.put(AT, submodel)).status, 204)
  t.strictSame((await hub.get(AT)).json, submodel)
  t.equal((await hub.remove(`${AT}/submodel-elements/Segments.Shift1`)).status, 204)
  t.equal(Object.values(await valuesOf(hub))[0]?.Pressure, 0.5, 'what was measured stays')
})

t.test('a series of very many variables shows fewer records and a limited number of variables', async (t) => {
  const hub = await start(t)
  const variables = Array.from({ length: 1100 }, (_, at) => property(`V${at}`, 'xs:double'))
  await hub.post('/submodels', series({ variables }))
  const samples = Array.from({ length: 30 }, (_, at) => NOON + BigInt(at) * SECOND).flatMap((time) =>
    [0, 999, 1099].map((at) => [`Metadata.Record.V${at}`, time, at] as [string, bigint, number])
  )
  await push(hub, ...samples)
  const records = Object.values(await valuesOf(hub))
  t.equal(records.length, 20)
  t.strictSame(Object.keys(records[0] ?? {}), ['Time', 'TimeUtc', 'V0', 'V999'])
})

t.test('a variable shows the samples of the element in its qualifier', async (t) => {
  const hub = await start(t)
  const path = 'Line.Sensors[1].Value'
  const value = property('Value', 'xs:double')
  const sensors = ['A', 'B'].map(() => ({ modelType: 'SubmodelElementCollection', value: [value] }))
  const list = {
    modelType: 'SubmodelElementList',
    idShort: 'Sensors',
    typeValueListElement: 'SubmodelElementCollection',
    value: sensors
  }
  const line = { modelType: 'SubmodelElementCollection', idShort: 'Line', value: [list] }
  await hub.post('/submodels', { modelType: 'Submodel', id: 'urn:example:line', submodelElements: [line] })
  const keys = [
    { type: 'Submodel', value: 'urn:example:line' },
    { type: 'SubmodelElementCollection', value: 'Line' },
    { type: 'SubmodelElementList', value: 'Sensors' },
    { type: 'SubmodelElementCollection', value: '1' },
    { type: 'Property', value: 'Value' }
  ]
  const qualifiers = [{ type: 'SeriesSource', valueType: 'xs:string', valueId: { type: 'ModelReference', keys } }]
  const created = await hub.post('/submodels', series({ variables: [property('Torque', 'xs:double', { qualifiers })] }))
  t.equal(created.status, 201, created.text)
  const batch = new SampleBatch()
  batch.add('urn:example:line', path, NOON, 12.5)
  await hub.server.context.ingest.push(batch)
  t.equal((await valuesOf(hub))[`Record_${NOON}`]?.Torque, 12.5)
  const records = `${AT}/submodel-elements/Segments.Latest.Records`
  t.equal((await hub.post(records, record('2026-11-24T12:00:01Z', { Torque: '13' }))).status, 201)
  const other = await start(t)
  t.equal((await other.post('/submodels', (await hub.get(AT)).json)).status, 201, 'also where its source is not')
  t.strictSame(await valuesOf(other), {})
  const nowhere = await other.post(records, record('2026-11-24T12:00:01Z', { Torque: '13' }))
  t.equal(nowhere.status, 400)
  t.match(nowhere.text, /there is no submodel/)
  t.equal(
    (await hub.get(`/submodels/${encode('urn:example:line')}/submodel-elements/${encodeURIComponent(path)}/$value`))
      .json,
    13
  )
})

t.test('time-series templates and other submodels are returned unchanged', async (t) => {
  const hub = await start(t)
  const template = { ...series(), kind: 'Template' }
  await hub.post('/submodels', template)
  t.strictSame((await hub.get(AT)).json, template)
  const mention = {
    ...series({ id: 'urn:mention' }),
    semanticId: undefined,
    description: [{ language: 'en', text: `${BASE}1/1` }]
  }
  await hub.post('/submodels', mention)
  t.strictSame((await hub.get(`/submodels/${encode('urn:mention')}`)).json, JSON.parse(JSON.stringify(mention)))
})

function operations(): object[] {
  const timespan = { modelType: 'Range', idShort: 'Timespan', semanticId: means('Timespan/'), valueType: 'xs:dateTime' }
  const text = (idShort: string, term: string) => ({
    value: property(idShort, 'xs:string', { semanticId: means(term) })
  })
  const out = (idShort: string) => [{ value: { modelType: 'SubmodelElementCollection', idShort } }]
  const derive = [
    { value: timespan },
    text('SamplingInterval', 'Segment/SamplingInterval/'),
    text('AggregationMethod', 'AggregationMethod/')
  ]
  return [
    {
      modelType: 'Operation',
      idShort: 'ReadRecords',
      semanticId: means('ReadRecords/'),
      inputVariables: [{ value: timespan }],
      outputVariables: out('Records')
    },
    {
      modelType: 'Operation',
      idShort: 'ReadSegments',
      semanticId: means('ReadSegments/'),
      inputVariables: [{ value: timespan }],
      outputVariables: out('Segment')
    },
    {
      modelType: 'Operation',
      idShort: 'DeriveSegment',
      semanticId: means('DeriveSegment/'),
      inputVariables: derive,
      outputVariables: out('Segments')
    }
  ]
}

const invoke = (hub: Running, name: string, inputArguments: object) =>
  hub.post(`${AT}/submodel-elements/${name}/invoke/$value`, { inputArguments })

t.test('ReadRecords returns the records of a time span', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', series({ more: operations() }))
  await push(
    hub,
    ...Array.from({ length: 5 }, (_, at) => [PRESSURE, NOON + BigInt(at) * SECOND, at] as [string, bigint, number])
  )
  const Timespan = { min: '2026-11-24T12:00:01Z', max: '2026-11-24T12:00:03Z' }
  const { json } = await invoke(hub, 'ReadRecords', { Timespan })
  t.equal(json.executionState, 'Completed', JSON.stringify(json))
  t.strictSame(
    Object.values<{ Pressure: number }>(json.outputArguments.Records).map(({ Pressure }) => Pressure),
    [1, 2, 3]
  )
  const ages = { Timespan: { min: '0001-01-01T00:00:00Z', max: '9999-12-31T23:59:59Z' } }
  t.equal(Object.keys((await invoke(hub, 'ReadRecords', ages)).json.outputArguments.Records).length, 5)
  const never = await invoke(hub, 'ReadRecords', {
    Timespan: { min: '2027-01-01T00:00:00Z', max: '2027-01-02T00:00:00Z' }
  })
  t.strictSame(never.json.outputArguments, { Records: {} })
})

t.test('ReadRecords refuses too many records, with alternatives', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', series({ more: operations() }))
  const batch = new SampleBatch()
  const offsets = Float64Array.from({ length: 10_001 }, (_, at) => at)
  batch.addColumn(ID, PRESSURE, { base: NOON, offsets }, offsets)
  await hub.server.context.ingest.push(batch)
  const { json } = await invoke(hub, 'ReadRecords', {
    Timespan: { min: '2026-01-01T00:00:00Z', max: '2027-01-01T00:00:00Z' }
  })
  t.equal(json.executionState, 'Failed')
  t.match(json.messages[0].text, /more than 10000 records.*linked segment/)
  const { json: shown } = await hub.get(`${AT}/submodel-elements/Segments.Latest/$value`)
  t.equal(shown.RecordCount, 100, 'and the internal segment holds the latest hundred')
  t.ok(Object.hasOwn(shown.Records, `Record_${NOON + 10_000n}`))
})

t.test('ReadSegments returns the segments that overlap a time span', async (t) => {
  const hub = await start(t)
  const argument = (name: string, value: string) =>
    property(name, 'xs:string', { semanticId: means(`Segment/${name}/`), value })
  const old = collection('Old', 'Segments/InternalSegment/', [
    argument('StartTime', '2020-01-01T00:00:00Z'),
    argument('EndTime', '2020-01-02T00:00:00Z'),
    collection('Records', 'Records/', [])
  ])
  await hub.post('/submodels', series({ segments: [old], more: operations() }))
  await push(hub, [PRESSURE, NOON, 1])
  const names = async (min: string, max: string) =>
    Object.keys((await invoke(hub, 'ReadSegments', { Timespan: { min, max } })).json.outputArguments.Segment)
  t.strictSame(await names('2020-01-01T12:00:00Z', '2020-01-01T13:00:00Z'), ['Old'])
  t.strictSame(await names('2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z'), ['Latest', 'LinkedSegment'])
})

t.test('DeriveSegment aggregates records to one per interval', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', series({ more: operations() }))
  await push(
    hub,
    ...Array.from({ length: 6 }, (_, at) => [COUNT, NOON + BigInt(at) * SECOND, at] as [string, bigint, number])
  )
  const Timespan = { min: '2026-11-24T12:00:00Z', max: '2026-11-24T12:00:05Z' }
  const derive = async (SamplingInterval: string, AggregationMethod: string) =>
    (await invoke(hub, 'DeriveSegment', { Timespan, SamplingInterval, AggregationMethod })).json
  const values = async (interval: string, method: string) => {
    const { outputArguments } = await derive(interval, method)
    return Object.values<{ Count: number }>(outputArguments.Segments.Derived.Records).map(({ Count }) => Count)
  }
  t.strictSame(await values('PT2S', 'mean'), [0.5, 2.5, 4.5])
  t.strictSame(await values('2', 'Average'), [0.5, 2.5, 4.5])
  t.strictSame(await values('PT3S', 'max'), [2, 5])
  t.strictSame(await values('PT3S', 'min'), [0, 3])
  t.strictSame(await values('PT3S', 'sum'), [3, 12])
  t.strictSame(await values('PT3S', 'count'), [3, 3])
  t.strictSame(await values('PT3S', 'first'), [0, 3])
  t.strictSame(await values('PT3S', 'last'), [2, 5])
  t.strictSame(await values('PT3S', 'stddev'), [1, 1])
  t.strictSame(await values('', ''), [0, 1, 2, 3, 4, 5])
  t.match((await derive('PT3S', 'median')).messages[0].text, /one of .*mean.*found "median"/)
  t.match((await derive('soon', 'mean')).messages[0].text, /PT10S/)
  t.match((await derive('', 'mean')).messages[0].text, /SamplingInterval/)
})
