import { createHash } from 'node:crypto'
import { MongoClient } from 'mongodb'
import t from 'tap'
import { openMongo } from '../../src/store/mongodb/mongodb.ts'
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
    return openMongo(url, { ...options, database })
  })
})
