/** The Modbus connector against a server of another library (jsmodbus), and against devices that misbehave. */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import jsmodbus from 'jsmodbus'
import t, { type Test } from 'tap'
import { openModbus } from '../../../src/collectors/modbus/modbus.ts'
import { inTime, until } from '../../until.ts'
import { assetInterface, type DescribedProperty, MODBUS } from '../asset-interface.ts'
import { lastValues, type RecordedContext, sessionContext } from '../session-context.ts'
import { device, exception, frame, registers } from './device.ts'

const modbus = (
  port: number,
  properties: Readonly<Record<string, DescribedProperty>>,
  endpoint: Readonly<Record<string, string>> = {}
) =>
  assetInterface({
    ...{ idShort: 'InterfaceMODBUS', vocabulary: MODBUS, properties, interval: 0.02 },
    endpoint: { base: `modbus+tcp://127.0.0.1:${port}`, ...endpoint }
  })

const holding = (href: string, more: Readonly<Record<string, string>> = {}): DescribedProperty => ({
  form: { href, modv_entity: 'HoldingRegister', modv_zeroBasedAddressing: 'true', ...more }
})

async function open(t: Test, described: ReturnType<typeof modbus>, context: RecordedContext = sessionContext(t)) {
  const session = await openModbus(described, context)
  t.teardown(() => session.close())
  return { session, context }
}

/** A server of jsmodbus. */
async function server(t: Test) {
  const tables = {
    ...{ coils: Buffer.alloc(64), discrete: Buffer.alloc(64), holding: Buffer.alloc(2048), input: Buffer.alloc(2048) }
  }
  const tcp = createServer((socket) => socket.on('error', () => {}))
  new jsmodbus.server.TCP(tcp, tables)
  tcp.listen(0, '127.0.0.1')
  await once(tcp, 'listening')
  t.teardown(() => tcp.close())
  return { ...tables, port: (tcp.address() as AddressInfo).port }
}

t.test('values of every type are read from every table, as the vocabulary says', async (t) => {
  const { port, coils, discrete, holding: words, input } = await server(t)
  coils.writeUInt8(0b0000_0100, 0)
  discrete.writeUInt8(0b1000_0000, 1)
  words.writeInt16BE(-12, 0)
  words.writeUInt16BE(65_000, 2)
  words.writeInt32BE(-70_000, 4)
  words.writeFloatBE(1.5, 8)
  // The least significant word first, and each word with its least significant byte first.
  words.writeFloatLE(2.25, 12)
  words.writeDoubleBE(Math.PI, 16)
  words.writeBigInt64BE(-9_007_199_254_740_993n, 24)
  words.write('PRESS\0', 32)
  words.writeUInt16BE(1234, 40)
  words.writeUInt16BE(0b1000, 42)
  words.writeFloatBE(Number.NaN, 44)
  input.writeUInt16BE(7, 0)
  const { context } = await open(
    t,
    modbus(port, {
      coil: { form: { href: '1/3', modv_entity: 'Coil' } },
      discrete: { form: { href: '1/10016' } },
      short: holding('1/0', { modv_type: 'xsd:short' }),
      word: holding('1/1', { modv_type: 'xs:unsignedShort' }),
      int: holding('1/2?quantity=2', { modv_type: 'xsd:int' }),
      float: holding('/1/4?quantity=2', { modv_type: 'xsd:float' }),
      swapped: holding('1/6', {
        ...{ modv_type: 'xsd:float', modv_mostSignificantByte: 'false', modv_mostSignificantWord: 'false' }
      }),
      double: holding('1/8', { modv_type: 'xsd:double' }),
      long: holding('1/12', { modv_type: 'xsd:long' }),
      text: holding('1/16?quantity=4', { modv_type: 'xsd:string' }),
      scaled: holding('1/20', { modv_type: 'xsd:unsignedShort', scale: '0.1', offset: '-40' }),
      bit: holding('1/21', { modv_type: 'xsd:unsignedShort', bit: '3' }),
      nan: holding('1/22', { modv_type: 'xsd:float' }),
      input: { form: { href: '1/30001' }, members: { type: 'integer' } }
    })
  )
  await until(() => context.samples.length >= 14)
  t.strictSame(lastValues(context), {
    ...{ coil: true, discrete: true, short: -12, word: 65_000, int: -70_000, float: 1.5, swapped: 2.25 },
    ...{ double: Math.PI, long: -9_007_199_254_740_993n, text: 'PRESS', scaled: 83.4, bit: true, nan: undefined },
    input: 7
  })
  const nan = context.samples.find(({ item }) => item.path.endsWith('nan'))
  t.match(nan, { quality: 'bad', reason: 'the value is not a number' })
})

t.test('neighbouring registers are read by one request, up to the limit of the protocol', async (t) => {
  const { port, requests } = await device(t, ({ pdu }) => registers(pdu, (address) => address))
  const properties = Object.fromEntries(
    Array.from({ length: 200 }, (_, at) => [`r${at}`, holding(`${1 + (at % 2)}/${Math.floor(at / 2)}`)])
  )
  const { context } = await open(t, modbus(port, properties))
  await until(() => context.samples.length >= 200)
  t.strictSame(
    requests.slice(0, 2).map(({ unit, pdu }) => [unit, pdu.readUInt16BE(1), pdu.readUInt16BE(3)]),
    [
      [1, 0, 100],
      [2, 0, 100]
    ]
  )
  t.equal(lastValues(context).r199, 99)
})

t.test('a register that the device does not have spoils none of its neighbours', async (t) => {
  const { port, requests } = await device(t, ({ pdu }) => {
    const [address, count] = [pdu.readUInt16BE(1), pdu.readUInt16BE(3)]
    return address <= 5 && address + count > 5 ? exception(pdu, 2) : registers(pdu, (at) => at)
  })
  const { context } = await open(t, modbus(port, { low: holding('1/4'), none: holding('1/5'), high: holding('1/6') }))
  await until(() => lastValues(context).high === 6)
  t.match(lastValues(context), { low: 4, none: undefined, high: 6 })
  t.match(context.events[0], /degraded: 1 items cannot be read; .*none: unit 1 answered with exception 2/)
  const before = requests.length
  await until(() => requests.length >= before + 9)
  t.ok(
    requests.slice(before).every(({ pdu }) => pdu.readUInt16BE(3) === 1),
    'it is not asked for the whole block again'
  )
  t.equal(context.samples.filter(({ item }) => item.path.endsWith('none')).length, 1, 'and the failure is stored once')
})

t.test('a unit that does not answer delays the others only a few times', async (t) => {
  const { port, requests } = await device(t, ({ unit, pdu }) => (unit === 9 ? undefined : registers(pdu, (at) => at)))
  const { context } = await open(
    t,
    modbus(port, { there: holding('1/1'), gone: holding('9/1', { modv_timeout: '70' }) })
  )
  await until(() => context.samples.filter(({ item }) => item.path.endsWith('there')).length > 20)
  t.equal(requests.filter(({ unit }) => unit === 9).length, 3)
  t.match(
    context.samples.find(({ item }) => item.path.endsWith('gone')),
    {
      ...{ quality: 'bad', reason: 'unit 9 does not answer within 70 ms' }
    }
  )
  t.ok(context.missedCycles() > 0, 'the cycles that it cost are counted')
})

t.test('a connection on which nothing is answered any more is given up', async (t) => {
  const { port } = await device(t, () => undefined)
  const slow = { modv_timeout: '10' }
  const { context } = await open(
    t,
    modbus(port, Object.fromEntries([1, 2, 3].map((unit) => [`u${unit}`, holding(`${unit}/1`, slow)])))
  )
  await until(() => context.events.some((event) => event.startsWith('lost: unit')))
})

t.test('the late answer of a request that was given up is not taken for that of the next one', async (t) => {
  let late: Buffer | undefined
  const { port } = await device(t, ({ transaction, unit, pdu }, socket) => {
    if (transaction === 0) {
      late = frame(
        transaction,
        unit,
        registers(pdu, () => 666)
      )
      return undefined
    }
    if (late !== undefined) socket.write(late)
    late = undefined
    return registers(pdu, () => 7)
  })
  const { context } = await open(t, modbus(port, { speed: holding('1/1', { modv_timeout: '20' }) }))
  await until(() => lastValues(context).speed === 7)
  t.notOk(context.samples.some(({ value }) => value === 666))
})

for (const [what, answer] of [
  ['another number of registers', ({ pdu }: { pdu: Buffer }) => registers(Buffer.of(3, 0, 0, 0, 9), () => pdu.length)],
  ['another function', () => Buffer.of(4, 2, 0, 1)],
  ['nothing but its function', () => Buffer.of(3, 2)]
] as const) {
  t.test(`an answer with ${what} is never taken for a value`, async (t) => {
    const { port } = await device(t, answer)
    const { context } = await open(t, modbus(port, { speed: holding('1/1') }))
    await until(() => context.samples.length > 0)
    t.match(context.samples[0], { value: undefined, quality: 'bad', reason: /^unit 1 answered/ })
  })
}

t.test('what is no Modbus device is recognised', async (t) => {
  const tcp = createServer((socket) => socket.on('error', () => {}).write('HTTP/1.1 400 Bad Request\r\n\r\n'))
  tcp.listen(0, '127.0.0.1')
  await once(tcp, 'listening')
  t.teardown(() => tcp.close())
  const { context } = await open(t, modbus((tcp.address() as AddressInfo).port, { speed: holding('1/1') }))
  await until(() => context.events.length > 0)
  t.match(context.events[0], /^lost: what answers is no Modbus TCP device/)
})

t.test('what is wrong in a description is reported at its place, and the rest is read', async (t) => {
  const { port } = await device(t, ({ pdu }) => registers(pdu, (at) => at))
  const wrong: Record<string, DescribedProperty> = {
    unit: holding('300/1'),
    href: holding('first'),
    type: holding('1/1', { modv_type: 'xsd:dateTime' }),
    entity: { form: { href: '1/1', modv_entity: 'Register' } },
    none: { form: { href: '1/1' } },
    range: holding('1/65535', { modv_type: 'xsd:int' }),
    quantity: holding('1/1?quantity=3', { modv_type: 'xsd:float' }),
    huge: holding('1/1?quantity=200', { modv_type: 'xsd:string' }),
    zero: { form: { href: '1/0', modv_entity: 'HoldingRegister' } },
    scale: holding('1/1', { scale: 'ten' })
  }
  const { context } = await open(t, modbus(port, { ...wrong, right: holding('1/5') }))
  await until(() => lastValues(context).right === 5)
  const reported = context.events.filter((event) => event.startsWith('problem: '))
  t.equal(reported.length, Object.keys(wrong).length)
  for (const name of Object.keys(wrong))
    t.ok(
      reported.some((event) => event.includes(`.${name}:`)),
      name
    )
})

t.test('values are written to coils and registers, and what does not fit is refused', async (t) => {
  const { port, coils, holding: words } = await server(t)
  const described = modbus(port, {
    on: { form: { href: '1/3', modv_entity: 'Coil' } },
    speed: holding('1/0', { modv_type: 'xsd:short', scale: '0.1' }),
    level: holding('1/1', { modv_type: 'xsd:float', modv_mostSignificantWord: 'false' }),
    input: { form: { href: '1/30001' } },
    other: { form: { href: '1/5', modv_entity: 'Coil', modv_function: 'writeMultipleCoils' } },
    mode: holding('1/10', { modv_function: 'writeMultipleHoldingRegisters' })
  })
  const { session } = await open(t, described)
  const write = async (name: string, value: unknown) => {
    const item = described.items.find(({ path }) => path.endsWith(name))
    if (item !== undefined) await session.write?.(item, value)
  }
  await write('on', true)
  await write('speed', 12.5)
  await write('level', 2.5)
  await write('other', true)
  await write('mode', 3)
  t.equal(words.readInt16BE(20), 3)
  t.equal(coils.readUInt8(0), 0b10100)
  t.equal(words.readInt16BE(0), 125)
  t.strictSame([words.readUInt16BE(2), words.readUInt16BE(4)], [0, 0x4020])
  await t.rejects(write('speed', 5000), /does not fit xs:short/)
  await t.rejects(write('speed', 0.05), /between two values/)
  await t.rejects(write('speed', 'fast'), /a number was expected/)
  await t.rejects(write('on', 'perhaps'), /true or false/)
  await t.rejects(write('input', 1), /only be read/)
  t.equal(words.readInt16BE(0), 125)
})

t.test('frames of a serial line are read through TCP, and damaged ones are not', async (t) => {
  // 01 03 02 00 2A and its checksum, as a device server passes it on.
  let answer = Buffer.from('010302002a39 9b'.replace(' ', ''), 'hex')
  const tcp = createServer((socket) => socket.on('error', () => {}).on('data', () => socket.write(answer)))
  tcp.listen(0, '127.0.0.1')
  await once(tcp, 'listening')
  t.teardown(() => tcp.close())
  const described = modbus((tcp.address() as AddressInfo).port, { speed: holding('1/0') })
  const { context } = await open(t, { ...described, base: described.base?.replace('+tcp', '+rtu+tcp') })
  await until(() => lastValues(context).speed === 42)
  answer = Buffer.from('010302002a0000', 'hex')
  await until(() => context.events.some((event) => event.startsWith('lost: the checksum')))
})

t.test('other items are taken over on the same connection', async (t) => {
  const { port, connections } = await device(t, ({ pdu }) => registers(pdu, (at) => at))
  const { session, context } = await open(t, modbus(port, { speed: holding('1/1') }))
  await until(() => lastValues(context).speed === 1)
  t.equal(await session.reconfigure?.(modbus(port, { level: holding('1/2') })), true)
  await until(() => lastValues(context).level === 2)
  t.equal(connections(), 1)
  t.equal(await session.reconfigure?.(modbus(port + 1, { level: holding('1/2') })), false)
})

t.test('an address at which no device is, is named', async (t) => {
  const { port, stop } = await device(t, () => undefined)
  await stop()
  const opened = inTime(openModbus(modbus(port, { speed: holding('1/1') }), sessionContext(t)), 'the error')
  await t.rejects(opened, /127.0.0.1:\d+ refuses connections/)
})
