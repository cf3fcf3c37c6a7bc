import fc from 'fast-check'
import t from 'tap'
import { parseLine } from '../../src/formats/line-protocol.ts'
import { LineScanner } from '../../src/formats/line-scanner.ts'

type Read = readonly [submodel: string, path: string, value: number, type: string, time: bigint]

/** What the scanner reads of a line, having learnt it; undefined if it leaves the line to the reader of all of the syntax. */
function scanned(scanner: LineScanner, line: string, submodel = 'urn:m'): Read[] | undefined {
  const bytes = Buffer.from(line)
  if (scanner.scan(bytes, 0, 0) < 0) scanner.learn(bytes, 0, submodel, (field) => field, Number.POSITIVE_INFINITY)
  const next = scanner.scan(bytes, 0, 0)
  if (next < 0) return undefined
  return Array.from({ length: scanner.count }, (_, i): Read => {
    const { head, path } = scanner.series[i] ?? { head: { submodel: '' }, path: '' }
    const time = BigInt(scanner.high) * 1_000_000_000n + BigInt(scanner.low)
    return [head.submodel, path, scanner.values[i] ?? 0, scanner.types[i] ?? '', time]
  })
}

/** The same by the reader of all of the syntax. */
function parsed(line: string): Read[] {
  const point = parseLine(line)
  return (point?.fields ?? []).map(({ name, value, type }) => {
    return ['urn:m', name, value as number, type, BigInt(point?.time ?? 0)]
  })
}

t.test('a line that was learnt is read without the other reader', async (t) => {
  const scanner = new LineScanner()
  for (const line of [
    'press,submodel=urn:m Temperature=21.5 1700000000000000000',
    'press,submodel=urn:m Temperature=-0.25,Count=7i,Load=3u 1700000000000',
    'press a.b[0]=0 5',
    'press a=1 5\r',
    '프레스,위치=서울 온도=21.333333333333332 1700000000',
    'm v=0.000001 1',
    'm v=999999999999999 1',
    'm v=9007199254740991i 9223372036854775807'
  ]) {
    t.strictSame(scanned(scanner, line), parsed(line), line)
  }
})

t.test('a line that needs a closer look is left to the other reader', async (t) => {
  for (const line of [
    '',
    '# v=1 1',
    ' m v=1 1',
    'm v=1',
    'm v="text" 1',
    'm v=true 1',
    'm\\ n v=1 1',
    'm v\\ w=1 1',
    'm v=21.50 1',
    'm v=021 1',
    'm v=-0 1',
    'm v=1e3 1',
    'm v=0.0000001 1',
    'm v=9007199254740993i 1',
    'm v=1.5i 1',
    'm v=1 -5',
    'm v=1 1 1',
    'm v=1,w 1',
    ',v=1 1',
    'm  v=1 1'
  ]) {
    t.equal(scanned(new LineScanner(), line), undefined, line)
  }
})

t.test('what follows a series is not taken for what followed it before', async (t) => {
  const scanner = new LineScanner()
  for (const line of ['m,t=1 a=1,b=2 5', 'm,t=2 a=1,b=2 5', 'm,t=1 a=1,b=2 5', 'm,t=1 a=1 5', 'm,t=1 b=1,a=2 5']) {
    t.strictSame(scanned(scanner, line), parsed(line), line)
  }
  t.equal(scanner.scan(Buffer.from(',b=2 5'), 0, 0), -1)
  t.equal(scanner.scan(Buffer.from('m,t=3 a=1,b=2 5'), 0, 0), -1)
})

t.test('a submodel that may have changed is found again, for all series of the point', async (t) => {
  const scanner = new LineScanner()
  const bytes = Buffer.from('m a=1,b=2 5')
  scanner.learn(bytes, 0, 'urn:before', (field) => field, 1000)
  t.ok(scanner.scan(bytes, 0, 1000) > 0)
  t.equal(scanner.scan(bytes, 0, 1001), -1)
  scanner.learn(bytes, 0, 'urn:after', (field) => field, 3000)
  t.ok(scanner.scan(bytes, 0, 2000) > 0)
  t.strictSame(
    scanner.series.slice(0, scanner.count).map(({ head }) => head.submodel),
    ['urn:after', 'urn:after']
  )
})

t.test('names that were chosen to have the same hash do not make it slow', async (t) => {
  const scanner = new LineScanner()
  // As for `String.hashCode` of Java, "Aa" and "BB" have the same hash.
  const names = Array.from({ length: 64 }, (_, i) =>
    [...i.toString(2).padStart(6, '0')].map((bit) => (bit === '0' ? 'Aa' : 'BB')).join('')
  )
  const kept = names.filter((name) => scanned(scanner, `${name} v=1 5`) !== undefined)
  t.ok(kept.length > 0 && kept.length <= 16, String(kept.length))
  for (const name of kept) t.strictSame(scanned(scanner, `${name} v=2 5`), parsed(`${name} v=2 5`))
  t.ok(scanned(scanner, 'other v=1 5'))
})

t.test('whatever is scanned, the other reader reads the same', async () => {
  const name = fc.constantFrom('m', 'press', 'a.b', 'x=y', 'ü', 'v', 'w')
  const value = fc.oneof(
    fc.double({ noNaN: true }).map(String),
    fc.integer().map(String),
    fc.tuple(fc.integer(), fc.constantFrom('i', 'u', '', '.0', '.50', '.25')).map(([whole, end]) => `${whole}${end}`),
    fc.constantFrom('"a"', 't', '-', '.', '1.', '.5', '+1', '1_0')
  )
  const field = fc.tuple(name, value).map(([field, text]) => `${field}=${text}`)
  const tags = fc.array(
    fc.tuple(name, name).map(([tag, text]) => `,${tag}=${text}`),
    { maxLength: 2 }
  )
  const time = fc.oneof(
    fc.bigInt(-5n, 2n ** 63n - 1n).map((time) => ` ${time}`),
    fc.constantFrom('', ' ', ' 1 ', ' 1x', ' 12345678901234567890')
  )
  const line = fc
    .tuple(name, tags, fc.array(field, { minLength: 1, maxLength: 3 }), time)
    .map(([measurement, all, fields, end]) => `${measurement}${all.join('')} ${fields.join(',')}${end}`)
  const scanner = new LineScanner()
  fc.assert(
    fc.property(line, (text) => {
      const found = scanned(scanner, text)
      return found === undefined || JSON.stringify(found, exact) === JSON.stringify(parsed(text), exact)
    }),
    { numRuns: 5000 }
  )
})

function exact(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
