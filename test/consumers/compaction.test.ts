import { fork } from 'node:child_process'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { compact } from '../../src/consumers/history/compaction.ts'
import { mergeRuns } from '../../src/model/merge-runs.ts'
import { type Run, spanOf, textAt, timeAt } from '../../src/model/samples.ts'
import { EARLIEST, historyOf, LATEST } from '../../src/operations/history/history.ts'
import { decodeRun, encodeRun } from '../../src/store/run-codec.ts'
import type { Chunk } from '../../src/store/series.ts'
import { checkDirectory } from '../../src/store/sqlite/check.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { withStore } from '../store/fixtures.ts'
import { testDirectory } from '../test-directory.ts'

/** More by the environment, for a longer look. */
const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 2)

const FULL = 8192
const DAY = 86_400n * 1_000_000_000n
const speed = { submodel: 'm', path: 'Speed' }

/** All that was measured is in chunks. */
const tail = { caughtUp: async () => {}, parts: () => [], span: () => undefined }

const options = { rest: async () => {} }

const test = (title: string, body: (t: Test, store: Store) => Promise<void>) =>
  t.test(title, async (t) => {
    const store = await openSqlite(join(testDirectory(t), 'data'))
    await body(t, store)
    await store.close()
  })

test('many small chunks are compacted into few full ones with the same samples', async (t, store) => {
  const chunks = Array.from({ length: 100 }, (_, i) => chunk({ from: i * 600, count: 600, seq: i + 1 }))
  await store.putChunks(chunks)
  const before = await read(store)
  t.equal(await compact(store, speed, options), true)
  t.strictSame(await read(store), before)
  const { heads, isApart } = await look(store)
  t.ok(isApart)
  t.equal(heads.length, 8)
  t.ok(heads.slice(0, -1).every(({ count }) => count >= FULL))
  t.match(await store.figures(), { samples: 60_000 })
  t.equal(await compact(store, speed, options), false, 'once is enough')
})

test('of several samples at one time the last one that arrived is kept', async (t, store) => {
  await store.putChunks([
    chunk({ from: 0, count: 10_000, seq: 1, value: 1 }),
    chunk({ from: 10_000, count: 10_000, seq: 2, value: 2 }),
    chunk({ from: 500, count: 600, step: 10, seq: 4, value: 4 }),
    chunk({ from: 9_000, count: 2_000, seq: 3, value: 3 })
  ])
  const before = await read(store)
  t.equal(await compact(store, speed, options), true)
  t.strictSame(await read(store), before)
  t.ok((await look(store)).isApart)
  t.match(await store.figures(), { samples: 20_000 })
})

test('a chunk that is too large is split', async (t, store) => {
  await store.putChunks([chunk({ from: 0, count: 100_000, seq: 1 })])
  await compact(store, speed, options)
  const { heads } = await look(store)
  t.ok(heads.every(({ count }) => count >= FULL && count <= 2 * FULL))
  t.match(await store.figures(), { samples: 100_000 })
})

test('neighbours are not joined where they would cover too long a time', async (t, store) => {
  const daily = Array.from({ length: 60 }, (_, i) => chunk({ base: BigInt(i) * DAY, count: 10, seq: i + 1 }))
  await store.putChunks(daily)
  await compact(store, speed, { ...options, reach: 3n * DAY })
  const { heads } = await look(store)
  t.equal(heads.length, 20)
  await compact(store, speed, options)
  t.ok((await look(store)).heads.length <= 6, 'and no longer than one run reaches')
  t.equal(await compact(store, speed, options), false)
})

test('an element whose kind changed keeps its earlier numbers', async (t, store) => {
  const members: Run = { ...run({ count: 600 }), base: 600n, form: 'members', values: Array(600).fill('{"min":"1"}') }
  await store.putChunks([
    chunk({ from: 0, count: 600, seq: 1 }),
    { ...speed, ...spanOf(members), seq: 2, count: 600, bytes: encodeRun(members) },
    chunk({ from: 1200, count: 600, seq: 3 }),
    chunk({ from: 1800, count: 600, seq: 4 })
  ])
  const before = await read(store)
  t.equal(await compact(store, speed, options), true)
  t.strictSame(await read(store), before)
  t.equal((await look(store)).heads.length, 3)
  t.equal(await compact(store, speed, options), false)
})

test('a chunk that was rewritten meanwhile is not overwritten', async (t, store) => {
  await store.putChunks([chunk({ from: 0, count: 600, seq: 1 }), chunk({ from: 600, count: 600, seq: 2 })])
  const grown = chunk({ from: 600, count: 900, seq: 3 })
  let isFirst = true
  const rest = async () => {
    if (isFirst) await store.putChunks([grown], [chunk({ from: 600, count: 600, seq: 2 })])
    isFirst = false
  }
  await compact(store, speed, { rest })
  t.strictSame(
    (await look(store)).heads.map(({ count }) => count),
    [600, 900]
  )
  await compact(store, speed, options)
  t.match(await store.seriesOf(speed), { chunks: 1, count: 1500 })
})

test('a million samples in overlapping chunks are compacted in several passes', async (t, store) => {
  const chunks = Array.from({ length: 200 }, (_, i) => chunk({ from: i * 7999, count: 8000, seq: i + 1, value: i }))
  await store.putChunks(chunks)
  for (let turn = 0; turn < 2; turn++) t.equal(await compact(store, speed, options), true)
  t.equal(await compact(store, speed, options), false)
  t.ok((await look(store)).isApart)
  t.match(await store.figures(), { samples: 200 * 7999 + 1 })
  const [at] = await Array.fromAsync(historyOf(store, tail).read(speed, 7999n, 7999n))
  t.equal(at && textAt(at, 0), '1', 'the later sample counts')
})

test('an endless chain of overlapping chunks is left as it is, and stays readable', async (t, store) => {
  const chunks = Array.from({ length: 150 }, (_, i) => chunk({ from: i, count: 8000, step: 150, seq: i + 1 }))
  const after = [0, 1].map((i) => chunk({ from: 2_000_000 + i * 600, count: 600, seq: 200 + i }))
  await store.putChunks([...chunks, ...after])
  t.equal(await compact(store, speed, options), true)
  t.equal((await look(store)).heads.length, 151)
  t.equal(await compact(store, speed, options), false)
})

t.test('a process that is killed during compaction leaves each sample once', async (t) => {
  const directory = join(testDirectory(t), 'data')
  const chunks = Array.from({ length: 3000 }, (_, i) => chunk({ from: i * 300, count: 400, seq: i + 1, value: i }))
  const before = await withStore(await openSqlite(directory), async (store) => {
    await store.putChunks(chunks)
    return digest(store)
  })
  for (let round = 1; round <= ROUNDS; round++) {
    const child = fork(fileURLToPath(new URL('./compaction-killed.ts', import.meta.url)), [directory])
    await once(child, 'message')
    await setTimeout(Math.random() * 100)
    child.kill('SIGKILL')
    await once(child, 'exit')
    t.strictSame(await checkDirectory(directory), [], `round ${round}: sound`)
    await withStore(await openSqlite(directory), async (store) => t.equal(await digest(store), before))
  }
})

const some = fc.record({
  from: fc.nat(400),
  count: fc.integer({ min: 1, max: 12 }),
  step: fc.integer({ min: 1, max: 9 }),
  seq: fc.integer({ min: 1, max: 30 })
})

test('a reader during compaction gets each sample once', async (t, store) => {
  await fc.assert(
    fc.asyncProperty(fc.array(some, { minLength: 1, maxLength: 60 }), fc.nat(40), async (all, pause) => {
      await store.dropChunks(speed, LATEST)
      const chunks = all.map(({ seq, ...given }) => chunk({ ...given, seq, value: seq }))
      await store.putChunks(chunks)
      // Of chunks with the same key the last is kept, and in the order of the log it comes where its key says.
      const kept = [...new Map(chunks.map((one) => [`${one.from} ${one.seq}`, one])).values()]
      kept.sort((a, b) => a.seq - b.seq || Number(a.from - b.from))
      const wanted = mergeRuns(kept.map(({ bytes }) => decodeRun(bytes))).flatMap(samplesOf)
      const given: [bigint, string][] = []
      let read = 0
      for await (const run of historyOf(store, tail).read(speed, EARLIEST, LATEST)) {
        given.push(...samplesOf(run))
        if (read++ === pause) await compact(store, speed, options)
      }
      t.strictSame(given, wanted)
      await compact(store, speed, options)
      const after = await look(store)
      return after.isApart && after.heads.length === 1
    }),
    { numRuns: 60 }
  )
})

interface Given {
  readonly base?: bigint
  readonly from?: number
  readonly count: number
  readonly step?: number
  readonly value?: number
}

/** A sample for each nanosecond, or each so many. */
function run({ base = 0n, from = 0, count, step = 1, value }: Given): Run {
  const offsets = Float64Array.from({ length: count }, (_, i) => from + i * step)
  return { base, offsets, form: 'number', values: offsets.map((offset) => value ?? offset), quality: undefined }
}

function chunk({ seq, ...given }: Given & { readonly seq: number }): Chunk {
  const made = run(given)
  return { ...speed, ...spanOf(made), seq, count: given.count, bytes: encodeRun(made) }
}

async function look(store: Store) {
  const heads = await Array.fromAsync(store.heads(speed, EARLIEST, LATEST))
  return { heads, isApart: heads.every(({ from }, i) => i === 0 || from > (heads[i - 1]?.to ?? 0n)) }
}

async function read(store: Store): Promise<[bigint, string][]> {
  return (await Array.fromAsync(historyOf(store, tail).read(speed, EARLIEST, LATEST))).flatMap(samplesOf)
}

/** Of all samples: to compare so many one by one takes long. */
async function digest(store: Store): Promise<string> {
  return hash('sha256', String(await read(store)))
}

function samplesOf(run: Run): [bigint, string][] {
  return Array.from(run.offsets, (_, i) => [timeAt(run, i), textAt(run, i)])
}
