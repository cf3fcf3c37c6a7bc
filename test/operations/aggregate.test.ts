import fc from 'fast-check'
import t from 'tap'
import { type Run, sliceOf, spanOf } from '../../src/model/samples.ts'
import { timeGrid } from '../../src/model/time-grid.ts'
import { type Bucket, buckets } from '../../src/operations/history/aggregate.ts'
import { chunkSource, mergeChunks, type SeriesSource } from '../../src/store/merge-chunks.ts'
import { encodeRun } from '../../src/store/run-codec.ts'

const given = fc.record({
  count: fc.integer({ min: 1, max: 6000 }),
  step: fc.integer({ min: 1, max: 5 }),
  /** Where one chunk ends and the next begins. */
  cuts: fc.array(fc.nat(6000), { maxLength: 5 }),
  from: fc.integer({ min: -50, max: 20_000 }),
  length: fc.integer({ min: 0, max: 30_000 }),
  width: fc.integer({ min: 1, max: 9000 }),
  quality: fc.constantFrom<Run['quality'][]>(undefined, 'good', 'bad'),
  spoilt: fc.option(fc.nat(5999), { nil: undefined })
})

t.test('buckets do not depend on how samples are distributed over chunks and parts', async () => {
  await fc.assert(
    fc.asyncProperty(given, async ({ count, step, cuts, from, length, width, quality, spoilt }) => {
      const offsets = Float64Array.from({ length: count }, (_, i) => i * step)
      const values = offsets.map((_, i) => (i === spoilt ? Number.NaN : ((i * 7919) % 1009) / 4))
      const run: Run = { base: 0n, offsets, form: 'number', values, quality }
      const ends = [...new Set([...cuts.filter((cut) => cut > 0 && cut < count), count])].sort((a, b) => a - b)
      const chunks = ends.map((end, i) => sourceOf(sliceOf(run, ends[i - 1] ?? 0, end)))
      const [low, high] = [BigInt(from), BigInt(from + length)]
      const grid = timeGrid({ unit: 'nanosecond', count: BigInt(width) })
      const made = buckets(mergeChunks(each(chunks), [], low, high), { from: low, to: high, grid, isWhole: false })
      const wanted = oneByOne(run, from, from + length, width)
      return alike(await Array.fromAsync(made), wanted)
    }),
    { numRuns: 200 }
  )
})

function sourceOf(run: Run): SeriesSource {
  return chunkSource({ ...spanOf(run), count: run.offsets.length, seq: 1, bytes: encodeRun(run) })
}

async function* each<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items
}

/** The same, said in the plainest way. */
function oneByOne({ offsets, values, quality }: Run, from: number, to: number, width: number): Bucket[] {
  const byStart = new Map<number, number[]>()
  for (const [i, offset] of offsets.entries()) {
    const value = Number(values[i])
    if (offset < from || offset > to || quality === 'bad' || Number.isNaN(value)) continue
    const start = Math.floor(offset / width) * width
    byStart.set(start, [...(byStart.get(start) ?? []), value])
  }
  return [...byStart].map(([start, all]) => {
    const sum = all.reduce((total, value) => total + value, 0)
    const mean = sum / all.length
    const squares = all.reduce((sum, value) => sum + (value - mean) ** 2, 0)
    const ends = { first: all[0] ?? 0, last: all.at(-1) ?? 0 }
    return {
      start: BigInt(start),
      count: all.length,
      min: Math.min(...all),
      max: Math.max(...all),
      mean,
      sum,
      squares,
      ...ends
    }
  })
}

function alike(made: readonly Bucket[], wanted: readonly Bucket[]): boolean {
  const isNear = (a: number, b: number) => Math.abs(a - b) <= 1e-9 * (1 + Math.abs(a))
  return (
    made.length === wanted.length &&
    made.every((one, i) => {
      const { mean = 0, squares = 0, ...rest } = wanted[i] ?? {}
      const exact = Object.entries(rest).every(([name, figure]) => one[name as keyof Bucket] === figure)
      return exact && isNear(one.mean, mean) && isNear(one.squares, squares)
    })
  )
}
