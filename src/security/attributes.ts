/** Attributes of Part 4: CLAIM, GLOBAL and REFERENCE. */
import type { Attribute, GlobalAttribute, Operand, ValueReference } from '../model/condition/condition.ts'
import { parseField } from '../model/condition/field.ts'
import type { Root } from '../model/condition/grammar.ts'
import { parsePath } from '../model/path.ts'
import { parseKeys, unquote } from './literals.ts'

const globals: readonly string[] = ['LOCALNOW', 'UTCNOW', 'CLIENTNOW', 'ANONYMOUS'] satisfies GlobalAttribute[]

/** An attribute, or an operand for one that names the target itself, or what was expected. */
export type ParsedAttribute = { readonly attribute: Attribute } | { readonly operand: Operand } | string

/** Parses `{"CLAIM": …}`, `{"GLOBAL": …}` or `{"REFERENCE": …}`. */
export function parseAttribute(value: unknown): ParsedAttribute {
  const expected = 'an object with exactly one of CLAIM, GLOBAL and REFERENCE was expected'
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return expected
  const [entry, ...others] = Object.entries(value)
  if (entry === undefined || others.length > 0) return expected
  const [name, text] = entry
  if (name !== 'CLAIM' && name !== 'GLOBAL' && name !== 'REFERENCE') return `${expected}; found ${JSON.stringify(name)}`
  if (typeof text !== 'string' || text === '') return `the ${name} must be a text that is not empty`
  if (name === 'CLAIM') return { attribute: { is: 'claim', name: text } }
  if (name === 'REFERENCE') return parseReference(text)
  return globals.includes(text)
    ? { attribute: { is: 'global', name: text as GlobalAttribute } }
    : `GLOBAL must be one of ${globals.join(', ')}; found ${JSON.stringify(text)}`
}

/**
 * `$sm("id")#field` and `$sme("id").path#field` of release 3.1; `(Submodel)id#Field` and
 * `(Submodel)id, (Property)idShort#Field` of 3.0. Without an id, or with `*` for it, the field is one of the target.
 */
function parseReference(text: string): ParsedAttribute {
  const hash = text.lastIndexOf('#')
  const place = hash === -1 ? undefined : parsePlace(text.slice(0, hash))
  if (place === undefined) return EXPECTED_REFERENCE
  const { root, id, path } = place
  const attribute = text.slice(hash + 1)
  // Release 3.0 writes `Id`.
  const field = parseField(`${root}#${attribute.charAt(0).toLowerCase()}${attribute.slice(1)}`)
  if ('problem' in field) return `${EXPECTED_REFERENCE}: ${field.problem}`
  if (id === undefined) {
    const own =
      path === '' ? field : parseField(`${root}.${path}#${attribute.charAt(0).toLowerCase()}${attribute.slice(1)}`)
    return 'problem' in own ? `${EXPECTED_REFERENCE}: ${own.problem}` : { operand: { is: 'field', field: own } }
  }
  const elementPath = path === '' ? [] : parsePath(path)
  if (elementPath === undefined || (root === '$sme') !== elementPath.length > 0) return EXPECTED_REFERENCE
  const reference: ValueReference = { text, id, field, elementPath }
  return { attribute: { is: 'reference', reference } }
}

const EXPECTED_REFERENCE = 'the REFERENCE must be like $sm("id")#semanticId, $sme("id").idShortPath#value or $sm#id'

function parsePlace(text: string): { root: Root; id?: string; path: string } | undefined {
  const [, root, quoted, path = ''] = /^(\$[a-z]+)(?:\((.*)\))?(?:\.([^"]*))?$/s.exec(text) ?? []
  if (root !== undefined) {
    const id = quoted === undefined ? '*' : unquote(quoted)
    return id === undefined ? undefined : { root: root as Root, path, ...(id !== '*' && { id }) }
  }
  const keys = parseKeys(text)
  const kind = keys?.kind === undefined ? undefined : rootsByClass[keys.kind]
  if (keys === undefined || kind === undefined) return undefined
  const { id, path: steps } = keys
  return { root: steps === '' ? kind : '$sme', path: steps, ...(id !== '*' && { id }) }
}

const rootsByClass: Readonly<Record<string, Root>> = {
  AssetAdministrationShell: '$aas',
  Submodel: '$sm',
  ConceptDescription: '$cd'
}
