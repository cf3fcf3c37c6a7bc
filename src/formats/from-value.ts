/**
 * ValueOnly (Part 1, "Format ValueOnly"; digest 4.5), parsed: a body becomes writes to the value members of the elements
 * that it names.
 */

import type { Violation } from '../errors.ts'
import { pointerTo } from '../model/document-path.ts'
import { excerptOf } from '../model/excerpt.ts'
import { join, type Step } from '../model/path.ts'
import type { Entity, SubmodelElement } from '../model/types.ts'
import { readValueMembers, type ValueMembers, writeValueMembers } from '../model/value-members.ts'
import { type Container, childrenOf, stepsTo } from '../model/walk.ts'
import {
  checkElement,
  leafMembers,
  mergeSingles,
  objectMembers,
  throwIfAny,
  type ValueLocation,
  violate
} from './leaf-from-value.ts'

/** New value members of one element. */
export interface ValueWrite {
  readonly path: string
  /** The element in the document that the body was parsed against. */
  readonly element: SubmodelElement
  /** Only the members in the body; the others keep their values. */
  readonly members: ValueMembers
}

/**
 * Parses a value body against a submodel or an element, recursively.
 * @param path idShortPath of `target`, empty for a submodel
 * @param isKnown by idShortPath: others count as absent
 * @throws HubError `Invalid` with every violation; nothing of the body may be written then
 */
export function fromValue(
  target: Container,
  body: unknown,
  path: string,
  isKnown: (path: string) => boolean = () => true
): ValueWrite[] {
  const reading: ValueWrites = { writes: [], violations: [], isKnown }
  read(target, body, { path, pointer: '' }, reading)
  throwIfAny(reading.violations)
  return reading.writes
}

/** Applies a write to the element of its document. */
export function applyWrite({ element, members }: ValueWrite): void {
  writeValueMembers(element, { ...readValueMembers(element), ...members })
}

interface ValueWrites {
  readonly writes: ValueWrite[]
  readonly violations: Violation[]
  readonly isKnown: (path: string) => boolean
}

function read(target: Container, body: unknown, place: ValueLocation, reading: ValueWrites): void {
  switch (target.modelType) {
    case 'Submodel':
    case 'SubmodelElementCollection':
      readChildren(target, body, place, reading)
      return
    case 'SubmodelElementList':
      readList(target, body, place, reading)
      return
    case 'Entity':
      readEntity(target, body, place, reading)
      return
    case 'AnnotatedRelationshipElement': {
      const { annotations, ...relation } = objectMembers(body, place, reading.violations)
      if (annotations !== undefined) {
        const at = { ...place, pointer: `${place.pointer}/annotations` }
        readChildren(target, mergeSingles(annotations, at, reading.violations), at, reading)
      }
      if (Object.keys(relation).length > 0) readLeaf(target, relation, place, reading)
      return
    }
    case 'Capability':
    case 'Operation':
      violate(reading.violations, place, 'ValueOnly', `an element of the kind ${target.modelType} has no value`)
      return
    default:
      readLeaf(target, body, place, reading)
  }
}

function readChildren(target: Container, body: unknown, place: ValueLocation, reading: ValueWrites): void {
  const steps = stepsTo(target)
  const children = childrenOf(target)
  const indexes = new Map<string | undefined, number>()
  // If two children share an idShort, the first counts, so it is entered last.
  for (let index = children.length - 1; index >= 0; index--) indexes.set(children[index]?.idShort, index)
  const members = objectMembers(body, place, reading.violations)
  for (const name of Object.keys(members)) {
    const pointer = place.pointer + pointerTo([name])
    const index = indexes.get(name)
    const element = index === undefined ? undefined : children[index]
    const path = index === undefined ? '' : join(place.path, steps[index] as Step)
    if (element !== undefined && reading.isKnown(path)) read(element, members[name], { path, pointer }, reading)
    else {
      const text = `there is no element "${name.slice(0, 60)}" here`
      violate(reading.violations, { pointer, path: place.path }, 'ValueOnly', text)
    }
  }
}

function readList(target: SubmodelElement, body: unknown, place: ValueLocation, reading: ValueWrites): void {
  const elements = childrenOf(target)
  if (!Array.isArray(body)) {
    violate(reading.violations, place, 'ValueOnly', `a JSON array was expected; found ${excerptOf(body)}`)
  } else if (body.length > elements.length) {
    const text = `the list has ${elements.length} elements; found values for ${body.length}`
    violate(reading.violations, place, 'ValueOnly', text)
  } else {
    for (const [index, element] of elements.entries()) {
      // null stands for an element without a value, see to-value.ts.
      if (index >= body.length || body[index] === null) continue
      const below = { path: join(place.path, index), pointer: `${place.pointer}/${index}` }
      read(element, body[index], below, reading)
    }
  }
}

function readEntity(target: Entity, body: unknown, place: ValueLocation, reading: ValueWrites): void {
  const { statements, ...own } = objectMembers(body, place, reading.violations)
  if (statements !== undefined) {
    readChildren(target, statements, { ...place, pointer: `${place.pointer}/statements` }, reading)
  }
  if (Object.keys(own).length === 0) return
  // [AASd-014] relates type and ids, so the whole entity is checked.
  const { statements: _, ...alone } = target
  checkElement({ ...alone, ...own, modelType: 'Entity' }, own, place, reading.violations)
  reading.writes.push({ path: place.path, element: target, members: own })
}

function readLeaf(element: SubmodelElement, body: unknown, place: ValueLocation, reading: ValueWrites): void {
  const valueType = 'valueType' in element ? element.valueType : undefined
  const found = leafMembers(element.modelType, valueType, body, place, reading.violations)
  reading.writes.push({ path: place.path, element, members: found })
}
