/** What a hub shows of its connections, and what goes to machines with which rights: more than each run of the tests needs. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import t from 'tap'
import { press } from '../collectors/asset-interface.ts'
import { until } from '../until.ts'
import { startGuarded } from './access-fixture.ts'
import { type Running, start } from './harness.ts'
import { describe, modbusMachine as machine, modbus, put } from './modbus-machine.ts'

const value = async (hub: Running, path = 'Speed'): Promise<string | undefined> =>
  JSON.parse((await hub.server.store.element('urn:press', path))?.value ?? '{}').value

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

t.test('where the operator names one, the hub has a shell that refers to its connections', async (t) => {
  const { port } = await machine(t)
  const settings = { COLLECT_TARGETS: `127.0.0.1:${port}`, COLLECT_SHELL: 'urn:aas-hub:shell' }
  const hub = await start(t, settings)
  const path = `/shells/${Buffer.from('urn:aas-hub:shell').toString('base64url')}`
  await put(hub, press({ Speed: 'xs:int' }))
  await describe(hub, modbus(port))
  await until(async () => (await hub.get(path)).status === 200)
  const { json: shell } = await hub.get(path)
  t.match(shell, {
    assetInformation: { assetKind: 'Instance', globalAssetId: /^urn:aas-hub:instance:./ },
    submodels: [{ type: 'ModelReference', keys: [{ type: 'Submodel', value: 'urn:aas-hub:connections' }] }]
  })
  t.equal((await hub.put(path, { ...shell, displayName: [{ language: 'en', text: 'Line 1' }] })).status, 204)
  await describe(hub, modbus(port), { ...modbus(port), idShort: 'InterfaceOther' })
  const connections = `/submodels/${Buffer.from('urn:aas-hub:connections').toString('base64url')}`
  await until(async () => (await hub.get(connections)).text.includes('InterfaceOther'))
  t.match((await hub.get(path)).json, { displayName: [{ text: 'Line 1' }] }, 'what is added to it stays')
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
