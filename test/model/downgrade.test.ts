import t from 'tap'
import { toRelease30 } from '../../src/model/downgrade.ts'
import type { Identifiable } from '../../src/model/types.ts'

const mediaTypeOf = (name: string) => (name.endsWith('.pdf') ? 'application/pdf' : 'application/octet-stream')
const submodel = (...submodelElements: object[]) =>
  ({ modelType: 'Submodel', id: 'urn:sm', submodelElements }) as unknown as Identifiable
const shell = (assetInformation: object) =>
  ({ modelType: 'AssetAdministrationShell', id: 'urn:aas', assetInformation }) as unknown as Identifiable
const to = (value: string, type = 'GlobalReference') => ({ type: 'ExternalReference', keys: [{ type, value }] })

function downgrade(document: Identifiable) {
  const { adaptations, impossible } = toRelease30(document, { mediaTypeOf })
  const places = (list: readonly { pointer: string; rule: string }[]) =>
    list.map(({ pointer, rule }) => `${pointer} ${rule}`)
  return { adapted: places(adaptations), impossible: places(impossible) }
}

t.test('a document of both releases stays as it is', async (t) => {
  const document = submodel({
    modelType: 'Property',
    idShort: 'x',
    valueType: 'xs:int',
    value: '1',
    category: 'CONSTANT'
  })
  const before = structuredClone(document)
  t.same(downgrade(document), { adapted: [], impossible: [] })
  t.same(document, before)
})

const rewritten: readonly [what: string, document: Identifiable, rule: string, after: object][] = [
  [
    'the media type of a file is that of its name',
    submodel({ modelType: 'File', idShort: 'Manual', value: '/a.pdf' }),
    '/submodelElements/0/contentType contentType',
    { submodelElements: [{ contentType: 'application/pdf' }] }
  ],
  [
    'a Blob without media type holds bytes of an unknown kind',
    submodel({ modelType: 'Blob', idShort: 'Icon' }),
    '/submodelElements/0/contentType contentType',
    { submodelElements: [{ contentType: 'application/octet-stream' }] }
  ],
  [
    'an entity with an asset id is self-managed [AASd-014]',
    submodel({ modelType: 'Entity', idShort: 'Motor', globalAssetId: 'urn:motor' }),
    '/submodelElements/0/entityType AASd-014',
    { submodelElements: [{ entityType: 'SelfManagedEntity' }] }
  ],
  [
    'one without is co-managed [AASd-014]',
    submodel({ modelType: 'Entity', idShort: 'Motor' }),
    '/submodelElements/0/entityType AASd-014',
    { submodelElements: [{ entityType: 'CoManagedEntity' }] }
  ],
  [
    'an entry that repeats the globalAssetId is left out [AASd-116]',
    shell({
      assetKind: 'Type',
      globalAssetId: 'urn:a',
      specificAssetIds: [
        { name: 'globalAssetId', value: 'urn:a' },
        { name: 'no', value: '1' }
      ]
    }),
    '/assetInformation/specificAssetIds AASd-116',
    { assetInformation: { specificAssetIds: [{ name: 'no' }] } }
  ],
  [
    'the category of a concept is left out',
    {
      ...{ modelType: 'ConceptDescription', id: 'urn:cd', category: 'PROPERTY' },
      embeddedDataSpecifications: [{}]
    } as Identifiable,
    '/category AASc-3a-004',
    { category: undefined }
  ],
  [
    'members of release 3.2 are left out',
    { ...submodel(), administration: { version: '1', createdAt: '2026-11-29T00:00:00Z' } } as Identifiable,
    '/administration/createdAt createdAt',
    { administration: { version: '1', createdAt: undefined } }
  ]
]

for (const [what, document, rule, after] of rewritten) {
  t.test(what, async (t) => {
    t.same(downgrade(document), { adapted: [rule], impossible: [] })
    t.match(document, after)
  })
}

t.test('items of a list lose their idShort, name the kind and have the semanticId of the list', async (t) => {
  const item = (idShort: string) => ({
    ...{ modelType: 'Property', idShort, valueType: 'xs:int' },
    semanticId: to('urn:item', 'Submodel')
  })
  const document = submodel({
    modelType: 'SubmodelElementList',
    idShort: 'list',
    typeValueListElement: 'SubmodelElement',
    semanticIdListElement: to('urn:item'),
    value: [item('a'), item('b')]
  })
  t.same(downgrade(document), {
    adapted: [
      '/submodelElements/0/typeValueListElement AASd-108',
      ...[0, 1].flatMap((index) => [
        `/submodelElements/0/value/${index}/idShort AASd-120`,
        `/submodelElements/0/value/${index}/semanticId AASd-107`
      ])
    ],
    impossible: []
  })
  t.match(document, {
    submodelElements: [
      { typeValueListElement: 'Property', value: [{ idShort: undefined, semanticId: to('urn:item') }, {}] }
    ]
  })
})

const property = (more: object) => submodel({ modelType: 'Property', idShort: 'p', valueType: 'xs:int', ...more })

const impossible: readonly [what: string, document: Identifiable, rule: string][] = [
  ['a hyphen in an idShort', property({ idShort: 'a-b' }), '/submodelElements/0/idShort AASd-002'],
  ['the category of a data element', property({ category: 'OTHER' }), '/submodelElements/0/category AASd-090'],
  ['the asset kind Role', shell({ assetKind: 'Role' }), '/assetInformation/assetKind enum'],
  ['the asset kind Batch', shell({ assetKind: 'Batch' }), '/assetInformation/assetKind enum'],
  [
    'a relationship without an end',
    submodel({ modelType: 'AnnotatedRelationshipElement', idShort: 'rel', first: to('urn:a') }),
    '/submodelElements/0 required'
  ],
  [
    'a co-managed entity with an asset id',
    submodel({ modelType: 'Entity', idShort: 'e', entityType: 'CoManagedEntity', globalAssetId: 'urn:a' }),
    '/submodelElements/0 AASd-014'
  ],
  [
    'a list of several kinds',
    submodel({
      modelType: 'SubmodelElementList',
      idShort: 'list',
      typeValueListElement: 'DataElement',
      value: [{ modelType: 'Property', valueType: 'xs:int' }, { modelType: 'Capability' }]
    }),
    '/submodelElements/0/value AASd-108'
  ],
  [
    'an id of more than 2,000 characters',
    { ...submodel(), id: `urn:${'x'.repeat(1997)}` } as Identifiable,
    '/id maxLength'
  ]
]

for (const [what, document, rule] of impossible) {
  t.test(`${what} has no form in release 3.0`, async (t) => {
    t.same(downgrade(document), { adapted: [], impossible: [rule] })
  })
}

t.test('places in elements are named by their idShortPath too', async (t) => {
  const inner = { modelType: 'Property', idShort: 'in-ner', valueType: 'xs:int' }
  const document = submodel({ modelType: 'SubmodelElementCollection', idShort: 'Outer', value: [inner] })
  const { impossible } = toRelease30(document, { mediaTypeOf })
  t.equal(impossible[0]?.idShortPath, 'Outer.in-ner')
})
