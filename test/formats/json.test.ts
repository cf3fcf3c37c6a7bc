import fc from 'fast-check'
import t from 'tap'
import { parseJson, unstorable, validate } from '../../src/formats/json.ts'
import { findSyntaxError } from '../../src/formats/json-syntax.ts'
import type { ClassName } from '../../src/model/fields.ts'
import { submodel as submodels } from '../arbitrary.ts'
import { mutated } from '../mutate.ts'

const property = { modelType: 'Property', idShort: 'Speed', valueType: 'xs:int', value: '1' }
const pump = (...value: object[]) => ({ modelType: 'SubmodelElementCollection', idShort: 'Pump', value })
const submodel = (...submodelElements: unknown[]) => ({ modelType: 'Submodel', id: 'urn:s', submodelElements })

const reported: readonly [title: string, className: ClassName, value: unknown, violation: object][] = [
  [
    'a value type that is misspelt',
    'Submodel',
    submodel(property, property, pump({ ...property, valueType: 'xs:flaot' })),
    {
      pointer: '/submodelElements/2/value/0/valueType',
      idShortPath: 'Pump.Speed',
      rule: 'enum',
      text: /did you mean "xs:float"\?/
    }
  ],
  [
    'a member that is misspelt, and not also that the right one is missing',
    'Submodel',
    { modelType: 'Submodel', ID: 'urn:s' },
    { pointer: '/ID', rule: 'additionalProperties', text: /did you mean "id"\?/ }
  ],
  [
    'a member that is unknown',
    'Submodel',
    submodel({ ...property, extra: 1 }),
    {
      pointer: '/submodelElements/0/extra',
      idShortPath: 'Speed',
      rule: 'additionalProperties',
      text: /Property has no such member/
    }
  ],
  [
    'a member that is missing',
    'Submodel',
    { modelType: 'Submodel' },
    { pointer: '', rule: 'required', text: /Submodel needs the member "id"/ }
  ],
  [
    'a number where a string belongs',
    'Submodel',
    submodel({ ...property, value: 1 }),
    {
      pointer: '/submodelElements/0/value',
      idShortPath: 'Speed',
      rule: 'type',
      text: /expected a string, found the number 1$/
    }
  ],
  [
    'null',
    'Submodel',
    { ...submodel(property), kind: null },
    { pointer: '/kind', rule: 'type', text: /leave the member out/ }
  ],
  ['an empty list', 'Submodel', submodel(), { pointer: '/submodelElements', rule: 'minItems', text: /empty/ }],
  [
    'a modelType that is misspelt',
    'Submodel',
    submodel({ ...property, modelType: 'Proprety' }),
    {
      pointer: '/submodelElements/0/modelType',
      idShortPath: 'Speed',
      rule: 'modelType',
      text: /did you mean "Property"\?/
    }
  ],
  [
    'a modelType that is missing',
    'Submodel',
    submodel({ idShort: 'Speed' }),
    { pointer: '/submodelElements/0', idShortPath: 'Speed', rule: 'modelType', text: /missing.*Property/ }
  ],
  [
    'a class that may not stand here',
    'Submodel',
    submodel({ modelType: 'AnnotatedRelationshipElement', idShort: 'rel', annotations: [pump(property)] }),
    {
      pointer: '/submodelElements/0/annotations/0/modelType',
      idShortPath: 'rel.Pump',
      rule: 'modelType',
      text: /ReferenceElement/
    }
  ],
  [
    'a list where an object belongs',
    'Submodel',
    [],
    { pointer: '', rule: 'type', text: /expected an object \(Submodel\), found a list/ }
  ],
  [
    'an object where a list belongs',
    'Submodel',
    { ...submodel(), submodelElements: {} },
    { pointer: '/submodelElements', rule: 'type', text: /expected a list, found an object/ }
  ],
  [
    '[AASd-002] an idShort of one character',
    'Submodel',
    submodel({ ...property, idShort: 'a' }),
    { pointer: '/submodelElements/0/idShort', rule: 'AASd-002', text: /at least two/ }
  ],
  [
    '[AASd-130] half of a surrogate pair',
    'Submodel',
    submodel({ ...property, valueType: 'xs:string', value: 'a\ud83d' }),
    { pointer: '/submodelElements/0/value', idShortPath: 'Speed', rule: 'AASd-130', text: /surrogate/ }
  ],
  [
    '[AASd-130] a character that XML cannot carry',
    'Submodel',
    submodel({ ...property, category: 'a\u0000' }),
    { pointer: '/submodelElements/0/category', rule: 'AASd-130', text: /\\u0000/ }
  ],
  [
    'a text that is too long',
    'Submodel',
    { modelType: 'Submodel', id: '😀'.repeat(2049) },
    { pointer: '/id', rule: 'maxLength', text: /2049 characters; at most 2048/ }
  ],
  ['an empty text', 'Submodel', { modelType: 'Submodel', id: '' }, { pointer: '/id', rule: 'minLength' }],
  [
    'base64 that is none',
    'Blob',
    { modelType: 'Blob', value: 'AAA' },
    { pointer: '/value', rule: 'contentEncoding', text: /base64/ }
  ],
  [
    'a content type that is none',
    'File',
    { modelType: 'File', contentType: 'pdf' },
    { pointer: '/contentType', rule: 'pattern', text: /media type/ }
  ],
  [
    'a constraint, where the schema is satisfied',
    'SubmodelElement',
    { ...property, value: 'x' },
    { pointer: '/value', idShortPath: 'Speed', rule: 'ValueDataType', text: /xs:int/ }
  ],
  [
    'a name that every object inherits',
    'Submodel',
    JSON.parse('{"modelType":"Submodel","id":"urn:s","__proto__":{"a":1}}'),
    { pointer: '/__proto__', rule: 'additionalProperties' }
  ],
  [
    'a modelType that every object inherits',
    'SubmodelElement',
    { modelType: 'constructor' },
    { pointer: '/modelType', rule: 'modelType' }
  ]
]

for (const [title, className, value, violation] of reported) {
  t.test(`reported with its position: ${title}`, async (t) => {
    const found = validate(className, value)
    t.equal(found.length, 1, JSON.stringify(found))
    t.match(found[0], violation)
  })
}

t.test('a text of as many characters as allowed may have more code units', async (t) => {
  t.same(validate('Submodel', { modelType: 'Submodel', id: '😀'.repeat(2048) }), [])
})

t.test('all violations are reported up to the limit, the most important first', async (t) => {
  const document = submodel(
    { ...property, value: 7 },
    { modelType: 'Prop', idShort: 'aa' },
    { ...property, idshort: 'aa' }
  )
  t.same(
    validate('Submodel', document).map(({ rule }) => rule),
    ['modelType', 'additionalProperties', 'type']
  )
  const many = submodel(...Array.from({ length: 100 }, () => 7))
  t.equal(validate('Submodel', many).length, 20)
  t.equal(validate('Submodel', many, { limit: 3 }).length, 3)
})

t.test('constraint violations are reported with schema violations where possible', async (t) => {
  const rules = (document: unknown) => validate('Submodel', document).map(({ pointer, rule }) => `${rule} ${pointer}`)
  const ten = { ...property, idShort: 'Ten', value: 'ten' }
  t.same(
    rules(submodel({ ...ten, idShort: '1st' })),
    ['AASd-002 /submodelElements/0/idShort', 'ValueDataType /submodelElements/0/value'],
    'within one element'
  )
  t.same(
    rules({ ...submodel(ten, { modelType: 'Proprty' }, 5, pump({ ...ten, valueType: 'xs:in' }, ten)), kind: null }),
    [
      'modelType /submodelElements/1/modelType',
      'type /kind',
      'type /submodelElements/2',
      'enum /submodelElements/3/value/0/valueType',
      'ValueDataType /submodelElements/0/value',
      'ValueDataType /submodelElements/3/value/1/value'
    ],
    'beside elements that are none'
  )
  t.same(
    rules({ ...submodel(ten), administration: { revision: 1 } }),
    ['type /administration/revision', 'ValueDataType /submodelElements/0/value'],
    'but not where something could follow from a fault of form'
  )
  const variable = { value: { modelType: 'Capability' } }
  const operation = { modelType: 'Operation', idShort: 'Op', inputVariables: [variable], outputVariables: {} }
  t.same(
    rules(submodel(operation)),
    ['type /submodelElements/0/outputVariables', 'AASd-117 /submodelElements/0/inputVariables/0/value'],
    'what holds a fault is not checked itself'
  )
})

t.test('constraints are looked for in damaged documents of every kind without harm', async () => {
  const damage = fc.constantFrom<unknown>(
    null,
    0,
    true,
    '',
    'x',
    [],
    {},
    [null],
    [[]],
    [{}],
    { modelType: 'Submodel' },
    undefined
  )
  fc.assert(
    fc.property(submodels, fc.nat(), fc.nat(), damage, damage, (whole, one, other, value, another) => {
      let changed: unknown = JSON.parse(JSON.stringify(whole))
      for (const [at, what] of [
        [one, value],
        [other, another]
      ] as const) {
        const all = [...places(changed)]
        const place = all[at % all.length]
        if (typeof changed === 'object' && changed !== null && place !== undefined)
          changed = put(changed, place, structuredClone(what))
      }
      return validate('Submodel', changed, { limit: 1000 }).every(({ text }) => !/must /.test(text))
    }),
    { numRuns: 1000 }
  )
})

t.test('a document may be nested deep, but not deeper than any walk can go', async (t) => {
  const nest = (levels: number) => {
    let element: object = property
    for (let level = 0; level < levels; level++) element = pump(element)
    return submodel(element)
  }
  t.same(validate('Submodel', nest(120)), [])
  t.match(validate('Submodel', nest(200)), [{ rule: 'depth' }])
  t.match(validate('Submodel', nest(100_000)), [{ rule: 'depth' }])
  t.match(validate('Submodel', parseJson('['.repeat(1_000_000) + ']'.repeat(1_000_000))), [{ rule: 'depth' }])
})

t.test('hostile sizes are refused or accepted without harm', async (t) => {
  const long = (text: string) => text.repeat(5_000_000 / text.length)
  const language = `en${long('-ab')}`
  t.match(validate('Submodel', { modelType: 'Submodel', id: 'urn:s', description: [{ language, text: 'x' }] }), [
    { rule: 'pattern' }
  ])
  t.match(validate('File', { modelType: 'File', contentType: `a/b;c="${long('\\a')}"` }), [{ rule: 'maxLength' }])
  t.same(validate('Blob', { modelType: 'Blob', value: long('AAAA') }), [])
  t.match(validate('Property', { ...property, value: long('1') }), [{ rule: 'ValueDataType' }])
  const crowd = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`m${index}`, 1]))
  t.equal(validate('Submodel', { modelType: 'Submodel', id: 'urn:s', ...crowd }).length, 20)
})

t.test('garbage of any shape never throws, and is reported in plain text', async (t) => {
  const names = fc.constantFrom(
    'modelType',
    'id',
    'idShort',
    'submodelElements',
    'value',
    'keys',
    'valueType',
    'semanticId',
    '__proto__',
    'constructor'
  )
  const texts = fc.constantFrom(
    'Submodel',
    'Property',
    'SubmodelElementList',
    'xs:int',
    'ModelReference',
    'toString',
    '\ud800',
    ''
  )
  const { garbage } = fc.letrec((tie) => ({
    garbage: fc.oneof({ maxDepth: 6 }, texts, fc.jsonValue(), tie('list'), tie('object')),
    list: fc.array(tie('garbage'), { maxLength: 4 }),
    object: fc
      .array(fc.tuple(names, tie('garbage')), { maxLength: 5 })
      .map((entries) =>
        JSON.parse(`{${entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join()}}`)
      )
  }))
  const classNames: ClassName[] = [
    'Submodel',
    'SubmodelElement',
    'AssetAdministrationShell',
    'ConceptDescription',
    'Environment',
    'Reference',
    'SpecificAssetId'
  ]
  let refused = 0
  fc.assert(
    fc.property(fc.constantFrom(...classNames), garbage, (className, value) => {
      for (const { pointer, rule, text } of validate(className, value)) {
        refused++
        if (!/^(\/|$)/.test(pointer) || rule === '' || text === '') return false
      }
      return true
    }),
    { numRuns: 3000 }
  )
  t.ok(refused > 1000)
})

t.test('a mutation of a valid document is refused by schema and explanation alike', async (t) => {
  const whole = {
    ...submodel(property, pump(property), {
      modelType: 'SubmodelElementList',
      idShort: 'list',
      typeValueListElement: 'Capability',
      value: [{ modelType: 'Capability' }]
    }),
    semanticId: { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value: 'urn:x' }] },
    administration: { version: '1', revision: '2' }
  }
  t.same(validate('Submodel', whole), [])
  const values: unknown[] = [null, 0, true, '', 'x', [], {}, [null], undefined]
  for (const place of places(whole)) {
    for (const value of values) {
      const copy = structuredClone(whole)
      const changed = put(copy, place, value)
      // Without an explanation the fallback would use the validator's message.
      for (const { text } of validate('Submodel', changed))
        if (/must /.test(text)) t.fail(`${place.join('/')}: ${text}`)
    }
  }
})

t.test('JSON is parsed from text and from UTF-8 bytes', async (t) => {
  t.same(parseJson('{"a":[1]}'), { a: [1] })
  t.same(parseJson(Buffer.from('{"ä":"😀"}')), { ä: '😀' })
  t.same(parseJson(Buffer.from('\ufeff{}')), {})
})

t.test('invalid JSON is refused with line, column and reason', async (t) => {
  for (const [text, reason] of [
    ['', 'line 1, column 1: expected a value, but the text ends'],
    ['{\n  "a": 1,\n}', 'line 3, column 1: expected a member name in double quotes, but there is "}"'],
    ['{"a" 1}', 'line 1, column 6: expected ":" after the member name, but there is "1"'],
    ['[1 2]', 'line 1, column 4: expected "," or "]" after the item, but there is "2"'],
    ['{"a":1 "b":2}', 'line 1, column 8: expected "," or "}" after the member, but there is "\\""'],
    ['{"a":NaN}', 'line 1, column 6: expected a value, but there is "N"'],
    ["{'a':1}", 'line 1, column 2: expected a member name in double quotes or "}", but there is "\'"'],
    ['[01]', 'line 1, column 3: expected "," or "]" after the item, but there is "1"'],
    ['{} {}', 'line 1, column 4: expected the end of the text, but there is "{"'],
    ['"a\nb"', 'line 1, column 3: a control character must be escaped in a string, but there is "\\n"'],
    ['"\\x"', 'line 1, column 2: this is not an escape sequence, but there is "\\\\"'],
    ['["a', 'line 1, column 4: the string is not closed, but the text ends']
  ] as const) {
    t.throws(() => parseJson(text), { name: 'BadRequest', message: `This is not JSON: ${reason}` })
  }
})

t.test('bytes that are not UTF-8 are refused', async (t) => {
  t.throws(() => parseJson(Buffer.from([0x22, 0xff, 0x22])), { name: 'BadRequest', message: /not UTF-8/ })
  t.throws(() => parseJson(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])), { name: 'BadRequest' })
})

t.test('the reason is found exactly where JSON.parse refuses', async () => {
  const parts = [
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '"',
    '\\',
    '\\u00',
    '1',
    '-',
    '.',
    '0',
    'e',
    'true',
    'null',
    ' ',
    '\n',
    '\t',
    'ä'
  ]
  const text = fc.array(fc.constantFrom(...parts), { maxLength: 8 }).map((words) => words.join(''))
  const broken = fc.tuple(fc.json(), fc.nat(), fc.constantFrom(...parts)).map(([json, at, part]) => {
    const place = at % (json.length + 1)
    return json.slice(0, place) + part + json.slice(place)
  })
  fc.assert(
    fc.property(fc.oneof(text, broken), (text) => (findSyntaxError(text) === undefined) === parses(text)),
    { numRuns: 5000 }
  )
})

function parses(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

type Path = (string | number)[]

function* places(value: unknown, path: Path = []): Generator<Path> {
  yield path
  if (typeof value !== 'object' || value === null) return
  for (const [key, held] of Object.entries(value)) yield* places(held, [...path, key])
}

/** Replaces the value at a path, or removes it with undefined. */
function put(document: object, place: Path, value: unknown): unknown {
  const last = place.at(-1)
  if (last === undefined) return value
  let here = document as Record<string | number, unknown>
  for (const step of place.slice(0, -1)) here = here[step] as Record<string | number, unknown>
  if (value === undefined && !Array.isArray(here)) delete here[last]
  else here[last] = value ?? null
  return document
}

const reference = (members: object) => ({ type: 'ExternalReference', ...members })
const list = { modelType: 'SubmodelElementList', idShort: 'List', value: [property] }
const concept = (embedded: object) => ({
  modelType: 'ConceptDescription',
  id: 'urn:c',
  embeddedDataSpecifications: [embedded]
})

t.test('a misspelt required member is reported once, with the right name', async (t) => {
  const misspelt: readonly [className: ClassName, value: unknown, written: string, meant: string][] = [
    [
      'Submodel',
      submodel({ modelType: 'Property', idShort: 'Speed', valuetype: 'xs:int', value: '1' }),
      'valuetype',
      'valueType'
    ],
    [
      'Submodel',
      submodel({ modelType: 'Range', idShort: 'Speed', ValueType: 'xs:int', min: '1' }),
      'ValueType',
      'valueType'
    ],
    ['Submodel', submodel({ ...property, qualifiers: [{ Type: 'q', valueType: 'xs:int' }] }), 'Type', 'type'],
    [
      'Submodel',
      submodel({ ...property, qualifiers: [{ type: 'q', valuType: 'xs:int', value: '1' }] }),
      'valuType',
      'valueType'
    ],
    ['Submodel', submodel({ ...property, extensions: [{ Name: 'n' }] }), 'Name', 'name'],
    ['Submodel', submodel({ ...property, semanticId: reference({ key: [] }) }), 'key', 'keys'],
    ['Submodel', submodel({ ...property, description: [{ lang: 'en', text: 'x' }] }), 'lang', 'language'],
    [
      'Submodel',
      submodel({ ...list, typeValueListelement: 'Property' }),
      'typeValueListelement',
      'typeValueListElement'
    ],
    [
      'Submodel',
      submodel({ modelType: 'Operation', idShort: 'Run', inputVariables: [{ Value: property }] }),
      'Value',
      'value'
    ],
    [
      'Submodel',
      submodel({
        modelType: 'BasicEventElement',
        idShort: 'Event',
        Observed: reference({ keys: [] }),
        direction: 'input',
        state: 'on'
      }),
      'Observed',
      'observed'
    ],
    [
      'AssetAdministrationShell',
      { modelType: 'AssetAdministrationShell', id: 'urn:a', assetinformation: {} },
      'assetinformation',
      'assetInformation'
    ],
    [
      'AssetAdministrationShell',
      {
        modelType: 'AssetAdministrationShell',
        id: 'urn:a',
        assetInformation: { assetKind: 'Type', specificAssetIds: [{ Name: 'n', value: 'v' }] }
      },
      'Name',
      'name'
    ],
    [
      'ConceptDescription',
      concept({
        dataSpecification: reference({ keys: [{ type: 'GlobalReference', value: 'x' }] }),
        dataSpecificationcontent: {}
      }),
      'dataSpecificationcontent',
      'dataSpecificationContent'
    ],
    [
      'ConceptDescription',
      concept({
        dataspecification: {},
        dataSpecificationContent: {
          modelType: 'DataSpecificationIec61360',
          preferredName: [{ language: 'en', text: 'x' }],
          value: 'x'
        }
      }),
      'dataspecification',
      'dataSpecification'
    ],
    [
      'ConceptDescription',
      concept({
        dataSpecification: reference({ keys: [{ type: 'GlobalReference', value: 'x' }] }),
        dataSpecificationContent: { modelType: 'DataSpecificationIec61360', preferredname: [], value: 'x' }
      }),
      'preferredname',
      'preferredName'
    ],
    ['SubmodelDescriptor', { id: 'urn:s', Endpoints: [] }, 'Endpoints', 'endpoints']
  ]
  for (const [className, value, written, meant] of misspelt) {
    const violations = validate(className, value)
    const all = JSON.stringify(violations)
    const [first] = violations
    t.equal(first?.rule, 'additionalProperties', all)
    t.ok(first?.pointer.endsWith(`/${written}`), all)
    t.match(first?.text, `did you mean "${meant}"?`, all)
    t.notMatch(all, 'undefined', all)
  }
})

t.test('a constraint is checked beside a member that is missing', async (t) => {
  const twice = submodel({ modelType: 'Property', idShort: 'Speed', value: 'x' }, property)
  t.match(validate('Submodel', twice), [{ rule: 'required' }, { rule: 'AASd-022' }])
})

t.test('any violation of a document is reported, and nothing is thrown', async (t) => {
  const classes = [
    'Submodel',
    'SubmodelElement',
    'AssetAdministrationShell',
    'ConceptDescription',
    'Reference'
  ] as const
  const vague: unknown[] = []
  fc.assert(
    fc.property(mutated(submodels), fc.constantFrom(...classes), (document, className) => {
      const violations = validate(className, document, { limit: 1000 })
      vague.push(...violations.filter(({ text }) => text.includes('undefined')))
      unstorable(className, document)
    }),
    { numRuns: 800 }
  )
  t.same(vague, [])
})

t.test('documents that break rules can be stored, those with another shape or without address cannot', async (t) => {
  const storable: unknown[] = [
    submodel(),
    submodel({ modelType: 'Property' }, property, property),
    { modelType: 'Submodel', id: 'urn:s', anything: { at: ['all'] } },
    submodel({ modelType: 'Operation', inputVariables: [{}] }),
    submodel({ ...property, semanticId: {} })
  ]
  for (const one of storable) {
    t.ok(validate('Submodel', one).length > 0, JSON.stringify(one))
    t.same(unstorable('Submodel', one), [], JSON.stringify(one))
  }
  const faulty = Array.from({ length: 200 }, () => ({ ...property, idShort: '1' }))
  for (const [one, pointer] of [
    [null, ''],
    [[], ''],
    [{ modelType: 'Submodel' }, '/id'],
    [{ modelType: 'Submodel', id: '' }, '/id'],
    [{ modelType: 'Submodel', id: 'a\u0001' }, '/id'],
    [{ modelType: 'Submodel', id: 'a\ud800' }, '/id'],
    [{ modelType: 'Submodel', id: '한'.repeat(3000) }, '/id'],
    [{ modelType: 'Submodel', id: 1 }, '/id'],
    [{ id: 'urn:s' }, ''],
    [submodel({ ...property, value: null }), '/submodelElements/0/value'],
    [submodel({ ...property, valueType: 'string' }), '/submodelElements/0/valueType'],
    [submodel({ idShort: 'Speed' }), '/submodelElements/0'],
    [submodel(...faulty, 7), '/submodelElements/200']
  ] as const) {
    t.match(unstorable('Submodel', one), [{ pointer }], JSON.stringify(one)?.slice(0, 200))
  }
})
