/** Collecting by what is stored alone: the shipped hub, and a Modbus server of another library. */
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import t from 'tap'
import { discoverModbus } from '../../src/commands/discover-modbus.ts'
import { press } from '../collectors/asset-interface.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'
import { startGuarded } from './access-fixture.ts'
import { type Running, start } from './harness.ts'
import { describe, modbusMachine as machine, modbus, put } from './modbus-machine.ts'

const rowOf = (hub: Running, path = 'Speed') => hub.server.store.element('urn:press', path)
const value = async (hub: Running, path?: string): Promise<string | undefined> =>
  JSON.parse((await rowOf(hub, path))?.value ?? '{}').value

t.test('stored submodels alone make the hub read a machine, and follow their changes', async (t) => {
  const { port, holding } = await machine(t)
  const hub = await start(t, { COLLECT_TARGETS: `127.0.0.1:${port}` })
  await put(hub, press({ Speed: 'xs:int' }))
  await describe(hub, modbus(port))
  holding.writeInt16BE(12, 0)
  await until(async () => (await value(hub)) === '12')
  holding.writeInt16BE(13, 0)
  await until(async () => (await value(hub)) === '13')
  holding.writeInt16BE(77, 18)
  await describe(hub, modbus(port, 10))
  await until(async () => (await value(hub)) === '77')
  await hub.remove(`/submodels/${Buffer.from('urn:mapping').toString('base64url')}`)
  const listed = async () => (await hub.ask('GET', `${hub.url}/connections`)).json.result
  await until(async () => (await listed()).length === 0)
  const { senders } = hub.server.context.ingest
  t.match(senders.list(), [{ transport: 'modbus' }])
})

t.test('a machine that is gone makes its values bad, and is read again once it is back', async (t) => {
  const { port, holding, stop, start: switchOn } = await machine(t)
  const hub = await start(t, { COLLECT_TARGETS: `127.0.0.1:${port}` })
  await put(hub, press({ Speed: 'xs:int' }))
  await describe(hub, modbus(port))
  holding.writeInt16BE(12, 0)
  await until(async () => (await value(hub)) === '12')
  await stop()
  await until(async () => (await rowOf(hub))?.quality === 'bad')
  t.equal(await value(hub), '12', 'the value stays')
  holding.writeInt16BE(14, 0)
  await switchOn()
  await until(async () => (await value(hub)) === '14')
  t.not((await rowOf(hub))?.quality, 'bad')
})

t.test('an address that the operator did not list is not connected to', async (t) => {
  const { port } = await machine(t)
  const other = await machine(t)
  const hub = await start(t, { COLLECT_TARGETS: `127.0.0.1:${other.port}` })
  await put(hub, press({ Speed: 'xs:int', Level: 'xs:int' }))
  const { properties } = modbus(other.port)
  const interfaces = [
    modbus(port),
    { ...modbus(other.port), idShort: 'InterfaceOther', properties: { Level: properties.Speed ?? { form: {} } } }
  ]
  other.holding.writeInt16BE(5, 0)
  await describe(hub, ...interfaces)
  await until(async () => (await value(hub, 'Level')) === '5')
  t.notOk(await value(hub))
})

t.test('each connection is listed with its state and figures, can be tested, stopped and started', async (t) => {
  const { port, holding } = await machine(t)
  const hub = await start(t, { COLLECT_TARGETS: `127.0.0.1:${port}` })
  await put(hub, press({ Speed: 'xs:int', Level: 'xs:int' }))
  const good = modbus(port)
  const wrong = { ...good.properties, Level: { form: { href: '1/2', modv_entity: 'Register' } } }
  await describe(hub, { ...good, properties: wrong }, { ...modbus(1), idShort: 'InterfaceGone' })
  holding.writeInt16BE(12, 0)
  await until(async () => (await value(hub)) === '12')
  const ask = (method: string, path = '') => hub.ask(method, `${hub.url}/connections${path}`)
  const [first, second] = (await ask('GET')).json.result
  t.match(first, {
    ...{ id: 'urn:interfaces#InterfaceMODBUS', protocol: 'modbus', target: `modbus+tcp://127.0.0.1:${port}` },
    ...{ state: 'connected', items: 2, refused: 0, problems: [{ path: /Level$/, text: /modv_entity is Register/ }] }
  })
  t.ok(first.accepted > 0 && first.rate > 0 && first.lag >= 0 && first.lastSample)
  t.match(second, { state: 'failed', lastError: { text: /not among the targets/ }, nextTry: /Z$/ })
  const { text: metrics } = await hub.ask('GET', `${hub.url}/metrics`)
  t.match(metrics, /aas_hub_connections\{protocol="modbus",state="connected"\} 1/)
  t.match(metrics, /aas_hub_connection_samples_total\{connection="urn:interfaces#InterfaceMODBUS"\} [1-9]/)

  const path = `/${Buffer.from(first.id).toString('base64url')}`
  t.match((await ask('POST', `${path}/test`)).json.result, [
    { path: /Speed$/, value: 12, quality: 'good', sinks: [{ submodel: 'urn:press', path: 'Speed' }] },
    { path: /Level$/, quality: 'bad', reason: /modv_entity/ }
  ])
  const gone = `/${Buffer.from(second.id).toString('base64url')}`
  t.match(await ask('POST', `${gone}/test`), { status: 503, text: /not among the targets/ })
  t.equal((await ask('POST', '/eA/test')).status, 404)

  t.equal((await ask('POST', `${path}/stop`)).status, 204)
  t.equal((await ask('GET')).json.result[0].state, 'stopped')
  holding.writeInt16BE(20, 0)
  t.equal((await ask('POST', `${path}/start`)).status, 204)
  await until(async () => (await value(hub)) === '20')
})

t.test('the hub shows its connections as a submodel of its own, and replaces what others write there', async (t) => {
  const { port, stop } = await machine(t)
  const hub = await start(t, { COLLECT_TARGETS: `127.0.0.1:${port}` })
  const path = `/submodels/${Buffer.from('urn:aas-hub:connections').toString('base64url')}`
  await put(hub, press({ Speed: 'xs:int' }))
  t.equal((await hub.get(path)).status, 404, 'not before a machine is described')
  await describe(hub, modbus(port))
  const shown = async () => Object.values((await hub.get(`${path}/$value`)).json)[1] as Record<string, unknown>
  await until(async () => (await hub.get(path)).status === 200)
  await until(async () => (await shown()).State === 'connected')
  const { json: submodel } = await hub.get(path)
  t.match(submodel.submodelElements[1], {
    idShort: /^InterfaceMODBUS_[0-9a-f]{8}$/,
    semanticId: { keys: [{ value: 'https://admin-shell.io/idta/AssetInterfacesDescription/1/0/Interface' }] }
  })
  t.match(await shown(), {
    title: 'InterfaceMODBUS',
    base: `modbus+tcp://127.0.0.1:${port}`,
    Protocol: 'modbus',
    Items: 1
  })
  const element = `${path}/submodel-elements/${submodel.submodelElements[1].idShort}.State/$value`
  await hub.patch(element, 'stopped')
  await until(async () => (await shown()).State === 'connected')
  await hub.remove(path)
  await until(async () => (await hub.get(path)).status === 200)
  const connection = Buffer.from('urn:interfaces#InterfaceMODBUS').toString('base64url')
  await hub.ask('POST', `${hub.url}/connections/${connection}/stop`)
  await until(async () => (await shown()).State === 'stopped')
  await stop()
  await hub.ask('POST', `${hub.url}/connections/${connection}/start`)
  await until(async () => (await shown()).State === 'failed')
  t.match(await shown(), { LastError: /./, NextTry: /Z$/ })
  const { text } = await hub.ask('GET', `${hub.url}/timeseries?submodel=urn:aas-hub:connections&format=csv`)
  t.match(text, /stopped[\s\S]*failed/, 'with their history')
  const count = async () => (await hub.server.store.head('Submodel', 'urn:aas-hub:connections'))?.structureRevision
  const before = await count()
  await until(async () => (await shown()).State !== 'connecting')
  t.equal(await count(), before, 'its structure is not written again')
})

t.test('a wrong description is a violation of its submodel, until it is right', async (t) => {
  const { port, holding } = await machine(t)
  const hub = await start(t, { COLLECT_TARGETS: `127.0.0.1:${port}` })
  await put(hub, press({ Speed: 'xs:int' }))
  const good = modbus(port)
  const wrong = { Speed: { form: { href: '1/1', modv_entity: 'Register' } } }
  await describe(hub, { ...good, properties: wrong })
  const violations = async (id = 'urn:interfaces') =>
    (await hub.get(`/submodels/${Buffer.from(id).toString('base64url')}/$validation`)).json.violations.filter(
      ({ rule }: { rule: string }) => rule === 'AssetInterface'
    )
  await until(async () => (await violations()).length > 0)
  t.match(await violations(), [
    {
      idShortPath: 'InterfaceMODBUS.InteractionMetadata.properties.Speed',
      pointer: '/submodelElements/0/value/2/value/0/value/0',
      text: /modv_entity is Register/
    }
  ])
  await describe(hub, good)
  holding.writeInt16BE(12, 0)
  await until(async () => (await violations()).length === 0)
  await until(async () => (await value(hub)) === '12')
  await hub.remove(`/submodels/${Buffer.from('urn:interfaces').toString('base64url')}`)
  await until(async () => (await violations('urn:mapping')).length > 0)
  t.match(await violations('urn:mapping'), [{ text: 'the submodel of the source is not stored' }])
  const { problems, isCollecting } = (await hub.ask('GET', `${hub.url}/connections`)).json
  t.match({ problems, isCollecting }, { problems: [{ submodel: 'urn:mapping' }], isCollecting: true })
})

t.test('what is written to a mapped element reaches the machine, and is stored only if it takes it', async (t) => {
  const { port, holding, stop } = await machine(t)
  const hub = await start(t, { COLLECT_TARGETS: `127.0.0.1:${port}` })
  await put(hub, press({ Speed: 'xs:int', Target: 'xs:int' }))
  const { endpoint, properties, ...rest } = modbus(port)
  const command = {
    ...{ sink: 'Target', isCommand: true as const },
    form: { href: '1/9', modv_entity: 'HoldingRegister', modv_type: 'xsd:short' }
  }
  await describe(hub, { ...rest, endpoint, properties: { ...properties, Set: command } })
  holding.writeInt16BE(12, 0)
  await until(async () => (await value(hub)) === '12')
  const submodel = `/submodels/${Buffer.from('urn:press').toString('base64url')}`
  const target = `${submodel}/submodel-elements/Target/$value`
  t.equal((await hub.patch(target, 55)).status, 204)
  t.equal(holding.readInt16BE(16), 55)
  t.equal(await value(hub, 'Target'), '55')
  t.match(await hub.patch(target, 70_000), { status: 503, text: /did not take .*does not fit xs:short/ })
  t.match(await hub.patch(target, 'fast'), { status: 400 }, 'checked before the machine gets it')
  t.equal((await hub.patch(`${submodel}/$value`, { Target: 56 })).status, 204, 'also with others')
  t.equal(holding.readInt16BE(16), 56)
  await stop()
  t.match(await hub.patch(target, 57), { status: 503, text: /did not take .*refuses connections/ })
  t.equal(await value(hub, 'Target'), '56')
})

t.test('an Operation that is mapped to a register writes it, for callers with the right EXECUTE', async (t) => {
  const { port, holding, stop } = await machine(t)
  const { hub, as } = await startGuarded(
    t,
    { engineer: { role: 'engineer' }, operator: { role: 'operator' }, auditor: { role: 'auditor' } },
    undefined,
    { COLLECT_TARGETS: `127.0.0.1:${port}`, COLLECT_CLAIMS: 'role=gateway' }
  )
  const client = { put: (path: string, body: unknown) => as.engineer.ask('PUT', path, body) }
  const variable = { value: { modelType: 'Property' as const, idShort: 'Pieces', valueType: 'xs:int' as const } }
  const order = { modelType: 'Operation' as const, idShort: 'Order', inputVariables: [variable] }
  const data = press({ Speed: 'xs:int' })
  await put(client, { ...data, submodelElements: [...(data.submodelElements ?? []), order] })
  const { properties, ...rest } = modbus(port)
  const command = {
    ...{ sink: 'Order', isCommand: true as const },
    form: { href: '1/9', modv_entity: 'HoldingRegister', modv_type: 'xsd:short' }
  }
  await describe(client, { ...rest, properties: { ...properties, Order: command } })
  holding.writeInt16BE(12, 0)
  await until(async () => (await value(hub)) === '12')
  const path = `/submodels/${Buffer.from('urn:press').toString('base64url')}/submodel-elements/Order/invoke/$value`
  const invoke = (who: 'operator' | 'auditor', pieces: number) =>
    as[who].ask('POST', path, { inputArguments: { Pieces: pieces } })
  t.match((await invoke('operator', 40)).json, { executionState: 'Completed', success: true })
  t.equal(holding.readInt16BE(16), 40)
  t.equal((await invoke('auditor', 41)).status, 403)
  t.equal(holding.readInt16BE(16), 40)
  t.match((await invoke('operator', 70_000)).json, { success: false, messages: [{ text: /does not fit xs:short/ }] })
  await stop()
  t.match((await invoke('operator', 42)).json, { success: false, messages: [{ text: /connection/ }] })
})

t.test('what is written goes to a machine that is read by HTTP, with its own words where it refuses', async (t) => {
  const written: unknown[] = []
  const device = createServer((request, response) => {
    if (request.method === 'GET') return response.setHeader('content-type', 'application/json').end('{"speed":3}')
    void json(request).then((body) => {
      written.push([request.method, request.url, body])
      response.statusCode = body === 99 ? 409 : 204
      response.end()
    })
  })
  device.listen(0, '127.0.0.1')
  await once(device, 'listening')
  t.teardown(() => device.close())
  const { port } = device.address() as AddressInfo
  const hub = await start(t, { COLLECT_TARGETS: `127.0.0.1:${port}` })
  await put(hub, press({ Speed: 'xs:int', Target: 'xs:int' }))
  await describe(hub, {
    ...{ idShort: 'InterfaceHTTP', vocabulary: 'http://www.w3.org/2011/http', interval: 0.1 },
    endpoint: { base: `http://127.0.0.1:${port}` },
    properties: {
      Speed: { form: { href: '/status#/speed' } },
      Set: {
        ...{ sink: 'Target', isCommand: true as const, members: { type: 'integer' } },
        form: { href: '/target', contentType: 'application/json' }
      }
    }
  })
  await until(async () => (await value(hub)) === '3')
  const target = `/submodels/${Buffer.from('urn:press').toString('base64url')}/submodel-elements/Target/$value`
  t.equal((await hub.patch(target, 55)).status, 204)
  t.strictSame(written, [['PUT', '/target', 55]])
  t.match(await hub.patch(target, 99), { status: 503, text: /did not take .*409/ })
  t.equal(await value(hub, 'Target'), '55')
})

t.test('the list of registers of a manual becomes submodels that fit their templates, and are read', async (t) => {
  const { port, holding } = await machine(t)
  const file = join(testDirectory(t), 'press.csv')
  writeFileSync(
    file,
    [
      'Name;Register;Function;Data type;Scale;Unit;R/W;주기',
      'Motor speed;0;3;INT16;0,1;rpm;R;0.05',
      '온도;1;3;UINT16;;°C;R;0.05',
      'Alarm;0x0005;3;WORD;;;RW;0.05'
    ].join('\n')
  )
  const flags = new Map([
    ['map', file],
    ['id-base', 'urn:press-9']
  ])
  const { environment, summary } = await discoverModbus(`modbus+tcp://127.0.0.1:${port}`, flags)
  t.match(summary, [/^3 registers/, new RegExp(`--collect-targets 127.0.0.1:${port}`)])
  const hub = await start(t, { COLLECT_TARGETS: `127.0.0.1:${port}` })
  for (const submodel of environment.submodels ?? []) await put(hub, submodel)
  holding.writeInt16BE(125, 0)
  holding.writeUInt16BE(80, 2)
  holding.writeUInt16BE(7, 10)
  const data = `/submodels/${Buffer.from('urn:press-9/OperationalData').toString('base64url')}/$value`
  await until(async () => Object.values((await hub.get(data)).json).length === 3)
  t.match((await hub.get(data)).json, { Motor_speed: 12.5, Alarm: 7 })
  for (const { id } of environment.submodels?.slice(1) ?? []) {
    const { json } = await hub.get(`/submodels/${Buffer.from(id).toString('base64url')}/$validation`)
    t.match(json, { violations: [], metamodel: [] }, id)
  }
})

t.test('a list of registers with a mistake is refused with its row', async (t) => {
  const file = join(testDirectory(t), 'press.csv')
  const discover = (text: string) => {
    writeFileSync(file, text)
    return discoverModbus(undefined, new Map([['map', file]]))
  }
  await t.rejects(discover('Name;Type\nSpeed;INT16'), /press.csv: there is no column address/)
  await t.rejects(discover('Name;Address\nSpeed;1\nLevel;x'), /row 3: the address is "x"/)
  await t.rejects(discover('Name;Address;Type\nSpeed;1;INT17'), /row 2: "INT17" is not known/)
  await t.rejects(discover('Name;Address\n'), /no row/)
})
