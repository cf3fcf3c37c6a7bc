/**
 * Where interfaces are mounted below the API root, with the irregularities of each mount; and the product of table and
 * mounts: every endpoint of the API.
 */
import type { Content } from './request-query.ts'
import { type Interface, type OperationDefinition, type OperationName, table, type Verb } from './table.ts'

export interface Mount {
  readonly on: Interface
  readonly path: string
  /** Operations that the standard does not offer here. */
  readonly without?: readonly OperationName[]
  /** The resource always exists: PUT never creates it, 204 only. */
  readonly permanent?: true
  /** Deviating paths in the standard; only without a content modifier. */
  readonly spelling?: Readonly<Partial<Record<OperationName, string>>>
}

export const mounts: readonly Mount[] = [
  { on: 'Shells', path: '/shells' },
  { on: 'Shell', path: '/shells/{aasIdentifier}' },
  { on: 'Shell', path: '/aas', without: ['DeleteAssetAdministrationShellById'], permanent: true },
  { on: 'Submodels', path: '/submodels' },
  { on: 'Submodel', path: '/submodels/{submodelIdentifier}' },
  { on: 'Submodel', path: '/shells/{aasIdentifier}/submodels/{submodelIdentifier}' },
  {
    on: 'Submodel',
    path: '/aas/submodels/{submodelIdentifier}',
    permanent: true,
    // A typo of the official document, which clients are generated from.
    spelling: { InvokeOperationAsync: '/submodel-elements/{idShortPath}/invoke-asnyc' }
  },
  { on: 'Submodel', path: '/submodel', without: ['DeleteSubmodel'], permanent: true },
  { on: 'ConceptDescriptions', path: '/concept-descriptions' },
  { on: 'ConceptDescription', path: '/concept-descriptions/{cdIdentifier}' },
  { on: 'ShellDescriptors', path: '/shell-descriptors' },
  { on: 'ShellDescriptor', path: '/shell-descriptors/{aasIdentifier}' },
  { on: 'SubmodelDescriptors', path: '/submodel-descriptors' },
  { on: 'SubmodelDescriptor', path: '/submodel-descriptors/{submodelIdentifier}' },
  { on: 'Bulk', path: '/bulk' },
  { on: 'Discovery', path: '/lookup' },
  { on: 'Packages', path: '/packages' },
  { on: 'Package', path: '/packages/{packageId}' },
  { on: 'Queries', path: '/query' },
  { on: 'Serialization', path: '/serialization' },
  { on: 'Description', path: '/description' },
  { on: 'Upload', path: '/upload' },
  { on: 'Check', path: '/check' },
  { on: 'Validation', path: '/submodels/{submodelIdentifier}/$validation' },
  { on: 'Validations', path: '/validation' },
  { on: 'Schema', path: '/submodels/{submodelIdentifier}/$schema' },
  { on: 'ShellChanges', path: '/shells/$recent-changes' },
  { on: 'SubmodelChanges', path: '/submodels/$recent-changes' },
  { on: 'ConceptDescriptionChanges', path: '/concept-descriptions/$recent-changes' },
  { on: 'ShellDescriptorChanges', path: '/shell-descriptors/$recent-changes' },
  { on: 'ShellHistory', path: '/shells/{aasIdentifier}/$history' },
  { on: 'SubmodelHistory', path: '/submodels/{submodelIdentifier}/$history' },
  { on: 'ShellSigned', path: '/shells/{aasIdentifier}/$signed' },
  { on: 'SubmodelSigned', path: '/submodels/{submodelIdentifier}/$signed' },
  { on: 'ConceptDescriptionSigned', path: '/concept-descriptions/{cdIdentifier}/$signed' },
  { on: 'AsyncPackages', path: '/packages-async' }
]

/** One method and path of the API. */
export interface ApiEndpoint {
  readonly definition: OperationDefinition & { readonly name: OperationName }
  readonly mount: Mount
  readonly content: Content
  readonly verb: Verb
  /** Below the API root, with parameters in braces: `/submodels/{submodelIdentifier}/$value`. */
  readonly path: string
  readonly success: readonly number[]
}

/** Operations × mounts × contents. */
export const endpoints: readonly ApiEndpoint[] = table.flatMap((definition: ApiEndpoint['definition']) =>
  mounts
    .filter((mount) => mount.on === definition.on && !mount.without?.includes(definition.name))
    .flatMap((mount) => (definition.contents ?? ['normal']).map((content) => endpointOf(definition, mount, content)))
)

/** Alternative paths of an endpoint, for clients generated from other documents of the standard. */
export function aliasPathsOf({ path }: ApiEndpoint): string[] {
  const aliases: (readonly [from: string, to: string])[] = [
    ['/invoke-async', '/invoke-asnyc'],
    ['/invoke-asnyc', '/invoke-async'],
    // The text of Part 2 uses the singular.
    ['/operation-results/', '/operation-result/'],
    // The OpenAPI documents of release 3.2 and its text differ.
    ['/packages-async/{', '/packages-async/status/{'],
    ['/packages-async/result/', '/packages-async/results/']
  ]
  return aliases.filter(([from]) => path.includes(from)).map(([from, to]) => path.replace(from, to))
}

/** The query parameters of an operation with a content modifier (Part 2, "Modifiers"). */
export function queryParametersOf({
  definition,
  content
}: Pick<ApiEndpoint, 'definition' | 'content'>): readonly string[] {
  const meaningless: Readonly<Record<Content, readonly string[]>> = {
    normal: [],
    value: [],
    path: ['extent'],
    // `level` is deprecated here since 3.1, but still validated.
    reference: ['level', 'extent'],
    metadata: ['level', 'extent']
  }
  return (definition.query ?? []).filter((name) => !meaningless[content].includes(name))
}

function endpointOf(definition: ApiEndpoint['definition'], mount: Mount, content: Content): ApiEndpoint {
  const own = content === 'normal' ? mount.spelling?.[definition.name] : undefined
  const modifier = content === 'normal' ? '' : `/$${content}`
  const path = `${mount.path}${own ?? definition.path}${modifier}`
  const success = mount.permanent && definition.verb === 'PUT' && definition.path === '' ? [204] : definition.success
  return { definition, mount, content, verb: definition.verb, path, success }
}
