/** Answers that take long: what else the hub does meanwhile, and what becomes of them when no client waits any more. */
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { SampleBatch } from '../../src/operations/samples/batch.ts'
import { until } from '../until.ts'
import { type Running, start } from './harness.ts'

const START = 1_764_000_000_000_000_000n
const SECOND = 1_000_000_000n

const machine = {
  modelType: 'Submodel',
  id: 'urn:m',
  submodelElements: ['S1', 'S2', 'S3'].map((idShort) => ({ modelType: 'Property', idShort, valueType: 'xs:double' }))
}

/** An hour of three series at 1 Hz, and one sample of years before. */
async function filled(hub: Running): Promise<void> {
  await hub.post('/submodels', machine)
  const batch = new SampleBatch()
  for (const name of ['S1', 'S2', 'S3']) {
    for (let i = 0n; i < 3600n; i++) batch.add('urn:m', name, START + i * SECOND, Number(i) / 8)
  }
  batch.add('urn:m', 'S1', START - 200_000_000n * SECOND, 1)
  await hub.server.context.ingest.push(batch)
}

const hub = await start(t)
await filled(hub)

const HOUR = 'from=2025-11-24T16:00:00Z&to=2025-11-24T17:00:00Z'
/** Rows that take the hub many seconds in all. */
const LONG = `/timeseries?submodel=urn:m&${HOUR}&interval=1ms&align=linear`

t.test('a grid with too many rows is refused at once, with alternatives', async (t) => {
  for (const query of [
    'interval=1ms&align=previous',
    'interval=1ns&align=linear&from=2025-11-24T16:00:00Z',
    'interval=1ns&align=linear&format=parquet',
    'interval=1us&align=previous&format=arrow&timezone=Asia/Seoul',
    'interval=1ms&align=previous&format=ndjson'
  ]) {
    const { status, json } = await hub.get(`/timeseries?submodel=urn:m&${query}`)
    t.equal(status, 400, query)
    t.match(
      json.messages[0].text,
      /rows; the maximum for one response is \d+.*longer "interval".*"from" and "to".*"limit"/
    )
  }
  const archive = await hub.get('/dataset?submodel=urn:m&interval=1ms&align=previous')
  t.equal(archive.status, 400)
  t.match(archive.json.messages[0].text, /rows; the maximum for one response is/)
  const files = await hub.get('/dataset?submodel=urn:m&period=PT1H')
  t.equal(files.status, 400)
  t.match(files.json.messages[0].text, /10000 files/)
})

t.test('pages of a grid are returned however many rows it has', async (t) => {
  const { status, json, headers } = await hub.get('/timeseries?submodel=urn:m&interval=1ns&align=previous&limit=5')
  t.equal(status, 200)
  t.equal(json.rows.length, 5)
  t.match(headers.get('link'), /rel="next"/)
})

for (const format of ['csv', 'json', 'parquet', 'arrow']) {
  t.test(`other requests are served during a long response as ${format}`, async (t) => {
    const leaving = new AbortController()
    const answer = await fetch(`${hub.api}${LONG}&format=${format}`, { signal: leaving.signal })
    t.equal(answer.status, 200)
    let bytes = 0
    let ended = false
    const reading = (async () => {
      for await (const part of answer.body ?? []) bytes += part.length
      ended = true
    })().catch(() => {})
    const seen: number[] = []
    for (let i = 0; i < 10; i++) {
      const before = bytes
      t.equal((await fetch(`${hub.url}/healthz`)).status, 200)
      await until(() => bytes !== before || ended, { pollMs: 1 })
      seen.push(bytes)
    }
    t.notOk(ended, 'the answer was still being made')
    t.ok(new Set(seen).size > 5, 'it went on between the other requests')
    leaving.abort()
    await reading
  })
}

t.test('a response is aborted when the client disconnects', async (t) => {
  for (const query of [
    `${LONG}&format=csv`,
    `${LONG}&format=parquet`,
    `/dataset?submodel=urn:m&${HOUR}&interval=1ms&align=linear&format=parquet`
  ]) {
    const leaving = new AbortController()
    const answer = await fetch(hub.api + query, { signal: leaving.signal })
    await answer.body?.getReader().read()
    leaving.abort()
    await quiet(t, query)
  }
  // While it is not known yet what to answer: a page is made as a whole.
  const leaving = new AbortController()
  const received = once(hub.server.app.server, 'request')
  const page = fetch(`${hub.api}${LONG}&limit=100000`, { signal: leaving.signal }).catch(() => {})
  await received
  await hub.get(`${hub.url}/healthz`)
  leaving.abort()
  await page
  await quiet(t, 'a page')
})

/** Waits until the process has had nothing to do for a while; a made-up answer would keep it busy for long. */
async function quiet(t: Test, title: string): Promise<void> {
  let idle = 0
  let before = performance.eventLoopUtilization()
  const isQuiet = () => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, before)
    before = now
    idle = utilization < 0.5 ? idle + 1 : 0
    return idle > 3
  }
  await until(isQuiet, { pollMs: 20 })
  t.pass(`${title}: its work has ended`)
}

t.test('rows are produced only as fast as a slow client reads', async (t) => {
  const leaving = new AbortController()
  const answer = await fetch(`${hub.api}${LONG}&format=csv`, { signal: leaving.signal })
  const reader = answer.body?.getReader()
  await reader?.read()
  await quiet(t, 'a client that rests')
  // It goes on where it was.
  t.notOk((await reader?.read())?.done)
  leaving.abort()
})
