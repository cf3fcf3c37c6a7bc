/** What was not collected while the process that collects was off: reported at its elements, never silently good. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { clockOf } from '../../src/clock.ts'
import { collectAtEdge } from '../../src/commands/collect.ts'
import { type DescribedInterface, press } from '../collectors/asset-interface.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'
import { type Running, start } from './harness.ts'
import { describe, modbus, modbusMachine, put } from './modbus-machine.ts'

const OFF_MS = 5 * 60_000

/** The clock of a process that starts some minutes later. */
const laterClock = () => clockOf(() => Date.now() + OFF_MS)

interface Stored {
  readonly time: number
  readonly value: number
  readonly quality: string
}

async function history(hub: Running, path: string): Promise<Stored[]> {
  const query = `submodel=urn:press&path=${path}&from=2020-01-01T00:00:00Z&format=csv&quality=true`
  const { text } = await hub.ask('GET', `${hub.url}/timeseries?${query}`)
  const [head = '', ...lines] = text.trim().split(/\r?\n/)
  const at = head.split(',').findIndex((name) => name.includes('quality'))
  return lines.map((line) => {
    const cells = line.split(',')
    return { time: Date.parse(cells[0] ?? ''), value: Number(cells[1]), quality: cells[at] ?? '' }
  })
}

/** A machine whose answers count, by HTTP. */
async function httpMachine(t: Test): Promise<number> {
  const server = createServer((_request, response) => response.end('{"level": 7}'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.closeAllConnections() ?? server.close())
  return (server.address() as AddressInfo).port
}

const http = (port: number): DescribedInterface => ({
  ...{ idShort: 'InterfaceHTTP', vocabulary: 'http://www.w3.org/2011/http', interval: 0.05 },
  endpoint: { base: `http://127.0.0.1:${port}`, contentType: 'application/json' },
  properties: { Level: { form: { href: '/#/level', htv_methodName: 'GET' } } }
})

/** Is the value bad from the reading after the last one before the pause, until the next reading? */
function checkGap(t: Test, samples: readonly Stored[], value: number, startsAfterMs = 50): void {
  const bad = samples.filter(({ quality }) => quality === 'bad')
  t.equal(bad.length, 1)
  const at = samples.findIndex(({ quality }) => quality === 'bad')
  const [before, gap, after] = samples.slice(at - 1, at + 2)
  t.match([before, gap], [{ value }, { value }], 'the last value again')
  t.equal((gap?.time ?? 0) - (before?.time ?? 0), startsAfterMs, 'from the first reading that was due')
  t.ok((after?.time ?? 0) - (gap?.time ?? 0) > OFF_MS / 2, 'until the next one')
}

t.test('what a hub did not read while it was off is a gap at each element', async (t) => {
  const { port, holding } = await modbusMachine(t)
  const web = await httpMachine(t)
  const settings = { COLLECT_TARGETS: `127.0.0.1:${port},127.0.0.1:${web}` }
  const hub = await start(t, settings)
  await put(hub, press({ Speed: 'xs:int', Level: 'xs:int' }))
  holding.writeInt16BE(12, 0)
  await describe(hub, modbus(port), http(web))
  await until(async () => (await history(hub, 'Speed')).length > 3 && (await history(hub, 'Level')).length > 3)
  await hub.stop()

  const again = await start(t, { ...settings, DATA_DIR: hub.directory }, { clock: laterClock() })
  const listed = async () => (await again.ask('GET', `${again.url}/connections`)).json.result
  await until(async () => (await listed()).every(({ accepted }: { accepted: number }) => accepted > 3))
  for (const { gaps, missed, state, lastError } of await listed()) {
    t.equal(gaps, 1)
    t.ok(missed > OFF_MS / 50 / 2, 'each reading that was due')
    t.equal(state, 'connected')
    t.match(lastError.text, /nothing was collected from .* to /)
  }
  checkGap(t, await history(again, 'Speed'), 12)
  checkGap(t, await history(again, 'Level'), 7)
})

t.test('so it is where the edge process was off', async (t) => {
  const { port, holding } = await modbusMachine(t)
  const hub = await start(t)
  await put(hub, press({ Speed: 'xs:int' }))
  holding.writeInt16BE(12, 0)
  await describe(hub, modbus(port))
  const directory = join(testDirectory(t), 'edge')
  const options = {
    ...{ hub: { url: hub.url, key: '' }, apiPrefix: '/api/v3', directory, limit: 2 ** 30 },
    ...{ targets: [`127.0.0.1:${port}`], secrets: '', certificates: join(directory, 'certificates') },
    log: { info() {}, warn() {} }
  }
  const first = await collectAtEdge(options)
  await until(async () => (await history(hub, 'Speed')).length > 3)
  await first.close()
  const second = await collectAtEdge({ ...options, clock: laterClock() })
  t.teardown(() => second.close())
  await until(async () => (await history(hub, 'Speed')).at(-1)?.quality !== 'bad' && second.gateway.backlog === 0)
  await until(async () => (await history(hub, 'Speed')).some(({ quality }) => quality === 'bad'))
  t.equal(second.supervisor.connections[0]?.gaps, 1)
  // Up to two seconds later, as a process that crashed has not noted its last samples.
  checkGap(t, await history(hub, 'Speed'), 12, 2050)
})

t.test('a connection that is only opened again reports nothing', async (t) => {
  const { port, holding } = await modbusMachine(t)
  const hub = await start(t, { COLLECT_TARGETS: `127.0.0.1:${port}` })
  await put(hub, press({ Speed: 'xs:int' }))
  holding.writeInt16BE(12, 0)
  await describe(hub, modbus(port))
  await until(async () => (await history(hub, 'Speed')).length > 3)
  const id = Buffer.from('urn:interfaces#InterfaceMODBUS').toString('base64url')
  await hub.ask('POST', `${hub.url}/connections/${id}/stop`)
  await hub.ask('POST', `${hub.url}/connections/${id}/start`)
  const before = (await history(hub, 'Speed')).length
  await until(async () => (await history(hub, 'Speed')).length > before + 3)
  t.notOk((await history(hub, 'Speed')).some(({ quality }) => quality === 'bad'))
})
