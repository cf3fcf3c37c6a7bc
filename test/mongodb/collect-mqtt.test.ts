/** Two hubs that share a database, and interfaces at two brokers: of the hubs one collects. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { type DescribedInterface, press } from '../collectors/asset-interface.ts'
import { databaseOf, dropDatabase, type Running, start } from '../e2e/harness.ts'
import { describe, put } from '../e2e/modbus-machine.ts'
import { type Broker, broker } from '../transports/mqtt-broker.ts'
import { until } from '../until.ts'

const skip = (process.env.MONGODB_URL ?? '') === '' && 'MONGODB_URL is not set; npm run test:mongodb starts a server'
const MESSAGES = 40
const SLOW = { timeoutMs: 90_000 }

const at = (here: Broker, idShort: string, name: string): DescribedInterface => ({
  ...{ idShort, vocabulary: 'http://www.w3.org/2011/mqtt' },
  endpoint: { base: here.url, contentType: 'application/json' },
  properties: { [name]: { form: { href: `press/${name}` } } }
})

async function history(hub: Running, path: string): Promise<number[]> {
  const query = `submodel=urn:press&path=${path}&from=2020-01-01T00:00:00Z&format=csv`
  const { text } = await hub.ask('GET', `${hub.url}/timeseries?${query}`)
  const rows = text.trim().split('\n').slice(1)
  return rows.map((row) => Number(row.split(',')[1]))
}

async function states(hub: Running): Promise<string[]> {
  const { json } = await hub.ask('GET', `${hub.url}/connections`)
  return json.result.map(({ state }: { state: string }) => state)
}

t.test(
  'of two hubs on one database one collects: what each broker sends is stored once, also when the other takes over',
  { skip, timeout: 300_000 },
  async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'aas-hub-collecting-'))
    const database = databaseOf(directory)
    t.teardown(async () => {
      await dropDatabase(database)
      await rm(directory, { recursive: true, force: true })
    })
    const [one, other] = [await broker(t), await broker(t)]
    const settings = {
      MONGODB_URL: database,
      COLLECT_TARGETS: [one, other].map(({ url }) => new URL(url).host).join()
    }
    const first = await start(t, settings)
    await put(first, press({ Speed: 'xs:long', Load: 'xs:long' }))
    await describe(first, at(one, 'InterfaceOne', 'Speed'), at(other, 'InterfaceOther', 'Load'))
    await until(async () => (await states(first)).join() === 'connected,connected', SLOW)
    const second = await start(t, settings)
    const senders = [
      { client: await one.client(), path: 'Speed' },
      { client: await other.client(), path: 'Load' }
    ]
    let sent = 0
    const send = async () => {
      for (const end = sent + MESSAGES; sent < end; ) {
        sent++
        for (const { client, path } of senders) await client.publishAsync(`press/${path}`, String(sent), { qos: 1 })
      }
    }
    const allStored = (hub: Running) => async () => {
      const numbers = await Promise.all(senders.map(({ path }) => history(hub, path)))
      return numbers.every((stored) => stored.includes(sent))
    }

    await send()
    await until(allStored(second), SLOW)
    t.strictSame(await states(second), [], 'the other one has no connections')
    t.equal(one.aedes.connectedClients, 2, 'of a hub, and of the sender')

    const stopped = first.stop()
    await send()
    await stopped
    await until(async () => (await states(second)).join() === 'connected,connected', SLOW)
    // This broker does not send what it has kept before what is new.
    await until(allStored(second), SLOW)
    await send()
    await until(allStored(second), SLOW)
    for (const { path } of senders) {
      const expected = Array.from({ length: sent }, (_, index) => index + 1)
      t.strictSame(await history(second, path), expected, `${path}: each message once, in order`)
    }
  }
)
