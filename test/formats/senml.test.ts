import fc from 'fast-check'
import t from 'tap'
import { type Measurement, parseSenml, SenmlError, type SenmlFault } from '../../src/formats/senml.ts'

const SECOND = 1_000_000_000n
const NOW = 1_795_489_200n * SECOND

const read = (pack: unknown): (Measurement | SenmlFault)[] => [...parseSenml(pack, NOW)]

t.test('base fields apply from their record on, and are added to the fields of a record', async (t) => {
  const pack = [
    { bn: 'urn:press/', bt: 1795489200.001, bu: 'A', n: 'Voltage', u: 'V', v: 120.1 },
    { n: 'Current', t: -5, v: 1.2 },
    { n: 'Current', bv: 20, t: -4, v: 1.5 },
    { n: 'Current', t: 0.5 },
    { bn: 'urn:lathe/', bt: 1795489300, n: 'State', vs: 'running' },
    { bn: '', n: 'urn:mill/On', vb: false },
    { n: 'urn:mill/Picture', vd: '_-8' }
  ]
  t.strictSame(read(pack), [
    { name: 'urn:press/Voltage', value: 120.1, time: 1795489200_001_000_000n },
    { name: 'urn:press/Current', value: 1.2, time: 1795489195_001_000_000n },
    { name: 'urn:press/Current', value: 21.5, time: 1795489196_001_000_000n },
    { name: 'urn:press/Current', value: 20, time: 1795489200_501_000_000n },
    { name: 'urn:lathe/State', value: 'running', time: 1795489300n * SECOND },
    { name: 'urn:mill/On', value: false, time: 1795489300n * SECOND },
    { name: 'urn:mill/Picture', value: '/+8=', time: 1795489300n * SECOND }
  ])
})

t.test('times below 2^28 count from now, and none is about now [4.5.3]', async (t) => {
  const timeOf = (record: object) => (read([{ n: 'a', v: 1, ...record }])[0] as Measurement).time
  t.equal(timeOf({}), undefined)
  t.equal(timeOf({ bt: 60, t: -60 }), undefined)
  t.equal(timeOf({ t: -60 }), NOW - 60n * SECOND)
  t.equal(timeOf({ bt: 10, t: 0.02 }), NOW + 10_020_000_000n)
  t.equal(timeOf({ t: 1e-7 }), NOW + 100n)
  t.equal(timeOf({ t: 2 ** 28 - 1 }), NOW + BigInt(2 ** 28 - 1) * SECOND)
  t.equal(timeOf({ t: 2 ** 28 }), BigInt(2 ** 28) * SECOND)
  t.equal(timeOf({ bt: 2 ** 28, t: -1 }), NOW + BigInt(2 ** 28 - 1) * SECOND)
  t.equal(timeOf({ t: '1795489200.123456789' }), 1795489200_123_456_789n, 'digits that a double would lose')
})

t.test('an invalid record is reported, and the others are kept', async (t) => {
  for (const [record, fault] of [
    [{ v: 1 }, /a name/],
    [{ n: 5, v: 1 }, /a name is text/],
    [{ n: 'a' }, /a value/],
    [{ n: 'a', s: 5 }, /a value/],
    [{ n: 'a', bv: 1, s: 5 }, /a value/],
    [{ n: 'a', v: 1, vs: 'one' }, /one value was expected; found "v" and "vs"/],
    [{ n: 'a', v: 'one' }, /numbers/],
    [{ n: 'a', v: null }, /numbers/],
    [{ n: 'a', bv: 'one', v: 1 }, /numbers/],
    [{ n: 'a', vs: 1 }, /"vs" is text/],
    [{ n: 'a', vb: 'true' }, /"vb" is true or false/],
    [{ n: 'a', vd: 'a+b/' }, /base64url/],
    [{ n: 'a', vd: 'a' }, /base64url/],
    [{ n: 'a', v: 1, t: 'noon' }, /a time is a number/],
    [{ n: 'a', v: 1, bt: 1e300 }, /a time is a number/],
    [{ n: 'a', v: 1, t: 1e10 }, /the years/]
  ] as const) {
    const [good, wrong] = read([{ n: 'b', v: 2 }, record])
    t.match(good, { name: 'b', value: 2 })
    t.match(wrong, { fault }, JSON.stringify(record))
  }
})

t.test('a pack that may not be used is refused before its first record [4.4]', async (t) => {
  const record = { n: 'a', v: 1 }
  for (const [pack, message] of [
    [{}, /a list/],
    [null, /a list/],
    [[record, 5], /record 1 is not an object/],
    [[record, { bver: 11 }], /record 1 is of a version/],
    [[record, { ...record, must_: 1 }], /record 1 has the field "must_"/]
  ] as const) {
    t.throws(() => parseSenml(pack, NOW).next(), { name: 'SenmlError', message })
  }
  t.strictSame(
    read([{ ...record, bver: 5, other: 1, ut: 10 }]),
    [{ name: 'a', value: 1 }],
    'what need not be understood'
  )
})

t.test('whatever is in common may stand in the base: the measurements are the same', async (t) => {
  const measurement = fc.record({
    name: fc.stringMatching(/^[a-z]{1,8}$/),
    seconds: fc.integer({ min: 2 ** 28, max: 2 ** 32 }),
    value: fc.oneof(fc.integer({ min: -1000, max: 1000 }), fc.string(), fc.boolean())
  })
  const common = fc.record({
    bn: fc.stringMatching(/^[a-z]{0,5}\/$/),
    bt: fc.nat(2 ** 27),
    bv: fc.integer({ min: -9, max: 9 })
  })
  const member = (value: unknown) => (typeof value === 'number' ? 'v' : typeof value === 'string' ? 'vs' : 'vb')
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.array(measurement), common)), (groups) => {
      const plain = groups.flatMap(([list, { bn }]) =>
        list.map(({ name, seconds, value }) => ({ n: bn + name, t: seconds, [member(value)]: value }))
      )
      const packed = groups.flatMap(([list, { bn, bt, bv }]) =>
        list.map(({ name, seconds, value }, at) => {
          const own = { n: name, t: seconds - bt, [member(value)]: typeof value === 'number' ? value - bv : value }
          return at === 0 ? { bn, bt, bv, ...own } : own
        })
      )
      t.strictSame(read(packed), read(plain))
    })
  )
})

t.test('whatever comes, each record is a measurement or a fault, or the pack is refused', async (t) => {
  const label = fc.constantFrom('bn', 'bt', 'bv', 'bver', 'n', 't', 'v', 'vs', 'vb', 'vd', 's', 'x_')
  const records = fc.array(fc.oneof(fc.dictionary(label, fc.jsonValue()), fc.jsonValue()))
  fc.assert(
    fc.property(fc.oneof(records, fc.jsonValue()), (pack) => {
      try {
        const records = read(pack)
        const isSound = records.every((one) => 'fault' in one || !Number.isNaN(one.value))
        return isSound && records.length === (pack as unknown[]).length
      } catch (error) {
        return error instanceof SenmlError
      }
    })
  )
  t.pass()
})
