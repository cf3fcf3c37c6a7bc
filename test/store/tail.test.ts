/** Values that are durable in the log, but not in their rows yet (src/store/sqlite/tail.ts). */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { migrate } from '../../src/commands/migrate.ts'
import type { Submodel } from '../../src/model/types.ts'
import { encodeRun } from '../../src/store/run-codec.ts'
import { backupDirectory } from '../../src/store/sqlite/backup.ts'
import { prepare } from '../../src/store/sqlite/changes-sql.ts'
import { checkDirectory } from '../../src/store/sqlite/check.ts'
import { Counters } from '../../src/store/sqlite/counters.ts'
import { RowCheckpoints } from '../../src/store/sqlite/row-checkpoints.ts'
import { SetAside } from '../../src/store/sqlite/set-aside.ts'
import { openSqlite, type SqliteOptions } from '../../src/store/sqlite/sqlite.ts'
import { Tail } from '../../src/store/sqlite/tail.ts'
import { ValueChanges } from '../../src/store/sqlite/value-changes.ts'
import type { Change, ElementCondition, Store } from '../../src/store/store.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'
import { diskOf } from './disk.ts'
import { collection, create, property, replace, submodel, submodelOf, withStore, write } from './fixtures.ts'

/** A test with an open store of its own. */
function stored(
  title: string,
  body: (t: Test, store: Store, directory: string) => Promise<void>,
  options: SqliteOptions = {}
): void {
  t.test(title, async (t) => {
    const directory = join(testDirectory(t), 'data')
    await withStore(await openSqlite(directory, options), (store) => body(t, store, directory))
  })
}

/** The values of the rows of a submodel, as they are on disk. */
function rowsOf(directory: string, id: string): Record<string, string> {
  const db = new DatabaseSync(join(directory, 'hub.db'), { readOnly: true })
  const all = 'SELECT path, value FROM element WHERE document = (SELECT position FROM document WHERE id = ?)'
  const rows = db.prepare(all).all(id)
  db.close()
  return Object.fromEntries(rows.map(({ path, value }) => [String(path), String(value)]))
}

/** Opens what the disk holds. @returns what the body returns, and how many entries were read first */
async function afterDeath<Result>(t: Test, directory: string, body: (store: Store) => Promise<Result>) {
  let entries = 0
  const store = await openSqlite(diskOf(t, directory), { onRecovered: (count) => (entries = count) })
  return { entries, found: await withStore(store, body) }
}

stored(
  'a value is durable with its entry in the log, and read from everywhere before its row has it',
  async (t, store, directory) => {
    await store.commit([create(submodel('a', property('p', '1'), property('q', '1')))])
    const { seq } = await store.commit([await write(store, 'a', 'p', '2')])
    t.strictSame(rowsOf(directory, 'a'), { p: '{"value":"1"}', q: '{"value":"1"}' }, 'the row follows later')
    // A second store of the same data has nothing in its cache.
    const { entries, found } = await afterDeath(t, directory, async (again) => [
      await submodelOf(again, 'a'),
      (await again.head('Submodel', 'a'))?.revision,
      (await again.element('a', 'p'))?.revision
    ])
    t.equal(entries, 1)
    t.strictSame(found, [submodel('a', property('p', '2'), property('q', '1')), seq, seq])
    t.strictSame(await submodelOf(store, 'a'), submodel('a', property('p', '2'), property('q', '1')))
    t.match(await store.documents('Submodel', [], { limit: 1 }), { items: [{ revision: seq }] })
  }
)

stored(
  'a reader without a cache sees every value at once',
  async (t, store) => {
    await store.commit([create(submodel('a', property('p', '1'))), create(submodel('b', property('p', '1')))])
    const writes = ['a', 'b'].map((id) => write(store, id, 'p', '2'))
    const [first, second] = await Promise.all(writes)
    const [{ seq }] = await Promise.all([store.commit([first as Change]), store.commit([second as Change])])
    t.match(await store.element('a', 'p'), { value: '{"value":"2"}', revision: seq })
    t.equal((await store.head('Submodel', 'a'))?.revision, seq)
    const { items } = await store.documents('Submodel', [], { limit: 10 })
    t.match(
      items.map(({ bytes }) => JSON.parse(String(bytes))),
      [submodel('a', property('p', '2')), submodel('b', property('p', '2'))]
    )
  },
  { cacheBytes: 0 }
)

stored('a search by value sees a value that was just written, and not the one before', async (t, store) => {
  await store.commit([create(submodel('a', property('v', '1'), collection('c', [property('v', '1')])))])
  await store.commit([create(submodel('b', property('v', '1')))])
  await store.commit([
    create(submodel('n', { modelType: 'Property', idShort: 'v', valueType: 'xs:string', value: 'x' }))
  ])
  const found = async (value: NonNullable<ElementCondition['value']>) =>
    (await store.documents('Submodel', [], { limit: 10 }, [{ path: 'v', value }])).items.map(({ id }) => id)
  await store.commit([await write(store, 'b', 'v', '7')])
  t.strictSame(await found({ is: 'eq', than: 1 }), ['a'])
  t.strictSame(await found({ is: 'eq', than: 7 }), ['b'])
  t.strictSame(await found({ is: 'ge', than: 7 }), ['b'])
  t.strictSame(await found({ is: 'gt', than: 7 }), [])
  await store.commit([await write(store, 'a', 'v', '7')])
  t.strictSame(await found({ is: 'eq', than: 1 }), ['a'], 'another element has it still')
  t.strictSame(await found({ is: 'eq', than: 7 }), ['a', 'b'], 'in their order')
  await store.commit([await write(store, 'a', 'c.v', 'y')])
  t.strictSame(await found({ is: 'eq', than: 1 }), [])
  t.strictSame(await found({ is: 'eq', than: 'y' }), ['a'])
  t.strictSame(await found({ is: 'le', than: 7 }), ['a', 'b'])
  await store.commit([{ change: 'delete', kind: 'Submodel', id: 'b' }])
  t.strictSame(await found({ is: 'eq', than: 7 }), ['a'])
})

stored(
  'a search over many values that are in no row yet lets others have their turn',
  async (t, store) => {
    const names = Array.from({ length: 1000 }, (_, n) => `c${n}`)
    const ids = Array.from({ length: 20 }, (_, n) => `s${n}`)
    for (const id of ids)
      await store.commit([create(submodel(id, ...names.map((name) => collection(name, [property('v', '0')]))))])
    for (const [index, id] of ids.entries()) {
      const changes = await Promise.all(names.map((name, n) => write(store, id, `${name}.v`, String(index * 1000 + n))))
      await store.commit(changes)
    }
    for (const [value, expected] of [
      [{ is: 'eq', than: 7003 }, ['s7']],
      [{ is: 'gt', than: 18_998 }, ['s18', 's19']],
      [{ is: 'lt', than: 0 }, []]
    ] as const) {
      let turns = 0
      const turn = () => {
        turns++
        next = setImmediate(turn)
      }
      let next = setImmediate(turn)
      const { items } = await store.documents('Submodel', [], { limit: 10 }, [{ path: 'v', value }])
      clearImmediate(next)
      t.strictSame(
        items.map(({ id }) => id),
        expected
      )
      if (value.is === 'eq') t.ok(turns > 1, `${turns} turns`)
    }
  },
  { maxUnwritten: 100_000 }
)

t.test('of very many values that a process leaves the rows follow after the start', async (t) => {
  const directory = join(testDirectory(t), 'data')
  const names = Array.from({ length: 5000 }, (_, n) => `p${n}`)
  const left = await withStore(await openSqlite(directory), async (store) => {
    await store.commit([create(submodel('a', ...names.map((name) => property(name, '0'))))])
    for (const value of ['1', '2']) {
      const changes = await Promise.all(names.map((name) => write(store, 'a', name, value)))
      await store.commit(changes)
    }
    return diskOf(t, directory)
  })
  const again = join(t.testdirName, 'again')
  cpSync(left, again, { recursive: true })
  await withStore(await openSqlite(left), async (store) => {
    const { submodelElements = [] } = (await submodelOf(store, 'a')) as Submodel
    t.ok(submodelElements.every((element) => 'value' in element && element.value === '2'))
    t.strictSame(rowsOf(left, 'a').p0, '{"value":"0"}', 'the start has not waited for them')
  })
  const areWritten = (place: string) => Object.values(rowsOf(place, 'a')).every((value) => value === '{"value":"2"}')
  t.ok(areWritten(left), 'the end has')
  // More than may be ahead of their rows: these follow without a further commit.
  await withStore(await openSqlite(again, { maxUnwritten: 9000 }), () => until(() => areWritten(again)))
})

stored('what a process leaves that ends early is as it was acknowledged', async (t, store, directory) => {
  const blob = { modelType: 'Blob', idShort: 'blob', contentType: 'text/plain' } as const
  for (const id of ['a', 'b', 'c', 'd'])
    await store.commit([create(submodel(id, property('p', '1'), property('q', '1'), blob))])
  const at = (time: bigint, value: string, element: Change): Change => ({
    ...(element as Change & { change: 'value' }),
    value: JSON.stringify({ value }),
    sourceTime: time
  })
  // Later than the values of the documents.
  const soon = BigInt(Date.now() + 1000) * 1_000_000n
  const p = await write(store, 'a', 'p', '')
  await store.commit([at(soon + 2n, 'newer', p), at(soon + 1n, 'late', p)])
  const several = [at(soon, 'late', p), at(soon + 3n, 'newer', p), at(soon, 'late', p), at(soon + 4n, 'newest', p)]
  await store.commit([...several, at(soon, 'late', p)])
  t.equal((await store.element('a', 'p'))?.value, '{"value":"newest"}')
  const run = encodeRun({
    ...{ base: 5n, offsets: Float64Array.of(0, 2, 1), form: 'text', values: ['1', 'newest', '3'] },
    quality: undefined
  })
  const incarnation = (await store.element('a', 'q'))?.incarnation ?? 0
  const samples = { change: 'samples', submodel: 'a', path: 'q', incarnation, run, count: 3, from: 5n, to: 7n } as const
  await store.commit([{ ...samples, value: '{"value":"newest"}', timing: 'historical' }])
  await store.commit([await write(store, 'b', 'blob', Buffer.from('x').toString('base64'))])
  await store.commit([await write(store, 'b', 'q', 'kept')])
  await store.commit([replace(submodel('b', property('p', '3'), property('q', '1'), blob), { touched: ['p'] })])
  await store.commit([await write(store, 'c', 'p', 'gone'), { change: 'delete', kind: 'Submodel', id: 'c' }])
  await store.commit([create(submodel('c', property('p', 'again')))])
  const q = (await store.element('d', 'q'))?.incarnation ?? 0
  await store.commit([{ ...samples, submodel: 'd', incarnation: q, to: 2n ** 62n, value: '{"value":"newest"}' }])
  await store.commit([await write(store, 'd', 'blob', Buffer.from('x').toString('base64'))])

  const before = await stateOf(store)
  t.strictSame(await checkDirectory(directory), [], 'sound while values are ahead of their rows')
  const { entries, found } = await afterDeath(t, directory, stateOf)
  t.ok(entries > 0 && entries <= 10, `${entries} entries were read`)
  t.strictSame(found, before)
  t.strictSame(await checkDirectory(join(t.testdirName, 'disk')), [])
  const onRecovered = () => t.fail('once closed there is nothing to read')
  t.strictSame(await withStore(await openSqlite(join(t.testdirName, 'disk'), { onRecovered }), stateOf), before)
})

stored('a backup and a migration have the values that are ahead of their rows', async (t, store, directory) => {
  await store.commit([create(submodel('a', property('p', '1')))])
  await store.commit([await write(store, 'a', 'p', '2')])
  await backupDirectory(directory, join(t.testdirName, 'backup'))
  t.strictSame(rowsOf(join(t.testdirName, 'backup'), 'a'), { p: '{"value":"1"}' })
  await migrate(diskOf(t, directory), join(t.testdirName, 'migrated'))
  for (const copy of ['backup', 'migrated']) {
    t.strictSame(await checkDirectory(join(t.testdirName, copy)), [], `${copy} is sound`)
    const found = await withStore(await openSqlite(join(t.testdirName, copy)), stateOf)
    t.match(found, [{ id: 'a', json: submodel('a', property('p', '2')) }], copy)
  }
})

stored('trimming the log keeps what its entries had set', async (t, store, directory) => {
  await store.commit([create(submodel('a', property('p', '1')))])
  const { seq } = await store.commit([await write(store, 'a', 'p', '2')])
  await store.trimLog(seq)
  t.strictSame(rowsOf(directory, 'a'), { p: '{"value":"2"}' })
  const { entries, found } = await afterDeath(t, directory, stateOf)
  t.equal(entries, 0)
  t.strictSame(found, await stateOf(store))
})

stored('a damaged entry that is needed is reported, and the rest is read', async (t, store, directory) => {
  await store.commit([create(submodel('a', property('p', '1'), property('q', '1')))])
  const { seq } = await store.commit([await write(store, 'a', 'p', '2')])
  await store.commit([await write(store, 'a', 'q', '2')])
  const disk = diskOf(t, directory)
  const db = new DatabaseSync(join(disk, 'hub.db'))
  db.exec(`UPDATE log SET changes = replace(changes, '2', '3') WHERE seq = ${seq}`)
  db.close()
  await t.rejects(migrate(disk, join(t.testdirName, 'migrated')), {
    name: 'Damaged',
    message: new RegExp(`Entry ${seq}`)
  })
  await withStore(await openSqlite(disk), async (again) => {
    t.equal((await again.figures()).damaged, 1)
    t.strictSame(await submodelOf(again, 'a'), submodel('a', property('p', '1'), property('q', '2')))
  })
})

t.test('rows follow in short transactions, and any of them may be the last', async (t) => {
  const ids = ['a', 'b', 'c', 'd', 'e']
  const step = fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({ id: fc.constantFrom(...ids), path: fc.constantFrom('p', 'q'), value: fc.nat(9) })
    },
    { weight: 1, arbitrary: fc.record({ id: fc.constantFrom(...ids), replaced: fc.boolean() }) },
    { weight: 1, arbitrary: fc.constant('death' as const) }
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 20, maxLength: 80 }),
      fc.constantFrom(2, 5, 10_000),
      async (steps, maxUnwritten) => {
        const directory = join(testDirectory(t), 'data')
        await withStore(await openSqlite(directory, { maxUnwritten, cacheBytes: 2000 }), async (store) => {
          await store.commit(ids.map((id) => create(submodel(id, property('p', '0'), property('q', '0')))))
          for (const one of steps) {
            if (one === 'death') {
              const { found } = await afterDeath(t, directory, stateOf)
              t.strictSame(found, await stateOf(store))
            } else if ('path' in one) {
              await store.commit([await write(store, one.id, one.path, String(one.value))])
              t.match(await store.element(one.id, one.path), { value: `{"value":"${one.value}"}` })
            } else {
              const changed = submodel(one.id, property('p', 'new'), property('q', 'old'))
              await store.commit([replace(changed, one.replaced ? {} : { touched: ['p'] })])
            }
          }
          const last = await stateOf(store)
          t.strictSame((await afterDeath(t, directory, stateOf)).found, last)
          t.strictSame(await checkDirectory(directory), [])
        })
        t.strictSame(await checkDirectory(directory), [])
      }
    ),
    { numRuns: Number(process.env.TAIL_RUNS ?? 8) }
  )
})

t.test('where the disk is full rows wait, nothing is lost, and they follow once there is room', async (t) => {
  const directory = join(testDirectory(t), 'data')
  const values = Array.from({ length: 300 }, (_, n) => `p${n}`)
  await withStore(await openSqlite(directory), (store) =>
    store.commit([create(submodel('a', ...values.map((name) => property(name, '0'))))])
  )
  const db = new DatabaseSync(join(directory, 'hub.db'))
  const [sql, counters] = [prepare(db), new Counters(db)]
  const tail = new Tail(sql, new SetAside(db))
  const changes = new ValueChanges(sql, tail)
  const checkpoints = new RowCheckpoints(db, tail, counters, { maxValues: 64 })
  const long = 'x'.repeat(2000)
  const seq = counters.add('seq')
  for (const path of values)
    changes.restore({
      submodel: 'a',
      path,
      value: JSON.stringify({ value: long }),
      sourceTime: 1n,
      quality: undefined,
      seq
    })
  checkpoints.count(values.map((path) => ({ change: 'value', submodel: 'a', path, incarnation: 1, value: '' })))
  tail.keep()
  const pages = Number(db.prepare('PRAGMA page_count').get()?.page_count)
  const limit = (more: number) => db.exec(`PRAGMA max_page_count = ${pages + more}`)
  limit(0)
  t.ok(Number(checkpoints.rest()) > 0, 'it waits')
  t.ok(checkpoints.isOverdue, 'and no more values are to be taken')
  t.throws(() => checkpoints.finish(), /full/)
  t.equal(tail.get('a')?.rows.size, 300, 'what was rolled back is still to be written')
  t.equal(db.prepare('SELECT count(*) AS n FROM element WHERE revision > 1').get()?.n, 0)
  limit(1000)
  checkpoints.finish()
  t.ok(tail.isEmpty)
  t.notOk(checkpoints.isOverdue)
  t.equal(checkpoints.news()?.applied, seq)
  t.equal(db.prepare('SELECT count(*) AS n FROM element WHERE revision > 1').get()?.n, 300)
  db.close()
})

t.test('a hub starts on a full disk, with every value that was acknowledged', async (t) => {
  const directory = join(testDirectory(t), 'data')
  const names = Array.from({ length: 300 }, (_, n) => `p${n}`)
  const last = await withStore(await openSqlite(directory), async (store) => {
    await store.commit([create(submodel('a', ...names.map((name) => property(name, '0'))))])
    const changes = await Promise.all(names.map((name) => write(store, 'a', name, 'x'.repeat(2000))))
    await store.commit(changes)
    diskOf(t, directory)
    return stateOf(store)
  })
  const disk = join(t.testdirName, 'disk')
  const db = new DatabaseSync(join(disk, 'hub.db'))
  const maxBytes = Number(db.prepare('PRAGMA page_count').get()?.page_count) * 4096
  db.close()
  await withStore(await openSqlite(disk, { maxBytes, maxUnwritten: 100, cacheBytes: 0 }), async (store) => {
    t.strictSame(await stateOf(store), last)
    await t.rejects(store.commit([await write(store, 'a', 'p0', 'y'.repeat(100_000))]), { name: 'StorageFull' })
  })
  t.strictSame(await withStore(await openSqlite(disk), stateOf), last, 'also once there is room')
  t.strictSame(await checkDirectory(disk), [])
})

/** Everything that is read of submodels. */
async function stateOf(store: Store): Promise<unknown> {
  const { items } = await store.documents('Submodel', [], { limit: 100 })
  const found: unknown[] = []
  for (const { id, revision, hasBlob, bytes } of items) {
    const json = JSON.parse(String(bytes)) as { submodelElements: { idShort: string }[] }
    const rows = await Promise.all(json.submodelElements.map(({ idShort }) => store.element(id, idShort)))
    found.push({ id, revision, hasBlob, json, rows, head: await headOf(store, id) })
    const document = await store.document('Submodel', id)
    found.push([document?.revision, document?.bytes.toString(), document?.hasBlob])
  }
  return found
}

async function headOf(store: Store, id: string): Promise<unknown> {
  const { position, revision, structureRevision } = (await store.head('Submodel', id)) ?? {}
  return { position, revision, structureRevision }
}
