/**
 * The serialization modifiers of Part 2 other than `$value`: `$metadata`, `$path`, `level=core` and the default extent.
 * The views do not modify their argument and share unchanged parts with it.
 */
import { childrenMember, type Field, fieldsOf, isA } from '../model/fields.ts'
import { classes } from '../model/metamodel.ts'
import { join } from '../model/path.ts'
import type { SubmodelElement } from '../model/types.ts'
import { valueMemberNames } from '../model/value-members.ts'
import { type Container, childrenOf, stepsTo, walk } from '../model/walk.ts'

/** Is a content modifier defined for a kind? (Part 2, table of modifiers and resources) */
export function allowsContent(modelType: string, content: string): boolean {
  switch (content) {
    case 'path':
      // An AnnotatedRelationshipElement has children, but no $path.
      return childrenMember(modelType) !== undefined && modelType !== 'AnnotatedRelationshipElement'
    case 'metadata':
    case 'value':
      return modelType === 'Submodel' || (isA(modelType, 'SubmodelElement') && !VALUELESS.has(modelType))
    default:
      return true
  }
}

const VALUELESS: ReadonlySet<string> = new Set(['Capability', 'Operation'])

/** `level=core`: the object and its direct children without their own children. */
export function coreView<Instance extends Container>(container: Instance): Instance {
  return withChildren(container, childrenOf(container).map(bare))
}

/** `extent=withoutBlobValue`: removes the values of Blobs at any depth, also in the variables of an Operation. */
export function withoutBlobs<Instance>(instance: Instance): Instance {
  if (typeof instance !== 'object' || instance === null) return instance
  if (Array.isArray(instance)) {
    const shown = instance.map(withoutBlobs)
    return shown.some((item, index) => item !== instance[index]) ? (shown as Instance) : instance
  }
  const held = instance as Record<string, unknown>
  if (held.modelType === 'Blob') return Object.hasOwn(held, 'value') ? without(instance, ['value']) : instance
  let copy: Record<string, unknown> | undefined
  for (const name of ELEMENT_HOLDING_MEMBERS) {
    const shown = withoutBlobs(held[name])
    if (shown !== held[name]) copy = { ...(copy ?? held), [name]: shown }
  }
  return (copy as Instance | undefined) ?? instance
}

/** The members that may contain elements: children, the variables of an Operation, and a variable's value. */
const ELEMENT_HOLDING_MEMBERS: readonly string[] = [
  ...new Set(
    Object.keys(classes).flatMap((name) =>
      fieldsOf(name)
        .filter(holdsElements)
        .map((field) => field.name)
    )
  )
]

function holdsElements({ type }: Field): boolean {
  return isA(type, 'SubmodelElement') || fieldsOf(type).some((field) => isA(field.type, 'SubmodelElement'))
}

/** `$metadata`: neither values nor children. */
export function metadataView<Instance extends Container>(container: Instance): Instance {
  const { modelType } = container
  const children = childrenMember(modelType)
  return without(
    container,
    children === undefined ? valueMemberNames(modelType) : [...valueMemberNames(modelType), children]
  )
}

/**
 * `$path`: the idShortPaths of all elements of a submodel (`ownPath` empty), or of an element and all elements below it;
 * with `level=core` of the direct children only.
 */
export function paths(container: Container, ownPath: string, level: 'deep' | 'core' = 'deep'): string[] {
  const found = ownPath === '' ? [] : [ownPath]
  if (level === 'core') {
    return [...found, ...stepsTo(container).map((step) => join(ownPath, step))]
  }
  for (const { path } of walk(container, ownPath)) found.push(path)
  return found
}

function bare(element: SubmodelElement): SubmodelElement {
  const member = childrenMember(element.modelType)
  return member === undefined ? element : without(element, [member])
}

function withChildren<Instance extends Container>(container: Instance, children: SubmodelElement[]): Instance {
  const member = childrenMember(container.modelType)
  return member === undefined || children.length === 0 ? container : { ...container, [member]: children }
}

function without<Instance extends object>(container: Instance, names: readonly string[]): Instance {
  const copy = { ...container } as Record<string, unknown>
  for (const name of names) delete copy[name]
  return copy as unknown as Instance
}
