/** Constraints of submodel elements: idShorts, lists, entities, operations, events. */
import { isLexical } from '../datatypes.ts'
import { quote } from '../excerpt.ts'
import { isA } from '../fields.ts'
import { equalKeys, keyValues } from '../reference.ts'
import type { BasicEventElement, Entity, Operation, Reference, SubmodelElement, SubmodelElementList } from '../types.ts'
import { type Container, childrenOf } from '../walk.ts'
import type { Report } from './report.ts'

/**
 * [AASd-117] Children have an idShort, except in a list.
 * @param member the member with the children
 */
export function aasd117(member: string) {
  return (it: Container, report: Report): void => {
    const children = childrenOf(it)
    for (let index = 0; index < children.length; index++) {
      if (children[index]?.idShort === undefined) reportNameless([member, index], report)
    }
  }
}

/** [AASd-117] So do the variables of an operation. */
export function aasd117OfVariable(it: { value?: SubmodelElement }, report: Report): void {
  if (it.value !== undefined && it.value.idShort === undefined) reportNameless(['value'], report)
}

function reportNameless(at: (string | number)[], report: Report): void {
  report(at, 'AASd-117', 'idShort is missing; every element has one unless it stands directly in a SubmodelElementList')
}

/**
 * [AASd-022] Siblings have different idShorts; case matters. Not in a list, whose items are addressed by index (Part 2):
 * release 3.1 dropped [AASd-120], so they may have any.
 * @param member the member with the children
 */
export function aasd022(member: string) {
  return (it: Container, report: Report): void => {
    const children = childrenOf(it)
    if (children.length < 2) return
    const seen = new Set<string>()
    for (let index = 0; index < children.length; index++) {
      const idShort = children[index]?.idShort
      if (idShort === undefined) continue
      if (seen.has(idShort)) {
        report(
          [member, index, 'idShort'],
          'AASd-022',
          `${quote(idShort)} is the idShort of an earlier sibling; it must be unique`
        )
      }
      seen.add(idShort)
    }
  }
}

/** [AASd-134] All variables of an operation have different idShorts. */
export function aasd134(it: Operation, report: Report): void {
  const seen = new Map<string, string>()
  for (const member of ['inputVariables', 'outputVariables', 'inoutputVariables'] as const) {
    for (const [index, { value }] of (it[member] ?? []).entries()) {
      if (value?.idShort === undefined) continue
      const first = seen.get(value.idShort)
      if (first === undefined) seen.set(value.idShort, `${member} ${index}`)
      else {
        const text = `${quote(value.idShort)} is also the idShort of ${first}; variables of an operation differ in it`
        report([member, index, 'value', 'idShort'], 'AASd-134', text)
      }
    }
  }
}

/** [AASd-014] A self-managed entity is identified by a global or at least one specific asset id. */
export function aasd014(it: Entity, report: Report): void {
  if (it.entityType === 'SelfManagedEntity' && it.globalAssetId === undefined && it.specificAssetIds === undefined) {
    report([], 'AASd-014', 'a SelfManagedEntity needs a globalAssetId or specificAssetIds, and has neither')
  }
}

/** [AASd-107] A child of a list has no semantic id, or that of the list. */
export function aasd107(it: SubmodelElementList, report: Report): void {
  const expected = it.semanticIdListElement
  if (expected === undefined) return
  for (const [index, { semanticId }] of (it.value ?? []).entries()) {
    if (semanticId !== undefined && !equalKeys(semanticId, expected)) {
      const text = `the semanticId ${keysText(semanticId)} is not the semanticIdListElement of its list, ${keysText(expected)}`
      report(['value', index, 'semanticId'], 'AASd-107', text)
    }
  }
}

/** [AASd-108] The children of a list are of the kind that the list names. */
export function aasd108(it: SubmodelElementList, report: Report): void {
  const expected = it.typeValueListElement
  if (expected === undefined) return
  for (const [index, { modelType }] of (it.value ?? []).entries()) {
    if (!isA(modelType, expected)) {
      const text = `the list is one of ${expected} (typeValueListElement), not of ${modelType}`
      report(['value', index, 'modelType'], 'AASd-108', text)
    }
  }
}

/** [AASd-109] A list of properties or ranges names their value type. */
export function aasd109(it: SubmodelElementList, report: Report): void {
  if (it.typeValueListElement !== 'Property' && it.typeValueListElement !== 'Range') return
  const expected = it.valueTypeListElement
  if (expected === undefined) {
    report([], 'AASd-109', `a list of ${it.typeValueListElement} needs a valueTypeListElement, and there is none`)
    return
  }
  for (const [index, element] of (it.value ?? []).entries()) {
    if ('valueType' in element && element.valueType !== undefined && element.valueType !== expected) {
      const text = `the list is one of ${expected} (valueTypeListElement), not of ${element.valueType}`
      report(['value', index, 'valueType'], 'AASd-109', text)
    }
  }
}

/** [AASd-114] Children of a list that have semantic ids have the same one. If the list names it, [AASd-107] applies. */
export function aasd114(it: SubmodelElementList, report: Report): void {
  if (it.semanticIdListElement !== undefined) return
  let first: Reference | undefined
  for (const [index, { semanticId }] of (it.value ?? []).entries()) {
    if (semanticId === undefined) continue
    first ??= semanticId
    if (!equalKeys(first, semanticId)) {
      const text = `the semanticId ${keysText(semanticId)} differs from that of an earlier item of the list, ${keysText(first)}`
      report(['value', index, 'semanticId'], 'AASd-114', text)
    }
  }
}

function keysText(reference: Reference): string {
  return quote(keyValues(reference).join(', '))
}

/** Part 1, "BasicEventElement": for the direction input a maxInterval is not applicable. */
export function maxInterval(it: BasicEventElement, report: Report): void {
  if (it.direction === 'input' && it.maxInterval !== undefined) {
    report(['maxInterval'], 'BasicEventElement', 'maxInterval does not apply to events of the direction input')
  }
}

/**
 * Part 1, "DateTimeUtc": the day exists. That the zone is UTC is in the pattern.
 * @returns the check for this member of a class
 */
export function dayExists(member: string) {
  return (it: Record<string, string | undefined>, report: Report): void => {
    const value = it[member]
    if (value !== undefined && !isLexical('xs:dateTime', value)) {
      report([member], 'DateTimeUtc', `${quote(value)} names a day that does not exist`)
    }
  }
}
