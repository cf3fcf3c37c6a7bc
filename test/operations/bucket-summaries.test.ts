/** Buckets that are made of summaries are those of the samples, whatever happened to the chunks. */
import { join } from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { compact } from '../../src/consumers/history/compaction.ts'
import { type HistoryWriter, startHistoryWriter } from '../../src/consumers/history/history-writer.ts'
import { numberAt, qualityAt, type Run, timeAt } from '../../src/model/samples.ts'
import { timeGrid } from '../../src/model/time-grid.ts'
import { type Bucket, bucketsOfSeries } from '../../src/operations/history/aggregate.ts'
import { EARLIEST, type History, historyOf, LATEST } from '../../src/operations/history/history.ts'
import { SampleBatch } from '../../src/operations/samples/batch.ts'
import { Ingest } from '../../src/operations/samples/ingest.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { create, property, submodel } from '../store/fixtures.ts'
import { testDirectory } from '../test-directory.ts'

const series = { submodel: 'm', path: 'Speed' }
let places = 0

const pushed = fc.record({
  what: fc.constant('push' as const),
  /** Late, early, and again. */
  start: fc.integer({ min: -20_000, max: 20_000 }),
  count: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 500, max: 3000 })),
  step: fc.integer({ min: 1, max: 7 }),
  spoilt: fc.option(fc.nat(2999), { nil: undefined }),
  bad: fc.option(fc.nat(2999), { nil: undefined })
})

const step = fc.oneof(
  { weight: 4, arbitrary: pushed },
  { weight: 2, arbitrary: fc.constantFrom({ what: 'write' as const }, { what: 'compact' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant('drop' as const), before: fc.integer({ min: -20_000, max: 0 }) })
  }
)

const window = fc.record({
  from: fc.option(fc.integer({ min: -25_000, max: 25_000 }), { nil: undefined }),
  length: fc.integer({ min: 0, max: 60_000 }),
  width: fc.oneof(fc.integer({ min: 10, max: 9000 }), fc.constant(1_000_000))
})

t.test('buckets by summaries are those of the samples', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 9 }), window, async (steps, { from, length, width }) => {
      const plant = await begin(t)
      let value = 0
      for (const one of steps) {
        if (one.what === 'push') await plant.push(one, value++)
        else if (one.what === 'write') await plant.write()
        else if (one.what === 'compact') await plant.compact()
        else await plant.store.dropChunks(series, BigInt(one.before))
      }
      const [low, high] = from === undefined ? [EARLIEST, LATEST] : [BigInt(from), BigInt(from + length)]
      const isAlike = await sameBuckets(plant.history(), low, high, width)
      await plant.end()
      return isAlike
    }),
    { numRuns: 30 }
  )
})

t.test('chunks may be replaced while their summaries are read', async (t) => {
  const plant = await begin(t)
  for (let push = 0; push < 60; push++) {
    await plant.push({ start: push * 1000, count: 700, step: 1 }, push)
    // Each by itself, so that there is something to compact.
    await plant.write()
  }
  const history = plant.history()
  const wanted = await bucketsOfSamples(history, EARLIEST, LATEST, 10_000)
  const grid = timeGrid({ unit: 'nanosecond', count: 10_000n })
  const found: Bucket[] = []
  for await (const bucket of bucketsOfSeries(history, series, { from: EARLIEST, to: LATEST, grid, isWhole: false })) {
    found.push(bucket)
    // The first bucket is complete when the scan is within the second.
    if (found.length === 1) t.ok(await compact(plant.store, series, { rest: async () => {} }))
  }
  t.ok(alike(found, wanted))
  await plant.end()
})

t.test('where a late sample becomes a chunk meanwhile, no sample is lost', async (t) => {
  const plant = await begin(t)
  for (let push = 0; push < 40; push++) {
    await plant.push({ start: push * 1000, count: 700, step: 1 }, push)
    await plant.write()
  }
  const history = plant.history()
  const grid = timeGrid({ unit: 'nanosecond', count: 5000n })
  const counts: number[] = []
  for await (const { count } of bucketsOfSeries(history, series, {
    from: EARLIEST,
    to: LATEST,
    grid,
    isWhole: false
  })) {
    counts.push(count)
    if (counts.length !== 1) continue
    for (const start of [5900, 12_650, 33_800]) await plant.push({ start, count: 600, step: 1 }, 99)
    await plant.write()
    await plant.compact()
  }
  t.ok(counts.every((count) => count >= 3500))
  t.ok(await sameBuckets(plant.history(), EARLIEST, LATEST, 5000))
  await plant.end()
})

interface Push {
  readonly start: number
  readonly count: number
  readonly step: number
  readonly spoilt?: number | undefined
  readonly bad?: number | undefined
}

async function begin(t: Test) {
  const store: Store = await openSqlite(join(testDirectory(t), `data${places++}`))
  await store.commit([create(submodel('m', property('Speed')))])
  const ingest = new Ingest({ store })
  const start = () => startHistoryWriter(store, { failed: (error) => t.fail(String(error)) })
  let writer: HistoryWriter = await start()
  const write = async () => {
    await writer.stop()
    writer = await start()
  }
  return {
    store,
    write,
    history: () => historyOf(store, writer),
    compact: () => compact(store, series, { rest: async () => {} }),
    async push({ start, count, step, spoilt, bad }: Push, value: number) {
      const offsets = Float64Array.from({ length: count }, (_, i) => start + i * step)
      const values = offsets.map((_, i) => (i === spoilt ? Number.NaN : value + i / 4))
      const quality = Array.from(values, (_, i) => (i === bad ? 'bad' : 'good'))
      const batch = new SampleBatch()
      batch.addColumn('m', 'Speed', { base: 0n, offsets }, values, quality)
      await ingest.push(batch)
    },
    async end() {
      await writer.stop()
      await store.close()
    }
  }
}

async function sameBuckets(history: History, from: bigint, to: bigint, width: number): Promise<boolean> {
  const grid = timeGrid({ unit: 'nanosecond', count: BigInt(width) })
  const found = await Array.fromAsync(bucketsOfSeries(history, series, { from, to, grid, isWhole: false }))
  return alike(found, await bucketsOfSamples(history, from, to, width))
}

/** In the plainest way. */
async function bucketsOfSamples(history: History, from: bigint, to: bigint, width: number): Promise<Bucket[]> {
  const runs: Run[] = await Array.fromAsync(history.read(series, from, to))
  const samples = runs.flatMap((run) =>
    Array.from(run.offsets, (_, i) => ({
      time: Number(timeAt(run, i)),
      value: qualityAt(run, i) === 'bad' ? Number.NaN : numberAt(run, i)
    }))
  )
  const counted = samples.filter(({ value }) => !Number.isNaN(value))
  return [...Map.groupBy(counted, ({ time }) => Math.floor(time / width) * width)].map(([start, all]) => {
    const values = all.map(({ value }) => value)
    const sum = values.reduce((total, value) => total + value, 0)
    const mean = sum / values.length
    return {
      start: BigInt(start),
      count: values.length,
      min: Math.min(...values),
      max: Math.max(...values),
      mean,
      sum,
      squares: values.reduce((total, value) => total + (value - mean) ** 2, 0),
      first: values[0] ?? 0,
      last: values.at(-1) ?? 0
    }
  })
}

function alike(found: readonly Bucket[], wanted: readonly Bucket[]): boolean {
  const isNear = (a: unknown, b: unknown) => Math.abs(Number(a) - Number(b)) <= 1e-9 * (1 + Math.abs(Number(b)))
  return (
    found.length === wanted.length &&
    found.every((one, i) =>
      Object.entries(wanted[i] as Bucket).every(([name, figure]) => isNear(one[name as keyof Bucket], figure))
    )
  )
}
