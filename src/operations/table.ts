/**
 * The operations of Part 2 (IDTA-01002), release 3.1.2, as one table. A row defines an operation of an interface;
 * mounts.ts defines where the interface is mounted, profiles.ts which profiles contain it. The 224 method-and-path pairs
 * of the standard are rows × mounts × contents.
 */
import type { RequiredRight } from '../security/rights.ts'
import type { Content, RequestQuery } from './request-query.ts'

export type Verb = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** The interfaces of Part 2, and the hub's own. */
export type Interface =
  | 'Shells'
  | 'Shell'
  | 'Submodels'
  | 'Submodel'
  | 'ConceptDescriptions'
  | 'ConceptDescription'
  | 'ShellDescriptors'
  | 'ShellDescriptor'
  | 'SubmodelDescriptors'
  | 'SubmodelDescriptor'
  | 'Bulk'
  | 'Discovery'
  | 'Packages'
  | 'Package'
  | 'Queries'
  | 'Serialization'
  | 'Description'
  | 'Upload'
  | 'Check'
  | 'Validation'
  | 'Validations'
  | 'Schema'
  | 'ShellChanges'
  | 'SubmodelChanges'
  | 'ConceptDescriptionChanges'
  | 'ShellDescriptorChanges'
  | 'ShellHistory'
  | 'SubmodelHistory'
  | 'ShellSigned'
  | 'SubmodelSigned'
  | 'ConceptDescriptionSigned'
  | 'AsyncPackages'

export interface OperationDefinition {
  /** Name in the standard, without the suffixes of mounts and contents. */
  readonly name: string
  readonly verb: Verb
  readonly on: Interface
  /** Path below the mount of the interface; a content modifier is appended to it (`/$value`). */
  readonly path: string
  /** Content modifiers; absent: normal only. */
  readonly contents?: readonly Content[]
  /** Query parameters. */
  readonly query?: readonly (keyof RequestQuery)[]
  /** Class of the JSON body, `[]` for an array; `file` for a form with a file. Absent: no body. */
  readonly takes?: string
  /** Class of the response body, `[]` for an array; `file` for bytes. Absent: no body. */
  readonly gives?: string
  /** Media types of the response; absent: JSON. */
  readonly media?: readonly string[]
  /** The response is a page of `gives`. */
  readonly paged?: true
  /** Statuses of success; a mount may restrict them. */
  readonly success: readonly number[]
  /** What Part 4 calls the right of the operation; `rightOf` knows what contents and mounts change. */
  readonly right: RequiredRight
  /** Further names in the standard, e.g. for a filter. */
  readonly also?: readonly string[]
  /** Came with release 3.2, and is in no profile of 3.1. */
  readonly since32?: true
  /** An extension of the hub: in no profile, without semantic id. */
  readonly own?: true
}

/** Stored files have any media type. */
const ANY = ['application/octet-stream'] as const
const FIVE = ['normal', 'metadata', 'value', 'reference', 'path'] as const
const PAGE = ['limit', 'cursor'] as const
const SHAPE = ['level', 'extent'] as const
const CREATE_OR_UPDATE = { absent: 'CREATE', present: 'UPDATE' } as const
/** The state and the result of an invocation. */
const READ_OR_EXECUTE = { either: ['READ', 'EXECUTE'] } as const
/** The state and the result of an upload. */
const READ_OR_CREATE = { either: ['READ', 'CREATE'] } as const

export const table = [
  // ---- AAS Repository
  {
    name: 'GetAllAssetAdministrationShells',
    verb: 'GET',
    on: 'Shells',
    path: '',
    contents: ['normal', 'reference'],
    query: ['assetIds', 'idShort', ...PAGE],
    gives: 'AssetAdministrationShell',
    paged: true,
    success: [200],
    right: 'READ',
    also: ['GetAllAssetAdministrationShellsByAssetId', 'GetAllAssetAdministrationShellsByIdShort']
  },
  {
    name: 'PostAssetAdministrationShell',
    verb: 'POST',
    on: 'Shells',
    path: '',
    takes: 'AssetAdministrationShell',
    gives: 'AssetAdministrationShell',
    success: [201],
    right: 'CREATE'
  },
  {
    name: 'DeleteAssetAdministrationShellById',
    verb: 'DELETE',
    on: 'Shell',
    path: '',
    success: [204],
    right: 'DELETE'
  },

  // ---- AAS interface: /aas, /shells/{aasIdentifier}
  {
    name: 'GetAssetAdministrationShell',
    verb: 'GET',
    on: 'Shell',
    path: '',
    contents: ['normal', 'reference'],
    gives: 'AssetAdministrationShell',
    success: [200],
    right: 'READ'
  },
  {
    name: 'PutAssetAdministrationShell',
    verb: 'PUT',
    on: 'Shell',
    path: '',
    takes: 'AssetAdministrationShell',
    gives: 'AssetAdministrationShell',
    success: [201, 204],
    right: CREATE_OR_UPDATE
  },
  {
    name: 'GetAssetInformation',
    verb: 'GET',
    on: 'Shell',
    path: '/asset-information',
    gives: 'AssetInformation',
    success: [200],
    right: 'READ'
  },
  {
    name: 'PutAssetInformation',
    verb: 'PUT',
    on: 'Shell',
    path: '/asset-information',
    takes: 'AssetInformation',
    success: [204],
    right: 'UPDATE'
  },
  {
    name: 'GetThumbnail',
    verb: 'GET',
    on: 'Shell',
    path: '/asset-information/thumbnail',
    gives: 'file',
    success: [200],
    right: 'READ',
    media: ANY
  },
  {
    name: 'PutThumbnail',
    verb: 'PUT',
    on: 'Shell',
    path: '/asset-information/thumbnail',
    takes: 'file',
    success: [204],
    right: 'UPDATE'
  },
  {
    name: 'DeleteThumbnail',
    verb: 'DELETE',
    on: 'Shell',
    path: '/asset-information/thumbnail',
    success: [204],
    right: 'DELETE'
  },
  {
    name: 'GetAllSubmodelReferences',
    verb: 'GET',
    on: 'Shell',
    path: '/submodel-refs',
    query: PAGE,
    gives: 'Reference',
    paged: true,
    success: [200],
    right: 'VIEW'
  },
  {
    name: 'PostSubmodelReference',
    verb: 'POST',
    on: 'Shell',
    path: '/submodel-refs',
    takes: 'Reference',
    gives: 'Reference',
    success: [201],
    right: 'CREATE'
  },
  {
    name: 'DeleteSubmodelReference',
    verb: 'DELETE',
    on: 'Shell',
    path: '/submodel-refs/{submodelIdentifier}',
    success: [204],
    right: 'DELETE'
  },

  // ---- Submodel Repository
  {
    name: 'GetAllSubmodels',
    verb: 'GET',
    on: 'Submodels',
    path: '',
    contents: FIVE,
    query: ['semanticId', 'idShort', ...PAGE, ...SHAPE],
    gives: 'Submodel',
    paged: true,
    success: [200],
    right: 'READ',
    also: ['GetAllSubmodelsBySemanticId', 'GetAllSubmodelsByIdShort']
  },
  {
    name: 'PostSubmodel',
    verb: 'POST',
    on: 'Submodels',
    path: '',
    takes: 'Submodel',
    gives: 'Submodel',
    success: [201],
    right: 'CREATE'
  },

  // ---- Submodel interface: /submodel, /submodels/{submodelIdentifier}, and both below a shell
  {
    name: 'GetSubmodel',
    verb: 'GET',
    on: 'Submodel',
    path: '',
    contents: FIVE,
    query: SHAPE,
    gives: 'Submodel',
    success: [200],
    right: 'READ'
  },
  {
    name: 'PutSubmodel',
    verb: 'PUT',
    on: 'Submodel',
    path: '',
    takes: 'Submodel',
    gives: 'Submodel',
    success: [201, 204],
    right: CREATE_OR_UPDATE
  },
  {
    name: 'PatchSubmodel',
    verb: 'PATCH',
    on: 'Submodel',
    path: '',
    contents: ['normal', 'metadata', 'value'],
    takes: 'Submodel',
    success: [204],
    right: 'UPDATE'
  },
  { name: 'DeleteSubmodel', verb: 'DELETE', on: 'Submodel', path: '', success: [204], right: 'DELETE' },
  {
    name: 'GetAllSubmodelElements',
    verb: 'GET',
    on: 'Submodel',
    path: '/submodel-elements',
    contents: FIVE,
    query: [...PAGE, ...SHAPE],
    gives: 'SubmodelElement',
    paged: true,
    success: [200],
    right: 'READ'
  },
  {
    name: 'PostSubmodelElement',
    verb: 'POST',
    on: 'Submodel',
    path: '/submodel-elements',
    takes: 'SubmodelElement',
    gives: 'SubmodelElement',
    success: [201],
    right: 'CREATE'
  },
  {
    name: 'GetSubmodelElementByPath',
    verb: 'GET',
    on: 'Submodel',
    path: '/submodel-elements/{idShortPath}',
    contents: FIVE,
    query: SHAPE,
    gives: 'SubmodelElement',
    success: [200],
    right: 'READ'
  },
  {
    name: 'PostSubmodelElementByPath',
    verb: 'POST',
    on: 'Submodel',
    path: '/submodel-elements/{idShortPath}',
    takes: 'SubmodelElement',
    gives: 'SubmodelElement',
    success: [201],
    right: 'CREATE'
  },
  {
    name: 'PutSubmodelElementByPath',
    verb: 'PUT',
    on: 'Submodel',
    path: '/submodel-elements/{idShortPath}',
    takes: 'SubmodelElement',
    gives: 'SubmodelElement',
    success: [201, 204],
    right: CREATE_OR_UPDATE
  },
  {
    name: 'PatchSubmodelElementByPath',
    verb: 'PATCH',
    on: 'Submodel',
    path: '/submodel-elements/{idShortPath}',
    contents: ['normal', 'metadata', 'value'],
    takes: 'SubmodelElement',
    success: [204],
    right: 'UPDATE'
  },
  {
    name: 'DeleteSubmodelElementByPath',
    verb: 'DELETE',
    on: 'Submodel',
    path: '/submodel-elements/{idShortPath}',
    success: [204],
    right: 'DELETE'
  },
  {
    name: 'GetFileByPath',
    verb: 'GET',
    on: 'Submodel',
    path: '/submodel-elements/{idShortPath}/attachment',
    gives: 'file',
    success: [200],
    right: 'READ',
    media: ANY
  },
  {
    name: 'PutFileByPath',
    verb: 'PUT',
    on: 'Submodel',
    path: '/submodel-elements/{idShortPath}/attachment',
    takes: 'file',
    success: [204],
    right: 'UPDATE'
  },
  {
    name: 'DeleteFileByPath',
    verb: 'DELETE',
    on: 'Submodel',
    path: '/submodel-elements/{idShortPath}/attachment',
    success: [200],
    right: 'DELETE'
  },
  {
    name: 'InvokeOperationSync',
    verb: 'POST',
    on: 'Submodel',
    path: '/submodel-elements/{idShortPath}/invoke',
    contents: ['normal', 'value'],
    takes: 'OperationRequest',
    gives: 'OperationResult',
    success: [200],
    right: 'EXECUTE'
  },
  {
    name: 'InvokeOperationAsync',
    verb: 'POST',
    on: 'Submodel',
    path: '/submodel-elements/{idShortPath}/invoke-async',
    contents: ['normal', 'value'],
    takes: 'OperationRequest',
    success: [202],
    right: 'EXECUTE'
  },
  {
    name: 'GetOperationAsyncStatus',
    verb: 'GET',
    on: 'Submodel',
    path: '/submodel-elements/{idShortPath}/operation-status/{handleId}',
    gives: 'BaseOperationResult',
    success: [200, 302],
    right: READ_OR_EXECUTE
  },
  {
    name: 'GetOperationAsyncResult',
    verb: 'GET',
    on: 'Submodel',
    path: '/submodel-elements/{idShortPath}/operation-results/{handleId}',
    contents: ['normal', 'value'],
    gives: 'OperationResult',
    success: [200],
    right: READ_OR_EXECUTE
  },

  // ---- Concept Description Repository
  {
    name: 'GetAllConceptDescriptions',
    verb: 'GET',
    on: 'ConceptDescriptions',
    path: '',
    query: ['idShort', 'isCaseOf', 'dataSpecificationRef', ...PAGE],
    gives: 'ConceptDescription',
    paged: true,
    success: [200],
    right: 'READ',
    also: [
      'GetAllConceptDescriptionsByIdShort',
      'GetAllConceptDescriptionsByIsCaseOf',
      'GetAllConceptDescriptionsByDataSpecificationReference'
    ]
  },
  {
    name: 'PostConceptDescription',
    verb: 'POST',
    on: 'ConceptDescriptions',
    path: '',
    takes: 'ConceptDescription',
    gives: 'ConceptDescription',
    success: [201],
    right: 'CREATE'
  },
  {
    name: 'GetConceptDescriptionById',
    verb: 'GET',
    on: 'ConceptDescription',
    path: '',
    gives: 'ConceptDescription',
    success: [200],
    right: 'READ'
  },
  {
    name: 'PutConceptDescriptionById',
    verb: 'PUT',
    on: 'ConceptDescription',
    path: '',
    takes: 'ConceptDescription',
    gives: 'ConceptDescription',
    success: [201, 204],
    right: CREATE_OR_UPDATE
  },
  {
    name: 'DeleteConceptDescriptionById',
    verb: 'DELETE',
    on: 'ConceptDescription',
    path: '',
    success: [204],
    right: 'DELETE'
  },

  // ---- AAS Registry
  {
    name: 'GetAllAssetAdministrationShellDescriptors',
    verb: 'GET',
    on: 'ShellDescriptors',
    path: '',
    query: [...PAGE, 'assetKind', 'assetType', 'assetIds', 'createdFrom', 'updatedFrom'],
    gives: 'AssetAdministrationShellDescriptor',
    paged: true,
    success: [200],
    right: 'VIEW',
    also: ['GetAllAssetAdministrationShellDescriptorsByAssetType']
  },
  {
    name: 'PostAssetAdministrationShellDescriptor',
    verb: 'POST',
    on: 'ShellDescriptors',
    path: '',
    takes: 'AssetAdministrationShellDescriptor',
    gives: 'AssetAdministrationShellDescriptor',
    success: [201],
    right: 'CREATE'
  },
  {
    name: 'GetAssetAdministrationShellDescriptorById',
    verb: 'GET',
    on: 'ShellDescriptor',
    path: '',
    gives: 'AssetAdministrationShellDescriptor',
    success: [200],
    right: 'VIEW'
  },
  {
    name: 'PutAssetAdministrationShellDescriptorById',
    verb: 'PUT',
    on: 'ShellDescriptor',
    path: '',
    takes: 'AssetAdministrationShellDescriptor',
    gives: 'AssetAdministrationShellDescriptor',
    success: [201, 204],
    right: CREATE_OR_UPDATE
  },
  {
    name: 'DeleteAssetAdministrationShellDescriptorById',
    verb: 'DELETE',
    on: 'ShellDescriptor',
    path: '',
    success: [204],
    right: 'DELETE'
  },
  {
    name: 'GetAllSubmodelDescriptorsThroughSuperpath',
    verb: 'GET',
    on: 'ShellDescriptor',
    path: '/submodel-descriptors',
    query: PAGE,
    gives: 'SubmodelDescriptor',
    paged: true,
    success: [200],
    right: 'VIEW'
  },
  {
    name: 'PostSubmodelDescriptorThroughSuperpath',
    verb: 'POST',
    on: 'ShellDescriptor',
    path: '/submodel-descriptors',
    takes: 'SubmodelDescriptor',
    gives: 'SubmodelDescriptor',
    success: [201],
    right: 'CREATE'
  },
  {
    name: 'GetSubmodelDescriptorByIdThroughSuperpath',
    verb: 'GET',
    on: 'ShellDescriptor',
    path: '/submodel-descriptors/{submodelIdentifier}',
    gives: 'SubmodelDescriptor',
    success: [200],
    right: 'VIEW'
  },
  {
    name: 'PutSubmodelDescriptorByIdThroughSuperpath',
    verb: 'PUT',
    on: 'ShellDescriptor',
    path: '/submodel-descriptors/{submodelIdentifier}',
    takes: 'SubmodelDescriptor',
    gives: 'SubmodelDescriptor',
    success: [201, 204],
    right: CREATE_OR_UPDATE
  },
  {
    name: 'DeleteSubmodelDescriptorByIdThroughSuperpath',
    verb: 'DELETE',
    on: 'ShellDescriptor',
    path: '/submodel-descriptors/{submodelIdentifier}',
    success: [204],
    right: 'DELETE'
  },

  // ---- Submodel Registry
  {
    name: 'GetAllSubmodelDescriptors',
    verb: 'GET',
    on: 'SubmodelDescriptors',
    path: '',
    query: PAGE,
    gives: 'SubmodelDescriptor',
    paged: true,
    success: [200],
    right: 'VIEW'
  },
  {
    name: 'PostSubmodelDescriptor',
    verb: 'POST',
    on: 'SubmodelDescriptors',
    path: '',
    takes: 'SubmodelDescriptor',
    gives: 'SubmodelDescriptor',
    success: [201],
    right: 'CREATE'
  },
  {
    name: 'GetSubmodelDescriptorById',
    verb: 'GET',
    on: 'SubmodelDescriptor',
    path: '',
    gives: 'SubmodelDescriptor',
    success: [200],
    right: 'VIEW'
  },
  {
    name: 'PutSubmodelDescriptorById',
    verb: 'PUT',
    on: 'SubmodelDescriptor',
    path: '',
    takes: 'SubmodelDescriptor',
    gives: 'SubmodelDescriptor',
    success: [201, 204],
    right: CREATE_OR_UPDATE
  },
  {
    name: 'DeleteSubmodelDescriptorById',
    verb: 'DELETE',
    on: 'SubmodelDescriptor',
    path: '',
    success: [204],
    right: 'DELETE'
  },

  // ---- Bulk registration, shared by both registries
  {
    name: 'CreateBulkAssetAdministrationShellDescriptors',
    verb: 'POST',
    on: 'Bulk',
    path: '/shell-descriptors',
    takes: 'AssetAdministrationShellDescriptor[]',
    success: [202],
    right: 'CREATE'
  },
  {
    name: 'PutBulkAssetAdministrationShellDescriptorsById',
    verb: 'PUT',
    on: 'Bulk',
    path: '/shell-descriptors',
    takes: 'AssetAdministrationShellDescriptor[]',
    success: [202],
    right: CREATE_OR_UPDATE
  },
  {
    name: 'DeleteBulkAssetAdministrationShellDescriptorsById',
    verb: 'DELETE',
    on: 'Bulk',
    path: '/shell-descriptors',
    takes: 'Identifier[]',
    success: [202],
    right: 'DELETE'
  },
  {
    name: 'CreateBulkSubmodelDescriptors',
    verb: 'POST',
    on: 'Bulk',
    path: '/submodel-descriptors',
    takes: 'SubmodelDescriptor[]',
    success: [202],
    right: 'CREATE'
  },
  {
    name: 'PutBulkSubmodelDescriptorsById',
    verb: 'PUT',
    on: 'Bulk',
    path: '/submodel-descriptors',
    takes: 'SubmodelDescriptor[]',
    success: [202],
    right: CREATE_OR_UPDATE
  },
  {
    name: 'DeleteBulkSubmodelDescriptorsById',
    verb: 'DELETE',
    on: 'Bulk',
    path: '/submodel-descriptors',
    takes: 'Identifier[]',
    success: [202],
    right: 'DELETE'
  },
  {
    name: 'GetBulkAsyncStatus',
    verb: 'GET',
    on: 'Bulk',
    path: '/status/{handleId}',
    gives: 'BaseOperationResult',
    success: [200, 302],
    right: 'READ'
  },
  { name: 'GetBulkAsyncResult', verb: 'GET', on: 'Bulk', path: '/result/{handleId}', success: [204], right: 'READ' },

  // ---- Discovery
  {
    name: 'GetAllAssetAdministrationShellIdsByAssetLink',
    verb: 'GET',
    on: 'Discovery',
    path: '/shells',
    query: ['assetIds', ...PAGE],
    gives: 'Identifier',
    paged: true,
    success: [200],
    right: 'VIEW'
  },
  {
    name: 'SearchAllAssetAdministrationShellIdsByAssetLink',
    verb: 'POST',
    on: 'Discovery',
    path: '/shellsByAssetLink',
    query: PAGE,
    takes: 'AssetLink[]',
    gives: 'Identifier',
    paged: true,
    success: [200],
    right: 'VIEW'
  },
  {
    name: 'GetAllAssetLinksById',
    verb: 'GET',
    on: 'Discovery',
    path: '/shells/{aasIdentifier}',
    gives: 'SpecificAssetId[]',
    success: [200],
    right: 'VIEW'
  },
  {
    name: 'PostAllAssetLinksById',
    verb: 'POST',
    on: 'Discovery',
    path: '/shells/{aasIdentifier}',
    takes: 'SpecificAssetId[]',
    gives: 'SpecificAssetId[]',
    success: [201],
    right: CREATE_OR_UPDATE
  },
  {
    name: 'DeleteAllAssetLinksById',
    verb: 'DELETE',
    on: 'Discovery',
    path: '/shells/{aasIdentifier}',
    success: [204],
    right: 'DELETE'
  },

  // ---- AASX File Server
  {
    name: 'GetAllAASXPackageIds',
    verb: 'GET',
    on: 'Packages',
    path: '',
    query: ['aasId', ...PAGE],
    gives: 'PackageDescription',
    paged: true,
    success: [200],
    right: 'READ'
  },
  {
    name: 'PostAASXPackage',
    verb: 'POST',
    on: 'Packages',
    path: '',
    takes: 'file',
    gives: 'PackageDescription',
    success: [201],
    right: 'CREATE'
  },
  {
    name: 'GetAASXByPackageId',
    verb: 'GET',
    on: 'Package',
    path: '',
    gives: 'file',
    success: [200],
    right: 'READ',
    media: ['application/asset-administration-shell-package']
  },
  {
    name: 'PutAASXByPackageId',
    verb: 'PUT',
    on: 'Package',
    path: '',
    takes: 'file',
    gives: 'PackageDescription',
    success: [201, 204],
    right: CREATE_OR_UPDATE
  },
  { name: 'DeleteAASXByPackageId', verb: 'DELETE', on: 'Package', path: '', success: [204], right: 'DELETE' },

  // ---- Queries
  {
    name: 'QueryAssetAdministrationShells',
    verb: 'POST',
    on: 'Queries',
    path: '/shells',
    query: PAGE,
    takes: 'Query',
    gives: 'AssetAdministrationShell',
    paged: true,
    success: [200],
    right: 'READ'
  },
  {
    name: 'QuerySubmodels',
    verb: 'POST',
    on: 'Queries',
    path: '/submodels',
    query: PAGE,
    takes: 'Query',
    gives: 'Submodel',
    paged: true,
    success: [200],
    right: 'READ'
  },
  {
    name: 'QueryConceptDescriptions',
    verb: 'POST',
    on: 'Queries',
    path: '/concept-descriptions',
    query: PAGE,
    takes: 'Query',
    gives: 'ConceptDescription',
    paged: true,
    success: [200],
    right: 'READ',
    also: ['QueryConceptDescriptionIds']
  },
  {
    name: 'QueryAssetAdministrationShellDescriptors',
    verb: 'POST',
    on: 'Queries',
    path: '/shell-descriptors',
    query: PAGE,
    takes: 'Query',
    gives: 'AssetAdministrationShellDescriptor',
    paged: true,
    success: [200],
    right: 'READ'
  },
  {
    name: 'QuerySubmodelDescriptors',
    verb: 'POST',
    on: 'Queries',
    path: '/submodel-descriptors',
    query: PAGE,
    takes: 'Query',
    gives: 'SubmodelDescriptor',
    paged: true,
    success: [200],
    right: 'READ'
  },

  // ---- part of several interfaces
  {
    name: 'GenerateSerializationByIds',
    verb: 'GET',
    on: 'Serialization',
    path: '',
    query: ['aasIds', 'submodelIds', 'includeConceptDescriptions', 'version'],
    gives: 'file',
    success: [200],
    right: 'READ',
    media: [
      'application/json',
      'application/xml',
      'application/asset-administration-shell-package+xml',
      'application/asset-administration-shell-package+json'
    ]
  },
  {
    name: 'GetSelfDescription',
    verb: 'GET',
    on: 'Description',
    path: '',
    gives: 'ServiceDescription',
    success: [200],
    right: 'READ'
  },

  // ---- release 3.2
  {
    name: 'PostAsyncAASXPackage',
    verb: 'POST',
    on: 'AsyncPackages',
    path: '',
    takes: 'file',
    gives: 'OperationHandle',
    success: [202],
    right: 'CREATE',
    since32: true
  },
  {
    name: 'GetAasxAsyncStatus',
    verb: 'GET',
    on: 'AsyncPackages',
    path: '/{handleId}',
    gives: 'BaseOperationResult',
    success: [200, 302],
    right: READ_OR_CREATE,
    since32: true
  },
  {
    name: 'GetAasxAsyncResult',
    verb: 'GET',
    on: 'AsyncPackages',
    path: '/result/{handleId}',
    gives: 'OperationResult',
    success: [200],
    right: READ_OR_CREATE,
    since32: true
  },
  {
    name: 'GetAllAssetAdministrationShellsRecentChanges',
    verb: 'GET',
    on: 'ShellChanges',
    path: '',
    query: ['assetIds', 'idShort', 'createdFrom', 'updatedFrom', ...PAGE],
    gives: 'RecentChange',
    paged: true,
    success: [200],
    right: 'READ',
    since32: true
  },
  {
    name: 'GetAllSubmodelsRecentChanges',
    verb: 'GET',
    on: 'SubmodelChanges',
    path: '',
    query: ['semanticId', 'idShort', 'createdFrom', 'updatedFrom', ...PAGE],
    gives: 'RecentChange',
    paged: true,
    success: [200],
    right: 'READ',
    since32: true
  },
  {
    name: 'GetAllConceptDescriptionsRecentChanges',
    verb: 'GET',
    on: 'ConceptDescriptionChanges',
    path: '',
    query: ['idShort', 'createdFrom', 'updatedFrom', ...PAGE],
    gives: 'RecentChange',
    paged: true,
    success: [200],
    right: 'READ',
    since32: true
  },
  {
    name: 'GetAllAssetAdministrationShellDescriptorsRecentChanges',
    verb: 'GET',
    on: 'ShellDescriptorChanges',
    path: '',
    query: ['assetIds', 'idShort', 'createdFrom', 'updatedFrom', ...PAGE],
    gives: 'RecentChange',
    paged: true,
    success: [200],
    right: 'VIEW',
    since32: true
  },
  {
    name: 'GetAssetAdministrationShellVersionByIdAndDate',
    verb: 'GET',
    on: 'ShellHistory',
    path: '',
    query: ['date'],
    gives: 'AssetAdministrationShell',
    success: [200],
    right: 'READ',
    since32: true
  },
  {
    name: 'GetSubmodelByIdAndDate',
    verb: 'GET',
    on: 'SubmodelHistory',
    path: '',
    contents: ['normal', 'value'],
    query: [...SHAPE, 'date'],
    gives: 'Submodel',
    success: [200],
    right: 'READ',
    since32: true
  },
  {
    name: 'GetAssetAdministrationShellByIdSigned',
    verb: 'GET',
    on: 'ShellSigned',
    path: '',
    gives: 'Jws',
    media: ['text/plain'],
    success: [200],
    right: 'READ',
    since32: true
  },
  {
    name: 'GetSubmodelByIdSigned',
    verb: 'GET',
    on: 'SubmodelSigned',
    path: '',
    gives: 'Jws',
    media: ['text/plain'],
    success: [200],
    right: 'READ',
    since32: true
  },
  {
    name: 'GetConceptDescriptionByIdSigned',
    verb: 'GET',
    on: 'ConceptDescriptionSigned',
    path: '',
    gives: 'Jws',
    media: ['text/plain'],
    success: [200],
    right: 'READ',
    since32: true
  },

  // ---- extensions of the hub
  {
    name: 'UploadFile',
    verb: 'POST',
    on: 'Upload',
    path: '',
    query: ['existing'],
    takes: 'file',
    gives: 'UploadReport',
    success: [200, 201],
    right: CREATE_OR_UPDATE,
    own: true
  },
  // What POST of the same would be refused for, by callers that may only read.
  {
    name: 'CheckAssetAdministrationShell',
    verb: 'POST',
    on: 'Check',
    path: '/shells',
    takes: 'AssetAdministrationShell',
    success: [204],
    right: 'READ',
    own: true
  },
  {
    name: 'CheckSubmodel',
    verb: 'POST',
    on: 'Check',
    path: '/submodels',
    takes: 'Submodel',
    success: [204],
    right: 'READ',
    own: true
  },
  {
    name: 'CheckConceptDescription',
    verb: 'POST',
    on: 'Check',
    path: '/concept-descriptions',
    takes: 'ConceptDescription',
    success: [204],
    right: 'READ',
    own: true
  },
  {
    name: 'CheckUpload',
    verb: 'POST',
    on: 'Check',
    path: '/upload',
    takes: 'file',
    gives: 'UploadCheck',
    success: [200],
    right: 'READ',
    own: true
  },
  {
    name: 'GetValidation',
    verb: 'GET',
    on: 'Validation',
    path: '',
    query: ['language'],
    gives: 'ValidationEntry',
    success: [200],
    right: 'READ',
    own: true
  },
  {
    name: 'GetAllValidations',
    verb: 'GET',
    on: 'Validations',
    path: '',
    query: ['result', 'template', 'language', ...PAGE],
    gives: 'ValidationEntry',
    paged: true,
    success: [200],
    right: 'READ',
    own: true
  },
  {
    name: 'GetSchema',
    verb: 'GET',
    on: 'Schema',
    path: '',
    query: ['form'],
    gives: 'JsonSchema',
    media: [
      'application/schema+json',
      'application/json',
      'application/typescript',
      'application/vnd.oai.openapi+json'
    ],
    success: [200],
    right: 'READ',
    own: true
  }
] as const satisfies readonly OperationDefinition[]

export type OperationName = (typeof table)[number]['name']
