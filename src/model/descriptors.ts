/**
 * Descriptors of stored shells and submodels. They are derived on request and never stored, so they cannot get out of
 * step with what they describe.
 */
import { defined } from './defined.ts'
import { encodeId } from './identifier.ts'
import type {
  AssetAdministrationShell,
  AssetAdministrationShellDescriptor,
  Endpoint,
  Submodel,
  SubmodelDescriptor
} from './types.ts'

/** The descriptor of a stored submodel, reachable below `base`. */
export function describeSubmodel(submodel: Submodel, base: string): SubmodelDescriptor {
  const { description, displayName, extensions, administration, idShort, id } = submodel
  const { semanticId, supplementalSemanticIds } = submodel
  return defined({
    description,
    displayName,
    extensions,
    administration,
    endpoints: [
      endpoint('SUBMODEL-3.1', `${base}/submodels/${encodeId(id)}`),
      endpoint('SUBMODEL-3.0', `${base}/submodels/${encodeId(id)}`)
    ],
    idShort,
    id,
    semanticId,
    supplementalSemanticIds
  }) as SubmodelDescriptor
}

/** The descriptor of a stored shell, with those of its submodels that are stored beside it. */
export function describeShell(
  shell: AssetAdministrationShell,
  submodels: readonly Submodel[],
  base: string
): AssetAdministrationShellDescriptor {
  const { description, displayName, extensions, administration, idShort, id, assetInformation } = shell
  const { assetKind, assetType, globalAssetId, specificAssetIds } = assetInformation ?? {}
  const submodelDescriptors = submodels.map((submodel) => describeSubmodel(submodel, base))
  return defined({
    description,
    displayName,
    extensions,
    administration,
    assetKind,
    assetType,
    endpoints: [
      endpoint('AAS-3.1', `${base}/shells/${encodeId(id)}`),
      endpoint('AAS-3.0', `${base}/shells/${encodeId(id)}`)
    ],
    globalAssetId,
    idShort,
    id,
    specificAssetIds,
    submodelDescriptors: submodelDescriptors.length > 0 ? submodelDescriptors : undefined
  }) as AssetAdministrationShellDescriptor
}

function endpoint(name: string, href: string): Endpoint {
  const endpointProtocol = href.slice(0, href.indexOf(':')).toUpperCase()
  const protocolInformation = { href, endpointProtocol, endpointProtocolVersion: ['1.1'] }
  return { interface: name, protocolInformation }
}
