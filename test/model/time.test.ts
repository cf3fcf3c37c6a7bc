import fc from 'fast-check'
import t from 'tap'
import { decodeCursor, encodeCursor } from '../../src/model/cursor.ts'
import { formatTime, parseTime } from '../../src/model/time.ts'

t.test('a time written is the time read, to the nanosecond', async () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 62n), max: 2n ** 63n - 1n }), (time) => parseTime(formatTime(time)) === time)
  )
})

t.test('times come as ISO 8601 with an offset, or as whole numbers of a unit', async (t) => {
  t.equal(parseTime('1970-01-01T09:00:00.000000001+09:00'), 1n)
  t.equal(parseTime('1970-01-01 00:00:01.5Z'), 1_500_000_000n)
  t.equal(parseTime('1970-01-01T00:00:00z'), 0n)
  t.equal(parseTime(1500), 1_500_000_000n)
  t.equal(parseTime('1700000000000000001', 'ns'), 1_700_000_000_000_000_001n)
  t.equal(parseTime(2, 's'), 2_000_000_000n)
  t.equal(formatTime(0n), '1970-01-01T00:00:00.000Z')
  t.equal(formatTime(1_000n), '1970-01-01T00:00:00.000001Z')
  t.equal(formatTime(-1n), '1969-12-31T23:59:59.999999999Z')
  t.equal(formatTime(60_000_000_000n), '1970-01-01T00:01:00.000Z')
  t.equal(formatTime(60_001_000_001n), '1970-01-01T00:01:00.001000001Z')
  t.equal(formatTime(253_402_300_800_000_000_000n), '+010000-01-01T00:00:00.000Z', 'what a value holds may lie further')
})

t.test('invalid times, times without offset and times beyond 64 bits are undefined', async (t) => {
  for (const sent of [
    '',
    'now',
    '2026-01-01',
    '2026-01-01T00:00:00',
    '2026-13-01T00:00:00Z',
    1.5,
    Number.NaN,
    null,
    {}
  ]) {
    t.equal(parseTime(sent), undefined, String(sent))
  }
  t.equal(parseTime('9999999999', 's'), undefined)
  t.equal(parseTime('9999-01-01T00:00:00Z'), undefined)
})

t.test('a day or an hour that does not exist is none, and never another one', async (t) => {
  const none = [
    ...['2026-02-30', '2026-02-29', '2100-02-29', '2026-04-31', '2026-13-01', '2026-00-01', '2026-01-00', '2026-01-32'],
    ...['0000-01-01', '0026-01-01', '1600-01-01', '2300-01-01']
  ].map((day) => `${day}T00:00:00Z`)
  const clocks = ['24:00:01', '24:01:00', '24:00:00.000000001', '25:00:00', '23:60:00', '23:59:60', '12:00:60']
  const offsets = ['+14:01', '-15:00', '+24:00', '+09:60', '+99:99', '+9:00', '+0900', '']
  for (const time of [
    ...none,
    ...clocks.map((clock) => `2026-06-30T${clock}Z`),
    ...offsets.map((offset) => `2026-06-30T12:00:00${offset}`)
  ]) {
    t.equal(parseTime(time), undefined, time)
    t.equal(parseTime(time.replace('T', ' ')), undefined, time)
  }
})

t.test('the ends of days, months, years and of the 64-bit range are parsed', async (t) => {
  for (const [sent, meant] of [
    ['2024-02-29T23:59:59.999999999Z', '2024-02-29T23:59:59.999999999Z'],
    ['2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000Z'],
    ['2026-12-31T24:00:00Z', '2027-01-01T00:00:00.000Z'],
    ['2026-02-28T24:00:00.000Z', '2026-03-01T00:00:00.000Z'],
    ['2026-01-01T00:00:00+14:00', '2025-12-31T10:00:00.000Z'],
    ['2026-01-01T00:00:00-14:00', '2026-01-01T14:00:00.000Z'],
    ['2026-01-01T00:30:00,5-00:45', '2026-01-01T01:15:00.500Z'],
    ['1677-09-21T00:12:43.145224192Z', '1677-09-21T00:12:43.145224192Z'],
    ['2262-04-11T23:47:16.854775807Z', '2262-04-11T23:47:16.854775807Z']
  ] as const) {
    t.equal(formatTime(parseTime(sent) ?? 0n), meant, sent)
  }
  t.equal(parseTime('1677-09-21T00:12:43.145224191Z'), undefined)
  t.equal(parseTime('2262-04-11T23:47:16.854775808Z'), undefined)
})

t.test('a cursor survives a round trip, and other texts are undefined', async (t) => {
  t.strictSame(decodeCursor(encodeCursor({ epoch: 'ab12', seq: 7 })), { epoch: 'ab12', seq: 7 })
  t.strictSame(decodeCursor(encodeCursor({ epoch: 'ab12', seq: 7, index: 3 })), { epoch: 'ab12', seq: 7, index: 3 })
  for (const text of ['', '***', 'x', 'YWI.', 'a'.repeat(500)]) t.equal(decodeCursor(text), undefined, text)
})
