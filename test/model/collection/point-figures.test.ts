import fc from 'fast-check'
import t from 'tap'
import { LATE_MS, microsecondsOf, PointFigures } from '../../../src/model/collection/point-figures.ts'
import { MAX_SEGMENTS } from '../../../src/model/collection/segments.ts'
import { type Quality, qualities } from '../../../src/model/samples.ts'

interface Arrived {
  readonly ms: number
  readonly quality: Quality | undefined
  readonly delayMs: number
}

const START = 1_764_028_800_000

const arrived = fc.record({
  ms: fc.integer({ min: 0, max: 5000 }),
  quality: fc.constantFrom(...qualities),
  delayMs: fc.constantFrom(0, 10, LATE_MS, LATE_MS + 1, 3_600_000)
})

/** All of it again from a sorted list. */
function scan(samples: readonly Arrived[], limitUs: number) {
  const times = [...new Set(samples.map(({ ms }) => (START + ms) * 1000))].sort((one, other) => one - other)
  const gaps = times.flatMap((time, index) => {
    const before = times[index - 1]
    return before !== undefined && limitUs > 0 && time - before > limitUs ? [{ from: before, to: time }] : []
  })
  const inGaps = gaps.reduce((sum, { from, to }) => sum + to - from, 0)
  const [first, last] = [times[0] as number, times.at(-1) as number]
  return {
    count: samples.length,
    first,
    last,
    gaps,
    length: last - first - inGaps,
    bad: samples.filter(({ quality }) => quality === 'bad').length,
    uncertain: samples.filter(({ quality }) => quality === 'uncertain').length,
    late: samples.filter(({ delayMs }) => delayMs > LATE_MS).length
  }
}

function figuresOf({ count, first, last, bad, uncertain, late, segments }: PointFigures) {
  return { count, first, last, gaps: segments.gaps(), length: segments.length, bad, uncertain, late }
}

t.test('figures equal those of a scan, in whatever order samples come and however they are divided', async () => {
  const batches = fc.array(fc.array(arrived, { minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 3 })
  fc.assert(
    fc.property(batches, fc.constantFrom(0, 1, 30, 300, 1000), fc.boolean(), (batches, limitMs, asRuns) => {
      let figures = new PointFigures(limitMs * 1000)
      for (const batch of batches) {
        for (const { ms, quality, delayMs } of batch) {
          const time = BigInt(START + ms) * 1_000_000n
          const arrivedMs = START + ms + delayMs
          if (!asRuns) figures.addSample(time, quality, arrivedMs)
          else {
            const base = time - 777n
            const one = { base, offsets: Float64Array.of(777), form: 'number' as const, values: Float64Array.of(1) }
            figures.addRun({ ...one, quality: Uint8Array.of(qualities.indexOf(quality)) }, arrivedMs)
          }
        }
        figures = PointFigures.of(JSON.parse(JSON.stringify(figures.state)))
      }
      t.strictSame(figuresOf(figures), scan(batches.flat(), limitMs * 1000))
    }),
    { numRuns: 500 }
  )
})

t.test('more gaps than are kept are counted, and memory stays bounded', async (t) => {
  const figures = new PointFigures(1000)
  const segments = 10 * MAX_SEGMENTS
  for (let i = 0; i < segments; i++) {
    for (const ms of [0, 1, 2]) figures.addSample(BigInt(START + i * 1000 + ms) * 1_000_000n, 'good', undefined)
  }
  t.equal(figures.segments.count, segments)
  t.equal(figures.segments.length, segments * 2000)
  t.equal(figures.segments.gaps().length, MAX_SEGMENTS - 1)
  t.equal(figures.segments.state.bounds.length, 2 * MAX_SEGMENTS)
  t.equal(figures.period, 1000)
})

t.test('times before 1970 are rounded down as well', async (t) => {
  t.equal(microsecondsOf(-1n), -1)
  t.equal(microsecondsOf(-1000n), -1)
  t.equal(microsecondsOf(1999n), 1)
})
