/** An interface as an environment that can be loaded, edited and exported: a shell with its three submodels, and concepts. */
import type { Environment } from '../../../model/types.ts'
import { interfaceSubmodels } from './description.ts'
import { type InterfaceDraft, toIdShort } from './interface-draft.ts'
import { operationalData } from './operational-data.ts'

export function environmentOf(draft: InterfaceDraft): Omit<Environment, 'id'> {
  const { submodel, concepts } = operationalData(draft)
  const { description, configuration } = interfaceSubmodels(draft, submodel.id)
  const submodels = [submodel, description, configuration]
  return {
    assetAdministrationShells: [
      {
        ...{ modelType: 'AssetAdministrationShell', id: `${draft.ids}/shell`, idShort: toIdShort(draft.title) },
        assetInformation: { assetKind: 'Instance', globalAssetId: draft.assetId },
        submodels: submodels.map(({ id }) => ({ type: 'ModelReference', keys: [{ type: 'Submodel', value: id }] }))
      }
    ],
    submodels,
    conceptDescriptions: [...concepts]
  }
}
