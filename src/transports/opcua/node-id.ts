/**
 * NodeIds of what is stored, as strings: the id of a shell or submodel, the idShortPath of an element, and the names of
 * nodes below it that the companion specification defines: `SM:urn:press#Motor.Speed/Value`.
 */

/** Namespace of these NodeIds: the same at every hub, so that configurations of clients can be moved. */
export const NAMESPACE = 'urn:aas-hub:environment'

export const ENVIRONMENT = 'AASEnvironment'
export const SHELLS = 'AASEnvironment/AssetAdministrationShells'
export const SUBMODELS = 'AASEnvironment/Submodels'

const PREFIXES = { AAS: 'AssetAdministrationShell', SM: 'Submodel', CD: 'ConceptDescription' } as const

export type AddressedKind = (typeof PREFIXES)[keyof typeof PREFIXES]

export interface StoredNodeAddress {
  readonly kind: AddressedKind
  readonly id: string
  /** idShortPath; '' for the document itself. */
  readonly path: string
  /** Names of the nodes below it, outermost first. */
  readonly members: readonly string[]
}

const prefixOf = Object.fromEntries(Object.entries(PREFIXES).map(([prefix, kind]) => [kind, prefix])) as Readonly<
  Record<AddressedKind, string>
>

export function nodeIdOf(kind: AddressedKind, id: string, path = ''): string {
  return `${prefixOf[kind]}:${id}#${path}`
}

/** @returns undefined where it is not of this form; whether it is stored is another question */
export function parseNodeId(text: string): StoredNodeAddress | undefined {
  const [, prefix = '', id = '', rest = ''] = /^(AAS|SM|CD):(.+)#([^#]*)$/s.exec(text) ?? []
  if (prefix === '') return undefined
  const [path = '', ...members] = rest.split('/')
  return { kind: PREFIXES[prefix as keyof typeof PREFIXES], id, path, members }
}
