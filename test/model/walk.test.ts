import t from 'tap'
import { idShortPathTo, pointerTo } from '../../src/model/document-path.ts'
import type { Submodel } from '../../src/model/types.ts'
import { resolve, setChildren, walk } from '../../src/model/walk.ts'

const submodel: Submodel = {
  modelType: 'Submodel',
  id: 'urn:s',
  submodelElements: [
    { modelType: 'Entity', idShort: 'plant', statements: [{ modelType: 'Capability', idShort: 'press' }] },
    {
      modelType: 'SubmodelElementList',
      idShort: 'list',
      typeValueListElement: 'SubmodelElementCollection',
      value: [
        {
          modelType: 'SubmodelElementCollection',
          value: [{ modelType: 'Property', idShort: 'deep', valueType: 'xs:int' }]
        }
      ]
    },
    {
      modelType: 'AnnotatedRelationshipElement',
      idShort: 'rel',
      annotations: [{ modelType: 'Blob', idShort: 'note' }]
    },
    {
      modelType: 'Operation',
      idShort: 'op',
      inputVariables: [{ value: { modelType: 'Capability', idShort: 'inner' } }]
    }
  ]
}

t.test('the walk meets every element that has a path, parents first, with its path and pointer', async (t) => {
  t.same(
    [...walk(submodel)].map(({ path, pointer }) => `${path} ${pointer}`),
    [
      'plant /submodelElements/0',
      'plant.press /submodelElements/0/statements/0',
      'list /submodelElements/1',
      'list[0] /submodelElements/1/value/0',
      'list[0].deep /submodelElements/1/value/0/value/0',
      'rel /submodelElements/2',
      'rel.note /submodelElements/2/annotations/0',
      'op /submodelElements/3'
    ]
  )
})

t.test('the path of an element leads to it, and its pointer is the place of its path', async (t) => {
  t.equal(resolve(submodel, ['list', 0, 'deep'])?.idShort, 'deep')
  t.equal(resolve(submodel, ['list', 1]), undefined)
  t.equal(resolve(submodel, ['list', 'deep']), undefined)
  t.equal(resolve(submodel, ['plant', 'press', 'press']), undefined)
  for (const { path, pointer } of walk(submodel)) {
    const place = pointer
      .slice(1)
      .split('/')
      .map((step) => (/^\d+$/.test(step) ? Number(step) : step))
    t.equal(pointerTo(place), pointer)
    t.equal(idShortPathTo(submodel, place), path)
    t.equal(idShortPathTo({ submodels: [submodel] }, ['submodels', 0, ...place, 'semanticId', 'keys']), path)
  }
})

t.test('within the variables of an operation a place belongs to the operation', async (t) => {
  const place = ['submodelElements', 3, 'inputVariables', 0, 'value', 'idShort']
  t.equal(idShortPathTo(submodel, place), 'op')
})

t.test('an element by itself begins its own path', async (t) => {
  const element = submodel.submodelElements?.[0]
  t.equal(idShortPathTo(element, ['statements', 0, 'idShort']), 'plant.press')
})

t.test('places in garbage have the path of the last element that is one', async (t) => {
  t.equal(idShortPathTo(null, ['a', 0]), undefined)
  t.equal(idShortPathTo({ modelType: 'Submodel', submodelElements: 7 }, ['submodelElements', 0]), undefined)
  const nameless = { modelType: 'Entity', idShort: 'plant', statements: [null, { idShort: '1' }] }
  t.equal(idShortPathTo(nameless, ['statements', 0, 'x']), 'plant')
  t.equal(idShortPathTo(nameless, ['statements', 1, 'x']), 'plant')
  t.equal(idShortPathTo(JSON.parse('{"__proto__": {"modelType": "Blob"}}'), ['__proto__', 'modelType']), undefined)
})

t.test('a pointer is escaped by RFC 6901', async (t) => {
  t.equal(pointerTo(['a/b', '~', 0]), '/a~1b/~0/0')
})

t.test('a container that loses its last child loses the member', async (t) => {
  const copy = structuredClone(submodel)
  setChildren(copy, [])
  t.notOk(Object.hasOwn(copy, 'submodelElements'))
})
