import fc from 'fast-check'
import t from 'tap'
import { HubError } from '../../src/errors.ts'
import { lengthOf, qualityAt, type Run, spanOf, textAt, timeAt } from '../../src/model/samples.ts'
import type { PackedRun, RunPart } from '../../src/store/packed-run.ts'
import {
  decodeRun,
  encodeRun,
  isAscendingRun,
  isJoinableRun,
  joinRuns,
  openRun,
  verifyRun
} from '../../src/store/run-codec.ts'

const pushes = fc.array(
  fc.record({
    count: fc.integer({ min: 1, max: 1500 }),
    gap: fc.integer({ min: 1, max: 10_000 }),
    step: fc.integer({ min: 1, max: 9 }),
    scale: fc.constantFrom(1, 100, 0.1234567),
    quality: fc.constantFrom<Run['quality'][]>(undefined, 'good', 'bad'),
    spoilt: fc.option(fc.nat(1499), { nil: undefined })
  }),
  { minLength: 2, maxLength: 12 }
)

t.test('joined runs hold the samples of all, each run as a part with its summary', async () => {
  fc.assert(
    fc.property(pushes, (given) => {
      const runs = runsOf(given)
      const joined = joinRuns(runs.map(packed))
      const back = decodeRun(joined.bytes)
      const opened = openRun(joined.bytes)
      const inMemory = opened.run({ offsets: new Float64Array(20_000), values: new Float64Array(20_000) })
      const parts = opened.parts()
      const wanted = runs.flatMap(partsOf)
      return (
        samplesOf(back) === runs.map(samplesOf).join() &&
        samplesOf(inMemory) === samplesOf(back) &&
        parts.length === wanted.length &&
        parts.every(({ from, to, count, summary, run }, i) => {
          const part = wanted[i] as RunPart
          const isSame = from === part.from && to === part.to && count === part.count
          const isAlike = JSON.stringify(summary) === JSON.stringify(part.summary)
          return isSame && isAlike && samplesOf(run()) === samplesOf(part.run())
        }) &&
        (opened.summary === undefined) === parts.some(({ summary }) => summary === undefined) &&
        joined.count === lengthOf(back) &&
        joined.from === timeAt(back, 0) &&
        joined.to === timeAt(back, lengthOf(back) - 1) &&
        isAscendingRun(joined.bytes) &&
        isJoinableRun(joined.bytes) &&
        verifyRun(joined.bytes) === undefined
      )
    }),
    { numRuns: 50 }
  )
})

t.test('joined runs can be encoded again, however far the bases are from their samples', async () => {
  const far = fc.constantFrom(-(2 ** 50) + 100, 0, 2 ** 50 - 100)
  fc.assert(
    fc.property(fc.array(far, { minLength: 2, maxLength: 6 }), fc.boolean(), (shifts, isLong) => {
      const step = isLong ? Math.floor(2 ** 50 / shifts.length) - 100 : 1000
      const runs = shifts.map((shift, i): Run => {
        const from = BigInt(i) * BigInt(step)
        const offsets = Float64Array.from({ length: 50 }, (_, k) => shift + k)
        return {
          base: from - BigInt(shift),
          offsets,
          form: 'number',
          values: Float64Array.from(offsets, (_, k) => k * 1.37),
          quality: undefined
        }
      })
      const back = decodeRun(joinRuns(runs.map(packed)).bytes)
      return samplesOf(decodeRun(encodeRun(back))) === runs.map(samplesOf).join()
    }),
    { numRuns: 50 }
  )
})

t.test('the summary of joined runs is that of their samples', async (t) => {
  const runs = runsOf([
    { count: 100, gap: 1, step: 1, scale: 1 },
    { count: 1500, gap: 5, step: 2, scale: 0.25 }
  ])
  const { summary, holdsOnly } = openRun(joinRuns(runs.map(packed)).bytes)
  const all = runs.flatMap(({ values }) => Array.from(values, Number))
  t.match(summary, { count: 1600, min: Math.min(...all), max: Math.max(...all), first: all[0], last: all.at(-1) })
  t.ok(Math.abs(Number(summary?.sum) - all.reduce((sum, value) => sum + value, 0)) < 1e-6)
  t.equal(holdsOnly('numbers'), true)
  t.equal(holdsOnly('whole numbers'), false)
})

t.test(
  'long ascending runs of numbers without a decimal scale are joined parts, and may be joined again',
  async (t) => {
    const values = Float64Array.from({ length: 3000 }, (_, i) => Math.sin(i))
    const run: Run = { base: 5n, offsets: values.map((_, i) => i * 7), form: 'number', values, quality: 'good' }
    const bytes = encodeRun(run)
    t.equal(bytes[0], 4)
    t.equal(samplesOf(decodeRun(bytes)), samplesOf(run))
    const parts = openRun(bytes).parts()
    t.strictSame(
      parts.map(({ count, summary }) => [count, summary?.count]),
      [1000, 1000, 1000].map((count) => [count, count])
    )
    const later: Run = { ...run, base: 100_000n }
    const joined = joinRuns([packed(run), packed(later)])
    t.equal(openRun(joined.bytes).parts().length, 6, 'as parts of one')
    t.equal(samplesOf(decodeRun(joined.bytes)), [run, later].map(samplesOf).join())
    const late: Run = { ...run, offsets: run.offsets.toReversed() }
    t.equal(encodeRun(late)[0], 3)
    t.strictSame(decodeRun(encodeRun(late)), late, 'runs out of order keep their order')
  }
)

t.test('a change of any byte of joined runs is detected, and never read', async (t) => {
  const runs = runsOf([
    { count: 80, gap: 1, step: 1, scale: 1 },
    { count: 3, gap: 5, step: 2, scale: 100 }
  ])
  const { bytes } = joinRuns(runs.map(packed))
  for (let at = 0; at < bytes.length; at++) {
    for (const bit of [1, 2, 4, 6, 1 << (at % 8), 0xff]) {
      const damaged = bytes.slice()
      damaged[at] = (damaged[at] ?? 0) ^ bit
      if (verifyRun(damaged) === undefined || !isRefused(damaged)) t.fail(`byte ${at} of ${bytes.length}, ${bit}`)
    }
  }
  for (let end = 0; end < bytes.length; end++) if (!isRefused(bytes.subarray(0, end))) t.fail(`cut at ${end}`)
})

t.test('damage of one of the joined runs leaves the others readable', async (t) => {
  const runs = runsOf([
    { count: 80, gap: 1, step: 1, scale: 1 },
    { count: 90, gap: 5, step: 2, scale: 100 }
  ])
  const { bytes } = joinRuns(runs.map(packed))
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  const [first, second] = openRun(bytes, () => 'The history').parts()
  t.equal(first?.run().values.length, 80)
  t.throws(() => second?.run(), { name: 'Damaged', message: /The history/ })
})

interface Push {
  readonly count: number
  readonly gap: number
  readonly step: number
  readonly scale: number
  readonly quality?: Run['quality']
  readonly spoilt?: number | undefined
}

/** One after the other, each with a base of its own. */
function runsOf(pushes: readonly Push[]): Run[] {
  let time = 1_700_000_000_000_000_000n
  return pushes.map(({ count, gap, step, scale, quality, spoilt }) => {
    const values = Float64Array.from({ length: count }, (_, i) =>
      i === spoilt ? Number.NaN : ((i * 7919) % 1009) * scale
    )
    const run: Run = { base: time - 77n, offsets: values.map((_, i) => 77 + i * step), form: 'number', values, quality }
    time += BigInt(count * step + gap)
    return run
  })
}

/** A run that is joined itself gives its parts. */
function partsOf(run: Run): readonly RunPart[] {
  const whole = packed(run)
  const { summary, parts } = openRun(whole.bytes)
  if (whole.bytes[0] === 4) return parts()
  return [{ from: whole.from, to: whole.to, count: whole.count, ...(summary && { summary }), run: () => run }]
}

function packed(run: Run): PackedRun {
  return { ...spanOf(run), count: lengthOf(run), bytes: encodeRun(run) }
}

function samplesOf(run: Run): string {
  return Array.from(run.offsets, (_, i) => `${timeAt(run, i)} ${textAt(run, i)} ${qualityAt(run, i)}`).join()
}

function isRefused(bytes: Uint8Array): boolean {
  try {
    openRun(bytes).run()
    return false
  } catch (error) {
    return error instanceof HubError && error.name === 'Damaged'
  }
}
