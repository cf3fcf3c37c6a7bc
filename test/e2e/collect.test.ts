/** Collecting by what is stored alone: the shipped hub, and a Modbus server of another library. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { discoverModbus } from '../../src/commands/discover-modbus.ts'
import { press } from '../collectors/asset-interface.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'
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

t.test('a list of registers is described without the rows that are none, and says what is wrong in each', async (t) => {
  const { port, holding } = await machine(t)
  const hub = await start(t, { COLLECT_TARGETS: `127.0.0.1:${port}` })
  const address = `modbus+tcp://127.0.0.1:${port}`
  const discover = (body: object) => hub.ask('POST', `${hub.url}/connections/discover`, body)
  const rows = [
    ...['Name;Register;Data type;Unit id;R/W', 'Speed;0;INT16;;RW', 'Level;x;INT16;;', 'Flow;2;INT17;;'],
    ...['Pressure;65535;FLOAT32;3;', 'Alarm;5;WORD;300;']
  ]
  const { json } = await discover({ address, title: 'Press 9', unit: 7, registers: rows.join('\n') })
  t.match(json, {
    found: { name: 'Press 9', address, values: 1, writable: 1, methods: 0 },
    problems: [
      { row: 3, text: /the address is "x"/ },
      { row: 4, text: /"INT17" is not known/ },
      { row: 5, text: /names no table/ },
      { row: 6, text: /300/ }
    ]
  })
  holding.writeInt16BE(12, 0)
  for (const submodel of json.environment.submodels) await put(hub, submodel)
  const data = `/submodels/${Buffer.from('urn:modbus:Press_9/OperationalData').toString('base64url')}/$value`
  await until(async () => (await hub.get(data)).json.Speed === 12)
  const description = `/submodels/${Buffer.from('urn:modbus:Press_9/AssetInterfacesDescription').toString('base64url')}`
  t.match((await hub.get(`${description}/$value`)).text, '"7/0"', 'of the unit that was asked for')

  const registers = 'Name;Register\nSpeed;0'
  const outside = await discover({ address: 'modbus+tcp://192.0.2.1:502', registers })
  t.match(outside.json, { found: { name: '192.0.2.1' }, problems: [{ row: undefined, text: /not among the targets/ }] })
  t.match(await discover({ address }), { status: 400, text: /list of its registers/ })
  t.match(await discover({ address, registers: 'Name;Register\nSpeed;x' }), { status: 400, text: /row 2: the address/ })
  t.match(await discover({ address: 'modbus://x', registers }), { status: 503, text: /modbus\+tcp:\/\/host:port/ })
  const long = `Name;Register\nLevel;x\n${Array.from({ length: 1999 }, (_, at) => `Register ${at};${at}`).join('\n')}`
  const all = await discover({ address, registers: long.slice(0, long.lastIndexOf('\n')) })
  t.match(all.json, { found: { values: 1998 }, problems: [{ row: 2 }] }, 'a long one in a thread')
  t.equal(all.json.environment.submodels[0].submodelElements.length, 1998)
  const many = `Name;Register\n${'Speed;0\n'.repeat(2001)}`
  t.match(await discover({ address, registers: many }), { status: 400, text: /more than 2000 rows/ })
})

t.test('a list of registers with a mistake is refused with its row', async (t) => {
  const file = join(testDirectory(t), 'press.csv')
  const discover = (text: string) => {
    writeFileSync(file, text)
    return discoverModbus(undefined, new Map([['map', file]]))
  }
  await t.rejects(discover('Name;Type\nSpeed;INT16'), /press.csv: there is no column address/)
  await t.rejects(discover('Name;Address\nSpeed;1\nLevel;x\nFlow;y'), /row 3: the address is "x".*; row 4: /)
  await t.rejects(discover('Name;Address;Type\nSpeed;1;INT17'), /row 2: "INT17" is not known/)
  await t.rejects(discover('Name;Address\n'), /no row/)
})
