import t from 'tap'
import { parseQuery } from '../../src/formats/query.ts'

type Json = Readonly<Record<string, unknown>>

const value = { $field: '$sme#value' }
const nest = (levels: number, around: (inner: Json) => Json, inner: Json): Json =>
  Array.from({ length: levels }).reduce<Json>((made) => around(made), inner)
const many = (count: number, one: (index: number) => Json): Json => ({
  $or: Array.from({ length: count }, (_, index) => one(index))
})
const regex = (pattern: Json): Json => ({ $regex: [value, pattern] })
const compare = (one: Json): Json => ({ $eq: [value, one] })

const hostile: Readonly<Record<string, Json>> = {
  'a thousand $not': nest(1000, ($not) => ({ $not }), { $boolean: true }),
  'a thousand $and': nest(1000, (inner) => ({ $and: [inner, { $boolean: true }] }), { $boolean: true }),
  'a thousand $match': { $match: [nest(1000, (inner) => ({ $match: [inner] }), compare({ $strVal: 'x' }))] },
  'a thousand casts': compare(nest(1000, ($strCast) => ({ $strCast }), { $numVal: 1 })),
  'ten thousand comparisons': many(10_000, (index) => compare({ $numVal: index })),
  'a long expression': regex({ $strVal: 'a'.repeat(100_000) }),
  'an expression that repeats': regex({ $strVal: '((a{100}){100}){100}' }),
  'an expression nested deep': regex({ $strVal: `${'('.repeat(499)}a${')'.repeat(499)}{999}` }),
  'many large expressions': many(900, (index) => regex({ $strVal: `a{999}${index}` })),
  'many large expressions behind casts': many(900, (index) => regex({ $strCast: { $strVal: `a{999}${index}` } })),
  'no expression, behind a cast': regex({ $strCast: { $strVal: '(' } }),
  'an expression that looks back': regex({ $strVal: '(a)\\1' }),
  'a class subtracted from a class': regex({ $strVal: '[a-z-[aeiou]]' }),
  'a field of a million characters': compare({ $field: `$sme.${'a.'.repeat(500_000)}a#nothing` }),
  'names of the language it is written in': { $and: [{ __proto__x: [] }, { constructor: [] }] },
  'a hundred thousand unknown members': Object.fromEntries(
    Array.from({ length: 100_000 }, (_, index) => [`$x${index}`, index])
  )
}

t.test('a malicious condition is refused quickly, with a reason', async (t) => {
  for (const [name, $condition] of Object.entries(hostile)) {
    const began = performance.now()
    try {
      parseQuery({ $condition }, 'Submodel')
      t.fail(name)
    } catch (error) {
      const { status, violations = [] } = error as { status?: number; violations?: { text: string }[] }
      const took = performance.now() - began
      t.equal(status, 400, name)
      t.ok(violations.length > 0 && violations.length <= 20, `${name}: ${violations.length} violations`)
      t.ok(JSON.stringify(violations).length < 20_000, `${name}: the answer is short`)
      t.ok(took < 20_000, `${name}: ${took.toFixed()} ms`)
    }
  }
})

t.test('a large condition within the limits is accepted', async (t) => {
  t.ok(parseQuery({ $condition: many(900, (index) => compare({ $numVal: index })) }, 'Submodel'))
  t.ok(parseQuery({ $condition: nest(40, ($not) => ({ $not }), compare({ $strVal: 'x' })) }, 'Submodel'))
  t.ok(parseQuery({ $condition: many(20, (index) => regex({ $strVal: `^[a-z]{3}-${index}$` })) }, 'Submodel'))
})
