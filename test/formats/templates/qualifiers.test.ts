import t from 'tap'
import { readQualifiers } from '../../../src/formats/templates/qualifiers.ts'
import { canonicalId, spellings } from '../../../src/formats/templates/semantic-ids.ts'
import type { Qualifier } from '../../../src/model/types.ts'

function qualifier(type: string, value: string): Qualifier {
  return { type, value, valueType: 'xs:string' }
}

t.test('a cardinality is read in every spelling that was published', async (t) => {
  for (const type of ['SMT/Cardinality', 'Cardinality', 'Multiplicity', 'SMT/SMT/Cardinality', 'SMT/Multiplicity']) {
    t.match(readQualifiers([qualifier(type, 'One')], undefined).cardinality, { min: 1, max: 1 }, type)
  }
  for (const [value, min, max] of [
    ['ZeroToOne ', 0, 1],
    ['ZerotoOne', 0, 1],
    ['ZerotoMany', 0, Infinity],
    ['ZeroToMany', 0, Infinity],
    ['OneToMany', 1, Infinity],
    ['TwoToMany', 2, Infinity],
    ['0..1', 0, 1],
    ['1..*', 1, Infinity],
    [' one ', 1, 1]
  ] as const) {
    t.match(
      readQualifiers([qualifier('SMT/Cardinality', value)], undefined).cardinality,
      { min, max },
      JSON.stringify(value)
    )
  }
  const both = readQualifiers(
    [qualifier('SMT/Cardinality', 'Recursive'), qualifier('Cardinality', 'ZeroToMany')],
    undefined
  )
  t.match(both, { recursive: true, cardinality: { min: 0, max: Infinity } })
})

t.test('qualifiers that cannot be parsed are ignored', async (t) => {
  for (const value of ['', 'some', 'ManyToOne', 'OneToZero', '__proto__', 'constructor']) {
    t.equal(readQualifiers([qualifier('SMT/Cardinality', value)], undefined).cardinality, undefined, value)
  }
  t.equal(readQualifiers([qualifier('SMT/AllowedValue', '(unclosed')], 'xs:string').allowed, undefined)
  t.equal(
    readQualifiers([qualifier('SMT/AllowedValue', '(a+)+b')], 'xs:string').allowed,
    undefined,
    'a loop over a loop'
  )
  t.equal(readQualifiers([qualifier('SMT/AllowedRange', '[1,2]')], 'xs:string').ranges, undefined, 'text has no range')
  t.equal(readQualifiers([qualifier('SMT/AccessMode', 'Read/Only')], undefined).allowed, undefined)
})

t.test('allowed values are a list or a pattern', async (t) => {
  const allowed = (type: string, value: string): unknown =>
    readQualifiers([qualifier(type, value)], 'xs:string').allowed
  t.match(allowed('SMT/AllowedValue', 'good | bad | uncertain'), { values: ['good', 'bad', 'uncertain'] })
  t.match(allowed('FormChoices', 'In;Out;InOut'), { values: ['In', 'Out', 'InOut'] })
  t.match(allowed('Enumeration', 'ReadProperty, WriteProperty,Other'), {
    values: ['ReadProperty', 'WriteProperty', 'Other']
  })
  t.match(allowed('SMT/AllowedValue', '[[:upper:]]{2}-\\d+'), { pattern: '^(?:[A-Z]{2}-\\d+)$' })
  t.match(readQualifiers([qualifier('FormChoices', 'true;false')], 'xs:boolean').allowed, {
    values: ['true', 'false', '1', '0']
  })
})

t.test('an idShort pattern that is meant as a suffix is read as one', async (t) => {
  const pattern = (value: string): string | undefined =>
    readQualifiers([qualifier('AllowedIdShort', value)], undefined).idShort?.pattern
  for (const written of ['Time[\\d{2,3}]', 'Time[\\d]{2,3}', 'Time\\d{2,3}']) {
    const expression = new RegExp(pattern(written) ?? '')
    t.ok(expression.test('Time00') && expression.test('Time123'), written)
    t.notOk(expression.test('Time0') || expression.test('TimeX') || expression.test('xTime00'), written)
  }
})

t.test('languages are read from one qualifier or several', async (t) => {
  const demands = readQualifiers(
    [qualifier('SMT/RequiredLang', 'en | de'), qualifier('SMT/RequiredLang', 'ko')],
    undefined
  )
  t.same(
    demands.languages.map(({ language }) => language),
    ['en', 'de', 'ko']
  )
})

t.test('all spellings of an IRDI are one id', async (t) => {
  const [first = '', ...others] = [
    '0173-1#02-AAO677#004',
    ' 0173-1#02-AAO677#004 ',
    '0173/1#02-AAO677#004',
    '0173-1---02-AAO677#004',
    '0173-1-02-AAO677-004',
    'https://api.eclass-cdp.com/0173-1-02-AAO677-004'
  ]
  for (const other of others) {
    t.equal(canonicalId([other]), canonicalId([first]), other)
    t.match(other.trim(), new RegExp(`^${spellings(first)}$`))
    t.match(first, new RegExp(`^${spellings(other)}$`))
  }
  t.equal(canonicalId(['0112/2///61987#ABN590#002']), canonicalId(['0112-2---61987#ABN590#002']))
  t.not(canonicalId(['0173-1#02-AAO677#004']), canonicalId(['0173-1#02-AAO677#003']), 'another version is another id')
  t.not(canonicalId(['https://example.com/a-b']), canonicalId(['https://example.com/a/b']), 'a URI is no IRDI')
})
