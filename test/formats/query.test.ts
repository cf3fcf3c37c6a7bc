import { existsSync, readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import t from 'tap'
import type { HubError } from '../../src/errors.ts'
import { parseQuery } from '../../src/formats/query.ts'
import { attributesOf, fields, orderings, type Root, textOperators } from '../../src/model/condition/grammar.ts'
import type { Subject } from '../../src/model/condition/subject.ts'

const official = new URL('../../../shared/spec/query-json-schema.json', import.meta.url)
const absent = existsSync(official) ? false : 'the official schema is not at hand'

const taken = (query: unknown): boolean => {
  try {
    parseQuery(query, 'Submodel')
    return true
  } catch {
    return false
  }
}

/** Every attribute that release 3.1.2 knows, with and without an index. */
const roots = Object.keys(fields) as Root[]
const field = fc.constantFrom(...roots).chain((root) =>
  fc
    .tuple(fc.constantFrom(...attributesOf(root, false)), fc.constantFrom('[]', '[0]', '[12]'))
    .map(([attribute, index]) => ({
      $field: `${root}${root === '$sme' ? '.motor.log[].x' : ''}#${attribute.replaceAll('[]', index)}`
    }))
)
const text = fc.string({ maxLength: 5 }).filter((value) => !value.startsWith('$'))
const literal = fc.oneof(
  text.map(($strVal) => ({ $strVal })),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(($numVal) => ({ $numVal })),
  fc.constantFrom<object>({ $hexVal: '16#0AF' }, { $timeVal: '13:20' }, { $timeVal: '13:20:59' }, { $boolean: true }),
  fc
    .constantFrom('$dateTimeVal', '$dayOfWeek', '$dayOfMonth', '$month', '$year')
    .map((name) => ({ [name]: '2024-02-29T13:20:00+09:00' }))
)
const { condition } = fc.letrec<{ operand: object; condition: object }>((tie) => ({
  operand: fc.oneof(
    { depthSize: 'small' },
    field,
    literal,
    fc
      .tuple(
        fc.constantFrom('$strCast', '$numCast', '$hexCast', '$boolCast', '$dateTimeCast', '$timeCast'),
        tie('operand')
      )
      .map(([name, of]) => ({ [name]: of }))
  ),
  condition: fc.oneof(
    { depthSize: 'small' },
    fc
      .tuple(fc.constantFrom(...orderings), tie('operand'), tie('operand'))
      .map(([name, one, other]) => ({ [name]: [one, other] })),
    fc
      .tuple(fc.constantFrom(...textOperators.filter((name) => name !== '$regex')), field, text)
      .map(([name, one, value]) => ({ [name]: [one, { $strVal: value }] })),
    fc.boolean().map(($boolean) => ({ $boolean })),
    tie('condition').map(($not) => ({ $not })),
    fc
      .tuple(fc.constantFrom('$and', '$or'), fc.array(tie('condition'), { minLength: 2, maxLength: 3 }))
      .map(([name, of]) => ({ [name]: of }))
  )
}))
const query = fc
  .tuple(condition, fc.boolean())
  .map(([$condition, ids]) => (ids ? { $select: 'id', $condition } : { $condition }))

t.test('queries are accepted and refused like by the official schema', { skip: absent }, async (t) => {
  const schema = new Ajv({
    strict: false,
    formats: { 'date-time': /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/i }
  })
  const valid = schema.compile(JSON.parse(readFileSync(official, 'utf8')))
  fc.assert(
    fc.property(query, (query) => {
      if (!valid(query))
        throw new Error(`the generator is wrong: ${JSON.stringify(query)} ${JSON.stringify(valid.errors)}`)
      return taken(query)
    }),
    { numRuns: 500 }
  )
  let refused = 0
  fc.assert(
    fc.property(query, fc.nat(), fc.constantFrom('rename', 'drop', 'number', 'twice'), (query, place, how) => {
      const broken = breakAt(query, place, how)
      if (valid(broken)) return
      refused++
      if (taken(broken)) throw new Error(`taken: ${JSON.stringify(broken)}`)
    }),
    { numRuns: 500 }
  )
  t.ok(refused > 200, `${refused} broken queries`)
  t.ok(taken({ $condition: { $boolean: true } }))
})

t.test('spellings from the prose of the standard are accepted too', async (t) => {
  const spellings = [
    '$aas#submodels.keys[].value',
    '$aasdesc#submodelDescriptors.id',
    '$sm#supplementalSemanticIds[].keys[].value'
  ]
  for (const name of spellings) t.ok(taken({ $condition: { $eq: [{ $field: name }, { $strVal: 'x' }] } }), name)
  const cast = { $eq: [{ $year: { $field: '$sme.made#value' } }, { $numVal: 2024 }] }
  t.ok(taken({ $condition: cast }), 'a part of a field, which the schema types as a literal by mistake')
})

/** The fragments of release 3.2. */
const fragments: readonly [Subject, string[]][] = [
  [
    'AssetAdministrationShell',
    [
      ...['$aas#idShort', '$aas#assetInformation.assetType', '$aas#assetInformation.globalAssetId'],
      ...['$aas#assetInformation.specificAssetIds', '$aas#assetInformation.specificAssetIds[]'],
      ...['$aas#assetInformation.specificAssetIds[2].externalSubjectId', '$aas#submodels', '$aas#submodels[0]'],
      ...['$aas#assetInformation.specificAssetIds[].externalSubjectId.keys[]', '$aas#submodels[].keys[]']
    ]
  ],
  [
    'Submodel',
    ['$sm', '$sme', '$sme.motor.log[]', '$sme.motor.log[1].x']
      .flatMap((root) =>
        ['idShort', 'semanticId', 'semanticId.keys', 'semanticId.keys[]'].map((one) => `${root}#${one}`)
      )
      .concat('$sm#supplementalSemanticIds', '$sm#supplementalSemanticIds[3]', '$sme#supplementalSemanticIds[].keys[]')
      .concat('$sme', '$sme.motor', '$sme.motor.log[]', '$sme#value', '$sme.motor#valueType', '$sme#language')
  ],
  ['ConceptDescription', ['$cd#idShort']],
  [
    'AssetAdministrationShellDescriptor',
    [
      ...['idShort', 'description', 'displayName', 'extension', 'administration', 'assetKind', 'assetType'],
      ...['globalAssetId', 'specificAssetIds', 'specificAssetIds[]', 'specificAssetIds[].externalSubjectId.keys[0]'],
      ...['endpoints', 'endpoints[]', 'submodelDescriptors', 'submodelDescriptors[]', 'submodelDescriptors[].idShort'],
      ...['submodelDescriptors[].semanticId.keys', 'submodelDescriptors[].supplementalSemanticIds[].keys[]'],
      ...['submodelDescriptors[].endpoints', 'submodelDescriptors[0].endpoints[]']
    ].map((one) => `$aasdesc#${one}`)
  ],
  [
    'SubmodelDescriptor',
    ['idShort', 'semanticId', 'supplementalSemanticIds[]', 'endpoints', 'endpoints[]'].map((one) => `$smdesc#${one}`)
  ]
]

t.test('every fragment of release 3.2 is accepted in a filter, of its own documents only', async (t) => {
  const filters = (subject: Subject, ...$filters: unknown[]) =>
    parseQuery({ $condition: { $boolean: true }, $filters }, subject).filters
  const refusal = (subject: Subject, filter: unknown): unknown => {
    try {
      filters(subject, filter)
      return undefined
    } catch (error) {
      return (error as HubError).violations[0]?.pointer
    }
  }
  const $condition = { $boolean: false }
  t.same(filters('Submodel'), [])
  for (const [subject, all] of fragments) {
    for (const $fragment of all) {
      t.equal(filters(subject, { $fragment, $condition }).length, 1, $fragment)
      const other = subject === 'ConceptDescription' ? 'Submodel' : 'ConceptDescription'
      t.equal(refusal(other, { $fragment, $condition }), '/$filters/0/$fragment')
    }
  }
  const invalid = ['$sm', '$sm#id', '$sme#nothing', '$sme#semanticId.type', '$sme#supplementalSemanticIds.keys', 'x', 5]
  for (const $fragment of invalid) {
    t.equal(refusal('Submodel', { $fragment, $condition }), '/$filters/0/$fragment', String($fragment))
  }
  const required = ['$aas#assetInformation', '$aas#assetInformation.assetKind', '$aas#submodels[].keys[].value']
  for (const $fragment of required) {
    t.equal(refusal('AssetAdministrationShell', { $fragment, $condition }), '/$filters/0/$fragment', $fragment)
  }
  const $fragment = '$sme'
  t.equal(refusal('Submodel', { $fragment }), '/$filters/0')
  t.equal(refusal('Submodel', { $fragment, $condition, $match: 1 }), '/$filters/0/$match')
  t.equal(refusal('Submodel', { $fragment, $condition, $other: 1 }), '/$filters/0/$other')
  t.equal(refusal('Submodel', { $fragment, $condition: { $eq: [] } }), '/$filters/0/$condition/$eq')
  t.equal(refusal('Submodel', []), '/$filters/0')
  t.notOk(taken({ $condition, $filters: {} }))
  t.notOk(taken({ $condition, $filters: Array(101).fill({ $fragment, $condition }) }))
  t.equal(filters('Submodel', { $fragment, $condition, $match: false })[0]?.asWhole, true)
  t.equal(filters('Submodel', { $fragment, $condition, $match: true })[0]?.asWhole, undefined)
})

/** Breaks one object of a query, the one reached after `place` steps of the walk. */
function breakAt(query: object, place: number, how: string): unknown {
  const copy = structuredClone(query) as Record<string, unknown>
  const objects: Record<string, unknown>[] = []
  const collect = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    if (!Array.isArray(value)) objects.push(value as Record<string, unknown>)
    for (const held of Object.values(value)) collect(held)
  }
  collect(copy)
  const target = objects[place % objects.length] ?? copy
  const name = Object.keys(target).at(-1) ?? ''
  if (how === 'rename') {
    target[`${name}x`] = target[name]
    delete target[name]
  } else if (how === 'drop') delete target[name]
  else if (how === 'number') target[name] = 5
  else target.$extra = target[name]
  return copy
}
