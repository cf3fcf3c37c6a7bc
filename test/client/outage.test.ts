/** A gateway that sends new samples first: what waited during an outage follows as columns. */
import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type GatewayOptions, gateway } from '../../src/client/node.ts'
import { SampleColumns } from '../../src/client/sample-columns.ts'
import type { Column } from '../../src/client/types.ts'
import { withoutRefused } from '../../src/commands/collect.ts'
import { type Running, start } from '../e2e/harness.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'

const ID = 'urn:outage'
const SERIES = 50
const FIRST_MS = Date.UTC(2026, 5, 1)

async function hubWith(t: Parameters<typeof start>[0], settings: Parameters<typeof start>[1] = {}): Promise<Running> {
  const hub = await start(t, settings)
  const submodelElements = Array.from({ length: SERIES }, (_, at) => ({
    ...{ modelType: 'Property', idShort: `Value${at}`, valueType: 'xs:double' }
  }))
  await hub.post('/submodels', { modelType: 'Submodel', id: ID, submodelElements })
  return hub
}

async function values(hub: Running, path: string): Promise<number[]> {
  const { text } = await hub.ask(
    'GET',
    `${hub.url}/timeseries?submodel=${ID}&path=${path}&from=2020-01-01T00:00:00Z&format=csv`
  )
  return text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => Number(line.split(',')[1]))
}

/** One reading of all series. */
const reading = (count: number) =>
  Array.from({ length: SERIES }, (_, at) => ({
    ...{ submodel: ID, path: `Value${at}`, value: count + at / 100 },
    time: new Date(FIRST_MS + count * 1000).toISOString().replace('Z', '000001Z')
  }))

const counts = (end: number, from = 0) => Array.from({ length: end - from }, (_, at) => from + at)

t.test(
  'what waited is columns on disk, a fraction of the size; new samples are not behind it, and each counts once',
  async (t) => {
    const directory = join(testDirectory(t), 'buffer')
    const options: GatewayOptions = { directory, liveFirst: true, encoding: 'cbor', onState: () => {} }
    const first = gateway('http://127.0.0.1:9', options)
    for (const count of counts(2000)) first.push(reading(count))
    const rows = 2000 * SERIES * 70
    first.close()
    const files = readdirSync(directory)
    const size = files.reduce((sum, name) => sum + statSync(join(directory, name)).size, 0)
    t.ok(size < rows / 2, `${size} bytes`)
    t.ok(
      files.some((name) => name.endsWith('.ndjson')),
      'what may have been sent stays as it was'
    )

    const hub = await hubWith(t)
    const second = gateway(hub.url, options)
    second.push(reading(5000))
    await second.drain()
    t.strictSame(readdirSync(directory), [])
    t.strictSame((await values(hub, 'Value0')).map(Math.floor), [...counts(2000), 5000])
    t.equal((await values(hub, `Value${SERIES - 1}`)).length, 2001)
    second.close()
  }
)

t.test('files that columns have replaced do not count again after a crash', async (t) => {
  const directory = join(testDirectory(t), 'buffer')
  const options: GatewayOptions = { directory, liveFirst: true, onState: () => {} }
  const first = gateway('http://127.0.0.1:9', options)
  for (const count of counts(1500)) first.push(reading(count))
  first.close()
  const columns = readdirSync(directory).find((name) => name.endsWith('.zst'))
  const replaced = `${columns?.split('~')[0]}.ndjson`
  const [rows = ''] = readdirSync(directory).filter((name) => name.endsWith('.ndjson'))
  copyFileSync(join(directory, rows), join(directory, replaced))
  writeFileSync(join(directory, `${columns}.new`), 'what is not whole')
  const second = gateway('http://127.0.0.1:9', options)
  t.notOk(readdirSync(directory).includes(replaced))
  t.notOk(readdirSync(directory).includes(`${columns}.new`))
  second.close()
})

t.test('a full buffer drops the oldest columns, and says so', async (t) => {
  const directory = join(testDirectory(t), 'buffer')
  const limit = 6_000_000
  let dropped = 0
  const edge = gateway('http://127.0.0.1:9', {
    ...{ directory, liveFirst: true, limit, onState: () => {} },
    onDropped: (pushes) => {
      dropped += pushes
    }
  })
  // What does not shrink much.
  const noise = (count: number) => reading(count).map((one) => ({ ...one, value: Math.sin(count + one.value) }))
  for (const count of counts(1600)) edge.push(noise(count))
  t.equal(dropped, 0, 'rows become columns first')
  for (const count of counts(8000, 1600)) edge.push(noise(count))
  t.ok(dropped > 0)
  t.ok(edge.backlog <= limit)
  edge.close()
})

for (const kind of ['columns', 'rows'] as const) {
  t.test(`damaged ${kind} are kept and reported, and all others are sent`, async (t) => {
    const hub = await hubWith(t)
    const directory = join(testDirectory(t), 'buffer')
    const options = { directory, liveFirst: kind === 'columns', onState: () => {} }
    const first = gateway('http://127.0.0.1:9', options)
    for (const count of counts(2000)) first.push(reading(count))
    first.close()
    const [file = ''] = readdirSync(directory).filter((name) => name.endsWith(kind === 'columns' ? '.zst' : '.ndjson'))
    const bytes = readFileSync(join(directory, file))
    bytes[0] = 1
    writeFileSync(join(directory, file), bytes)
    const damaged: string[] = []
    const second = gateway(hub.url, { ...options, onDamaged: (path) => damaged.push(path) })
    await second.drain()
    second.push(reading(2000))
    await second.drain()
    t.strictSame(damaged, [join(directory, `${file}.damaged`)])
    t.strictSame(readdirSync(directory), [`${file}.damaged`])
    t.ok(bytes.equals(readFileSync(join(directory, `${file}.damaged`))))
    const stored = (await values(hub, 'Value0')).map(Math.floor)
    t.equal(stored.at(-1), 2000)
    t.ok(kind === 'columns' || stored.length === 2000, 'of rows one is missing')
    second.close()
  })
}

t.test('columns are written between other work, and what comes then is not lost', async (t) => {
  const hub = await hubWith(t)
  const directory = join(testDirectory(t), 'buffer')
  const edge = gateway(hub.url, { directory, liveFirst: true, encoding: 'cbor', onState: () => {} })
  // Without a pause, so that it is not connected yet.
  for (const count of counts(2000)) edge.push(reading(count))
  const isWriting = () => readdirSync(directory).some((name) => name.endsWith('.new'))
  await until(isWriting, { pollMs: 0 })
  edge.push(reading(2000))
  t.ok(isWriting(), 'a push does not wait for it')
  await edge.drain()
  t.strictSame((await values(hub, 'Value0')).map(Math.floor), counts(2001))
  t.equal((await values(hub, `Value${SERIES - 1}`)).length, 2001)
  t.strictSame(readdirSync(directory), [])
  edge.close()
})

t.test('a series that waited for long is sent in columns of bounded length', async (t) => {
  const columns = new SampleColumns()
  columns.add(counts(25).map((at) => ({ submodel: ID, path: 'A', value: at, time: FIRST_MS + at * 1000 })))
  columns.add([{ submodel: ID, path: 'B', value: 0, time: FIRST_MS }])
  const groups = [...columns.groups(10)]
  t.strictSame(
    groups.map((group) => group.map(({ values }) => values.length)),
    [[10], [10], [5, 1]]
  )
  const [, [second] = []] = groups
  t.equal(second?.start, new Date(FIRST_MS + 10_000).toISOString().replace('Z', '000000Z'))
  t.strictSame(second?.offsets, counts(10))
  t.equal(second?.unit, 's')
})

t.test('samples become columns with their times to the nanosecond, and their qualities', async (t) => {
  const columns = new SampleColumns()
  t.ok(
    columns.add([
      { submodel: ID, path: 'A', value: 1, time: '2026-06-01T00:00:00.000000001Z' },
      { submodel: ID, path: 'A', value: 2, time: '2026-06-01T00:00:00.001000003Z', quality: 'bad' },
      { submodel: ID, path: 'A', start: '2026-06-01T00:00:01Z', step: 10, values: [3, 4], quality: 'uncertain' },
      { submodel: ID, path: 'A', times: [Date.UTC(2026, 5, 1) * 1e3 + 5e6], unit: 'us', values: ['x'] }
    ])
  )
  t.notOk(columns.add([{ submodel: ID, path: 'A', value: 1 }]), 'those without a time do not')
  t.equal(columns.size, 5)
  const [group] = columns.groups(10)
  t.strictSame(group, [
    {
      ...{ submodel: ID, path: 'A', values: [1, 2, 3, 4, 'x'], start: '2026-06-01T00:00:00.000000001Z', unit: 'ns' },
      offsets: [0, 1_000_002, 999_999_999, 1_009_999_999, 4_999_999_999],
      quality: [null, 'bad', 'uncertain', 'uncertain', null]
    }
  ])
})

t.test('of columns that a hub refuses in part the rest is sent again', async (t) => {
  const column: Column = {
    submodel: ID,
    path: 'A',
    start: 0,
    step: 10,
    values: [1, 2, 3],
    quality: ['bad', null, null]
  }
  const other: Column = { submodel: ID, path: 'B', start: 0, offsets: [0, 5], values: [1, 2] }
  const violations = [
    { pointer: '/0/1', text: '' },
    { pointer: '/1', text: '' }
  ]
  t.strictSame(withoutRefused({ violations }, [column, other]), [
    { submodel: ID, path: 'A', start: 0, offsets: [0, 20], values: [1, 3], quality: ['bad', null] }
  ])
  t.strictSame(
    withoutRefused({ violations: [{ pointer: '', text: '' }] }, [column]),
    [],
    'unless it does not say which'
  )

  const hub = await hubWith(t)
  const edge = gateway(hub.url, {
    ...{ directory: join(testDirectory(t), 'buffer'), encoding: 'cbor' },
    onRefused: (error, samples) => edge.push(withoutRefused(error, samples))
  })
  edge.push([
    { submodel: ID, path: 'Value0', start: FIRST_MS, step: 1000, values: [1, 'no number', 3] },
    { submodel: ID, path: 'Missing', start: FIRST_MS, step: 1000, values: [1] }
  ])
  await edge.drain()
  await until(async () => (await values(hub, 'Value0')).length === 2)
  t.strictSame(await values(hub, 'Value0'), [1, 3])
  edge.close()
})
