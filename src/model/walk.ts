/** The walk over the elements of a submodel, used by all code that reads structure. */
import { childrenMember } from './fields.ts'
import { isStep, join, type Step } from './path.ts'
import type { Submodel, SubmodelElement } from './types.ts'

/** A submodel, or an element that may contain others. */
export type Container = Submodel | SubmodelElement

/** An element visited by the walk. */
export interface ElementVisit {
  element: SubmodelElement
  /** Its idShortPath. */
  path: string
  /** Its JSON Pointer within the submodel. */
  pointer: string
  parent: Container
}

/** The child elements in document order; empty for an empty container and for any other kind. */
export function childrenOf(container: Container): readonly SubmodelElement[] {
  const member = childrenMember(container.modelType)
  return member === undefined ? [] : ((container as unknown as Record<string, SubmodelElement[]>)[member] ?? [])
}

/** Sets the children of a container; an empty list is left out, as the JSON form requires. */
export function setChildren(container: Container, children: SubmodelElement[]): void {
  const member = childrenMember(container.modelType)
  if (member === undefined) return
  const open = container as unknown as Record<string, SubmodelElement[]>
  if (children.length === 0) delete open[member]
  else open[member] = children
}

/**
 * Where the children of a container stand in the stored document, of containers of which some children are hidden, so that
 * an index in a path means the same for every caller.
 */
const storedIndexes = new WeakMap<Container, readonly number[]>()
/** So that nothing is looked up as long as there are none. */
let areIndexesKept = false

export function keepIndexes(container: Container, indexes: readonly number[]): void {
  areIndexesKept = true
  storedIndexes.set(container, indexes)
}

export function keptIndexes(container: Container): readonly number[] | undefined {
  return areIndexesKept ? storedIndexes.get(container) : undefined
}

/**
 * The steps to the children of a container, in document order. Children of a list are addressed by index even if they
 * have an idShort (Part 2); elsewhere only those that no idShort can address (path.ts).
 */
export function stepsTo(container: Container): Step[] {
  const children = childrenOf(container)
  const steps = new Array<Step>(children.length)
  const isList = container.modelType === 'SubmodelElementList'
  const taken = new Set<string>()
  const kept = keptIndexes(container)
  for (let index = 0; index < children.length; index++) {
    const idShort = children[index]?.idShort
    const isName = !isList && idShort !== undefined && isStep(idShort)
    // `size` grows only if no earlier sibling has the idShort.
    const count = taken.size
    steps[index] = isName && taken.add(idShort).size > count ? idShort : (kept?.[index] ?? index)
  }
  return steps
}

/** Every element below `root`, parents before children, in document order. */
export function* walk(root: Container, rootPath = '', rootPointer = ''): Generator<ElementVisit> {
  const member = childrenMember(root.modelType)
  // Before descending into the children.
  const steps = stepsTo(root)
  let index = 0
  for (const element of childrenOf(root)) {
    const path = join(rootPath, steps[index] as Step)
    const pointer = `${rootPointer}/${member}/${index}`
    yield { element, path, pointer, parent: root }
    yield* walk(element, path, pointer)
    index++
  }
}

/** The child at a step. */
export function child(container: Container, step: Step): SubmodelElement | undefined {
  const children = childrenOf(container)
  if (typeof step === 'string') {
    return container.modelType === 'SubmodelElementList'
      ? undefined
      : children.find((element) => element.idShort === step)
  }
  const index = keptIndexes(container)?.indexOf(step) ?? step
  const isAddressedByIndex = container.modelType === 'SubmodelElementList' || stepsTo(container)[index] === step
  return isAddressedByIndex ? children[index] : undefined
}

/** The element at a path, or undefined. */
export function resolve(root: Container, path: readonly Step[]): SubmodelElement | undefined {
  let here: Container | undefined = root
  for (const step of path) {
    here = child(here, step)
    if (here === undefined) return undefined
  }
  return here === root ? undefined : (here as SubmodelElement)
}
