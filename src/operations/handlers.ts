/** The function that implements each operation. A missing one is a compile error. */
import * as asyncPackages from './async-packages.ts'
import { bulk, getResult as getBulkResult, getStatus as getBulkStatus } from './bulk.ts'
import * as concepts from './concepts.ts'
import { getSelfDescription } from './description.ts'
import * as discovery from './discovery.ts'
import { getShellAt, getSubmodelAt } from './document-history.ts'
import { checkDocument } from './documents.ts'
import * as elements from './elements.ts'
import * as files from './files.ts'
import * as invocation from './invocation.ts'
import type { OperationHandler } from './operation-context.ts'
import * as packages from './packages.ts'
import { query } from './query.ts'
import { recentChanges } from './recent-changes.ts'
import * as registry from './registry.ts'
import { getSchema } from './schemas.ts'
import { generateSerialization } from './serialization.ts'
import * as shells from './shells.ts'
import { getSigned } from './signed.ts'
import * as submodels from './submodels.ts'
import type { OperationName } from './table.ts'
import { checkUpload, uploadFile } from './upload.ts'
import * as validationResults from './validation-results.ts'

const { visibleOnly: below } = submodels

export const handlers: Readonly<Record<OperationName, OperationHandler>> = {
  GetAllAssetAdministrationShells: shells.getAll,
  PostAssetAdministrationShell: shells.post,
  DeleteAssetAdministrationShellById: shells.deleteById,

  GetAssetAdministrationShell: shells.getById,
  PutAssetAdministrationShell: shells.put,
  GetAssetInformation: shells.getAssetInformation,
  PutAssetInformation: shells.putAssetInformation,
  GetThumbnail: files.getThumbnail,
  PutThumbnail: files.putThumbnail,
  DeleteThumbnail: files.deleteThumbnail,
  GetAllSubmodelReferences: shells.getSubmodelReferences,
  PostSubmodelReference: shells.postSubmodelReference,
  DeleteSubmodelReference: shells.deleteSubmodelReference,

  GetAllSubmodels: submodels.getAll,
  PostSubmodel: submodels.post,

  GetSubmodel: below(submodels.getById),
  PutSubmodel: below(submodels.put),
  PatchSubmodel: below(submodels.patch),
  DeleteSubmodel: below(submodels.deleteById),
  GetAllSubmodelElements: below(elements.getAll),
  PostSubmodelElement: below(elements.post),
  GetSubmodelElementByPath: below(elements.getByPath),
  PostSubmodelElementByPath: below(elements.postByPath),
  PutSubmodelElementByPath: below(elements.putByPath),
  PatchSubmodelElementByPath: below(elements.patchByPath),
  DeleteSubmodelElementByPath: below(elements.deleteByPath),
  GetFileByPath: below(files.getAttachment),
  PutFileByPath: below(files.putAttachment),
  DeleteFileByPath: below(files.deleteAttachment),
  InvokeOperationSync: below(invocation.invokeSync),
  InvokeOperationAsync: below(invocation.invokeAsync),
  GetOperationAsyncStatus: below(invocation.getStatus),
  GetOperationAsyncResult: below(invocation.getResult),

  GetAllConceptDescriptions: concepts.getAll,
  PostConceptDescription: concepts.post,
  GetConceptDescriptionById: concepts.getById,
  PutConceptDescriptionById: concepts.put,
  DeleteConceptDescriptionById: concepts.deleteById,

  GetAllAssetAdministrationShellDescriptors: registry.getAllShells,
  PostAssetAdministrationShellDescriptor: registry.postShell,
  GetAssetAdministrationShellDescriptorById: registry.getShell,
  PutAssetAdministrationShellDescriptorById: registry.putShell,
  DeleteAssetAdministrationShellDescriptorById: registry.deleteShell,
  GetAllSubmodelDescriptorsThroughSuperpath: registry.getAllOfShell,
  PostSubmodelDescriptorThroughSuperpath: registry.postOfShell,
  GetSubmodelDescriptorByIdThroughSuperpath: registry.getOfShell,
  PutSubmodelDescriptorByIdThroughSuperpath: registry.putOfShell,
  DeleteSubmodelDescriptorByIdThroughSuperpath: registry.deleteOfShell,

  GetAllSubmodelDescriptors: registry.getAllSubmodels,
  PostSubmodelDescriptor: registry.postSubmodel,
  GetSubmodelDescriptorById: registry.getSubmodel,
  PutSubmodelDescriptorById: registry.putSubmodel,
  DeleteSubmodelDescriptorById: registry.deleteSubmodel,

  CreateBulkAssetAdministrationShellDescriptors: bulk('AssetAdministrationShellDescriptor', 'create'),
  PutBulkAssetAdministrationShellDescriptorsById: bulk('AssetAdministrationShellDescriptor', 'put'),
  DeleteBulkAssetAdministrationShellDescriptorsById: bulk('AssetAdministrationShellDescriptor', 'delete'),
  CreateBulkSubmodelDescriptors: bulk('SubmodelDescriptor', 'create'),
  PutBulkSubmodelDescriptorsById: bulk('SubmodelDescriptor', 'put'),
  DeleteBulkSubmodelDescriptorsById: bulk('SubmodelDescriptor', 'delete'),
  GetBulkAsyncStatus: getBulkStatus,
  GetBulkAsyncResult: getBulkResult,

  GetAllAssetAdministrationShellIdsByAssetLink: discovery.getAllIds,
  SearchAllAssetAdministrationShellIdsByAssetLink: discovery.searchIds,
  GetAllAssetLinksById: discovery.getLinks,
  PostAllAssetLinksById: discovery.postLinks,
  DeleteAllAssetLinksById: discovery.deleteLinks,

  GetAllAASXPackageIds: packages.getAll,
  PostAASXPackage: packages.post,
  GetAASXByPackageId: packages.getById,
  PutAASXByPackageId: packages.put,
  DeleteAASXByPackageId: packages.deleteById,
  PostAsyncAASXPackage: asyncPackages.post,
  GetAasxAsyncStatus: asyncPackages.getStatus,
  GetAasxAsyncResult: asyncPackages.getResult,

  QueryAssetAdministrationShells: query('AssetAdministrationShell'),
  QuerySubmodels: query('Submodel'),
  QueryConceptDescriptions: query('ConceptDescription'),
  QueryAssetAdministrationShellDescriptors: query('AssetAdministrationShellDescriptor'),
  QuerySubmodelDescriptors: query('SubmodelDescriptor'),

  GetAllAssetAdministrationShellsRecentChanges: recentChanges('AssetAdministrationShell'),
  GetAllSubmodelsRecentChanges: recentChanges('Submodel'),
  GetAllConceptDescriptionsRecentChanges: recentChanges('ConceptDescription'),
  GetAllAssetAdministrationShellDescriptorsRecentChanges: recentChanges('AssetAdministrationShellDescriptor'),
  GetAssetAdministrationShellVersionByIdAndDate: getShellAt,
  GetSubmodelByIdAndDate: getSubmodelAt,
  GetAssetAdministrationShellByIdSigned: getSigned('AssetAdministrationShell', 'aasIdentifier'),
  GetSubmodelByIdSigned: getSigned('Submodel', 'submodelIdentifier'),
  GetConceptDescriptionByIdSigned: getSigned('ConceptDescription', 'cdIdentifier'),

  GenerateSerializationByIds: generateSerialization,
  GetSelfDescription: getSelfDescription,
  UploadFile: uploadFile,
  CheckAssetAdministrationShell: checkDocument('AssetAdministrationShell'),
  CheckSubmodel: checkDocument('Submodel'),
  CheckConceptDescription: checkDocument('ConceptDescription'),
  CheckUpload: checkUpload,
  GetValidation: validationResults.getById,
  GetAllValidations: validationResults.getAll,
  GetSchema: getSchema
}
