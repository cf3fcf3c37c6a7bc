import t, { type Test } from 'tap'
import { systemClock } from '../../src/clock.ts'
import { SampleBatch } from '../../src/operations/samples/batch.ts'
import { Ingest } from '../../src/operations/samples/ingest.ts'
import { Access, RulesInForce } from '../../src/security/access.ts'
import { ReadingView } from '../../src/security/reading-view.ts'
import type { Change } from '../../src/store/store.ts'
import { basyxForm } from '../../src/transports/mqtt/publishing/basyx.ts'
import { start } from '../e2e/harness.ts'
import { policyOf, rule } from '../security/fixture.ts'
import { create, replace, submodel, write } from '../store/fixtures.ts'
import { until } from '../until.ts'
import { type Broker, broker, open, property, storeOf } from './mqtt-broker.ts'

interface Heard {
  readonly topic: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
  readonly json: any
}

async function listener(here: Broker): Promise<Heard[]> {
  const heard: Heard[] = []
  const client = await here.client({ clientId: 'listener', clean: false })
  client.on('message', (topic, payload) => heard.push({ topic, json: JSON.parse(payload.toString()) }))
  await client.subscribeAsync('+/plant-1/#', { qos: 1 })
  return heard
}

async function publishingHub(t: Test) {
  const here = await broker(t)
  const store = await storeOf(t)
  const heard = await listener(here)
  const transport = await open(t, store, here, {}, { forms: [basyxForm('plant-1')] })
  await until(async () => (await store.cursor('mqtt plant-1')) !== undefined)
  return { here, store, heard, transport }
}

const b64 = (id: string) => Buffer.from(id).toString('base64url')
const PRESS = `sm-repository/plant-1/submodels/${b64('urn:press')}/submodelElements`

t.test('values are published with their element, samples by the newest of them', async (t) => {
  const { store, heard } = await publishingHub(t)
  await store.commit([await write(store, 'urn:press', 'Speed', '5')])
  const batch = new SampleBatch()
  for (const [time, value] of [
    [10n, 1],
    [30n, 3],
    [20n, 2]
  ] as const)
    batch.add('urn:press', 'Axis.Load', time, value)
  await new Ingest({ store }).push(batch)
  await until(() => heard.length === 2)
  t.strictSame(heard, [
    {
      topic: `${PRESS}/Speed/value/updated`,
      json: { modelType: 'Property', idShort: 'Speed', valueType: 'xs:double', value: '5' }
    },
    {
      topic: `${PRESS}/Axis.Load/value/updated`,
      json: { modelType: 'Property', idShort: 'Load', valueType: 'xs:double', value: '3' }
    }
  ])
})

t.test('a sample older than the current value is not published', async (t) => {
  const { store, heard } = await publishingHub(t)
  const ingest = new Ingest({ store })
  for (const [time, value] of [
    [20n, 2],
    [10n, 1],
    [30n, 3]
  ] as const) {
    const batch = new SampleBatch()
    batch.add('urn:press', 'Speed', time, value)
    await ingest.push(batch)
  }
  await until(() => heard.at(-1)?.json.value === '3')
  t.strictSame(
    heard.map(({ json }) => json.value),
    ['2', '3']
  )
})

t.test('documents are published when created, updated and deleted', async (t) => {
  const { store, heard } = await publishingHub(t)
  const shell = { modelType: 'AssetAdministrationShell', id: 'urn:shell', assetInformation: { assetKind: 'Instance' } }
  const json = JSON.stringify(shell)
  const changes: Change[] = [
    { change: 'create', kind: 'AssetAdministrationShell', id: 'urn:shell', json, facets: [] },
    create(submodel('urn:other'))
  ]
  await store.commit(changes)
  await until(() => heard.length === 2)
  await store.commit([replace(submodel('urn:other', property('New')), { touched: ['New'] })])
  await until(() => heard.length === 3)
  await store.commit([replace(submodel('urn:other'), { touched: ['New'] })])
  await store.commit([replace(submodel('urn:other', property('Else')))])
  await until(() => heard.length === 5)
  await store.commit([{ change: 'delete', kind: 'Submodel', id: 'urn:other' }])
  await until(() => heard.length === 6)
  const other = `sm-repository/plant-1/submodels/${b64('urn:other')}/submodelElements`
  t.strictSame(heard, [
    { topic: 'aas-repository/plant-1/shells/created', json: shell },
    { topic: 'sm-repository/plant-1/submodels/created', json: { modelType: 'Submodel', id: 'urn:other' } },
    { topic: `${other}/New/updated`, json: { modelType: 'Property', idShort: 'New', valueType: 'xs:double' } },
    { topic: `${other}/New/deleted`, json: { idShort: 'New' } },
    { topic: 'sm-repository/plant-1/submodels/updated', json: submodel('urn:other', property('Else')) },
    { topic: 'sm-repository/plant-1/submodels/deleted', json: { modelType: 'Submodel', id: 'urn:other' } }
  ])
})

t.test('elements are published when created, updated and deleted, by their path', async (t) => {
  const here = await broker(t)
  const heard = await listener(here)
  const hub = await start(t, { MQTT_URL: here.url, MQTT_PUBLISH: 'plant-1', UNKNOWN_SERIES: 'create' })
  await until(async () => (await hub.server.store.cursor('mqtt plant-1')) !== undefined)
  const speed = { ...property('Speed'), value: '1' }
  const at = `/submodels/${b64('urn:press')}/submodel-elements`
  const log = { modelType: 'SubmodelElementList', idShort: 'Log', typeValueListElement: 'Capability' }
  const steps = [
    () => hub.post('/submodels', submodel('urn:press')),
    () => hub.post(at, speed),
    () => hub.put(`${at}/Speed`, { ...speed, value: '2' }),
    () => hub.put(`${at}/Log`, log),
    () => hub.post(`${at}/Log`, { modelType: 'Capability' }),
    () => hub.remove(`${at}/Log%5B0%5D`),
    () => hub.post('/ingest', { submodel: 'urn:press', path: 'Axis.Load', value: 5 }),
    () => hub.remove(`${at}/Speed`),
    () => hub.post(at, speed)
  ]
  for (const [place, step] of steps.entries()) {
    const { status, text } = await step()
    t.ok(status < 300, text)
    // An element is published in its state at that moment.
    await until(() => heard.length > place)
  }
  await until(() => heard.length === 10)
  t.strictSame(
    heard.map(({ topic }) => topic.replace(`${PRESS}/`, '')),
    [
      'sm-repository/plant-1/submodels/created',
      'Speed/created',
      'Speed/updated',
      'Log/created',
      'Log[0]/created',
      'Log/updated',
      'Axis.Load/created',
      'Axis.Load/value/updated',
      'Speed/deleted',
      'Speed/created'
    ]
  )
  t.strictSame(
    heard.filter(({ topic }) => topic.startsWith(`${PRESS}/Speed`)).map(({ json }) => json),
    [speed, { ...speed, value: '2' }, { idShort: 'Speed' }, speed]
  )
})

t.test('an element created and deleted while the broker was away is published as deleted', async (t) => {
  const { here, store, heard } = await publishingHub(t)
  await here.stop()
  await store.commit([create(submodel('urn:other'))])
  const whole = replace(submodel('urn:other', property('New')), { touched: ['New'], subtreeAction: 'created' })
  await store.commit([whole])
  await store.commit([replace(submodel('urn:other'), { touched: ['New'], subtreeAction: 'deleted' })])
  await here.start()
  await until(() => heard.length === 2)
  t.strictSame(
    heard.map(({ topic }) => topic.split('/').at(-1)),
    ['created', 'deleted']
  )
})

t.test('changes while the broker or the transport is down are published afterwards, in order', async (t) => {
  const { here, store, heard, transport } = await publishingHub(t)
  const values = () => heard.map(({ json }) => Number(json.value))
  await here.stop()
  for (let value = 0; value < 50; value++) await store.commit([await write(store, 'urn:press', 'Speed', String(value))])
  await here.start()
  await until(() => new Set(values()).size === 50)
  await transport.close()
  for (let value = 50; value < 100; value++) {
    await store.commit([await write(store, 'urn:press', 'Speed', String(value))])
  }
  await open(t, store, here, {}, { forms: [basyxForm('plant-1')] })
  await until(() => new Set(values()).size === 100)
  const first = [...new Set(values())]
  t.strictSame(
    first,
    first.toSorted((a, b) => a - b)
  )
})

t.test('the transport stops while the broker is away', async (t) => {
  const { here, store, transport } = await publishingHub(t)
  await here.stop()
  await store.commit([await write(store, 'urn:press', 'Speed', '5')])
  const from = performance.now()
  await transport.close()
  t.ok(performance.now() - from < 10_000)
})

t.test('no more is published than a view of it shows', async (t) => {
  const here = await broker(t)
  const store = await storeOf(t)
  const heard = await listener(here)
  const rules = new RulesInForce(policyOf(rule({ objects: [{ REFERABLE: '$sme("urn:press").Speed' }] })))
  const caller = { subject: {}, name: 'mqtt:broker', authentication: 'configuration' } as const
  const access = new Access({ store, rules, clock: systemClock }, caller, [])
  const documents = new ReadingView(store, access, 'READ')
  const elements = new ReadingView(store, access, 'READ', 'elements')
  const view = { documents, elements, showsDeleted: async () => false }
  await open(t, store, here, {}, { forms: [basyxForm('plant-1')], published: () => view })
  await until(async () => (await store.cursor('mqtt plant-1')) !== undefined)
  await store.commit([await write(store, 'urn:press', 'Count', '7')])
  await store.commit([create(submodel('urn:secret', property('Secret')))])
  await store.commit([{ change: 'delete', kind: 'Submodel', id: 'urn:secret' }])
  await store.commit([await write(store, 'urn:press', 'Speed', '5')])
  await until(() => heard.length > 0)
  t.match(heard, [{ topic: `${PRESS}/Speed/value/updated`, json: { value: '5' } }])
  t.equal(heard.length, 1)
})
