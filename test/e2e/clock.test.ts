/** What has no time of its own is of its arrival by the clock of the machine, whatever was done to that clock before. */
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { clockOf } from '../../src/clock.ts'
import { broker, until } from '../doors/mqtt-broker.ts'
import { encode, type Running, start } from './harness.ts'

const MINUTE = 60_000
const DAY = 86_400_000

/** Each is one series with a door of its own. */
const DOORS = ['Json', 'Ndjson', 'Line', 'Influx', 'Senml', 'Stream', 'Mqtt', 'Value', 'Values']
const FORMS = { Ndjson: 'application/x-ndjson', Line: 'text/plain', Senml: 'application/senml+json' } as const

const machine = {
  modelType: 'Submodel',
  id: 'urn:m',
  idShort: 'Machine',
  submodelElements: DOORS.map((idShort) => ({ modelType: 'Property', idShort, valueType: 'xs:double', value: '0' }))
}

/** Writes a value without a time through every door. */
async function writeAll(hub: Running, publish: (value: number) => Promise<unknown>, value: number): Promise<void> {
  const element = `/submodels/${encode('urn:m')}`
  const push = (door: keyof typeof FORMS, body: string) =>
    hub.post('/ingest', body, { 'content-type': FORMS[door] }).then(({ json }) => {
      if (json.accepted !== 1) throw new Error(`${door}: ${JSON.stringify(json)}`)
    })
  await hub.post('/ingest', { submodel: 'urn:m', path: 'Json', value })
  await push('Ndjson', JSON.stringify({ submodel: 'urn:m', path: 'Ndjson', value }))
  await push('Line', `Machine Line=${value}`)
  await hub.ask('POST', `${hub.url}/write`, `Machine Influx=${value}`, { 'content-type': 'text/plain' })
  await push('Senml', JSON.stringify([{ n: 'urn:m/Senml', v: value }]))
  const socket = new WebSocket(`${hub.url.replace('http', 'ws')}/stream`)
  await once(socket, 'open')
  socket.send(JSON.stringify({ type: 'push', id: 1, submodel: 'urn:m', path: 'Stream', value }))
  await once(socket, 'message')
  socket.close()
  await hub.patch(`${element}/submodel-elements/Value/$value`, value)
  await hub.patch(`${element}/$value`, { Values: value })
  await publish(value)
}

/** Waits until all series have this current value; answers their source times in milliseconds. */
async function sourceTimes(hub: Running, value: number): Promise<number[]> {
  const rows = () => Promise.all(DOORS.map((path) => hub.server.hub.store.element('urn:m', path)))
  await until(async () => (await rows()).every((row) => row?.value === `{"value":"${value}"}`))
  return (await rows()).map((row) => Number((row?.sourceTime ?? 0n) / 1_000_000n))
}

async function through(t: Test, jumps: readonly number[]): Promise<void> {
  let wall = Date.now()
  const here = await broker(t)
  const mapping = join(t.testdir({}), 'mapping.json')
  writeFileSync(mapping, JSON.stringify({ topics: [{ topic: 'raw', submodel: 'urn:m', path: 'Mqtt' }] }))
  const isSubscribed = once(here.aedes, 'subscribe')
  const hub = await start(t, { MQTT_URL: here.url, MQTT_MAPPING: mapping }, { clock: clockOf(() => wall) })
  const client = await here.client()
  await isSubscribed
  await hub.post('/submodels', machine)
  for (const [at, jump] of [0, ...jumps].entries()) {
    wall += jump
    await writeAll(hub, (value) => client.publishAsync('raw', String(value), { qos: 1 }), at + 1)
    const times = await sourceTimes(hub, at + 1)
    for (const [door, time] of times.entries()) {
      t.ok(Math.abs(time - wall) <= 2, `${DOORS[door]} after ${jump} ms: ${time - wall} ms off`)
    }
    wall += 1000
  }
  await client.endAsync()
}

t.test('a hub that starts long ago dates right as soon as its clock is set', (t) => through(t, [300 * DAY, 5 * MINUTE]))
