/**
 * operationIds and semantic ids of endpoints (Part 2, release 3.1.2). The official names follow a rule with exceptions;
 * errors of the official documents are included, as clients are generated from these.
 */

import type { ApiEndpoint } from './mounts.ts'
import type { Content } from './request-query.ts'
import type { OperationName } from './table.ts'

/** The operationId of the standard: operation, content and mount; or an exception. */
export function operationIdOf(endpoint: ApiEndpoint, service: string): string {
  const { definition, mount, content } = endpoint
  const exception = exceptional(operationIds, endpoint, service)
  if (exception !== undefined) return exception
  const isRoot = definition.path === ''
  const byId = isRoot && ID_IN_PATH.has(mount.path) && !definition.name.endsWith('ById') ? 'ById' : ''
  return `${definition.name}${byId}${CONTENT_SUFFIX[content]}${mountSuffix(mount.path, isRoot, content)}`
}

/** The semantic ids of the standard: of the operation and its filters, with release `/3/1`. */
export function semanticIdsOf(endpoint: ApiEndpoint, service: string): string[] {
  const { definition, mount } = endpoint
  if (definition.own) return []
  const byId = definition.path === '' && ID_IN_PATH.has(mount.path) && !definition.name.endsWith('ById') ? 'ById' : ''
  const name = exceptional(semanticNames, endpoint, service) ?? `${definition.name}${byId}`
  const release = definition.since32 ? '3/2' : '3/1'
  return [name, ...(definition.also ?? [])].map((each) => `https://admin-shell.io/aas/API/${each}/${release}`)
}

const CONTENT_SUFFIX: Readonly<Record<Content, string>> = {
  normal: '',
  metadata: '-Metadata',
  value: '-ValueOnly',
  reference: '-Reference',
  path: '-Path'
}

/** Mounts of one resource of a collection. */
const ID_IN_PATH: ReadonlySet<string> = new Set([
  '/shells/{aasIdentifier}',
  '/submodels/{submodelIdentifier}',
  '/shells/{aasIdentifier}/submodels/{submodelIdentifier}',
  '/aas/submodels/{submodelIdentifier}'
])

function mountSuffix(mount: string, isRoot: boolean, content: Content): string {
  if (mount === '/shells/{aasIdentifier}/submodels/{submodelIdentifier}') return '_AasRepository'
  if (mount === '/shells/{aasIdentifier}') return isRoot && content === 'normal' ? '' : '_AasRepository'
  if (mount === '/submodels/{submodelIdentifier}') return isRoot ? '' : '_SubmodelRepo'
  return ''
}

/** By operation, then by mount, by `mount content`, or by service if the mount is ambiguous. */
type Exceptions = Readonly<Partial<Record<OperationName, Readonly<Record<string, string>>>>>

function exceptional(
  all: Exceptions,
  { definition, mount, content }: ApiEndpoint,
  service: string
): string | undefined {
  const own = all[definition.name]
  return own?.[`${mount.path} ${content}`] ?? own?.[mount.path] ?? own?.[service]
}

const BELOW_REPOSITORY = '/shells/{aasIdentifier}/submodels/{submodelIdentifier}'
const BELOW_AAS = '/aas/submodels/{submodelIdentifier}'
const REPOSITORY = '/submodels/{submodelIdentifier}'

const operationIds: Exceptions = {
  PatchSubmodel: {
    [`${BELOW_REPOSITORY} normal`]: 'PatchSubmodel_AasRepository',
    [`${BELOW_AAS} metadata`]: 'PatchSubmodelByIdMetadata'
  },
  GetAllSubmodelElements: {
    [`${REPOSITORY} normal`]: 'GetAllSubmodelElements',
    [`${BELOW_AAS} reference`]: 'GetAllSubmodelElementsReference',
    [`${BELOW_AAS} path`]: 'GetAllSubmodelElementsPath'
  },
  PatchSubmodelElementByPath: {
    [`${BELOW_REPOSITORY} normal`]: 'PatchSubmodelElementValueByPath_AasRepository',
    [`${BELOW_REPOSITORY} metadata`]: 'PatchSubmodelElementValueByPath-Metadata',
    [`${BELOW_REPOSITORY} value`]: 'PatchSubmodelElementValueByPath-ValueOnly',
    [`${BELOW_AAS} normal`]: 'PatchSubmodelElementValueByPath',
    [`${BELOW_AAS} metadata`]: 'PatchSubmodelElementValueByPath-Metadata',
    [`${BELOW_AAS} value`]: 'PatchSubmodelElementValueByPathValueOnly'
  },
  InvokeOperationSync: {
    '/submodel normal': 'InvokeOperation',
    [`${REPOSITORY} normal`]: 'InvokeOperation_SubmodelRepo',
    [`${REPOSITORY} value`]: 'InvokeOperation-ValueOnly',
    [`${BELOW_REPOSITORY} normal`]: 'InvokeOperation_AasRepository',
    [`${BELOW_REPOSITORY} value`]: 'InvokeOperation-ValueOnly_AasRepository'
  },
  InvokeOperationAsync: {
    [`${REPOSITORY} normal`]: 'InvokeOperationAsync',
    [`${REPOSITORY} value`]: 'InvokeOperationAsync-ValueOnly'
  },
  GetOperationAsyncStatus: { [REPOSITORY]: 'GetOperationAsyncStatus' },
  GetOperationAsyncResult: {
    [`${REPOSITORY} normal`]: 'GetOperationAsyncResult',
    [`${REPOSITORY} value`]: 'GetOperationAsyncResult-ValueOnly'
  },
  PostSubmodelDescriptorThroughSuperpath: {
    '/shell-descriptors/{aasIdentifier}': 'PostSubmodelDescriptor-ThroughSuperpath'
  },
  GetBulkAsyncStatus: { AssetAdministrationShellRegistryServiceSpecification: 'GetAsyncBulkStatus' }
}

const semanticNames: Exceptions = {
  GetAssetAdministrationShell: { '/aas reference': 'GetAssetAdministrationShel' },
  GetSubmodel: {
    '/submodel value': 'GetSubmodelById',
    '/submodel path': 'GetSubmodelById',
    [BELOW_REPOSITORY]: 'GetSubmodel'
  },
  PatchSubmodel: { [BELOW_REPOSITORY]: 'PatchSubmodel' },
  PatchSubmodelElementByPath: {
    '/submodel normal': 'PatchSubmodelById',
    [`${REPOSITORY} normal`]: 'PatchSubmodelById'
  },
  GetAllSubmodelDescriptorsThroughSuperpath: { '/shell-descriptors/{aasIdentifier}': 'GetAllSubmodelDescriptors' },
  PostSubmodelDescriptorThroughSuperpath: { '/shell-descriptors/{aasIdentifier}': 'PostSubmodelDescriptor' },
  GetSubmodelDescriptorByIdThroughSuperpath: { '/shell-descriptors/{aasIdentifier}': 'GetSubmodelDescriptorById' },
  PutSubmodelDescriptorByIdThroughSuperpath: { '/shell-descriptors/{aasIdentifier}': 'PutSubmodelDescriptorById' },
  DeleteSubmodelDescriptorByIdThroughSuperpath: {
    '/shell-descriptors/{aasIdentifier}': 'DeleteSubmodelDescriptorById'
  },
  GetBulkAsyncStatus: { AssetAdministrationShellRegistryServiceSpecification: 'GetAsyncBulkStatus' }
}
