import t from 'tap'
import { equalKeys, matchKey, referenceTo, referenceToElement } from '../../src/model/reference.ts'
import type { Reference, Submodel } from '../../src/model/types.ts'

const submodel: Submodel = {
  modelType: 'Submodel',
  id: 'urn:s',
  submodelElements: [
    {
      modelType: 'SubmodelElementList',
      idShort: 'list',
      typeValueListElement: 'Property',
      valueTypeListElement: 'xs:int',
      value: [{ modelType: 'Property', valueType: 'xs:int' }]
    }
  ]
}

t.test('a reference to an identifiable has one key', async (t) => {
  t.same(referenceTo('Submodel', 'urn:s'), { type: 'ModelReference', keys: [{ type: 'Submodel', value: 'urn:s' }] })
})

t.test('[AASd-128] below a list the key is the index', async (t) => {
  t.same(referenceToElement(submodel, ['list', 0]).keys, [
    { type: 'Submodel', value: 'urn:s' },
    { type: 'SubmodelElementList', value: 'list' },
    { type: 'Property', value: '0' }
  ])
})

t.test('references match by the values of their keys alone', async (t) => {
  const one: Reference = { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value: 'urn:s' }] }
  const other: Reference = { ...referenceTo('Submodel', 'urn:s'), referredSemanticId: one }
  const longer: Reference = { ...one, keys: [...(one.keys ?? []), { type: 'FragmentReference', value: 'f' }] }
  for (const [left, right, same] of [
    [one, other, true],
    [one, longer, false],
    [longer, one, false],
    [one, referenceTo('Submodel', 'urn:t'), false]
  ] as const) {
    t.equal(equalKeys(left, right), same)
    t.equal(matchKey(left) === matchKey(right), same)
  }
})

t.test('values with commas and quotes do not run into each other', async (t) => {
  const keys = (...values: string[]): Reference => ({
    type: 'ExternalReference',
    keys: values.map((value) => ({ type: 'GlobalReference', value }))
  })
  t.not(matchKey(keys('a","b')), matchKey(keys('a', 'b')))
})
