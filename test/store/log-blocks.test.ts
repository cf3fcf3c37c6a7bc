import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { migrate } from '../../src/commands/migrate.ts'
import { encodeRun } from '../../src/store/run-codec.ts'
import { checkDirectory } from '../../src/store/sqlite/check.ts'
import { type BlockEntry, decodeBlock, encodeBlock } from '../../src/store/sqlite/log-block-codec.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import type { Change, LogEntry, Store } from '../../src/store/store.ts'
import { testDirectory } from '../test-directory.ts'
import { create, property, submodel, withStore } from './fixtures.ts'

const series = { submodel: fc.constantFrom('urn:a', 'urn:b', '서울'), path: fc.constantFrom('p', 'q.r', 's[0]') }
const time = fc.oneof(
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  fc.integer().map((milliseconds) => 1_764_000_000_000_000_000n + BigInt(milliseconds) * 1_000_000n)
)
const members = fc.oneof(
  fc.double({ noNaN: true }).map((number) => `{"value":"${number}"}`),
  fc.constantFrom(
    '{"value":"21.50"}',
    '{"value":"-0"}',
    '{"value":"007"}',
    '{"value":"0.05"}',
    '{}',
    '{"value":"-1.5"}'
  ),
  fc.string({ unit: 'grapheme' }).map((value) => JSON.stringify({ value }))
)
const value = fc.record(
  {
    change: fc.constant('value' as const),
    ...series,
    value: members,
    sourceTime: time,
    quality: fc.constantFrom('good' as const, 'uncertain' as const, 'bad' as const)
  },
  { requiredKeys: ['change', 'submodel', 'path', 'value', 'sourceTime'] }
)
const samples = fc
  .record({ ...series, run: fc.uint8Array({ maxLength: 200 }), count: fc.nat(), from: time, to: time })
  .map((change) => ({ change: 'samples' as const, ...change, run: Buffer.from(change.run) }))
const entries = fc.array(
  fc.record({ changes: fc.array(fc.oneof(value, samples), { maxLength: 4 }), late: fc.array(fc.nat(3)) }),
  { minLength: 1, maxLength: 30 }
)

t.test('a block holds its entries as they were', async () => {
  fc.assert(
    fc.property(entries, (list) => plain(decodeBlock(encodeBlock(list as BlockEntry[]))) === plain(list)),
    { numRuns: 1000 }
  )
})

t.test('a single sample takes at most twenty bytes in a block of fifty, one of each series', async (t) => {
  const list = Array.from({ length: 50 }, (_, i): BlockEntry => {
    const sourceTime = 1_764_000_000_000_000_000n + BigInt(i) * 7_000_000n
    const change = { submodel: 'https://bench.example/raw', path: `Value${i}`, value: `{"value":"${20 + i / 8}"}` }
    return { changes: [{ change: 'value', ...change, sourceTime }], late: [] }
  })
  t.ok(encodeBlock(list).length <= 50 * 20, `${encodeBlock(list).length / 50} bytes`)
})

t.test('a block that is too large to be compressed is read again', async (t) => {
  const value = JSON.stringify({ value: 'x'.repeat(33 * 2 ** 20) })
  const change = { change: 'value', submodel: 'urn:a', path: 'p', value, sourceTime: 1n } as const
  const [entry] = decodeBlock(encodeBlock([{ changes: [change, change], late: [] }]))
  t.ok(entry?.changes.every((one) => one.change === 'value' && one.value === value))
})

const PATHS = ['p', 'q', 'r']

/** Commits of one turn share a transaction; some are refused, some are of structure. */
async function filled(t: Test): Promise<{ directory: string; written: LogEntry[] }> {
  const directory = join(testDirectory(t), 'data')
  const written = await withStore(await openSqlite(directory), async (store) => {
    await store.commit([create(submodel('m', ...PATHS.map((path) => property(path))))])
    for (let turn = 0; turn < 3; turn++) {
      await Promise.allSettled([
        ...Array.from({ length: 300 }, (_, i) => store.commit(push(turn * 1000 + i))),
        ...(turn === 1 ? [store.commit(push(0, 99)), store.commit([create(submodel('n'))])] : []),
        ...Array.from({ length: 5 }, (_, i) => store.commit(push(turn * 1000 + 500 + i)))
      ])
    }
    return allOf(store)
  })
  t.equal(written.length, 1 + 3 * 305 + 1)
  return { directory, written }
}

function push(index: number, incarnation = 1): Change[] {
  const at = 1_764_000_000_000_000_000n + BigInt(index) * 1_000_000n
  const path = PATHS[index % PATHS.length] ?? ''
  const common = { submodel: 'm', path, incarnation, value: `{"value":"${index / 4}"}` }
  if (index % 5 > 0) return [{ change: 'value', ...common, sourceTime: at }]
  const values = Float64Array.of(index / 8, index / 4)
  const run = encodeRun({ base: at, offsets: Float64Array.of(-1e6, 0), form: 'number', values, quality: undefined })
  return [{ change: 'samples', ...common, run, count: 2, from: at - 1_000_000n, to: at }]
}

async function allOf(store: Store, page = 1000): Promise<LogEntry[]> {
  const all: LogEntry[] = []
  for (;;) {
    const { entries, gap } = await store.log(all.at(-1)?.seq ?? 0, page)
    if (gap) throw new Error('There is a gap')
    if (entries.length === 0) return all
    all.push(...entries)
  }
}

function plain(list: unknown): string {
  return JSON.stringify(list, function (this: Record<string, unknown>, name) {
    // As it is: a Buffer would be an object here already.
    const held = this[name]
    if (typeof held === 'bigint') return String(held)
    if (ArrayBuffer.isView(held)) return Buffer.from(held as Uint8Array).toString('hex')
    return typeof held === 'object' && held !== null && !Array.isArray(held)
      ? Object.fromEntries(Object.entries(held).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : held
  })
}

const normal = (list: readonly LogEntry[]) => plain(list.map(({ seq, time, changes }) => ({ seq, time, changes })))

t.test('entries that share a row are read one by one, from any position', async (t) => {
  const { directory, written } = await filled(t)
  const db = new DatabaseSync(join(directory, 'hub.db'))
  const rows = Number(db.prepare('SELECT count(*) AS n FROM log').get()?.n)
  db.close()
  t.ok(rows < 30, `${rows} rows`)
  t.strictSame(await checkDirectory(directory), [])
  await withStore(await openSqlite(directory), async (store) => {
    for (const page of [1, 7, 1000]) t.equal(normal(await allOf(store, page)), normal(written), `pages of ${page}`)
    const { entries } = await store.log(100, 3)
    t.strictSame(
      entries.map(({ seq }) => seq),
      [101, 102, 103]
    )
    t.match(await store.element('m', 'p'), { value: '{"value":"625.5"}' })
    await store.trimLog(300)
    const { logFirst } = await store.figures()
    t.ok(logFirst > 1 && logFirst <= 301, 'a row goes when all its entries may')
    t.match(await store.log(logFirst - 1, 1), { entries: [{ seq: logFirst }], gap: false })
  })
  t.strictSame(await checkDirectory(directory), [])
})

t.test('a damaged block is reported as a gap, and readers get past it', async (t) => {
  const { directory, written } = await filled(t)
  const db = new DatabaseSync(join(directory, 'hub.db'))
  const row = db.prepare('SELECT first, seq FROM log WHERE first > 100 ORDER BY seq LIMIT 1').get()
  db.prepare('UPDATE log SET runs = CAST(substr(runs, 1, 40) AS BLOB) WHERE seq = ?').run(row?.seq ?? null)
  db.close()
  const [first, last] = [Number(row?.first), Number(row?.seq)]
  t.match((await checkDirectory(directory)).join('\n'), `Entry ${last} of the log`)
  await withStore(await openSqlite(directory), async (store) => {
    const { entries } = await store.log(0, 1000)
    t.equal(normal(entries), normal(written.slice(0, first - 1)), 'what is before it')
    t.match(await store.log(first - 1, 10), { entries: [{ seq: last, changes: [] }], gap: true })
    t.match(await store.log(first + 5, 10), { entries: [{ seq: last, changes: [] }], gap: true })
    t.equal(normal((await store.log(last, 1000)).entries), normal(written.slice(last)), 'what is after it')
  })
})

t.test('a copy has the same log', async (t) => {
  const { directory, written } = await filled(t)
  const target = join(t.testdirName, 'copy')
  await migrate(directory, target)
  await withStore(await openSqlite(target), async (store) => t.equal(normal(await allOf(store)), normal(written)))
})
