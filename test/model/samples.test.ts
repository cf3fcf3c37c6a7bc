import fc from 'fast-check'
import t from 'tap'
import { mergeRuns } from '../../src/model/merge-runs.ts'
import {
  isAscending,
  lengthOf,
  membersAt,
  newestOf,
  qualityAt,
  type Run,
  sliceOf,
  spanOf,
  textAt,
  timeAt,
  timesOf
} from '../../src/model/samples.ts'
import { runs } from '../arbitrary-runs.ts'

t.test('runs come together by time, and of equal times the sample that came last counts', async () => {
  fc.assert(
    fc.property(fc.array(runs, { maxLength: 5 }), (some) => {
      const sample = (run: Run, i: number) => `${membersAt(run, i)} ${qualityAt(run, i)}`
      const wanted = new Map<bigint, string>()
      for (const run of some) run.offsets.forEach((_, i) => void wanted.set(timeAt(run, i), sample(run, i)))
      const merged = mergeRuns(some)
      const found = merged.flatMap((run) =>
        Array.from(run.offsets, (_, i) => [timeAt(run, i), sample(run, i)] as const)
      )
      const times = found.map(([time]) => time)
      return (
        merged.every(isAscending) &&
        times.every((time, i) => i === 0 || time > (times[i - 1] ?? 0n)) &&
        found.length === wanted.size &&
        found.every(([time, text]) => wanted.get(time) === text)
      )
    })
  )
})

t.test('runs that overtook one another come together in the order of their times', async (t) => {
  const at = (time: number, ...values: number[]): Run => {
    const offsets = Float64Array.from(values, (_, i) => 10 * i)
    return { base: BigInt(time), offsets, form: 'number', values: Float64Array.from(values), quality: undefined }
  }
  const [merged, ...others] = mergeRuns([at(0, 1, 2), at(40, 5, 6), at(20, 3, 4)])
  t.strictSame([merged?.values, others], [Float64Array.of(1, 2, 3, 4, 5, 6), []])
  const [replaced] = mergeRuns([at(0, 1, 2), at(40, 5, 6), at(10, 7, 8)])
  t.strictSame(replaced?.values, Float64Array.of(1, 7, 8, 5, 6), 'of those that overlap the last at each time counts')
})

t.test('the times of a run are those of its samples, also before 1970 and across halves of 32 bits', async () => {
  fc.assert(fc.property(runs, (run) => timesOf(run).every((time, i) => time === timeAt(run, i))))
})

t.test('the newest sample is the one of the latest time, and of equals the last', async (t) => {
  const run: Run = {
    base: 5n,
    offsets: Float64Array.of(1, 9, -3, 9),
    form: 'text',
    values: ['a', 'b', 'c', 'd'],
    quality: 'good'
  }
  t.equal(textAt(run, newestOf(run)), 'd')
  t.strictSame(spanOf(run), { from: 2n, to: 14n })
  t.notOk(isAscending(run))
})

t.test('a part of a run has its samples, and nothing else', async (t) => {
  const run: Run = {
    base: 5n,
    offsets: Float64Array.of(1, 2, 3),
    form: 'number',
    values: Float64Array.of(1.5, 2, 3),
    quality: Uint8Array.of(1, 2, 3)
  }
  const part = sliceOf(run, 1, 3)
  t.equal(lengthOf(part), 2)
  t.strictSame([timeAt(part, 0), membersAt(part, 0)], [7n, '{"value":"2"}'])
})
