import t, { type Test } from 'tap'
import { systemClock } from '../../src/clock.ts'
import type { Reference, SubmodelElement } from '../../src/model/types.ts'
import { SampleBatch } from '../../src/operations/samples/batch.ts'
import { Ingest } from '../../src/operations/samples/ingest.ts'
import { Access, RulesInForce } from '../../src/security/access.ts'
import { ReadingView } from '../../src/security/reading-view.ts'
import { asyncAasForm } from '../../src/transports/mqtt/publishing/async-aas.ts'
import { startGuarded } from '../e2e/access-fixture.ts'
import { type Running, start } from '../e2e/harness.ts'
import { claim, eq, policyOf, rule, str } from '../security/fixture.ts'
import { create, submodel, write } from '../store/fixtures.ts'
import { until } from '../until.ts'
import { type Broker, broker, open, property, storeOf } from './mqtt-broker.ts'

// biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
type Event = any

const SCHEMAS = 'https://api.swaggerhub.com/domains/Plattform_i40/Part1-MetaModel-Schemas/V3.1.0#/components/schemas/'
const TOPIC = 'plant/noauth'
const CONSUMER = `mqtt events ${TOPIC}`

const b64 = (id: string) => Buffer.from(id).toString('base64url')
const typesOf = (events: readonly Event[]) => events.map(({ type }) => type.replace('io.admin-shell.events.v1.', ''))

function meaning(value: string): { semanticId: Reference } {
  return { semanticId: { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value }] } }
}

async function listener(here: Broker, topic = TOPIC): Promise<Event[]> {
  const events: Event[] = []
  const client = await here.client({ clientId: 'listener', clean: false })
  client.on('message', (_, payload) => events.push(JSON.parse(payload.toString())))
  await client.subscribeAsync(topic, { qos: 1 })
  return events
}

interface PublishingHub {
  readonly hub: Running
  readonly events: Event[]
  /** Sends a request, and waits for as many more events. */
  step(method: string, path: string, body: unknown, events?: number): Promise<void>
}

async function publishingHub(t: Test, settings: Parameters<typeof start>[1] = {}): Promise<PublishingHub> {
  const here = await broker(t)
  const events = await listener(here)
  const hub = await start(t, { MQTT_URL: here.url, MQTT_EVENTS_TOPIC: TOPIC, ...settings })
  await until(async () => (await hub.server.store.cursor(CONSUMER)) !== undefined)
  const step: PublishingHub['step'] = async (method, path, body, more = 1) => {
    const before = events.length
    const { status, text } = await hub.ask(method, path, body)
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`)
    await until(() => events.length >= before + more)
  }
  return { hub, events, step }
}

const PRESS = `/submodels/${b64('urn:press')}`
const speed = { ...property('Speed'), ...meaning('urn:meaning:speed'), value: '1' } as SubmodelElement
const axis = { modelType: 'SubmodelElementCollection', idShort: 'Axis', ...meaning('urn:meaning:axis') }

t.test('shells and submodels are events when created, updated and deleted, at the URL of their document', async (t) => {
  const { hub, events, step } = await publishingHub(t)
  const shell = {
    modelType: 'AssetAdministrationShell',
    id: 'urn:shell',
    assetInformation: { assetKind: 'Instance', globalAssetId: 'urn:asset' }
  }
  const press = { ...submodel('urn:press'), ...meaning('urn:meaning:press') }
  await step('POST', '/shells', shell)
  await step('PUT', `/shells/${b64('urn:shell')}`, { ...shell, idShort: 'Shell' })
  await step('POST', '/submodels', press)
  await step('DELETE', PRESS, undefined)
  t.strictSame(typesOf(events), ['created', 'updated', 'created', 'deleted'])
  const [created, updated, submodelCreated, deleted] = events
  t.match(created, {
    specversion: '1.0',
    source: `${hub.api}/shells/${b64('urn:shell')}`,
    datacontenttype: 'application/json',
    dataschema: `${SCHEMAS}AssetAdministrationShell`,
    time: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/,
    data: shell
  })
  t.equal(updated.data.idShort, 'Shell')
  t.match(submodelCreated, { dataschema: `${SCHEMAS}Submodel`, semanticid: 'urn:meaning:press', data: press })
  t.strictSame(Object.keys(deleted).sort(), ['id', 'source', 'specversion', 'time', 'type'])
  t.equal(deleted.source, hub.api + PRESS)
  t.equal(new Set(events.map(({ id }) => id)).size, events.length)
})

t.test('an element is created in what contains it, and changed and deleted at its own URL', async (t) => {
  const { hub, events, step } = await publishingHub(t)
  const elements = `${PRESS}/submodel-elements`
  await step('POST', '/submodels', { ...submodel('urn:press'), ...meaning('urn:meaning:press') })
  await step('POST', elements, axis)
  await step('POST', `${elements}/Axis`, speed)
  await step('PATCH', `${elements}/Axis.Speed/$value`, '2')
  await step('PUT', `${elements}/Axis.Speed`, { ...speed, category: 'VARIABLE' })
  await step('DELETE', `${elements}/Axis.Speed`, undefined)
  t.strictSame(typesOf(events), ['created', 'created', 'created', 'valueChanged', 'updated', 'deleted'])
  const [, outer, inner, value, updated, deleted] = events
  const at = `${hub.api}${elements}/Axis`
  t.match(outer, { source: hub.api + PRESS, subject: 'Axis', semanticid: 'urn:meaning:press', data: axis })
  t.equal(outer.dataschema, `${SCHEMAS}SubmodelElementCollection`)
  t.match(inner, { source: at, subject: 'Axis.Speed', semanticid: 'urn:meaning:axis', data: speed })
  t.match(value, { source: `${at}.Speed`, semanticid: 'urn:meaning:speed', data: { ...speed, value: '2' } })
  t.match(updated, { source: `${at}.Speed`, dataschema: `${SCHEMAS}Property`, data: { category: 'VARIABLE' } })
  t.equal(deleted.source, `${at}.Speed`)
  t.notOk('data' in deleted)
  t.strictSame((await fetch(value.source)).status, 404, 'the source of an element is its URL at the hub')
  const feed = await hub.get('/events?envelope=cloudevents')
  const known = new Map(feed.json.records.map(({ id, type }: Event) => [id, type]))
  for (const { id, type } of events) t.equal(known.get(id), type, 'an event has the same id wherever it is read')
  t.strictSame((await fetch(inner.source)).status, 200)
})

t.test('concept descriptions, which the proposal has no events of, are not published', async (t) => {
  const { events, step } = await publishingHub(t)
  await step('POST', '/concept-descriptions', { modelType: 'ConceptDescription', id: 'urn:cd' }, 0)
  await step('POST', '/submodels', submodel('urn:press'))
  t.strictSame(
    events.map(({ dataschema }) => dataschema),
    [`${SCHEMAS}Submodel`]
  )
})

t.test('MQTT_EVENTS_DATA=false publishes what changed and where, without its content', async (t) => {
  const { hub, events, step } = await publishingHub(t, { MQTT_EVENTS_DATA: 'false' })
  await step('POST', '/submodels', submodel('urn:press', speed))
  await step('PATCH', `${PRESS}/submodel-elements/Speed/$value`, '2')
  t.ok(events.every((event) => !('data' in event) && event.datacontenttype === 'application/json'))
  t.equal(events[1].source, `${hub.api}${PRESS}/submodel-elements/Speed`)
  t.equal(await (await fetch(`${events[1].source}/$value`)).text(), '2')
})

t.test('both forms are published side by side', async (t) => {
  const { hub, events, step } = await publishingHub(t, { MQTT_PUBLISH: 'plant-1' })
  await until(async () => (await hub.server.store.cursor('mqtt plant-1')) !== undefined)
  await step('POST', '/submodels', submodel('urn:press'))
  t.equal(events.length, 1)
  const { text } = await hub.get(`${hub.url}/metrics`)
  t.match(text, /consumer="mqtt-publish"/)
  t.match(text, /consumer="mqtt-events"/)
})

t.test('sources are under the public URL of the hub', async (t) => {
  const here = await broker(t)
  const events = await listener(here)
  const hub = await start(t, { MQTT_URL: here.url, MQTT_EVENTS_TOPIC: TOPIC, PUBLIC_URL: 'https://hub.plant.example' })
  const { store } = hub.server
  await until(async () => (await store.cursor(CONSUMER)) !== undefined)
  await store.commit([create(submodel('urn:press'))])
  await until(() => events.length === 1)
  t.equal(events[0].source, `https://hub.plant.example/api/v3${PRESS}`)
})

t.test('a value has the time of its source, and of several samples the newest is published', async (t) => {
  const here = await broker(t)
  const store = await storeOf(t)
  const events = await listener(here)
  const form = asyncAasForm({ topic: TOPIC, base: 'http://hub/api/v3', epoch: store.epoch, withData: true })
  await open(t, store, here, {}, { forms: [form] })
  await until(async () => (await store.cursor(CONSUMER)) !== undefined)
  const batch = new SampleBatch()
  for (const second of [1n, 3n, 2n]) batch.add('urn:press', 'Speed', second * 1_000_000_000n, Number(second))
  await new Ingest({ store }).push(batch)
  await until(() => events.length === 1)
  t.match(events, [{ time: /^1970-01-01T00:00:03(\.0+)?Z$/, data: { value: '3' } }])
})

t.test('an event that is published again after an outage has the id that it had', async (t) => {
  const here = await broker(t)
  const store = await storeOf(t)
  const events = await listener(here)
  const form = asyncAasForm({ topic: TOPIC, base: 'http://hub/api/v3', epoch: store.epoch, withData: true })
  await open(t, store, here, {}, { forms: [form] })
  await until(async () => (await store.cursor(CONSUMER)) !== undefined)
  for (let round = 0; round < 3; round++) {
    await here.stop()
    for (let value = 0; value < 20; value++) {
      await store.commit([await write(store, 'urn:press', 'Count', String(round * 20 + value))])
    }
    await here.start()
    await until(() => new Set(events.map(({ data }) => data.value)).size === (round + 1) * 20)
  }
  const values = new Map<string, string>()
  for (const { id, data } of events) t.equal(values.get(id) ?? data.value, values.set(id, data.value).get(id))
  t.equal(values.size, 60)
})

t.test('no more is published than a view of it shows', async (t) => {
  const here = await broker(t)
  const store = await storeOf(t)
  const events = await listener(here)
  const rules = new RulesInForce(policyOf(rule({ objects: [{ REFERABLE: '$sme("urn:press").Speed' }] })))
  const caller = { subject: {}, name: 'mqtt:broker', authentication: 'configuration' } as const
  const access = new Access({ store, rules, clock: systemClock }, caller, [])
  const view = {
    documents: new ReadingView(store, access, 'READ'),
    elements: new ReadingView(store, access, 'READ', 'elements'),
    showsDeleted: async () => false
  }
  const form = asyncAasForm({ topic: TOPIC, base: 'http://hub/api/v3', epoch: store.epoch, withData: true })
  await open(t, store, here, {}, { forms: [form], published: () => view })
  await until(async () => (await store.cursor(CONSUMER)) !== undefined)
  await store.commit([await write(store, 'urn:press', 'Count', '7')])
  await store.commit([create(submodel('urn:secret', property('Secret')))])
  await store.commit([{ change: 'delete', kind: 'Submodel', id: 'urn:secret' }])
  await store.commit([await write(store, 'urn:press', 'Speed', '5')])
  await until(() => events.length > 0)
  t.strictSame(typesOf(events), ['valueChanged'])
  t.match(events[0], { source: /\/Speed$/, data: { value: '5' } })
})

t.test('where callers are authenticated, events are those of what MQTT_PUBLISH_CLAIMS may read', async (t) => {
  const here = await broker(t)
  const events = await listener(here)
  const isRole = (name: string) => eq(claim('role'), str(name))
  const rules = [
    rule({ rights: ['ALL'], formula: isRole('admin') }),
    rule({ formula: isRole('reader'), objects: [{ REFERABLE: '$sme("urn:press").Speed' }] })
  ]
  const settings = { MQTT_URL: here.url, MQTT_EVENTS_TOPIC: TOPIC, MQTT_PUBLISH_CLAIMS: 'role=reader' }
  const { hub, as } = await startGuarded(t, { admin: { role: 'admin' } }, rules, settings)
  await until(async () => (await hub.server.store.cursor(CONSUMER)) !== undefined)
  const elements = `${PRESS}/submodel-elements`
  const secret = { ...property('Secret'), value: 'canary' }
  for (const [method, path, body] of [
    ['POST', '/submodels', submodel('urn:press', speed, { ...secret, valueType: 'xs:string' } as SubmodelElement)],
    ['PATCH', `${elements}/Secret/$value`, '"canary 2"'],
    ['PATCH', `${elements}/Speed/$value`, '2'],
    ['DELETE', `${elements}/Secret`, undefined],
    ['PATCH', `${elements}/Speed/$value`, '3']
  ] as const) {
    const { status, text } = await as.admin.ask(method, path, body)
    t.ok(status < 300, text)
  }
  await until(() => events.at(-1)?.data?.value === '3')
  t.notMatch(JSON.stringify(events), /canary|Secret/)
  t.equal(events.at(-1)?.source, `${hub.api}${elements}/Speed`)
})
