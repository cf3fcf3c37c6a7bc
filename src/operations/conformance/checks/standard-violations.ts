/** What a document of a file breaks of the standard, as a release of it reads. */
import type { Violation } from '../../../errors.ts'
import { mediaTypeOf } from '../../../formats/opc.ts'
import type { MetamodelRelease } from '../../../formats/releases.ts'
import { NAMESPACE_OF } from '../../../formats/xml-names.ts'
import { isLexical } from '../../../model/datatypes.ts'
import { toRelease30 } from '../../../model/downgrade.ts'
import { ID_SHORT_3_0 } from '../../../model/release-3-0.ts'
import type { Identifiable, Reference } from '../../../model/types.ts'
import { type InspectedDocument, MAX_VIOLATIONS } from './inspected-file.ts'
import { pathOf } from './paths.ts'

const known = new WeakMap<object, Map<MetamodelRelease, readonly Violation[]>>()

/** Several rules of a profile ask for them; they are found once. */
export function standardViolations(inspected: InspectedDocument, release: MetamodelRelease): readonly Violation[] {
  const found = known.get(inspected) ?? new Map<MetamodelRelease, readonly Violation[]>()
  known.set(inspected, found)
  const before = found.get(release)
  if (before !== undefined) return before
  const violations = find(inspected, release)
  found.set(release, violations)
  return violations
}

function find(
  { document, violations, namespace, isReadable }: InspectedDocument,
  release: MetamodelRelease
): Violation[] {
  const inNamespace =
    namespace === undefined || namespace === NAMESPACE_OF[release] ? [] : [foreign(namespace, release)]
  if (release === '3.1') return [...inNamespace, ...violations]
  const more = isReadable ? inRelease30(document) : []
  const places = new Set(more.map(({ pointer, rule }) => `${pointer} ${rule}`))
  const others = violations.filter((one) => !isAllowedIn30(one, document) && !places.has(`${one.pointer} ${one.rule}`))
  const keys = isReadable ? others.flatMap((one) => furtherKeyRules(one, document)) : []
  return [...inNamespace, ...others, ...keys, ...more]
}

function foreign(namespace: string, release: MetamodelRelease): Violation {
  const text = `the namespace is ${namespace}, not that of release ${release}, ${NAMESPACE_OF[release]}`
  return { pointer: '', rule: 'namespace', text }
}

function inRelease30(document: Identifiable): readonly Violation[] {
  // Several times faster than structuredClone, and the document is JSON.
  const copy = JSON.parse(JSON.stringify(document)) as Identifiable
  const { adaptations, impossible } = toRelease30(copy, { mediaTypeOf, limit: MAX_VIOLATIONS })
  return [...adaptations, ...impossible]
}

/** Release 3.0 has idShorts of one letter, and paths of any form of URI. */
function isAllowedIn30({ pointer, rule }: Violation, document: unknown): boolean {
  if (rule !== 'pattern' && rule !== 'AASd-002') return false
  const value = valueAt(document, pointer)
  if (typeof value !== 'string') return false
  if (pointer.endsWith('/idShort')) return ID_SHORT_3_0.test(value)
  return /\/(?:value|path)$/.test(pointer) && isLexical('xs:anyURI', value)
}

/** Our check of references reports the first fault of each; the test engine asks each question by itself. */
function furtherKeyRules({ pointer, rule, ...rest }: Violation, document: unknown): Violation[] {
  const [, at, index] = /^(.*)\/keys\/(\d+)\/type$/.exec(pointer) ?? []
  const { type, keys = [] } = (at === undefined ? undefined : (valueAt(document, at) as Reference | undefined)) ?? {}
  const last = keys.length - 1
  const isExternal = type === 'ExternalReference'
  const found: [key: number, rule: string, text: string][] = []
  if (rule === 'AASd-121') {
    const [name, kinds] = isExternal
      ? ['AASd-122', 'GlobalReference']
      : ['AASd-123', 'AssetAdministrationShell, Submodel, ConceptDescription or Identifiable']
    found.push([0, name, `an ${type} starts at ${kinds}, not at ${keys[0]?.type}`])
  }
  const end = keys[last]?.type
  if ((rule === 'AASd-121' || rule === 'AASd-122') && isExternal && !ENDS.includes(end))
    found.push([last, 'AASd-124', `an ExternalReference ends at a GlobalReference or FragmentReference, not at ${end}`])
  const before = keys[Number(index) - 1]?.type
  if (rule === 'AASd-126' && before !== 'File' && before !== 'Blob')
    found.push([
      Number(index),
      'AASd-127',
      `a FragmentReference follows a File or Blob in a ModelReference, not ${before}`
    ])
  return found.map(([key, rule, text]) => ({ ...rest, pointer: `${at}/keys/${key}/type`, rule, text }))
}

const ENDS: readonly unknown[] = [undefined, 'GlobalReference', 'FragmentReference']

/** The value at a JSON Pointer. */
export function valueAt(root: unknown, pointer: string): unknown {
  let here = root
  for (const step of pathOf(pointer)) {
    if (typeof here !== 'object' || here === null) return undefined
    here = (here as Record<string | number, unknown>)[step]
  }
  return here
}
