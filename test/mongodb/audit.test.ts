/** Several processes over one database write one chain of the audit. */
import { MongoClient } from 'mongodb'
import t from 'tap'
import { ChainVerifier } from '../../src/store/audit-chain.ts'
import { openMongo } from '../../src/store/mongodb/mongodb.ts'
import type { Store } from '../../src/store/store.ts'
import { create, submodel } from '../store/fixtures.ts'
import { until } from '../until.ts'

const url = process.env.MONGODB_URL ?? ''
const skip = url === '' && 'MONGODB_URL is not set; npm run test:mongodb starts a server'

const HUBS = 3
const WRITES = 40

t.test('hubs that write at the same time continue one chain, which each of them can verify', { skip }, async (t) => {
  const database = `audit_${process.pid}`
  const client = new MongoClient(url)
  t.teardown(async () => {
    await client.db(database).dropDatabase()
    await client.close()
  })
  let hubs = await openAll(database)
  await Promise.all(hubs.map((hub, index) => write(hub, index, WRITES)))
  for (const hub of hubs) t.strictSame(await problems(hub, HUBS * WRITES), [])
  t.strictSame(await hubs[0]?.auditHead(), await hubs[1]?.auditHead())

  // Restarted, and trimmed by one while the others write.
  await Promise.all(hubs.map((hub) => hub.close()))
  hubs = await openAll(database)
  const [first] = hubs as [Store, ...Store[]]
  await Promise.all([
    first.commit([{ change: 'audit', record: '{"operation":"TrimAudit"}', trim: 50 }]),
    ...hubs.map((hub, index) => write(hub, index + HUBS, WRITES))
  ])
  for (const hub of hubs) t.strictSame(await problems(hub, 2 * HUBS * WRITES + 1 - 50), [])
  const rows = client.db(database).collection('audit')
  await until(async () => (await rows.countDocuments({})) === 2 * HUBS * WRITES + 1 - 50)
  for (const hub of hubs)
    t.strictSame(await problems(hub, 2 * HUBS * WRITES + 1 - 50), [], 'also once it is checkpointed')
  await Promise.all(hubs.map((hub) => hub.close()))
})

function openAll(database: string): Promise<Store[]> {
  return Promise.all(Array.from({ length: HUBS }, () => openMongo(url, { database })))
}

async function write(store: Store, hub: number, count: number): Promise<void> {
  const commits = Array.from({ length: count }, (_, n) =>
    store.commit([create(submodel(`${hub}/${n}`)), { change: 'audit', record: JSON.stringify({ hub, n }) }])
  )
  await Promise.all(commits)
}

/** What is wrong with the chain as a hub sees it. */
async function problems(store: Store, expected: number): Promise<string[]> {
  const chain = new ChainVerifier([await store.auditHead()])
  const found: (string | undefined)[] = []
  for (let page = await store.audit(0, 30); page.length > 0; page = await store.audit(chain.last?.number ?? 0, 30)) {
    for (const entry of page) found.push(chain.add(entry))
    if (found.some((problem) => problem !== undefined)) break
  }
  found.push(chain.end(), chain.count === expected ? undefined : `${chain.count} entries, expected ${expected}`)
  return found.filter((problem) => problem !== undefined)
}
