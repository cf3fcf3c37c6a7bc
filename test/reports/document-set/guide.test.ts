import t from 'tap'
import type { Submodel, SubmodelElement } from '../../../src/model/types.ts'
import { childrenOf, walk } from '../../../src/model/walk.ts'
import { guide } from '../../../src/reports/document-set/guide.ts'
import { diagramsOf } from '../../../src/reports/document-set/uml-diagram.ts'
import { blocksOf, machine, machineOf, materialOf, tablesOf, textsOf } from './machine.ts'

const semantic = (value: string) => ({
  type: 'ExternalReference' as const,
  keys: [{ type: 'GlobalReference' as const, value }]
})
const property = (idShort: string, more: Partial<SubmodelElement> = {}): SubmodelElement =>
  ({ modelType: 'Property', idShort, valueType: 'xs:double', value: '1', ...more }) as SubmodelElement
const submodel = (idShort: string, submodelElements: SubmodelElement[]): Submodel => ({
  ...{ modelType: 'Submodel', id: `urn:${idShort}`, idShort, submodelElements }
})

t.test('every submodel has a diagram, and a table for each container if it has elements of this machine', async (t) => {
  const document = guide(materialOf(machine))
  t.equal(document.title, '제조데이터 표준 활용 가이드 – InjectionMouldingMachine01')
  const figures = blocksOf(document).filter((block) => block.kind === 'figure')
  t.strictSame(
    figures.map(({ caption }) => caption),
    machine.submodels.map(({ idShort }) => `${idShort} 서브모델 UML 다이어그램`)
  )
  const captions = tablesOf(document).map(({ caption }) => caption)
  t.strictSame(captions, [
    '서브모델 목록',
    'Nameplate - 참조 정보',
    'TechnicalData - TechnicalData',
    'OperationalData - OperationalData',
    'OperationalData - BarrelTemperatures',
    'OperationalData - Order',
    'TimeSeries - 참조 정보',
    'Control - 참조 정보'
  ])
  const [data] = tablesOf(document).filter(({ caption }) => caption === 'OperationalData - OperationalData')
  const rows = textsOf(data ?? { kind: 'table', columns: [], rows: [] })
  t.strictSame(rows.slice(0, 6), [
    ['idShort:', 'OperationalData'],
    ['Class:', 'Submodel'],
    ['semanticId:', '[IRI] https://plant.example/semantics/operational-data/1/0'],
    ['Parent:', '-'],
    ['Explanation:', 'What the machine does right now'],
    ['[SME type]idShort', 'semanticId = [idType]value\nDescription@en', '[valueType]example', 'card.']
  ])
  t.strictSame(
    rows.find(([name]) => name === '[Prop]CycleTime'),
    [
      '[Prop]CycleTime',
      '[IRI] https://plant.example/cd/CycleTime\nTime from one closing of the mould to the next',
      '[double]12.4',
      '0..1'
    ]
  )
  t.strictSame(
    rows.filter(([name]) => /^\[SM[CL]/.test(name ?? '')).map((row) => [row[0], row[2]]),
    [
      ['[SML]BarrelTemperatures', '[-]4 elements'],
      ['[SMC]Order', '[-]4 elements']
    ]
  )
})

t.test('every element of a submodel with tables is a row of one of them', async (t) => {
  const own = machine.submodels.filter(({ idShort }) => idShort === 'OperationalData')
  const rows = tablesOf(guide(materialOf(machineOf(own))))
    .slice(1)
    .flatMap((table) => textsOf(table).slice(6))
  t.equal(rows.length, own.flatMap((one) => [...walk(one)]).length)
})

t.test('elements of dictionaries and published templates alone make no tables', async (t) => {
  const published = ['0173-1#02-AAO677#002', '0112/2///61987#ABA951#009', 'https://admin-shell.io/zvei/nameplate/1/0/X']
  const of = (...ids: string[]) =>
    submodel('A', [
      {
        modelType: 'SubmodelElementCollection',
        idShort: 'C',
        value: ids.map((id, at) => property(`P${at}`, { semanticId: semantic(id) }))
      }
    ])
  const captions = (one: Submodel) => tablesOf(guide(materialOf(machineOf([one])))).map(({ caption }) => caption)
  t.strictSame(captions(of(...published)), ['서브모델 목록', 'A - 참조 정보'])
  t.strictSame(captions(of(...published, 'https://plant.example/wear')), ['서브모델 목록', 'A - A', 'A - C'])
})

t.test('kinds, names and values are written as the programme has them', async (t) => {
  const reference = semantic('urn:x')
  const elements = [
    { modelType: 'Range', idShort: 'R', valueType: 'xs:double', min: '1', max: '9', semanticId: semantic('urn:r') },
    {
      modelType: 'MultiLanguageProperty',
      idShort: 'M',
      value: [
        { language: 'en', text: 'a' },
        { language: 'ko', text: '가' }
      ]
    },
    { modelType: 'RelationshipElement', idShort: 'Rel', first: reference, second: reference },
    { modelType: 'Entity', idShort: 'E', entityType: 'SelfManagedEntity', statements: [property('S')] },
    {
      modelType: 'SubmodelElementList',
      idShort: 'L',
      typeValueListElement: 'Property',
      value: [{ modelType: 'Property', valueType: 'xs:int', value: '5' }]
    },
    property('Q', {
      qualifiers: [{ type: 'SMT/Cardinality', valueType: 'xs:string', value: 'OneToMany' }],
      supplementalSemanticIds: [semantic('https://admin-shell.io/idta/x')],
      semanticId: semantic('urn:q')
    })
  ] as SubmodelElement[]
  const tables = tablesOf(guide(materialOf(machineOf([submodel('A', elements)])))).slice(1)
  t.strictSame(
    tables.flatMap((table) => textsOf(table).slice(6)),
    [
      ['[Range]R', '[IRI] urn:r', '[double]1 ~ 9', '0..1'],
      ['[MLP]M', '-', '[langString]가', '0..1'],
      ['[Rel]Rel', '-', '[Reference][GlobalReference, urn:x] -> [GlobalReference, urn:x]', '0..1'],
      ['[Ent]E(SelfManagedEntity)', '-', '[-]1 elements', '0..1'],
      ['[SML]L', '-', '[-]1 elements', '0..1'],
      ['[Prop]Q', '[IRI] urn:q\nIDTA 원본: https://admin-shell.io/idta/x', '[double]1', '1..*'],
      ['[Prop]S', '-', '[double]1', '0..1'],
      ['[Prop](anon)_0', '-', '[int]5', '0..*']
    ]
  )
})

t.test('a diagram names every class, and is divided where it would be too tall for a page', async (t) => {
  const groups = Array.from(
    { length: 60 },
    (_, group): SubmodelElement => ({
      modelType: 'SubmodelElementCollection',
      idShort: `Group${group}`,
      value: Array.from({ length: group % 9 }, (_, at) => property(`P${at}`))
    })
  )
  const drawings = diagramsOf(submodel('Large', groups))
  t.ok(drawings.length > 1)
  const labels = drawings.flatMap(({ shapes }) => shapes.flatMap((one) => (one.shape === 'label' ? [one.text] : [])))
  for (const { idShort = '' } of groups) t.equal(labels.filter((text) => text === idShort).length, 1, idShort)
  for (const { height, width, shapes } of drawings) {
    t.ok(height <= 1100, `${height}`)
    for (const one of shapes) if (one.shape === 'box') t.ok(one.y + one.height <= height && one.x + one.width <= width)
  }
  const [operational] = machine.submodels.filter(({ idShort }) => idShort === 'OperationalData')
  const [drawing] = diagramsOf(operational ?? submodel('none', []))
  const texts = drawing?.shapes.flatMap((one) => (one.shape === 'label' ? [one.text] : [])) ?? []
  for (const element of childrenOf(operational ?? submodel('none', []))) {
    t.ok(
      texts.some((text) => text.startsWith(element.idShort ?? '?')),
      `${element.idShort}`
    )
  }
})

t.test('a submodel without elements, and one nested very deeply, have a diagram', async (t) => {
  t.equal(diagramsOf(submodel('Empty', [])).length, 1)
  let element = property('Leaf')
  for (let depth = 0; depth < 60; depth++) {
    element = { modelType: 'SubmodelElementCollection', idShort: `Level${depth}`, value: [element] }
  }
  t.ok(diagramsOf(submodel('Deep', [element])).length >= 1)
})
