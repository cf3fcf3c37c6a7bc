/** Shells, submodels and the folders that list them (OPC 30270, 6.2, 6.6, 6.7). */
import type { AssetAdministrationShell, Reference, Submodel } from '../../../../model/types.ts'
import { ENVIRONMENT, nodeIdOf, SHELLS, SUBMODELS } from '../../node-id.ts'
import { elementNodes, type SubmodelPlace } from './element.ts'
import { conceptsOf, identification, isIrdi, ofIdentifiable, qualifiers, reference } from './members.ts'
import { type Children, component, enumProperty, type HubNode } from './node.ts'

/** What nodes need beside the document that they are of. */
export interface Lookup {
  /** Those of the documents that there are, in the order of their ids. */
  submodels(ids: readonly string[]): Promise<ReadonlyMap<string, Submodel>>
  shells(): Promise<readonly AssetAdministrationShell[]>
  allSubmodels(): Promise<readonly Submodel[]>
}

/** Below it is everything; itself it is below Objects. */
export function environment(objects: string, lookup: Lookup): HubNode {
  return folder(ENVIRONMENT, 'AASEnvironment', objects, () => [shellFolder(lookup), submodelFolder(lookup)])
}

export function shellFolder(lookup: Lookup): HubNode {
  return folder(SHELLS, 'AssetAdministrationShells', ENVIRONMENT, async () =>
    (await lookup.shells()).map((shell) => shellNode(shell, lookup))
  )
}

export function submodelFolder(lookup: Lookup): HubNode {
  return folder(SUBMODELS, 'Submodels', ENVIRONMENT, async () =>
    (await lookup.allSubmodels()).map((submodel) => submodelNode(submodel))
  )
}

function folder(id: string, name: string, parent: string, children: () => Children): HubNode {
  return { id, name, type: 'FolderType', parent: { id: parent, by: 'Organizes' }, children }
}

export function shellNode(shell: AssetAdministrationShell, lookup: Lookup): HubNode {
  const { idShort, displayName, description } = shell
  const id = nodeIdOf('AssetAdministrationShell', shell.id)
  return {
    ...{ id, name: idShort ?? shell.id, type: 'AASAssetAdministrationShellType', displayName, description },
    parent: { id: SHELLS, by: 'Organizes' },
    children: async () => [
      ...ofIdentifiable(id, shell),
      asset(id, shell),
      ...(shell.derivedFrom === undefined ? [] : [reference(id, 'DerivedFrom', shell.derivedFrom)]),
      ...(await submodelsOf(id, shell.submodels ?? [], lookup))
    ]
  }
}

/** A submodel that is stored elsewhere is a reference. */
async function submodelsOf(id: string, references: readonly Reference[], lookup: Lookup): Promise<HubNode[]> {
  const ids = references.map((one) => one.keys?.[0]?.value ?? '')
  const found = await lookup.submodels(ids)
  return references.map((one, index) => {
    const submodel = found.get(ids[index] ?? '')
    if (submodel === undefined) return reference(id, `SubmodelReference:${index}`, one)
    return { ...submodelNode(submodel), parent: { id, by: 'HasComponent' } }
  })
}

function asset(parent: string, { assetInformation }: AssetAdministrationShell): HubNode {
  const { assetKind, globalAssetId } = assetInformation ?? {}
  return component(parent, 'Asset', 'AASAssetType', (at) => [
    // Its kinds are those of metamodel 2.0.
    enumProperty(at, 'AssetKind', 'AASAssetKindDataType', assetKind === 'Type' ? 0 : 1),
    ...(globalAssetId === undefined ? [] : [identification(at, globalAssetId)])
  ])
}

export function submodelNode(submodel: Submodel): HubNode {
  const { idShort, displayName, description, semanticId, qualifiers: list } = submodel
  const id = nodeIdOf('Submodel', submodel.id)
  const place = placeOf(submodel)
  return {
    ...{ id, name: idShort ?? submodel.id, type: 'AASSubmodelType', displayName, description },
    ...{ parent: { id: SUBMODELS, by: 'Organizes' }, concepts: conceptsOf(semanticId) },
    children: () => [
      ...ofIdentifiable(id, submodel),
      enumProperty(id, 'ModelingKind', 'AASModelingKindDataType', place.modelingKind),
      ...qualifiers(id, list),
      ...elementNodes(place, submodel, '')
    ]
  }
}

export function placeOf({ id, kind }: Submodel): SubmodelPlace {
  return { submodel: id, modelingKind: kind === 'Template' ? 0 : 1 }
}

/** The entry of a dictionary that a semanticId names. What it is need not be stored here. */
export function conceptNode(concept: string, dictionaries: string): HubNode {
  const id = nodeIdOf('ConceptDescription', concept)
  return {
    ...{ id, name: concept, type: isIrdi(concept) ? 'AASIrdiConceptDescriptionType' : 'AASIriConceptDescriptionType' },
    ...{ parent: { id: dictionaries, by: 'Organizes' }, children: () => [identification(id, concept)] }
  }
}
