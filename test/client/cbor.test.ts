import { decode, encode } from 'cborg'
import t from 'tap'
import { decodeCbor, encodeCbor } from '../../src/client/cbor.ts'
import { cbor } from '../../src/transports/stream/codec.ts'

const MESSAGES: readonly object[] = [
  {
    type: 'push',
    id: 0,
    key: 'gateway/1',
    samples: [{ submodel: 'urn:m', path: 'Achse[1].Geschwindigkeit', value: 1.5 }]
  },
  {
    numbers: [
      0,
      23,
      24,
      255,
      256,
      65_535,
      65_536,
      2 ** 32 - 1,
      2 ** 32,
      Number.MAX_SAFE_INTEGER,
      -1,
      -24,
      -25,
      -(2 ** 40)
    ]
  },
  { others: [0.1, -0, 1e300, true, false, null, '', '압력', 'x'.repeat(70_000)], nested: { list: [[], {}] } }
]

t.test('messages are what they were after the way to the hub, and back', async (t) => {
  for (const message of MESSAGES) {
    const received = cbor.read(Buffer.from(encodeCbor({ ...message, absent: undefined })))
    t.strictSame(JSON.stringify(plain(received)), JSON.stringify(message))
    t.strictSame(decodeCbor(encode(message)), message)
  }
  t.strictSame(
    decodeCbor(encode({ half: 1.5, single: 1.1 }, { float64: false })),
    decode(encode({ half: 1.5, single: 1.1 }))
  )
})

t.test('lists of numbers are sent as typed arrays', async (t) => {
  const values = Array.from({ length: 100 }, (_, at) => at / 8)
  const { list } = cbor.read(Buffer.from(encodeCbor({ list: values }))) as { list: unknown }
  t.strictSame(list, Float64Array.from(values))
})

t.test('a message that is cut off, or larger than numbers are exact, is refused', async (t) => {
  const bytes = encode({ text: 'some text', number: 2 ** 40 })
  for (let length = 0; length < bytes.length; length++) t.throws(() => decodeCbor(bytes.subarray(0, length)))
  t.throws(() => decodeCbor(encode({ large: 2n ** 60n })), /too large/)
})

/** Typed arrays as lists. */
function plain(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return Array.from(value as Float64Array)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [name, plain(held)]))
}
