/** A machine as a plant stores it, whose reference model conforms; tests change it. */
import type { Model } from '../reference-model.ts'
import { externalTo } from '../reference-model.ts'

export const PLANT = 'https://plant.example'
export const IDTA = 'https://admin-shell.io/idta'

const NAMES = [
  ...['DigitalNameplate', 'HandoverDocumentation', 'TechnicalData', 'OperationalData'],
  ...['MaintenanceInstructions', 'Safety']
]

/** An environment with a press; every call makes a new one. */
export function press(): Model {
  const submodels: Model[] = NAMES.map((idShort) => ({
    ...{ modelType: 'Submodel', id: `${PLANT}/sm/press-1/${idShort}`, idShort },
    semanticId: externalTo(`${IDTA}/${idShort}/1/0`),
    submodelElements: [{ modelType: 'Property', idShort: 'Status', valueType: 'xs:string', value: 'ok' }]
  }))
  const [nameplate, documentation, , operational] = submodels
  nameplate.submodelElements = [
    {
      ...{ modelType: 'Property', idShort: 'SerialNumber', valueType: 'xs:string', value: '4711' },
      semanticId: externalTo('0173-1#02-AAM556#002')
    }
  ]
  documentation.submodelElements = [
    { modelType: 'File', idShort: 'Manual', contentType: 'application/pdf', value: '/aasx/files/manual.pdf' }
  ]
  operational.submodelElements = [
    {
      ...{ modelType: 'Property', idShort: 'Pressure', valueType: 'xs:double', value: '12.5' },
      semanticId: externalTo(`${PLANT}/cd/Pressure`)
    },
    {
      ...{ modelType: 'SubmodelElementList', idShort: 'Zones', typeValueListElement: 'Property' },
      ...{ valueTypeListElement: 'xs:double', semanticIdListElement: externalTo(`${IDTA}/Zone/1/0`) },
      value: [
        { modelType: 'Property', valueType: 'xs:double', value: '180.5', semanticId: externalTo(`${IDTA}/Zone/1/0`) }
      ]
    },
    { modelType: 'Operation', idShort: 'Start' },
    {
      ...{ modelType: 'SubmodelElementCollection', idShort: 'Control' },
      value: [
        { modelType: 'Capability', idShort: 'Pressing' },
        {
          ...{ modelType: 'Property', idShort: 'Limit', category: 'PARAMETER', valueType: 'xs:int', value: '20' }
        }
      ]
    }
  ]
  return {
    assetAdministrationShells: [
      {
        ...{ modelType: 'AssetAdministrationShell', id: `${PLANT}/aas/press-1`, idShort: 'Press' },
        assetInformation: {
          ...{ assetKind: 'Instance', globalAssetId: `${PLANT}/asset/press-1` },
          specificAssetIds: [{ name: 'inventoryNumber', value: 'P-1' }]
        },
        submodels: [...submodels, { id: `${PLANT}/sm/elsewhere` }].map(({ id }) => ({
          type: 'ModelReference',
          keys: [{ type: 'Submodel', value: id }]
        }))
      }
    ],
    submodels,
    conceptDescriptions: [
      {
        ...{ modelType: 'ConceptDescription', id: `${PLANT}/cd/Pressure`, idShort: 'Pressure' },
        embeddedDataSpecifications: [
          {
            dataSpecification: externalTo(
              'https://admin-shell.io/DataSpecificationTemplates/DataSpecificationIec61360/3'
            ),
            dataSpecificationContent: {
              modelType: 'DataSpecificationIec61360',
              preferredName: [{ language: 'en', text: 'Pressure' }],
              definition: [{ language: 'en', text: 'Pressure of the hydraulic oil' }],
              dataType: 'REAL_MEASURE',
              unit: 'bar'
            }
          }
        ]
      }
    ]
  }
}
