import t from 'tap'
import { parseQuery } from '../../src/formats/query.ts'
import { compile } from '../../src/model/condition/compile.ts'
import type { Condition, Operand } from '../../src/model/condition/condition.ts'
import { formatFragment, occurrencesOf } from '../../src/model/condition/fragment.ts'
import { plan } from '../../src/model/condition/plan.ts'
import { FALSE, INVALID, TRUE } from '../../src/model/condition/resolve.ts'
import { simplify } from '../../src/model/condition/simplify.ts'
import { describeCondition } from '../../src/security/describe-condition.ts'

type Json = Readonly<Record<string, unknown>>

const yes = { $boolean: true }
const no = { $boolean: false }
const open = { $eq: [{ $field: '$sm#idShort' }, { $strVal: 'x' }] }
const fallible = { $gt: [{ $numCast: { $field: '$sm#idShort' } }, { $numVal: 1 }] }
const invalid = { $gt: [{ $numCast: { $strVal: 'x' } }, { $numVal: 1 }] }
const foreign = { $eq: [{ $field: '$aas#idShort' }, { $strVal: 'x' }] }

function conditionOf($condition: Json): Condition {
  return parseQuery({ $condition }, 'Submodel').condition
}

t.test('what the document has no say in is settled, and the rest is left', async (t) => {
  const cases: readonly (readonly [condition: Json, left: Json | number])[] = [
    [yes, TRUE],
    [{ $not: yes }, FALSE],
    [open, open],
    [{ $and: [yes, open] }, open],
    [{ $and: [no, open] }, FALSE],
    [{ $or: [no, open] }, open],
    [{ $or: [yes, open] }, TRUE],
    [{ $and: [open, invalid] }, INVALID],
    [{ $not: { $and: [open, foreign] } }, INVALID],
    [{ $and: [no, fallible] }, FALSE],
    // Invalid where the cast fails, so it is not true for every document.
    [{ $or: [yes, fallible] }, { $or: [yes, fallible] }],
    [{ $not: { $and: [no, fallible] } }, { $not: { $and: [no, fallible] } }],
    [{ $match: [no, { $eq: [{ $field: '$sme#idShort' }, { $strVal: 'x' }] }] }, FALSE]
  ]
  for (const [condition, left] of cases) {
    const simplified = simplify(conditionOf(condition), 'Submodel')
    const found = simplified.is === 'settled' ? simplified.verdict : describeCondition(simplified.condition)
    t.same(found, left, JSON.stringify(condition))
  }
  t.same(simplify(conditionOf(open), undefined), { is: 'settled', verdict: INVALID }, 'without a document')
})

t.test('of independent conditions one that is invalid says nothing about the others', async (t) => {
  const either: Condition = { is: 'some', of: [fallible, open].map(conditionOf) }
  const matches = (idShort: string) => compile(either, 'Submodel').matches({ modelType: 'Submodel', id: 'x', idShort })
  t.same(['x', '2', '1', 'y'].map(matches), [true, true, false, false])
  t.same(simplify({ is: 'some', of: [invalid, no].map(conditionOf) }, 'Submodel'), { is: 'settled', verdict: FALSE })
})

t.test('known texts are compared by any of them; a single one can be looked up in an index', async (t) => {
  const among = (...texts: string[]): Condition => {
    const left: Operand = {
      is: 'field',
      field: { root: '$sm', path: [], attribute: 'idShort', steps: ['idShort'] }
    }
    return { is: 'comparison', operator: '$eq', left, right: { is: 'texts', texts } }
  }
  const document = { modelType: 'Submodel', id: 'x', idShort: 'b' }
  t.ok(compile(among('a', 'b'), 'Submodel').matches(document))
  t.notOk(compile(among('a', 'c'), 'Submodel').matches(document))
  t.notOk(compile(among(), 'Submodel').matches(document))
  t.match(plan(among('b'), 'Submodel'), [{ facets: [['idShort', 'b']] }])
  t.match(plan(among('a', 'b'), 'Submodel'), [{ facets: [] }])
})

t.test('every occurrence of a fragment is found, with its list pinned', async (t) => {
  const item = (idShort: string, value: object[]) => ({ modelType: 'SubmodelElementCollection', idShort, value })
  const leaf = (idShort: string) => ({ modelType: 'Property', idShort, valueType: 'xs:string', value: idShort })
  const list = {
    modelType: 'SubmodelElementList',
    idShort: 'l',
    value: [item('i', [leaf('a')]), item('j', [leaf('a')])]
  }
  const document = { modelType: 'Submodel', id: 'x', submodelElements: [list, leaf('a')] }
  const count = (path: readonly (string | number)[], ...steps: string[]): number => {
    let found = 0
    const pinned = new Map<string, object>()
    for (const _ of occurrencesOf({ root: '$sme', path, steps }, document, pinned, 'searched')) {
      t.ok(pinned.has('$sme'))
      found++
    }
    t.equal(pinned.size, 0)
    return found
  }
  t.equal(count([]), 6)
  t.equal(count(['l']), 1)
  t.equal(count(['l', '[]']), 2)
  t.equal(count(['l', 1]), 1)
  t.equal(count(['l', 2]), 0)
  t.equal(count(['l', '[]', 'a']), 2)
  t.equal(count(['a']), 3, 'a path begins at any element of that name')
  t.equal(count([], 'value'), 3, 'what is below a collection is not its value')
  t.equal(formatFragment({ root: '$sme', path: ['l', '[]', 'a'], steps: ['value'] }), '$sme.l[].a#value')
})
