import t from 'tap'
import { checkConstraints } from '../../src/model/constraints/constraints.ts'
import type { ClassName } from '../../src/model/fields.ts'

type Case = readonly [rule: string, className: ClassName, broken: object, whole: object, pointer: string]

const global = { type: 'GlobalReference', value: 'https://example.com/x' }
const external = { type: 'ExternalReference', keys: [global] }
const other = { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value: 'https://example.com/y' }] }
const toSubmodel = { type: 'ModelReference', keys: [{ type: 'Submodel', value: 'urn:s' }] }
const toShell = { type: 'ModelReference', keys: [{ type: 'AssetAdministrationShell', value: 'urn:a' }] }
const property = (idShort?: string) => ({ modelType: 'Property', ...(idShort && { idShort }), valueType: 'xs:int' })
const submodel = (rest: object) => ({ modelType: 'Submodel', id: 'urn:s', ...rest })
const shell = (rest: object) => ({
  modelType: 'AssetAdministrationShell',
  id: 'urn:a',
  assetInformation: { assetKind: 'Instance', globalAssetId: 'urn:g' },
  ...rest
})
const list = (rest: object) => ({ modelType: 'SubmodelElementList', typeValueListElement: 'Capability', ...rest })
const ints = (value: object[]) => list({ typeValueListElement: 'Property', valueTypeListElement: 'xs:int', value })
const event = (rest: object) => ({
  modelType: 'BasicEventElement',
  observed: toSubmodel,
  direction: 'output',
  state: 'on',
  ...rest
})
const payload = (rest: object) => ({
  source: chain('Submodel', 'BasicEventElement'),
  observableReference: toSubmodel,
  timeStamp: '2024-02-29T00:00:00Z',
  ...rest
})
const qualifier = (rest: object) => ({ type: 'q', valueType: 'xs:int', ...rest })
const template = qualifier({ kind: 'TemplateQualifier' })
const asset = (rest: object) => ({ assetKind: 'Instance', ...rest })
const iec = (rest: object) => ({
  modelType: 'DataSpecificationIec61360',
  preferredName: [{ language: 'en', text: 'x' }],
  ...rest
})
const concept = (category: string | undefined, rest: object) => ({
  modelType: 'ConceptDescription',
  id: 'urn:c',
  ...(category && { category }),
  embeddedDataSpecifications: [{ dataSpecification: external, dataSpecificationContent: iec({ value: 'v', ...rest }) }]
})
const inConcept = '/embeddedDataSpecifications/0/dataSpecificationContent'

/** A reference with these key types, all of them with the value 0; a model reference unless it begins globally. */
function chain(...types: string[]) {
  const type = types[0] === 'GlobalReference' ? 'ExternalReference' : 'ModelReference'
  return { type, keys: types.map((type) => ({ type, value: '0' })) }
}

const cases: readonly Case[] = [
  ['AASd-005', 'AdministrativeInformation', { revision: '1' }, { version: '1', revision: '1' }, '/revision'],
  [
    'AASd-014',
    'Entity',
    { modelType: 'Entity', entityType: 'SelfManagedEntity' },
    { modelType: 'Entity', entityType: 'SelfManagedEntity', specificAssetIds: [{ name: 'n', value: 'v' }] },
    ''
  ],
  ['AASd-020', 'Qualifier', qualifier({ value: 'x' }), qualifier({ value: '1' }), '/value'],
  [
    'AASd-021',
    'Capability',
    { modelType: 'Capability', qualifiers: [qualifier({}), qualifier({ valueType: 'xs:string' })] },
    { modelType: 'Capability', qualifiers: [qualifier({}), qualifier({ type: 'Q' })] },
    '/qualifiers/1/type'
  ],
  [
    'AASd-022',
    'Submodel',
    submodel({ submodelElements: [property('same'), { modelType: 'Capability', idShort: 'same' }] }),
    submodel({ submodelElements: [property('same'), { modelType: 'Capability', idShort: 'Same' }] }),
    '/submodelElements/1/idShort'
  ],
  [
    'AASd-022',
    'Entity',
    { modelType: 'Entity', statements: [property('same'), property('same')] },
    { modelType: 'Entity', statements: [property('same'), property('other')] },
    '/statements/1/idShort'
  ],
  [
    'AASd-022',
    'AnnotatedRelationshipElement',
    { modelType: 'AnnotatedRelationshipElement', annotations: [property('same'), property('same')] },
    { modelType: 'AnnotatedRelationshipElement', annotations: [property('same'), property('other')] },
    '/annotations/1/idShort'
  ],
  [
    'AASd-077',
    'Capability',
    { modelType: 'Capability', extensions: [{ name: 'n' }, { name: 'n', value: 'x' }] },
    { modelType: 'Capability', extensions: [{ name: 'n' }, { name: 'm' }] },
    '/extensions/1/name'
  ],
  [
    'AASd-107',
    'SubmodelElementList',
    list({ semanticIdListElement: external, value: [{ modelType: 'Capability', semanticId: other }] }),
    list({ semanticIdListElement: external, value: [{ modelType: 'Capability', semanticId: external }] }),
    '/value/0/semanticId'
  ],
  [
    'AASd-108',
    'SubmodelElementList',
    list({ value: [{ modelType: 'Entity' }] }),
    list({ typeValueListElement: 'DataElement', value: [property(), { modelType: 'Blob' }] }),
    '/value/0/modelType'
  ],
  ['AASd-109', 'SubmodelElementList', list({ typeValueListElement: 'Property' }), ints([property()]), ''],
  [
    'AASd-109',
    'SubmodelElementList',
    list({
      typeValueListElement: 'Range',
      valueTypeListElement: 'xs:int',
      value: [{ modelType: 'Range', valueType: 'xs:long' }]
    }),
    list({
      typeValueListElement: 'Range',
      valueTypeListElement: 'xs:int',
      value: [{ modelType: 'Range', valueType: 'xs:int' }]
    }),
    '/value/0/valueType'
  ],
  [
    'AASd-114',
    'SubmodelElementList',
    ints([{ ...property(), semanticId: external }, property(), { ...property(), semanticId: other }]),
    ints([{ ...property(), semanticId: external }, property(), { ...property(), semanticId: external }]),
    '/value/2/semanticId'
  ],
  [
    'AASd-116',
    'AssetInformation',
    asset({ globalAssetId: 'urn:g', specificAssetIds: [{ name: 'GLOBALASSETID', value: 'urn:h' }] }),
    asset({ globalAssetId: 'urn:g', specificAssetIds: [{ name: 'globalAssetId', value: 'urn:g' }] }),
    '/specificAssetIds/0/value'
  ],
  [
    'AASd-117',
    'SubmodelElementCollection',
    { modelType: 'SubmodelElementCollection', value: [property()] },
    { modelType: 'SubmodelElementCollection', value: [property('aa')] },
    '/value/0'
  ],
  ['AASd-117', 'OperationVariable', { value: property() }, { value: property('aa') }, '/value'],
  [
    'AASd-118',
    'SpecificAssetId',
    { name: 'n', value: 'v', supplementalSemanticIds: [external] },
    { name: 'n', value: 'v', semanticId: external, supplementalSemanticIds: [external] },
    '/supplementalSemanticIds'
  ],
  [
    'AASd-119',
    'Submodel',
    submodel({ qualifiers: [template] }),
    submodel({ kind: 'Template', qualifiers: [template] }),
    '/qualifiers/0/kind'
  ],
  ['AASd-121', 'Reference', chain('Property'), chain('Submodel', 'Property'), '/keys/0/type'],
  [
    'AASd-122',
    'Reference',
    { type: 'ExternalReference', keys: [{ type: 'Submodel', value: 'urn:s' }] },
    external,
    '/keys/0/type'
  ],
  ['AASd-123', 'Reference', { type: 'ModelReference', keys: [global] }, toSubmodel, '/keys/0/type'],
  [
    'AASd-124',
    'Reference',
    chain('GlobalReference', 'Property'),
    chain('GlobalReference', 'FragmentReference'),
    '/keys/1/type'
  ],
  ['AASd-125', 'Reference', chain('Submodel', 'Submodel'), chain('Submodel', 'Entity', 'Property'), '/keys/1/type'],
  [
    'AASd-126',
    'Reference',
    chain('Submodel', 'File', 'FragmentReference', 'File'),
    chain('Submodel', 'File', 'FragmentReference'),
    '/keys/2/type'
  ],
  [
    'AASd-127',
    'Reference',
    chain('Submodel', 'Property', 'FragmentReference'),
    chain('Submodel', 'Blob', 'FragmentReference'),
    '/keys/2/type'
  ],
  [
    'AASd-128',
    'Reference',
    {
      ...toSubmodel,
      keys: [...toSubmodel.keys, { type: 'SubmodelElementList', value: 'l' }, { type: 'Property', value: 'p' }]
    },
    {
      ...toSubmodel,
      keys: [...toSubmodel.keys, { type: 'SubmodelElementList', value: 'l' }, { type: 'Property', value: '7' }]
    },
    '/keys/2/value'
  ],
  [
    'AASd-129',
    'Submodel',
    submodel({
      submodelElements: [
        {
          modelType: 'SubmodelElementCollection',
          idShort: 'cc',
          value: [{ ...property('pp'), qualifiers: [template] }]
        }
      ]
    }),
    submodel({
      kind: 'Template',
      submodelElements: [
        {
          modelType: 'SubmodelElementCollection',
          idShort: 'cc',
          value: [{ ...property('pp'), qualifiers: [template] }]
        }
      ]
    }),
    '/submodelElements/0/value/0/qualifiers/0/kind'
  ],
  ['AASd-131', 'AssetInformation', asset({}), asset({ specificAssetIds: [{ name: 'n', value: 'v' }] }), ''],
  [
    'AASd-133',
    'SpecificAssetId',
    { name: 'n', value: 'v', externalSubjectId: toShell },
    { name: 'n', value: 'v', externalSubjectId: external },
    '/externalSubjectId/type'
  ],
  [
    'AASd-134',
    'Operation',
    {
      modelType: 'Operation',
      inputVariables: [{ value: property('vv') }],
      inoutputVariables: [{ value: property('vv') }]
    },
    {
      modelType: 'Operation',
      inputVariables: [{ value: property('vv') }],
      inoutputVariables: [{ value: property('ww') }]
    },
    '/inoutputVariables/0/value/idShort'
  ],
  ['ValueDataType', 'Property', { ...property(), value: '1.5' }, { ...property(), value: '15' }, '/value'],
  [
    'ValueDataType',
    'Range',
    { modelType: 'Range', valueType: 'xs:date', max: '2023-02-29' },
    { modelType: 'Range', valueType: 'xs:date', min: '2024-02-29' },
    '/max'
  ],
  [
    'ValueDataType',
    'Extension',
    { name: 'n', valueType: 'xs:byte', value: '128' },
    { name: 'n', value: '128' },
    '/value'
  ],
  [
    'LangStringSet',
    'MultiLanguageProperty',
    {
      modelType: 'MultiLanguageProperty',
      value: [
        { language: 'en', text: 'a' },
        { language: 'EN', text: 'b' }
      ]
    },
    {
      modelType: 'MultiLanguageProperty',
      value: [
        { language: 'en', text: 'a' },
        { language: 'en-GB', text: 'a' }
      ]
    },
    '/value/1/language'
  ],
  [
    'ModelReference<Submodel>',
    'AssetAdministrationShell',
    shell({ submodels: [toShell] }),
    shell({ submodels: [toSubmodel] }),
    '/submodels/0/keys/0/type'
  ],
  [
    'ModelReference<AssetAdministrationShell>',
    'AssetAdministrationShell',
    shell({ derivedFrom: external }),
    shell({ derivedFrom: toShell }),
    '/derivedFrom/type'
  ],
  [
    'ModelReference<Referable>',
    'BasicEventElement',
    event({ messageBroker: external }),
    event({ messageBroker: toShell }),
    '/messageBroker/type'
  ],
  ['ModelReference<EventElement>', 'EventPayload', payload({ source: toSubmodel }), payload({}), '/source/keys/0/type'],
  [
    'BasicEventElement',
    'BasicEventElement',
    event({ direction: 'input', maxInterval: 'PT1S' }),
    event({ maxInterval: 'PT1S' }),
    '/maxInterval'
  ],
  [
    'DateTimeUtc',
    'BasicEventElement',
    event({ lastUpdate: '2023-02-29T00:00:00Z' }),
    event({ lastUpdate: '2024-02-29T00:00:00Z' }),
    '/lastUpdate'
  ],
  ['DateTimeUtc', 'EventPayload', payload({ timeStamp: '2023-04-31T00:00:00Z' }), payload({}), '/timeStamp'],
  [
    'AASc-3a-002',
    'DataSpecificationIec61360',
    iec({ preferredName: [{ language: 'de', text: 'x' }] }),
    iec({
      preferredName: [
        { language: 'de', text: 'x' },
        { language: 'en-GB', text: 'x' }
      ]
    }),
    '/preferredName'
  ],
  [
    'AASc-3a-004',
    'ConceptDescription',
    concept('PROPERTY', {}),
    concept('PROPERTY', { dataType: 'STRING' }),
    inConcept
  ],
  [
    'AASc-3a-004',
    'ConceptDescription',
    concept('VALUE', { dataType: 'IRI' }),
    concept('VALUE', { dataType: 'DATE' }),
    `${inConcept}/dataType`
  ],
  [
    'AASc-3a-005',
    'ConceptDescription',
    concept('REFERENCE', { dataType: 'DATE' }),
    concept('REFERENCE', { dataType: 'IRDI' }),
    `${inConcept}/dataType`
  ],
  [
    'AASc-3a-006',
    'ConceptDescription',
    concept('DOCUMENT', { dataType: 'STRING' }),
    concept('DOCUMENT', { dataType: 'HTML' }),
    `${inConcept}/dataType`
  ],
  [
    'AASc-3a-007',
    'ConceptDescription',
    concept('QUALIFIER_TYPE', {}),
    concept('QUALIFIER_TYPE', { dataType: 'IRI' }),
    inConcept
  ],
  [
    'AASc-3a-008',
    'ConceptDescription',
    concept(undefined, { value: undefined, definition: [{ language: 'fr', text: 'x' }] }),
    concept(undefined, { value: undefined, definition: [{ language: 'en', text: 'x' }] }),
    inConcept
  ],
  [
    'AASc-3a-009',
    'DataSpecificationIec61360',
    iec({ dataType: 'REAL_MEASURE' }),
    iec({ dataType: 'REAL_MEASURE', unit: 'm' }),
    ''
  ],
  [
    'AASc-3a-010',
    'DataSpecificationIec61360',
    iec({ value: 'v', valueList: { valueReferencePairs: [{ value: 'w' }] } }),
    iec({ valueList: { valueReferencePairs: [{ value: 'w' }] } }),
    '/valueList'
  ]
]

for (const [rule, className, broken, whole, pointer] of cases) {
  t.test(`[${rule}] is found broken in ${className} and kept`, async (t) => {
    const found = checkConstraints(className, broken)
    t.same(
      found.map((violation) => [violation.rule, violation.pointer]),
      [[rule, pointer]]
    )
    t.not(found[0]?.text, '')
    t.same(checkConstraints(className, whole), [])
  })
}

t.test('a constraint is checked wherever its class occurs', async (t) => {
  const bad = { type: 'ModelReference', keys: [global] }
  const environment = {
    assetAdministrationShells: [shell({ administration: { creator: bad } })],
    submodels: [
      submodel({
        semanticId: bad,
        submodelElements: [
          { modelType: 'Operation', idShort: 'op', inputVariables: [{ value: { ...property('in'), valueId: bad } }] },
          {
            modelType: 'SubmodelElementList',
            idShort: 'li',
            typeValueListElement: 'Entity',
            value: [
              {
                modelType: 'Entity',
                statements: [{ ...property('st'), semanticId: { ...external, referredSemanticId: bad } }]
              }
            ]
          }
        ]
      })
    ],
    conceptDescriptions: [
      concept(undefined, {
        valueList: { valueReferencePairs: [{ value: 'v', valueId: bad }] },
        value: undefined,
        definition: [{ language: 'en', text: 'x' }]
      })
    ]
  }
  t.same(
    checkConstraints('Environment', environment).map(({ pointer, idShortPath }) => [pointer, idShortPath]),
    [
      ['/assetAdministrationShells/0/administration/creator/keys/0/type', undefined],
      ['/submodels/0/semanticId/keys/0/type', undefined],
      ['/submodels/0/submodelElements/0/inputVariables/0/value/valueId/keys/0/type', 'op'],
      ['/submodels/0/submodelElements/1/value/0/statements/0/semanticId/referredSemanticId/keys/0/type', 'li[0].st'],
      [
        '/conceptDescriptions/0/embeddedDataSpecifications/0/dataSpecificationContent/valueList/valueReferencePairs/0/valueId/keys/0/type',
        undefined
      ]
    ]
  )
})

t.test('an element looked at by itself needs no idShort, and no submodel of a kind', async (t) => {
  t.same(checkConstraints('SubmodelElement', { ...property(), qualifiers: [template] }), [])
})

t.test('items of a list may have the same idShort, as they are addressed by index', async (t) => {
  t.same(checkConstraints('SubmodelElementList', ints([property('aa'), property('aa')])), [])
})

t.test('the walk stops at the limit', async (t) => {
  const many = submodel({
    submodelElements: Array.from({ length: 100 }, (_, index) => ({ ...property(`p${index}`), value: 'x' }))
  })
  t.equal(checkConstraints('Submodel', many).length, 100)
  t.equal(checkConstraints('Submodel', many, 7).length, 7)
})
