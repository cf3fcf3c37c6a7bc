import { MongoClient } from 'mongodb'
import t from 'tap'
import { openMongo } from '../../src/store/mongodb/mongodb.ts'
import type { Change, Store } from '../../src/store/store.ts'
import { create, property, submodel, withStore, write } from '../store/fixtures.ts'
import { until } from '../until.ts'

const url = process.env.MONGODB_URL ?? ''
const skip = url === '' && 'MONGODB_URL is not set; npm run test:mongodb starts a server'

const HUBS = 3
const ELEMENTS = 4
const ROUNDS = 15

t.test(
  'several processes that write at once keep the order of each element in lines, and trim them with the log',
  { skip, timeout: 240_000 },
  async (t) => {
    const database = `lines_${process.pid}_${Math.floor(Math.random() * 1e9)}`
    const client = new MongoClient(url)
    const rows = () => client.db(database).collection('lines').countDocuments()
    const stores: Store[] = []
    for (let hub = 0; hub < HUBS; hub++) stores.push(await openMongo(url, { database, lineBytes: 1 }))
    t.teardown(async () => {
      for (const store of stores) await store.close()
      await client.db(database).dropDatabase()
      await client.close()
    })
    const [one, two] = stores as [Store, Store]
    const paths = Array.from({ length: ELEMENTS }, (_, index) => `p${index}`)
    await one.commit([create(submodel('s', ...paths.map((path) => property(path, '0'))))])
    // Each process has written, so that the others know of it.
    for (const store of stores) await store.commit([create(submodel(`own ${stores.indexOf(store)}`))])
    const sent = await Promise.all(stores.map((store, hub) => writeMany(store, hub, paths)))
    // A server that admits one writer at a time gets no more writes than needed.
    const { ferretdbVersion } = await client.db(database).admin().command({ buildInfo: 1 })
    if (ferretdbVersion === undefined) t.ok((await rows()) > 0, 'commits went into lines')

    const acknowledged = new Map(sent.flat())
    const logged = new Map<number, string>()
    for (let after = 0; ; ) {
      const { entries } = await two.log(after, 50)
      for (const { seq, changes } of entries) {
        const [change] = changes
        if (change?.change === 'value') logged.set(seq, JSON.parse(change.value).value)
      }
      const last = entries.at(-1)
      if (last === undefined) break
      after = last.seq
    }
    t.strictSame([...logged].sort(byNumber), [...acknowledged].sort(byNumber), 'each once, under its number')
    for (const [hub, own] of sent.entries()) {
      const inOrder = own.map(([seq]) => seq)
      t.strictSame(
        inOrder,
        inOrder.toSorted((a, b) => a - b),
        `those of process ${hub} in the order sent`
      )
    }
    const last = [...logged].sort(byNumber).at(-1)
    for (const store of stores) {
      const found = await Promise.all(paths.map((path) => store.element('s', path)))
      const newest = found.reduce((latest, row) => ((row?.revision ?? 0) > (latest?.revision ?? 0) ? row : latest))
      t.match(newest, { revision: last?.[0], value: JSON.stringify({ value: last?.[1] }) })
    }

    // A process that begins now reads what is in lines and not in the collections.
    await withStore(await openMongo(url, { database }), async (late) => {
      t.strictSame(await late.document('Submodel', 's'), await one.document('Submodel', 's'))
    })
    await one.trimLog((await one.figures()).logLast)
    await until(async () => (await rows()) === 0)
  }
)

t.test('a single process stores nothing in lines', { skip, timeout: 120_000 }, async (t) => {
  const database = `line_${process.pid}_${Math.floor(Math.random() * 1e9)}`
  const client = new MongoClient(url)
  try {
    await withStore(await openMongo(url, { database, lineBytes: 1 }), async (store) => {
      await store.commit([create(submodel('s', property('p0', '0')))])
      await writeMany(store, 0, ['p0'])
      t.equal(await client.db(database).collection('lines').countDocuments(), 0)
    })
  } finally {
    await client.db(database).dropDatabase()
    await client.close()
  }
})

/** Values sent without waiting for one another. @returns number and value of each commit, in the order sent */
async function writeMany(store: Store, hub: number, paths: readonly string[]): Promise<[seq: number, value: string][]> {
  const acknowledged: [number, string][] = []
  for (let round = 0; round < ROUNDS; round++) {
    const changes: [Change, string][] = []
    for (const path of paths) {
      const value = `${hub} ${round} ${path}`
      changes.push([await write(store, 's', path, value), value])
    }
    acknowledged.push(
      ...(await Promise.all(
        changes.map(async ([change, value]): Promise<[number, string]> => [(await store.commit([change])).seq, value])
      ))
    )
  }
  return acknowledged
}

function byNumber([one]: readonly [number, string], [other]: readonly [number, string]): number {
  return one - other
}
