/** The history as a caller may read it: in tables, archives, segments of time series and the events of all endpoints. */
import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { fromBuffer } from 'yauzl'
import { extensionEndpoints } from '../../src/app/extension-endpoints.ts'
import type { ServerOptions } from '../../src/server.ts'
import type { ExtensionEndpoint } from '../../src/transports/http/extension-endpoint.ts'
import { claim, eq, field, type Json, rule, str } from '../security/fixture.ts'
import { encode, type Running } from './harness.ts'
import { bearer, type SecuredHub, secured } from './secured-hub.ts'

const BASE = 'https://admin-shell.io/idta/TimeSeries/'
const means = (term: string) => ({
  semanticId: { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value: `${BASE}${term}1/1` }] }
})
const text = (idShort: string, more: object = {}) => ({
  modelType: 'Property',
  idShort,
  valueType: 'xs:string',
  ...more
})
const collection = (idShort: string, value: object[], term?: string) => ({
  modelType: 'SubmodelElementCollection',
  idShort,
  ...(term !== undefined && means(term)),
  ...(value.length > 0 && { value })
})

const machine = {
  modelType: 'Submodel',
  id: 'urn:m',
  submodelElements: [text('Speed'), text('Secret'), collection('Line', [text('Load'), text('SecretLoad')])]
}

/** Shows a series of its own, and one of the machine. */
const series = {
  modelType: 'Submodel',
  id: 'urn:ts',
  idShort: 'TimeSeries',
  ...means(''),
  submodelElements: [
    collection(
      'Metadata',
      [
        collection(
          'Record',
          [
            { ...text('TimeUtc'), valueType: 'xs:dateTime', ...means('UtcTime/') },
            text('Pressure'),
            text('Source', {
              qualifiers: [
                {
                  type: 'SeriesSource',
                  valueType: 'xs:string',
                  valueId: {
                    type: 'ModelReference',
                    keys: [
                      { type: 'Submodel', value: 'urn:m' },
                      { type: 'Property', value: 'Secret' }
                    ]
                  }
                }
              ]
            })
          ],
          'Record/'
        )
      ],
      'Metadata/'
    ),
    collection('Segments', [], 'Segments/')
  ]
}

async function fill(hub: Running): Promise<void> {
  for (const document of [machine, series]) await hub.post('/submodels', document)
  const samples = [
    ...['Speed', 'Line.Load'].map((path) => ({
      submodel: 'urn:m',
      path,
      value: `seen ${path}`,
      time: '2026-11-24T03:00:00Z'
    })),
    ...['Secret', 'Line.SecretLoad'].map((path) => ({
      submodel: 'urn:m',
      path,
      value: 'canary',
      time: '2026-11-24T03:00:00Z'
    })),
    { submodel: 'urn:ts', path: 'Metadata.Record.Pressure', value: 'seen Pressure', time: '2026-11-24T03:00:00Z' }
  ]
  for (const sample of samples) await hub.post('/ingest', sample)
}

const reader = (parts: Json) => rule({ formula: eq(claim('role'), str('reader')), ...parts })
const notSecret = (name: string): Json => ({ $not: { '$starts-with': [field(name), str('Secret')] } })

/** Rules that show the same in two ways. */
const ways: Readonly<Record<string, readonly Json[]>> = {
  'by a filter': [
    reader({
      objects: [{ IDENTIFIABLE: '$sm("*")' }],
      more: { FILTER: { FRAGMENT: '$sme', CONDITION: notSecret('$sme#idShort') } }
    })
  ],
  'by what a rule names': [
    reader({ objects: [{ REFERABLE: '$sme("urn:m").Speed' }, { REFERABLE: '$sme("urn:m").Line.Load' }] }),
    reader({ objects: [{ IDENTIFIABLE: '$sm("urn:ts")' }] })
  ]
}

/** All texts in an answer, also of an archive. */
async function textsOf(response: Response): Promise<string> {
  const bytes = Buffer.from(await response.arrayBuffer())
  if (response.headers.get('content-type') !== 'application/zip') return bytes.toString('latin1')
  const zip = await new Promise<import('yauzl').ZipFile>((resolve, reject) => {
    fromBuffer(bytes, { lazyEntries: true }, (error, file) => (error ? reject(error) : resolve(file)))
  })
  const texts: string[] = []
  zip.on('entry', (entry) => {
    texts.push(entry.fileName)
    zip.openReadStream(entry, async (_, stream) => {
      texts.push((await buffer(stream)).toString('latin1'))
      zip.readEntry()
    })
  })
  zip.readEntry()
  await once(zip, 'end')
  return texts.join('\n')
}

async function opened(t: Test, rules: readonly Json[], options: ServerOptions = {}) {
  const secure = await secured(t, rules, fill, options)
  const { key } = await secure.key({ role: 'reader' })
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(secure.hub.api + path, { ...init, headers: { ...bearer(key), ...init.headers } })
  return { secure, ask }
}

/** Each is asked of every endpoint that has such parameters. */
const QUERIES = [
  'submodel=urn:m',
  'submodel=urn:m&path=**',
  'submodel=urn:m&path=Speed&path=Secret&path=Line.Load&path=Line.SecretLoad',
  'submodel=urn:m&quality=true',
  'submodel=urn:m&interval=PT1S&align=previous',
  'submodel=urn:ts&path=**',
  'submodel=urn:ts&every=1s',
  'submodel=urn:ts&variable=Pressure',
  'submodel=urn:ts&variable=Source',
  ''
]
const FORMATS = ['json', 'ndjson', 'csv', 'parquet', 'arrow', 'flux']

for (const [index, [way, rules]] of Object.entries(ways).entries()) {
  // Threads of the pool compute every other time.
  const allInThreads = index % 2 === 1
  t.test(`what is hidden ${way} is in no answer of any endpoint beside the standard's`, async (t) => {
    const { ask } = await opened(t, rules, { allInThreads })
    let seen = ''
    for (const { path, get } of extensionEndpoints as readonly ExtensionEndpoint[]) {
      if (get === undefined || path === '/stream') continue
      for (const query of QUERIES) {
        for (const format of path === '/timeseries' ? FORMATS : ['']) {
          const response = await ask(`${path}?${query}${format === '' ? '' : `&format=${format}`}`)
          // The visible variable names the series that it shows.
          const texts = (await textsOf(response)).replaceAll(/"value":\s*"Secret"/g, '')
          // The names in the request are repeated where there is nothing.
          const isEcho = response.status === 404 && query.includes('Secret')
          if (!isEcho) t.notMatch(texts, /canary|Secret/, `${path}?${query} ${format}`)
          else t.notMatch(texts, /canary/)
          if (response.status === 200) seen += texts
        }
      }
    }
    for (const value of ['seen Speed', 'seen Line.Load', 'seen Pressure']) t.ok(seen.includes(value), value)
  })
}

t.test('a series that is hidden is absent: the answers do not differ', async (t) => {
  const { ask } = await opened(t, ways['by a filter'] ?? [])
  const answer = async (path: string) => {
    const response = await ask(path)
    const body = (await response.text()).replaceAll(/"(correlationId|timestamp)":"[^"]*"/g, '')
    return [response.status, body.replaceAll('Secret', 'X').replaceAll('Absent', 'X')]
  }
  for (const [hidden, absent] of [
    ['/timeseries?submodel=urn:m&path=Secret', '/timeseries?submodel=urn:m&path=Absent'],
    ['/timeseries?submodel=urn:m&path=Line.Secret', '/timeseries?submodel=urn:m&path=Line.Absent'],
    ['/dataset?submodel=urn:m&path=Secret', '/dataset?submodel=urn:m&path=Absent']
  ] as const) {
    t.strictSame(await answer(hidden), await answer(absent), hidden)
    t.equal((await answer(hidden))[0], 404)
  }
})

t.test('generated segments hold samples of series that are visible', async (t) => {
  const { secure, ask } = await opened(t, ways['by what a rule names'] ?? [])
  const path = `/submodels/${encode('urn:ts')}`
  const own = await (await ask(path)).text()
  t.match(own, /seen Pressure/)
  t.notMatch(own, /canary/)
  t.match((await secure.ask('GET', `/api/v3${path}`)).text, /canary/, 'others may')
  const flux = await ask('/timeseries', {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.flux' },
    body: 'submodel=urn:ts'
  })
  const table = await flux.text()
  t.match(table, /seen Pressure/)
  t.notMatch(table, /canary/)
})

t.test('the series of an element that was deleted needs a rule that hides nothing', async (t) => {
  const everything = rule({ formula: eq(claim('role'), str('all')), objects: [{ IDENTIFIABLE: '$sm("*")' }] })
  const secure: SecuredHub = await secured(t, [...(ways['by a filter'] ?? []), everything], fill)
  const element = `/api/v3/submodels/${encode('urn:m')}/submodel-elements/Speed`
  t.equal((await secure.ask('DELETE', element)).status, 204)
  const url = `${secure.hub.api}/timeseries?submodel=urn:m&path=Speed`
  t.equal((await secure.hub.get(url, bearer((await secure.key({ role: 'reader' })).key))).status, 404)
  t.match((await secure.hub.get(url, bearer((await secure.key({ role: 'all' })).key))).text, /seen Speed/)
})
