import { join } from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { clockOf } from '../../src/clock.ts'
import { compact } from '../../src/consumers/history/compaction.ts'
import { type DownsampledUntil, downsample } from '../../src/consumers/history/downsampling.ts'
import { maintainOnce } from '../../src/consumers/history/history-retention.ts'
import { parseHistoryPolicy } from '../../src/consumers/history/policy.ts'
import { type Quality, qualities, qualityAt, type Run, textAt, timeAt } from '../../src/model/samples.ts'
import { timeGrid } from '../../src/model/time-grid.ts'
import type { DataTypeDefXsd, Submodel } from '../../src/model/types.ts'
import { AGGREGATES, aggregateOf, type Bucket, bucketsOfSeries } from '../../src/operations/history/aggregate.ts'
import { EARLIEST, type History, historyOf, LATEST } from '../../src/operations/history/history.ts'
import { encodeRun } from '../../src/store/run-codec.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import { create, property, replace, submodel } from '../store/fixtures.ts'
import { testDirectory } from '../test-directory.ts'

const SECOND = 1_000_000_000n
const MINUTE = 60n * SECOND
const DAY = 86_400n * SECOND

let places = 0

const series = { submodel: 'm', path: 'Value' }

type Sample = readonly [seconds: number, value: string, quality?: Quality | undefined]

const lots = ['000100', '000159', '1E3']

/** What a series of a type holds, and what is left of it in buckets of a minute. */
const table: readonly {
  readonly title: string
  readonly type: DataTypeDefXsd
  readonly given: readonly Sample[]
  readonly kept: readonly Sample[]
}[] = [
  {
    title: 'whole numbers become their mean, which may lie between them',
    type: 'xs:int',
    given: Array.from({ length: 120 }, (_, i) => [i, String(i)] as const),
    kept: [
      [0, '29.5'],
      [60, '89.5']
    ]
  },
  {
    title: 'the mean of large whole numbers is exact, also where a double has the same shortest text',
    type: 'xs:long',
    given: [
      [0, '-697154448632442400'],
      [1, '-697154448632442400'],
      [2, '-697154448632442800']
    ],
    kept: [[0, '-697154448632442533']]
  },
  {
    title: 'digits that are a name stay as they were written',
    type: 'xs:string',
    given: lots.map((lot, i) => [i, lot]),
    kept: [[0, '1E3']]
  },
  {
    title: 'names in digits are not averaged where all look like numbers',
    type: 'xs:string',
    given: [
      [0, '100'],
      [1, '200'],
      [60, '300']
    ],
    kept: [
      [0, '200'],
      [60, '300']
    ]
  },
  {
    title: 'the last text stays, and a mean with an infinite number is infinite all the same',
    type: 'xs:string',
    given: [
      [0, '1'],
      [1, '-INF'],
      [2, '100'],
      [60, 'INF'],
      [61, '-INF'],
      [62, '7']
    ],
    kept: [
      [0, '100'],
      [60, '7']
    ]
  },
  {
    title: 'of booleans the last is kept',
    type: 'xs:boolean',
    given: Array.from({ length: 60 }, (_, i) => [i, i % 2 === 0 ? 'false' : 'true'] as const),
    kept: [[0, 'true']]
  },
  {
    title: 'of dates the last is kept',
    type: 'xs:date',
    given: [
      [0, '2024-02-29'],
      [5, '2024-03-01']
    ],
    kept: [[0, '2024-03-01']]
  },
  {
    title: 'what is bad does not mix into the mean, nor makes it bad',
    type: 'xs:double',
    given: Array.from({ length: 55 }, (_, i) => (i === 20 ? [i, '-9999', 'bad'] : [i, '20', 'good'])),
    kept: [[0, '20', 'good']]
  },
  {
    title: 'what is only bad stays bad, and keeps its last value',
    type: 'xs:double',
    given: [
      [0, '1', 'bad'],
      [1, '2', 'bad'],
      [60, '3', 'good'],
      [61, '5', 'uncertain']
    ],
    kept: [
      [0, '2', 'bad'],
      [60, '4', 'uncertain']
    ]
  },
  {
    title: 'of texts the last that is not bad is kept, with its own quality',
    type: 'xs:string',
    given: [
      [0, 'on', 'uncertain'],
      [1, 'off', 'good'],
      [2, '?', 'bad']
    ],
    kept: [[0, 'off', 'good']]
  },
  {
    title: 'what is not a number is left out of the mean, and stays where there is nothing else',
    type: 'xs:double',
    given: [
      [0, '1'],
      [1, 'NaN'],
      [2, '3'],
      [60, 'NaN'],
      [61, 'NaN'],
      [120, 'INF'],
      [121, '7'],
      [180, 'INF'],
      [181, '-INF']
    ],
    kept: [
      [0, '2'],
      [60, 'NaN'],
      [120, 'INF'],
      [180, 'NaN']
    ]
  },
  {
    title: 'means are those of numbers as they were written, and a sample alone stays as it was',
    type: 'xs:double',
    given: [
      [0, '20.0'],
      [1, '20.50'],
      [60, '20.0']
    ],
    kept: [
      [0, '20.25'],
      [60, '20.0']
    ]
  },
  {
    title: 'before 1970 buckets are no wider than after',
    type: 'xs:int',
    given: [
      [-61, '1'],
      [-60, '2'],
      [-1, '4'],
      [0, '8'],
      [59, '16']
    ],
    kept: [
      [-61, '1'],
      [-60, '3'],
      [0, '12']
    ]
  },
  {
    title: 'what a double cannot hold is as exact as it can be said',
    type: 'xs:long',
    given: [
      [0, '9223372036854775807'],
      [1, '9223372036854775807'],
      [60, '9223372036854775807'],
      [61, '9223372036854775804'],
      [120, '-9223372036854775808'],
      [121, '9223372036854775807']
    ],
    kept: [
      [0, '9223372036854775807'],
      [60, '9223372036854775806'],
      [120, '-0.5']
    ]
  },
  {
    title: 'bursts with long pauses become less, however few they are on the whole',
    type: 'xs:int',
    given: [
      [0, '1'],
      [1, '2'],
      [2, '3'],
      [7200, '4'],
      [7201, '6']
    ],
    kept: [
      [0, '2'],
      [7200, '5']
    ]
  }
]

for (const { title, type, given, kept } of table) {
  t.test(`downsampling ${type}: ${title}`, async (t) => {
    const { store, history, thin, put } = await opened(t, type)
    await put(given)
    const before = await figures(history, 10n * MINUTE)
    for (const _ of ['once', 'again']) {
      await thin('PT1M')
      t.strictSame(await read(history), kept)
      t.ok(alike(await figures(history, 10n * MINUTE), before), 'aggregates stay what they were')
    }
    await store.close()
  })
}

t.test('a bucket that spans two chunks is as full as if they were one', async (t) => {
  const { store, history, thin, put } = await opened(t, 'xs:int')
  const all = Array.from({ length: 400 }, (_, i) => [i, String(i)] as const)
  for (let start = 0; start < 400; start += 25) await put(all.slice(start, start + 25))
  await thin('PT1M')
  const wanted = [29.5, 89.5, 149.5, 209.5, 269.5, 329.5, 379.5]
  t.strictSame(
    await read(history),
    wanted.map((mean, i) => [60 * i, String(mean)])
  )
  await store.close()
})

t.test('a late sample counts as one among those that were downsampled already', async (t) => {
  const { store, history, thin, put } = await opened(t, 'xs:double')
  await put(Array.from({ length: 59 }, (_, i) => [i, '1'] as const))
  await thin('PT1M')
  await put([[59, '61']])
  const wanted = { count: 60, sum: 120, mean: 2, max: 61, first: 1, last: 61 }
  t.match(await figures(history, MINUTE), [wanted])
  await thin('PT1M')
  t.strictSame(await read(history), [[0, '2']])
  t.match(await figures(history, MINUTE), [wanted])
  await store.close()
})

t.test('a late sample does not hide the last sample of a bucket of bad quality', async (t) => {
  const { store, history, thin, put } = await opened(t, 'xs:int')
  await put([
    [0, '1', 'bad'],
    [30, '2', 'bad']
  ])
  await thin('PT1M')
  await put([[10, '3', 'bad']])
  await thin('PT1M')
  t.strictSame(await read(history), [[0, '2', 'bad']])
  await store.close()
})

t.test('a late sample at the time of a downsampled one corrects only the first sample of that bucket', async (t) => {
  const { store, history, thin, put } = await opened(t, 'xs:double')
  await put(Array.from({ length: 60 }, (_, i) => [i, '1'] as const))
  await thin('PT1M')
  await put([[0, '61']])
  const wanted = { count: 60, sum: 120, mean: 2, max: 61, first: 61, last: 1 }
  for (const _ of ['before', 'after']) {
    t.match(await figures(history, MINUTE), [wanted])
    await thin('PT1M')
    t.strictSame(await read(history), [[0, '2']])
  }
  await store.close()
})

t.test('the current type of the element decides, and for a deleted element the form of its values', async (t) => {
  const { store, history, thin, put } = await opened(t, 'xs:int')
  await put([
    [0, '1'],
    [1, '2']
  ])
  await store.commit([replace(measuredAs('xs:string'))])
  await thin('PT1M')
  t.strictSame(await read(history), [[0, '2']])
  t.match(await figures(history, MINUTE), [{ count: 2, sum: 3 }])
  await store.commit([{ change: 'delete', kind: 'Submodel', id: 'm' }])
  await put([
    [60, '1'],
    [61, '2']
  ])
  await put([
    [120, '01'],
    [121, '02']
  ])
  await thin('PT1M')
  t.strictSame((await read(history)).slice(-2), [
    [60, '1.5'],
    [120, '02']
  ])
  await store.close()
})

const value: fc.Arbitrary<string> = fc.oneof(
  fc.integer({ min: -1000, max: 1000 }).map(String),
  fc.integer({ min: -1000, max: 1000 }).map((cents) => (cents / 100).toFixed(2)),
  fc.constant('NaN')
)
const sample = fc.tuple(fc.integer({ min: -300, max: 300 }), value, fc.constantFrom(...qualities))
const step = fc.oneof(fc.array(sample, { minLength: 1, maxLength: 60 }), fc.constantFrom(7, 14, 70, 'compact' as const))

t.test('aggregates stay the same however often, wide and late samples are downsampled', async (t) => {
  const { store, history, put } = await opened(t, 'xs:double')
  t.teardown(() => store.close())
  const rest = async () => {}
  const failed = (error: unknown) => t.fail(String(error))
  const options = { before: LATEST, reach: DAY, rest, failed }
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
      await store.dropChunks(series, LATEST)
      const known = new Set<number>()
      const samples: Sample[] = []
      let done: DownsampledUntil | undefined
      for (const step of [...steps, 70]) {
        if (step === 'compact') await compact(store, series, { rest })
        else if (typeof step === 'number') {
          done = await downsample(store, series, { ...options, width: BigInt(step) * SECOND }, done)
        } else {
          // One that takes the place of another that is one of many already is another matter.
          const fresh = step.filter(([second]) => !known.has(second) && known.add(second))
          if (fresh.length > 0) await put(fresh)
          samples.push(...fresh)
        }
      }
      const starts = (await read(history)).map(([second]) => Math.floor(second / 70))
      return new Set(starts).size === starts.length && alike(await figures(history, 70n * SECOND), naively(samples, 70))
    }),
    { numRuns: 60 }
  )
})

/** Count, least, greatest, sum, mean, first, last and standard deviation by bucket, in the plainest way. */
function naively(samples: readonly Sample[], width: number): Partial<Record<string, unknown>>[] {
  const byBucket = Map.groupBy(
    samples.toSorted(([a], [b]) => a - b),
    ([second]) => Math.floor(second / width)
  )
  return [...byBucket.values()].flatMap((all) => {
    const counted = all.filter(([, text, quality]) => quality !== 'bad' && text !== 'NaN')
    if (counted.length === 0) return []
    const numbers = counted.map(([, text]) => Number(text))
    const count = numbers.length
    const sum = numbers.reduce((total, one) => total + one, 0)
    const squares = numbers.reduce((total, one) => total + (one - sum / count) ** 2, 0)
    return {
      count,
      min: Math.min(...numbers),
      max: Math.max(...numbers),
      mean: sum / count,
      sum,
      // A thinned sample reaches from the first of all to the last: where these did not count, a late one may have come
      // before the first that counts, or after the last.
      ...(counted.length === all.length && { first: numbers[0], last: numbers.at(-1) }),
      stddev: count > 1 ? Math.sqrt(squares / (count - 1)) : Number.NaN
    }
  })
}

async function opened(t: Test, type: DataTypeDefXsd) {
  const store = await openSqlite(join(testDirectory(t), `data${places++}`))
  await store.commit([create(measuredAs(type))])
  let seq = 1
  return {
    store,
    history: historyOf(store, { caughtUp: async () => {}, parts: () => [], span: () => undefined }),
    put: async (samples: readonly Sample[]) => {
      const ascending = samples.toSorted(([a], [b]) => a - b)
      const from = BigInt(ascending[0]?.[0] ?? 0) * SECOND
      const to = BigInt(ascending.at(-1)?.[0] ?? 0) * SECOND
      const run: Run = {
        base: from,
        offsets: Float64Array.from(ascending, ([second]) => (second - (ascending[0]?.[0] ?? 0)) * 1e9),
        form: 'text',
        values: ascending.map(([, text]) => text),
        quality: Uint8Array.from(ascending, ([, , quality]) => qualities.indexOf(quality))
      }
      await store.putChunks([{ ...series, from, to, seq: seq++, count: ascending.length, bytes: encodeRun(run) }])
    },
    thin: (mean: string) =>
      maintainOnce(store, {
        policyOf: () => parseHistoryPolicy(`after=PT1S; mean=${mean}`),
        failed: (error) => t.fail(String(error)),
        clock: clockOf(() => Number(DAY / 1_000_000n))
      })
  }
}

function measuredAs(valueType: DataTypeDefXsd): Submodel {
  return submodel('m', { ...property('Value'), valueType })
}

async function read(history: History): Promise<Sample[]> {
  const found: Sample[] = []
  for await (const run of history.read(series, EARLIEST, LATEST)) {
    for (const i of run.offsets.keys()) {
      const quality = qualityAt(run, i)
      const [second, text] = [Number(timeAt(run, i) / SECOND), textAt(run, i)]
      found.push(quality === undefined ? [second, text] : [second, text, quality])
    }
  }
  return found
}

async function figures(history: History, width: bigint): Promise<Partial<Record<string, unknown>>[]> {
  const window = { from: EARLIEST, to: LATEST, grid: timeGrid({ unit: 'nanosecond', count: width }), isWhole: true }
  const found: Bucket[] = await Array.fromAsync(bucketsOfSeries(history, series, window))
  return found.map((bucket) => Object.fromEntries(AGGREGATES.map((name) => [name, aggregateOf(bucket, name)])))
}

function alike(made: readonly object[], wanted: readonly object[]): boolean {
  const isNear = (a: unknown, b: unknown) =>
    Object.is(a, b) || a === b || Math.abs(Number(a) - Number(b)) <= 1e-9 * (1 + Math.abs(Number(a)))
  return (
    made.length === wanted.length &&
    made.every((one, i) =>
      Object.entries(wanted[i] ?? {}).every(([name, figure]) => isNear(figure, (one as Record<string, unknown>)[name]))
    )
  )
}
