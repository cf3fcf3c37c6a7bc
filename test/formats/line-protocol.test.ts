import fc from 'fast-check'
import t from 'tap'
import { LineError, PointReader, parseLine } from '../../src/formats/line-protocol.ts'

t.test('a line is a measurement, tags, fields and a time', async (t) => {
  const point = parseLine(
    'imm,line=a,cell=1 speed=1.5,count=2i,load=3u,on=t,off=FALSE,state="run, \\"fast\\"" 1700000000000000000'
  )
  t.equal(point?.measurement, 'imm')
  t.strictSame(
    [...(point?.tags ?? [])],
    [
      ['line', 'a'],
      ['cell', '1']
    ]
  )
  t.strictSame(
    point?.fields.map(({ name, value }) => [name, value]),
    [
      ['speed', 1.5],
      ['count', 2],
      ['load', 3],
      ['on', true],
      ['off', false],
      ['state', 'run, "fast"']
    ]
  )
  t.equal(point?.time, '1700000000000000000')
})

t.test('numbers keep the digits that they came with', async (t) => {
  const values = parseLine('m a=21.50,b=9007199254740993i,c=-1e3,d=.5')?.fields.map(({ value }) => String(value))
  t.strictSame(values, ['21.50', '9007199254740993', '-1e3', '.5'])
})

t.test('signs with a meaning lose it behind a backslash', async (t) => {
  const point = parseLine('my\\ machine,a\\,b=c\\=d f\\ g=1')
  t.equal(point?.measurement, 'my machine')
  t.strictSame([...(point?.tags ?? [])], [['a,b', 'c=d']])
  t.equal(point?.fields[0]?.name, 'f g')
})

t.test('blank lines and comments are none', async (t) => {
  for (const line of ['', '   ', '# a comment', '  # another']) t.equal(parseLine(line), undefined)
})

t.test('errors are reported with column and expectation', async (t) => {
  for (const [line, text] of [
    ['m', 'column 2: expected a space and then fields; found the end of the line'],
    [',a=1 b=2', 'column 1: expected a measurement; found ",a=1 b=2"'],
    ['m,a b=2', 'column 8: expected a space and then fields; found the end of the line'],
    ['m a', 'column 4: expected "="; found the end of the line'],
    ['m a=x', 'column 5: expected the value of the field "a": a number'],
    ['m a="x', 'expected the quote that ends the text of the field "a"'],
    ['m a=1 soon', 'column 6: expected a comma and another field']
  ] as const) {
    t.throws(() => parseLine(line), { message: new RegExp(text.replace(/[".]/g, '.')) }, line)
  }
})

t.test('a written payload is read unchanged', async () => {
  const name = fc
    .string({ unit: fc.constantFrom('a', 'Ö', '7', ' ', ',', '=', '\\', '"', '한'), minLength: 1, maxLength: 8 })
    .filter((text) => !text.endsWith('\\') && !text.startsWith('#'))
  const value = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc
      .string({ maxLength: 8 })
      .filter((text) => !text.includes('\n'))
      .map((text) => `"${text}`)
  )
  const escaped = (text: string) => text.replace(/[,= \\]/g, '\\$&')
  const write = (one: number | boolean | string) =>
    typeof one === 'string' ? `"${one.slice(1).replace(/["\\]/g, '\\$&')}"` : String(one)
  fc.assert(
    fc.property(
      name,
      fc.uniqueArray(fc.tuple(name, name), { selector: ([tag]) => tag, maxLength: 3 }),
      fc.array(fc.tuple(name, value), { minLength: 1, maxLength: 3 }),
      (measurement, tags, fields) => {
        const line = `${[escaped(measurement), ...tags.map(([tag, held]) => `${escaped(tag)}=${escaped(held)}`)].join(',')} ${fields.map(([field, held]) => `${escaped(field)}=${write(held)}`).join(',')} 5`
        if (/^\s/.test(measurement)) return true
        const point = parseLine(line)
        const found = point?.fields.map((field) => [field.name, String(field.value)])
        const wanted = fields.map(([field, held]) => [
          field,
          typeof held === 'string' ? held.slice(1) : Object.is(held, -0) ? '0' : String(held)
        ])
        return (
          point?.measurement === measurement &&
          JSON.stringify([...point.tags]) === JSON.stringify(tags) &&
          JSON.stringify(found) === JSON.stringify(wanted)
        )
      }
    ),
    { numRuns: 500 }
  )
})

t.test('whatever comes is read, or refused with a reason', async () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('m', ' ', ',', '=', '\\', '"', '1', 'i', '#', '.') }), (line) => {
      try {
        parseLine(line)
        return true
      } catch (error) {
        return error instanceof LineError
      }
    }),
    { numRuns: 2000 }
  )
})

t.test(
  'a quote that is never closed gathers no more than a point may have, and the lines behind it act as none',
  async (t) => {
    const reader = new PointReader()
    const line = 'x'.repeat(1024 * 1024)
    t.equal(reader.read(`m text="${line}`), undefined)
    const refusals: unknown[] = []
    for (let i = 0; i < 40; i++) {
      try {
        t.equal(reader.read(line), undefined)
      } catch (error) {
        refusals.push(error)
      }
    }
    t.equal(refusals.length, 1)
    t.match(refusals[0], { name: 'LineError', message: /a point has at most 16777216 characters/ })
    t.equal(reader.read('still text" 1'), undefined, 'the line that closes the quote belongs to the refused point')
    t.match(reader.read('m a=1'), { measurement: 'm' }, 'the next line is a point again')
  }
)

t.test('texts with line ends count together, as one point', async (t) => {
  const reader = new PointReader()
  const text = `${'x'.repeat(1024 * 1024)}`
  reader.read(`m a="${text}`)
  const feed = () => {
    for (let i = 0; i < 20; i++) reader.read(`",b${i}="${text}`)
  }
  t.throws(feed, { name: 'LineError' })
})
