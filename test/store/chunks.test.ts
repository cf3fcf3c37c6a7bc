import fc from 'fast-check'
import t from 'tap'
import { lengthOf, mergeRuns, qualityAt, type Run, sliceOf, spanOf, textAt, timeAt } from '../../src/model/samples.ts'
import { decodeRun, encodeRun, partsOf, summaryOf } from '../../src/store/chunks.ts'
import { runs } from '../arbitrary-runs.ts'

const SECOND = 1e9

t.test('what was packed comes back as it was, to the last zero', async () => {
  fc.assert(
    fc.property(runs, (run) => {
      const back = decodeRun(encodeRun(run))
      return (
        lengthOf(back) === lengthOf(run) &&
        back.offsets.every(
          (_, i) =>
            timeAt(back, i) === timeAt(run, i) &&
            textAt(back, i) === textAt(run, i) &&
            qualityAt(back, i) === qualityAt(run, i)
        ) &&
        (back.form === 'members') === (run.form === 'members')
      )
    }),
    { numRuns: 1000 }
  )
})

t.test(
  'a sensor of two decimals at 10 Hz takes at most four bytes a sample, also where its clock trembles',
  async (t) => {
    const random = randomness()
    let level = 2150
    const count = 6000
    const offsets = Float64Array.from(
      { length: count },
      (_, i) => (i * SECOND) / 10 + Math.round(random() * 2000) * 1000
    )
    const values = Float64Array.from({ length: count }, () => {
      level += Math.round((random() - 0.5) * 60)
      return level / 100
    })
    const run: Run = { base: 1_700_000_000_000_000_000n, offsets, form: 'number', values, quality: 'good' }
    const bytes = encodeRun(run)
    t.strictSame(decodeRun(bytes), run)
    t.ok(bytes.length / count <= 4, `${(bytes.length / count).toFixed(2)} bytes a sample`)
    const written: Run = { ...run, form: 'text', values: Array.from(values, (value) => value.toFixed(2)) }
    t.strictSame(decodeRun(encodeRun(written)), written)
    t.ok(encodeRun(written).length / count <= 4)
  }
)

t.test('a value that never changes costs next to nothing', async (t) => {
  const offsets = Float64Array.from({ length: 10_000 }, (_, i) => i * SECOND)
  const values = Array.from(offsets, () => 'running')
  t.ok(encodeRun({ base: 0n, offsets, form: 'text', values, quality: undefined }).length < 400)
})

t.test('what a run of numbers comes to is known without unpacking it', async (t) => {
  const values = Float64Array.from({ length: 100 }, (_, i) => (i * 37) % 101)
  const run: Run = { base: 0n, offsets: values.map((_, i) => i), form: 'number', values, quality: undefined }
  const sum = values.reduce((total, value) => total + value, 0)
  const squares = values.reduce((total, value) => total + (value - sum / 100) ** 2, 0)
  const summary = { count: 100, min: 0, max: 100, mean: sum / 100, squares, first: 0, last: (99 * 37) % 101 }
  t.strictSame(summaryOf(encodeRun(run)), summary)
  t.equal(summaryOf(encodeRun({ ...run, quality: 'bad' })), undefined)
  t.equal(
    summaryOf(encodeRun({ ...run, values: values.map((value) => (value === 5 ? Number.NaN : value)) })),
    undefined
  )
  t.equal(summaryOf(encodeRun({ ...run, form: 'text', values: Array.from(values, () => 'on') })), undefined)
})

t.test('a long run is unpacked in parts, each with what it comes to', async (t) => {
  const random = randomness()
  const values = Float64Array.from({ length: 5000 }, () => Math.round(random() * 1e6) / 100)
  const offsets = values.map((_, i) => i * SECOND + Math.round(random() * 1000))
  const run: Run = { base: 7n, offsets, form: 'number', values, quality: 'good' }
  const bytes = encodeRun(run)
  const parts = partsOf(bytes)
  t.ok(parts.length > 1)
  t.strictSame(mergeRuns(parts.map((part) => part.run())), [{ ...run, base: parts[0]?.from, offsets: fromFirst(run) }])
  for (const { from, to, count, summary, run } of parts) {
    t.strictSame({ ...spanOf(run()), count: lengthOf(run()) }, { from, to, count })
    t.strictSame(summary, summaryOf(encodeRun(run())))
  }
  const quality = Uint8Array.from(values, (_, i) => (i < 4000 ? 1 : 3))
  const odd: Run = {
    ...run,
    offsets: offsets.toReversed(),
    values: values.map((one, i) => (i === 9 ? Number.NaN : one)),
    quality
  }
  t.strictSame(decodeRun(encodeRun(odd)), odd, 'also where some are no numbers, of other qualities, and out of order')
  t.equal(summaryOf(encodeRun(odd)), undefined)
  t.strictSame(
    partsOf(encodeRun(odd)).map(({ summary }) => summary !== undefined),
    [false, true, true, true, false]
  )
  t.strictSame(partsOf(encodeRun(sliceOf(run, 0, 1000))), [])
})

t.test('bytes that are no run are refused', async (t) => {
  const bytes = encodeRun({ base: 1n, offsets: Float64Array.of(0), form: 'text', values: ['a'], quality: undefined })
  t.throws(() => decodeRun(Uint8Array.of(1, ...bytes.subarray(1))), /version 1/)
  t.throws(() => decodeRun(bytes.subarray(0, bytes.length - 3)))
  t.throws(() => decodeRun(Uint8Array.of()))
})

function fromFirst({ offsets }: Run): Float64Array {
  return offsets.map((offset) => offset - (offsets[0] ?? 0))
}

function randomness(): () => number {
  let seed = 42
  return () => {
    seed = (seed * 1103515245 + 12345) % 2147483648
    return seed / 2147483648
  }
}
