/**
 * How the hub authenticates to a machine: by the security definition that the description refers to. The secret is in a
 * file that is named like the definition, or as its member `secret` says; see secrets.ts.
 */
import { keyValues } from '../model/reference.ts'
import type { SubmodelElement } from '../model/types.ts'
import { childrenOf } from '../model/walk.ts'
import type { InterfaceDescription, InterfaceItem } from '../operations/asset-interfaces/asset-interface.ts'
import { member, text } from '../operations/asset-interfaces/members.ts'
import { CollectorError } from './connector.ts'

export interface SecurityScheme {
  readonly scheme: 'nosec' | 'basic' | 'bearer' | 'digest' | 'apikey'
  /** Name of the file with the secret. */
  readonly secret: string
  /** Of an API key: where it goes, and under which name. */
  readonly place: 'header' | 'query'
  readonly name: string
}

const SCHEMES = ['nosec', 'basic', 'bearer', 'digest', 'apikey'] as const

const NO_SECURITY: SecurityScheme = { scheme: 'nosec', secret: '', place: 'header', name: '' }

/** The scheme of an item, or that of its interface; absent: of the interface. @throws CollectorError for one that is not supported */
export function schemeOf({ endpoint }: InterfaceDescription, item?: InterfaceItem): SecurityScheme {
  const named = member(item?.form, 'security') ?? member(endpoint, 'security')
  const [reference] = named === undefined ? [] : childrenOf(named)
  const definitions = member(endpoint, 'securityDefinitions')
  if (definitions === undefined) return NO_SECURITY
  const last =
    reference?.modelType === 'ReferenceElement' && reference.value !== undefined
      ? keyValues(reference.value).at(-1)
      : undefined
  const all = childrenOf(definitions)
  // A reference that leads to no definition, as in the published template: the only definition is meant.
  const definition = all.find(({ idShort }) => idShort === last) ?? (all.length === 1 ? all[0] : undefined)
  return definition === undefined ? NO_SECURITY : readScheme(definition)
}

function readScheme(definition: SubmodelElement): SecurityScheme {
  const given = text(member(definition, 'scheme')) ?? (definition.idShort ?? '').replace(/_sc$/, '')
  const scheme = SCHEMES.find((known) => known === given.toLowerCase())
  if (scheme === undefined) throw new CollectorError(`the security scheme ${given} is not supported`)
  return {
    scheme,
    secret: text(member(definition, 'secret')) ?? definition.idShort ?? '',
    place: text(member(definition, 'in')) === 'query' ? 'query' : 'header',
    name: text(member(definition, 'name')) ?? (scheme === 'apikey' ? 'X-API-Key' : 'Authorization')
  }
}
