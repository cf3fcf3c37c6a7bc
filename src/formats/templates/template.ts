/**
 * A submodel template as a tree of slots: the rules of each element of the template for the elements of an instance. The
 * inconsistencies of published templates are resolved here; the schemas are written from slots.
 */
import type { DataTypeDefXsd, Qualifier, Submodel, SubmodelElement } from '../../model/types.ts'
import { type AllowedValues, type Cardinality, type QualifierRules, readQualifiers } from './qualifiers.ts'
import type { TemplateSource } from './schema.ts'
import { canonicalId, escaped, type SemanticId, semanticIdsOf } from './semantic-ids.ts'

/**
 * One element of a template. Values, the contentType of a File and the entityType of an Entity are mere examples: they
 * depend on the asset, and no qualifier restricts them.
 */
export interface Slot {
  /** Its idShort; for an item of a list that of the list and `[]`. */
  readonly name: string
  readonly kind: SubmodelElement['modelType']
  readonly main: SemanticId | undefined
  /** Supplemental ids. */
  readonly more: readonly SemanticId[]
  readonly cardinality: Cardinality
  readonly eitherOr: readonly string[]
  readonly idShort: IdShortRule
  /** Undefined also if the template leaves the type open. */
  readonly valueType: DataTypeDefXsd | undefined
  readonly allowed: AllowedValues | undefined
  readonly ranges: QualifierRules['ranges']
  readonly languages: QualifierRules['languages']
  readonly length: QualifierRules['length']
  /** The rules of a list for its items. */
  readonly list: ListRule | undefined
  /** Child slots, grouped by the member that contains them. */
  readonly children: readonly SlotGroup[]
  /** The ancestor that defines this recursive slot. */
  readonly same: Slot | undefined
}

export interface SlotGroup {
  readonly member: string
  /** The children are variables of an operation, each below `value`. */
  readonly wrapped: boolean
  readonly slots: readonly Slot[]
}

export interface IdShortRule {
  /** Anchored pattern that matches elements without a semanticId; undefined if no name does. */
  readonly pattern: string | undefined
  /** For messages: `"Time" and two digits`. */
  readonly words: string
  /** Set if the idShort is required; undefined if the instance may choose it. */
  readonly clause: string | undefined
}

export interface ListRule {
  readonly typeValueListElement: string | undefined
  readonly valueTypeListElement: string | undefined
  readonly semanticIdListElement: SemanticId | undefined
}

export interface Template {
  readonly name: string
  readonly source: TemplateSource
  /** Semantic ids of the template's instances. */
  readonly main: SemanticId | undefined
  readonly more: readonly SemanticId[]
  readonly children: readonly SlotGroup[]
}

/** Reads a template: a valid submodel of `kind: Template`. */
export function readTemplate(submodel: Submodel, source: TemplateSource = {}): Template {
  const { main, more } = semanticIdsOf(submodel)
  return {
    name: submodel.idShort ?? submodel.id,
    source,
    // One published template has no semanticId; its id is used instead.
    main: main ?? [submodel.id],
    more,
    children: childrenOf(submodel, [], readSlot)
  }
}

/** Reads the structure of any submodel: every element is required by its name, lists may have any length. */
export function readStructure(submodel: Submodel): Template {
  const { main, more } = semanticIdsOf(submodel)
  return { name: submodel.idShort ?? submodel.id, source: {}, main, more, children: childrenOf(submodel, [], readAsIs) }
}

interface Ancestor {
  readonly slot: Slot
  readonly element: SubmodelElement
}

type SlotReader = (element: SubmodelElement, parent: Parent, above: readonly Ancestor[]) => Slot

type Parent = Submodel | SubmodelElement

const ONE: Cardinality = { min: 1, max: 1, clause: 'no cardinality, so One' }
const ITEM: Cardinality = { min: 1, max: Infinity, clause: 'no cardinality, so at least One' }

function readSlot(element: SubmodelElement, parent: Parent, above: readonly Ancestor[]): Slot {
  const { main, more } = semanticIdsOf(element)
  const qualifiers: readonly Qualifier[] = element.qualifiers ?? []
  const valueType = 'valueType' in element ? element.valueType : undefined
  const demands = readQualifiers(qualifiers, valueType)
  const inList = parent.modelType === 'SubmodelElementList'
  const cardinality = demands.cardinality ?? (inList ? ITEM : ONE)
  const isArbitrary = main?.some((id) => /^https:\/\/admin-shell\.io\/SMT\/General\/Arbitrary/.test(id.trim())) ?? false
  const slot: Writable<Slot> = {
    name: nameOf(element, parent),
    kind: element.modelType,
    main,
    more,
    cardinality,
    eitherOr: demands.eitherOr,
    idShort: idShortRule(element.idShort, cardinality, demands, isArbitrary),
    // The instance chooses the type of an arbitrary property.
    valueType: isArbitrary ? undefined : valueType,
    allowed: demands.allowed,
    ranges: demands.ranges,
    languages: demands.languages,
    length: demands.length,
    list: listRule(element),
    children: [],
    same: undefined
  }
  slot.children = childrenOf(element, [...above, { slot, element }], readSlot)
  if (slot.children.length === 0) slot.same = definitionAbove(slot, above)
  return slot
}

function readAsIs(element: SubmodelElement, parent: Parent, above: readonly Ancestor[]): Slot {
  const { main, more } = semanticIdsOf(element)
  const inList = parent.modelType === 'SubmodelElementList'
  const named = element.idShort === undefined || inList ? undefined : `^${escaped(element.idShort)}$`
  return {
    name: nameOf(element, parent),
    kind: element.modelType,
    main,
    more,
    cardinality: inList ? { min: 0, max: Infinity, clause: 'as stored' } : { ...ONE, clause: 'as stored' },
    eitherOr: [],
    idShort: { pattern: named, words: JSON.stringify(element.idShort), clause: named && 'as stored' },
    valueType: 'valueType' in element ? element.valueType : undefined,
    allowed: undefined,
    ranges: undefined,
    languages: [],
    length: undefined,
    list: listRule(element),
    children: childrenOf(element, above, readAsIs),
    same: undefined
  }
}

type Writable<Has> = { -readonly [Member in keyof Has]: Has[Member] }

function nameOf(element: SubmodelElement, parent: Parent): string {
  const { idShort } = element
  return parent.modelType === 'SubmodelElementList' || idShort === undefined ? `${parent.idShort ?? ''}[]` : idShort
}

/**
 * A recursive template repeats an element within itself, but empty.
 * (Published examples: `Node` of the hierarchical structures, `PropertySubmodelList` of the capability description.)
 */
function definitionAbove({ kind, main }: Slot, above: readonly Ancestor[]): Slot | undefined {
  if (main === undefined) return undefined
  const text = canonicalId(main)
  const holders = above.filter(
    ({ slot }) => slot.kind === kind && slot.main !== undefined && canonicalId(slot.main) === text
  )
  return holders.at(-1)?.slot
}

function childrenOf(parent: Parent, above: readonly Ancestor[], read: SlotReader): SlotGroup[] {
  const groups: SlotGroup[] = []
  const add = (member: string, elements: readonly SubmodelElement[] | undefined, wrapped = false): void => {
    if (elements === undefined || elements.length === 0) return
    groups.push({ member, wrapped, slots: distinct(elements.map((element) => read(element, parent, above))) })
  }
  switch (parent.modelType) {
    case 'Submodel':
      add('submodelElements', parent.submodelElements)
      break
    case 'SubmodelElementCollection':
    case 'SubmodelElementList':
      add('value', parent.value)
      break
    case 'Entity':
      add('statements', parent.statements)
      break
    case 'AnnotatedRelationshipElement':
      add('annotations', parent.annotations)
      break
    case 'Operation':
      for (const member of ['inputVariables', 'outputVariables', 'inoutputVariables'] as const) {
        add(
          member,
          parent[member]?.flatMap(({ value }) => value ?? []),
          true
        )
      }
  }
  return groups
}

/** A template may contain several examples of one element; they are one slot. */
function distinct(slots: readonly Slot[]): Slot[] {
  const seen = new Map<string, Slot>()
  for (const slot of slots) {
    // An ancestor would make the text infinite.
    const text = JSON.stringify(slot, (member, value) => (member === 'same' ? value?.name : value))
    if (!seen.has(text)) seen.set(text, slot)
  }
  return [...seen.values()]
}

function listRule(element: SubmodelElement): ListRule | undefined {
  if (element.modelType !== 'SubmodelElementList') return undefined
  const { typeValueListElement, valueTypeListElement, semanticIdListElement } = element
  return {
    // An abstract class allows any of its kinds.
    typeValueListElement: /^(?:SubmodelElement|DataElement|EventElement)$/.test(typeValueListElement ?? '')
      ? undefined
      : typeValueListElement,
    valueTypeListElement,
    semanticIdListElement: semanticIdsOf({ semanticId: semanticIdListElement }).main
  }
}

/** A placeholder for a number: `Mode__00__`, `Document{00}`, `Endpoint01`. */
const PLACEHOLDER = /(?:_{0,2}\{0+\}_{0,2}|__0+__|(?<![0-9])0+[01])$/
/** Names that stand for any other name. */
const STANDS_FOR_ANY = /^(?:Arbitrary|Example|Sample)(?=[A-Z0-9_]|$)/
const NUMBER = '(?:_{0,2}[0-9]+_{0,2})?'

function idShortRule(
  idShort: string | undefined,
  { max }: Cardinality,
  { idShort: asked, freeIdShort }: QualifierRules,
  isArbitrary: boolean
): IdShortRule {
  if (idShort === undefined) return { pattern: undefined, words: 'any idShort', clause: undefined }
  const own = escaped(idShort)
  if (asked !== undefined) {
    // The template's own idShort is valid even if its pattern requires a trailing number.
    return {
      pattern: `${asked.pattern}|^${own}$`,
      words: describePattern(asked.pattern, idShort),
      clause: asked.clause
    }
  }
  const isFree = freeIdShort || isArbitrary || STANDS_FOR_ANY.test(idShort)
  const isNumbered = PLACEHOLDER.test(idShort)
  const base = escaped(idShort.replace(PLACEHOLDER, ''))
  const pattern =
    isNumbered || max > 1 || isFree ? `^${isNumbered ? `${base}${NUMBER}$|^${own}` : `${own}${NUMBER}`}$` : `^${own}$`
  // Siblings have different idShorts [AASd-022], so the instance names elements that may repeat.
  if (isFree || (max > 1 && !isNumbered)) return { pattern, words: 'any idShort', clause: undefined }
  if (!isNumbered) return { pattern, words: `the idShort "${idShort}"`, clause: `idShort=${idShort}` }
  const words = `the idShort "${idShort.replace(PLACEHOLDER, '')}" with a number behind it`
  return { pattern, words, clause: `idShort=${idShort}` }
}

function describePattern(pattern: string, idShort: string): string {
  const [, base, low, high] = /^\^\(\?:(\w+)(?:\\d|\[\\d\])\{(\d+),(\d+)\}\)\$$/.exec(pattern) ?? []
  if (base !== undefined) return `the idShort "${base}" with ${low} to ${high} digits behind it`
  return `an idShort like "${idShort}" that matches ${pattern}`
}
