import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { openHistoryPool } from '../../src/consumers/history/history-pool.ts'
import { maintainOnce } from '../../src/consumers/history/history-retention.ts'
import { startHistoryWriter } from '../../src/consumers/history/history-writer.ts'
import { packHere, packIn, type SeriesToPack } from '../../src/consumers/history/packer.ts'
import type { PendingChange } from '../../src/consumers/history/pending.ts'
import { rewriteHere, rewriteIn } from '../../src/consumers/history/rewrite.ts'
import { HubError } from '../../src/errors.ts'
import { qualities, type Run, spanOf } from '../../src/model/samples.ts'
import { SampleBatch } from '../../src/operations/samples/batch.ts'
import { Ingest } from '../../src/operations/samples/ingest.ts'
import { encodeRun } from '../../src/store/run-codec.ts'
import type { Chunk } from '../../src/store/series.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import { ThreadPool } from '../../src/threads/pool.ts'
import { manualClock } from '../manual-clock.ts'
import { create, property, submodel } from '../store/fixtures.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'

const EARLIEST = -(2n ** 63n)
const LATEST = 2n ** 63n - 1n

const name = { submodel: 'm', path: 'Speed' }

/** In the order of the log: single values, short runs, and runs that become chunks as they are, some of them damaged. */
const anySeries = fc
  .record({
    changes: fc.array(
      fc.oneof(
        fc.record({
          value: fc.oneof(
            fc.constantFrom('{"value":"1.5"}', '{"min":"1","max":"2"}', '{"value":"\\"é"}'),
            fc.constant('{}')
          ),
          sourceTime: fc.bigInt({ min: -50n, max: 50n }),
          quality: fc.constantFrom(...qualities)
        }),
        fc.record({ from: fc.bigInt({ min: -50n, max: 50n }), count: fc.integer({ min: 1, max: 40 }) }),
        fc.record({
          from: fc.bigInt({ min: -50n, max: 50n }),
          count: fc.constantFrom(600, 9000),
          isDamaged: fc.boolean()
        })
      ),
      { minLength: 1, maxLength: 8 }
    ),
    last: fc.option(fc.integer({ min: 1, max: 3000 }))
  })
  .map(({ changes, last }) => {
    const all = changes.map((drawn, index): PendingChange => {
      const seq = 10 + index
      if ('value' in drawn) {
        const { quality, ...value } = drawn
        return { seq, change: { change: 'value', ...name, ...value, ...(quality !== undefined && { quality }) } }
      }
      const one = changeOf(name, seq, runOf(drawn.from, noise(drawn.count)))
      return 'isDamaged' in drawn && drawn.isDamaged ? { ...one, damage: 'its checksum differs' } : one
    })
    const run = runOf(-20n, noise(last ?? 1))
    const chunk = { ...name, ...spanOf(run), seq: 5, count: run.offsets.length, bytes: encodeRun(run) }
    return { changes: all, last: last === null ? undefined : chunk }
  })

t.test('the thread packs as it is packed here, whatever the changes are', async (t) => {
  const pool = openHistoryPool({ threads: 1, timers: manualClock() })
  t.teardown(() => pool.close())
  const inThread = packIn(pool)
  await fc.assert(
    fc.asyncProperty(fc.array(anySeries, { minLength: 1, maxLength: 5 }), async (drawn) => {
      const batch = drawn.map((one, index): SeriesToPack => {
        return { ...one, name: { submodel: `urn:${index}`, path: 'Größe[1]' } }
      })
      t.strictSame(plain(await inThread(batch)), plain(await packHere(batch)))
    }),
    { numRuns: 60 }
  )
})

t.test('the thread joins and thins chunks as it is done here', async (t) => {
  const pool = openHistoryPool({ threads: 1, timers: manualClock(), takesAll: true })
  t.teardown(() => pool.close())
  const inThread = rewriteIn(pool)
  const anyChunk = fc.record({ from: fc.bigInt({ min: -50n, max: 50n }), count: fc.integer({ min: 1, max: 300 }) })
  const width = fc.option(fc.bigInt({ min: 1n, max: 40n }))
  await fc.assert(
    fc.asyncProperty(fc.array(anyChunk, { minLength: 1, maxLength: 6 }), width, async (drawn, width) => {
      const chunks = drawn.map(({ from, count }, seq): Chunk => {
        const run = runOf(from, noise(count))
        return { ...name, ...spanOf(run), seq, count, bytes: encodeRun(run) }
      })
      chunks.sort((one, other) => Number(one.from - other.from) || one.seq - other.seq)
      const thinning = width === null ? {} : { thinning: { downsampling: { width, isWhole: false }, reach: 10_000n } }
      const rewriting = { series: name, seq: 9, count: 1, ...thinning }
      const [there, here] = await Promise.all(
        [inThread, rewriteHere].map((rewriter) => {
          const each = async function* () {
            yield* chunks
          }
          return rewriter(each, rewriting, async () => {})
        })
      )
      t.strictSame(there && plain([{ chunks: there, replaced: [] }]), here && plain([{ chunks: here, replaced: [] }]))
    }),
    { numRuns: 60 }
  )
})

t.test('chunks that are damaged stop neither the thread nor the maintenance of others', async (t) => {
  const store = await openSqlite(join(testDirectory(t), 'data'))
  const threads = openHistoryPool({ threads: 1, timers: manualClock(), takesAll: true })
  t.teardown(async () => {
    await threads.close()
    await store.close()
  })
  const pieces = (path: string, isDamaged: boolean) =>
    [0n, 10n].map((from, seq): Chunk => {
      const run = runOf(from, [1, 2, 3])
      const bytes = encodeRun(run).slice()
      if (isDamaged) bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
      return { submodel: 'm', path, ...spanOf(run), seq, count: 3, bytes }
    })
  await store.putChunks([...pieces('Broken', true), ...pieces('Speed', false)])
  const failures: unknown[] = []
  const options = { policyOf: () => ({ isRecorded: true }), failed: (error: unknown) => failures.push(error) }
  await maintainOnce(store, { ...options, threads })
  t.match(failures, [{ name: 'Damaged' }])
  const counts = async (path: string) => {
    return Array.fromAsync(store.heads({ submodel: 'm', path }, EARLIEST, LATEST), ({ count }) => count)
  }
  t.strictSame(await counts('Speed'), [6])
  t.strictSame(await counts('Broken'), [3, 3])
})

t.test('a damaged last chunk is reported and stays, and the samples get a chunk of their own', async (t) => {
  const pool = openHistoryPool({ threads: 1, timers: manualClock() })
  t.teardown(() => pool.close())
  const bytes = encodeRun(runOf(0n, [1, 2, 3])).slice()
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  const last: Chunk = { ...name, from: 0n, to: 2n, seq: 1, count: 3, bytes }
  const changes = [changeOf(name, 2, runOf(10n, [4]))]
  for (const packer of [packHere, packIn(pool)]) {
    const [packed] = await packer([{ name, changes, last }])
    t.match(packed, { replaced: [], chunks: [{ from: 10n, to: 10n, count: 1, seq: 2 }], damage: { name: 'Damaged' } })
    t.ok(packed?.damage instanceof HubError)
  }
})

t.test('a thread that dies is started again, and no sample is lost or written twice', async (t) => {
  const folder = testDirectory(t)
  process.env.HISTORY_THREAD_DIED = join(folder, 'died')
  t.teardown(() => delete process.env.HISTORY_THREAD_DIED)
  const clock = manualClock()
  const module = new URL('./history-thread-dies.ts', import.meta.url)
  const threads = new ThreadPool({ module, threads: 1, timers: clock, takesAll: true })
  const store = await openSqlite(join(folder, 'data'))
  await store.commit([create(submodel('m', property('Speed')))])
  const failures: unknown[] = []
  const writer = await startHistoryWriter(store, { threads, clock, failed: (error) => failures.push(error) })
  const { seq } = await push(new Ingest({ store }), 0n, [1, 2, 3])
  await writer.caughtUp()
  clock.advance(10_000)
  await until(() => failures.length > 0)
  t.match(failures, [{ name: 'Unavailable' }])
  t.equal(await writer.taken(), 0)
  t.equal(writer.parts({ submodel: 'm', path: 'Speed' }, EARLIEST, LATEST).length, 1, 'readers still find them')
  clock.advance(10_000)
  await until(async () => (await writer.taken()) === seq)
  t.match(await store.figures(), { samples: 3 })
  t.equal(failures.length, 1)
  await writer.stop()
  await threads.close()
  await store.close()
})

t.test('what is pending when the hub stops is packed in the thread before it ends', async (t) => {
  const store = await openSqlite(join(testDirectory(t), 'data'))
  await store.commit([create(submodel('m', property('Speed')))])
  const threads = openHistoryPool({ threads: 1, timers: manualClock(), takesAll: true })
  const writer = await startHistoryWriter(store, { threads, failed: (error) => t.fail(String(error)) })
  const ingest = new Ingest({ store })
  for (let start = 0n; start < 100n; start++) await push(ingest, start * 1_000_000n, noise(500))
  await writer.caughtUp()
  const stopped = writer.stop()
  await until(() => threads.tasks > 0)
  await stopped
  await threads.close()
  t.match(await store.figures(), { samples: 50_000, series: 1 })
  const chunks = await Array.fromAsync(store.heads({ submodel: 'm', path: 'Speed' }, EARLIEST, LATEST))
  t.equal(
    chunks.reduce((sum, { count }) => sum + count, 0),
    50_000
  )
  await store.close()
})

async function push(ingest: Ingest, start: bigint, values: readonly number[]) {
  const batch = new SampleBatch()
  const offsets = Float64Array.from(values, (_, i) => i)
  batch.addColumn(name.submodel, name.path, { base: start, offsets }, Float64Array.from(values))
  return ingest.push(batch)
}

function noise(count: number): number[] {
  return Array.from({ length: count }, (_, i) => ((i * 7919) % 1009) / 7)
}

function runOf(base: bigint, values: readonly number[], step = 1): Run {
  const offsets = Float64Array.from(values, (_, i) => i * step)
  return { base, offsets, form: 'number', values: Float64Array.from(values), quality: undefined }
}

function changeOf({ submodel, path }: typeof name, seq: number, run: Run): PendingChange {
  const change = { change: 'samples', submodel, path, count: run.offsets.length, run: encodeRun(run) } as const
  return { seq, change: { ...change, ...spanOf(run) } }
}

/** To be compared; the name of each series is that of the batch. */
function plain(packed: Awaited<ReturnType<typeof packHere>>) {
  return packed.map(({ chunks, replaced, damage }) => ({
    chunks: chunks.map(({ bytes, ...head }) => ({ ...head, bytes: Buffer.from(bytes).toString('base64') })),
    replaced: replaced.map(({ from, to, seq, count }) => ({ from, to, seq, count })),
    damage: damage?.message
  }))
}
