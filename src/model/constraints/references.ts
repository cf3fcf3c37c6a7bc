/** Constraints on references and the order of their keys. */
import { isLexical } from '../datatypes.ts'
import { quote } from '../excerpt.ts'
import { enumerations } from '../metamodel.ts'
import type { KeyTypes, Reference } from '../types.ts'
import type { Report } from './report.ts'

// Part 1, "Key types"; the sets have the names that the constraints use.
const aasIdentifiables = new Set<KeyTypes>([
  'AssetAdministrationShell',
  'ConceptDescription',
  'Identifiable',
  'Submodel'
])
const aasSubmodelElements = new Set<KeyTypes>(enumerations.AasSubmodelElements)
const IDENTIFIABLE = 'AssetAdministrationShell, Submodel, ConceptDescription or Identifiable'

/** [AASd-121] to [AASd-128] */
export function referenceKeys(it: Reference, report: Report): void {
  if (aasd121(it, report)) {
    if (it.type === 'ExternalReference') externalKeys(it, report)
    else modelKeys(it, report)
  }
}

/** [AASd-121] Every reference starts at something globally identifiable. */
function aasd121({ keys = [] }: Reference, report: Report): boolean {
  const first = keys[0]
  if (first?.type === undefined || first.type === 'GlobalReference' || aasIdentifiables.has(first.type)) return true
  report(
    ['keys', 0, 'type'],
    'AASd-121',
    `a reference starts at ${IDENTIFIABLE} or GlobalReference, not at ${first.type}`
  )
  return false
}

function externalKeys({ keys = [] }: Reference, report: Report): void {
  const first = keys[0]
  const last = keys.at(-1)
  if (first?.type !== undefined && first.type !== 'GlobalReference') {
    const text = `an ExternalReference starts at a GlobalReference, not at ${first.type}`
    report(['keys', 0, 'type'], 'AASd-122', text)
  } else if (last?.type !== undefined && last.type !== 'GlobalReference' && last.type !== 'FragmentReference') {
    const text = `an ExternalReference ends at a GlobalReference or FragmentReference, not at ${last.type}`
    report(['keys', keys.length - 1, 'type'], 'AASd-124', text)
  }
}

function modelKeys({ keys = [] }: Reference, report: Report): void {
  const first = keys[0]
  if (first?.type !== undefined && !aasIdentifiables.has(first.type)) {
    report(['keys', 0, 'type'], 'AASd-123', `a ModelReference starts at ${IDENTIFIABLE}, not at ${first.type}`)
  }
  for (let index = 1; index < keys.length; index++) {
    const key = keys[index]
    const before = keys[index - 1]
    if (key?.type === undefined || before?.type === undefined) continue
    if (key.type === 'FragmentReference') {
      if (index < keys.length - 1) {
        report(['keys', index, 'type'], 'AASd-126', 'a FragmentReference can only be the last key of a ModelReference')
      } else if (before.type !== 'File' && before.type !== 'Blob') {
        const text = `a FragmentReference follows a File or Blob in a ModelReference, not ${before.type}`
        report(['keys', index, 'type'], 'AASd-127', text)
      }
    } else if (!aasSubmodelElements.has(key.type)) {
      const text = `a key after the first is a kind of submodel element or FragmentReference, not ${key.type}`
      report(['keys', index, 'type'], 'AASd-125', text)
    }
    const isIndex = key.value === undefined || isLexical('xs:nonNegativeInteger', key.value)
    if (before.type === 'SubmodelElementList' && !isIndex) {
      const text = `the key after a SubmodelElementList is the index in the list, not ${quote(key.value ?? '')}`
      report(['keys', index, 'value'], 'AASd-128', text)
    }
  }
}

/** [AASd-133] The external subject of an asset id is an external reference. */
export function aasd133(it: { externalSubjectId?: Reference }, report: Report): void {
  if (it.externalSubjectId?.type === 'ModelReference') {
    report(['externalSubjectId', 'type'], 'AASd-133', 'externalSubjectId is an ExternalReference, not a ModelReference')
  }
}

/**
 * Part 1 types some members as `ModelReference<T>`: their last key names a T.
 * @returns the check for a member with one such reference or a list of them
 */
export function modelReference(member: string, target: string, accepts: (type: KeyTypes) => boolean) {
  return (it: Record<string, Reference | Reference[] | undefined>, report: Report): void => {
    const held = it[member]
    if (Array.isArray(held)) {
      for (const [index, reference] of held.entries()) checkTarget(reference, [member, index])
    } else if (held !== undefined) checkTarget(held, [member])

    function checkTarget({ type, keys = [] }: Reference, at: (string | number)[]): void {
      const rule = `ModelReference<${target}>`
      const last = keys.at(-1)
      if (type === 'ExternalReference') {
        report([...at, 'type'], rule, `${member} takes a ModelReference to a ${target}, not an ${type}`)
      } else if (last?.type !== undefined && !accepts(last.type)) {
        const text = `${member} takes a ModelReference to a ${target}, not to a ${last.type}`
        report([...at, 'keys', keys.length - 1, 'type'], rule, text)
      }
    }
  }
}

/** Can a key of this type refer to an object with an idShort? */
export function isReferableKey(type: KeyTypes): boolean {
  return type !== 'GlobalReference' && type !== 'FragmentReference'
}
