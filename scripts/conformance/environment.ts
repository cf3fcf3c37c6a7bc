/**
 * Data that the official test engine needs: one shell, and one submodel with all kinds of elements on its first page. Valid
 * in releases 3.0 and 3.1.
 */
import type { Environment, Reference, SubmodelElement } from '../../src/model/types.ts'

export const SHELL = 'https://plant.example/aas/mixer'
export const SUBMODEL = 'https://plant.example/sm/mixer'

const concept: Reference = {
  type: 'ExternalReference',
  keys: [{ type: 'GlobalReference', value: 'https://plant.example/concept' }]
}
const toSpeed: Reference = {
  type: 'ModelReference',
  keys: [
    { type: 'Submodel', value: SUBMODEL },
    { type: 'Property', value: 'Speed' }
  ]
}

const elements: SubmodelElement[] = [
  { modelType: 'Property', idShort: 'Speed', valueType: 'xs:int', value: '120', semanticId: concept },
  { modelType: 'Range', idShort: 'Temperature', valueType: 'xs:int', min: '10', max: '80' },
  {
    modelType: 'MultiLanguageProperty',
    idShort: 'Title',
    value: [
      { language: 'ko', text: '혼합기' },
      { language: 'en', text: 'Mixer' }
    ]
  },
  { modelType: 'File', idShort: 'Manual', contentType: 'application/pdf', value: '/aasx/files/manual.pdf' },
  { modelType: 'Blob', idShort: 'Icon', contentType: 'image/png', value: 'iVBORw0KGgo=' },
  { modelType: 'ReferenceElement', idShort: 'Drive', value: toSpeed },
  { modelType: 'RelationshipElement', idShort: 'Turns', first: toSpeed, second: concept },
  {
    modelType: 'AnnotatedRelationshipElement',
    idShort: 'Feeds',
    first: toSpeed,
    second: concept,
    annotations: [{ modelType: 'Property', idShort: 'Rate', valueType: 'xs:double', value: '1.5' }]
  },
  { modelType: 'Capability', idShort: 'Mixing' },
  {
    modelType: 'Operation',
    idShort: 'Start',
    inputVariables: [{ value: { modelType: 'Property', idShort: 'Batch', valueType: 'xs:string' } }]
  },
  { modelType: 'BasicEventElement', idShort: 'SpeedChanged', observed: toSpeed, direction: 'output', state: 'on' },
  {
    modelType: 'Entity',
    idShort: 'Vessel',
    entityType: 'SelfManagedEntity',
    globalAssetId: 'https://plant.example/asset/vessel',
    statements: [{ modelType: 'Property', idShort: 'Volume', valueType: 'xs:double', value: '2.5' }]
  },
  {
    modelType: 'SubmodelElementCollection',
    idShort: 'Limits',
    value: [{ modelType: 'Property', idShort: 'Pressure', valueType: 'xs:double', value: '6' }]
  },
  {
    modelType: 'SubmodelElementList',
    idShort: 'Batches',
    typeValueListElement: 'Property',
    valueTypeListElement: 'xs:int',
    value: [
      { modelType: 'Property', valueType: 'xs:int', value: '1' },
      { modelType: 'Property', valueType: 'xs:int', value: '2' }
    ]
  }
]

export const environment: Environment = {
  assetAdministrationShells: [
    {
      modelType: 'AssetAdministrationShell',
      id: SHELL,
      idShort: 'Mixer',
      assetInformation: {
        assetKind: 'Instance',
        globalAssetId: 'https://plant.example/asset/mixer',
        specificAssetIds: [{ name: 'serial', value: '4711' }]
      },
      submodels: [{ type: 'ModelReference', keys: [{ type: 'Submodel', value: SUBMODEL }] }]
    }
  ],
  submodels: [
    { modelType: 'Submodel', id: SUBMODEL, idShort: 'MixerData', kind: 'Instance', submodelElements: elements }
  ]
}
