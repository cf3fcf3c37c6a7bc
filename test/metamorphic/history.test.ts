/**
 * Whatever background maintenance does to the history, all endpoints return the same samples, and aggregates do not
 * change. A failure prints its seed: `METAMORPHIC_SEED=… METAMORPHIC_ROUNDS=1` repeats it.
 */
import fc from 'fast-check'
import t from 'tap'
import { names, type Quality, series, type Type } from './history-model.ts'
import { Rig, type SentSamples, type Step } from './rig.ts'

const ROUNDS = Number(process.env.METAMORPHIC_ROUNDS ?? 2)
const SEED = Number(process.env.METAMORPHIC_SEED ?? Math.floor(Math.random() * 2 ** 31))

/** Texts that look like numbers, booleans or formulas, and texts that break formats. */
const texts = ['000100', '1E3', '7', 'true', 'NaN', 'on, "off"', '한국', ' ', '=1+1', '-INF']

const values: Record<Type, fc.Arbitrary<string>> = {
  'xs:int': fc.oneof(fc.integer({ min: -100, max: 100 }), fc.constantFrom(-(2 ** 31), 2 ** 31 - 1)).map(String),
  // Also integers that are the shortest text of a double of another value.
  'xs:long': fc.oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
    fc.constantFrom('-697154448632442400', '9223372036854775000')
  ),
  'xs:unsignedLong': fc.bigInt({ min: 2n ** 64n - 1000n, max: 2n ** 64n - 1n }).map(String),
  'xs:double': fc.oneof(
    fc.integer({ min: -1000, max: 1000 }).map((cents) => (cents / 100).toFixed(2)),
    fc.constantFrom('NaN', '1e3', '-1.5e-3', '20.0', 'INF', '-INF')
  ),
  'xs:float': fc.constantFrom('0.1', '-2.50', '16777216', '3.4028235E38', '1e-7', 'NaN', 'INF', '-INF'),
  'xs:decimal': fc.integer({ min: -10_000, max: 10_000 }).map((one) => (one / 1000).toFixed(3)),
  'xs:boolean': fc.boolean().map(String),
  'xs:string': fc.constantFrom(...texts),
  'xs:date': fc.constantFrom('2024-02-29', '2024-02-29Z', '1999-12-31+09:00', '-0044-03-15', '12024-01-01'),
  'xs:dateTime': fc.oneof(
    fc.integer({ min: 0, max: 1e6 }).map((second) => new Date(second * 1000).toISOString()),
    fc.constantFrom('2024-02-29T12:00:00', '2024-02-29T24:00:00+09:00', '1969-12-31T23:59:59.1234567890Z')
  )
}

/** Around 1970, and around a day of 2024; whole seconds and fractions; most of them close together. */
const time = fc
  .tuple(
    fc.constantFrom(0, Date.UTC(2024, 1, 29)),
    fc.integer({ min: -150_000, max: 150_000 }),
    fc.constantFrom(1, 100, 5000)
  )
  .map(([base, offset, unit]) => base + Math.floor(offset / unit) * unit)

const quality = fc.constantFrom<(Quality | undefined)[]>(undefined, 'good', 'good', 'uncertain', 'bad')

const samples: fc.Arbitrary<SentSamples> = fc.tuple(
  ...names.map((name) => {
    const texts = fc.tuple(...series[name].map((type: Type) => values[type]))
    return fc.array(fc.tuple(time, texts, quality), { minLength: 1, maxLength: 30 })
  })
)

/** @param others steps beside samples and downsampling; one that is listed twice is twice as likely */
function planOf(others: readonly Step[]) {
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 3, arbitrary: samples.map((all) => ({ samples: all })) },
    { weight: 2, arbitrary: fc.constant('downsample' as const) },
    { weight: 3, arbitrary: fc.constantFrom(...others) }
  )
  return fc.tuple(samples, fc.array(step, { minLength: 3, maxLength: 5 }), fc.integer({ min: 5, max: 40 }))
}

const plans: readonly { title: string; steps: readonly Step[]; skip: string | false }[] = [
  {
    title: 'all endpoints return the same history',
    steps: ['restart', 'compact', 'retype', 'retype', 'migrate', 'keep'],
    skip: false
  },
  {
    title: 'all endpoints return the same history when the hub moves between the embedded store and MongoDB',
    steps: ['retype', 'change store', 'change store'],
    skip:
      (process.env.MONGODB_URL ?? '') === '' && 'MONGODB_URL is not set; npm run test:mongodb-memory starts a server'
  }
]

for (const { title, steps: others, skip } of plans) {
  t.test(`${title} (seed ${SEED})`, { skip }, async (t) => {
    const sampled = fc.sample(planOf(others), { numRuns: ROUNDS, seed: SEED })
    for (const [round, [first, steps, limit]] of sampled.entries()) {
      const rig = await Rig.begin(t)
      try {
        for (const step of [{ samples: first }, ...steps, 'downsample' as const]) {
          await rig.apply(step)
          await rig.compareAll(limit, `round ${round}, after ${typeof step === 'string' ? step : 'samples'}`)
        }
      } finally {
        await rig.end()
      }
    }
  })
}
