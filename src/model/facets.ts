/** The attributes by which Part 2 filters its lists, as name and value for the store's index. */
import { matchKey } from './reference.ts'
import type {
  AssetAdministrationShell,
  AssetAdministrationShellDescriptor,
  ConceptDescription,
  Documents,
  Reference,
  SpecificAssetId,
  Submodel,
  SubmodelDescriptor
} from './types.ts'

type Facet = readonly [name: string, value: string]

/** All facets of a document. */
export function facetsOf<Kind extends keyof Documents>(kind: Kind, document: Documents[Kind]): Facet[] {
  const own = facets[kind](document)
  return document.idShort === undefined ? own : [['idShort', document.idShort], ...own]
}

const facets: { [Kind in keyof Documents]: (document: Documents[Kind]) => Facet[] } = {
  AssetAdministrationShell: shellFacets,
  Submodel: semanticFacets,
  ConceptDescription: conceptFacets,
  AssetAdministrationShellDescriptor: shellDescriptorFacets,
  SubmodelDescriptor: semanticFacets
}

function shellFacets({ assetInformation, submodels = [] }: AssetAdministrationShell): Facet[] {
  const references = submodels.map((reference): Facet => ['submodel', targetIdOf(reference)])
  return [...assetFacets(assetInformation ?? {}), ...references]
}

function shellDescriptorFacets(descriptor: AssetAdministrationShellDescriptor): Facet[] {
  const embedded = (descriptor.submodelDescriptors ?? []).map(({ id }): Facet => ['submodel', id])
  return [...assetFacets(descriptor), ...embedded]
}

/** Asset attributes of a shell or its descriptor. */
function assetFacets(asset: {
  assetKind?: string
  assetType?: string
  globalAssetId?: string
  specificAssetIds?: SpecificAssetId[]
}): Facet[] {
  const facets: Facet[] = []
  if (asset.assetKind !== undefined) facets.push(['assetKind', asset.assetKind])
  if (asset.assetType !== undefined) facets.push(['assetType', asset.assetType])
  if (asset.globalAssetId !== undefined)
    facets.push(assetIdFacet({ name: 'globalAssetId', value: asset.globalAssetId }))
  for (const assetId of asset.specificAssetIds ?? []) {
    facets.push(...assetIdFacets(assetId))
  }
  return facets
}

/** A filter by semanticId also matches the supplemental ones (Part 2, GetAllSubmodels). */
function semanticFacets(document: Submodel | SubmodelDescriptor): Facet[] {
  const references = [document.semanticId, ...(document.supplementalSemanticIds ?? [])]
  const facets = references.flatMap((reference): Facet[] => (reference ? [['semanticId', matchKey(reference)]] : []))
  const first = document.semanticId?.keys?.[0]?.value
  // The query language compares the first key alone.
  if (first !== undefined) facets.push(['semanticIdValue', first])
  if ('kind' in document && document.kind === 'Template') facets.push(['kind', 'Template'])
  return facets
}

function conceptFacets({ isCaseOf = [], embeddedDataSpecifications = [] }: ConceptDescription): Facet[] {
  return [
    ...isCaseOf.map((reference): Facet => ['isCaseOf', matchKey(reference)]),
    ...embeddedDataSpecifications.flatMap(({ dataSpecification }): Facet[] =>
      dataSpecification === undefined ? [] : [['dataSpecification', matchKey(dataSpecification)]]
    )
  ]
}

/** The facets of an asset id: without its subject, and with it if there is one. */
export function assetIdFacets(assetId: SpecificAssetId): Facet[] {
  const { externalSubjectId, ...bare } = assetId
  return externalSubjectId === undefined ? [assetIdFacet(bare)] : [assetIdFacet(bare), assetIdFacet(assetId)]
}

/**
 * The facet of an asset id, with its subject if there is one. `globalAssetId` is a reserved name in any case
 * [AASd-116].
 */
export function assetIdFacet({ name = '', value = '', externalSubjectId }: SpecificAssetId): Facet {
  const key = name.toLowerCase() === 'globalassetid' ? 'globalAssetId' : name
  return ['assetId', JSON.stringify(externalSubjectId ? [key, value, matchKey(externalSubjectId)] : [key, value])]
}

/** The id of the identifiable at the start of a model reference. */
export function targetIdOf(reference: Reference): string {
  return reference.keys?.[0]?.value ?? ''
}
