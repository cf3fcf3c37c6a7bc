import { deflateSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import sparkplug from 'sparkplug-payload'
import t from 'tap'
import { HubError } from '../../src/errors.ts'
import { decodePayload, encodeCommand, type SparkplugMetric, valueOfMetric } from '../../src/formats/sparkplug.ts'

type Known = ReturnType<typeof sparkplug.get>
type Payload = Parameters<NonNullable<Known>['encodePayload']>[0]
const library = sparkplug.get('spBv1.0') as NonNullable<Known>

const encode = (payload: object) => library.encodePayload(payload as Payload)

/** A value by its type, through the library's encoder and our decoder. */
function through(type: string, value: unknown): unknown {
  const [metric] = decodePayload(encode({ metrics: [{ name: 'm', type, value }] })).metrics
  return valueOfMetric(metric as SparkplugMetric)
}

/** The library's representation of 64-bit integers. */
function long(value: bigint): object {
  return { low: Number(BigInt.asIntN(32, value)), high: Number(BigInt.asIntN(32, value >> 32n)), unsigned: value >= 0n }
}

const NUMBERS: Readonly<Record<string, fc.Arbitrary<number>>> = {
  Int8: fc.integer({ min: -128, max: 127 }),
  Int16: fc.integer({ min: -32_768, max: 32_767 }),
  Int32: fc.integer(),
  UInt8: fc.nat(255),
  UInt16: fc.nat(65_535),
  UInt32: fc.integer({ min: 0, max: 0xffff_ffff }),
  Double: fc.double({ noNaN: true })
}

for (const [type, numbers] of Object.entries(NUMBERS)) {
  t.test(`a value of type ${type} arrives as it was sent`, async () => {
    fc.assert(fc.property(numbers, (number) => Object.is(through(type, number), number)))
  })
}

t.test('whole numbers of 64 bits lose no digit', async () => {
  const whole = (value: bigint) => (Number.isSafeInteger(Number(value)) ? Number(value) : value)
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      return through('Int64', long(value)) === whole(value)
    })
  )
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
      return through('UInt64', long(value)) === whole(value)
    })
  )
})

t.test('a Float is read as the shortest decimal number', async (t) => {
  fc.assert(fc.property(fc.float({ noNaN: true }), (value) => Math.fround(Number(through('Float', value))) === value))
  for (const value of [0.1, 21.5, 1e-7, 123456.7, 0, 3.4e38]) t.equal(through('Float', value), value)
  t.ok(Number.isNaN(through('Float', Number.NaN)))
  t.equal(through('Float', Number.NEGATIVE_INFINITY), Number.NEGATIVE_INFINITY)
})

t.test('texts, truth values and times arrive as they were sent', async (t) => {
  for (const type of ['String', 'Text', 'UUID']) {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => through(type, text) === text))
  }
  t.equal(through('Boolean', true), true)
  t.equal(through('Boolean', false), false)
  fc.assert(
    fc.property(fc.date({ min: new Date(0), noInvalidDate: true }), (date) => {
      return through('DateTime', long(BigInt(date.getTime()))) === date.toISOString()
    })
  )
})

t.test('a negative number of fewer bits is understood however many of them were sent', async (t) => {
  // -2 as Int16, once as 32 bits and once as 16.
  for (const sent of [
    [0xfe, 0xff, 0xff, 0xff, 0x0f],
    [0xfe, 0xff, 0x03]
  ]) {
    const metric = [0x20, 2, 0x50, ...sent]
    const [found] = decodePayload(Uint8Array.of(0x12, metric.length, ...metric)).metrics
    t.equal(valueOfMetric(found as SparkplugMetric), -2)
  }
})

t.test('without a type in the payload, that of the birth counts', async (t) => {
  const [metric] = decodePayload(Uint8Array.of(0x12, 8, 0x10, 7, 0x50, 0xff, 0xff, 0xff, 0xff, 0x0f)).metrics
  t.match(metric, { alias: 7, isNull: false })
  t.equal(valueOfMetric(metric as SparkplugMetric, 3), -1)
  t.equal(valueOfMetric(metric as SparkplugMetric, 7), 0xffff_ffff)
})

t.test('time, sequence, alias, history, null and quality are read', async (t) => {
  const payload = decodePayload(
    encode({
      timestamp: 1_700_000_000_000,
      seq: 255,
      metrics: [
        {
          name: 'Axis/Speed',
          alias: 300,
          timestamp: 1_700_000_000_001,
          type: 'Double',
          value: 1.5,
          isHistorical: true,
          properties: { Unit: { type: 'String', value: 'mm/s' }, Quality: { type: 'Int32', value: 192 } }
        },
        { name: 'Off', type: 'Int32', value: null }
      ]
    })
  )
  t.strictSame(payload, {
    timestamp: 1_700_000_000_000,
    seq: 255,
    metrics: [
      {
        name: 'Axis/Speed',
        alias: 300,
        timestamp: 1_700_000_000_001,
        datatype: 10,
        isHistorical: true,
        isNull: false,
        quality: 192,
        raw: { field: 'double', value: 1.5 }
      },
      { name: 'Off', datatype: 3, isHistorical: false, isNull: true }
    ]
  })
  t.equal(valueOfMetric(payload.metrics[1] as SparkplugMetric), undefined)
})

t.test('types without single values are refused, and the rest of the payload is read', async (t) => {
  const { metrics } = decodePayload(
    encode({
      metrics: [
        {
          name: 'Table',
          type: 'DataSet',
          value: { numOfColumns: 1, columns: ['A'], types: ['String'], rows: [['x']] }
        },
        { name: 'Motor', type: 'Template', value: { isDefinition: true, metrics: [] } },
        { name: 'Raw', type: 'Bytes', value: Uint8Array.of(1, 2) },
        { name: 'Speed', type: 'Int32', value: 5 }
      ]
    })
  )
  for (const [at, type] of ['DataSet', 'Template', 'Bytes'].entries()) {
    t.throws(() => valueOfMetric(metrics[at] as SparkplugMetric), { name: 'BadRequest', message: new RegExp(type) })
  }
  t.equal(valueOfMetric(metrics[3] as SparkplugMetric), 5)
})

t.test('a compressed payload is unpacked, within bounds', async (t) => {
  const inner = encode({ timestamp: 5, seq: 3, metrics: [{ name: 'Speed', type: 'Int32', value: 5 }] })
  const wrap = (body: Uint8Array, algorithm?: string) =>
    decodePayload(
      encode({
        uuid: 'SPBV1.0_COMPRESSED',
        body,
        metrics: algorithm === undefined ? [] : [{ name: 'algorithm', type: 'String', value: algorithm }]
      })
    )
  t.match(wrap(deflateSync(inner)), { seq: 3, metrics: [{ name: 'Speed' }] })
  t.match(wrap(deflateSync(inner), 'DEFLATE'), { seq: 3 })
  t.match(wrap(gzipSync(inner), 'GZIP'), { timestamp: 5, metrics: [{ name: 'Speed' }] })
  t.throws(() => wrap(deflateSync(Buffer.alloc(32 * 1024 * 1024))), { name: 'BadRequest' })
  t.throws(() => wrap(Buffer.from('garbage')), { name: 'BadRequest' })
})

t.test('the library reads our command', async (t) => {
  const read = library.decodePayload(encodeCommand('Node Control/Rebirth', true, 1_700_000_000_000))
  t.equal(Number(read.timestamp), 1_700_000_000_000)
  t.match(read.metrics, [{ name: 'Node Control/Rebirth', type: 'Boolean', value: true }])
})

t.test('bytes that are no payload are refused, and never more than that', async (t) => {
  const refused = (bytes: Uint8Array) => {
    try {
      for (const metric of decodePayload(bytes).metrics) valueOfMetric(metric)
      return false
    } catch (error) {
      if (!(error instanceof HubError) || error.name !== 'BadRequest') throw error
      return true
    }
  }
  for (const [what, ...bytes] of [
    ['a cut field', 0x12, 5, 1],
    ['a length beyond all memory', 0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
    ['a number without end', 0x08, ...new Array(11).fill(0xff)],
    ['a group', 0x0b, 0x0c],
    ['a field without number', 0x00, 1],
    ['a text that is none', 0x12, 3, 0x0a, 1, 0xff],
    ['a sequence number out of range', 0x18, 0x80, 2],
    ['a wrong wire type', 0x0a, 1, 0]
  ] as [string, ...number[]][]) {
    t.ok(refused(Uint8Array.from(bytes)), what)
  }
  t.ok(refused(new Uint8Array(120_000).map((_, at) => (at % 2 === 0 ? 0x12 : 0))), 'too many metrics')
  const sound = encode({ timestamp: 1, seq: 1, metrics: [{ name: 'Speed', type: 'Double', value: 5, properties: {} }] })
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(), fc.nat(255))), fc.nat(), (damages, end) => {
      const bytes = Uint8Array.from(sound)
      for (const [at, byte] of damages) bytes[at % bytes.length] = byte
      refused(bytes.subarray(0, end % (bytes.length + 1)))
    })
  )
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void refused(bytes)))
})
