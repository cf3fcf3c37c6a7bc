import { existsSync, readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import t from 'tap'
import { parseQuery } from '../../src/formats/query.ts'
import { attributesOf, fields, orderings, type Root, textOperators } from '../../src/model/condition/grammar.ts'

const official = new URL('../../../shared/spec/query-json-schema.json', import.meta.url)
const absent = existsSync(official) ? false : 'the official schema is not at hand'

const taken = (query: unknown): boolean => {
  try {
    parseQuery(query)
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
