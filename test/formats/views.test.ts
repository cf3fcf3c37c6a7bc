import t from 'tap'
import { allowsContent, coreView, metadataView, paths, withoutBlobs } from '../../src/formats/views.ts'
import type { Submodel } from '../../src/model/types.ts'

const submodel: Submodel = {
  modelType: 'Submodel',
  id: 'x',
  idShort: 'Plant',
  submodelElements: [
    {
      modelType: 'SubmodelElementCollection',
      idShort: 'motor',
      description: [{ language: 'en', text: 'a motor' }],
      value: [
        { modelType: 'Property', idShort: 'speed', valueType: 'xs:int', value: '5' },
        { modelType: 'Blob', idShort: 'picture', contentType: 'image/png', value: 'QQ==' },
        {
          modelType: 'SubmodelElementList',
          idShort: 'log',
          typeValueListElement: 'Property',
          valueTypeListElement: 'xs:int',
          value: [{ modelType: 'Property', valueType: 'xs:int', idShort: 'named', value: '1' }]
        }
      ]
    },
    { modelType: 'Capability', idShort: 'turn' }
  ]
}
const before = JSON.stringify(submodel)
const motor = submodel.submodelElements?.[0]
if (motor === undefined) throw new Error('the motor is missing')

t.test('level=core shows direct children without theirs', async (t) => {
  const shown = coreView(submodel)
  t.same(shown.submodelElements?.[0], {
    modelType: 'SubmodelElementCollection',
    idShort: 'motor',
    description: [{ language: 'en', text: 'a motor' }]
  })
  t.equal(shown.submodelElements?.length, 2)
})

t.test('no Blob value is left at any depth in the default extent', async (t) => {
  t.notMatch(JSON.stringify(withoutBlobs(submodel)), /QQ==/)
  t.match(JSON.stringify(withoutBlobs(submodel)), /"picture"/)
})

t.test('Blob values are removed from variables of operations too, and nothing is copied without need', async (t) => {
  const blob = { modelType: 'Blob', idShort: 'bb', contentType: 'image/png', value: 'QQ==' } as const
  const nested = { modelType: 'SubmodelElementCollection', idShort: 'cc', value: [blob] } as const
  const property = { modelType: 'Property', idShort: 'pp', valueType: 'xs:int', value: '1' } as const
  const { value: _, ...bare } = blob
  const variables = (...values: object[]) => values.map((value) => ({ value }))
  t.strictSame(withoutBlobs({ modelType: 'Operation', inputVariables: variables(property, blob, nested) }), {
    modelType: 'Operation',
    inputVariables: variables(property, bare, { ...nested, value: [bare] })
  })
  const entity = { modelType: 'Entity', statements: [property] }
  t.equal(withoutBlobs(entity), entity, 'the very same')
})

t.test('metadata has neither values nor children', async (t) => {
  t.same(metadataView(submodel), { modelType: 'Submodel', id: 'x', idShort: 'Plant' })
  t.same(metadataView({ modelType: 'Property', idShort: 'aa', valueType: 'xs:int', value: '1' }), {
    modelType: 'Property',
    idShort: 'aa',
    valueType: 'xs:int'
  })
  t.same(metadataView({ modelType: 'Entity', idShort: 'ee', entityType: 'CoManagedEntity', globalAssetId: 'g' }), {
    modelType: 'Entity',
    idShort: 'ee'
  })
})

t.test('paths go from the submodel to every element, and address children of lists by index', async (t) => {
  t.same(paths(submodel, ''), ['motor', 'motor.speed', 'motor.picture', 'motor.log', 'motor.log[0]', 'turn'])
  t.same(paths(submodel, '', 'core'), ['motor', 'turn'])
  t.same(
    paths(motor, 'motor', 'core'),
    ['motor', 'motor.speed', 'motor.picture', 'motor.log'],
    'an element begins with itself'
  )
})

t.test('modifiers are defined per kind as Part 2 tabulates', async (t) => {
  t.notOk(allowsContent('Capability', 'value'))
  t.notOk(allowsContent('Operation', 'metadata'))
  t.notOk(allowsContent('Property', 'path'))
  t.ok(allowsContent('Operation', 'reference'))
  t.ok(allowsContent('Entity', 'path'))
  t.notOk(allowsContent('AnnotatedRelationshipElement', 'path'))
  t.ok(allowsContent('Submodel', 'value'))
  t.notOk(allowsContent('AssetAdministrationShell', 'metadata'), 'a shell has only $reference')
  t.ok(allowsContent('AssetAdministrationShell', 'reference'))
})

t.test('no view modifies its argument', async (t) => {
  t.equal(JSON.stringify(submodel), before)
})
