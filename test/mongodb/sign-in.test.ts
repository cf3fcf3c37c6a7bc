import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { databaseOf, dropDatabase, start } from '../e2e/harness.ts'
import { until } from '../until.ts'

const skip = (process.env.MONGODB_URL ?? '') === '' && 'MONGODB_URL is not set; npm run test:mongodb starts a server'

t.test('a user who is locked at one hub is locked at all hubs of the database', { skip }, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'aas-hub-sign-in-'))
  const database = databaseOf(directory)
  t.teardown(async () => {
    await dropDatabase(database)
    await rm(directory, { recursive: true, force: true })
  })
  const hubs = []
  for (const name of ['one', 'other']) {
    hubs.push(await start(t, { DATA_DIR: join(directory, name), MONGODB_URL: database }))
  }
  const [one, other] = hubs
  if (one === undefined || other === undefined) throw new Error('two hubs')
  const password = 'correct horse battery'
  const user = { name: 'kim', password, claims: { role: 'administrator' } }
  t.equal((await one.ask('POST', `${one.url}/security/users`, user)).status, 201)
  await until(async () => (await other.get('/shells')).status === 401)
  const session = (hub: typeof one, secret: string) =>
    hub.ask('POST', `${hub.url}/security/session`, { user: 'kim', password: secret })
  t.equal((await session(other, password)).status, 200)
  for (let count = 0; count < 5; count++) {
    t.equal((await session(count % 2 === 0 ? one : other, 'wrong horse battery')).status, 401)
  }
  const basic = { authorization: `Basic ${Buffer.from(`kim:${password}`).toString('base64')}` }
  for (const hub of [one, other]) {
    const locked = await session(hub, password)
    t.equal(locked.status, 429)
    t.ok(Number(locked.headers.get('retry-after')) > 20, 'says when to try again')
    t.equal((await hub.get('/shells', basic)).status, 429)
  }
})
