import { join } from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { compact } from '../../src/consumers/history/compaction.ts'
import { maintainOnce } from '../../src/consumers/history/history-retention.ts'
import { type HistoryWriter, startHistoryWriter } from '../../src/consumers/history/history-writer.ts'
import type { HistoryPolicy } from '../../src/consumers/history/policy.ts'
import { type Run, textAt, timeAt } from '../../src/model/samples.ts'
import { condensedAt } from '../../src/model/statistics.ts'
import { EARLIEST, type History, historyOf, LATEST } from '../../src/operations/history/history.ts'
import { SampleBatch } from '../../src/operations/samples/batch.ts'
import { Ingest } from '../../src/operations/samples/ingest.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { create, property, submodel } from '../store/fixtures.ts'
import { testDirectory } from '../test-directory.ts'

let places = 0

const speed = { submodel: 'm', path: 'Speed' }

interface Fixture {
  readonly store: Store
  readonly ingest: Ingest
  readonly writer: HistoryWriter
  readonly history: History
}

const test = (title: string, body: (t: Test, fixture: Fixture) => Promise<void>) =>
  t.test(title, async (t) => {
    const store = await opened(t)
    const writer = await startHistoryWriter(store, { failed: (error) => t.fail(String(error)) })
    await body(t, { store, ingest: new Ingest({ store }), writer, history: historyOf(store, writer) })
    await writer.stop()
    await store.close()
  })

test('acknowledged samples are readable at once, before and after they are in a chunk', async (t, {
  store,
  ingest,
  writer,
  history
}) => {
  await push(ingest, [
    [20n, 2],
    [10n, 1]
  ])
  const { incarnation = 0 } = (await store.element('m', 'Speed')) ?? {}
  await store.commit([{ change: 'value', ...speed, incarnation, value: '{"value":"3"}', sourceTime: 30n }])
  const wanted = [
    [10n, '1'],
    [20n, '2'],
    [30n, '3']
  ]
  t.strictSame(await read(history), wanted)
  t.strictSame((await store.figures()).samples, 0)
  await writer.stop()
  t.match(await store.figures(), { series: 1, samples: 3 })
  t.strictSame(await read(history), wanted)
  t.strictSame(await read(history, 11n, 29n), wanted.slice(1, 2))
  t.match(await history.spanOf(speed), { from: 10n, to: 30n, count: 3 })
  t.equal(await history.spanOf({ submodel: 'm', path: 'Spee' }), undefined)
})

test('a large run becomes a chunk as it was logged', async (t, { store, ingest, writer }) => {
  const batch = new SampleBatch()
  const offsets = Float64Array.from({ length: 1000 }, (_, i) => i)
  batch.addColumn('m', 'Speed', { base: 0n, offsets }, offsets)
  const { seq } = await ingest.push(batch)
  await writer.stop()
  const [logged] = (await store.log(seq - 1, 1)).entries[0]?.changes ?? []
  for await (const { bytes, count } of store.chunks(speed, EARLIEST, LATEST)) {
    t.equal(count, 1000)
    t.same(Buffer.from(bytes), logged?.change === 'samples' && Buffer.from(logged.run))
  }
  t.equal(await writer.taken(), seq)
})

test('large runs that follow one another share a chunk until it is full', async (t, {
  store,
  ingest,
  writer,
  history
}) => {
  for (let push = 0; push < 20; push++) await pushColumn(ingest, push * 1000, 1000, push)
  const wanted = await read(history)
  await writer.stop()
  const counts = await Array.fromAsync(store.heads(speed, EARLIEST, LATEST), ({ count }) => count)
  t.strictSame(counts, [9000, 9000, 2000])
  t.strictSame(await read(history), wanted)
  t.equal(await compact(store, speed, { rest: async () => {} }), false, 'and need no compaction')
})

test('whatever comes late or again between large runs, the last sample of a time counts', async (t, {
  store,
  ingest,
  writer,
  history
}) => {
  const begin = () => startHistoryWriter(store, { failed: (error) => t.fail(String(error)) })
  await pushColumn(ingest, 0, 1000, 1)
  await pushColumn(ingest, 1000, 1000, 2)
  await push(ingest, [[1500n, 3]])
  await pushColumn(ingest, 2000, 600, 4)
  await pushColumn(ingest, 900, 600, 5)
  await pushColumn(ingest, 3000, 600, 6)
  await push(ingest, [[950n, 7]])
  const wanted = await read(history)
  const valueAt = (time: number) => wanted.find(([at]) => at === BigInt(time))?.[1]
  t.strictSame([899, 900, 950, 1499, 1500, 1501, 2599, 3000].map(valueAt), ['1', '5', '7', '5', '3', '2', '4', '6'])
  await writer.stop()
  t.strictSame(await read(history), wanted)
  const next = await begin()
  await compact(store, speed, { rest: async () => {} })
  t.strictSame(await read(historyOf(store, next)), wanted)
  await next.stop()
})

test('small runs fill a chunk instead of becoming one each, across restarts', async (t, { store, ingest, writer }) => {
  await writer.stop()
  for (let start = 0; start < 5; start++) {
    await push(ingest, [[BigInt(start), start]])
    await (await startHistoryWriter(store, { failed: (error) => t.fail(String(error)) })).stop()
  }
  t.match(await store.seriesOf(speed), { chunks: 1, count: 5 })
})

test('of two samples at one time in one write the last one counts, whatever surrounds them', async (t, {
  store,
  ingest,
  writer
}) => {
  const begin = () => startHistoryWriter(store, { failed: (error) => t.fail(String(error)) })
  await push(ingest, [[80n, 0]])
  await writer.stop()
  const next = await begin()
  await push(ingest, [
    [50n, 1],
    [90n, 1]
  ])
  const { incarnation = 0 } = (await store.element('m', 'Speed')) ?? {}
  const value = (sourceTime: bigint) => ({
    change: 'value' as const,
    ...speed,
    incarnation,
    value: '{"value":"2"}',
    sourceTime
  })
  await store.commit([value(50n), value(95n)])
  await next.stop()
  const last = await begin()
  t.strictSame(await read(historyOf(store, last)), [
    [50n, '2'],
    [80n, '0'],
    [90n, '1'],
    [95n, '2']
  ])
  await last.stop()
})

test('the last samples are found in chunks and in the log', async (t, { store, ingest, history }) => {
  await push(
    ingest,
    Array.from({ length: 50 }, (_, i) => [BigInt(i * i * i), i])
  )
  await (await startHistoryWriter(store, { failed: (error) => t.fail(String(error)) })).stop()
  await push(ingest, [[1_000_000n, 50]])
  const latest = (await history.latest(speed, 10)).flatMap(samplesOf)
  t.equal(latest.length, 10)
  t.strictSame(latest.at(-1), [1_000_000n, '50'])
  t.strictSame(latest[0], [BigInt(41 ** 3), '41'])
  t.strictSame(await history.latest({ submodel: 'm', path: 'Other' }, 10), [])
})

test('the last samples are found although they are months apart', async (t, { ingest, writer, history }) => {
  const month = 30n * 86_400n * 1_000_000_000n
  const samples = Array.from({ length: 12 }, (_, i) => [BigInt(i) * month, i] as const)
  await push(ingest, samples)
  for (const where of ['in the log', 'in chunks']) {
    for (const count of [1, 2, 5, 12, 100]) {
      t.strictSame(
        (await history.latest(speed, count)).flatMap(samplesOf),
        samples.slice(-count).map(([time, value]) => [time, String(value)]),
        `${count} ${where}`
      )
    }
    await writer.stop()
  }
})

test('a series that is not recorded has no history', async (t, { store, ingest, writer }) => {
  await writer.stop()
  const picky = await startHistoryWriter(store, {
    failed: (error) => t.fail(String(error)),
    policyOf: ({ path }) => ({ isRecorded: path !== 'Speed' })
  })
  await push(ingest, [[1n, 1]])
  await picky.caughtUp()
  t.strictSame(picky.parts(speed, EARLIEST, LATEST), [])
  await picky.stop()
  t.match(await store.figures(), { series: 0 })
})

t.test('samples that arrive late, twice and out of order, across restarts and crashes, count once', async (t) => {
  const samples = fc.array(fc.tuple(fc.bigInt({ min: 0n, max: 40n }), fc.nat(99)), { minLength: 1, maxLength: 8 })
  const large = fc.tuple(fc.nat(30), fc.nat(99)).map(([start, value]) => ({ large: start, value }))
  const step = fc.oneof(samples, large, fc.constantFrom('restart', 'crash', 'compact', 'read'))
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
      const store = await opened(t)
      const ingest = new Ingest({ store })
      const begin = () => startHistoryWriter(store, { failed: (error) => t.fail(String(error)), maxPendingBytes: 1500 })
      let writer = await begin()
      const model = new Map<bigint, string>()
      const agrees = async () => {
        const wanted = [...model].sort(([a], [b]) => Number(a - b))
        return JSON.stringify(await read(historyOf(store, writer)), text) === JSON.stringify(wanted, text)
      }
      let right = true
      for (const step of [...steps, 'read', 'restart', 'read', 'compact', 'read']) {
        if (step === 'read') right &&= await agrees()
        else if (step === 'compact') await compact(store, speed, { rest: async () => {} })
        else if (step === 'restart' || step === 'crash') {
          // Who dies after the chunks were written and before the cursor was begins again where it began.
          const before = (await store.cursor('history')) ?? 0
          await writer.stop()
          if (step === 'crash') await store.setCursor('history', before)
          writer = await begin()
        } else if (Array.isArray(step)) {
          await push(ingest, step)
          for (const [time, value] of step) model.set(time, String(value))
        } else if (typeof step === 'object') {
          const offsets = Float64Array.from({ length: 600 }, (_, i) => step.large + i)
          const batch = new SampleBatch()
          batch.addColumn(
            'm',
            'Speed',
            { base: 0n, offsets },
            offsets.map(() => step.value)
          )
          await ingest.push(batch)
          for (const offset of offsets) model.set(BigInt(offset), String(step.value))
        }
      }
      await writer.stop()
      await store.close()
      return right
    }),
    {
      numRuns: 40,
      examples: [
        // What was written twice took the place of the chunk that it had become part of.
        [[{ large: 16, value: 0 }, 'restart', [[16n, 0]], { large: 0, value: 0 }, 'crash']]
      ]
    }
  )
})

const KEPT: HistoryPolicy = { isRecorded: true }
const THINNED: HistoryPolicy = { isRecorded: true, after: 1n, mean: 100n }

for (const [title, after] of [
  ['', THINNED],
  [', whatever their policy is by then', KEPT]
] as const) {
  t.test(`samples that were downsampled before a crash are not written again after it${title}`, async (t) => {
    const store = await opened(t)
    const ingest = new Ingest({ store })
    let policy = THINNED
    const options = { policyOf: () => policy, failed: (error: unknown) => t.fail(String(error)) }
    const write = async () => (await startHistoryWriter(store, options)).stop()
    await push(ingest, [[0n, 1]])
    await write()
    const before = (await store.cursor('history')) ?? 0
    await push(ingest, [[50n, 2]])
    await write()
    // The chunk is there, but the process crashed before it stored its cursor.
    await store.setCursor('history', before)
    await maintainOnce(store, options)
    policy = after
    await write()
    await maintainOnce(store, options)
    const writer = await startHistoryWriter(store, options)
    const counts: number[] = []
    for await (const run of historyOf(store, writer).read(speed, EARLIEST, LATEST)) {
      counts.push(...Array.from(run.offsets, (_, at) => condensedAt(run, at)?.count ?? 1))
    }
    t.strictSame(counts, [2])
    await writer.stop()
    await store.close()
  })
}

t.test('the earliest time of all does not stop a history that is downsampled', async (t) => {
  const store = await opened(t)
  const options = {
    policyOf: () => ({ isRecorded: true, after: 1n, mean: 100n }),
    failed: (error: unknown) => t.fail(String(error))
  }
  for (const time of [0n, EARLIEST]) {
    await push(new Ingest({ store }), [[time, 1]])
    await (await startHistoryWriter(store, options)).stop()
  }
  t.match(await store.figures(), { samples: 2 })
  await store.close()
})

async function opened(t: Test): Promise<Store> {
  const store = await openSqlite(join(testDirectory(t), `data${places++}`))
  await store.commit([create(submodel('m', property('Speed')))])
  return store
}

async function push(ingest: Ingest, samples: readonly (readonly [time: bigint, value: number])[]): Promise<void> {
  const batch = new SampleBatch()
  for (const [time, value] of samples) batch.add('m', 'Speed', time, value)
  await ingest.push(batch)
}

/** One value at consecutive nanoseconds. */
async function pushColumn(ingest: Ingest, start: number, count: number, value: number): Promise<void> {
  const batch = new SampleBatch()
  const offsets = Float64Array.from({ length: count }, (_, i) => start + i)
  batch.addColumn(
    'm',
    'Speed',
    { base: 0n, offsets },
    offsets.map(() => value)
  )
  await ingest.push(batch)
}

async function read(history: History, from = EARLIEST, to = LATEST): Promise<[bigint, string][]> {
  const found: [bigint, string][] = []
  for await (const run of history.read(speed, from, to)) found.push(...samplesOf(run))
  return found
}

function samplesOf(run: Run): [bigint, string][] {
  return Array.from(run.offsets, (_, i) => [timeAt(run, i), textAt(run, i)])
}

function text(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
