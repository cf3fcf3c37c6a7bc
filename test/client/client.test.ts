import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { BufferFullError, type Client, connect, type Events, gateway, RefusedError } from '../../src/client/node.ts'
import { type Running, start } from '../e2e/harness.ts'

const property = (idShort: string, valueType: string) => ({ modelType: 'Property', idShort, valueType })
const machine = {
  modelType: 'Submodel',
  id: 'urn:m',
  submodelElements: [property('Speed', 'xs:double'), property('Count', 'xs:int')]
}

async function filled(t: Test, settings = {}): Promise<Running> {
  const hub = await start(t, settings)
  await hub.post('/submodels', machine)
  return hub
}

function client(t: Test, hub: Running): Client {
  const made = connect(hub.url)
  t.teardown(() => made.close())
  return made
}

async function values(hub: Running, path = 'Speed'): Promise<unknown[]> {
  const { json } = await hub.get(`/timeseries?submodel=urn:m&path=${path}`)
  return (json.rows ?? []).map(([, value]: [string, unknown]) => value)
}

t.test('a push resolves when it is durable, and one that does not fit is refused with the reason', async (t) => {
  const hub = await filled(t)
  const made = client(t, hub)
  t.match(await made.push({ submodel: 'urn:m', path: 'Speed', value: 1.5 }), { accepted: 1, cursor: String })
  t.match(await made.push([{ submodel: 'urn:m', path: 'Count', start: 0, step: 1, values: [1, 2, 3] }]), {
    accepted: 3
  })
  const error = await made.push({ submodel: 'urn:m', path: 'Count', value: 'x' }).catch((error: unknown) => error)
  t.ok(error instanceof RefusedError)
  t.match(error, { code: 'Invalid', violations: [{ pointer: '/0', text: /whole number/ }] })
  t.strictSame(await values(hub, 'Count'), [1, 2, 3])
})

t.test(
  'a client that loses the hub comes back, sends again what was not acknowledged, and misses nothing',
  async (t) => {
    const hub = await filled(t)
    const port = new URL(hub.url).port
    const settings = { DATA_DIR: hub.directory, PORT: port }
    const [writer, reader] = [client(t, hub), client(t, hub)]
    const seen: unknown[] = []
    const following = reader.subscribe({ select: { paths: ['Speed'] } }, ({ events }: Events) =>
      seen.push(...events.map(({ value }) => value))
    )
    while (following.cursor === undefined) await sleep(1)
    const count = 300
    const pushed: Promise<unknown>[] = []
    let current: Running = hub
    for (let i = 0; i < count; i++) {
      pushed.push(writer.push({ submodel: 'urn:m', path: 'Speed', time: i, value: i }))
      if (i === 100) void current.stop()
      if (i % 10 === 0) await sleep(1)
    }
    await current.stop()
    current = await start(t, settings)
    await Promise.all(pushed)
    t.strictSame(
      await values(current),
      Array.from({ length: count }, (_, i) => i)
    )
    while (seen.length < count) await sleep(10)
    t.strictSame(
      seen,
      Array.from({ length: count }, (_, i) => i),
      'each once and in order'
    )
  }
)

t.test('a gateway keeps what it cannot send on disk, also across its own end', async (t) => {
  const hub = await filled(t)
  const port = new URL(hub.url).port
  const directory = join(t.testdir({}), 'buffer')
  const first = gateway(hub.url, { directory })
  first.push({ submodel: 'urn:m', path: 'Speed', time: 1, value: 1 })
  await first.drain()
  t.strictSame(readdirSync(directory), [], 'what is acknowledged is gone')
  await hub.stop()
  for (let i = 2; i <= 50; i++) first.push({ submodel: 'urn:m', path: 'Speed', time: i, value: i })
  t.ok(first.backlog > 0)
  first.close()
  const second = gateway(`http://127.0.0.1:${port}`, { directory })
  t.equal(second.backlog, first.backlog)
  second.push({ submodel: 'urn:m', path: 'Speed', time: 51, value: 51 })
  const again = await start(t, { DATA_DIR: hub.directory, PORT: port })
  await second.drain()
  t.strictSame(
    await values(again),
    Array.from({ length: 51 }, (_, i) => i + 1)
  )
  t.strictSame(readdirSync(directory), [])
  second.close()
})

t.test('a buffer has a bound, and what the hub will never take does not stop the rest', async (t) => {
  const hub = await filled(t)
  const directory = join(t.testdir({}), 'buffer')
  const refused: string[] = []
  const edge = gateway(hub.url, { directory, limit: 2000, onRefused: ({ code }) => refused.push(code) })
  edge.push({ submodel: 'urn:m', path: 'Nothing', value: 1 })
  edge.push({ submodel: 'urn:m', path: 'Speed', value: 7 })
  await edge.drain()
  t.strictSame(refused, ['Invalid'])
  t.strictSame(await values(hub), [7])
  await hub.stop()
  t.throws(() => {
    for (let i = 0; i < 100; i++) edge.push({ submodel: 'urn:m', path: 'Speed', value: i })
  }, BufferFullError)
  edge.close()
})
