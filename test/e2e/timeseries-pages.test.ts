/** Pages of `/timeseries`: all of them together are the whole. */

import { tableFromIPC } from 'apache-arrow'
import fc from 'fast-check'
import { parquetReadObjects } from 'hyparquet'
import t from 'tap'
import { AGGREGATES } from '../../src/operations/history/aggregate.ts'
import { SampleBatch } from '../../src/operations/samples/batch.ts'
import { type Running, start } from './harness.ts'

const START = 1_764_000_000_000_000_000n
const MILLISECOND = 1_000_000n

const machine = {
  modelType: 'Submodel',
  id: 'urn:m',
  submodelElements: [
    { modelType: 'Property', idShort: 'Speed', valueType: 'xs:double' },
    { modelType: 'Property', idShort: 'Count', valueType: 'xs:long' },
    { modelType: 'Property', idShort: 'State', valueType: 'xs:string' },
    { modelType: 'Property', idShort: 'On', valueType: 'xs:boolean' }
  ]
}

/** Samples at uneven times around 1970 and later, some of them bad. */
async function filled(hub: Running): Promise<void> {
  if ((await hub.post('/submodels', machine)).status !== 201) throw new Error('the submodel was refused')
  const batch = new SampleBatch()
  for (const base of [-20_000n * MILLISECOND, START]) {
    for (let i = 0n; i < 60n; i++) {
      const time = base + ((i * i * 37n) % 90_000n) * MILLISECOND
      batch.add('urn:m', 'Speed', time, Number(i) / 4, i % 7n === 0n ? 'bad' : 'good')
      if (i % 2n === 0n) batch.add('urn:m', 'Count', time, Number(i))
      if (i % 5n === 0n) batch.add('urn:m', 'State', time + 1n, i % 2n === 0n ? '가동' : '정지')
      if (i % 3n === 0n) batch.add('urn:m', 'On', time, i % 2n === 0n ? 'true' : 'false')
    }
  }
  await hub.server.context.ingest.push(batch)
}

const query = fc.record({
  paths: fc.subarray(['Speed', 'Count', 'State', 'On'], { minLength: 1 }),
  shape: fc.oneof(
    fc.constant(''),
    fc.constant('&quality=true'),
    fc
      .tuple(
        fc.constantFrom('1ms', '7s', '1m', 'P1D', 'P1W', 'P1M', 'P1Y'),
        fc.subarray([...AGGREGATES], { minLength: 1 })
      )
      .map(([interval, names]) => `&interval=${interval}&aggregate=${names.join()}`),
    fc
      .tuple(fc.constantFrom('9s', '30s', '1m'), fc.constantFrom('previous', 'linear'))
      .map(([interval, align]) => `&interval=${interval}&align=${align}&from=2025-11-24T15:59:30Z`)
  ),
  zone: fc.constantFrom('', '&timezone=Asia/Seoul', '&timezone=Europe/Berlin'),
  window: fc.constantFrom('', '&to=2025-11-24T16:01:03Z'),
  limit: fc.integer({ min: 1, max: 40 })
})

t.test('all pages together are the whole table, for every request', async (t) => {
  const hub = await start(t)
  await filled(hub)
  await fc.assert(
    fc.asyncProperty(query, async ({ paths, shape, zone, window, limit }) => {
      const asked = `/timeseries?submodel=urn:m${paths.map((path) => `&path=${path}`).join('')}${shape}${zone}${window}`
      const whole = (await hub.get(asked)).json
      const rows: unknown[] = []
      for (let url: string | undefined = `${asked}&limit=${limit}`; url !== undefined; ) {
        const { json, headers } = await hub.get(url)
        if (json.rows.length > limit || (json.rows.length === 0 && rows.length > 0)) return false
        rows.push(...json.rows)
        if (rows.length > whole.rows.length) return false
        url = nextOf(headers)
      }
      return JSON.stringify(rows) === JSON.stringify(whole.rows)
    }),
    { numRuns: 60 }
  )
})

t.test('pages together are the whole table in every format', async (t) => {
  const hub = await start(t)
  await filled(hub)
  const shape = 'submodel=urn:m&path=Speed&path=Count&interval=11s&aggregate=mean,count'
  for (const [format, read] of [
    ['csv', async (bytes: Buffer) => bytes.toString().trim().split('\r\n').slice(1)],
    ['ndjson', async (bytes: Buffer) => bytes.toString().trim().split('\n')],
    ['parquet', async (bytes: Buffer) => parquetReadObjects({ file: new Uint8Array(bytes).buffer })],
    ['arrow', async (bytes: Buffer) => tableFromIPC(bytes).toArray().map(String)]
  ] as const) {
    const rowsAt = async (url: string) => {
      const answer = await fetch(url)
      return { rows: await read(Buffer.from(await answer.arrayBuffer())), next: nextOf(answer.headers) }
    }
    const whole = await rowsAt(`${hub.api}/timeseries?${shape}&format=${format}`)
    const rows: unknown[] = []
    for (let next: string | undefined = `/timeseries?${shape}&format=${format}&limit=4`; next !== undefined; ) {
      const page = await rowsAt(hub.api + next)
      rows.push(...page.rows)
      next = rows.length > whole.rows.length ? undefined : page.next
    }
    t.strictSame(rows, whole.rows, format)
    t.ok(rows.length > 8)
  }
})

function nextOf(headers: Headers): string | undefined {
  return /<(.*)>; rel="next"/.exec(headers.get('link') ?? '')?.[1]?.slice('/api/v3'.length)
}
