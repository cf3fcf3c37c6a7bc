/** What has no time of its own is of its arrival by the clock of the machine, whatever was done to that clock before. */
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { clockOf } from '../../src/clock.ts'
import { testDirectory } from '../test-directory.ts'
import { broker } from '../transports/mqtt-broker.ts'
import { until } from '../until.ts'
import { encode, type Running, start } from './harness.ts'

const MINUTE = 60_000
const DAY = 86_400_000

/** Each is a series with a transport of its own. */
const TRANSPORTS = ['Json', 'Ndjson', 'Line', 'Influx', 'Senml', 'Stream', 'Mqtt', 'Value', 'Values']
const FORMS = { Ndjson: 'application/x-ndjson', Line: 'text/plain', Senml: 'application/senml+json' } as const

const machine = {
  modelType: 'Submodel',
  id: 'urn:m',
  idShort: 'Machine',
  submodelElements: TRANSPORTS.map((idShort) => ({
    modelType: 'Property',
    idShort,
    valueType: 'xs:double',
    value: '0'
  }))
}

/** Writes a value without a time by every transport. */
async function writeAll(hub: Running, publish: (value: number) => Promise<unknown>, value: number): Promise<void> {
  const element = `/submodels/${encode('urn:m')}`
  const push = (transport: keyof typeof FORMS, body: string) =>
    hub.post('/ingest', body, { 'content-type': FORMS[transport] }).then(({ json }) => {
      if (json.accepted !== 1) throw new Error(`${transport}: ${JSON.stringify(json)}`)
    })
  await hub.post('/ingest', { submodel: 'urn:m', path: 'Json', value })
  await push('Ndjson', JSON.stringify({ submodel: 'urn:m', path: 'Ndjson', value }))
  await push('Line', `Machine Line=${value}`)
  await hub.ask('POST', `${hub.url}/write`, `Machine Influx=${value}`, { 'content-type': 'text/plain' })
  await push('Senml', JSON.stringify([{ n: 'urn:m/Senml', v: value }]))
  await stream(hub, { path: 'Stream', value })
  await hub.patch(`${element}/submodel-elements/Value/$value`, value)
  await hub.patch(`${element}/$value`, { Values: value })
  await publish(value)
}

/** Waits until all series have this current value; answers their source times in milliseconds. */
async function sourceTimes(hub: Running, value: number): Promise<number[]> {
  const rows = () => Promise.all(TRANSPORTS.map((path) => hub.server.context.store.element('urn:m', path)))
  await until(async () => (await rows()).every((row) => row?.value === `{"value":"${value}"}`))
  return (await rows()).map((row) => Number((row?.sourceTime ?? 0n) / 1_000_000n))
}

/** One message by WebSocket; answers what the hub says to it. */
async function stream(hub: Running, item: object): Promise<unknown> {
  const socket = new WebSocket(`${hub.url.replace('http', 'ws')}/stream`)
  await once(socket, 'open')
  socket.send(JSON.stringify({ type: 'push', id: 1, submodel: 'urn:m', ...item }))
  const [answer] = await once(socket, 'message')
  socket.close()
  return JSON.parse(String(answer))
}

/** A hub with that clock, and the way to publish to it. */
async function running(t: Test, wall: () => number) {
  const here = await broker(t)
  const mapping = join(testDirectory(t), 'mapping.json')
  writeFileSync(mapping, JSON.stringify({ topics: [{ topic: 'raw', submodel: 'urn:m', path: 'Mqtt' }] }))
  const isSubscribed = once(here.aedes, 'subscribe')
  const hub = await start(t, { MQTT_URL: here.url, MQTT_MAPPING: mapping }, { clock: clockOf(wall) })
  const client = await here.client()
  await isSubscribed
  await hub.post('/submodels', machine)
  const publish = (message: unknown) => client.publishAsync('raw', JSON.stringify(message), { qos: 1 })
  return { hub, publish }
}

async function through(t: Test, jumps: readonly number[]): Promise<void> {
  let wall = Date.now()
  const { hub, publish } = await running(t, () => wall)
  for (const [at, jump] of [0, ...jumps].entries()) {
    wall += jump
    await writeAll(hub, publish, at + 1)
    const times = await sourceTimes(hub, at + 1)
    for (const [transport, time] of times.entries()) {
      t.ok(Math.abs(time - wall) <= 2, `${TRANSPORTS[transport]} after ${jump} ms: ${time - wall} ms off`)
    }
    wall += 1000
  }
}

t.test('a hub that starts with a wrong clock sets correct times as soon as the clock is set', (t) =>
  through(t, [300 * DAY, 5 * MINUTE])
)

t.test('values are current, with correct times, also after the clock was set forward and back', (t) =>
  through(t, [300 * DAY, -300 * DAY, 5 * MINUTE, -5 * MINUTE, -2 * DAY])
)

t.test('a sample of the far future does not block later ones, by any transport', async (t) => {
  const { hub, publish } = await running(t, () => Date.now())
  const [now, future] = [Date.now(), Date.UTC(2200, 0, 1)]
  const rows = (time: number) => [
    ['Json', '/ingest', JSON.stringify({ submodel: 'urn:m', path: 'Json', value: 1, time }), 'application/json'],
    ['Ndjson', '/ingest', JSON.stringify({ submodel: 'urn:m', path: 'Ndjson', value: 1, time }), FORMS.Ndjson],
    ['Line', '/ingest?precision=ms', `Machine Line=1 ${time}`, FORMS.Line],
    ['Influx', '/write?precision=ms', `Machine Influx=1 ${time}`, FORMS.Line],
    ['Senml', '/ingest', JSON.stringify([{ n: 'urn:m/Senml', v: 1, t: time / 1000 }]), FORMS.Senml]
  ]
  for (const [transport, path, body, type = ''] of rows(future)) {
    const { status, json } = await hub.ask('POST', hub.url + path, body, { 'content-type': type })
    t.match(JSON.stringify(json), /2200.*ahead of the clock of the hub/, `${transport} names the reason`)
    t.ok(status >= 400 || json.refused === 1, `${transport} refuses`)
  }
  t.match(await stream(hub, { path: 'Stream', value: 1, time: future }), { type: 'refused' })
  await publish({ value: 1, time: future })
  const element = () => hub.server.context.store.element('urn:m', 'Mqtt')
  await until(async () => (await element())?.quality === 'uncertain')
  t.ok(Math.abs(Number((await element())?.sourceTime ?? 0n) / 1e6 - now) < MINUTE, 'by MQTT it is of its arrival')
  const later = Date.now() + 1000
  for (const [, path = '', body, type = ''] of rows(later)) {
    await hub.ask('POST', hub.url + path, body, { 'content-type': type })
  }
  await stream(hub, { path: 'Stream', value: 1, time: later })
  await publish({ value: 1, time: later })
  for (const transport of TRANSPORTS.slice(0, -2)) {
    await until(async () => {
      const row = await hub.server.context.store.element('urn:m', transport)
      return row?.sourceTime === BigInt(later) * 1_000_000n && row.quality === undefined
    })
  }
})

t.test('a value written as part of a document is not replaced by an older sample', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', machine)
  const path = `/submodels/${encode('urn:m')}/submodel-elements/Json`
  await hub.post('/ingest', { submodel: 'urn:m', path: 'Json', value: 5, time: '1970-01-01T00:00:01Z' })
  t.equal((await hub.get(`${path}/$value`)).json, 0, 'an import of old data goes to the history alone')
  t.equal((await hub.get('/timeseries?submodel=urn:m&path=Json')).json.rows[0][1], 5)
  await hub.post('/ingest', { submodel: 'urn:m', path: 'Json', value: 6 })
  t.equal((await hub.get(`${path}/$value`)).json, 6)
  await hub.put(path, { modelType: 'Property', idShort: 'Json', valueType: 'xs:double', value: '7' })
  await hub.post('/ingest', { submodel: 'urn:m', path: 'Json', value: 5, time: Date.now() - MINUTE })
  t.equal((await hub.get(`${path}/$value`)).json, 7)
})
