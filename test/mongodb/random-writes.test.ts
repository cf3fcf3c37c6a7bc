import { randomUUID } from 'node:crypto'
import { MongoClient } from 'mongodb'
import t from 'tap'
import { openMongo } from '../../src/store/mongodb/mongodb.ts'
import { comparingWrites } from '../security/random-writes.ts'

const url = process.env.MONGODB_URL ?? ''

if (url === '') t.plan(0, 'MONGODB_URL is not set; npm run test:mongodb starts a server')
else {
  comparingWrites('MongoDB', async (t) => {
    const database = `writes_${randomUUID().slice(0, 8)}`
    t.teardown(async () => {
      const client = new MongoClient(url)
      await client.db(database).dropDatabase()
      await client.close()
    })
    return openMongo(url, { database })
  })
}
