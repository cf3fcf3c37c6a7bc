/** A submodel as a tree of i3X objects: itself and its elements, by path. */
import { hash } from 'node:crypto'
import { childrenMember } from '../../../model/fields.ts'
import { join } from '../../../model/path.ts'
import type { Submodel } from '../../../model/types.ts'
import { type Container, childrenOf, stepsTo } from '../../../model/walk.ts'
import { parseDocument } from '../../../store/parse-document.ts'
import type { Document } from '../../../store/store.ts'

/** A submodel or an element of it. */
export interface Part {
  readonly element: Container
  /** idShortPath; '' for the submodel. */
  readonly path: string
  /** Path of the object that it is a component of; undefined for the submodel. */
  readonly parent: string | undefined
  /** Its components. */
  readonly children: readonly Part[]
}

/** They have no value, so they are no objects: an i3X object is something that is read. */
export const WITHOUT_VALUE: ReadonlySet<string> = new Set(['Operation', 'Capability'])

/** Characters of a hash: enough for the types of a plant, few enough to be read. */
const HASH_LENGTH = 12

export class LoadedSubmodel {
  readonly document: Document
  readonly submodel: Submodel
  readonly root: Part
  readonly #parts = new Map<string, Part>()
  readonly #structures = new Map<Part, string>()

  /** @param document as its reader may see it */
  constructor(document: Document) {
    this.document = document
    this.submodel = parseDocument(document) as Submodel
    this.root = this.#partOf(this.submodel, '', undefined)
  }

  get id(): string {
    return this.document.id
  }

  /** Undefined where there is none. */
  part(path: string): Part | undefined {
    return this.#parts.get(path)
  }

  /** The submodel and all elements, parents before their components. */
  parts(): Iterable<Part> {
    return this.#parts.values()
  }

  /** A hash of names, kinds, types and semanticIds in a part: parts with the same one have the same schema. */
  structureOf(part: Part): string {
    const known = this.#structures.get(part)
    if (known !== undefined) return known
    const { element, children } = part
    const isList = element.modelType === 'SubmodelElementList'
    const inside = children.map((child) => `${isList ? '' : nameOf(child)}:${this.#shapeOf(child)}`)
    // Of a list counts what its items are, not how many there are.
    const shapes = isList ? [...new Set(inside)].sort() : inside
    const text = JSON.stringify([element.modelType, semanticIdOf(element), ...shapes])
    const structure = hash('sha256', text, 'hex').slice(0, HASH_LENGTH)
    this.#structures.set(part, structure)
    return structure
  }

  #shapeOf(part: Part): string {
    const { element } = part
    if (isContainer(element.modelType)) return this.structureOf(part)
    const valueType = 'valueType' in element ? element.valueType : undefined
    return `${element.modelType} ${valueType ?? ''} ${semanticIdOf(element) ?? ''}`
  }

  #partOf(element: Container, path: string, parent: string | undefined): Part {
    const children: Part[] = []
    const part = { element, path, parent, children }
    this.#parts.set(path, part)
    if (childrenMember(element.modelType) === undefined) return part
    const steps = stepsTo(element)
    for (const [index, child] of childrenOf(element).entries()) {
      if (!WITHOUT_VALUE.has(child.modelType)) {
        children.push(this.#partOf(child, join(path, steps[index] ?? index), path))
      }
    }
    return part
  }
}

/** The last step of its path, or the idShort of a submodel. */
export function nameOf({ element, path }: Part): string {
  return path === '' ? (element.idShort ?? 'Submodel') : path.slice(path.lastIndexOf('.') + 1)
}

/** The first key of the semanticId. */
export function semanticIdOf({ semanticId }: Pick<Container, 'semanticId'>): string | undefined {
  return semanticId?.keys?.[0]?.value
}

/** May it have components? */
export function isContainer(modelType: string): boolean {
  return childrenMember(modelType) !== undefined
}
