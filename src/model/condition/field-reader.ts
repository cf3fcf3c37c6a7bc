/**
 * How the text of a field is reached in a document: loops over the items that it may be taken from, then a fixed way
 * down. A field is read by trying all items, unless `$match` holds some of them.
 */
import type { Submodel, SubmodelElement } from '../types.ts'
import { ANY, type FieldIdentifier, type FieldStep } from './condition.ts'
import { formatSteps } from './field.ts'
import type { Root } from './grammar.ts'

/** The documents that a condition is looked at with; `$sme` begins at `$sm`. */
export type BoundDocuments = { [Name in Exclude<Root, '$sme'>]?: object | undefined }

/** One choice on the way to a text. */
export interface ItemLoop {
  /** Two fields choose from the same items where the keys are the same. */
  readonly key: string
  /** Is this the list that `$match` is about, where it is the first such? */
  readonly list: boolean
  /** The items to choose from, below the item that was chosen before. */
  items(of: object): readonly object[]
}

export interface FieldReader {
  readonly root: Exclude<Root, '$sme'>
  readonly loops: readonly ItemLoop[]
  /** The text below the last item, if there is one. */
  text(of: object): string | undefined
}

/** Makes the way to a field. */
export function fieldReader(field: FieldIdentifier): FieldReader {
  const { root, path, attribute, steps } = field
  if (root !== '$sme') return { root, ...attributeReader(root, steps) }
  const loops = elementLoops(path)
  const below = path.slice(path.lastIndexOf(ANY) + 1)
  const rest = path.includes(ANY) ? below : path.slice(1)
  const element = (of: object): object | undefined => descend(of as SubmodelElement, rest)
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

/** The texts that `#value` reads; an index over values must hold them all. */
export function textsOfValue(element: SubmodelElement): string[] {
  return valuesOf(element).flatMap((value) => textOf(value) ?? [])
}

/**
 * What `#value` and `#language` choose from: a Property or File itself, or each text of a MultiLanguageProperty. The
 * content of a Blob is left out of answers by default, and is not searched either.
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
 * Calls back for each element that queries search: those below collections and lists. Statements, annotations and
 * variables of operations cannot be reached (Part 2, "Limitations").
 * @param visit told whether the element is addressed by its index: in a list, and where an earlier sibling, in a document
 *   that was taken leniently, has its idShort (see `stepsTo`)
 */
function forEachSearchedElement(
  of: Submodel | SubmodelElement,
  visit: (element: SubmodelElement, byIndex: boolean) => void
): void {
  const inList = of.modelType === 'SubmodelElementList'
  const taken = new Set<string | undefined>()
  for (const child of searchedChildren(of)) {
    const count = taken.size
    visit(child, inList || taken.add(child.idShort).size === count)
    forEachSearchedElement(child, visit)
  }
}

function searchedChildren(of: Submodel | SubmodelElement): readonly SubmodelElement[] {
  if (of.modelType === 'Submodel') return of.submodelElements ?? []
  const container = of.modelType === 'SubmodelElementCollection' || of.modelType === 'SubmodelElementList'
  return container ? (of.value ?? []) : []
}

/** The elements of a submodel, flat, so that many comparisons walk it once. */
interface ElementIndex {
  readonly all: SubmodelElement[]
  /** Without those that are addressed by index only. */
  readonly named: Map<string, SubmodelElement[]>
}

let flattened: { readonly submodel: object; readonly elements: ElementIndex } | undefined

/** Forgets the elements of the last submodel, which may be changed after this. */
export function clearElementCache(): void {
  flattened = undefined
}

function elementIndexOf(submodel: object): ElementIndex {
  if (flattened?.submodel === submodel) return flattened.elements
  const elements: ElementIndex = { all: [], named: new Map() }
  forEachSearchedElement(submodel as Submodel, (element, byIndex) => {
    elements.all.push(element)
    if (byIndex || element.idShort === undefined) return
    const others = elements.named.get(element.idShort)
    if (others === undefined) elements.named.set(element.idShort, [element])
    else others.push(element)
  })
  flattened = { submodel, elements }
  return elements
}

/**
 * A path begins at any element with that idShort, not only at the first level (Part 2, table of root elements). Then
 * each `[]` is a choice of its own.
 */
function elementLoops(path: readonly FieldStep[]): ItemLoop[] {
  const [first] = path
  if (first === undefined) return [{ key: '$sme', list: true, items: (submodel) => elementIndexOf(submodel).all }]
  const start: ItemLoop = {
    key: `$sme.${first}`,
    list: !path.includes(ANY),
    items: (submodel) => elementIndexOf(submodel).named.get(`${first}`) ?? []
  }
  const loops = [start]
  let from = 1
  for (let at = path.indexOf(ANY); at !== -1; at = path.indexOf(ANY, at + 1)) {
    const way = path.slice(from, at)
    const items = (of: object): readonly object[] => {
      const list = descend(of as SubmodelElement, way)
      return list?.modelType === 'SubmodelElementList' ? (list.value ?? []) : []
    }
    loops.push({ key: `$sme.${formatSteps(path.slice(0, at + 1))}`, list: true, items })
    from = at + 1
  }
  return loops
}

/** Below a list only an index leads on, below a collection only an idShort. */
function descend(element: SubmodelElement, path: readonly FieldStep[]): SubmodelElement | undefined {
  let here: SubmodelElement | undefined = element
  for (const step of path) {
    const list: boolean = here?.modelType === 'SubmodelElementList'
    const children: readonly SubmodelElement[] = here === undefined ? [] : searchedChildren(here)
    if (typeof step === 'number') here = list ? children[step] : undefined
    else here = list ? undefined : children.find(({ idShort }) => idShort === step)
  }
  return here
}

/** Loops and rest of the way through the members of an object. */
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

function follow(of: object, way: readonly FieldStep[]): unknown {
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
