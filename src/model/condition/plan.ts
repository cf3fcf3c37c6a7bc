/**
 * The index plan: necessary terms of a condition that a store can look up in its indexes. Evaluating only the documents
 * with these terms finds the same as evaluating all.
 */
import { assetIdFacet } from '../facets.ts'
import { ANY, type Comparison, type Condition, type FieldIdentifier, type Match } from './condition.ts'
import { formatSteps } from './field.ts'
import type { Ordering } from './grammar.ts'
import { comparisonsOf, fieldsOfComparison } from './match-lists.ts'
import { type OneField, resolve, TRUE } from './resolve.ts'
import { documentRoot, isReadable, type Subject, type SubjectRoots, subjects } from './subject.ts'

/** Terms that a document must all have. */
export interface Prefilter {
  readonly id?: string
  /** Facets of model/facets.ts, among them `semanticIdValue`: the value of the first key of the semanticId. */
  readonly facets: readonly (readonly [name: string, value: string])[]
  /** The submodel has an element for each term; the most selective term comes first. */
  readonly elements: readonly ElementTerm[]
  /** For each, the shell refers to such a submodel, or such a shell refers to the submodel. */
  readonly related: readonly Prefilter[]
}

/** Terms that one element must all have; only elements in collections and lists count (see `forEachSearchedElement`). */
export interface ElementTerm {
  /** Its idShortPath, or the end of it after a dot; with `[]` for every index (see `endsInPath`). */
  readonly path?: string
  /** Its own idShort. */
  readonly idShort?: string
  /** The value of the first key of its semanticId. */
  readonly semanticId?: string
  /** One of its texts (`textsOfValue`) passes all of these; `parseNumber` converts it to a number. */
  readonly values?: readonly ValueTest[]
}

export type ValueTest =
  | { readonly op: ValueOperator; readonly text: string }
  | { readonly op: Exclude<ValueOperator, 'startsWith'>; readonly number: number }

/** Texts are ordered by code points. */
export type ValueOperator = 'eq' | 'lt' | 'le' | 'gt' | 'ge' | 'startsWith'

/** An OR with more alternatives is not planned: all documents are scanned. */
const DEFAULT_MAX_ALTERNATIVES = 16

/**
 * @returns alternatives: a document can match only if it has all terms of one of them. Empty: no document can match. A
 * single one without terms: all documents must be evaluated.
 */
export function plan(
  condition: Condition,
  subject: Subject,
  maxAlternatives = DEFAULT_MAX_ALTERNATIVES
): readonly Prefilter[] {
  const alternatives = planCondition(condition, { ...subjects[subject], maxAlternatives })
  const filters = alternatives.map(({ own, pair, apart }) =>
    finish(
      own,
      [pair, ...apart].map((one) => finish(one, []))
    )
  )
  return filters.some(isEmpty) ? [noFilter] : filters
}

/** Does an idShortPath with `[]` for its indexes match the `path` of a term? */
export function endsInPath(idShortPath: string, path: string): boolean {
  return idShortPath === path || idShortPath.endsWith(`.${path}`)
}

/** An idShortPath with `[]` for its indexes, as in terms. */
export function withoutIndexes(idShortPath: string): string {
  return idShortPath.replace(/\[[0-9]+\]/g, ANY)
}

const noFilter: Prefilter = { facets: [], elements: [], related: [] }

interface Terms {
  readonly id?: string
  readonly facets: Prefilter['facets']
  readonly elements: readonly ElementTerm[]
}

/** Terms of the subject, of the joined document of the pair, and of other joined documents required by a `$match`. */
interface Alternative {
  readonly own: Terms
  readonly pair: Terms
  readonly apart: readonly Terms[]
}

interface PlanContext extends SubjectRoots {
  readonly maxAlternatives: number
}

const noTerms: Terms = { facets: [], elements: [] }
const unconstrained: readonly Alternative[] = [{ own: noTerms, pair: noTerms, apart: [] }]

function planCondition(condition: Condition, place: PlanContext): readonly Alternative[] {
  switch (condition.is) {
    case 'constant':
      return condition.value ? unconstrained : []
    case 'comparison':
      return planComparisons([condition], place)
    case 'match':
      return planMatch(condition, place)
    case 'not':
      return unconstrained
    case 'and':
      return condition.of
        .map((one) => planCondition(one, place))
        .reduce((ones, others) => intersect(ones, others, place), unconstrained)
    case 'or':
    case 'some': {
      const alternatives = condition.of.flatMap((one) => planCondition(one, place))
      return alternatives.length > place.maxAlternatives ? unconstrained : alternatives
    }
  }
}

function planMatch(match: Match, place: PlanContext): readonly Alternative[] {
  const comparisons = match.of.filter((one) => one.is === 'comparison')
  const others = match.of.filter((one) => one.is !== 'comparison')
  const planned = [planComparisons(comparisons, place), ...others.map((one) => planCondition(one, place))].reduce(
    (ones, more) => intersect(ones, more, place)
  )
  // A $match on the joined root searches for a pair of its own.
  if (!namesRoot(match, place.joined)) return planned
  return planned.map(({ own, pair, apart }) => ({ own, pair: noTerms, apart: [...apart, pair] }))
}

function namesRoot(match: Match, joined: SubjectRoots['joined']): boolean {
  return comparisonsOf(match).some((one) => fieldsOfComparison(one).some(({ root }) => root === joined))
}

/** Comparisons that all hold, for the same items if they share lists. */
function planComparisons(comparisons: readonly Comparison[], place: PlanContext): readonly Alternative[] {
  const known: OneField[] = []
  for (const comparison of comparisons) {
    if (!fieldsOfComparison(comparison).every((field) => isReadable(field, place))) return []
    const resolved = resolve(comparison)
    if (resolved.is === 'settled' && resolved.verdict !== TRUE) return []
    if (resolved.is === 'one field') known.push(resolved)
  }
  const isOwn = ({ field }: OneField): boolean => documentRoot(field) === place.root
  const own = termsOf(known.filter(isOwn))
  const pair = termsOf(known.filter((one) => !isOwn(one)))
  return own === undefined || pair === undefined ? [] : [{ own, pair, apart: [] }]
}

/** Undefined if they contradict each other. */
function termsOf(all: readonly OneField[]): Terms | undefined {
  let terms: Terms | undefined = noTerms
  for (const { field, range } of all) {
    if (field.root === '$sme' || range?.operator !== '$eq' || typeof range.to !== 'string') continue
    terms = terms && intersectTerms(terms, termsOfEquality(field, range.to))
  }
  return terms && intersectTerms(terms, { facets: assetIdsOf(all), elements: elementTerms(all) })
}

/** The facet of an attribute. */
const facetNames: Readonly<Record<string, string>> = {
  idShort: 'idShort',
  semanticId: 'semanticIdValue',
  'semanticId.keys[].value': 'semanticIdValue',
  assetKind: 'assetKind',
  'assetInformation.assetKind': 'assetKind',
  assetType: 'assetType',
  'assetInformation.assetType': 'assetType',
  'submodels[]': 'submodel',
  'submodels[].keys[].value': 'submodel',
  'submodelDescriptors[].id': 'submodel'
}

function termsOfEquality(field: FieldIdentifier, to: string): Terms {
  const { attribute } = field
  if (attribute === 'id') return { ...noTerms, id: to }
  if (attribute === 'globalAssetId' || attribute === 'assetInformation.globalAssetId') {
    return { ...noTerms, facets: [assetIdFacet({ name: 'globalAssetId', value: to })] }
  }
  const name = facetNames[attribute]
  return name === undefined || !isFirstKey(field) ? noTerms : { ...noTerms, facets: [[name, to]] }
}

/** Facets of references contain the first key only. */
function isFirstKey({ attribute, steps }: FieldIdentifier): boolean {
  return !attribute.endsWith('keys[].value') || steps.at(-2) === 0
}

/** Facets of specificAssetIds with both name and value. */
function assetIdsOf(all: readonly OneField[]): Prefilter['facets'] {
  const found = new Map<string, { name?: string; value?: string }>()
  for (const { field, range } of all) {
    const [, list, member] = /^(.*specificAssetIds\[[0-9]*\])\.(name|value)$/.exec(formatSteps(field.steps)) ?? []
    if (list === undefined || range?.operator !== '$eq' || typeof range.to !== 'string') continue
    found.set(list, { ...found.get(list), [member === 'name' ? 'name' : 'value']: range.to })
  }
  return [...found.values()].flatMap(({ name, value }) =>
    name === undefined || value === undefined ? [] : [assetIdFacet({ name, value })]
  )
}

/** One term per path: comparisons with the same path refer to the same element. */
function elementTerms(all: readonly OneField[]): ElementTerm[] {
  const byPath = new Map<string, ElementTerm>()
  for (const { field, range } of all) {
    if (field.root !== '$sme') continue
    const path = formatSteps(field.path)
    const term = byPath.get(path) ?? termOfPath(field)
    byPath.set(path, { ...term, ...termOfRange(field, range, term.values) })
  }
  return [...byPath.values()].filter((term) => Object.keys(term).length > 0)
}

function termOfPath({ path }: FieldIdentifier): ElementTerm {
  const last = path.at(-1)
  if (last === undefined) return {}
  const text = formatSteps(path.map((step) => (typeof step === 'number' ? ANY : step)))
  return { path: text, ...(typeof last === 'string' && last !== ANY && { idShort: last }) }
}

function termOfRange(
  field: FieldIdentifier,
  range: OneField['range'],
  values: ElementTerm['values'] = []
): ElementTerm {
  if (range === undefined) return {}
  const { operator, to } = range
  const { attribute } = field
  if (attribute === 'value') {
    const test = valueTest(operator, to)
    return test === undefined ? {} : { values: [...values, test] }
  }
  if (operator !== '$eq' || typeof to !== 'string') return {}
  if (attribute === 'idShort') return { idShort: to }
  return attribute.startsWith('semanticId') && attribute !== 'semanticId.type' && isFirstKey(field)
    ? { semanticId: to }
    : {}
}

function valueTest(operator: Ordering | 'startsWith', to: string | number): ValueTest | undefined {
  const op = valueOperators[operator]
  if (op === undefined) return undefined
  if (typeof to === 'string') return { op, text: to }
  return op === 'startsWith' ? undefined : { op, number: to }
}

const valueOperators: { readonly [Name in Ordering | 'startsWith']?: ValueOperator } = {
  $eq: 'eq',
  $lt: 'lt',
  $le: 'le',
  $gt: 'gt',
  $ge: 'ge',
  startsWith: 'startsWith'
}

function intersect(
  ones: readonly Alternative[],
  others: readonly Alternative[],
  { maxAlternatives }: PlanContext
): readonly Alternative[] {
  if (ones.length === 0 || others.length === 0) return []
  // Either one alone is still a necessary condition.
  if (ones.length * others.length > maxAlternatives) return ones.length <= others.length ? ones : others
  return ones.flatMap((one) =>
    others.flatMap((other) => {
      const own = intersectTerms(one.own, other.own)
      const pair = intersectTerms(one.pair, other.pair)
      return own === undefined || pair === undefined ? [] : [{ own, pair, apart: [...one.apart, ...other.apart] }]
    })
  )
}

function intersectTerms(one: Terms, other: Terms): Terms | undefined {
  if (one.id !== undefined && other.id !== undefined && one.id !== other.id) return undefined
  const id = one.id ?? other.id
  return {
    ...(id !== undefined && { id }),
    facets: [...one.facets, ...other.facets],
    elements: [...one.elements, ...other.elements]
  }
}

function finish(terms: Terms, related: readonly Prefilter[]): Prefilter {
  const elements = terms.elements.toSorted((one, other) => selectivity(other) - selectivity(one))
  return { ...terms, elements, related: related.filter((one) => !isEmpty(one)) }
}

function isEmpty({ id, facets, elements, related }: Prefilter): boolean {
  return id === undefined && facets.length === 0 && elements.length === 0 && related.length === 0
}

/** Estimates how few elements have a term. */
function selectivity({ path, idShort, semanticId, values = [] }: ElementTerm): number {
  const ofValues = values.some(({ op }) => op === 'eq') ? 8 : values.length > 0 ? 4 : 0
  return ofValues + (semanticId === undefined ? 0 : 2) + (path === undefined && idShort === undefined ? 0 : 1)
}
