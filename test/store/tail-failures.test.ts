/** Values ahead of their rows (src/store/sqlite/tail.ts) where the storage fails, and reads before the writer has answered. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { prepare } from '../../src/store/sqlite/changes-sql.ts'
import { Counters } from '../../src/store/sqlite/counters.ts'
import { RowCheckpoints } from '../../src/store/sqlite/row-checkpoints.ts'
import { SetAside } from '../../src/store/sqlite/set-aside.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import { Tail } from '../../src/store/sqlite/tail.ts'
import { ValueChanges } from '../../src/store/sqlite/value-changes.ts'
import type { Change } from '../../src/store/store.ts'
import { testDirectory } from '../test-directory.ts'
import { breakPages, diskOf } from './disk.ts'
import { create, property, replace, submodel, submodelOf, withStore, write } from './fixtures.ts'

/** No row can be written, nor kept elsewhere. */
function breakEverything(directory: string): void {
  for (const table of ['element_by_key', 'set_aside']) breakPages(directory, table, (leaves) => leaves)
}

/** What a process leaves that ended early, with values that are in no row; each has an entry, of a size that fills pages. */
async function left(t: Test): Promise<string> {
  const directory = join(testDirectory(t), 'data')
  return withStore(await openSqlite(directory), async (store) => {
    await store.commit([create(submodel('a', property('p', '0'), property('q', '0')))])
    await store.commit([await write(store, 'a', 'p', '1')])
    for (let i = 0; i < 20; i++) await store.commit([await write(store, 'a', 'q', `${i}${' '.repeat(1000)}`)])
    await store.commit([await write(store, 'a', 'q', '7')])
    return diskOf(t, directory)
  })
}

t.test('a page of the log that cannot be read costs the values in it, not the start', async (t) => {
  const disk = await left(t)
  breakPages(disk, 'log', (leaves) => leaves.slice(1, 2))
  await withStore(await openSqlite(disk), async (store) => {
    t.ok((await store.figures()).damaged > 0)
    t.strictSame(await submodelOf(store, 'a'), submodel('a', property('p', '1'), property('q', '7')))
  })
})

t.test('a page that rows cannot be written to keeps them waiting, not the hub from starting', async (t) => {
  const disk = await left(t)
  breakPages(disk, 'element_by_key', (leaves) => leaves)
  const newest = submodel('a', property('p', '1'), property('q', '7'))
  await withStore(await openSqlite(disk, { maxUnwritten: 100 }), async (store) => {
    t.strictSame(await submodelOf(store, 'a'), newest)
    t.ok((await store.figures()).damaged > 0, 'it is reported')
    await store.commit([await write(store, 'a', 'p', '8')])
    t.match(await store.element('a', 'p'), { value: '{"value":"8"}' })
  })
})

t.test('where rows cannot be written, further values are refused at last, and nothing else', async (t) => {
  const disk = await left(t)
  breakEverything(disk)
  await withStore(await openSqlite(disk, { maxUnwritten: 5 }), async (store) => {
    const [p, q] = [await write(store, 'a', 'p', '8'), await write(store, 'a', 'q', '8')]
    const results = await Promise.allSettled([
      store.commit([p]),
      store.setCursor('reader', 3),
      store.commit([{ change: 'idempotencyKey', key: 'k' }]),
      store.commit([q])
    ])
    t.match(results, [{ reason: { name: 'Damaged' } }, {}, {}, { reason: { name: 'Damaged' } }])
    t.strictSame(
      results.map(({ status }) => status),
      ['rejected', 'fulfilled', 'fulfilled', 'rejected']
    )
    t.equal(await store.cursor('reader'), 3)
  })
})

t.test('entries whose values are in their rows are trimmed first, which makes room on a full disk', async (t) => {
  const directory = join(testDirectory(t), 'data')
  const last = await withStore(await openSqlite(directory, { maxUnwritten: 1 }), async (store) => {
    await store.commit([create(submodel('a', property('p', '0'), property('q', '0')))])
    await store.commit([await write(store, 'a', 'p', '1')])
    const { seq } = await store.commit([replace(submodel('a', property('p', '1'), property('q', '0')))])
    await store.commit([await write(store, 'a', 'q', '2')])
    diskOf(t, directory)
    return seq
  })
  const disk = join(t.testdirName, 'disk')
  breakEverything(disk)
  await withStore(await openSqlite(disk), async (store) => {
    await t.rejects(store.trimLog(last + 1), { name: 'Damaged' }, 'the last one is needed')
    t.equal((await store.figures()).logFirst, last + 1)
  })
})

t.test('rows that could not be written when it was time are tried again', async (t) => {
  const directory = join(testDirectory(t), 'data')
  await withStore(await openSqlite(directory), (store) =>
    store.commit([create(submodel('a', property('p', '0'), property('q', '0')))])
  )
  const db = new DatabaseSync(join(directory, 'hub.db'))
  const [sql, counters] = [prepare(db), new Counters(db)]
  const tail = new Tail(sql, new SetAside(db))
  let now = 0
  const clock = { monotonic: () => now } as never
  const checkpoints = new RowCheckpoints(db, tail, counters, { clock })
  const seq = counters.add('seq')
  const value = JSON.stringify({ value: 'x'.repeat(50_000) })
  new ValueChanges(sql, tail).restore({ submodel: 'a', path: 'p', value, sourceTime: 1n, quality: undefined, seq })
  checkpoints.count([{ change: 'value', submodel: 'a', path: 'p', incarnation: 1, value: '' }])
  tail.keep()
  const pages = Number(db.prepare('PRAGMA page_count').get()?.page_count)
  db.exec(`PRAGMA max_page_count = ${pages}`)
  now = 30_000
  t.equal(checkpoints.rest(), 1000, 'the disk is full')
  t.match(checkpoints.news(), { failure: { name: 'StorageFull' } }, 'and that is reported')
  t.equal(checkpoints.news(), undefined, 'once')
  now = 31_000
  t.equal(checkpoints.rest(), 2000, 'ever more rarely')
  db.exec(`PRAGMA max_page_count = ${pages + 100}`)
  now = 33_000
  checkpoints.rest()
  t.ok(tail.isEmpty)
  t.match(checkpoints.news(), { applied: seq })
  t.notOk(checkpoints.news()?.failure)
  db.close()
})

t.test('the rows of a submodel follow together, as long as they are few', async (t) => {
  const directory = join(testDirectory(t), 'data')
  await withStore(await openSqlite(directory), (store) =>
    store.commit(['a', 'b'].map((id) => create(submodel(id, property('p', '0'), property('q', '0')))))
  )
  const db = new DatabaseSync(join(directory, 'hub.db'))
  const [sql, counters] = [prepare(db), new Counters(db)]
  const tail = new Tail(sql, new SetAside(db))
  const values = new ValueChanges(sql, tail)
  const checkpoints = new RowCheckpoints(db, tail, counters, { maxValues: 1 })
  for (const submodel of ['a', 'b']) {
    const seq = counters.add('seq')
    for (const path of ['p', 'q'])
      values.restore({ submodel, path, value: '{"value":"1"}', sourceTime: 1n, quality: undefined, seq })
  }
  checkpoints.recount(4)
  tail.keep()
  const written = db.prepare('SELECT count(*) AS n FROM element WHERE revision > 1')
  for (const count of [2, 4]) {
    checkpoints.rest()
    t.equal(written.get()?.n, count)
  }
  t.ok(tail.isEmpty)
  t.equal(checkpoints.news()?.applied, counters.get('seq'))
  db.close()
})

t.test('what readers find in the log, they find in the elements', async (t) => {
  const directory = join(testDirectory(t), 'data')
  await withStore(await openSqlite(directory), (store) =>
    store.commit([create(submodel('a', property('p', '0'), property('q', '0')))])
  )
  await withStore(await openSqlite(directory), async (store) => {
    const { logLast } = await store.figures()
    const key: Change = { change: 'idempotencyKey', key: 'k' }
    const written = store.commit([await write(store, 'a', 'p', '1'), key])
    await setImmediate()
    // Until here the answer of the writer cannot have been received.
    const db = new DatabaseSync(join(directory, 'hub.db'), { readOnly: true })
    const until = Date.now() + 10_000
    while (db.prepare('SELECT max(seq) AS last FROM log').get()?.last === logLast && Date.now() < until);
    db.close()
    const { entries, gap } = await store.log(0, 10)
    t.notOk(gap)
    t.equal(entries.length, logLast)
    t.equal(await store.commitOfKey('k'), undefined)
    t.match(await store.element('a', 'p'), { value: '{"value":"0"}' })
    const { seq } = await written
    t.equal(await store.commitOfKey('k'), seq)
    t.match(await store.log(logLast, 10), { entries: [{ seq }], gap: false })
    t.match(await store.element('a', 'p'), { value: '{"value":"1"}' })
  })
})
