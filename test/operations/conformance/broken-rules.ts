/** A reference model for every rule of the acceptance test of both years that breaks it. */
import { externalTo, file, type Model, manual, type PackageChoices } from './reference-model.ts'

export interface BrokenRule {
  /** With its year. */
  readonly rule: string
  readonly change: (model: Model) => void
  /** Rules that fail, warnings included; the rule alone by default. */
  readonly fails?: readonly string[]
  /** Rules that still fail after the repair; none by default: it passes. */
  readonly left?: readonly string[]
  /** Nothing fails, and nothing is repaired. */
  readonly isWarning?: true
  readonly choices?: PackageChoices
}

const shell = (m: Model) => m.assetAdministrationShells[0]
const operational = (m: Model) => m.submodels[5]
const elements = (m: Model) => operational(m).submodelElements
const iec = (m: Model, index: number) =>
  m.conceptDescriptions[index].embeddedDataSpecifications[0].dataSpecificationContent
const concept = (m: Model, index: number) => m.conceptDescriptions[index]
const with_ = (object: object, members: object) => Object.assign(object, members)
const own = (name: string) => `https://www.smart-factory.kr/ids/cd/${name}/1/0`
const reference = (type: string, ...keys: readonly [type: string, value: string][]) => ({
  type,
  keys: keys.map(([type, value]) => ({ type, value }))
})
/** A ReferenceElement of a meaning that the file knows. */
const pointing = (m: Model, value: object) =>
  elements(m).push({ modelType: 'ReferenceElement', idShort: 'Target', semanticId: externalTo(own('Manual')), value })
const qualified = (m: Model, qualifier: object) => with_(elements(m)[0], { qualifiers: [qualifier] })
const SUBMODEL = ['Submodel', 'https://www.smart-factory.kr/ids/sm/Press/OperationalData/1/0'] as const
const everyUse = (m: Model, index: number, semanticId: object) => {
  for (const { submodelElements } of m.submodels) submodelElements[index].semanticId = semanticId
}

/** A constraint of the standard that the tool of 2025 looks at, too. */
function constraint(id: string, change: BrokenRule['change'], more: Partial<BrokenRule> = {}): BrokenRule {
  return { rule: `2025/${id}`, change, fails: [id, 'IDTA-1'], left: [id, 'IDTA-1'], ...more }
}

const rules2025: readonly BrokenRule[] = [
  { rule: '2025/IDTA-1', change: () => {}, choices: { release: '3.1' } },
  { rule: '2025/IDTA-2', change: () => {}, fails: [] },
  {
    rule: '2025/AASd-002',
    change: (m) => with_(elements(m)[3], { idShort: 'Rec-ords' }),
    // The tool never fails it; the engine does.
    ...{ fails: ['IDTA-1'], left: ['IDTA-1'] }
  },
  constraint('AASd-005', (m) => with_(shell(m), { administration: { revision: '0' } })),
  {
    rule: '2025/AASd-006',
    change: (m) => qualified(m, { type: 'Kind', valueType: 'xs:string', value: 'a', valueId: externalTo('urn:b') }),
    fails: []
  },
  { rule: '2025/AASd-007', change: (m) => with_(elements(m)[0], { valueId: externalTo('urn:other') }), fails: [] },
  constraint('AASd-014', (m) =>
    elements(m).push({ modelType: 'Entity', idShort: 'Part', entityType: 'SelfManagedEntity' })
  ),
  {
    rule: '2025/AASd-020',
    change: (m) => qualified(m, { type: 'Kind', valueType: 'xs:int', value: 'a' }),
    ...{ fails: ['IDTA-1'], left: ['IDTA-1'] }
  },
  constraint('AASd-090', (m) => with_(elements(m)[0], { category: 'OTHER' })),
  constraint('AASd-107', (m) => with_(elements(m)[3].value[0], { semanticId: externalTo(own('Title')) }), { left: [] }),
  constraint('AASd-109', (m) => delete elements(m)[3].valueTypeListElement),
  constraint('AASd-114', (m) => {
    delete elements(m)[3].semanticIdListElement
    elements(m)[3].value.push({ ...elements(m)[3].value[0], semanticId: externalTo(own('Title')) })
  }),
  constraint('AASd-116', (m) =>
    with_(shell(m).assetInformation, { specificAssetIds: [{ name: 'globalAssetId', value: 'urn:another' }] })
  ),
  constraint('AASd-117', (m) => delete elements(m)[1].idShort),
  constraint(
    'AASd-118',
    (m) => with_(elements(m)[0], { semanticId: undefined, supplementalSemanticIds: [externalTo(own('Pressure'))] }),
    { left: [] }
  ),
  constraint(
    'AASd-119',
    (m) =>
      with_(operational(m), {
        kind: 'Instance',
        qualifiers: [{ kind: 'TemplateQualifier', type: 'SMT/Cardinality', valueType: 'xs:string', value: 'One' }]
      }),
    { left: [] }
  ),
  constraint('AASd-120', (m) => with_(elements(m)[3].value[0], { idShort: 'First' }), { left: [] }),
  constraint('AASd-121', (m) => pointing(m, reference('ModelReference', ['Property', 'Pressure'])), {
    fails: ['AASd-121', 'AASd-123', 'IDTA-1'],
    left: ['AASd-121', 'AASd-123', 'IDTA-1']
  }),
  constraint('AASd-122', (m) => with_(elements(m)[0].semanticId.keys[0], { type: 'ConceptDescription' }), {
    fails: ['AASd-122', 'AASd-124', 'IDTA-1'],
    left: []
  }),
  constraint('AASd-123', (m) => pointing(m, reference('ModelReference', ['GlobalReference', 'urn:x']))),
  constraint(
    'AASd-124',
    (m) => pointing(m, reference('ExternalReference', ['GlobalReference', 'urn:x'], ['Property', 'Pressure'])),
    { left: [] }
  ),
  constraint('AASd-125', (m) => pointing(m, reference('ModelReference', [...SUBMODEL], ['GlobalReference', 'urn:x']))),
  constraint('AASd-126', (m) =>
    pointing(
      m,
      reference('ModelReference', [...SUBMODEL], ['File', 'Manual'], ['FragmentReference', 'a'], ['Property', 'x'])
    )
  ),
  constraint('AASd-127', (m) =>
    pointing(m, reference('ModelReference', [...SUBMODEL], ['Property', 'Pressure'], ['FragmentReference', 'a']))
  ),
  constraint('AASd-128', (m) =>
    pointing(m, reference('ModelReference', [...SUBMODEL], ['SubmodelElementList', 'Records'], ['Property', 'First']))
  ),
  constraint(
    'AASd-129',
    (m) => {
      operational(m).kind = 'Instance'
      qualified(m, { kind: 'TemplateQualifier', type: 'SMT/Cardinality', valueType: 'xs:string', value: 'One' })
    },
    { fails: ['AASd-129', 'IDTA-1', 'KOSMO-SM-4'], left: [] }
  ),
  {
    rule: '2025/AASd-130',
    change: (m) => with_(elements(m)[1].value[0], { text: 'alarm \u0007' }),
    ...{ fails: ['IDTA-1'], left: ['IDTA-1'], choices: { form: 'json' } }
  },
  constraint('AASd-131', (m) => delete shell(m).assetInformation.globalAssetId, {
    fails: ['AASd-131', 'IDTA-1', 'KOSMO-AAS-5'],
    left: []
  }),
  constraint('AASd-133', (m) =>
    with_(shell(m).assetInformation, {
      specificAssetIds: [{ name: 'serial', value: '1', externalSubjectId: reference('ModelReference', [...SUBMODEL]) }]
    })
  ),
  constraint('AASd-134', (m) => {
    const variable = { value: { modelType: 'Property', idShort: 'Speed', valueType: 'xs:int' } }
    elements(m).push({ modelType: 'Operation', idShort: 'Start', inputVariables: [variable, variable] })
  }),
  {
    rule: '2025/AASc-3a-002',
    change: (m) => with_(iec(m, 3), { preferredName: [{ language: 'ko', text: '기록' }] }),
    fails: ['IDTA-1']
  },
  constraint('AASc-3a-004', (m) => with_(concept(m, 0), { category: 'VALUE' }), { left: [] }),
  constraint('AASc-3a-005', (m) => with_(concept(m, 0), { category: 'REFERENCE' }), { left: [] }),
  constraint('AASc-3a-006', (m) => with_(concept(m, 0), { category: 'DOCUMENT' }), { left: [] }),
  constraint('AASc-3a-007', (m) => {
    with_(concept(m, 3), { category: 'QUALIFIER_TYPE' })
    delete iec(m, 3).dataType
  }),
  constraint('AASc-3a-008', (m) => with_(iec(m, 3), { definition: [{ language: 'ko', text: '기록' }] })),
  {
    rule: '2025/AASc-3a-009',
    change: (m) => delete iec(m, 0).unit,
    ...{ fails: ['IDTA-1'], left: ['IDTA-1'] }
  },
  {
    rule: '2025/AASc-3a-010',
    change: (m) =>
      with_(iec(m, 3), {
        value: '1',
        valueList: { valueReferencePairs: [{ value: '1', valueId: externalTo('urn:1') }] }
      }),
    ...{ fails: ['IDTA-1'], left: ['IDTA-1'] }
  },
  { rule: '2025/KOSMO-AAS-1', change: (m) => delete shell(m).assetInformation.defaultThumbnail, fails: [] },
  { rule: '2025/KOSMO-AAS-2', change: (m) => with_(shell(m), { idShort: 'press' }) },
  { rule: '2025/KOSMO-AAS-3', change: (m) => with_(shell(m), { id: 'urn:plant:Hopper Dryer' }) },
  { rule: '2025/KOSMO-AAS-4', change: (m) => m.submodels.pop(), left: ['KOSMO-AAS-4'] },
  {
    rule: '2025/KOSMO-AAS-5',
    change: (m) => delete shell(m).assetInformation.globalAssetId,
    fails: ['AASd-131', 'IDTA-1', 'KOSMO-AAS-5']
  },
  { rule: '2025/KOSMO-AAS-6', change: (m) => with_(shell(m).assetInformation, { assetKind: 'Instance' }) },
  { rule: '2025/KOSMO-SM-1', change: (m) => with_(m.submodels[1], { idShort: 'digitalNameplate' }) },
  { rule: '2025/KOSMO-SM-2', change: (m) => with_(m.submodels[1], { id: 'urn:plant:my nameplate' }) },
  {
    rule: '2025/KOSMO-SM-3',
    change: (m) => with_(operational(m), { semanticId: undefined, supplementalSemanticIds: [externalTo('urn:a')] }),
    fails: ['AASd-118', 'IDTA-1', 'KOSMO-SM-3']
  },
  {
    rule: '2025/KOSMO-SM-4',
    change: (m) => {
      delete operational(m).kind
      qualified(m, { kind: 'TemplateQualifier', type: 'SMT/Cardinality', valueType: 'xs:string', value: 'One' })
    },
    fails: ['AASd-129', 'IDTA-1', 'KOSMO-SM-4']
  },
  {
    rule: '2025/KOSMO-SMC-1',
    change: (m) => elements(m).push({ modelType: 'SubmodelElementCollection', idShort: 'groupOfData' })
  },
  {
    rule: '2025/KOSMO-SMC-2',
    change: (m) => elements(m).push({ modelType: 'SubmodelElementCollection', idShort: 'Group' }),
    fails: []
  },
  { rule: '2025/KOSMO-Property-1', change: (m) => delete elements(m)[0].semanticId, fails: [] },
  { rule: '2025/KOSMO-Property-2', change: (m) => with_(elements(m)[0], { idShort: 'pressure' }) },
  { rule: '2025/KOSMO-Property-3', change: (m) => m.conceptDescriptions.splice(0, 1), fails: [] },
  {
    rule: '2025/KOSMO-CD-1',
    change: (m) => {
      concept(m, 3).id = 'urn:plant:my records'
      everyUse(m, 3, externalTo('urn:plant:my records'))
    }
  },
  { rule: '2025/KOSMO-CD-2', change: (m) => with_(concept(m, 3), { idShort: 'records' }) },
  {
    rule: '2025/KOSMO-CD-3',
    change: (m) => {
      delete iec(m, 3).definition
      for (const { submodelElements } of m.submodels)
        submodelElements[3].description = [{ language: 'en', text: 'Pressures of the last day' }]
    },
    fails: ['AASc-3a-008', 'IDTA-1', 'KOSMO-CD-3']
  }
]

const rules2026: readonly BrokenRule[] = [
  {
    rule: '2026/KOSMO-AAS-1',
    change: (m) => delete shell(m).assetInformation.defaultThumbnail,
    choices: { files: [manual] }
  },
  { rule: '2026/KOSMO-AAS-2', change: (m) => with_(shell(m), { idShort: 'P' }) },
  { rule: '2026/KOSMO-AAS-3', change: (m) => with_(shell(m), { id: 'https://www.smart-factory.kr/ids/aas/Press' }) },
  { rule: '2026/KOSMO-AAS-4', change: (m) => m.submodels.splice(0, 1), left: ['KOSMO-AAS-4'] },
  {
    rule: '2026/KOSMO-AAS-5',
    change: (m) => {
      delete shell(m).assetInformation.globalAssetId
      with_(shell(m), { id: 'urn:plant:press/1/0' })
    },
    fails: ['IDTA-1', 'KOSMO-AAS-5']
  },
  { rule: '2026/KOSMO-AAS-6', change: (m) => with_(shell(m).assetInformation, { assetKind: 'NotApplicable' }) },
  { rule: '2026/KOSMO-SM-1', change: (m) => with_(m.submodels[0], { idShort: 'X' }) },
  { rule: '2026/KOSMO-SM-2', change: (m) => with_(operational(m), { administration: { version: '7' } }) },
  {
    rule: '2026/KOSMO-SM-3',
    change: (m) => with_(operational(m), { semanticId: externalTo('https://admin-shell.io/x') })
  },
  { rule: '2026/KOSMO-SM-4', change: (m) => with_(operational(m), { kind: 'Instance' }) },
  {
    rule: '2026/SM-DUP-IDSHORT',
    change: (m) => with_(m.submodels[0], { idShort: 'TechnicalData' }),
    isWarning: true
  },
  { rule: '2026/KOSMO-SME-1', change: (m) => with_(elements(m)[0], { idShort: 'P' }) },
  {
    rule: '2026/KOSMO-SME-2',
    change: (m) => elements(m).push({ modelType: 'Capability', idShort: 'Pressing' }),
    left: ['KOSMO-SME-2']
  },
  { rule: '2026/KOSMO-SME-3', change: (m) => m.conceptDescriptions.splice(3, 1) },
  {
    rule: '2026/KOSMO-SME-4',
    change: (m) => delete elements(m)[0].value,
    left: ['KOSMO-SME-4']
  },
  {
    rule: '2026/KOSMO-SME-5',
    change: (m) => {
      const id = '0173-1#02-AAO677#002'
      m.conceptDescriptions.push({ ...structuredClone(concept(m, 3)), id, idShort: 'Name' })
      elements(m).push({
        modelType: 'Property',
        idShort: 'Name',
        valueType: 'xs:double',
        value: '5',
        semanticId: externalTo(id)
      })
    }
  },
  { rule: '2026/KOSMO-CD-1', change: (m) => delete concept(m, 3).idShort },
  {
    rule: '2026/KOSMO-CD-2',
    change: (m) => {
      concept(m, 3).id = 'https://admin-shell.io/x/Records/1/0'
      everyUse(m, 3, externalTo('https://admin-shell.io/x/Records/1/0'))
    }
  },
  {
    rule: '2026/KOSMO-CD-3',
    change: (m) => with_(iec(m, 3), { definition: [{ language: 'ko', text: '기록' }] }),
    ...{ fails: ['IDTA-1', 'KOSMO-CD-3'], left: ['IDTA-1', 'KOSMO-CD-3'] }
  },
  { rule: '2026/KOSMO-CD-4', change: (m) => with_(iec(m, 2), { dataType: 'BLOB' }) },
  { rule: '2026/KOSMO-CD-5', change: (m) => m.conceptDescriptions.push(structuredClone(concept(m, 3))) },
  { rule: '2026/PKG-FILE-URI', change: (m) => with_(elements(m)[2], { value: '/manual.pdf' }) },
  {
    rule: '2026/PKG-THUMB-PART',
    change: () => {},
    choices: { files: [file('/thumbnail.png', 'image/png', 'picture'), manual] }
  },
  {
    rule: '2026/PKG-LANG-DUP',
    change: (m) => iec(m, 3).preferredName.push(iec(m, 3).preferredName[0]),
    fails: ['IDTA-1', 'PKG-LANG-DUP']
  },
  {
    rule: '2026/PKG-EMPTY-ARRAY',
    change: (m) => with_(operational(m), { extensions: [] }),
    ...{ fails: ['IDTA-1', 'PKG-EMPTY-ARRAY'], choices: { form: 'json' } }
  },
  {
    rule: '2026/AASd-120',
    change: (m) => with_(elements(m)[3].value[0], { idShort: 'First' }),
    fails: ['AASd-120', 'IDTA-1']
  },
  {
    rule: '2026/L2-constraints',
    // What a supplier checks besides is what IDTA-1 checks.
    change: (m) => elements(m).push({ ...elements(m)[1] }),
    ...{ fails: ['IDTA-1'], left: ['IDTA-1'] }
  }
]

export const brokenRules: readonly BrokenRule[] = [...rules2025, ...rules2026]
