/**
 * Object types. A leaf is typed by its semanticId and the kind of its value, `0173-1#02-AAB381#008~xs:double`; whatever has
 * components by its semanticId, or else its name, and a hash of its structure. So every object conforms to its type, the
 * same machine has the same types in every hub, and `sourceTypeId` gathers what has the same meaning.
 */
import { isBoolean, isNumeric } from '../../../model/datatypes.ts'
import type { DataTypeDefXsd } from '../../../model/types.ts'
import type { ObjectNode } from './address-space.ts'
import { isElementId } from './element-id.ts'
import { isContainer, nameOf, type Part, semanticIdOf } from './loaded-submodel.ts'

const SHELL_TYPE = 'AssetAdministrationShell'

export interface Namespace {
  readonly uri: string
  readonly displayName: string
}

const RELATIONSHIPS: Namespace = { uri: 'https://cesmii.org/i3x', displayName: 'i3X' }
const METAMODEL: Namespace = {
  uri: 'https://admin-shell.io/aas/3',
  displayName: 'Asset Administration Shell: what has no semanticId'
}
const OTHERS: Namespace = { uri: 'urn:aas-hub:semantic-ids', displayName: 'SemanticIds of other dictionaries' }

/** By what the semanticIds begin with. The list is fixed, so that it does not depend on what is stored. */
const dictionaries: readonly (Namespace & { readonly ids: RegExp })[] = [
  {
    uri: 'https://admin-shell.io/idta',
    displayName: 'IDTA submodel templates',
    ids: /^https?:\/\/(?:www\.)?admin-shell\.io\//
  },
  {
    uri: 'https://eclass-cdp.com',
    displayName: 'ECLASS',
    ids: /^(?:urn:eclass:|https?:\/\/api\.eclass-cdp\.com\/)?0173-1[#-]/i
  },
  {
    uri: 'https://cdd.iec.ch',
    displayName: 'IEC Common Data Dictionary',
    ids: /^(?:https?:\/\/cdd\.iec\.ch\/|0112\/2\/\/\/)/
  }
]

export const namespaces: readonly Namespace[] = [
  RELATIONSHIPS,
  METAMODEL,
  ...dictionaries.map(({ uri, displayName }) => ({ uri, displayName })),
  OTHERS
]

export interface RelationshipType {
  readonly elementId: string
  readonly displayName: string
  readonly namespaceUri: string
  readonly relationshipId: string
  readonly reverseOf: string
}

/** A shell has its submodels as children; these, and what is in them, have components. */
export const relationshipTypes: readonly RelationshipType[] = [
  relationship('HasParent', 'HasChildren'),
  relationship('HasChildren', 'HasParent'),
  relationship('HasComponent', 'ComponentOf'),
  relationship('ComponentOf', 'HasComponent')
]

function relationship(elementId: string, reverseOf: string): RelationshipType {
  return { elementId, displayName: elementId, namespaceUri: RELATIONSHIPS.uri, relationshipId: elementId, reverseOf }
}

/** A type without its schema. */
export interface TypeHead {
  readonly elementId: string
  readonly displayName: string
  readonly namespaceUri: string
  /** The semanticId, or else the kind of element. */
  readonly sourceTypeId: string
}

export function typeOf(node: ObjectNode): TypeHead {
  if (node.kind === 'shell') return headOf(SHELL_TYPE, SHELL_TYPE, undefined, SHELL_TYPE)
  const { of, part } = node
  const { element } = part
  const semanticId = semanticIdOf(element)
  const named = semanticId !== undefined && isElementId(semanticId) ? semanticId : undefined
  if (!isContainer(element.modelType)) {
    return headOf(`${named ?? element.modelType}~${formOf(part)}`, nameOf(part), named, element.modelType)
  }
  return headOf(`${named ?? nameOf(part)}~${of.structureOf(part)}`, nameOf(part), named, element.modelType)
}

function headOf(elementId: string, displayName: string, semanticId: string | undefined, modelType: string): TypeHead {
  return { elementId, displayName, namespaceUri: namespaceOf(semanticId), sourceTypeId: semanticId ?? modelType }
}

function namespaceOf(semanticId: string | undefined): string {
  if (semanticId === undefined) return METAMODEL.uri
  return (dictionaries.find(({ ids }) => ids.test(semanticId)) ?? OTHERS).uri
}

/** What a leaf is read as: the valueType of a Property, or the kind of element, with the valueType of a Range. */
function formOf({ element }: Part): string {
  const valueType = 'valueType' in element ? element.valueType : undefined
  if (element.modelType === 'Property') return valueType ?? 'any'
  return valueType === undefined ? element.modelType : `${element.modelType}.${valueType}`
}

/** The two parts of a type's elementId; undefined where it has none, as that of shells. */
export function partsOfTypeId(elementId: string): { readonly name: string; readonly shape: string } | undefined {
  const at = elementId.lastIndexOf('~')
  return at < 1 ? undefined : { name: elementId.slice(0, at), shape: elementId.slice(at + 1) }
}

/** The JSON type of the value of a Property; numbers that JSON cannot carry are not given as texts, see values.ts. */
export function jsonTypeOf(valueType: string | undefined): 'number' | 'integer' | 'boolean' | 'string' {
  const type = valueType as DataTypeDefXsd | undefined
  if (type === undefined) return 'string'
  if (isBoolean(type)) return 'boolean'
  if (!isNumeric(type)) return 'string'
  return FRACTIONS.has(type) ? 'number' : 'integer'
}

const FRACTIONS: ReadonlySet<string> = new Set(['xs:double', 'xs:float', 'xs:decimal'])
