import { join } from 'node:path'
import t from 'tap'
import { readConfig } from '../../src/config/config.ts'
import { numberOf } from '../../src/model/samples.ts'
import { Ingest } from '../../src/operations/samples/ingest.ts'
import { decodeRun } from '../../src/store/run-codec.ts'
import type { Store } from '../../src/store/store.ts'
import { encode, start } from '../e2e/harness.ts'
import { manualClock } from '../manual-clock.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'
import { broker, connect, current, open, storeOf } from './mqtt-broker.ts'

/** Values of one element in the order of the log. */
async function logged(store: Store, path: string): Promise<number[]> {
  const { entries } = await store.log(0, 100_000)
  return entries
    .flatMap(({ changes }) => changes)
    .flatMap((change) => {
      if (!('submodel' in change) || change.path !== path) return []
      if (change.change === 'samples') return Array.from(decodeRun(change.run).values, Number)
      return [numberOf((JSON.parse(change.value) as { value: string }).value)]
    })
}

const BY_NAME = { topics: [{ topic: 'plant/{machine}/{signal...}', idShort: '{machine}', path: '{signal}' }] }

t.test('plain messages become values of the elements that their topics name', async (t) => {
  const here = await broker(t)
  const store = await storeOf(t)
  const transport = await open(t, store, here, {
    topics: [
      { topic: 'raw/{machine}', idShort: '{machine}', path: 'State', payload: 'text' },
      { topic: 'kepware/{id}', submodel: 'urn:{id}', fields: { 'axis.v': 'Axis.Speed', n: 'Count' }, unit: 's' },
      { topic: 'objects/+', submodel: 'urn:press' },
      { topic: 'senml', payload: 'senml' },
      ...BY_NAME.topics
    ]
  })
  const client = await here.client()
  const publish = (topic: string, payload: unknown) =>
    client.publishAsync(topic, typeof payload === 'string' ? payload : JSON.stringify(payload), { qos: 1 })

  await publish('plant/Press/Speed', '21.5')
  await publish('plant/Press/Axis/Load', 7)
  await publish('plant/Press/Running', 'true')
  await publish('plant/Press/State', 'running')
  await publish('plant/Press/Count', '9007199254740993')
  await publish('plant/Press/Axis', { Speed: 3 })
  await until(() => transport.counts.accepted === 6)
  t.equal(await current(store, 'Speed'), '21.5')
  t.equal(await current(store, 'Axis.Load'), '7')
  t.equal(await current(store, 'Running'), 'true')
  t.equal(await current(store, 'State'), 'running')
  t.equal(await current(store, 'Count'), '9007199254740993', 'without losing a digit')
  t.equal(await current(store, 'Axis.Speed'), '3')

  await publish('senml', [
    { bn: 'Press/', n: 'Speed', v: 21 },
    { n: 'Axis.Load', bv: 1, v: 7.5 }
  ])
  await until(() => transport.counts.accepted === 8)
  t.equal(await current(store, 'Speed'), '21')
  t.equal(await current(store, 'Axis.Load'), '8.5')

  const second = Math.floor(Date.now() / 1000) + 60
  const iso = (after: number) => new Date((second + after) * 1000).toISOString().slice(0, -'.000Z'.length)
  await publish('plant/Press/Speed', { value: 22, time: `${iso(0)}.123456789Z`, quality: 'uncertain' })
  await publish('raw/Press', '12')
  await publish('kepware/press', { axis: { v: 4.5 }, n: 5, other: 1, ts: second })
  await publish('objects/x', { State: 'idle', Axis: { Load: 8 }, q: 192, time: second * 1000 })
  await until(() => transport.counts.accepted === 14)
  t.equal(await current(store, 'Speed'), '22 uncertain')
  t.equal((await store.element('urn:press', 'Speed'))?.sourceTime, BigInt(second) * 1_000_000_000n + 123_456_789n)
  t.equal(await current(store, 'Axis.Speed'), '4.5')
  t.equal(await current(store, 'Axis.Load'), '8 good')
  t.equal(await current(store, 'State'), 'idle good')

  const times = [`${iso(1)}Z`, `${iso(3)}Z`, `${iso(2)}Z`]
  await publish(
    'plant/Press/Speed',
    times.map((time, at) => ({ time, value: at }))
  )
  await until(() => transport.counts.accepted === 17)
  t.equal(await current(store, 'Speed'), '1', 'the newest of a list is current')
  t.match(transport.counts, { messages: 12, refused: 0, unreadable: 0, unmapped: 0 })
})

t.test('a retained message is stored once, and again only where its value differs', async (t) => {
  const here = await broker(t)
  const store = await storeOf(t)
  const client = await here.client()
  const tell = (topic: string, payload: unknown) =>
    client.publishAsync(`plant/Press/${topic}`, JSON.stringify(payload), { qos: 1, retain: true })
  const time = Date.now()
  await tell('Speed', 21.5)
  await tell('Count', { value: 5, time, quality: 'good' })
  await tell('State', 'on')
  await tell('Axis', { Load: 7, Speed: 1 })
  const start = async (taken: number, repeated: number) => {
    const transport = await open(t, store, here, BY_NAME, { clientId: `hub-${Math.random()}` })
    await until(() => transport.counts.accepted + transport.counts.repeated === 5)
    t.match(transport.counts, { accepted: taken, repeated })
    await transport.close()
    return (await store.figures()).logLast
  }
  const seq = await start(5, 0)
  t.equal(await start(0, 5), seq)
  await tell('State', 'off')
  await tell('Axis', { Load: 8, Speed: 1 })
  t.equal(await start(2, 3), seq + 2)
  t.equal(await current(store, 'State'), 'off')
  t.equal(await current(store, 'Axis.Load'), '8')
  const transport = await open(t, store, here, BY_NAME)
  await until(() => transport.counts.repeated === 5)
  await tell('State', 'off')
  await until(() => transport.counts.accepted === 1)
  t.strictSame(
    (await store.figures()).logLast,
    seq + 3,
    'a message that is not retained is a sample, whatever its value'
  )
})

t.test('invalid messages are logged, counted and acknowledged, and do not affect others', async (t) => {
  const here = await broker(t)
  const store = await storeOf(t)
  const ingest = new Ingest({ store })
  const topics = [...BY_NAME.topics, { topic: 'other/#', submodel: 'urn:none' }]
  const transport = await open(t, store, here, { topics }, { hub: { store, ingest } })
  const client = await here.client()
  for (const [topic, payload] of [
    ['plant/Press/Speed', 'fast'],
    ['plant/Press/Missing', '1'],
    ['plant/Unknown/Speed', '1'],
    ['other/x', '{"Speed": 1}']
  ] as const) {
    await client.publishAsync(topic, payload, { qos: 1 })
  }
  for (const payload of ['{"value": 1', '', '[1, 2]', '{"value": 1, "time": "yesterday"}', Buffer.of(0xff, 0xfe)]) {
    await client.publishAsync('plant/Press/Speed', payload, { qos: 1 })
  }
  await client.publishAsync('plant/Press/Speed', '5', { qos: 1 })
  await until(() => transport.counts.accepted === 1)
  t.match(transport.counts, { messages: 10, accepted: 1, refused: 4, unreadable: 5 })
  const [sender] = ingest.senders.list()
  t.match(sender, { transport: 'mqtt', accepted: 1, refused: 4, lastError: { text: /Missing|Speed/ } })
  t.equal(await current(store, 'Speed'), '5')
  t.match(transport.lines.toSorted(), [/^A message could not be read completely/, /^Samples were refused/])
  t.equal(transport.lines.length, 2, 'one line of each kind in ten seconds')
  await until(async () => (await outgoing(here.aedes)) === 0)
  t.pass('the broker keeps none of them')
})

/** Messages that the broker keeps for the hub. */
async function outgoing(aedes: Awaited<ReturnType<typeof broker>>['aedes']): Promise<number> {
  let count = 0
  const { persistence } = aedes as unknown as {
    persistence: { outgoingStream(client: { id: string }): AsyncIterable<unknown> }
  }
  for await (const _ of persistence.outgoingStream({ id: 'hub' })) count++
  return count
}

t.test('nothing is acknowledged before it is durable, and what could not be stored is redelivered', async (t) => {
  const here = await broker(t)
  const store = await storeOf(t)
  let isBroken = true
  const broken = new Proxy(store, {
    get(target, name) {
      if (name === 'commit' && isBroken) return () => Promise.reject(new Error('the disk is gone'))
      const member = target[name as keyof Store]
      return typeof member === 'function' ? member.bind(target) : member
    }
  })
  const hub = { store: broken, ingest: new Ingest({ store: broken }) }
  const first = await open(t, store, here, BY_NAME, { hub })
  const client = await here.client()
  await client.publishAsync('plant/Press/Speed', '1', { qos: 1 })
  await client.publishAsync('plant/Press/Speed', '2', { qos: 1 })
  await until(() => first.counts.messages === 2)
  t.equal(await outgoing(here.aedes), 2)

  // The connection breaks while they wait: being handled already, they are not handled twice.
  await here.stop()
  await until(() => !first.isConnected)
  await here.start()
  await until(() => first.isConnected)
  isBroken = false
  await until(async () => (await outgoing(here.aedes)) === 0)
  t.strictSame((await logged(store, 'Speed')).sort(), [1, 2])
  t.equal(await current(store, 'Speed'), '2', 'in the order of arrival')
})

t.test('messages sent while the hub is stopped arrive when it is back', async (t) => {
  const here = await broker(t)
  const store = await storeOf(t)
  const first = await open(t, store, here, BY_NAME)
  await first.close()
  const client = await here.client()
  for (let value = 1; value <= 100; value++) {
    await client.publishAsync('plant/Press/Speed', JSON.stringify({ value, time: value }), { qos: 1 })
  }
  const second = await open(t, store, here, BY_NAME)
  await until(() => second.counts.accepted === 100)
  t.strictSame(
    await logged(store, 'Speed'),
    Array.from({ length: 100 }, (_, at) => at + 1)
  )
})

t.test('the hub reconnects to a restarted broker and loses nothing sent meanwhile', async (t) => {
  const here = await broker(t)
  const store = await storeOf(t)
  const transport = await open(t, store, here, BY_NAME)
  const client = await here.client()
  // The gateway redelivers, too.
  let published = 0
  here.aedes.on('publish', ({ topic }) => {
    if (topic === 'plant/Press/Count') published++
  })
  const sent: Promise<unknown>[] = []
  for (let value = 0; value < 600; value++) {
    if (value % 50 === 25) {
      await here.stop()
      await here.start()
    }
    // Without times: a repetition would be another value.
    sent.push(client.publishAsync('plant/Press/Count', String(value), { qos: 1 }))
    if (value % 20 === 0) await new Promise(setImmediate)
  }
  await Promise.all(sent)
  await until(async () => new Set(await logged(store, 'Count')).size === 600)
  t.ok(transport.isConnected)
  // A repetition may still be on its way.
  await until(async () => (await logged(store, 'Count')).length >= published)
  t.equal((await logged(store, 'Count')).length, published, 'each once')
})

t.test('thousands of messages at once are all stored, in order of arrival', async (t) => {
  const here = await broker(t)
  const store = await storeOf(t)
  const transport = await open(t, store, here, BY_NAME)
  const client = await here.client()
  await Promise.all(
    Array.from({ length: 2000 }, (_, value) => client.publishAsync('plant/Press/Count', String(value), { qos: 1 }))
  )
  await until(() => transport.counts.accepted === 2000)
  t.strictSame(
    await logged(store, 'Count'),
    Array.from({ length: 2000 }, (_, at) => at)
  )
})

t.test('of two hubs on the same store one is connected to the broker, and the other takes over', async (t) => {
  const here = await broker(t)
  const store = await storeOf(t)
  let mine = false
  const claiming = new Proxy(store, {
    get(target, name) {
      if (name === 'lease') return async () => mine
      const member = target[name as keyof Store]
      return typeof member === 'function' ? member.bind(target) : member
    }
  })
  const clock = manualClock()
  const hub = { store: claiming, ingest: new Ingest({ store: claiming, clock }) }
  const transport = await connect(t, store, here, BY_NAME, { hub })
  await clock.advance(60_000)
  t.equal(here.aedes.connectedClients, 0)
  mine = true
  await clock.advance(60_000)
  await until(() => transport.isConnected)
  mine = false
  await clock.advance(60_000)
  await until(() => here.aedes.connectedClients === 0)
  t.notOk(transport.isConnected)
})

t.test('the shipped hub connects as its settings say', async (t) => {
  const here = await broker(t)
  const mapping = join(testDirectory(t, { 'mapping.json': JSON.stringify(BY_NAME) }), 'mapping.json')
  const hub = await start(t, { MQTT_URL: here.url, MQTT_MAPPING: mapping, MQTT_CLIENT_ID: 'gateway-7' })
  await hub.post('/submodels', {
    modelType: 'Submodel',
    id: 'urn:press',
    idShort: 'Press',
    submodelElements: [{ modelType: 'Property', idShort: 'Speed', valueType: 'xs:double' }]
  })
  const client = await here.client()
  await until(() => here.aedes.connectedClients === 2)
  t.ok('gateway-7' in (here.aedes as unknown as { clients: object }).clients)
  await until(async () => {
    await client.publishAsync('plant/Press/Speed', '2.5', { qos: 1 })
    return (await hub.get(`/submodels/${encode('urn:press')}/submodel-elements/Speed/$value`)).json === 2.5
  })
  await hub.stop()
  await t.rejects(start(t, { MQTT_URL: here.url, MQTT_MAPPING: `${mapping}.none` }), { name: 'ConfigError' })
  for (const wrong of ['http://broker', 'mqtt://user:pass@broker', 'mqtt:']) {
    t.throws(() => readConfig({ MQTT_URL: wrong }), { name: 'ConfigError' }, wrong)
  }
})
