import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { HubError } from '../../src/errors.ts'
import { concatRuns, mergeRuns } from '../../src/model/merge-runs.ts'
import { lengthOf, pickSamples, qualityAt, type Run, sliceOf, spanOf, textAt, timeAt } from '../../src/model/samples.ts'
import { condensedAt } from '../../src/model/statistics.ts'
import { decodeRun, encodeRun, openRun, verifyRun } from '../../src/store/run-codec.ts'
import { downsampledRuns, runs } from '../arbitrary-runs.ts'

const openedSummary = (bytes: Uint8Array) => openRun(bytes).summary
const openedParts = (bytes: Uint8Array) => openRun(bytes).parts()

const SECOND = 1e9

t.test('encoding is lossless, including trailing zeros', async () => {
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

t.test('a run is the same where it is decoded into memory that was used before, or that is too short', async () => {
  const memory = { offsets: new Float64Array(4000).fill(Number.NaN), values: new Float64Array(4000).fill(7) }
  const long = fc.integer({ min: 1025, max: 5000 }).map((count): Run => {
    const offsets = Float64Array.from({ length: count }, (_, i) => i * SECOND)
    const values = Float64Array.from(offsets, (_, i) => ((i * i) % 977) / 100)
    return { base: 1_700_000_000_000_000_000n, offsets, form: 'number', values, quality: undefined }
  })
  const listed = (run: Run) => Array.from(run.offsets, (_, i) => [timeAt(run, i), textAt(run, i), qualityAt(run, i)])
  fc.assert(
    fc.property(fc.oneof(runs, downsampledRuns, long), (run) => {
      const bytes = encodeRun(run)
      const [alone, within] = [decodeRun(bytes), openRun(bytes).run(memory)]
      const isSame = isDeepStrictEqual(listed(within), listed(alone)) && within.form === alone.form
      return isSame && isDeepStrictEqual(within.condensed, alone.condensed)
    }),
    { numRuns: 500 }
  )
})

t.test('a sensor with two decimals at 10 Hz takes at most four bytes a sample, even with clock jitter', async (t) => {
  const random = randomness()
  let level = 2150
  const count = 6000
  const offsets = Float64Array.from({ length: count }, (_, i) => (i * SECOND) / 10 + Math.round(random() * 2000) * 1000)
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
})

t.test('a push of few samples takes few bytes a sample', async (t) => {
  const offsets = Float64Array.of(0, SECOND, 2 * SECOND, 3 * SECOND, 4 * SECOND)
  const run: Run = {
    base: 1_700_000_000_000_000_000n,
    offsets,
    form: 'number',
    values: Float64Array.of(21.5, 21.52, 21.49, 21.5, 21.6),
    quality: undefined
  }
  t.ok(encodeRun(run).length <= 40, `${encodeRun(run).length} bytes for five samples`)
  t.strictSame(decodeRun(encodeRun(run)), run)
  const doubles = Float64Array.from(offsets, (_, i) => Math.sqrt(i))
  const irregular = offsets.map((offset, i) => offset + 1000 * i ** 2)
  const each = { ...run, offsets: irregular, values: doubles, quality: Uint8Array.of(1, 3, 0, 2, 1) }
  t.strictSame(decodeRun(encodeRun(each)), each)
  t.equal(openRun(encodeRun(run)).holdsOnly('whole numbers'), false)
  t.equal(openRun(encodeRun({ ...run, values: offsets })).holdsOnly('whole numbers'), true)
})

t.test('a constant value takes almost no space', async (t) => {
  const offsets = Float64Array.from({ length: 10_000 }, (_, i) => i * SECOND)
  const values = Array.from(offsets, () => 'running')
  t.ok(encodeRun({ base: 0n, offsets, form: 'text', values, quality: undefined }).length < 400)
})

t.test('the summary of a run of numbers is readable without decoding it', async (t) => {
  const values = Float64Array.from({ length: 100 }, (_, i) => (i * 37) % 101)
  const run: Run = { base: 0n, offsets: values.map((_, i) => i), form: 'number', values, quality: undefined }
  const sum = values.reduce((total, value) => total + value, 0)
  const squares = values.reduce((total, value) => total + (value - sum / 100) ** 2, 0)
  const summary = { count: 100, min: 0, max: 100, mean: sum / 100, sum, squares, first: 0, last: (99 * 37) % 101 }
  t.strictSame(openedSummary(encodeRun(run)), summary)
  t.equal(openedSummary(encodeRun({ ...run, quality: 'bad' })), undefined)
  t.equal(
    openedSummary(encodeRun({ ...run, values: values.map((value) => (value === 5 ? Number.NaN : value)) })),
    undefined
  )
  t.equal(openedSummary(encodeRun({ ...run, form: 'text', values: Array.from(values, () => 'on') })), undefined)
})

t.test('a long run is decoded in parts, each with a summary', async (t) => {
  const random = randomness()
  const values = Float64Array.from({ length: 5000 }, () => Math.round(random() * 1e6) / 100)
  const offsets = values.map((_, i) => i * SECOND + Math.round(random() * 1000))
  const run: Run = { base: 7n, offsets, form: 'number', values, quality: 'good' }
  const bytes = encodeRun(run)
  const parts = openedParts(bytes)
  t.ok(parts.length > 1)
  t.strictSame(mergeRuns(parts.map((part) => part.run())), [{ ...run, base: parts[0]?.from, offsets: fromFirst(run) }])
  for (const { from, to, count, summary, run } of parts) {
    t.strictSame({ ...spanOf(run()), count: lengthOf(run()) }, { from, to, count })
    t.strictSame(summary, openedSummary(encodeRun(run())))
  }
  const quality = Uint8Array.from(values, (_, i) => (i < 4000 ? 1 : 3))
  const odd: Run = {
    ...run,
    offsets: offsets.toReversed(),
    values: values.map((one, i) => (i === 9 ? Number.NaN : one)),
    quality
  }
  t.strictSame(decodeRun(encodeRun(odd)), odd, 'also where some are no numbers, of other qualities, and out of order')
  t.equal(openedSummary(encodeRun(odd)), undefined)
  t.strictSame(
    openedParts(encodeRun(odd)).map(({ summary }) => summary !== undefined),
    [false, true, true, true, false]
  )
  t.strictSame(openedParts(encodeRun(sliceOf(run, 0, 1000))), [])
})

t.test('runs of earlier releases, without a checksum, are still read', async (t) => {
  const short = unpackedOf('short')
  t.strictSame(
    [0, 1, 2].map((i) => [timeAt(short, i), textAt(short, i), qualityAt(short, i)]),
    [
      [5n, '20.0', 'good'],
      [1_000_000_005n, '0.10', 'bad'],
      [2_000_000_005n, 'on', 'uncertain']
    ]
  )
  t.strictSame(
    unpackedOf('summed').values,
    Float64Array.from({ length: 100 }, (_, i) => Number(i < 57))
  )
  t.match(openRun(earlier.summed).summary, { count: 100, min: 0, max: 1, mean: 0.57, sum: 57, first: 1, last: 0 })
  t.strictSame(
    unpackedOf('parted').values,
    Float64Array.from({ length: 3000 }, (_, i) => i % 50)
  )
  t.strictSame(
    openRun(earlier.parted)
      .parts()
      .map(({ summary }) => summary?.sum),
    [24500, 24500, 24500]
  )
  for (const bytes of Object.values(earlier)) t.equal(verifyRun(bytes), undefined)
  const untrue = earlier.summed.slice()
  untrue[30] = (untrue[30] ?? 0) ^ 1
  t.match(verifyRun(untrue), /summary/)
})

t.test('a change of any byte of an encoded run is detected', async (t) => {
  const values = Float64Array.from({ length: 1500 }, (_, i) => i % 9)
  const long: Run = { base: 1n, offsets: values.map((_, i) => i), form: 'number', values, quality: 'good' }
  for (const run of [long, sliceOf(long, 0, 100), sliceOf(long, 0, 1)]) {
    const bytes = encodeRun(run)
    t.equal(verifyRun(bytes), undefined)
    for (let at = 0; at < bytes.length; at++) {
      for (const bit of [1, 1 << (at % 8), 0xff]) {
        const damaged = bytes.slice()
        damaged[at] = (damaged[at] ?? 0) ^ bit
        if (verifyRun(damaged) === undefined || !isRefused(damaged)) t.fail(`byte ${at} of ${bytes.length}`)
      }
    }
    for (let end = 0; end < bytes.length; end += 7) t.ok(isRefused(bytes.subarray(0, end)))
  }
})

t.test('a downsampled run keeps the statistics of its samples when sliced, picked and joined', async () => {
  fc.assert(
    fc.property(downsampledRuns, fc.nat(), fc.nat(), (run, one, other) => {
      const [start, end] = [one % (lengthOf(run) + 1), other % (lengthOf(run) + 1)].sort((a, b) => a - b)
      const back = decodeRun(encodeRun(run))
      const parts = [
        sliceOf(back, 0, start ?? 0),
        sliceOf(back, start ?? 0, end ?? 0),
        sliceOf(back, end ?? 0, lengthOf(run))
      ]
      const whole = concatRuns(run.base, parts)
      const order = Array.from(run.offsets.keys()).reverse()
      const turned = pickSamples(back, order)
      return Array.from(run.offsets.keys()).every((i) => {
        const wanted = JSON.stringify(condensedAt(run, i), exactly)
        const found = [condensedAt(back, i), condensedAt(whole, i), condensedAt(turned, order.length - 1 - i)]
        return found.every((one) => JSON.stringify(one, exactly) === wanted) && textAt(back, i) === textAt(run, i)
      })
    }),
    { numRuns: 300 }
  )
})

t.test('bytes that are not a run are refused', async (t) => {
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

function unpackedOf(name: keyof typeof earlier): Run {
  return decodeRun(earlier[name])
}

function isRefused(bytes: Uint8Array): boolean {
  try {
    openRun(bytes)
    return false
  } catch (error) {
    return error instanceof HubError && error.name === 'Damaged'
  }
}

function exactly(_: string, value: unknown): unknown {
  return typeof value === 'bigint' || Number.isNaN(value) || value === Number.POSITIVE_INFINITY ? String(value) : value
}

/** Runs of version 2: three texts, a hundred numbers, three thousand. */
const earlier = {
  short: Buffer.from(
    'AhIFAAAAAAAAAAMAAABwAAAAeyJ0aW1lcyI6eyJmaXJzdCI6MCwic3RlcCI6MTAwMDAwMDAwMH0sInZhbHVlcyI6eyJwbGFuZXMiOjEsImRpY3' +
      'Rpb25hcnkiOlsiMjAuMCIsIjAuMTAiLCJvbiJdfSwicXVhbGl0eSI6ImVhY2gifQACBAEDAg==',
    'base64'
  ),
  summed: Buffer.from(
    'Agv5/////////2QAAAAAAAAAAABZQAAAAAAAAAAAAAAAAAAA8D89CtejcD3iP7/1KFyPgjhAAAAAAAAA8D8AAAAAAAAAACi1L/0gytUCALIEER' +
      'iQtW0kF7aUiETm0Nj323Z3dDB4dv6bdgcnXHuR0vH8oNHqAhybSXTV0ZxVgteq4NiKyavTfCz55gAyzvJ8ENRndzcEBwAAhBd3LKhlVDkAhFZq' +
      'mBDgCQ==',
    'base64'
  ),
  parted: Buffer.from(
    'Ag8AACo2/pyXF7gLAAAAAAAAAHCnQAAAAAAAAAAAAAAAAACASEAAAAAAAIA4QAAAAADcECNBAAAAAAAAAAAAAAAAAIBIQAMAAAAAACo2/pyXFw' +
      'BGNM/mnZcX6AMAAAAAAAAAAAAAAECPQAAAAAAAAAAAAAAAAACASEAAAAAAAIA4QAAAAADQawlBAAAAAAAAAAAAAAAAAIBIQAAQzwrnnZcXAFbZ' +
      'o8+elxfoAwAAPQQAAAAAAAAAQI9AAAAAAAAAAAAAAAAAAIBIQAAAAAAAgDhAAAAAANBrCUEAAAAAAAAAAAAAAAAAgEhAACB038+elxcAZn54uJ' +
      '+XF+gDAACGCAAAAAAAAABAj0AAAAAAAAAAAAAAAAAAgEhAAAAAAACAOEAAAAAA0GsJQQAAAAAAAAAAAAAAAACASEAotS/9YM8LFQMAxANRAAAA' +
      'eyJ0aW1lcyI6eyJmaXJzdCI6MCwic3RlcCI6MTB9LCJ2YWx1c2NhbGVwbGFuMX19AAJhAl0wMDIMAC+AX+jARP54Q4YDiPxd4KqqEIhwuNBBWa' +
      'JqAWhaKWxCgCc=',
    'base64'
  )
}
