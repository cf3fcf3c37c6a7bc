/** Numbers are read from messages as columns: what they and the client library's items say together is the message. */
import {
  BinaryStream,
  DataChangeNotification,
  DataType,
  DataValue,
  DiagnosticInfo,
  StatusCodes,
  Variant,
  VariantArrayType
} from 'node-opcua'
import t from 'tap'
import {
  type NotifiedNumbers,
  readNumbersAsColumns,
  takeNumbers
} from '../../../src/collectors/opcua/thread/notified-numbers.ts'

readNumbersAsColumns()

interface Item {
  readonly clientHandle: number
  readonly value: DataValue
}

const AT = new Date('2026-03-01T12:00:00.123Z')

const good = (dataType: DataType, value: unknown, more: object = {}) =>
  new DataValue({
    ...{ value: new Variant({ dataType, arrayType: VariantArrayType.Scalar, value }), sourceTimestamp: AT },
    ...{ serverTimestamp: AT, statusCode: StatusCodes.Good, ...more }
  })

function received(items: readonly Item[], more: object = {}): DataChangeNotification {
  const sent = new DataChangeNotification({ monitoredItems: items as never, ...more })
  const stream = new BinaryStream(sent.binaryStoreSize())
  sent.encode(stream as never)
  const size = stream.length
  stream.rewind()
  const notification = new DataChangeNotification()
  notification.decode(stream)
  t.equal(stream.length, size, 'all of it is read')
  return notification
}

function numbersOf(notification: DataChangeNotification): NotifiedNumbers | undefined {
  let found: NotifiedNumbers | undefined
  takeNumbers(notification, (numbers) => {
    const { count, items, types, baseMs, offsets, values, newestMs, serverMs } = numbers
    found = {
      ...{ count, baseMs, newestMs, serverMs, items: items.slice(0, count), types: types.slice(0, count) },
      ...{ offsets: offsets.slice(0, count), values: values.slice(0, count) }
    }
  })
  return found
}

/** Nanoseconds since 1970 and values, by the numbers of the items. */
function byItem(numbers: NotifiedNumbers | undefined): Record<number, readonly [bigint, number]> {
  if (numbers === undefined) return {}
  const { count, items, baseMs, offsets, values } = numbers
  return Object.fromEntries(
    Array.from({ length: count }, (_, at) => [
      items[at] ?? -1,
      [BigInt(baseMs) * 1_000_000n + BigInt(offsets[at] ?? 0), values[at] ?? Number.NaN]
    ])
  )
}

const NS = BigInt(AT.getTime()) * 1_000_000n

t.test('numbers of every type that a double holds are columns, with their times to the nanosecond', async (t) => {
  const notification = received([
    { clientHandle: 1, value: good(DataType.SByte, -5) },
    { clientHandle: 2, value: good(DataType.Byte, 250) },
    { clientHandle: 3, value: good(DataType.Int16, -30_000) },
    { clientHandle: 4, value: good(DataType.UInt16, 60_000) },
    { clientHandle: 5, value: good(DataType.Int32, -2_000_000_000) },
    { clientHandle: 6, value: good(DataType.UInt32, 4_000_000_000) },
    { clientHandle: 7, value: good(DataType.Float, 0.5) },
    { clientHandle: 8, value: good(DataType.Double, 0.1, { sourcePicoseconds: 456_789_000 }) },
    { clientHandle: 9, value: good(DataType.Double, 2, { serverTimestamp: null, sourceTimestamp: new Date(0) }) },
    { clientHandle: 10, value: good(DataType.Double, 3, { sourceTimestamp: new Date(AT.getTime() - 500) }) }
  ])
  const numbers = numbersOf(notification)
  t.same(byItem(numbers), {
    ...{ 1: [NS, -5], 2: [NS, 250], 3: [NS, -30_000], 4: [NS, 60_000], 5: [NS, -2_000_000_000] },
    ...{ 6: [NS, 4_000_000_000], 7: [NS, 0.5], 8: [NS + 456_789n, 0.1], 10: [NS - 500_000_000n, 3] }
  })
  t.same(
    notification.monitoredItems?.map(({ clientHandle }) => clientHandle),
    [9],
    'a time that is too far from the others is not in a column'
  )
  t.match(numbers, { newestMs: AT.getTime(), serverMs: AT.getTime() })
  t.same([...(numbers?.types.subarray(0, 3) ?? [])], [DataType.SByte, DataType.Byte, DataType.Int16])
})

t.test('what is no good number is left to the client library, in its order', async (t) => {
  const list = new Variant({ dataType: DataType.Double, arrayType: VariantArrayType.Array, value: [1, 2] })
  const others = [
    good(DataType.Double, 1, { statusCode: StatusCodes.BadSensorFailure }),
    good(DataType.Double, 2, { statusCode: StatusCodes.GoodWithOverflowBit }),
    good(DataType.Double, Number.NaN),
    good(DataType.Boolean, true),
    good(DataType.String, 'O1000'),
    good(DataType.UInt64, [0, 7]),
    good(DataType.Double, 3, { sourceTimestamp: null }),
    new DataValue({ value: list, sourceTimestamp: AT }),
    new DataValue({ statusCode: StatusCodes.BadNoCommunication })
  ]
  const mixed = others.flatMap((value, at) => [
    { clientHandle: 100 + at, value },
    { clientHandle: at, value: good(DataType.Double, at) }
  ])
  const notification = received(mixed)
  t.same(
    notification.monitoredItems?.map(({ clientHandle, value }) => [clientHandle, value.statusCode.name]),
    others.map(({ statusCode }, at) => [100 + at, statusCode.name])
  )
  t.equal(notification.monitoredItems?.[4]?.value.value.value, 'O1000')
  t.same(byItem(numbersOf(notification)), Object.fromEntries(others.map((_, at) => [at, [NS, at]])))
})

t.test('a message with diagnostics is read by the client library as a whole', async (t) => {
  const value = good(DataType.Double, 1)
  const notification = received([{ clientHandle: 1, value }], {
    diagnosticInfos: [new DiagnosticInfo({ symbolicId: 1 })]
  })
  t.equal(notification.monitoredItems?.length, 1)
  t.equal(notification.diagnosticInfos?.length, 1)
  t.equal(numbersOf(notification), undefined)
  t.same(received([]).monitoredItems ?? [], [])
})

t.test('a message that ends too early is an error', async (t) => {
  const sent = new DataChangeNotification({ monitoredItems: [{ clientHandle: 1, value: good(DataType.Double, 1) }] })
  const stream = new BinaryStream(sent.binaryStoreSize())
  sent.encode(stream as never)
  for (const length of [3, 4, 8, 12, 20, 28]) {
    t.throws(() => new DataChangeNotification().decode(new BinaryStream(stream.buffer.subarray(0, length))))
  }
})
