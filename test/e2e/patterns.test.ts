/** Texts that make an expression with backtracking run for minutes or for ever: each is answered like any other. */
import t from 'tap'
import { encode, type Running, start } from './harness.ts'

const NOUGHTS = '0'.repeat(1_000_000)

const machine = {
  modelType: 'Submodel',
  id: 'urn:m',
  submodelElements: [
    { modelType: 'Property', idShort: 'Speed', valueType: 'xs:double' },
    { modelType: 'Property', idShort: 'a'.repeat(100), valueType: 'xs:double' },
    { modelType: 'Property', idShort: 'Exact', valueType: 'xs:decimal', value: `0.${NOUGHTS}1` },
    { modelType: 'Property', idShort: 'Whole', valueType: 'xs:integer', value: `${NOUGHTS}1` }
  ]
}

async function filled(t: Parameters<typeof start>[0]): Promise<Running> {
  const hub = await start(t)
  t.equal((await hub.post('/submodels', machine)).status, 201)
  const samples = ['Speed', 'a'.repeat(100)].map((path) => ({
    submodel: 'urn:m',
    path,
    time: '2026-11-24T03:00:00Z',
    value: 1
  }))
  t.equal((await hub.post('/ingest', samples)).status, 200)
  return hub
}

t.test('every endpoint refuses a path of wildcards only, and explains patterns', async (t) => {
  const hub = await filled(t)
  for (const path of [`${'**'.repeat(12)}z`, '*'.repeat(200), `${'*'.repeat(3)}z`, `${'a*'.repeat(1500)}`]) {
    for (const address of ['/timeseries?submodel=urn:m', '/dataset?submodel=urn:m', '/events?submodel=urn:m']) {
      const { status, json } = await hub.get(`${address}&path=${path}`)
      t.equal(status, 400, `${address} ${path.slice(0, 40)}`)
      t.match(JSON.stringify(json), /not an idShortPath with wildcards|1 to 2048 characters/)
    }
  }
})

t.test('every endpoint accepts the same patterns, with any number of wildcards', async (t) => {
  const hub = await filled(t)
  for (const [path, names] of [
    ['Sp*', ['Speed']],
    ['**.*eed', ['Speed']],
    [`${'**.'.repeat(400)}Speed`, ['Speed']],
    [`${'*a'.repeat(99)}*`, ['a'.repeat(100)]],
    [`${'*a'.repeat(90)}z*`, undefined]
  ] as const) {
    const { status, json } = await hub.get(`/timeseries?submodel=urn:m&path=${path}`)
    t.equal(status, names === undefined ? 404 : 200, path.slice(0, 40))
    if (names !== undefined)
      t.strictSame(
        json.columns.slice(1).map(({ name }: { name: string }) => name),
        names
      )
    const events = await hub.get(`/events?submodel=urn:m&path=${path}&since=0`)
    t.equal(events.status, 200, path.slice(0, 40))
  }
})

t.test('numbers of a million digits are parsed in linear time', async (t) => {
  const hub = await filled(t)
  const value = (await hub.get(`/submodels/${encode('urn:m')}/$value`)).json
  t.equal(value.Exact.length, NOUGHTS.length + 3)
  t.equal(value.Whole, 1)
})

t.test('a header of blanks is parsed in one pass', async (t) => {
  const hub = await filled(t)
  const blanks = `a${' '.repeat(12_000)}b`
  for (const name of ['accept', 'accept-language', 'if-none-match', 'accept-encoding', 'range']) {
    const { status } = await hub.get('/submodels', { [name]: blanks })
    t.ok(status < 500, `${name}: ${status}`)
  }
})
