import fc from 'fast-check'
import t from 'tap'
import { applyWrite, fromValue } from '../../src/formats/from-value.ts'
import { validate } from '../../src/formats/json.ts'
import { membersFromValue } from '../../src/formats/leaf-from-value.ts'
import { toValue, valueOfRow } from '../../src/formats/to-value.ts'
import type { DataTypeDefXsd, Property, Submodel, SubmodelElement } from '../../src/model/types.ts'
import { readValueMembers } from '../../src/model/value-members.ts'
import { walk } from '../../src/model/walk.ts'
import { submodel } from '../arbitrary.ts'

const property = (valueType: DataTypeDefXsd, value: string): Property => ({
  modelType: 'Property',
  idShort: 'aa',
  valueType,
  value
})
const holding = (...submodelElements: SubmodelElement[]): Submodel => ({
  modelType: 'Submodel',
  id: 'x',
  submodelElements
})
const rules = (write: () => unknown): string[] => {
  try {
    write()
    return []
  } catch (error) {
    return (error as { violations: { rule: string }[] }).violations.map(({ rule }) => rule)
  }
}

t.test('a Property is shown as JSON of its value type, and as text where JSON would lose a digit', async (t) => {
  const shown: [DataTypeDefXsd, string, unknown][] = [
    ['xs:int', '42', 42],
    ['xs:int', '+42', 42],
    ['xs:double', '21.50', 21.5],
    ['xs:double', 'INF', 'INF'],
    ['xs:double', 'NaN', 'NaN'],
    ['xs:boolean', '1', true],
    ['xs:boolean', 'false', false],
    ['xs:long', '9007199254740993', '9007199254740993'],
    ['xs:long', '9007199254740991', 9007199254740991],
    // Beyond 2^53 an even number and its odd neighbour are the same JSON number.
    ['xs:long', '-13397024385918056', '-13397024385918056'],
    ['xs:decimal', '9007199254740992.0', '9007199254740992.0'],
    ['xs:double', '9007199254740993', 9007199254740992],
    ['xs:double', '1e300', 1e300],
    ['xs:double', '1E400', '1E400'],
    ['xs:double', '-0', 0],
    ['xs:int', '-0', 0],
    ['xs:int', '007', 7],
    ['xs:decimal', '.5', 0.5],
    ['xs:decimal', '5.', 5],
    ['xs:decimal', '123456789.123456', 123456789.123456],
    ['xs:float', '1.0', 1],
    ['xs:string', 'a"b\\c', 'a"b\\c'],
    ['xs:string', '한 😀 \u2028', '한 😀 \u2028'],
    ['xs:string', '', ''],
    // Leniently stored documents may contain texts that are not values of their type.
    ['xs:int', '', ''],
    ['xs:double', '0x10', '0x10'],
    ['xs:double', ' 5', ' 5'],
    ['xs:decimal', '0e5', '0e5'],
    ['xs:boolean', 'TRUE', 'TRUE'],
    ['xs:decimal', '0.1000000000000000055', '0.1000000000000000055'],
    ['xs:decimal', '-00.50', -0.5],
    ['xs:decimal', '0.0000001', 1e-7],
    ['xs:string', '42', '42'],
    ['xs:dateTime', '2024-02-29T12:00:00Z', '2024-02-29T12:00:00Z']
  ]
  for (const [type, text, value] of shown) {
    t.equal(toValue(property(type, text)), value, `${type} ${text}`)
    t.equal(
      valueOfRow('Property', type, JSON.stringify({ value: text })),
      JSON.stringify(value),
      'the same from its row'
    )
  }
})

t.test('a number is shown from its row as from its document, whatever it is', async () => {
  const number = fc.oneof(
    fc.stringMatching(/^[+-]?[0-9]{1,20}(\.[0-9]{0,12})?$/),
    fc.double().map(String),
    fc.integer().map(String),
    fc.constantFrom('-0', '-0.0', '0.0000001', '0.000001', 'INF', '-INF', 'NaN', '1e21', '123456789.1234567')
  )
  const type = fc.constantFrom<DataTypeDefXsd>('xs:double', 'xs:decimal', 'xs:integer', 'xs:long', 'xs:string')
  fc.assert(
    fc.property(type, number, (valueType, text) => {
      const fromRow = valueOfRow('Property', valueType, JSON.stringify({ value: text }))
      const fromDocument = JSON.stringify(toValue(property(valueType, text)))
      if (fromRow !== fromDocument)
        throw new Error(`${valueType} ${text}: ${fromRow} from the row, else ${fromDocument}`)
    }),
    { numRuns: 1000 }
  )
})

t.test('values absent from a row are left out', async (t) => {
  const reference = { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value: 'x' }] }
  t.equal(valueOfRow('Property', 'xs:int', JSON.stringify({ valueId: reference })), undefined)
  t.equal(valueOfRow('Property', 'xs:int', JSON.stringify({ value: '5', valueId: reference })), '5')
  t.equal(valueOfRow('Range', 'xs:int', '{"min":"1"}'), '{"min":1}')
  t.equal(valueOfRow('File', undefined, '{}'), undefined)
  t.equal(valueOfRow('Blob', undefined, '{"value":"QQ==","contentType":"a/b"}'), '{"contentType":"a/b"}')
})

t.test('each kind is shown in its own form', async (t) => {
  const reference = { type: 'ExternalReference' as const, keys: [{ type: 'GlobalReference' as const, value: 'x' }] }
  t.same(toValue({ modelType: 'MultiLanguageProperty', value: [{ language: 'ko', text: '펌프' }] }), [{ ko: '펌프' }])
  t.same(toValue({ modelType: 'Range', valueType: 'xs:int', max: '5' }), { max: 5 }, 'an open range')
  t.same(toValue({ modelType: 'File', contentType: 'text/plain', value: '/a.txt' }), {
    contentType: 'text/plain',
    value: '/a.txt'
  })
  const blob: SubmodelElement = { modelType: 'Blob', contentType: 'text/plain', value: 'QQ==' }
  t.same(toValue(blob), { contentType: 'text/plain' }, 'a Blob without its bytes')
  t.same(toValue(blob, { extent: 'withBlobValue' }), { contentType: 'text/plain', value: 'QQ==' })
  t.same(toValue({ modelType: 'ReferenceElement', value: reference }), reference)
  t.same(toValue({ modelType: 'RelationshipElement', first: reference, second: reference }), {
    first: reference,
    second: reference
  })
  t.same(
    toValue({
      modelType: 'AnnotatedRelationshipElement',
      first: reference,
      second: reference,
      annotations: [property('xs:int', '1')] as never
    }),
    { first: reference, second: reference, annotations: { aa: 1 } }
  )
  t.same(
    toValue({
      modelType: 'Entity',
      entityType: 'SelfManagedEntity',
      globalAssetId: 'g',
      statements: [property('xs:int', '1')]
    }),
    { entityType: 'SelfManagedEntity', globalAssetId: 'g', statements: { aa: 1 } }
  )
  t.equal(toValue({ modelType: 'Capability' }), undefined)
  t.equal(toValue({ modelType: 'Operation' }), undefined)
  t.equal(toValue({ modelType: 'Property', valueType: 'xs:int' }), undefined, 'what has no value is not shown')
})

t.test('a list keeps its positions', async (t) => {
  const list: SubmodelElement = {
    modelType: 'SubmodelElementList',
    typeValueListElement: 'Property',
    valueTypeListElement: 'xs:int',
    value: [
      { modelType: 'Property', valueType: 'xs:int', value: '1' },
      { modelType: 'Property', valueType: 'xs:int' }
    ]
  }
  t.same(toValue(list), [1, null])
  t.same(
    toValue({
      modelType: 'SubmodelElementList',
      typeValueListElement: 'Capability',
      value: [{ modelType: 'Capability' }]
    }),
    undefined
  )
})

t.test('with level=core containers are shown empty', async (t) => {
  const inner: SubmodelElement = {
    modelType: 'SubmodelElementCollection',
    idShort: 'inner',
    value: [property('xs:int', '1')]
  }
  t.same(toValue(holding(inner, property('xs:int', '2')), { level: 'core' }), { inner: {}, aa: 2 })
})

t.test('a value comes back as the text of its type', async (t) => {
  const accepted: [DataTypeDefXsd, unknown, string][] = [
    ['xs:int', 42, '42'],
    ['xs:int', '42', '42'],
    ['xs:double', 1e21, '1e+21'],
    ['xs:decimal', 1e-7, '0.0000001'],
    ['xs:boolean', true, 'true'],
    ['xs:boolean', 1, 'true'],
    ['xs:boolean', 0, 'false'],
    ['xs:string', 'a', 'a'],
    ['xs:long', '9223372036854775807', '9223372036854775807']
  ]
  for (const [type, body, value] of accepted)
    t.same(membersFromValue('Property', type, body), { value }, `${type} ${body}`)
})

t.test('values that do not fit the value type are refused', async (t) => {
  const refused: [DataTypeDefXsd, unknown][] = [
    ['xs:int', 1.5],
    ['xs:int', 3_000_000_000],
    ['xs:int', 'abc'],
    ['xs:int', true],
    ['xs:int', null],
    ['xs:int', [1]],
    ['xs:integer', 1e20],
    ['xs:string', 5],
    ['xs:boolean', 2],
    ['xs:dateTime', '2023-02-29T00:00:00Z']
  ]
  for (const [type, body] of refused)
    t.same(
      rules(() => membersFromValue('Property', type, body)),
      ['ValueDataType'],
      `${type} ${body}`
    )
  t.same(
    rules(() => membersFromValue('Property', 'xs:string', '\u0000')),
    ['AASd-130']
  )
})

t.test('a body is accepted as a whole or not at all, and every violation has its position', async (t) => {
  const target = holding(property('xs:int', '1'), { modelType: 'Capability', idShort: 'can' })
  t.match(
    (() => {
      try {
        return fromValue(target, { aa: 'x', can: 1, none: 2 }, '')
      } catch (error) {
        return (error as { violations: unknown }).violations
      }
    })(),
    [
      { pointer: '/aa', idShortPath: 'aa', rule: 'ValueDataType' },
      { pointer: '/can', idShortPath: 'can', rule: 'ValueOnly' },
      { pointer: '/none', rule: 'ValueOnly', text: /no element "none"/ }
    ]
  )
})

t.test('names of members that every object has are just names', async (t) => {
  const target = holding(property('xs:int', '1'))
  for (const name of ['__proto__', 'constructor', 'toString']) {
    t.same(
      rules(() => fromValue(target, JSON.parse(`{"${name}":1}`), '')),
      ['ValueOnly'],
      name
    )
  }
})

t.test('only value members can be written by value', async (t) => {
  const entity: SubmodelElement = { modelType: 'Entity', idShort: 'ee', entityType: 'CoManagedEntity' }
  t.not(rules(() => fromValue(holding(entity), { ee: { idShort: 'other' } }, '')).length, 0)
  t.not(rules(() => membersFromValue('File', undefined, { modelType: 'Capability' })).length, 0)
})

t.test('a refusal names the place in the body that was sent', async (t) => {
  const places = (write: () => unknown): string[] => {
    try {
      write()
      return []
    } catch (error) {
      return (error as { violations: { pointer: string }[] }).violations.map(({ pointer }) => pointer)
    }
  }
  const long = 'x'.repeat(2000)
  const wrong: [string, unknown, string[]][] = [
    ['MultiLanguageProperty', [{ de: 'a' }, { en: long }], ['/1/en']],
    ['MultiLanguageProperty', { de: 'a', en: long }, ['/en']],
    ['MultiLanguageProperty', [{ de: 'a' }, { de: 'b' }], ['/1']],
    ['MultiLanguageProperty', [{ de: 'a', en: 'b' }], ['/0']],
    ['MultiLanguageProperty', ['a'], ['/0']],
    ['MultiLanguageProperty', 5, ['']],
    ['File', { value: '/a.txt', contentType: 'none' }, ['/contentType']],
    ['Blob', { value: 'no base64!' }, ['/value']],
    ['ReferenceElement', { type: 'ExternalReference', keys: [] }, ['/keys']],
    ['RelationshipElement', { first: { type: 'ExternalReference', keys: [] } }, ['/first/keys']]
  ]
  for (const [modelType, body, expected] of wrong) {
    t.same(
      places(() => membersFromValue(modelType, undefined, body)),
      expected,
      `${modelType} ${JSON.stringify(body).slice(0, 60)}`
    )
  }
  t.same(
    places(() => fromValue(holding({ modelType: 'File', idShort: 'ff' }), { ff: { contentType: 'none' } }, '')),
    ['/ff/contentType']
  )
})

t.test('annotations are written as an object or as an array, each of them once', async (t) => {
  const target = holding({
    modelType: 'AnnotatedRelationshipElement',
    idShort: 'ar',
    annotations: [property('xs:int', '1')] as never
  })
  const expected = [{ path: 'ar.aa', members: { value: '2' } }]
  t.match(fromValue(target, { ar: { annotations: { aa: 2 } } }, ''), expected)
  t.match(fromValue(target, { ar: { annotations: [{ aa: 2 }] } }, ''), expected)
  t.same(
    rules(() => fromValue(target, { ar: { annotations: [{ aa: 2 }, { aa: 3 }] } }, '')),
    ['ValueOnly']
  )
})

t.test('an Entity is written with the ids that its type requires, or not at all', async (t) => {
  const entity: SubmodelElement = { modelType: 'Entity', idShort: 'ee', entityType: 'CoManagedEntity' }
  t.match(fromValue(entity, { entityType: 'SelfManagedEntity', globalAssetId: 'g' }, 'ee'), [
    { path: 'ee', members: { entityType: 'SelfManagedEntity', globalAssetId: 'g' } }
  ])
  t.same(
    rules(() => fromValue(entity, { entityType: 'SelfManagedEntity' }, 'ee')),
    ['AASd-014']
  )
  t.not(rules(() => fromValue(entity, { entityType: 'Robot' }, 'ee')).length, 0)
})

t.test('a body for thousands of elements takes time in proportion', async (t) => {
  const large = (count: number) =>
    holding(...Array.from({ length: count }, (_, index) => ({ ...property('xs:int', '1'), idShort: `p${index}` })))
  const time = (target: Submodel) => {
    const body = toValue(target)
    const start = process.cpuUsage().user
    fromValue(target, body, '')
    return process.cpuUsage().user - start
  }
  time(large(2000))
  const [small, much] = [time(large(2000)), time(large(40_000))]
  t.ok(much < 20 * 8 * Math.max(small, 1000), `20 times as many took ${Math.round(much / small)} times as long`)
})

t.test('both written forms of texts and annotations are read', async (t) => {
  const value = [
    { language: 'de', text: 'a' },
    { language: 'en', text: 'b' }
  ]
  t.same(membersFromValue('MultiLanguageProperty', undefined, [{ de: 'a' }, { en: 'b' }]), { value })
  t.same(membersFromValue('MultiLanguageProperty', undefined, { de: 'a', en: 'b' }), { value })
})

t.test('a list takes no more values than it has elements', async (t) => {
  const list: SubmodelElement = {
    modelType: 'SubmodelElementList',
    idShort: 'list',
    typeValueListElement: 'Property',
    valueTypeListElement: 'xs:int',
    value: [{ modelType: 'Property', valueType: 'xs:int', value: '1' }]
  }
  t.match(fromValue(list, [7], 'list'), [{ path: 'list[0]', members: { value: '7' } }])
  t.same(
    rules(() => fromValue(list, [7, 8], 'list')),
    ['ValueOnly']
  )
  t.same(
    rules(() => fromValue(list, 7, 'list')),
    ['ValueOnly']
  )
})

t.test('a random submodel is valid, and writing back its value changes nothing', async () => {
  fc.assert(
    fc.property(submodel, (document) => {
      const violations = validate('Submodel', document)
      if (violations.length > 0) throw new Error(JSON.stringify(violations))
      const before = structuredClone(document)
      const value = JSON.parse(JSON.stringify(toValue(document, { extent: 'withBlobValue' })))
      for (const write of fromValue(document, value, '')) applyWrite(write)
      for (const { element, path } of walk(before)) {
        const now = [...walk(document)].find((visit) => visit.path === path)
        const same =
          JSON.stringify(numbers(readValueMembers(element))) ===
          JSON.stringify(numbers(now && readValueMembers(now.element)))
        if (!same) throw new Error(`${path}: ${JSON.stringify(element)} became ${JSON.stringify(now?.element)}`)
      }
    }),
    { numRuns: 300 }
  )
})

/** Numbers are compared as numbers: ValueOnly has no way to keep the zero at the end of 1.50. */
function numbers(members: object | undefined): unknown {
  return Object.entries(members ?? {})
    .map(([name, held]) => [
      name,
      typeof held === 'string' && held !== '' && Number.isFinite(Number(held)) ? Number(held) : held
    ])
    .sort()
}
