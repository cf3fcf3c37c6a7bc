import fc from 'fast-check'
import t from 'tap'
import { isLexical } from '../../src/model/datatypes.ts'
import type { DataTypeDefXsd, SubmodelElement } from '../../src/model/types.ts'
import { parseDuration, readTime, scaleOf, writeDuration, writeTime } from '../../src/operations/time-series/times.ts'
import { SCALES, type Scale, semanticId } from '../../src/operations/time-series/vocabulary.ts'

const NOON = BigInt(Date.parse('2026-11-24T12:00:00Z')) * 1_000_000n
const SECOND = 1_000_000_000n

t.test('times are parsed according to their scale', async (t) => {
  const cases: [Scale, string, bigint | undefined][] = [
    ['UtcTime', '2026-11-24T12:00:00Z', NOON],
    ['UtcTime', '2026-11-24T21:00:00.000000001+09:00', NOON + 1n],
    ['UtcTime', '2026-11-24T12:00:00', NOON],
    ['TaiTime', '2026-11-24T12:00:37Z', NOON],
    ['UnixTime', '1795521600', NOON],
    ['UnixTime', '1795521600.25', NOON + SECOND / 4n],
    ['UnixTime', '1795521600000', NOON],
    ['UnixTime', '1795521600000000', NOON],
    ['UnixTime', '1795521600000000001', NOON + 1n],
    ['UnixTime', '-1', -SECOND],
    ['RelativePointInTime', '1.5', NOON + (3n * SECOND) / 2n],
    ['RelativePointInTime', '-2', NOON - 2n * SECOND],
    ['RelativeTimeDuration', 'PT0.5S', NOON + SECOND / 2n],
    ['RelativeTimeDuration', '1e-3', NOON + SECOND / 1000n],
    ['UtcTime', 'noon', undefined],
    ['UtcTime', '', undefined],
    ['UnixTime', '99999999999999999999999', undefined],
    ['RelativePointInTime', 'soon', undefined]
  ]
  for (const [scale, text, time] of cases) t.equal(readTime(scale, text, NOON), time, `${scale} ${text}`)
  t.equal(readTime('RelativePointInTime', '1', undefined), undefined, 'relative to nothing')
})

t.test('integer value types get seconds rounded down', async (t) => {
  t.equal(writeTime('RelativePointInTime', 'xs:long', NOON + 1_900_000_000n, NOON), '1')
  t.equal(writeTime('RelativePointInTime', 'xs:long', NOON - 1n, NOON), '-1')
  t.equal(writeTime('RelativePointInTime', 'xs:double', NOON + 1n, NOON), '0.000000001')
  t.equal(writeTime('RelativeTimeDuration', 'xs:duration', NOON + 1_500_000_000n, NOON), 'PT1.5S')
  t.equal(writeTime('UnixTime', 'xs:long', NOON + 1n, 0n), '1795521600')
  t.equal(writeTime('TaiTime', 'xs:dateTime', NOON, 0n), '2026-11-24T12:00:37.000Z')
})

t.test('formatted times are valid for their type and parse to the same time', async (t) => {
  const types: DataTypeDefXsd[] = ['xs:dateTime', 'xs:decimal', 'xs:string']
  const times = fc.bigInt({ min: 1_000_000_000n * SECOND, max: 9_000_000_000n * SECOND })
  const property = fc.property(
    fc.constantFrom(...SCALES),
    fc.constantFrom(...types),
    times,
    times,
    (scale, type, time, since) => {
      const relative = scale.startsWith('Relative')
      if (relative && type === 'xs:dateTime') return true
      const text = writeTime(scale, type, time, since)
      return isLexical(type, text) && readTime(scale, text, since) === time
    }
  )
  t.doesNotThrow(() => fc.assert(property, { numRuns: 2000 }))
})

t.test('durations are formatted in ISO 8601 and parsed again', async (t) => {
  t.equal(writeDuration(0n), 'PT0S')
  t.equal(writeDuration(90n * 60n * SECOND), 'PT1H30M')
  t.equal(writeDuration(-SECOND / 4n), '-PT0.25S')
  t.equal(writeDuration(100n * 3600n * SECOND + 1n), 'PT100H0.000000001S')
  const spans = fc.bigInt({ min: 0n, max: 10n ** 15n })
  const property = fc.property(spans, (span) => isLexical('xs:duration', writeDuration(span * 1_000_000n)))
  t.doesNotThrow(() => fc.assert(property))
  t.equal(parseDuration('PT1M'), 60n * SECOND)
  t.equal(parseDuration('0.25'), SECOND / 4n)
  t.equal(parseDuration('x'), undefined)
})

t.test('time properties are recognised by semanticId, else by name and value type', async (t) => {
  const of = (idShort: string, valueType: DataTypeDefXsd, scale?: Scale) =>
    scaleOf({
      modelType: 'Property',
      idShort,
      valueType,
      ...(scale && { semanticId: semanticId(scale) })
    } satisfies SubmodelElement)
  t.equal(of('Stamp', 'xs:long', 'TaiTime'), 'TaiTime')
  t.equal(of('time', 'xs:dateTime'), 'UtcTime')
  t.equal(of('TimeOfArrival', 'xs:dateTime'), 'UtcTime')
  t.equal(of('Time00', 'xs:long'), 'UnixTime')
  t.equal(of('TimeToFailure', 'xs:double'), undefined, 'a variable like any other')
  t.equal(of('Produced', 'xs:dateTime'), undefined)
})
