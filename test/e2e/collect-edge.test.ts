/** Machines that are read beside the hub, and what happens while the hub is away or its store refuses. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { IngestSink } from '../../src/collectors/ingest-sink.ts'
import { collectAtEdge, type EdgeOptions } from '../../src/commands/collect.ts'
import { HubError } from '../../src/errors.ts'
import { encodeId } from '../../src/model/identifier.ts'
import type { Submodel } from '../../src/model/types.ts'
import { Ingest } from '../../src/operations/samples/ingest.ts'
import {
  assetInterface,
  type DescribedInterface,
  description,
  MODBUS,
  mapping,
  press
} from '../collectors/asset-interface.ts'
import { device, registers } from '../collectors/modbus/device.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'
import { type Running, start } from './harness.ts'

const counter = (port: number, interval = 0.05): DescribedInterface => ({
  ...{ idShort: 'InterfaceMODBUS', vocabulary: MODBUS, interval },
  endpoint: { base: `modbus+tcp://127.0.0.1:${port}` },
  properties: { Count: { form: { href: '1/1', modv_entity: 'HoldingRegister', modv_type: 'xsd:unsignedShort' } } }
})

/** A machine that counts how often it was read. */
async function counting(t: Test) {
  let count = 0
  const { port } = await device(t, ({ pdu }) => registers(pdu, () => ++count))
  return { port, count: () => count }
}

async function put(hub: Running, submodel: Submodel): Promise<void> {
  const { status } = await hub.put(`/submodels/${encodeId(submodel.id)}`, submodel)
  if (status >= 300) throw new Error(`PUT was answered with ${status}`)
}

async function describe(hub: Running, ...interfaces: readonly DescribedInterface[]): Promise<void> {
  const described = description(interfaces)
  await put(hub, press({ Count: 'xs:int' }))
  await put(hub, described)
  await put(hub, mapping(described, interfaces))
}

/** Values in the history, in the order of their times. */
async function history(hub: Running): Promise<number[]> {
  const { text } = await hub.ask(
    'GET',
    `${hub.url}/timeseries?submodel=urn:press&path=Count&from=2020-01-01T00:00:00Z&format=csv`
  )
  return text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => Number(line.split(',')[1]))
}

function edgeOptions(t: Test, hub: Running, port: number, directory = join(testDirectory(t), 'edge')): EdgeOptions {
  return {
    ...{ hub: { url: hub.url, key: '' }, apiPrefix: '/api/v3', directory, limit: 2 ** 30 },
    ...{ targets: [`127.0.0.1:${port}`], secrets: '', certificates: join(directory, 'certificates') },
    log: { info() {}, warn() {} }
  }
}

t.test(
  'an edge process holds samples while the hub is away, also across its own restart, and none is missing',
  async (t) => {
    const { port, count } = await counting(t)
    const hub = await start(t)
    await describe(hub, counter(port))
    const options = edgeOptions(t, hub, port)
    const first = await collectAtEdge(options)
    await until(async () => (await history(hub)).length > 5)
    await hub.stop()
    const before = count()
    await until(() => count() > before + 10)
    t.ok(first.gateway.backlog > 0, 'they wait on disk')
    await first.close()

    // It starts without the hub, by the descriptions of the last time.
    const second = await collectAtEdge(options)
    t.teardown(() => second.close())
    const restarted = count()
    await until(() => count() > restarted + 5)
    const again = await start(t, { DATA_DIR: hub.directory, PORT: new URL(hub.url).port })
    await until(() => second.gateway.backlog === 0, { timeoutMs: 60_000 })
    await second.close()
    const values = (await history(again)).filter((value) => value > 0)
    const read = new Set(values)
    const missing = Array.from({ length: Math.max(...values) }, (_, at) => at + 1).filter((value) => !read.has(value))
    // The answer that was under way when the edge process stopped is not one of its samples.
    t.ok(missing.length <= 1, `missing: ${missing}`)
    t.equal(read.size, values.length, 'each is there once')
    t.ok(
      values.every((value, at) => at === 0 || value > (values[at - 1] ?? 0)),
      'at its time'
    )
  }
)

t.test('of a push that the hub refuses in part the rest is stored', async (t) => {
  const { port } = await counting(t)
  const hub = await start(t)
  const { properties, ...rest } = counter(port)
  await describe(hub, {
    ...rest,
    properties: { ...properties, Missing: { form: { href: '1/2', modv_entity: 'HoldingRegister' } } }
  })
  const edge = await collectAtEdge(edgeOptions(t, hub, port))
  t.teardown(() => edge.close())
  await until(async () => (await history(hub)).length > 2)
})

t.test('while the store refuses, what is collected waits on disk, and is stored once later', async (t) => {
  const hub = await start(t)
  await put(hub, press({ Count: 'xs:int' }))
  const { store } = hub.server
  let isRefused = true
  const ingest = new Ingest({
    store: new Proxy(store, {
      get(target, name) {
        if (name === 'commit' && isRefused) throw new HubError('StorageFull', ['the disk'])
        const member = Reflect.get(target, name)
        return typeof member === 'function' ? member.bind(target) : member
      }
    })
  })
  const directory = join(testDirectory(t), 'collected')
  const warnings: string[] = []
  const sinkOf = () =>
    new IngestSink({
      ...{ store, ingest, access: () => undefined, buffer: { directory, limit: 2 ** 20 } },
      log: { info() {}, warn: (_details, message) => warnings.push(message) }
    })
  const [item] = assetInterface(counter(1)).items
  if (item === undefined) throw new Error('It is described')
  const { signal } = new AbortController()
  const first = sinkOf()
  const time = (at: number) => 1_780_000_000_000_000_000n + BigInt(at) * 1_000_000n
  const stored = await first.store([{ item, value: 1, time: time(1) }], signal, { id: 'one', protocol: 'modbus' })
  t.match(stored, { accepted: 1, problem: /wait on disk: No space left/ })
  await first.store([{ item, value: 2, time: time(2) }], signal, { id: 'one', protocol: 'modbus' })
  t.equal(warnings.length, 1, 'reported once')
  t.ok(first.backlog > 0)
  first.close()

  isRefused = false
  const second = sinkOf()
  t.match(await second.store([{ item, value: 3, time: time(3) }], signal, { id: 'one', protocol: 'modbus' }), {
    accepted: 1,
    problem: undefined
  })
  await until(() => second.backlog === 0)
  second.close()
  t.strictSame(await history(hub), [1, 2, 3])
  t.strictSame(readdirSync(directory), [])
})
