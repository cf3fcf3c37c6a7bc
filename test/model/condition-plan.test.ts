import fc from 'fast-check'
import t from 'tap'
import { parseQuery } from '../../src/formats/query.ts'
import { compile } from '../../src/model/condition/compile.ts'
import type { Condition } from '../../src/model/condition/condition.ts'
import { textsOfValue } from '../../src/model/condition/field-reader.ts'
import { orderings, textOperators } from '../../src/model/condition/grammar.ts'
import {
  type ElementTerm,
  endsInPath,
  type Prefilter,
  plan,
  type ValueTest,
  withoutIndexes
} from '../../src/model/condition/plan.ts'
import { compareByCodePoint, parseNumber } from '../../src/model/condition/values.ts'
import { facetsOf, targetIdOf } from '../../src/model/facets.ts'
import type { AssetAdministrationShell, Submodel } from '../../src/model/types.ts'
import { walk } from '../../src/model/walk.ts'

type Json = Readonly<Record<string, unknown>>

// ---- What a store would find by an index

interface World {
  readonly submodels: readonly Submodel[]
  readonly shells: readonly AssetAdministrationShell[]
}

function submodelHas(filter: Prefilter, submodel: Submodel, world: World): boolean {
  return (
    hasFacets(filter, submodel.id, facetsOf('Submodel', submodel)) &&
    filter.elements.every((term) => elementHas(term, submodel)) &&
    filter.related.every((one) => shellsOf(submodel, world).some((shell) => shellHas(one, shell, world)))
  )
}

function shellHas(filter: Prefilter, shell: AssetAdministrationShell, world: World): boolean {
  return (
    hasFacets(filter, shell.id, facetsOf('AssetAdministrationShell', shell)) &&
    filter.elements.length === 0 &&
    filter.related.every((one) => submodelsOf(shell, world).some((submodel) => submodelHas(one, submodel, world)))
  )
}

function hasFacets({ id, facets }: Prefilter, own: string, all: readonly (readonly [string, string])[]): boolean {
  const has = (name: string, value: string) => all.some(([one, other]) => one === name && other === value)
  return (id === undefined || id === own) && facets.every(([name, value]) => has(name, value))
}

function elementHas({ path, idShort, semanticId, values = [] }: ElementTerm, submodel: Submodel): boolean {
  for (const visit of walk(submodel)) {
    const { element } = visit
    if (path !== undefined && !endsInPath(withoutIndexes(visit.path), path)) continue
    if (idShort !== undefined && element.idShort !== idShort) continue
    if (semanticId !== undefined && element.semanticId?.keys?.[0]?.value !== semanticId) continue
    if (values.length === 0 || textsOfValue(element).some((text) => values.every((test) => passes(test, text))))
      return true
  }
  return false
}

function passes(test: ValueTest, text: string): boolean {
  if (test.op === 'startsWith') return text.startsWith(test.text)
  const found = 'text' in test ? compareByCodePoint(text, test.text) : (parseNumber(text) ?? Number.NaN) - test.number
  if (test.op === 'eq') return found === 0
  if (test.op === 'lt' || test.op === 'le') return found < 0 || (test.op === 'le' && found === 0)
  return found > 0 || (test.op === 'ge' && found === 0)
}

function submodelsOf(shell: AssetAdministrationShell, { submodels }: World): Submodel[] {
  const ids = (shell.submodels ?? []).map(targetIdOf)
  return submodels.filter(({ id }) => ids.includes(id))
}

function shellsOf(submodel: Submodel, { shells }: World): AssetAdministrationShell[] {
  return shells.filter((shell) => (shell.submodels ?? []).some((one) => targetIdOf(one) === submodel.id))
}

// ---- Random plants of few names, so that conditions meet them

const name = fc.constantFrom('a', 'b', 'c')
const value = fc.constantFrom('1', '2', '3', '10', 'x', 'xy', '')
const maybe = <Value>(from: fc.Arbitrary<Value>) => fc.option(from, { nil: undefined, freq: 2 })
const reference = fc.array(fc.constantFrom('1', 'x'), { minLength: 1, maxLength: 2 }).map((keys) => ({
  type: 'ExternalReference',
  keys: keys.map((value) => ({ type: 'GlobalReference', value }))
}))
const semantics = {
  semanticId: maybe(reference),
  supplementalSemanticIds: maybe(fc.array(reference, { minLength: 1, maxLength: 2 }))
}
const defined = (object: object): object =>
  Object.fromEntries(Object.entries(object).filter(([, held]) => held !== undefined))

const element = fc.letrec<{ element: object }>((tie) => ({
  element: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc
      .record({ idShort: name, value: maybe(value), ...semantics })
      .map((it) => defined({ modelType: 'Property', valueType: 'xs:string', ...it })),
    fc
      .record({ idShort: name, texts: fc.array(value, { minLength: 1, maxLength: 2 }), ...semantics })
      .map(({ texts, ...it }) =>
        defined({ modelType: 'MultiLanguageProperty', ...it, value: texts.map((text) => ({ language: 'en', text })) })
      ),
    fc
      .record({ idShort: name, value: fc.array(tie('element'), { minLength: 1, maxLength: 3 }), ...semantics })
      .map((it) => defined({ modelType: 'SubmodelElementCollection', ...it })),
    fc
      .record({ idShort: name, value: fc.array(tie('element'), { minLength: 1, maxLength: 3 }), ...semantics })
      .map((it) => defined({ modelType: 'SubmodelElementList', ...it }))
  )
})).element
const submodel = fc
  .record({
    id: name,
    idShort: maybe(value),
    ...semantics,
    submodelElements: fc.array(element, { minLength: 1, maxLength: 4 })
  })
  .map((it) => defined({ modelType: 'Submodel', ...it }) as unknown as Submodel)
const shell = fc
  .record({
    id: name,
    idShort: maybe(value),
    globalAssetId: maybe(value),
    specificAssetIds: fc.array(fc.record({ name: fc.constantFrom('x', '1', 'GlobalAssetId'), value }), {
      minLength: 1,
      maxLength: 2
    }),
    submodels: fc.uniqueArray(name, { minLength: 1, maxLength: 2 })
  })
  .map(
    ({ id, idShort, globalAssetId, specificAssetIds, submodels }) =>
      defined({
        modelType: 'AssetAdministrationShell',
        id,
        idShort,
        assetInformation: defined({ assetKind: 'Instance', globalAssetId, specificAssetIds }),
        submodels: submodels.map((value) => ({ type: 'ModelReference', keys: [{ type: 'Submodel', value }] }))
      }) as unknown as AssetAdministrationShell
  )
const unique = { minLength: 1, maxLength: 3, selector: ({ id }: { id: string }) => id }
const world = fc.record({ submodels: fc.uniqueArray(submodel, unique), shells: fc.uniqueArray(shell, unique) })

// ---- Random conditions over them

const elementPath = fc.constantFrom('', '.a', '.b', '.a.b', '.a[]', '.a[0]', '.a[].b', '.b[][]', '.a.b.c')
const elementField = fc
  .tuple(
    elementPath,
    fc.constantFrom(
      ...['value', 'value', 'idShort', 'semanticId', 'semanticId.keys[].value'],
      ...[
        'supplementalSemanticIds',
        'supplementalSemanticIds[].keys[].value',
        'supplementalSemanticIds[0].keys[1].value'
      ]
    )
  )
  .map(([path, attribute]) => `$sme${path}#${attribute}`)
const submodelField = fc.constantFrom(
  ...['$sm#id', '$sm#idShort', '$sm#semanticId', '$sm#semanticId.keys[1].value'],
  ...['$sm#supplementalSemanticIds', '$sm#supplementalSemanticIds[1].keys[].value']
)
const shellField = fc.constantFrom(
  '$aas#id',
  '$aas#idShort',
  '$aas#assetInformation.globalAssetId',
  '$aas#assetInformation.specificAssetIds[].name',
  '$aas#assetInformation.specificAssetIds[].value',
  '$aas#assetInformation.specificAssetIds[0].value',
  '$aas#submodels',
  '$aas#submodels[].keys[].value'
)
const literal = fc.oneof(
  fc.constantFrom('1', '2', 'x', 'xy', 'a', 'b', 'globalAssetId').map(($strVal) => ({ $strVal })),
  fc.constantFrom(1, 2, 10).map(($numVal) => ({ $numVal }))
)
const text = fc.constantFrom('1', 'x', 'xy', '').map(($strVal) => ({ $strVal }))

function comparisonOf(fields: fc.Arbitrary<string>): fc.Arbitrary<Json> {
  const field = fields.map(($field) => ({ $field }))
  const cast = fc.tuple(fc.constantFrom('$numCast', '$strCast'), field).map(([name, of]) => ({ [name]: of }))
  const side = fc.oneof({ arbitrary: field, weight: 5 }, { arbitrary: cast, weight: 1 })
  const ordering = fc.oneof({ arbitrary: fc.constant('$eq'), weight: 3 }, fc.constantFrom(...orderings))
  return fc.oneof(
    { arbitrary: fc.tuple(ordering, side, literal).map(([operator, ...of]) => ({ [operator]: of })), weight: 6 },
    { arbitrary: fc.tuple(ordering, literal, side).map(([operator, ...of]) => ({ [operator]: of })), weight: 2 },
    { arbitrary: fc.tuple(ordering, side, side).map(([operator, ...of]) => ({ [operator]: of })), weight: 1 },
    {
      arbitrary: fc.tuple(fc.constantFrom(...textOperators), field, text).map(([name, ...of]) => ({ [name]: of })),
      weight: 2
    }
  )
}

function matchOf(comparison: fc.Arbitrary<Json>): fc.Arbitrary<Json> {
  const part = fc.array(comparison, { minLength: 1, maxLength: 3 })
  const inner = fc.array(
    part.map(($match): Json => ({ $match })),
    { maxLength: 1 }
  )
  return fc.tuple(part, inner).map(([direct, inner]) => ({ $match: [...direct, ...inner] }))
}

const any = comparisonOf(fc.oneof(elementField, submodelField, shellField))
const match = fc.oneof(
  matchOf(comparisonOf(fc.oneof(elementField, submodelField))),
  matchOf(comparisonOf(shellField)),
  matchOf(any)
)
const condition = fc.letrec<{ condition: Json }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    { arbitrary: any, weight: 3 },
    { arbitrary: match, weight: 3 },
    {
      arbitrary: fc
        .tuple(fc.constantFrom('$and', '$or'), fc.array(tie('condition'), { minLength: 2, maxLength: 3 }))
        .map(([name, of]) => ({ [name]: of })),
      weight: 4
    },
    { arbitrary: tie('condition').map(($not) => ({ $not })), weight: 1 }
  )
})).condition

/** Undefined if a $match refers to more than one list. */
function read($condition: Json): Condition | undefined {
  try {
    return parseQuery({ $condition }, 'Submodel').condition
  } catch {
    return undefined
  }
}

t.test('whatever meets a condition is found through its plan', async (t) => {
  const seen = { read: 0, met: 0, ruledOut: 0, asked: 0 }
  fc.assert(
    fc.property(world, condition, (world, json) => {
      const condition = read(json)
      if (condition === undefined) return
      seen.read++
      const check = <Subject extends 'Submodel' | 'AssetAdministrationShell', Kind>(
        subject: Subject,
        documents: readonly Kind[],
        related: (document: Kind) => readonly object[],
        has: (filter: Prefilter, document: Kind, world: World) => boolean
      ) => {
        const test = compile(condition, subject)
        const filters = plan(condition, subject)
        for (const document of documents) {
          const meets = test.matches(document as object, test.joins === undefined ? [] : related(document))
          const found = filters.some((filter) => has(filter, document, world))
          if (meets && !found) throw new Error(`not found: ${JSON.stringify({ json, filters, document })}`)
          seen.asked++
          if (meets) seen.met++
          if (!found) seen.ruledOut++
        }
      }
      check('Submodel', world.submodels, (one) => shellsOf(one, world), submodelHas)
      check('AssetAdministrationShell', world.shells, (one) => submodelsOf(one, world), shellHas)
    }),
    { numRuns: 4000 }
  )
  t.comment(JSON.stringify(seen))
  t.ok(seen.met > 500, `${seen.met} documents met their condition`)
  t.ok(seen.ruledOut > seen.asked / 4, `${seen.ruledOut} of ${seen.asked} were ruled out without being evaluated`)
})

// ---- What is planned for the queries that must be fast

const field = ($field: string): Json => ({ $field })
const eq = (name: string, $strVal: string): Json => ({ $eq: [field(name), { $strVal }] })
const planned = ($condition: Json, subject: 'Submodel' | 'AssetAdministrationShell' = 'Submodel') =>
  plan(parseQuery({ $condition }, subject).condition, subject)
const none = { facets: [], elements: [], related: [] }

t.test('simple conditions are planned for an index', async (t) => {
  const rows: [Json, object[]][] = [
    [eq('$sm#id', 'x'), [{ ...none, id: 'x' }]],
    [eq('$sm#idShort', 'x'), [{ ...none, facets: [['idShort', 'x']] }]],
    [eq('$sm#semanticId', 'x'), [{ ...none, facets: [['semanticIdValue', 'x']] }]],
    [eq('$sm#semanticId.keys[0].value', 'x'), [{ ...none, facets: [['semanticIdValue', 'x']] }]],
    [
      eq('$sme.A.B#value', 'x'),
      [{ ...none, elements: [{ path: 'A.B', idShort: 'B', values: [{ op: 'eq', text: 'x' }] }] }]
    ],
    [
      { $gt: [{ $numVal: 5 }, field('$sme.A[3]#value')] },
      [{ ...none, elements: [{ path: 'A[]', values: [{ op: 'lt', number: 5 }] }] }]
    ],
    [
      {
        $match: [
          eq('$sme#semanticId', 's'),
          { $ge: [field('$sme#value'), { $numVal: 5 }] },
          { $lt: [field('$sme#value'), { $numVal: 6 }] }
        ]
      },
      [
        {
          ...none,
          elements: [
            {
              semanticId: 's',
              values: [
                { op: 'ge', number: 5 },
                { op: 'lt', number: 6 }
              ]
            }
          ]
        }
      ]
    ],
    [
      { $or: [eq('$sm#idShort', 'x'), eq('$sm#id', 'y')] },
      [
        { ...none, facets: [['idShort', 'x']] },
        { ...none, id: 'y' }
      ]
    ],
    [{ $not: eq('$sm#idShort', 'x') }, [none]],
    [{ $or: [eq('$sm#idShort', 'x'), { $boolean: true }] }, [none]],
    [{ $and: [eq('$sm#idShort', 'x'), { $boolean: false }] }, []],
    [{ $and: [eq('$sm#id', 'x'), eq('$sm#id', 'y')] }, []],
    [eq('$cd#id', 'x'), []],
    [eq('$aas#idShort', 'x'), [{ ...none, related: [{ ...none, facets: [['idShort', 'x']] }] }]]
  ]
  for (const [condition, expected] of rows) t.same(planned(condition), expected, JSON.stringify(condition))
  const assetId = (member: string, value: string) => eq(`$aas#assetInformation.specificAssetIds[].${member}`, value)
  t.same(planned({ $match: [assetId('name', 'n'), assetId('value', 'v')] }, 'AssetAdministrationShell'), [
    { ...none, facets: [['assetId', '["n","v"]']] }
  ])
  t.same(planned({ $and: [assetId('name', 'n'), assetId('value', 'v')] }, 'AssetAdministrationShell'), [none])
  t.same(planned(eq('$sme.A#value', 'x'), 'AssetAdministrationShell'), [
    { ...none, related: [{ ...none, elements: [{ path: 'A', idShort: 'A', values: [{ op: 'eq', text: 'x' }] }] }] }
  ])
})

t.test('a $match that names submodels is planned for a submodel of its own', async (t) => {
  const is = (idShort: string) => ({ $match: [eq('$sm#idShort', idShort), eq('$sme.A#value', 'x')] })
  const element = { path: 'A', idShort: 'A', values: [{ op: 'eq', text: 'x' }] }
  t.same(planned({ $and: [is('one'), is('other')] }, 'AssetAdministrationShell'), [
    {
      ...none,
      related: [
        { ...none, facets: [['idShort', 'one']], elements: [element] },
        { ...none, facets: [['idShort', 'other']], elements: [element] }
      ]
    }
  ])
})

t.test('many alternatives are given up, not multiplied', async (t) => {
  const or = (tag: string) => ({ $or: Array.from({ length: 12 }, (_, index) => eq('$sm#idShort', `${tag}${index}`)) })
  t.equal(planned({ $and: [or('a'), or('b'), or('c')] }).length, 12)
  t.same(planned({ $or: [or('a'), or('b')] }), [none])
})
