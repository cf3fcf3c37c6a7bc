/**
 * Reads the texts of a field in a document: loops over the items of its lists, then follows a fixed path. A field is read
 * from all items, unless a `$match` fixes some of them.
 */
import type { Submodel, SubmodelElement } from '../types.ts'
import { childrenOf } from '../walk.ts'
import { ANY, type FieldIdentifier, type FieldStep } from './condition.ts'
import { formatSteps } from './field.ts'
import type { Root } from './grammar.ts'

/** The documents that a condition is evaluated for; `$sme` begins at `$sm`. */
export type BoundDocuments = { [Name in Exclude<Root, '$sme'>]?: object | undefined }

/** A loop on the way to a text. */
export interface ItemLoop {
  /** Fields with equal keys loop over the same items. */
  readonly key: string
  /** Can `$match` refer to this list? The first such is the one. */
  readonly list: boolean
  /** The items below the item of the enclosing loop. */
  items(of: object): readonly object[]
}

export interface FieldReader {
  readonly root: Exclude<Root, '$sme'>
  readonly loops: readonly ItemLoop[]
  /** The text below the item of the last loop, if there is one. */
  text(of: object): string | undefined
}

/**
 * Which elements of a submodel `$sme` stands for. Queries search those in collections and lists: statements, annotations
 * and variables of operations cannot be queried (Part 2, "Limitations"). What a caller must not read is hidden wherever it is.
 */
export type Reach = 'searched' | 'all'

/** Compiles the access to a field. */
export function fieldReader(field: FieldIdentifier, reach: Reach = 'searched'): FieldReader {
  const { root, path, attribute, steps } = field
  if (root !== '$sme') return { root, ...attributeReader(root, steps) }
  const loops = elementLoops(path, reach)
  const below = path.slice(path.lastIndexOf(ANY) + 1)
  const rest = path.includes(ANY) ? below : path.slice(1)
  const element = (of: object): object | undefined => descend(of as SubmodelElement, rest, reach)
  const end = `${loops.at(-1)?.key}>${formatSteps(rest)}`
  if (attribute === 'value' || attribute === 'language') {
    const values: ItemLoop = { key: `${end}#value`, list: false, items: (of) => map(element(of), valuesOf) ?? [] }
    return { root: '$sm', loops: [...loops, values], text: attribute === 'value' ? textOf : languageOf }
  }
  const inner = attributeReader(end, steps)
  const [first, ...others] = inner.loops
  if (first === undefined) return { root: '$sm', loops, text: (of) => map(element(of), inner.text) }
  const entry: ItemLoop = { ...first, items: (of) => map(element(of), first.items) ?? [] }
  return { root: '$sm', loops: [...loops, entry, ...others], text: inner.text }
}

/** The texts of `#value`; an index over values must contain all of them. */
export function textsOfValue(element: SubmodelElement): string[] {
  return valuesOf(element).flatMap((value) => textOf(value) ?? [])
}

/**
 * The items of `#value` and `#language`: a Property or File itself, or the texts of a MultiLanguageProperty. The content
 * of a Blob is not searched, as it is left out of responses by default.
 */
function valuesOf(element: object): readonly object[] {
  const { modelType, value } = element as SubmodelElement & { value?: unknown }
  if (modelType === 'Property' || modelType === 'File') return [element]
  return modelType === 'MultiLanguageProperty' && Array.isArray(value) ? value : []
}

function textOf(value: object): string | undefined {
  const { value: own, text } = value as { value?: string; text?: string }
  return text ?? own
}

function languageOf(value: object): string | undefined {
  return (value as { language?: string }).language
}

/**
 * Visits each element.
 * @param visit `byIndex`: the element is addressed by index, in a list or if an earlier sibling in a leniently stored
 *   document has its idShort (see `stepsTo`)
 */
function forEachElement(
  of: Submodel | SubmodelElement,
  reach: Reach,
  visit: (element: SubmodelElement, byIndex: boolean) => void
): void {
  const inList = of.modelType === 'SubmodelElementList'
  const taken = new Set<string | undefined>()
  for (const child of childrenWithin(of, reach)) {
    const count = taken.size
    visit(child, inList || taken.add(child.idShort).size === count)
    forEachElement(child, reach, visit)
  }
}

function childrenWithin(of: Submodel | SubmodelElement, reach: Reach): readonly SubmodelElement[] {
  return reach === 'all' || SEARCHED_IN.has(of.modelType) ? childrenOf(of) : []
}

const SEARCHED_IN: ReadonlySet<string> = new Set(['Submodel', 'SubmodelElementCollection', 'SubmodelElementList'])

/** The elements of a submodel as a flat list, so that it is walked once for many comparisons. */
interface ElementIndex {
  readonly all: SubmodelElement[]
  /** By idShort, without those addressed by index. */
  readonly named: Map<string, SubmodelElement[]>
}

let flattened: { readonly submodel: object; readonly elements: Map<Reach, ElementIndex> } | undefined

/** Clears the cached elements; the submodel may be modified afterwards. */
export function clearElementCache(): void {
  flattened = undefined
}

function elementIndexOf(submodel: object, reach: Reach): ElementIndex {
  if (flattened?.submodel !== submodel) flattened = { submodel, elements: new Map() }
  const known = flattened.elements.get(reach)
  if (known !== undefined) return known
  const elements: ElementIndex = { all: [], named: new Map() }
  forEachElement(submodel as Submodel, reach, (element, byIndex) => {
    elements.all.push(element)
    if (byIndex || element.idShort === undefined) return
    const others = elements.named.get(element.idShort)
    if (others === undefined) elements.named.set(element.idShort, [element])
    else others.push(element)
  })
  flattened.elements.set(reach, elements)
  return elements
}

/**
 * A path begins at any element with that idShort, not only at the first level (Part 2, table of root elements). Each
 * `[]` then is a loop.
 */
function elementLoops(path: readonly FieldStep[], reach: Reach): ItemLoop[] {
  const [first] = path
  if (first === undefined) {
    return [{ key: '$sme', list: true, items: (submodel) => elementIndexOf(submodel, reach).all }]
  }
  const start: ItemLoop = {
    key: `$sme.${first}`,
    list: !path.includes(ANY),
    items: (submodel) => elementIndexOf(submodel, reach).named.get(`${first}`) ?? []
  }
  const loops = [start]
  let from = 1
  for (let at = path.indexOf(ANY); at !== -1; at = path.indexOf(ANY, at + 1)) {
    const way = path.slice(from, at)
    const items = (of: object): readonly object[] => {
      const list = descend(of as SubmodelElement, way, reach)
      return list?.modelType === 'SubmodelElementList' ? (list.value ?? []) : []
    }
    loops.push({ key: `$sme.${formatSteps(path.slice(0, at + 1))}`, list: true, items })
    from = at + 1
  }
  return loops
}

/** In a list only by index, in a collection only by idShort. */
export function descend(
  element: SubmodelElement,
  path: readonly FieldStep[],
  reach: Reach
): SubmodelElement | undefined {
  let here: SubmodelElement | undefined = element
  for (const step of path) {
    const list: boolean = here?.modelType === 'SubmodelElementList'
    const children: readonly SubmodelElement[] = here === undefined ? [] : childrenWithin(here, reach)
    if (typeof step === 'number') here = list ? children[step] : undefined
    else here = list ? undefined : children.find(({ idShort }) => idShort === step)
  }
  return here
}

/** Loops and final path through the members of an object. */
function attributeReader(prefix: string, steps: readonly FieldStep[]): Pick<FieldReader, 'loops' | 'text'> {
  const loops: ItemLoop[] = []
  let from = 0
  for (let at = steps.indexOf(ANY); at !== -1; at = steps.indexOf(ANY, at + 1)) {
    const way = steps.slice(from, at)
    const items = (of: object): readonly object[] => {
      const list = follow(of, way)
      return Array.isArray(list) ? list : []
    }
    loops.push({ key: `${prefix}#${formatSteps(steps.slice(0, at + 1))}`, list: true, items })
    from = at + 1
  }
  const rest = steps.slice(from)
  return {
    loops,
    text: (of) => {
      const text = follow(of, rest)
      return typeof text === 'string' ? text : undefined
    }
  }
}

export function follow(of: object, way: readonly FieldStep[]): unknown {
  let here: unknown = of
  for (const step of way) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return undefined
    here = (here as Record<FieldStep, unknown>)[step]
  }
  return here
}

function map<Result>(it: object | undefined, how: (it: object) => Result): Result | undefined {
  return it === undefined ? undefined : how(it)
}
