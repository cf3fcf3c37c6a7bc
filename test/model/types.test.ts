import t from 'tap'
import { validate } from '../../src/formats/json.ts'
import { heirsOf } from '../../src/model/fields.ts'
import type {
  AssetAdministrationShell,
  ConceptDescription,
  Environment,
  Property,
  Reference,
  SubmodelElement,
  SubmodelElementKind
} from '../../src/model/types.ts'

const reference: Reference = { type: 'ModelReference', keys: [{ type: 'Submodel', value: 'urn:s' }] }

/** The smallest element of each kind; the compiler refuses one that lacks a mandatory member. */
const smallest: { [Kind in SubmodelElementKind]: Extract<SubmodelElement, { modelType: Kind }> } = {
  AnnotatedRelationshipElement: { modelType: 'AnnotatedRelationshipElement' },
  BasicEventElement: { modelType: 'BasicEventElement', observed: reference, direction: 'output', state: 'on' },
  Blob: { modelType: 'Blob' },
  Capability: { modelType: 'Capability' },
  Entity: { modelType: 'Entity' },
  File: { modelType: 'File' },
  MultiLanguageProperty: { modelType: 'MultiLanguageProperty' },
  Operation: { modelType: 'Operation' },
  Property: { modelType: 'Property', valueType: 'xs:int' },
  Range: { modelType: 'Range', valueType: 'xs:int' },
  ReferenceElement: { modelType: 'ReferenceElement' },
  RelationshipElement: { modelType: 'RelationshipElement' },
  SubmodelElementCollection: { modelType: 'SubmodelElementCollection' },
  SubmodelElementList: { modelType: 'SubmodelElementList', typeValueListElement: 'Capability' }
}

t.test('the schema accepts the smallest element of each kind that the types allow', async (t) => {
  t.same(Object.keys(smallest).toSorted(), heirsOf('SubmodelElement').toSorted())
  for (const element of Object.values(smallest)) t.same(validate('SubmodelElement', element), [], element.modelType)
})

t.test('a member that the types demand, the schema demands', async (t) => {
  for (const element of Object.values(smallest)) {
    for (const member of Object.keys(element)) {
      const { [member as 'modelType']: _, ...rest } = element
      t.not(validate('SubmodelElement', rest).length, 0, `${element.modelType} without ${member}`)
    }
  }
})

t.test('the schema refuses elements that the types refuse', async (t) => {
  // A leniently stored document may lack what the schema requires, so this must compile.
  const untyped: Property = { modelType: 'Property' }
  // @ts-expect-error xs:flaot is no value type
  const misspelt: Property = { modelType: 'Property', valueType: 'xs:flaot' }
  // @ts-expect-error a Range has no value
  const range: SubmodelElement = { modelType: 'Range', valueType: 'xs:int', value: '1' }
  // @ts-expect-error null is not absence
  const nothing: Property = { modelType: 'Property', valueType: 'xs:int', value: null }
  for (const element of [untyped, misspelt, range, nothing]) t.equal(validate('SubmodelElement', element).length, 1)
})

t.test('an environment holds the three identifiables', async (t) => {
  const shell: AssetAdministrationShell = {
    modelType: 'AssetAdministrationShell',
    id: 'urn:a',
    assetInformation: { assetKind: 'Instance', globalAssetId: 'urn:g' },
    submodels: [reference]
  }
  const concept: ConceptDescription = { modelType: 'ConceptDescription', id: 'urn:c' }
  const environment: Environment = {
    assetAdministrationShells: [shell],
    submodels: [{ modelType: 'Submodel', id: 'urn:s', submodelElements: [{ ...smallest.Blob, idShort: 'blob' }] }],
    conceptDescriptions: [concept]
  }
  t.same(validate('Environment', environment), [])
})
