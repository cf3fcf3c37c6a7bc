/** The 27 profiles of Part 2, release 3.1.2, what release 3.2 adds to them, and the endpoints that each contains. */
import type { Service } from './api-request.ts'
import { type ApiEndpoint, endpoints } from './mounts.ts'
import { operationIdOf, semanticIdsOf } from './names.ts'
import type { Content } from './request-query.ts'
import { isExecution, isReadOnly } from './required-right.ts'
import type { OperationName } from './table.ts'

export interface Profile {
  /** e.g. `SubmodelRepositoryServiceSpecification` */
  readonly service: string
  /** e.g. `SSP-001` */
  readonly number: string
  readonly has: (endpoint: ApiEndpoint) => boolean
  /** Already part of release 3.0: clients of 3.0 look for it under `/3/0/`. */
  readonly since30?: true
  /** What release 3.2 adds. */
  readonly adds32?: readonly OperationName[]
}

/** An operation as one profile describes it. */
export interface ProfileOperation {
  readonly endpoint: ApiEndpoint
  readonly operationId: string
  readonly semanticIds: readonly string[]
}

const AAS_SERVICE = 'AssetAdministrationShellServiceSpecification'
const SUBMODEL_SERVICE = 'SubmodelServiceSpecification'
const AASX_SERVER = 'AasxFileServerServiceSpecification'
const AAS_REGISTRY = 'AssetAdministrationShellRegistryServiceSpecification'
const SUBMODEL_REGISTRY = 'SubmodelRegistryServiceSpecification'
const DISCOVERY = 'DiscoveryServiceSpecification'
const AAS_REPOSITORY = 'AssetAdministrationShellRepositoryServiceSpecification'
const SUBMODEL_REPOSITORY = 'SubmodelRepositoryServiceSpecification'
const CONCEPTS = 'ConceptDescriptionRepositoryServiceSpecification'

const aas = at('/aas', '/aas/submodels/{submodelIdentifier}', '/serialization')
const submodel = at('/submodel', '/serialization')
const packages = at('/packages', '/packages/{packageId}')
const shellDescriptors = at('/shell-descriptors', '/shell-descriptors/{aasIdentifier}')
const submodelDescriptors = at('/submodel-descriptors', '/submodel-descriptors/{submodelIdentifier}')
const bulkJobs = rows('GetBulkAsyncStatus', 'GetBulkAsyncResult')
const lookup = at('/lookup')
const shells = at(
  '/shells',
  '/shells/{aasIdentifier}',
  '/shells/{aasIdentifier}/submodels/{submodelIdentifier}',
  '/serialization'
)
const submodels = at('/submodels', '/submodels/{submodelIdentifier}', '/serialization')
const concepts = at('/concept-descriptions', '/concept-descriptions/{cdIdentifier}', '/serialization')

export const profiles: readonly Profile[] = [
  { service: AAS_SERVICE, number: 'SSP-001', has: aas, since30: true },
  { service: AAS_SERVICE, number: 'SSP-002', has: reads(aas), since30: true },
  { service: SUBMODEL_SERVICE, number: 'SSP-001', has: submodel, since30: true },
  { service: SUBMODEL_SERVICE, number: 'SSP-002', has: reads(submodel), since30: true },
  { service: SUBMODEL_SERVICE, number: 'SSP-003', has: valuesOf(submodel), since30: true },
  { service: AASX_SERVER, number: 'SSP-001', has: packages, since30: true },
  {
    service: AAS_REGISTRY,
    number: 'SSP-001',
    has: shellDescriptors,
    since30: true,
    adds32: ['GetAllAssetAdministrationShellDescriptorsRecentChanges']
  },
  { service: AAS_REGISTRY, number: 'SSP-002', has: reads(shellDescriptors), since30: true },
  {
    service: AAS_REGISTRY,
    number: 'SSP-003',
    has: either(
      rows(
        'CreateBulkAssetAdministrationShellDescriptors',
        'PutBulkAssetAdministrationShellDescriptorsById',
        'DeleteBulkAssetAdministrationShellDescriptorsById'
      ),
      bulkJobs
    )
  },
  { service: AAS_REGISTRY, number: 'SSP-004', has: rows('QueryAssetAdministrationShellDescriptors') },
  {
    service: AAS_REGISTRY,
    number: 'SSP-005',
    has: rows('GetAllAssetAdministrationShellDescriptors', 'GetAssetAdministrationShellDescriptorById')
  },
  { service: SUBMODEL_REGISTRY, number: 'SSP-001', has: submodelDescriptors, since30: true },
  { service: SUBMODEL_REGISTRY, number: 'SSP-002', has: reads(submodelDescriptors), since30: true },
  {
    service: SUBMODEL_REGISTRY,
    number: 'SSP-003',
    has: either(
      rows('CreateBulkSubmodelDescriptors', 'PutBulkSubmodelDescriptorsById', 'DeleteBulkSubmodelDescriptorsById'),
      bulkJobs
    )
  },
  { service: SUBMODEL_REGISTRY, number: 'SSP-004', has: rows('QuerySubmodelDescriptors') },
  { service: DISCOVERY, number: 'SSP-001', has: lookup, since30: true },
  {
    service: DISCOVERY,
    number: 'SSP-002',
    has: rows('SearchAllAssetAdministrationShellIdsByAssetLink', 'GetAllAssetLinksById')
  },
  {
    service: AAS_REPOSITORY,
    number: 'SSP-001',
    has: shells,
    since30: true,
    adds32: ['GetAllAssetAdministrationShellsRecentChanges']
  },
  { service: AAS_REPOSITORY, number: 'SSP-002', has: reads(shells), since30: true },
  { service: AAS_REPOSITORY, number: 'SSP-003', has: rows('QueryAssetAdministrationShells') },
  {
    service: SUBMODEL_REPOSITORY,
    number: 'SSP-001',
    has: submodels,
    since30: true,
    adds32: ['GetAllSubmodelsRecentChanges']
  },
  { service: SUBMODEL_REPOSITORY, number: 'SSP-002', has: reads(submodels), since30: true },
  { service: SUBMODEL_REPOSITORY, number: 'SSP-003', has: templatesOf(submodels), since30: true },
  { service: SUBMODEL_REPOSITORY, number: 'SSP-004', has: reads(templatesOf(submodels)), since30: true },
  { service: SUBMODEL_REPOSITORY, number: 'SSP-005', has: rows('QuerySubmodels') },
  {
    service: CONCEPTS,
    number: 'SSP-001',
    has: concepts,
    since30: true,
    adds32: ['GetAllConceptDescriptionsRecentChanges']
  },
  { service: CONCEPTS, number: 'SSP-002', has: rows('QueryConceptDescriptions') }
]

/** The profiles that release 3.2 adds. */
export const profiles32: readonly Profile[] = [
  {
    service: AASX_SERVER,
    number: 'SSP-002',
    has: rows('PostAsyncAASXPackage', 'GetAasxAsyncStatus', 'GetAasxAsyncResult')
  },
  { service: AAS_REPOSITORY, number: 'SSP-004', has: rows('GetAssetAdministrationShellByIdSigned') },
  { service: AAS_REPOSITORY, number: 'SSP-005', has: wholes },
  { service: AAS_REPOSITORY, number: 'SSP-006', has: rows('GetAssetAdministrationShellVersionByIdAndDate') },
  { service: SUBMODEL_REPOSITORY, number: 'SSP-006', has: rows('GetSubmodelByIdSigned') },
  { service: SUBMODEL_REPOSITORY, number: 'SSP-007', has: rows('GetSubmodelByIdAndDate') },
  { service: CONCEPTS, number: 'SSP-003', has: rows('GetConceptDescriptionByIdSigned') }
]

/** The URI of a profile in `/description`. */
export function profileUri({ service, number }: Profile, release = '3/1'): string {
  return `https://admin-shell.io/aas/API/${release}/${service}/${number}`
}

/** The operations of a profile; each also has GET /description. */
export function operationsOf(profile: Profile, release: '3/1' | '3/2' = '3/1'): readonly ProfileOperation[] {
  const { has, adds32 = [] } = profile
  const isIn = either(has, rows('GetSelfDescription', ...(release === '3/2' ? adds32 : [])))
  return endpoints.filter(isIn).map((endpoint) => ({
    endpoint,
    operationId: operationIdOf(endpoint, profile.service),
    semanticIds: semanticIdsOf(endpoint, profile.service)
  }))
}

/** Whether an endpoint belongs to a service with a base URL of its own. */
export const serviceEndpoints: Readonly<Record<Service, (endpoint: ApiEndpoint) => boolean>> = {
  aas: either(aas, rows('GetSelfDescription')),
  submodel: either(submodel, rows('GetSelfDescription')),
  templates: either(templatesOf(submodels), rows('GetSelfDescription'))
}

/** At which address a profile is served: a template repository refuses instances, so it has its own [AASa-003, AASa-004]. */
function homeOf({ service, number }: Profile): 'hub' | Service {
  if (service === AAS_SERVICE) return 'aas'
  if (service === SUBMODEL_SERVICE) return 'submodel'
  return service === SUBMODEL_REPOSITORY && ['SSP-003', 'SSP-004'].includes(number) ? 'templates' : 'hub'
}

/**
 * URIs of the profiles that are served at an address, under their releases: a 3.0 client compares them as text (Part 2,
 * "Self-Description").
 */
export function profilesServedBy(home: 'hub' | Service): string[] {
  const served = profiles.filter((profile) => homeOf(profile) === home)
  const older = served.filter(({ since30 }) => since30)
  const later = [...served, ...profiles32.filter((profile) => homeOf(profile) === home)]
  return [
    ...served.map((profile) => profileUri(profile)),
    ...older.map((profile) => profileUri(profile, '3/0')),
    ...later.map((profile) => profileUri(profile, '3/2'))
  ]
}

function at(...paths: string[]): Profile['has'] {
  return ({ mount }) => paths.includes(mount.path)
}

function rows(...names: OperationName[]): Profile['has'] {
  return ({ definition }) => names.includes(definition.name)
}

function either(...choices: Profile['has'][]): Profile['has'] {
  return (endpoint) => choices.some((has) => has(endpoint))
}

/** The read profile of a service: what changes nothing and starts nothing. */
function reads(has: Profile['has']): Profile['has'] {
  return (endpoint) => has(endpoint) && endpoint.definition.verb === 'GET' && isReadOnly(endpoint.definition)
}

/** The identifiable profile: shells, their submodels and files, each as a whole. */
function wholes({ definition, mount, content }: ApiEndpoint): boolean {
  const { on, path, verb } = definition
  if (content !== 'normal' || !mount.path.startsWith('/shells/{aasIdentifier}')) return false
  if (on === 'Shell') return true
  return on === 'Submodel' && ((path === '' && verb !== 'PATCH') || path.endsWith('/attachment'))
}

/** The value profile: reading the whole, and invoking. */
function valuesOf(has: Profile['has']): Profile['has'] {
  return (endpoint) =>
    has(endpoint) &&
    (endpoint.definition.name === 'InvokeOperationSync' ||
      (endpoint.definition.name === 'GetSubmodel' && ['normal', 'value'].includes(endpoint.content)))
}

/** The template profiles: no operations, and of submodels as a whole no references and no paths. */
function templatesOf(has: Profile['has']): Profile['has'] {
  const contents: Readonly<Partial<Record<OperationName, readonly Content[]>>> = {
    GetAllSubmodels: ['normal', 'metadata', 'value'],
    GetSubmodel: ['normal', 'metadata'],
    PatchSubmodel: ['normal', 'metadata'],
    GetAllSubmodelElements: ['normal', 'metadata']
  }
  return (endpoint) =>
    has(endpoint) &&
    !isExecution(endpoint.definition) &&
    (contents[endpoint.definition.name] ?? [endpoint.content]).includes(endpoint.content)
}
