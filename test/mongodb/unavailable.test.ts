import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { WebSocket } from 'ws'
import { startFerretdb } from '../../scripts/databases/ferretdb.ts'
import { encode, start } from '../e2e/harness.ts'
import { until } from '../until.ts'

const skip = (process.env.MONGODB_URL ?? '') === '' && 'MONGODB_URL is not set; npm run test:mongodb starts a server'

const submodel = {
  modelType: 'Submodel',
  id: 'urn:m',
  submodelElements: [{ modelType: 'Property', idShort: 'Count', valueType: 'xs:int', value: '0' }]
}
const COUNT = `/submodels/${encode('urn:m')}/submodel-elements/Count/$value`

t.test(
  'while the database is unreachable every client gets an error at once, and service resumes by itself',
  { skip, timeout: 120_000 },
  async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'aas-hub-away-'))
    const database = await startFerretdb(join(directory, 'database'))
    t.teardown(async () => {
      await database.kill()
      await rm(directory, { recursive: true, force: true })
    })
    const hub = await start(t, { DATA_DIR: join(directory, 'data'), MONGODB_URL: `${database.url}hub` })
    await hub.post('/submodels', submodel)
    const socket = new WebSocket(`${hub.url.replace('http', 'ws')}/stream`)
    const messages: { type: string; available?: boolean; events?: { value: number }[] }[] = []
    socket.on('message', (data) => messages.push(JSON.parse(String(data))))
    await once(socket, 'open')
    socket.send('{"type":"subscribe","id":1,"select":{"kinds":["value"]}}')
    const receives = (type: string, from = 0) =>
      until(() => messages.slice(from).some((message) => message.type === type))
    await receives('subscribed')
    t.equal((await hub.patch(COUNT, '1')).status, 204)
    await receives('event')

    await database.kill()
    const refused = await hub.patch(COUNT, '2')
    t.equal(refused.status, 503)
    t.match(refused.headers.get('retry-after'), /^\d+$/)
    t.match(refused.json, { messages: [{ text: /cannot be reached/ }] })
    t.equal((await hub.get(COUNT)).status, 503, 'what is cached may be outdated')
    t.match(await hub.get(`${hub.url}/readyz`), { status: 503 })
    t.match(await hub.get(`${hub.url}/healthz`), { status: 200 })
    await receives('store')
    t.match(messages.at(-1), { type: 'store', available: false })
    const pushed = messages.length
    socket.send('{"type":"push","id":2,"submodel":"urn:m","path":"Count","value":3}')
    await receives('refused', pushed)
    t.match(messages.at(-1), { type: 'refused', code: 'Unavailable' })

    await database.restart()
    const back = messages.length
    await receives('store', back)
    t.match(messages.at(-1), { type: 'store', available: true })
    await until(async () => (await hub.get(`${hub.url}/readyz`)).status === 200)
    t.equal((await hub.get(COUNT)).json, 1)
    t.equal((await hub.patch(COUNT, '4')).status, 204)
    await until(() => messages.some(({ events }) => events?.some(({ value }) => value === 4) === true))
    socket.terminate()
  }
)
