import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import t, { type Test } from 'tap'
import {
  BufferFullError,
  type ChangeEvent,
  type Client,
  connect,
  type Events,
  gateway,
  RefusedError,
  type SubscriptionRequest
} from '../../src/client/node.ts'
import { encode, type Running, start } from '../e2e/harness.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'

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

t.test('a push resolves when it is durable, and an invalid one is refused with the reason', async (t) => {
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

t.test('a client that loses the hub reconnects, repeats unacknowledged pushes, and misses nothing', async (t) => {
  const hub = await filled(t)
  const port = new URL(hub.url).port
  const settings = { DATA_DIR: hub.directory, PORT: port }
  const [writer, reader] = [client(t, hub), client(t, hub)]
  const seen: unknown[] = []
  const following = reader.subscribe({ select: { paths: ['Speed'] } }, ({ events }: Events) =>
    seen.push(...events.flatMap((event) => ('value' in event ? event.value : [])))
  )
  await following.ready
  const count = 300
  const pushed: Promise<unknown>[] = []
  let current: Running = hub
  for (let i = 0; i < count; i++) {
    pushed.push(writer.push({ submodel: 'urn:m', path: 'Speed', time: i, value: i }))
    if (i === 100) await pushed[50]
    if (i === 100) void current.stop()
    if (i % 10 === 0) await setImmediate()
  }
  await current.stop()
  current = await start(t, settings)
  await Promise.all(pushed)
  t.strictSame(
    await values(current),
    Array.from({ length: count }, (_, i) => i)
  )
  await until(() => seen.length === count)
  t.strictSame(
    seen,
    Array.from({ length: count }, (_, i) => i),
    'each once and in order'
  )
})

t.test('a refused subscription is reported to the caller, at first and after a reconnect', async (t) => {
  const hub = await filled(t)
  const made = client(t, hub)
  const refused = await made.subscribe({ since: 'yesterday' }, () => {}).ready.catch((error: unknown) => error)
  t.ok(refused instanceof RefusedError)
  t.match(refused, { code: 'BadRequest', message: /since/ })

  const heard: string[] = []
  const options = { onError: ({ code }: RefusedError) => heard.push(code) }
  made.subscribe({ select: { kinds: ['values' as never] } }, () => {}, options)
  const good = made.subscribe({ select: { paths: ['Speed'] } }, () => {}, options)
  await good.ready
  t.strictSame(heard, ['BadRequest'])
  await made.push({ submodel: 'urn:m', path: 'Speed', value: 1 })
  const closing = made.subscribe({}, () => {})
  closing.close()
  await t.rejects(closing.ready, { message: 'The subscription was closed' })
  made.close()
  await t.rejects(made.connected(), { message: 'The client is closed' })
})

t.test('an unreachable hub is reported with the reason, after the timeout at the latest', async (t) => {
  const hub = await filled(t)
  const { port } = new URL(hub.url)
  await hub.stop()
  const states: string[] = []
  const made = connect(hub.url, { onState: (state, reason) => states.push(`${state} ${reason}`) })
  t.teardown(() => made.close())
  await t.rejects(made.connected(500), { message: new RegExp(`^ws://127.0.0.1:${port}/stream is unreachable: \\S`) })
  t.match(states[0], /^closed 1006/)
  const connected = made.connected()
  const again = await start(t, { DATA_DIR: hub.directory, PORT: port })
  await connected
  t.equal(states.at(-1), 'open ')
  t.ok(made.isOpen)
  await again.stop()

  const warnings = t.capture(console, 'warn', () => {})
  const silent = connect(hub.url)
  t.teardown(() => silent.close())
  await t.rejects(silent.connected(700))
  t.match(
    warnings().map(({ args }) => args),
    [[/is unreachable .*retrying/]],
    'once'
  )
})

t.test('events have the types that the library declares', async (t) => {
  const hub = await filled(t)
  const made = client(t, hub)
  const seen: ChangeEvent[] = []
  const follow = (request: SubscriptionRequest) => made.subscribe(request, ({ events }) => seen.push(...events)).ready
  await follow({ columns: true, content: 'full', select: { kinds: ['value', 'structure', 'deleted'] } })
  await made.push({ submodel: 'urn:m', path: 'Speed', value: 1, time: 1, quality: 'bad' })
  await made.push({ submodel: 'urn:m', path: 'Count', start: 0, step: 1, values: [1, 2, 3], quality: 'good' })
  await made.push({ submodel: 'urn:m', path: 'Count', times: [10, 12, 17], values: [1, 2, 3] })
  await hub.patch(`/submodels/${encode('urn:m')}/$metadata`, { modelType: 'Submodel', id: 'urn:m', idShort: 'Machine' })
  await hub.remove(`/submodels/${encode('urn:m')}`)
  await until(() => seen.length >= 5)
  const [value, even, uneven, changed, gone] = seen
  for (const event of seen)
    t.strictSame(
      Object.keys(event).filter((name) => !(name in MEMBERS)),
      []
    )
  t.ok(value !== undefined && 'value' in value && value.value === 1 && value.quality === 'bad' && value.sourceTime)
  t.ok(even !== undefined && 'values' in even && even.step === 1_000_000 && even.start && even.quality === 'good')
  t.ok(uneven !== undefined && 'values' in uneven && uneven.offsets?.[2] === 7_000_000)
  t.ok(changed !== undefined && 'change' in changed && changed.type === 'Submodel' && changed.document)
  t.ok(gone?.kind === 'deleted' && gone.change === 'deleted' && gone.id === 'urn:m')
})

type AllKeys<Union> = Union extends unknown ? keyof Union : never

/** All members that the types of events declare: the compiler complains where one is missing here, or is too many. */
const MEMBERS = {
  ...{ kind: true, time: true, snapshot: true, submodel: true, path: true, element: true },
  ...{ value: true, sourceTime: true, quality: true, values: true, start: true, step: true, offsets: true },
  ...{ change: true, type: true, id: true, touched: true, became: true, document: true, elements: true }
} as const satisfies Record<AllKeys<ChangeEvent>, true>

t.test('a gateway sets missing times, a different one for each sample, and keeps the order of its files', async (t) => {
  const hub = await filled(t)
  const directory = join(testDirectory(t), 'buffer')
  const edge = gateway(hub.url, { directory })
  const before = Date.now()
  for (let value = 0; value < 500; value++) edge.push({ submodel: 'urn:m', path: 'Speed', value })
  await edge.drain()
  t.strictSame(
    await values(hub),
    Array.from({ length: 500 }, (_, i) => i),
    'none counts as another again'
  )
  const row = await hub.server.context.store.element('urn:m', 'Speed')
  t.ok(Number(row?.sourceTime ?? 0n) / 1e6 >= before)
  edge.close()
  const ahead = `${String(Date.now() + 3_600_000).padStart(15, '0')}-x-0.ndjson`
  const kept = { key: 'x/0', samples: [{ submodel: 'urn:m', path: 'Count', time: 1, value: 1 }] }
  writeFileSync(join(directory, ahead), `${JSON.stringify(kept)}\n`)
  await hub.stop()
  const again = gateway(hub.url, { directory, onState: () => {} })
  again.push({ submodel: 'urn:m', path: 'Count', time: 2, value: 2 })
  t.equal(readdirSync(directory).sort()[0], ahead, 'the clock was set back, and the older file is still the first')
  again.close()
})

t.test('a gateway keeps unsent pushes on disk, across its own restarts', async (t) => {
  const hub = await filled(t)
  const port = new URL(hub.url).port
  const directory = join(testDirectory(t), 'buffer')
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

t.test('the buffer is bounded, and a refused push does not stop the others', async (t) => {
  const hub = await filled(t)
  const directory = join(testDirectory(t), 'buffer')
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
