/** Objects of access rules (Part 4): routes, identifiables, elements, descriptors, fragments. */
import { parsePath } from '../model/path.ts'
import { parseKeys, unquote } from './literals.ts'
import type { AccessObject, DocumentKind } from './rule.ts'

export const objectNames = ['ROUTE', 'IDENTIFIABLE', 'REFERABLE', 'FRAGMENT', 'DESCRIPTOR'] as const
export type ObjectName = (typeof objectNames)[number]

export interface ParsedObject {
  readonly object: AccessObject
  /** What is accepted, but probably not what was meant. */
  readonly warning?: string
}

/** @returns the object, or a sentence that says what was expected */
export function parseObject(name: ObjectName, text: string): ParsedObject | string {
  switch (name) {
    case 'ROUTE':
      return parseRoute(text)
    case 'IDENTIFIABLE':
      return parseDocument(text, identifiables, '$sm("id"), $sm("*") or (Submodel)id')
    case 'DESCRIPTOR':
      return parseDocument(text, descriptors, '$aasdesc("id"), $smdesc("*") or (aasdesc)id')
    case 'REFERABLE':
      return parseElement(text)
    case 'FRAGMENT':
      return {
        object: { is: 'fragment', text },
        warning: 'a FRAGMENT covers no resource by itself; use REFERABLE for an element, or a FILTER'
      }
  }
}

/** Roots of 3.1 and names of 3.0, in lower case. */
const identifiables: Readonly<Record<string, DocumentKind>> = {
  $aas: 'AssetAdministrationShell',
  assetadministrationshell: 'AssetAdministrationShell',
  $sm: 'Submodel',
  submodel: 'Submodel',
  $cd: 'ConceptDescription',
  conceptdescription: 'ConceptDescription'
}

const descriptors: Readonly<Record<string, DocumentKind>> = {
  $aasdesc: 'AssetAdministrationShellDescriptor',
  aasdesc: 'AssetAdministrationShellDescriptor',
  $smdesc: 'SubmodelDescriptor',
  smdesc: 'SubmodelDescriptor'
}

/**
 * Only the path counts. A `*` at the end covers everything that begins so, one within covers a segment, or the rest of
 * one. (The standard defines only the first; its examples use both.)
 */
function parseRoute(text: string): ParsedObject | string {
  if (text !== '*' && !/^\/[^?#]*$/.test(text)) {
    return 'the ROUTE must be * or a path that begins with "/", without query or fragment'
  }
  const isPrefix = text.endsWith('*')
  const segments = (isPrefix ? text.slice(0, -1) : text).split('/').map((segment) => segment.split('*'))
  return { object: { is: 'route', text, segments, isPrefix } }
}

function parseDocument(
  text: string,
  kinds: Readonly<Record<string, DocumentKind>>,
  examples: string
): ParsedObject | string {
  const [, root, quoted] = /^(\$[A-Za-z]+)\((.*)\)$/s.exec(text) ?? []
  const keys = root === undefined ? parseKeys(text) : undefined
  const written = root ?? keys?.kind ?? ''
  const kind = Object.hasOwn(kinds, written.toLowerCase()) ? kinds[written.toLowerCase()] : undefined
  const id = quoted === undefined ? keys?.id : unquote(quoted)
  if (kind === undefined || id === undefined || (keys?.path ?? '') !== '') return `${examples} was expected`
  const object: AccessObject = { is: 'document', text, kind, ...(id !== '*' && { id }) }
  return root !== undefined && root !== root.toLowerCase()
    ? { object, warning: `the standard writes ${root.toLowerCase()}` }
    : { object }
}

function parseElement(text: string): ParsedObject | string {
  const expected = '$sme("id").idShortPath or (Submodel)id, (Property)idShort was expected'
  const [, quoted, written = ''] = /^\$sme\((".*")\)(?:\.(.*))?$/s.exec(text) ?? []
  const keys = quoted === undefined ? parseKeys(text) : undefined
  const id = quoted === undefined ? keys?.id : unquote(quoted)
  const path = keys?.path ?? written
  if (id === undefined || (keys !== undefined && keys.kind !== 'Submodel')) return expected
  const steps = path === '' ? [] : parsePath(path)
  if (steps === undefined || (keys !== undefined && path === '')) return expected
  return { object: { is: 'element', text, path: steps, ...(id !== '*' && { id }) } }
}
