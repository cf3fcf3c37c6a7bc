import { join } from 'node:path'
import { Readable } from 'node:stream'
import { MongoClient } from 'mongodb'
import t, { type Test } from 'tap'
import { migrate } from '../src/commands/migrate.ts'
import { openMongo, openMongoSource } from '../src/store/mongodb/mongodb.ts'
import { openMongoTarget } from '../src/store/mongodb/transfer-target.ts'
import { encodeRun } from '../src/store/run-codec.ts'
import { checkDirectory } from '../src/store/sqlite/check.ts'
import { openSqlite } from '../src/store/sqlite/sqlite.ts'
import { openSqliteSource } from '../src/store/sqlite/transfer-source.ts'
import { openSqliteTarget } from '../src/store/sqlite/transfer-target.ts'
import type { Store } from '../src/store/store.ts'
import { digestsByType, type TransferSource, type TransferTarget, transfer } from '../src/store/transfer.ts'
import { collection, create, property, replace, submodel, submodelOf, withStore, write } from './store/fixtures.ts'
import { checkCopy, copyDuringWrites } from './store/pairs.ts'
import { testDirectory } from './test-directory.ts'

const url = process.env.MONGODB_URL ?? ''
const skip = url === '' && 'MONGODB_URL is not set; npm run test:mongodb starts a server'

t.test('everything is migrated to another data directory, with the positions of the log', async (t) => {
  const [from, to] = [join(testDirectory(t), 'from'), join(t.testdirName, 'to')]
  await withStore(await openSqlite(from), fill)
  const { seq } = await migrate(from, to)
  t.strictSame(await checkDirectory(to), [])
  t.strictSame(await exported(() => openSqliteSource(to)), await exported(() => openSqliteSource(from)))
  await withStore(await openSqlite(to), (store) => goesOn(t, store, seq))
})

t.test('everything is migrated to MongoDB and back, and is the same byte by byte', { skip }, async (t) => {
  const directory = testDirectory(t)
  const [from, back] = [join(directory, 'from'), join(directory, 'back')]
  const database = await freshDatabase(t, 'there')
  const address = addressOf(database)
  await withStore(await openSqlite(from), fill)
  await migrate(from, address)
  await migrate(address, back)
  t.strictSame(await checkDirectory(back), [])
  t.strictSame(await exported(() => openSqliteSource(back)), await exported(() => openSqliteSource(from)))
  const { seq } = await withStore(await openSqlite(from), async (store) => ({ seq: (await store.figures()).logLast }))
  await withStore(await openMongo(address), (store) => goesOn(t, store, seq))
  await withStore(await openSqlite(back), (store) => goesOn(t, store, seq))
})

t.test('what is copied out of a database during writes is one consistent state', { skip }, async (t) => {
  const to = join(testDirectory(t), 'to')
  const address = addressOf(await freshDatabase(t, 'used'))
  const pairs = await withStore(await openMongo(address), (store) =>
    copyDuringWrites(store, async () => {
      const [source, target] = [await openMongoSource(address), await openSqliteTarget(to)]
      await transfer(source, target)
      await source.close()
      await target.close()
    })
  )
  t.strictSame(await checkDirectory(to), [])
  await withStore(await openSqlite(to), (copy) => checkCopy(t, copy, pairs))
})

t.test('a migration that is interrupted anywhere is resumed there', { skip }, async (t) => {
  const directory = testDirectory(t)
  const from = join(directory, 'from')
  await withStore(await openSqlite(from), fill)
  const expected = await exported(() => openSqliteSource(from))
  for (const cut of [1, 3, 10, 40]) {
    const database = await freshDatabase(t, `cut${cut}`)
    const to = join(directory, `to${cut}`)
    await cutAfter(cut, from, () => openMongoTarget(url, { database }))
    await t.rejects(openMongo(url, { database }), /not finished/)
    await migrate(from, addressOf(database))
    await cutAfter(cut, from, () => openSqliteTarget(to))
    await migrate(addressOf(database), to)
    t.strictSame(await exported(() => openSqliteSource(to)), expected, `cut after ${cut} records`)
  }
})

t.test('a target that holds other data is refused', { skip }, async (t) => {
  const directory = testDirectory(t, { full: { mine: 'precious' } })
  const from = join(directory, 'from')
  await withStore(await openSqlite(from), fill)
  await t.rejects(migrate(from, join(directory, 'full')), { name: 'Conflict' })
  await t.rejects(migrate(from, from), { name: 'Conflict' })
  const database = await freshDatabase(t, 'full')
  await (await openMongo(url, { database })).close()
  await t.rejects(migrate(from, addressOf(database)), { name: 'Conflict' })
})

function packed(...values: string[]): Uint8Array {
  return encodeRun({ base: 0n, offsets: Float64Array.from(values.keys()), form: 'text', values, quality: undefined })
}

/** Something of everything that a store can hold, made by commits alone. */
async function fill(store: Store): Promise<void> {
  const many = Array.from({ length: 30 }, (_, n) => property(`p${n}`, n === 2 ? undefined : String(n)))
  await store.commit([create(submodel('gone'))])
  await store.commit([create(submodel('a', ...many, collection('c', [property('q', '1')])), ['idShort', 'x'])])
  await store.commit([
    { change: 'create', kind: 'AssetAdministrationShell', id: 'shell ä', json: '{"id":"shell ä"}', facets: [] }
  ])
  await store.commit([await write(store, 'a', 'p1', '1.5'), await write(store, 'a', 'c.q', '2')])
  const incarnation = (await store.element('a', 'p2'))?.incarnation ?? -1
  const sourceTime = 1_700_000_000_123_456_789n
  const value = '{"value":"7"}'
  await store.commit([
    { change: 'value', submodel: 'a', path: 'p2', incarnation, value, sourceTime, quality: 'uncertain' }
  ])
  const changed = submodel('a', ...many, collection('c', [property('q', '9'), property('r', '3')]))
  await store.commit([replace(changed, { touched: ['c.r'] })])
  await store.commit([await write(store, 'a', 'p3', '3.5')])
  for (let n = 0; n < 40; n++)
    await store.commit([create(submodel(`s${n}`, property('p', String(n))), ['n', String(n % 3)])])
  await store.commit([{ change: 'idempotencyKey', key: 'batch 1' }, await write(store, 's1', 'p', '100')])
  await store.commit([{ change: 'delete', kind: 'Submodel', id: 'gone' }])
  for (const [id, text] of [
    ['s1', 'same'],
    ['s2', 'same'],
    ['s3', 'x'.repeat(2_500_000)]
  ] as const) {
    const { blob, size } = await store.receive(Readable.from([Buffer.from(text)]), 3_000_000)
    const files = [{ name: '/f', contentType: 'text/plain', fileName: 'f.txt', size, blob }]
    await store.commit([{ change: 'attach', kind: 'Submodel', id, files }])
  }
  const chunk = { submodel: 's1', path: 'p', to: 9n, count: 2 }
  await store.putChunks([
    { ...chunk, from: -5n, seq: 3, bytes: packed('1', '2', '3') },
    { ...chunk, from: 5n, seq: 4, bytes: packed('4') },
    { ...chunk, path: 'a', from: 5n, seq: 4, bytes: packed('5') }
  ])
  await store.setCursor('history', 7)
  for (const [n, trim] of [0, 0, 0, 2].entries()) {
    await store.commit([{ change: 'audit', record: `{"n":${n}}`, ...(trim > 0 && { trim }) }])
  }
  await store.trimLog(3)
}

/** The copy is a store like any other one. */
async function goesOn(t: Test, store: Store, seq: number): Promise<void> {
  t.equal((await store.element('a', 'p1'))?.value, '{"value":"1.5"}')
  t.match(await store.element('a', 'p2'), { sourceTime: 1_700_000_000_123_456_789n, quality: 'uncertain' })
  t.match(await store.figures(), { logFirst: 4, logLast: seq, documents: { Submodel: 41 }, series: 2, samples: 6 })
  t.equal(await store.commitOfKey('batch 1'), seq - 8)
  const head = await store.auditHead()
  await store.commit([{ change: 'audit', record: '{}' }])
  t.match(await store.audit(head.number, 10), [{ number: 5, previous: head.hash }], 'the audit goes on')
  const p1 = await write(store, 'a', 'p1', '2.5')
  t.equal((await store.commit([p1])).seq, seq + 2)
  await store.commit([create(submodel('new'))])
  const { items } = await store.documents('Submodel', [['n', '1']], { limit: 100 })
  t.equal(items.length, 13)
  t.equal((await store.documents('Submodel', [], { limit: 100 })).items.at(-1)?.id, 'new', 'positions go on')
  t.match(await submodelOf(store, 's1'), { submodelElements: [{ value: '100' }] })
  const { entries, gap } = await store.log(seq - 1, 10)
  t.strictSame([entries.map((entry) => entry.seq), gap], [[seq, seq + 1, seq + 2, seq + 3], false])
}

/** Everything, record by record. */
async function exported(open: () => Promise<TransferSource>): Promise<unknown> {
  const source = await open()
  try {
    return [...(await digestsByType(source))]
  } finally {
    await source.close()
  }
}

/** A transfer whose target fails after a number of records, each put by itself. */
async function cutAfter(records: number, from: string, open: () => Promise<TransferTarget>): Promise<void> {
  const [source, target] = [await openSqliteSource(from), await open()]
  let put = 0
  const cut: TransferTarget = {
    progress: () => target.progress(),
    put: async (all, progress) => {
      for (const [index] of all.entries()) {
        if (put++ === records) throw new Error('cut')
        await target.put(all.slice(index, index + 1), stepOf(all.slice(0, index + 1), progress.epoch))
      }
    },
    finish: (summary) => target.finish(summary),
    close: () => target.close()
  }
  await transfer(source, cut).catch((error) => {
    if (error.message !== 'cut') throw error
  })
  await source.close()
  await target.close()
}

function stepOf(records: Parameters<TransferTarget['put']>[0], epoch: string): Parameters<TransferTarget['put']>[1] {
  const last = { file: '', position: 0 }
  for (const record of records) {
    if (record.type === 'file') last.file = record.hash
    if (record.type === 'document') last.position = record.position
  }
  return { epoch, ...(last.file !== '' && { file: last.file }), ...(last.position > 0 && { position: last.position }) }
}

async function freshDatabase(t: Test, name: string): Promise<string> {
  const database = `migrate_${process.pid}_${name}`
  const client = new MongoClient(url)
  t.teardown(async () => {
    await client.db(database).dropDatabase()
    await client.close()
  })
  return database
}

function addressOf(database: string): string {
  const address = new URL(url)
  address.pathname = `/${database}`
  return address.href
}
