/** Runs of samples for property tests: every form, every kind of number, any order of times. */
import fc from 'fast-check'
import { type ExactNumber, toExact } from '../src/model/exact-numbers.ts'
import { type CondensedRow, condensedOf } from '../src/model/merge-runs.ts'
import { MAX_OFFSET_NS, type Run } from '../src/model/samples.ts'
import type { Statistics } from '../src/model/statistics.ts'

const decimal = fc.tuple(fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }), fc.nat(9)).map(([integer, decimals]) => {
  const digits = String(integer < 0n ? -integer : integer).padStart(decimals + 1, '0')
  const whole = digits.slice(0, digits.length - decimals)
  return `${integer < 0n ? '-' : ''}${whole}${decimals > 0 ? `.${digits.slice(-decimals)}` : ''}`
})

const text = fc.oneof(
  decimal,
  fc.double().map(String),
  fc.constantFrom('-0', '-0.00', '0', '+1', '01', '1.', '.5', '1e5', 'NaN', 'INF', '', 'true', '9'.repeat(30)),
  fc.string({ unit: 'binary' }).filter((some) => some.isWellFormed())
)

const number = fc.oneof(
  fc.double(),
  fc.integer({ min: -1_000_000, max: 1_000_000 }).map((hundredths) => hundredths / 100),
  fc.maxSafeInteger()
)

const values = fc.oneof(
  fc.array(number, { minLength: 1 }).map((all) => ({ form: 'number' as const, values: Float64Array.from(all) })),
  fc.array(decimal, { minLength: 1 }).map((all) => ({ form: 'text' as const, values: all })),
  fc.array(text, { minLength: 1 }).map((all) => ({ form: 'text' as const, values: all })),
  fc.array(text, { minLength: 1 }).map((all) => {
    return { form: 'members' as const, values: all.map((value) => JSON.stringify({ min: value })) }
  })
)

const offsets = fc.oneof(
  fc.integer({ min: -MAX_OFFSET_NS, max: MAX_OFFSET_NS }).map((from) => (index: number) => from + index * 0),
  fc.tuple(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: -1e9, max: 1e9 })).map(([from, step]) => {
    return (index: number) => from + index * step
  }),
  fc.infiniteStream(fc.integer({ min: -MAX_OFFSET_NS, max: MAX_OFFSET_NS })).map((all) => () => all.next().value),
  fc.infiniteStream(fc.integer({ min: -3, max: 3 })).map((all) => () => all.next().value * 1_000_000)
)

const quality = fc.oneof(
  fc.constantFrom<Run['quality']>(undefined, 'good', 'uncertain', 'bad').map((one) => () => one),
  fc.infiniteStream(fc.nat(3)).map((all) => (length: number) => Uint8Array.from({ length }, () => all.next().value))
)

/** Any run. */
export const runs: fc.Arbitrary<Run> = fc
  .tuple(fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }), values, offsets, quality)
  .map(([base, { form, values }, offsetOf, qualityOf]) => ({
    base,
    form,
    values,
    offsets: Float64Array.from({ length: values.length }, (_, index) => offsetOf(index)),
    quality: qualityOf(values.length)
  }))

const figure: fc.Arbitrary<ExactNumber> = fc.oneof(
  number,
  fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }).map(toExact),
  fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY)
)

const statistics: fc.Arbitrary<Statistics> = fc.record({
  count: fc.integer({ min: 1, max: 1_000_000 }),
  min: figure,
  max: figure,
  mean: fc.constant(0),
  sum: figure,
  squares: fc.double({ noNaN: true, min: 0 }),
  first: figure,
  last: figure
})

/** Any run with downsampled samples among others. */
export const downsampledRuns: fc.Arbitrary<Run> = fc
  .tuple(runs, fc.infiniteStream(fc.option(statistics, { nil: undefined })))
  .map(([run, all]) => ({ ...run, condensed: condensedOf(Array.from(run.offsets, () => rowOf(all.next().value))) }))

function rowOf(statistics: Statistics | undefined): CondensedRow {
  return { span: statistics === undefined ? 0 : 7 * statistics.count, statistics }
}
