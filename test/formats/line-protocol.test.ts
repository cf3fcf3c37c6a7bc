import fc from 'fast-check'
import t from 'tap'
import { LineError, parseLine } from '../../src/formats/line-protocol.ts'

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

t.test('what is wrong is told by its column and by what was expected', async (t) => {
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

t.test('what a sender writes is what is read', async () => {
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
