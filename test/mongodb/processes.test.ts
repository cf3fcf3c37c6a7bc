import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { MongoClient } from 'mongodb'
import t, { type Test } from 'tap'
import { startFerretdb } from '../../scripts/databases/ferretdb.ts'
import { type Clock, systemClock } from '../../src/clock.ts'
import type { Property } from '../../src/model/types.ts'
import { Collections } from '../../src/store/mongodb/collections.ts'
import { connect } from '../../src/store/mongodb/connection.ts'
import { FileStorage } from '../../src/store/mongodb/file-storage.ts'
import { Journal } from '../../src/store/mongodb/journal.ts'
import { LogWatcher } from '../../src/store/mongodb/log-watcher.ts'
import { openMongo } from '../../src/store/mongodb/mongodb.ts'
import { openReplica } from '../../src/store/mongodb/replica.ts'
import type { Change, Store } from '../../src/store/store.ts'
import { manualClock } from '../manual-clock.ts'
import { create, property, replace, submodel, submodelOf, withStore, write } from '../store/fixtures.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'

const url = process.env.MONGODB_URL ?? ''
const skip = url === '' && 'MONGODB_URL is not set; npm run test:mongodb starts a server'
const MIB = 1024 * 1024

/** A test with a database of its own. */
function stored(title: string, body: (t: Test, database: string, client: MongoClient) => Promise<void>): void {
  t.test(title, { skip, timeout: 120_000 }, async (t) => {
    const database = `own_${process.pid}_${Math.floor(Math.random() * 1e9)}`
    const client = new MongoClient(url)
    try {
      await body(t, database, client)
    } finally {
      await client.db(database).dropDatabase()
      await client.close()
    }
  })
}

/** A test with two stores on one database, like two processes. @param clock of both, where the test advances it */
function shared(
  title: string,
  body: (t: Test, one: Store, two: Store) => Promise<void>,
  clock: Clock = systemClock
): void {
  stored(title, async (t, database) => {
    await withStore(await openMongo(url, { database, clock }), async (one) => {
      await withStore(await openMongo(url, { database, clock }), (two) => body(t, one, two))
    })
  })
}

/** Resolves when the log is in the collections up to its end. */
async function checkpointed(client: MongoClient, database: string): Promise<void> {
  const collection = (name: string) => client.db(database).collection<{ _id: string; no?: number }>(name)
  await until(async () => {
    const last = await collection('log').findOne({}, { sort: { _id: -1 } })
    const applied = await collection('meta').findOne({ _id: 'applied' })
    return last !== null && Number(applied?.no ?? 0) >= Number(last._id)
  })
}

stored('processes that start at the same time on an empty database agree on its epoch', async (t, database) => {
  const stores = await Promise.all(Array.from({ length: 4 }, () => openMongo(url, { database })))
  t.equal(new Set(stores.map(({ epoch }) => epoch)).size, 1)
  const seqs = await Promise.all(stores.map(async (store, n) => (await store.commit([create(submodel(`s${n}`))])).seq))
  t.strictSame(seqs.sort(), [1, 2, 3, 4])
  for (const store of stores) await store.close()
})

shared('what one process acknowledged, the other one reads', async (t, one, two) => {
  await one.commit([create(submodel('a', property('p', '0')))])
  for (let n = 1; n <= 30; n++) {
    const [writer, reader] = n % 2 === 0 ? [one, two] : [two, one]
    await writer.commit([await write(writer, 'a', 'p', String(n))])
    t.equal((await reader.element('a', 'p'))?.value, `{"value":"${n}"}`)
    t.strictSame(await submodelOf(reader, 'a'), submodel('a', property('p', String(n))))
    t.equal((await reader.figures()).logLast, n + 1)
  }
  await one.commit([create(submodel('b'), ['f', '1'])])
  t.match(await two.documents('Submodel', [['f', '1']], { limit: 5 }), { items: [{ id: 'b' }] })
  await two.commit([{ change: 'delete', kind: 'Submodel', id: 'b' }])
  t.strictSame(await one.documents('Submodel', [['f', '1']], { limit: 5 }), { items: [] })
  await two.trimLog(5)
  t.match(await one.log(0, 1), { gap: true, entries: [{ seq: 6 }] })
})

shared('of two processes that create the same document, one is refused', async (t, one, two) => {
  for (let n = 0; n < 20; n++) {
    const outcomes = await Promise.allSettled([one, two].map((store) => store.commit([create(submodel(`s${n}`))])))
    t.strictSame(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
    t.match(
      outcomes.find(({ status }) => status === 'rejected'),
      { reason: { name: 'AlreadyExists' } }
    )
  }
})

shared('listeners are notified of commits of another process', async (t, one, two) => {
  const entryCount = new Promise<number>((resolve) => {
    two.onCommit(() => void two.log(0, 10).then(({ entries }) => resolve(entries.length)))
  })
  await one.commit([create(submodel('a'))])
  t.equal(await entryCount, 1)
})

stored(
  'commits of other processes are noticed by the change stream of the server, else by polling',
  async (t, database, client) => {
    const log = client.db(database).collection<{ _id: string }>('log')
    await log.insertOne({ _id: 'first' })
    const hasStreams = await log
      .watch()
      .tryNext()
      .then(
        () => true,
        () => false
      )
    const clock = manualClock()
    const connection = await connect(url, { database, clock })
    let polls = 0
    const watcher = new LogWatcher(connection, new Journal(connection), async () => {
      polls++
      return false
    })
    watcher.start()
    if (hasStreams) {
      await until(() => polls > 0)
      polls = 0
      await clock.advance(2000)
      t.ok(polls <= 4, `${polls} polls in two idle seconds`)
      for (let n = 0; n < 5; n++) {
        const before = polls
        await log.insertOne({ _id: `n${n}` })
        await until(() => polls > before)
      }
    } else {
      await clock.advance(2000)
      t.ok(polls >= 20, `${polls} polls in two seconds`)
    }
    watcher.stop()
    const before = polls
    await clock.advance(2000)
    t.equal(polls, before, 'without listeners there are no polls')
    await connection.close()
  }
)

const leaseClock = manualClock()
shared(
  'a lease is held by one process, and by another one once it expires or its holder is closed',
  async (t, one, two) => {
    const ttlMs = 3000
    t.equal(await one.lease('work', ttlMs), true)
    t.equal(await two.lease('work', ttlMs), false)
    t.equal(await two.lease('other', 60_000), true)
    await leaseClock.advance(ttlMs + 1)
    t.equal(await two.lease('work', 60_000), true)
    t.equal(await one.lease('work', 60_000), false)
    const both = await Promise.all([one.lease('this', 60_000), one.lease('that', 60_000)])
    t.strictSame(both, [true, true], 'of two leases that are acquired together')
    t.equal(await two.lease('this', 60_000), false, 'none is lost')
    t.equal(await two.lease('that', 60_000), false)
    await two.close()
    t.equal(await one.lease('work', 60_000), true)
    t.equal(await one.lease('other', 60_000), true)
  },
  leaseClock
)

stored('writes that are faster than checkpoints wait for these, and succeed', async (t, database) => {
  await withStore(await openMongo(url, { database }), async (store) => {
    const many = Array.from({ length: 40 }, (_, n) => ({ ...submodel(`large ${n}`), idShort: 'x'.repeat(MIB) }))
    await Promise.all(many.map((one) => store.commit([create(one)])))
    t.equal((await store.figures()).documents.Submodel, many.length)
  })
})

stored('documents and commits larger than a row are stored, read and replaced', async (t, database, client) => {
  const large = (mark: string) => ({ ...submodel('large', property('p', '1')), idShort: mark.repeat(20 * MIB) })
  await withStore(await openMongo(url, { database }), async (store) => {
    await store.commit([create(large('x'))])
    await store.commit([replace(large('y'))])
    await store.commit([await write(store, 'large', 'p', '2')])
  })
  await withStore(await openMongo(url, { database }), async (store) => {
    const document = await store.document('Submodel', 'large')
    t.ok(document?.bytes.equals(Buffer.from(JSON.stringify({ ...large('y'), submodelElements: [property('p', '2')] }))))
    let read = 0
    // A page of the log is bounded in memory.
    for (let more = 1; more > 0; read += more) more = (await store.log(read, 10)).entries.length
    t.equal(read, 3)
    const bodies = await client.db(database).collection('bodies').countDocuments()
    t.equal(bodies, 3, 'only the parts of the last body are left')
    await store.commit([{ change: 'delete', kind: 'Submodel', id: 'large' }])
  })
  t.equal(await client.db(database).collection('bodies').countDocuments(), 0)
})

stored('all values of a document with very many are kept', async (t, database, client) => {
  const count = 5000
  const value = (n: number, round: number) => property(`p${n}`, String(n * round))
  const all = (round: number) => Array.from({ length: count }, (_, n) => value(n, round))
  await withStore(await openMongo(url, { database }), async (store) => {
    await store.commit([create(submodel('a', ...all(1)))])
    for (const round of [2, 3]) {
      const incarnation = (await store.element('a', 'p0'))?.incarnation ?? -1
      const changes = all(round).map(({ idShort = '', value }: Property): Change => {
        return { change: 'value', submodel: 'a', path: idShort, incarnation, value: JSON.stringify({ value }) }
      })
      await store.commit(changes)
      await checkpointed(client, database)
    }
  })
  await withStore(await openMongo(url, { database }), async (store) => {
    t.strictSame(await submodelOf(store, 'a'), submodel('a', ...all(3)))
    await store.commit([replace(submodel('a'))])
    t.equal((await store.figures()).elements, 0)
  })
})

stored('trimming the log frees its space, and everything continues after it', async (t, database, client) => {
  await withStore(await openMongo(url, { database }), async (store) => {
    for (let n = 1; n <= 40; n++) await store.commit([create(submodel(`s${n}`))])
    const before = (await store.figures()).logBytes
    await store.trimLog(30)
    t.ok((await store.figures()).logBytes < before / 2)
    await until(async () => (await countFullBatches(client, database)) <= 20)
    t.match(await store.log(30, 100), { gap: false, entries: { length: 10 } })
  })
  await withStore(await openMongo(url, { database }), async (store) => {
    t.match(await store.log(0, 5), { gap: true, entries: [{ seq: 31 }, { seq: 32 }] })
    t.match(await store.figures(), { logFirst: 31, logLast: 40 })
    await store.trimLog(40)
    t.equal((await store.figures()).logBytes, 0)
    t.equal((await store.commit([create(submodel('next'))])).seq, 41)
  })
})

stored(
  'a page from which a document was just deleted still says whether another page follows',
  async (t, database, client) => {
    await withStore(await openMongo(url, { database }), async (store) => {
      for (let n = 0; n < 7; n++) await store.commit([create(submodel(`s${n}`))])
      const { next } = await store.documents('Submodel', [], { limit: 3 })
      await checkpointed(client, database)
      await store.commit([{ change: 'delete', kind: 'Submodel', id: 's3' }])
      const rest = await store.documents('Submodel', [], { limit: 3, after: Number(next) })
      t.match(rest, { items: [{ id: 's4' }, { id: 's5' }, { id: 's6' }] })
      t.notOk('next' in rest)
    })
  }
)

stored('listing continues however many documents were just deleted after a page', async (t, database, client) => {
  await withStore(await openMongo(url, { database }), async (store) => {
    for (let n = 0; n < 10; n++) await store.commit([create(submodel(`s${n}`))])
    await checkpointed(client, database)
    await store.commit([2, 3, 4, 5, 6, 7].map((n) => ({ change: 'delete', kind: 'Submodel', id: `s${n}` })))
    const found: string[] = []
    for (let after: number | undefined = 0; after !== undefined; ) {
      const page = await store.documents('Submodel', [], { limit: 2, after })
      found.push(...page.items.map(({ id }) => id))
      after = page.next
    }
    t.strictSame(found, ['s0', 's1', 's8', 's9'])
  })
})

stored('a file that nothing refers to is swept, and so is an interrupted upload', async (t, database, client) => {
  const connection = await connect(url, { database })
  await (await openMongo(url, { database })).close()
  const [journal, collections] = [new Journal(connection), new Collections(connection)]
  const replica = await openReplica(connection, journal, collections, {
    cacheBytes: MIB,
    queueBytes: MIB,
    futureLimit: 600_000,
    lineBytes: 4096
  })
  const files = new FileStorage(connection, replica)
  const rows = () => client.db(database).collection('files').countDocuments()
  await withStore(await openMongo(url, { database }), async (store) => {
    await store.commit([create(submodel('a'))])
    const [kept, orphan] = [Buffer.alloc(2.5 * MIB, 1), Buffer.alloc(1.5 * MIB, 2)]
    const { blob, size } = await store.receive(Readable.from([kept]), 3 * MIB)
    const file = { name: 'f', contentType: '', fileName: '', blob, size }
    await store.commit([{ change: 'attach', kind: 'Submodel', id: 'a', files: [file] }])
    await store.receive(Readable.from([orphan]), 3 * MIB)
    await files.registerUpload('cut', { collection: 'files', parts: 0 })
    await files.storePart('files', 'cut.0', orphan)
    t.equal(await rows(), 3 + 2 + 1)
    await checkpointed(client, database)
    await replica.applier.sync()
    await files.sweep(Date.now() - 60_000)
    t.equal(await rows(), 3 + 2 + 1, 'a recent file may still be attached')
    await files.sweep(Date.now() + 1)
    await until(async () => {
      await store.figures()
      return (await rows()) <= 3
    })
    t.equal(await rows(), 3)
    t.ok((await buffer(store.open(file))).equals(kept))
    t.ok((await buffer(store.open(file, { start: MIB - 1, end: MIB }))).equals(kept.subarray(0, 2)))
    t.equal((await store.figures()).bytes < 3 * MIB, true)
  })
  await connection.close()
})

stored('a database of a later release is refused', async (t, database, client) => {
  await (await openMongo(url, { database })).close()
  await client
    .db(database)
    .collection<{ _id: string }>('meta')
    .updateOne({ _id: 'hub' }, { $set: { schema: 999 } })
  await t.rejects(openMongo(url, { database }), { name: 'Unavailable', message: /later release.*999/ })
})

stored(
  'a start raises the version of the schema, so that an earlier release refuses to join',
  async (t, database, client) => {
    await (await openMongo(url, { database })).close()
    const meta = client.db(database).collection<{ _id: string; schema: number }>('meta')
    const now = (await meta.findOne({ _id: 'hub' }))?.schema
    t.ok(Number(now) > 2, 'the release before knew up to 2')
    await meta.updateOne({ _id: 'hub' }, { $set: { schema: 2 } })
    await (await openMongo(url, { database })).close()
    t.equal((await meta.findOne({ _id: 'hub' }))?.schema, now)
  }
)

t.test('an unreachable database is reported soon, with its address', async (t) => {
  const start = performance.now()
  await t.rejects(openMongo('mongodb://127.0.0.1:9/', { connectTimeoutMs: 300 }), {
    name: 'Unavailable',
    message: /127.0.0.1:9/
  })
  t.ok(performance.now() - start < 15_000)
  const missing = join(testDirectory(t), 'nowhere')
  await t.rejects(openMongo('mongodb://127.0.0.1:9/', { credentialsFile: missing }), /nowhere/)
  await t.rejects(openMongo('mongodb://127.0.0.1:9/', { caFile: missing, connectTimeoutMs: 300 }), /nowhere/)
  t.notOk(existsSync(missing))
})

t.test(
  'while the database is unreachable requests fail at once, and succeed when it is back',
  { skip, timeout: 120_000 },
  async (t) => {
    const server = await startFerretdb(join(testDirectory(t), 'data'))
    try {
      await withStore(await openMongo(server.url, { connectTimeoutMs: 2000 }), async (store) => {
        await store.commit([create(submodel('a', property('p', '1')))])
        await server.kill()
        await t.rejects(store.document('Submodel', 'a'), { name: 'Unavailable', message: /cannot be reached/ })
        const start = performance.now()
        await t.rejects(store.cursor('readiness'), { name: 'Unavailable' })
        await t.rejects(store.commit([create(submodel('b'))]), { name: 'Unavailable' })
        await t.rejects(store.element('a', 'p'), { name: 'Unavailable' })
        t.ok(performance.now() - start < 2000, 'at once')
        await server.restart()
        await until(() =>
          store.cursor('readiness').then(
            () => true,
            () => false
          )
        )
        t.equal((await store.commit([await write(store, 'a', 'p', '2')])).seq, 2)
        t.equal((await store.element('a', 'p'))?.value, '{"value":"2"}')
      })
    } finally {
      await server.kill()
    }
  }
)

/** Number of batches of the log that are not emptied. */
function countFullBatches(client: MongoClient, database: string): Promise<number> {
  return client
    .db(database)
    .collection('log')
    .countDocuments({ gone: { $exists: false } })
}
