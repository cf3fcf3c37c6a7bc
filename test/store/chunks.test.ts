import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { decodeSamples, encodeSamples, type Sample } from '../../src/store/chunks.ts'

const SECOND = 1_000_000_000n

t.test('what was packed comes back as it was, to the last zero', async () => {
  const decimal = fc.tuple(fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }), fc.nat(9)).map(([integer, decimals]) => {
    const digits = String(integer < 0n ? -integer : integer).padStart(decimals + 1, '0')
    const whole = digits.slice(0, digits.length - decimals)
    return `${integer < 0n ? '-' : ''}${whole}${decimals > 0 ? `.${digits.slice(-decimals)}` : ''}`
  })
  const text = fc.oneof(
    decimal,
    fc.double().map(String),
    fc.constantFrom('-0', '-0.00', '0', '+1', '01', '1.', '.5', '1e5', 'NaN', 'INF', '', 'true', '9'.repeat(30)),
    fc.string({ unit: 'binary' }).filter((some) => some.isWellFormed())
  )
  const member = fc.constantFrom<(some: string) => string>(
    (some) => some,
    (some) => JSON.stringify({ value: some })
  )
  const column = fc.oneof(
    fc.tuple(member, fc.array(decimal, { minLength: 1 })),
    fc.tuple(member, fc.array(fc.double().map(String), { minLength: 1 })),
    fc.tuple(member, fc.array(text, { minLength: 1 }))
  )
  const time = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
  const quality = fc.constantFrom(undefined, 'good', 'uncertain', 'bad')
  fc.assert(
    fc.property(column, fc.infiniteStream(time), fc.infiniteStream(quality), ([wrap, texts], times, qualities) => {
      const samples = texts.map((value) => ({
        time: times.next().value,
        value: wrap(value),
        quality: qualities.next().value as Sample['quality']
      }))
      return isDeepStrictEqual(decodeSamples(encodeSamples(samples)), samples)
    }),
    { numRuns: 500 }
  )
})

t.test(
  'a sensor of two decimals at 10 Hz takes at most four bytes a sample, also where its clock trembles',
  async (t) => {
    let seed = 42
    const random = () => {
      seed = (seed * 1103515245 + 12345) % 2147483648
      return seed / 2147483648
    }
    let level = 2150
    const samples: Sample[] = Array.from({ length: 6000 }, (_, i) => {
      level += Math.round((random() - 0.5) * 60)
      const trembling = BigInt(Math.round(random() * 2000)) * 1000n
      const time = 1_700_000_000n * SECOND + (BigInt(i) * SECOND) / 10n + trembling
      return { time, value: JSON.stringify({ value: (level / 100).toFixed(2) }), quality: 'good' }
    })
    const bytes = encodeSamples(samples)
    t.strictSame(decodeSamples(bytes), samples)
    t.ok(bytes.length / samples.length <= 4, `${(bytes.length / samples.length).toFixed(2)} bytes a sample`)
  }
)

t.test('a value that never changes costs next to nothing', async (t) => {
  const samples = Array.from({ length: 10_000 }, (_, i) => ({
    time: BigInt(i) * SECOND,
    value: '{"value":"running"}',
    quality: undefined
  }))
  t.ok(encodeSamples(samples).length < 400)
})

t.test('bytes that are no chunk are refused', async (t) => {
  const bytes = encodeSamples([{ time: 1n, value: '1', quality: undefined }])
  t.throws(() => decodeSamples(Uint8Array.of(2, ...bytes.subarray(1))), /version 2/)
  t.throws(() => decodeSamples(bytes.subarray(0, bytes.length - 3)))
  t.throws(() => decodeSamples(Uint8Array.of()))
})
