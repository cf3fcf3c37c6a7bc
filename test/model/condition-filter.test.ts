import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { parseQuery } from '../../src/formats/query.ts'
import { compile } from '../../src/model/condition/compile.ts'
import { CompiledFilter, HiddenParts } from '../../src/model/condition/filter.ts'
import type { Reference, Submodel, SubmodelElement } from '../../src/model/types.ts'

type Json = Readonly<Record<string, unknown>>

function filtered(submodel: Submodel, ...filters: Json[]): Submodel {
  const hidden = new HiddenParts()
  const { filters: parsed } = parseQuery({ $condition: { $boolean: true }, $filters: filters }, 'Submodel')
  for (const one of parsed) {
    const filter = new CompiledFilter(one, 'Submodel', 'searched')
    for (const part of filter.occurrences(submodel)) if (!filter.shows(submodel)) hidden.add(part)
  }
  return hidden.without(submodel)
}

// ---- Random submodels

const word = fc.constantFrom('a', 'b', 'c')
const reference = word.map(
  (value): Reference => ({ type: 'ExternalReference', keys: [{ type: 'GlobalReference', value }] })
)
const semantics = {
  semanticId: fc.option(reference, { nil: undefined }),
  supplementalSemanticIds: fc.option(fc.array(reference, { minLength: 1, maxLength: 3 }), { nil: undefined })
}
const property = (idShort: fc.Arbitrary<string | undefined>): fc.Arbitrary<SubmodelElement> =>
  fc
    .record({ idShort, value: fc.option(word, { nil: undefined }), ...semantics })
    .map((held) => present({ modelType: 'Property', valueType: 'xs:string', ...held }) as SubmodelElement)
const list: fc.Arbitrary<SubmodelElement> = fc
  .array(property(fc.constant(undefined)), { minLength: 1, maxLength: 3 })
  .map(
    (value) => ({ modelType: 'SubmodelElementList', idShort: 'l', typeValueListElement: 'Property', value }) as never
  )
const collection: fc.Arbitrary<SubmodelElement> = fc
  .tuple(property(fc.constant('p')), fc.option(list, { nil: undefined }), fc.record(semantics))
  .map(([one, two, held]) => {
    const value = two === undefined ? [one] : [one, two]
    return present({ modelType: 'SubmodelElementCollection', idShort: 'k', ...held, value }) as never
  })
const submodel: fc.Arbitrary<Submodel> = fc
  .tuple(property(fc.constant('q')), list, collection, word, fc.record(semantics))
  .map(([one, two, three, idShort, held]) => {
    const submodelElements = [one, two, three]
    return present({ modelType: 'Submodel', id: 'urn:x', idShort, ...held, submodelElements }) as never
  })

/** Without undefined members, and every object once. */
function present(members: object): object {
  return structuredClone(Object.fromEntries(Object.entries(members).filter(([, held]) => held !== undefined)))
}

// ---- Filters, and what each occurrence of a fragment leaves of the document that its condition is about

interface Occurrence {
  /** The whole document, for the condition: with this occurrence alone. */
  readonly alone: Submodel
  hide(): void
}

interface Kind {
  readonly fragment: string
  /** Fields of the items of the fragment. */
  readonly fields: readonly string[]
  occurrences(of: Submodel): Occurrence[]
}

const bare = (of: Submodel): Submodel => ({ ...structuredClone(of), submodelElements: [] })
const childrenOf = (of: Submodel | SubmodelElement): SubmodelElement[] => {
  if (of.modelType === 'Submodel') return of.submodelElements ?? []
  return of.modelType === 'SubmodelElementList' || of.modelType === 'SubmodelElementCollection' ? (of.value ?? []) : []
}
function elementsBelow(of: Submodel | SubmodelElement): { element: SubmodelElement; within: SubmodelElement[] }[] {
  const within = childrenOf(of)
  return within.flatMap((element) => [{ element, within }, ...elementsBelow(element)])
}
const remove = (from: unknown[], item: unknown): void => {
  if (from.includes(item)) from.splice(from.indexOf(item), 1)
}
function aloneWith(of: Submodel, element: SubmodelElement): Submodel {
  const copy = structuredClone(element) as SubmodelElement & { value?: unknown }
  if (copy.modelType !== 'Property') delete copy.value
  return { ...bare(of), submodelElements: [copy] }
}
const listsIn = (of: Submodel) =>
  elementsBelow(of).flatMap(({ element }) => (element.modelType === 'SubmodelElementList' ? [element] : []))

const kinds: readonly Kind[] = [
  {
    fragment: '$sm#supplementalSemanticIds[]',
    fields: ['$sm#supplementalSemanticIds', '$sm#supplementalSemanticIds[].keys[].value', '$sm#idShort'],
    occurrences: (of) =>
      (of.supplementalSemanticIds ?? []).map((one) => ({
        alone: { ...of, supplementalSemanticIds: [one] },
        hide: () => remove(of.supplementalSemanticIds ?? [], one)
      }))
  },
  {
    fragment: '$sm#supplementalSemanticIds',
    fields: ['$sm#supplementalSemanticIds[].keys[0].value', '$sm#semanticId'],
    occurrences: (of) => [{ alone: of, hide: () => delete of.supplementalSemanticIds }]
  },
  {
    fragment: '$sme',
    fields: ['$sme#value', '$sme#idShort', '$sme#semanticId', '$sme#supplementalSemanticIds', '$sm#idShort'],
    occurrences: (of) =>
      elementsBelow(of).map(({ element, within }) => ({
        alone: aloneWith(of, element),
        hide: () => remove(within, element)
      }))
  },
  {
    fragment: '$sme#value',
    fields: ['$sme#value', '$sme#semanticId'],
    occurrences: (of) =>
      elementsBelow(of).flatMap(({ element }) =>
        element.modelType !== 'Property' || element.value === undefined
          ? []
          : [{ alone: aloneWith(of, element), hide: () => delete element.value }]
      )
  },
  {
    fragment: '$sme#supplementalSemanticIds[]',
    fields: ['$sme#supplementalSemanticIds', '$sme#supplementalSemanticIds[].keys[0].value', '$sme#idShort'],
    occurrences: (of) =>
      elementsBelow(of).flatMap(({ element }) =>
        (element.supplementalSemanticIds ?? []).map((one) => ({
          alone: aloneWith(of, { ...element, supplementalSemanticIds: [one] }),
          hide: () => remove(element.supplementalSemanticIds ?? [], one)
        }))
      )
  },
  {
    fragment: '$sme.l[]',
    fields: ['$sme.l[]#value', '$sme.l[]#semanticId', '$sme.l[]#supplementalSemanticIds', '$sm#idShort'],
    occurrences: (of) =>
      listsIn(of).flatMap((list) =>
        (list.value ?? []).map((item) => ({
          alone: { ...bare(of), submodelElements: [{ ...list, value: [item] }] },
          hide: () => remove(list.value ?? [], item)
        }))
      )
  },
  {
    fragment: '$sme.l',
    fields: ['$sme.l[]#value', '$sme.l[0]#value'],
    occurrences: (of) =>
      elementsBelow(of).flatMap(({ element, within }) =>
        element.modelType !== 'SubmodelElementList'
          ? []
          : [{ alone: { ...bare(of), submodelElements: [element] }, hide: () => remove(within, element) }]
      )
  },
  {
    fragment: '$sme.k.l[1]',
    fields: ['$sme.k.l[]#value', '$sme.k.l[]#semanticId'],
    occurrences: (of) =>
      elementsBelow(of).flatMap(({ element }) => {
        const list = childrenOf(element).find(({ idShort }) => element.idShort === 'k' && idShort === 'l')
        const item = list && childrenOf(list)[1]
        if (list === undefined || item === undefined) return []
        const alone = { ...bare(of), submodelElements: [{ ...element, value: [{ ...list, value: [item] }] } as never] }
        return [{ alone, hide: () => remove(childrenOf(list), item) }]
      })
  }
]

const comparison = (fields: readonly string[]): fc.Arbitrary<Json> =>
  fc
    .tuple(fc.constantFrom('$eq', '$ne', '$starts-with'), fc.constantFrom(...fields), word)
    .map(([name, $field, $strVal]) => ({ [name]: [{ $field }, { $strVal }] }))
const condition = (fields: readonly string[]): fc.Arbitrary<Json> =>
  fc.oneof(
    comparison(fields),
    comparison(fields).map(($not) => ({ $not })),
    fc
      .tuple(fc.constantFrom('$and', '$or'), fc.array(comparison(fields), { minLength: 2, maxLength: 2 }))
      .map(([name, of]) => ({ [name]: of }))
  )
const filter = fc.constantFrom(...kinds).chain((kind) =>
  fc.record({
    kind: fc.constant(kind),
    condition: condition(kind.fields),
    match: fc.constantFrom(undefined, true, false)
  })
)

/** Lists of which nothing is left are left out. */
function withoutEmpty(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(withoutEmpty)
  const entries = Object.entries(value).filter(([, held]) => !Array.isArray(held) || held.length > 0)
  return Object.fromEntries(entries.map(([name, held]) => [name, withoutEmpty(held)]))
}

t.test('a filter leaves what meets its condition, looked at alone', async (t) => {
  const hiding = new Map<string, number>()
  fc.assert(
    fc.property(submodel, filter, (document, { kind, condition, match }) => {
      // With $match false the condition is about all items, which stand in one list here.
      if (match === false && kind.fragment.startsWith('$sme') && kind.fragment !== '$sme') return
      const holds = compile(parseQuery({ $condition: condition }, 'Submodel').condition, 'Submodel')
      const expected = structuredClone(document)
      const whole = structuredClone(document)
      const hidden = kind.occurrences(expected).filter(({ alone }) => !holds.matches(match === false ? whole : alone))
      for (const one of hidden) one.hide()
      const filter = { $fragment: kind.fragment, $condition: condition, ...(match !== undefined && { $match: match }) }
      const before = JSON.stringify(document)
      if (!isDeepStrictEqual(withoutEmpty(filtered(document, filter)), withoutEmpty(expected))) fail(document, filter)
      if (JSON.stringify(document) !== before) throw new Error('the document was changed')
      if (hidden.length > 0) hiding.set(kind.fragment, (hiding.get(kind.fragment) ?? 0) + 1)
    }),
    { numRuns: 1500 }
  )
  for (const { fragment } of kinds) t.ok((hiding.get(fragment) ?? 0) > 20, `${fragment} hides something`)
})

function fail(document: object, filter: object): never {
  throw new Error(`${JSON.stringify(filter)} of ${JSON.stringify(document)}`)
}

// ---- Single cases

const text = (value: string) => ({ modelType: 'Property', valueType: 'xs:string', value })
const inner = (...values: string[]) => ({
  modelType: 'SubmodelElementCollection',
  value: [{ modelType: 'SubmodelElementList', idShort: 'b', typeValueListElement: 'Property', value: values.map(text) }]
})
const nested = {
  modelType: 'Submodel',
  id: 'urn:x',
  submodelElements: [
    {
      modelType: 'SubmodelElementList',
      idShort: 'a',
      typeValueListElement: 'SubmodelElementCollection',
      value: [inner('0-0', '0-1'), inner('1-1')]
    }
  ]
} as unknown as Submodel
const endsWith = ($field: string, $strVal: string) => ({ $condition: { '$ends-with': [{ $field }, { $strVal }] } })
const valuesOf = (of: Submodel) =>
  elementsBelow(of).flatMap(({ element }) => (element.modelType === 'Property' ? [element.value] : []))

t.test('each list of a fragment stands for the item at hand', async (t) => {
  const left = (filter: Json) => valuesOf(filtered(nested, filter))
  const field = '$sme.a[].b[]#value'
  t.same(left({ $fragment: '$sme.a[].b[]', ...endsWith(field, '-0') }), ['0-0'])
  t.same(left({ $fragment: '$sme.a[].b[]', $match: true, ...endsWith(field, '-0') }), ['0-0'])
  t.same(left({ $fragment: '$sme.a[0].b[]', ...endsWith(field, '-0') }), ['0-0', '1-1'], 'one index alone')
  t.same(left({ $fragment: '$sme.a[].b', ...endsWith(field, '-0') }), ['0-0', '0-1'], 'the list as a whole')
  t.same(left({ $fragment: '$sme.a[]', ...endsWith(field, '-0') }), ['0-0', '0-1'], 'what it is in')
  t.same(left({ $fragment: '$sme.a', ...endsWith(field, '-0') }), ['0-0', '0-1', '1-1'])
  t.same(left({ $fragment: '$sme.a', ...endsWith(field, '-2') }), [])
  t.same(
    left({ $fragment: '$sme.a[].b[]', $match: false, ...endsWith(field, '-0') }),
    ['0-0', '0-1'],
    'with $match false all items of the innermost list, or none'
  )
})

t.test('the texts of one language are left', async (t) => {
  const value = [
    { language: 'de', text: 'Presse' },
    { language: 'ko', text: '프레스' }
  ]
  const submodelElements = [{ modelType: 'MultiLanguageProperty', idShort: 'name', value }, text('de')]
  const document = { modelType: 'Submodel', id: 'urn:x', submodelElements } as unknown as Submodel
  const filter = { $fragment: '$sme#language', ...endsWith('$sme#language', 'ko') }
  t.same(filtered(document, filter).submodelElements, [{ ...submodelElements[0], value: value.slice(1) }, text('de')])
})

t.test('what is left meets the conditions of all filters of a fragment', async (t) => {
  const filters = ['1', '0-1'].map((end) => ({ $fragment: '$sme.a[].b[]', ...endsWith('$sme.a[].b[]#value', end) }))
  t.same(valuesOf(filtered(nested, ...filters)), ['0-1'])
})
