import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import t from 'tap'
import { openMongo } from '../../src/store/mongodb/mongodb.ts'
import { openMongoTarget } from '../../src/store/mongodb/transfer-target.ts'
import { openSqliteSource } from '../../src/store/sqlite/transfer-source.ts'
import { transfer } from '../../src/store/transfer.ts'
import { contract } from './contract.ts'

const url = process.env.MONGODB_URL ?? ''
const skip = url === '' && 'MONGODB_URL is not set; npm run test:mongodb starts a server'

t.test('the store over MongoDB keeps the promises of the port', { skip }, async (t) => {
  const names = new Set<string>()
  const client = new MongoClient(url)
  t.teardown(async () => {
    for (const name of names) await client.db(name).dropDatabase()
    await client.close()
  })
  await contract(t, async (place, options) => {
    const database = `test_${createHash('sha256').update(place).digest('hex').slice(0, 20)}`
    if (!names.has(database)) await client.db(database).dropDatabase()
    names.add(database)
    // What a backup made is a data directory.
    if (existsSync(join(place, 'hub.db'))) await move(place, database)
    return openMongo(url, { ...options, database })
  })
})

async function move(place: string, database: string): Promise<void> {
  const [source, target] = [await openSqliteSource(place), await openMongoTarget(url, { database })]
  await transfer(source, target)
  await source.close()
  await target.close()
}
