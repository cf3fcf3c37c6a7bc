import { newClient } from 'sparkplug-client'
import sparkplug from 'sparkplug-payload'
import t, { type Test } from 'tap'
import { clockOf } from '../../src/clock.ts'
import { Ingest } from '../../src/operations/samples/ingest.ts'
import type { ParsedMessage } from '../../src/transports/mqtt/sample.ts'
import { SparkplugHost } from '../../src/transports/mqtt/sparkplug.ts'
import { manualClock } from '../manual-clock.ts'
import { until } from '../until.ts'
import { type Broker, broker, current, open, storeOf } from './mqtt-broker.ts'

type Edge = ReturnType<typeof newClient>
type Payload = Parameters<Edge['publishNodeBirth']>[0]

const library = sparkplug.get('spBv1.0') as NonNullable<ReturnType<typeof sparkplug.get>>
const encode = (payload: object) => library.encodePayload(payload as Payload)
const SPARKPLUG = { sparkplug: true }

/** An edge node of the public library. @param birth publishes its births */
async function edgeNode(t: Test, { url }: Broker, birth: (edge: Edge) => void): Promise<Edge> {
  const edge = newClient({
    serverUrl: url,
    username: '',
    password: '',
    groupId: 'Plant',
    edgeNode: 'Gateway',
    clientId: 'gateway',
    publishDeath: true,
    mqttOptions: { reconnectPeriod: 100 }
  })
  t.teardown(() => edge.stop())
  edge.on('birth', () => birth(edge))
  edge.on('ncmd', (payload) => {
    if (payload.metrics?.some(({ name, value }) => name === 'Node Control/Rebirth' && value === true)) birth(edge)
  })
  await new Promise<void>((resolve) => edge.on('connect', resolve))
  return edge
}

const nodeBirth = (): Payload => ({
  timestamp: Date.now(),
  metrics: [{ name: 'Node Control/Rebirth', type: 'Boolean', value: false }]
})

const pressBirth = (...metrics: object[]): Payload => ({
  timestamp: Date.now(),
  metrics: [
    { name: 'Speed', alias: 1, type: 'Double', value: 1.5 },
    { name: 'Axis/Load', alias: 2, type: 'Float', value: 0.1 },
    { name: 'Count', alias: 3, type: 'Int64', value: 7 },
    ...metrics
  ] as NonNullable<Payload['metrics']>
})

function births(edge: Edge): void {
  edge.publishNodeBirth(nodeBirth())
  edge.publishDeviceBirth('Press', pressBirth())
}

t.test('a birth sets the values, and data refer to its metrics by alias', async (t) => {
  const here = await broker(t)
  const store = await storeOf(t)
  await open(t, store, here, SPARKPLUG)
  const edge = await edgeNode(t, here, births)
  await until(async () => (await current(store, 'Count')) === '7')
  t.equal(await current(store, 'Speed'), '1.5')
  t.equal(await current(store, 'Axis.Load'), '0.1')

  const time = Date.now() + 1000
  edge.publishDeviceData('Press', {
    timestamp: time,
    metrics: [
      { alias: 1, timestamp: time + 5, type: 'Double', value: 2.5 },
      { alias: 3, type: 'Int64', value: -8 },
      { name: 'State', type: 'String', value: 'on', properties: { Quality: { type: 'Int32', value: 0 } } }
    ] as NonNullable<Payload['metrics']>
  })
  await until(async () => (await current(store, 'Count')) === '-8')
  t.equal(await current(store, 'Speed'), '2.5')
  t.equal((await store.element('urn:press', 'Speed'))?.sourceTime, BigInt(time + 5) * 1_000_000n)
  t.equal(await current(store, 'State'), 'on bad')
})

t.test('an edge node is a sender of its own, also where it sends for a device that is not known', async (t) => {
  const here = await broker(t)
  const store = await storeOf(t)
  const ingest = new Ingest({ store })
  await open(t, store, here, SPARKPLUG, { hub: { store, ingest } })
  const edge = await edgeNode(t, here, births)
  await until(async () => (await current(store, 'Count')) === '7')
  t.match(ingest.senders.list(), [{ transport: 'mqtt', client: 'Plant/Gateway', accepted: 3, refused: 0 }])
  edge.publishDeviceBirth('Unknown', pressBirth())
  await until(() => ingest.senders.list()[0]?.lastError !== undefined)
  t.match(ingest.senders.list()[0]?.lastError?.text, /^spBv1.0\/Plant\/DBIRTH\/Gateway\/Unknown: /)
})

t.test('a hub that connects later, or missed a message, requests a rebirth', async (t) => {
  const here = await broker(t)
  const store = await storeOf(t)
  let count = 0
  const edge = await edgeNode(t, here, (edge) => {
    count++
    births(edge)
  })
  await until(() => count === 1)
  await open(t, store, here, SPARKPLUG)
  edge.publishDeviceData('Press', { timestamp: Date.now(), metrics: [{ alias: 1, type: 'Double', value: 9 }] as never })
  await until(async () => (await current(store, 'Speed')) === '1.5')
  t.equal(count, 2)
})

t.test('a death keeps the values with quality bad; a birth makes them good again', async (t) => {
  const here = await broker(t)
  const store = await storeOf(t)
  await open(t, store, here, SPARKPLUG)
  const edge = await edgeNode(t, here, births)
  await until(async () => (await current(store, 'Count')) === '7')
  edge.publishDeviceDeath('Press', { timestamp: Date.now() })
  await until(async () => (await current(store, 'Count')) === '7 bad')
  t.equal(await current(store, 'Axis.Load'), '0.1 bad')
  edge.publishDeviceBirth('Press', pressBirth({ name: 'State', type: 'String', value: 'back' }))
  await until(async () => (await current(store, 'State')) === 'back')
  t.equal(await current(store, 'Speed'), '1.5')
  edge.stop()
  await until(async () => (await current(store, 'State')) === 'back bad')
  t.equal(await current(store, 'Speed'), '1.5 bad')
})

t.test('an edge node that died while the hub was disconnected is detected', async (t) => {
  const here = await broker(t)
  const store = await storeOf(t)
  const clock = manualClock(Date.now())
  const hub = { store, ingest: new Ingest({ store, clock }) }
  const transport = await open(t, store, here, SPARKPLUG, { hub })
  let count = 0
  const edge = await edgeNode(t, here, (edge) => {
    count++
    births(edge)
  })
  await until(async () => (await current(store, 'Count')) === '7')
  await here.stop()
  await until(() => !transport.isConnected)
  await here.start()
  await until(() => transport.isConnected)
  await until(() => count > 1)
  await until(async () => (await current(store, 'Count')) === '7')
  await clock.advance(60_000)
  t.equal(await current(store, 'Count'), '7', 'this one lives, and answered')
  await here.stop()
  edge.stop()
  await here.start()
  await until(async () => {
    await clock.advance(10_000)
    return (await current(store, 'Count')) === '7 bad'
  })
  t.equal(await current(store, 'Axis.Load'), '0.1 bad')
})

t.test('a birth right after a death counts, and a late null does not', async (t) => {
  const here = await broker(t)
  const store = await storeOf(t)
  const transport = await open(t, store, here, SPARKPLUG)
  const gateway = await here.client()
  const tell = (type: string, payload: object) =>
    gateway.publishAsync(`spBv1.0/G/${type}`, Buffer.from(encode(payload)), { qos: 1 })
  const now = Date.now()
  for (let round = 0; round < 20; round++) {
    const timestamp = now + round * 1000
    tell('NBIRTH/Press', { seq: 0, timestamp, metrics: [bdSeq(round), speed(1, round)] })
    tell('NDEATH/Press', { metrics: [bdSeq(round)] })
  }
  tell('NBIRTH/Press', { seq: 0, timestamp: now + 20_000, metrics: [bdSeq(20), speed(1, 20)] })
  await tell('NDATA/Press', { seq: 1, timestamp: now, metrics: [{ alias: 1, type: 'Double', value: null }] })
  await until(() => transport.counts.messages === 42)
  await transport.close()
  t.equal(await current(store, 'Speed'), '20')
})

/** An edge node that publishes only what the test says. */
async function silentNode(here: Broker) {
  const client = await here.client()
  return (topic: string, payload: object) =>
    client.publishAsync(`spBv1.0/Plant/${topic}`, Buffer.from(encode(payload)), { qos: 1 })
}

t.test('after a restart a death makes the values bad, without a birth in between', async (t) => {
  const here = await broker(t)
  const store = await storeOf(t)
  const tell = await silentNode(here)
  const metric = (name: string, alias: number, value: number) => ({ name, alias, type: 'Double', value })
  const before = await open(t, store, here, SPARKPLUG)
  await tell('NBIRTH/Gateway', { seq: 0, timestamp: Date.now(), metrics: [bdSeq(7)] })
  const press = [metric('Speed', 1, 1.5), metric('Axis/Load', 2, 3)]
  await tell('DBIRTH/Gateway/Press', { seq: 1, timestamp: Date.now(), metrics: press })
  await until(async () => (await current(store, 'Axis.Load')) === '3')
  await before.close()

  const after = await open(t, store, here, SPARKPLUG)
  await tell('NDEATH/Gateway', { metrics: [bdSeq(6)] })
  await until(() => after.counts.messages === 1)
  await tell('DDATA/Gateway/Press', {
    seq: 2,
    timestamp: Date.now(),
    metrics: [{ alias: 1, type: 'Double', value: 2 }]
  })
  await until(async () => (await current(store, 'Speed')) === '2')
  t.equal(await current(store, 'Axis.Load'), '3', 'the death was that of an earlier connection, and aliases are known')
  await after.close()

  const again = await open(t, store, here, SPARKPLUG)
  await tell('NDEATH/Gateway', { metrics: [bdSeq(7)] })
  await until(async () => (await current(store, 'Speed')) === '2 bad')
  await until(async () => (await current(store, 'Axis.Load')) === '3 bad')
  await again.close()
  t.equal((await store.figures()).documents.SparkplugBirth ?? 0, 0, 'what died is not remembered')
})

t.test('a death that was queued while the hub was stopped, or that is never sent, is detected', async (t) => {
  const here = await broker(t)
  const store = await storeOf(t)
  const tell = await silentNode(here)
  const birth = async (seq: number, value: number) => {
    await tell('NBIRTH/Gateway', { seq: 0, timestamp: Date.now(), metrics: [bdSeq(seq)] })
    await tell('DBIRTH/Gateway/Press', { seq: 1, timestamp: Date.now(), metrics: [speed(1, value)] })
    await until(async () => (await current(store, 'Speed')) === String(value))
  }
  const first = await open(t, store, here, SPARKPLUG)
  await birth(1, 1)
  await first.close()
  await tell('NDEATH/Gateway', { metrics: [bdSeq(1)] })
  const second = await open(t, store, here, SPARKPLUG)
  await until(async () => (await current(store, 'Speed')) === '1 bad')
  await birth(2, 2)
  await tell('DDEATH/Gateway/Press', { seq: 2, timestamp: Date.now() })
  await until(async () => (await current(store, 'Speed')) === '2 bad')
  await birth(3, 3)
  await second.close()
  await open(t, store, here, SPARKPLUG, { edgeTimeoutMs: 50 })
  await until(async () => (await current(store, 'Speed')) === '3 bad')
})

t.test('a device that is not announced again after the birth of its edge node is dead', async (t) => {
  const here = await broker(t)
  const store = await storeOf(t)
  const tell = await silentNode(here)
  await open(t, store, here, SPARKPLUG, { edgeTimeoutMs: 100 })
  await tell('NBIRTH/Gateway', { seq: 0, timestamp: Date.now(), metrics: [bdSeq(1)] })
  await tell('DBIRTH/Gateway/Press', { seq: 1, timestamp: Date.now(), metrics: [speed(1, 5)] })
  await until(async () => (await current(store, 'Speed')) === '5')
  await tell('NBIRTH/Gateway', { seq: 0, timestamp: Date.now(), metrics: [bdSeq(2)] })
  await until(async () => (await current(store, 'Speed')) === '5 bad')
})

t.test('historical metrics are stored and never become current', async (t) => {
  const here = await broker(t)
  const store = await storeOf(t)
  const transport = await open(t, store, here, SPARKPLUG)
  const tell = await silentNode(here)
  const now = Date.now()
  await tell('NBIRTH/Press', { seq: 0, timestamp: now - 5000, metrics: [bdSeq(1), speed(1, 5)] })
  await until(async () => (await current(store, 'Speed')) === '5')
  const past = (value: number, timestamp: number) => ({
    name: 'Speed',
    type: 'Double',
    value,
    timestamp,
    isHistorical: true
  })
  await tell('NDATA/Press', { seq: 1, timestamp: now, metrics: [past(6, now - 4000), past(7, now - 3000)] })
  await until(() => transport.counts.accepted === 3)
  t.equal(await current(store, 'Speed'), '5')
  await tell('NDATA/Press', { seq: 2, timestamp: now - 3500, metrics: [{ alias: 1, type: 'Double', value: 8 }] })
  await until(async () => (await current(store, 'Speed')) === '8')
})

t.test('a host application announces itself online and, when it stops, offline', async (t) => {
  const here = await broker(t)
  const store = await storeOf(t)
  const watcher = await here.client()
  const states: { online: boolean; timestamp: number }[] = []
  watcher.on('message', (_, payload) => states.push(JSON.parse(payload.toString())))
  await watcher.subscribeAsync('spBv1.0/STATE/hub', { qos: 1 })
  const transport = await open(t, store, here, { sparkplug: { hostId: 'hub' } })
  await until(() => states.length === 1)
  t.equal(states[0]?.online, true)
  // Another client publishes that it is offline.
  await watcher.publishAsync('spBv1.0/STATE/hub', JSON.stringify({ online: false, timestamp: Date.now() }), { qos: 1 })
  await until(() => states.length === 3)
  t.strictSame(
    states.map(({ online }) => online),
    [true, false, true]
  )
  await transport.close()
  await until(() => states.length === 4)
  t.equal(states[3]?.online, false)
  t.ok((states[3]?.timestamp ?? 0) >= (states[0]?.timestamp ?? 0))
})

/** A host without a broker. */
function host(devices: ConstructorParameters<typeof SparkplugHost>[0]['devices'] = []) {
  const asked: string[] = []
  let now = 1_000_000
  const clock = clockOf(
    () => now,
    () => now
  )
  const made = new SparkplugHost({ groups: [], devices }, (group, edge) => asked.push(`${group}/${edge}`), clock)
  return {
    made,
    asked,
    wait: (ms: number) => {
      now += ms
    },
    tell: (topic: string, payload: object): ParsedMessage => {
      const reading = made.read(`spBv1.0/G/${topic}`.split('/'), encode({ timestamp: now, ...payload }))
      if (reading === undefined) throw new Error(topic)
      return reading
    },
    receive: (topic: string) => made.read(topic.split('/'), encode({}))
  }
}

const bdSeq = (value: number) => ({ name: 'bdSeq', type: 'UInt64', value })
const speed = (alias: number, value = 1) => ({ name: 'Speed', alias, type: 'Double', value })

t.test(
  'a gap in the sequence leads to one rebirth request, repeated after a pause until a birth arrives',
  async (t) => {
    const { tell, asked, wait } = host()
    tell('NBIRTH/E', { seq: 0, metrics: [bdSeq(0)] })
    tell('DBIRTH/E/D', { seq: 1, metrics: [speed(1)] })
    t.match(tell('DDATA/E/D', { seq: 3, metrics: [{ alias: 1, type: 'Double', value: 5 }] }).samples, [{ value: 5 }])
    t.strictSame(asked, ['G/E'])
    tell('DDATA/E/D', { seq: 4, metrics: [] })
    t.equal(asked.length, 1)
    wait(5000)
    tell('DDATA/E/D', { seq: 5, metrics: [] })
    t.equal(asked.length, 2)
    tell('NBIRTH/E', { seq: 0, metrics: [bdSeq(0)] })
    wait(5000)
    tell('DBIRTH/E/D', { seq: 1, metrics: [speed(1)] })
    for (let seq = 2; seq < 600; seq++) tell('DDATA/E/D', { seq: seq % 256, metrics: [] })
    t.equal(asked.length, 2, 'after 255 comes 0')
  }
)

t.test('the death of an earlier connection is ignored', async (t) => {
  const { tell } = host()
  tell('NBIRTH/E', { seq: 0, metrics: [bdSeq(4), speed(1)] })
  t.strictSame(tell('NDEATH/E', { metrics: [bdSeq(3)] }).losses, [])
  t.match(tell('NDEATH/E', { metrics: [bdSeq(4)] }).losses, [{ target: { idShort: 'E' }, path: 'Speed' }])
})

t.test('a death is dated by the clock of the source', async (t) => {
  const { tell, wait } = host()
  tell('NBIRTH/E', { seq: 0, timestamp: 400_000, metrics: [bdSeq(4), speed(1)] })
  wait(30_000)
  t.strictSame(tell('NDEATH/E', { timestamp: 1, metrics: [bdSeq(4)] }).losses, [
    { target: { idShort: 'E' }, path: 'Speed', time: 430_000_000_000n, isLast: true }
  ])
  tell('NBIRTH/E', { seq: 0, metrics: [] })
  tell('DBIRTH/E/D', { seq: 1, metrics: [speed(1)] })
  t.match(tell('DDEATH/E/D', { seq: 2, timestamp: 440_000 }).losses, [{ path: 'Speed', time: 440_000_000_000n }])
})

t.test('aliases end with the birth that announced them', async (t) => {
  const { tell, asked } = host()
  tell('NBIRTH/E', { seq: 0, metrics: [bdSeq(0)] })
  tell('DBIRTH/E/D', { seq: 1, metrics: [speed(1)] })
  tell('NBIRTH/E', { seq: 0, metrics: [bdSeq(1)] })
  const { samples, problems } = tell('DDATA/E/D', { seq: 1, metrics: [{ alias: 1, type: 'Double', value: 5 }] })
  t.strictSame(samples, [])
  t.match(problems, [/alias 1/])
  t.strictSame(asked, ['G/E'])
})

t.test('an empty name counts as absent: the alias identifies the metric', async (t) => {
  const { tell } = host()
  tell('NBIRTH/E', { seq: 0, metrics: [bdSeq(0), speed(1), { name: '', alias: 9, type: 'Double', value: 1 }] })
  const data = tell('NDATA/E', {
    seq: 1,
    metrics: [
      { name: '', alias: 1, type: 'Double', value: 5 },
      { name: '', type: 'Double', value: 6 }
    ]
  })
  t.match(data.samples, [{ path: 'Speed', value: 5 }])
  t.match(data.problems, [/neither a name nor an alias/])
})

t.test('a metric that no birth announced is stored and leads to a request, repeated with growing pauses', async (t) => {
  const { tell, asked, wait } = host()
  const births = () => tell('NBIRTH/E', { seq: 0, metrics: [bdSeq(0), speed(1)] })
  births()
  let seq = 0
  const stray = () => tell('NDATA/E', { seq: ++seq % 256, metrics: [{ name: 'Stray', type: 'Double', value: seq }] })
  t.match(stray().samples, [{ path: 'Stray', value: 1 }])
  t.strictSame(asked, ['G/E'])
  const minutes = (count: number) => {
    for (let second = 0; second < count * 60; second++) {
      wait(1000)
      stray()
      if (second % 30 === 0) {
        births()
        seq = 0
      }
    }
    return asked.length
  }
  t.equal(minutes(10), 7, 'after 5, 10, 20 … seconds')
  t.equal(minutes(60), 19, 'then every five minutes')
  births()
  seq = 0
  wait(20 * 60_000)
  stray()
  wait(5000)
  stray()
  t.equal(asked.length, 21, 'the pause is reset after a long time')
})

t.test('a restored birth counts as one received, except that deaths may have been missed', async (t) => {
  const metrics = [{ name: 'Speed', alias: 1, datatype: 10 }]
  const restored = () => {
    const alone = host()
    alone.made.restore({ group: 'G', edge: 'E', device: '', bdSeq: 200n, lag: 0, metrics })
    alone.made.restore({ group: 'G', edge: 'E', device: 'D', metrics })
    alone.made.reconnected()
    return alone
  }
  for (const [number, dies] of [
    [200, true],
    [201, true],
    [255, true],
    [0, true],
    [199, false],
    [150, false]
  ] as const) {
    const { losses, births } = restored().tell('NDEATH/E', { metrics: [bdSeq(number)] })
    t.strictSame(
      losses.map(({ target }) => target),
      dies ? [{ idShort: 'E' }, { idShort: 'D' }] : [],
      `bdSeq ${number}`
    )
    t.equal(births?.length ?? 0, dies ? 2 : 0)
  }
  const { tell, asked } = restored()
  t.strictSame(asked, ['G/E'])
  t.match(tell('DDATA/E/D', { seq: 9, metrics: [{ alias: 1, type: 'Double', value: 5 }] }).samples, [{ value: 5 }])
  t.match(tell('DDEATH/E/D', { seq: 10 }), { losses: [{ path: 'Speed' }], births: [{ gone: { device: 'D' } }] })
})

t.test('a null, a table and an invalid time do not affect other metrics', async (t) => {
  const { tell } = host()
  const { samples, losses, problems } = tell('NBIRTH/E', {
    seq: 0,
    metrics: [
      { name: 'Temperature/Zone 1', type: 'Double', value: null },
      { name: 'Table', type: 'DataSet', value: { numOfColumns: 0, columns: [], types: [], rows: [] } },
      { name: 'Late', type: 'Double', value: 1, timestamp: { low: -1, high: 0x7fff_ffff, unsigned: true } },
      { name: 'At', type: 'DateTime', value: 0 },
      speed(1, 2)
    ]
  })
  t.match(losses, [{ path: 'Temperature.Zone 1' }])
  t.match(problems, [/Table.*DataSet/, /Late.*time/])
  t.match(samples, [
    { path: 'At', value: '1970-01-01T00:00:00.000Z' },
    { path: 'Speed', value: 2 }
  ])
})

t.test('messages that are not for a host are ignored', async (t) => {
  const { receive } = host()
  for (const topic of ['spBv1.0/G/NCMD/E', 'spBv1.0/STATE/x', 'spBv1.0/G/NDATA/E/D', 'spBv1.0/G/DDATA/E', 'spBv1.0']) {
    t.equal(receive(topic), undefined, topic)
  }
})

t.test('rules map devices whose names are not idShorts', async (t) => {
  const here = await broker(t)
  const store = await storeOf(t)
  await open(t, store, here, {
    sparkplug: {
      groups: ['Plant'],
      devices: [{ device: 'Plant/{edge}/M1', submodel: 'urn:press', path: 'Axis.{metric}' }]
    }
  })
  await edgeNode(t, here, (edge) => {
    edge.publishNodeBirth(nodeBirth())
    edge.publishDeviceBirth('M1', pressBirth())
  })
  await until(async () => (await current(store, 'Axis.Speed')) === '1.5')
  t.equal(await current(store, 'Speed'), '')
})
