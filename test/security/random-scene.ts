/** Random rules, claims and documents, and a naive evaluator that was written from the meaning of rules only. */
import fc from 'fast-check'
import type { Right } from '../../src/security/rights.ts'
import { claim, eq, field, global, type Json, stored, str, submodel } from './fixture.ts'

// ---- The naive evaluator: true, false, unknown (an attribute is missing), invalid

type Truth = 'T' | 'F' | 'U' | 'I'

export interface World {
  readonly claims: Json | undefined
  readonly hour: number
  readonly reference: string | undefined
  readonly document: Plant
  /** The path of the request. */
  readonly route: string
  /** In a filter or `$match`: the only element that `$sme#…` speaks of. */
  readonly element?: PlantElement
}

export interface PlantElement {
  readonly path: string
  readonly idShort: string
  readonly value?: string
  readonly semanticId?: string
}

export interface Plant {
  readonly id: string
  readonly semanticId?: string
  readonly elements: readonly PlantElement[]
}

function evaluate(condition: Json, world: World): Truth {
  const [[name = '', held] = []] = Object.entries(condition)
  switch (name) {
    case '$boolean':
      return held === true ? 'T' : 'F'
    case '$not': {
      const truth = evaluate(held as Json, world)
      return truth === 'T' ? 'F' : truth === 'F' ? 'T' : truth
    }
    case '$and':
    case '$or': {
      const all = (held as Json[]).map((one) => evaluate(one, world))
      const [deciding, neutral] = name === '$and' ? (['F', 'T'] as const) : (['T', 'F'] as const)
      if (all.includes('I')) return 'I'
      return all.includes(deciding) ? deciding : all.includes('U') ? 'U' : neutral
    }
    case '$match': {
      const perElement = world.document.elements.map((element): Truth => {
        const all = (held as Json[]).map((one) => evaluate(one, { ...world, element }))
        return all.includes('F') ? 'F' : all.includes('U') ? 'U' : 'T'
      })
      return perElement.includes('T') ? 'T' : perElement.includes('U') ? 'U' : 'F'
    }
    default:
      return compareAny(name, held as readonly [Json, Json], world)
  }
}

/** An element without the field: false, where another element may be invalid. */
const ABSENT = Symbol('absent')

interface Side {
  /** Undefined: the attribute is missing. */
  readonly values: readonly (string | number | typeof ABSENT | undefined)[] | undefined
  readonly isField: boolean
  readonly isForeign: boolean
}

function compareAny(operator: string, [left, right]: readonly [Json, Json], world: World): Truth {
  const [one, other] = [sideOf(left, world), sideOf(right, world)]
  if (one.values === undefined || other.values === undefined) return 'U'
  if (one.isForeign || other.isForeign) return 'I'
  // What is known before the document is read, and of no use, makes the comparison invalid.
  for (const side of [one, other]) {
    if (!side.isField && side.values?.every((value) => value === undefined)) return 'I'
  }
  const bothFields = one.isField && other.isField
  const present = ({ values = [] }: Side) => values.filter((value) => !bothFields || value !== ABSENT)
  const truths = present(one).flatMap((a) =>
    present(other).map((b): Truth => {
      if (a === ABSENT || b === ABSENT) return 'F'
      if (a === undefined || b === undefined) return 'I'
      return holds(operator, a, b) ? 'T' : 'F'
    })
  )
  if (truths.includes('T')) return 'T'
  return truths.length > 0 && truths.every((truth) => truth === 'I') ? 'I' : 'F'
}

function sideOf(operand: Json, world: World): Side {
  const [[name, held] = []] = Object.entries(operand)
  const known = (values: Side['values']): Side => ({ values, isField: false, isForeign: false })
  switch (name) {
    case '$numCast': {
      const side = sideOf(held as Json, world)
      const toNumber = (value: unknown) =>
        value === ABSENT ? ABSENT : /^[0-9]+$/.test(String(value)) ? Number(value) : undefined
      return { ...side, values: side.values?.map(toNumber) }
    }
    case '$attribute':
      return known(attributeValues(held as Json, world))
    case '$field':
      return { values: fieldValues(String(held), world), isField: true, isForeign: !String(held).startsWith('$sm') }
    case '$timeVal':
      return known([Number(String(held).slice(0, 2))])
    default:
      return known([held as string | number])
  }
}

function attributeValues({ CLAIM, GLOBAL }: Json, { claims, hour, reference }: World): string[] | number[] | undefined {
  if (GLOBAL !== undefined) return [hour]
  if (CLAIM === undefined) return reference === undefined ? undefined : [reference]
  const value = claims?.[String(CLAIM)]
  return value === undefined ? undefined : [value].flat().map(String)
}

function fieldValues(name: string, { document, element }: World): (string | typeof ABSENT)[] {
  const of = (value: string | undefined) => (value === undefined ? [] : [value])
  if (name === '$sm#id') return [document.id]
  if (name === '$sm#semanticId') return of(document.semanticId)
  if (name === '$sme.c.a#value')
    return document.elements.flatMap(({ path, value }) => (path === 'c.a' ? of(value) : []))
  const elements = element === undefined ? document.elements : [element]
  if (name === '$sme#idShort') return elements.map(({ idShort }) => idShort)
  if (name === '$sme#value') return elements.map(({ value }) => value ?? ABSENT)
  return name === '$sme#semanticId' ? elements.map(({ semanticId }) => semanticId ?? ABSENT) : []
}

function holds(operator: string, a: string | number, b: string | number): boolean {
  switch (operator) {
    case '$eq':
      return a === b
    case '$ne':
      return a !== b
    case '$lt':
      return a < b
    case '$ge':
      return a >= b
    case '$contains':
      return String(a).includes(String(b))
    default:
      return String(a).startsWith(String(b))
  }
}

// ---- What a rule covers, and what it shows

export interface Rule extends Json {
  readonly ACL: { readonly ATTRIBUTES: readonly Json[]; readonly RIGHTS: readonly string[]; readonly ACCESS: string }
  readonly OBJECTS: readonly Json[]
  readonly FORMULA: Json
  readonly FILTERLIST: readonly { readonly FRAGMENT: string; readonly CONDITION: Json }[]
}

function applies({ ACL, FORMULA }: Rule, right: Right, world: World): boolean {
  if (ACL.ACCESS !== 'ALLOW') return false
  const rights = ACL.RIGHTS
  if (!rights.includes(right) && !rights.includes('ALL') && !(right === 'VIEW' && rights.includes('READ'))) return false
  const isOpen = ACL.ATTRIBUTES.some(({ GLOBAL }) => GLOBAL === 'ANONYMOUS')
  if (world.claims === undefined && !isOpen) return false
  const available = ACL.ATTRIBUTES.every((one) => one.GLOBAL !== undefined || attributeValues(one, world) !== undefined)
  return available && evaluate(FORMULA, world) === 'T'
}

/** The paths that a rule covers from; '' for the document. */
function coveredPaths({ OBJECTS }: Rule, { document: { id }, route }: World): string[] {
  return OBJECTS.flatMap((object) => {
    if (object.ROUTE !== undefined) return route.startsWith(String(object.ROUTE).slice(0, -1)) ? [''] : []
    const [, kind, of, path = ''] =
      /^\$(sme?)\("([^"]*)"\)\.?(.*)$/.exec(String(object.IDENTIFIABLE ?? object.REFERABLE)) ?? []
    if (kind === undefined || (of !== '*' && of !== id)) return []
    return [path]
  })
}

function isBelow(path: string, root: string): boolean {
  return root === '' || path === root || path.startsWith(`${root}.`)
}

/** What some rules show of a document. */
export interface ShownParts {
  /** Is it visible itself, not only some of its elements? */
  readonly isVisible: boolean
  /** `semanticId`, `element`, `element#value`. */
  readonly parts: ReadonlySet<string>
}

/** The parts of the document that are visible by a right. */
export function shownParts(rules: readonly Rule[], right: Right, world: World): ShownParts {
  const { document } = world
  const parts = new Set<string>()
  let isVisible = false
  for (const one of rules.filter((rule) => applies(rule, right, world))) {
    for (const root of coveredPaths(one, world)) {
      if (root === '') isVisible = true
      const hides = (fragment: string, element?: PlantElement): boolean =>
        one.FILTERLIST.some(
          ({ FRAGMENT, CONDITION }) =>
            FRAGMENT === fragment && evaluate(CONDITION, { ...world, ...(element && { element }) }) !== 'T'
        )
      const isHidden = (element: PlantElement): boolean =>
        hides('$sme', element) ||
        (element.path === 'c.a' && hides('$sme.c.a', element)) ||
        (element.path === 'c' && hides('$sme.c', element))
      if (root === '' && document.semanticId !== undefined && !hides('$sm#semanticId')) parts.add('semanticId')
      for (const element of document.elements) {
        if (!isBelow(element.path, root)) continue
        const chain = document.elements.filter(({ path }) => isBelow(path, root) && isBelow(element.path, path))
        if (chain.some(isHidden)) continue
        parts.add(element.path)
        if (element.value !== undefined && !hides('$sme#value', element)) parts.add(`${element.path}#value`)
      }
    }
  }
  return { isVisible, parts }
}

/** Those that are shown as parts of the document; undefined if nothing of it is visible. */
export function visibleParts(rules: readonly Rule[], right: Right, world: World): string[] | undefined {
  const { isVisible, parts } = shownParts(rules, right, world)
  if (!isVisible) return undefined
  const hasParent = (part: string): boolean => !part.startsWith('c.') || parts.has('c')
  return [...parts].filter(hasParent).sort()
}

// ---- Documents

export function instanceOf({ id, semanticId, elements }: Plant): Json {
  const toElement = ({ path, idShort, value, semanticId }: PlantElement): Json => ({
    modelType: value === undefined ? 'SubmodelElementCollection' : 'Property',
    idShort,
    ...(semanticId !== undefined && { semanticId: (submodel('', semanticId) as { semanticId: Json }).semanticId }),
    ...(value === undefined
      ? { value: elements.filter((one) => one.path.startsWith(`${path}.`)).map(toElement) }
      : { valueType: 'xs:string', value })
  })
  const first = elements.filter(({ path }) => !path.includes('.')).map(toElement)
  return JSON.parse(JSON.stringify(submodel(id, semanticId, first))) as Json
}

export function partsOf(instance: object | undefined): string[] | undefined {
  if (instance === undefined) return undefined
  const parts: string[] = []
  const { semanticId, submodelElements } = instance as { semanticId?: unknown; submodelElements?: Json[] }
  if (semanticId !== undefined) parts.push('semanticId')
  const visit = (elements: readonly Json[] | undefined, prefix: string): void => {
    for (const { idShort, modelType, value } of elements ?? []) {
      parts.push(`${prefix}${idShort}`)
      if (modelType === 'SubmodelElementCollection') visit(value as Json[] | undefined, `${prefix}${idShort}.`)
      else if (value !== undefined) parts.push(`${prefix}${idShort}#value`)
    }
  }
  visit(submodelElements, '')
  return parts.sort()
}

// ---- Generators, of few texts, so that rules meet documents

export const text = fc.constantFrom('1', '2', 'x', 'xy')
export const maybe = <Value>(from: fc.Arbitrary<Value>) => fc.option(from, { nil: undefined })
const id = fc.constantFrom('urn:1', 'urn:2')
const leaf = (path: string, idShort: string) =>
  fc.record({ path: fc.constant(path), idShort: fc.constant(idShort), value: text, semanticId: maybe(text) })
export const plant = fc
  .record({
    id,
    semanticId: maybe(text),
    top: maybe(leaf('a', 'a')),
    inner: leaf('c.a', 'a'),
    other: leaf('c.b', 'b'),
    collectionSemanticId: maybe(text)
  })
  .map(({ id, semanticId, top, inner, other, collectionSemanticId }): Plant => {
    const collection = { path: 'c', idShort: 'c', semanticId: collectionSemanticId }
    const elements = [...(top === undefined ? [] : [top]), collection, inner, other]
    return JSON.parse(JSON.stringify({ id, semanticId, elements })) as Plant
  })

const claimName = fc.constantFrom('role', 'mail', 'level')
export const claims = maybe(
  fc.dictionary(
    claimName,
    fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 2 }), fc.constantFrom(1, 2, true)),
    {
      maxKeys: 3
    }
  )
)
const attribute = fc.oneof(
  claimName.map((name) => claim(name)),
  fc.constant(stored('$sme("urn:elsewhere").state#value'))
)
const ownField = fc.constantFrom(
  '$sm#id',
  '$sm#semanticId',
  '$sme#idShort',
  '$sme#value',
  '$sme#semanticId',
  '$sme.c.a#value'
)
const anyField = fc.oneof(
  { weight: 8, arbitrary: ownField },
  { weight: 1, arbitrary: fc.constantFrom('$aas#id', '$cd#id') }
)
const ordering = fc.constantFrom('$eq', '$eq', '$ne', '$lt', '$ge')
const textual = fc.oneof(anyField.map(field), text.map(str), attribute)
const compare = fc.oneof(
  fc.tuple(ordering, textual, textual).map(([name, one, other]): Json => ({ [name]: [one, other] })),
  fc
    .tuple(fc.constantFrom('$contains', '$starts-with'), textual, textual)
    .map(([name, one, other]): Json => ({ [name]: [one, other] })),
  fc
    .tuple(ordering, fc.oneof(anyField.map(field), attribute), fc.constantFrom(1, 2))
    .map(([name, one, $numVal]): Json => ({ [name]: [{ $numCast: one }, { $numVal }] })),
  fc
    .tuple(ordering, fc.constantFrom('09:00', '15:00'))
    .map(([name, $timeVal]): Json => ({ [name]: [global('UTCNOW'), { $timeVal }] })),
  fc.boolean().map(($boolean): Json => ({ $boolean }))
)
const match = fc
  .array(
    fc
      .tuple(
        ordering,
        fc.constantFrom('$sme#idShort', '$sme#value', '$sme#semanticId'),
        fc.oneof(text.map(str), claimName.map(claim))
      )
      .map(([name, one, other]): Json => ({ [name]: [field(one), other] })),
    { minLength: 1, maxLength: 2 }
  )
  .map(($match): Json => ({ $match }))
const { formula } = fc.letrec<{ formula: Json }>((tie) => ({
  formula: fc.oneof(
    { depthSize: 'small' },
    { weight: 3, arbitrary: compare },
    { weight: 1, arbitrary: match },
    { weight: 1, arbitrary: tie('formula').map(($not): Json => ({ $not })) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom('$and', '$or'), fc.array(tie('formula'), { minLength: 2, maxLength: 3 }))
        .map(([name, of]): Json => ({ [name]: of }))
    }
  )
}))
const object = fc.constantFrom<Json>(
  { ROUTE: '*' },
  { ROUTE: '/submodels/*' },
  { ROUTE: '/shells/*' },
  { IDENTIFIABLE: '$sm("*")' },
  { IDENTIFIABLE: '$sm("urn:1")' },
  { IDENTIFIABLE: '$aas("*")' },
  { REFERABLE: '$sme("urn:1").c' },
  { REFERABLE: '$sme("*").c.a' },
  { DESCRIPTOR: '$smdesc("*")' }
)
const filter = fc.record({
  FRAGMENT: fc.constantFrom('$sme', '$sme.c', '$sme.c.a', '$sme#value', '$sm#semanticId'),
  CONDITION: fc.oneof(
    compare,
    fc.constant(eq(field('$sme#semanticId'), str('x'))),
    fc.constant(eq(field('$sme#idShort'), str('a')))
  )
})
export const rule = fc.record({
  ACL: fc.record({
    ATTRIBUTES: fc.oneof(
      fc.constant<Json[]>([{ GLOBAL: 'ANONYMOUS' }]),
      fc.array(
        claimName.map((CLAIM): Json => ({ CLAIM })),
        { maxLength: 2 }
      )
    ),
    RIGHTS: fc.subarray(['READ', 'UPDATE', 'VIEW', 'ALL'], { minLength: 1 }),
    ACCESS: fc.constantFrom('ALLOW', 'ALLOW', 'ALLOW', 'DISABLED')
  }),
  OBJECTS: fc.array(object, { minLength: 1, maxLength: 2 }),
  FORMULA: formula,
  FILTERLIST: fc.array(filter, { maxLength: 2 })
}) as fc.Arbitrary<Rule>
