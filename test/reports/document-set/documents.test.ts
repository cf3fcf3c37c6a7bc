import t from 'tap'
import type { Submodel, SubmodelElement } from '../../../src/model/types.ts'
import { childrenOf, walk } from '../../../src/model/walk.ts'
import { dataDefinition } from '../../../src/reports/document-set/data-definition.ts'
import { suppliedNames } from '../../../src/reports/document-set/documents.ts'
import { guideTables } from '../../../src/reports/document-set/guide-tables.ts'
import { interfaceDefinition } from '../../../src/reports/document-set/interface-definition.ts'
import { documentFileName, makeDocument } from '../../../src/reports/document-set/make-document.ts'
import type { Verification } from '../../../src/reports/document-set/material.ts'
import { machine, machineOf, materialOf, tablesOf, textsOf } from './machine.ts'

const verification: Verification = {
  origin: 'given',
  file: { name: 'a.aasx', size: 1, sha256: 'ab' },
  report: {
    ...{ file: 'a.aasx', profile: 'kosmo', language: 'ko', valid: false },
    rules: [
      { rule: 'KOSMO-SM-1', title: 'idShort', result: 'failed', findings: 2, source: 's' },
      { rule: 'KOSMO-CD-5', title: '중복', result: 'notChecked', findings: 0, source: 's' }
    ],
    findings: [
      {
        ...{ rule: 'KOSMO-SM-1', severity: 'error', pointer: '/submodels/3', idShort: 'op', modelType: 'Submodel' },
        ...{ found: 'op는 소문자', remedy: '대문자로 시작' }
      }
    ]
  }
}

t.test('the flat tables have every element once, in the order of the submodel', async (t) => {
  const tables = tablesOf(guideTables(materialOf(machine)))
  t.strictSame(
    tables.map(({ sheet }) => sheet),
    machine.submodels.map(({ idShort }) => idShort)
  )
  for (const [index, submodel] of machine.submodels.entries()) {
    const table = tables[index] ?? { kind: 'table', columns: [], rows: [] }
    const headings = table.columns.map(({ heading }) => heading)
    const at = headings.indexOf('idShort')
    t.strictSame(
      textsOf(table).map((row) => row[at]?.replace(/^\[\d+\]/, '') || '[]'),
      [...walk(submodel)].map(({ element }) => element.idShort ?? '[]'),
      `${submodel.idShort}`
    )
    t.strictSame(headings.slice(at - 1, at + 9), [
      ...['메타 모델', 'idShort', 'SemanticID', '정의(IEC61360)', '설명', 'Value', 'ValueType', '참조유형'],
      ...['한글명', '영문명']
    ])
  }
})

t.test('what the guidance tool leaves out is there: all languages, limits, units, children of lists', async (t) => {
  const rows = tablesOf(guideTables(materialOf(machine))).flatMap(textsOf)
  const text = rows.map((row) => row.join('|')).join('\n')
  t.match(text, 'MLP|ManufacturerName|')
  t.match(text, /en: Hansol Precision Machinery\nko: 한솔정밀기계/)
  t.match(text, /Range\|BarrelTemperatureRange\|.*\|20 ~ 350\|xs:double\|/)
  t.match(text, /BarrelTemperatures\|Prop\|\[3\]\|/)
  t.match(text, '|°C|')
})

t.test('the data definition has every element with a value, with names, unit, range and method', async (t) => {
  const [table] = tablesOf(dataDefinition(materialOf(machine)))
  const rows = textsOf(table ?? { kind: 'table', columns: [], rows: [] })
  const leaves = machine.submodels.flatMap((submodel) =>
    [...walk(submodel)]
      .filter(({ element }) => !/Collection|List|Entity/.test(element.modelType))
      .map(({ path }) => path)
  )
  t.strictSame(
    rows.map(([, path]) => path),
    leaves
  )
  t.strictSame(rows.find(([, path]) => path === 'CycleTime')?.slice(2, 8), [
    '사이클 시간',
    'cycle time',
    'Prop',
    'double',
    's',
    ''
  ])
  t.equal(rows.find(([, path]) => path === 'BarrelTemperatureRange')?.[7], '20 ~ 350')
})

t.test('the interfaces of the asset are those that its submodels describe', async (t) => {
  const text = (idShort: string, value: string): SubmodelElement => ({
    modelType: 'Property',
    idShort,
    valueType: 'xs:string',
    value
  })
  const group = (idShort: string, ...value: SubmodelElement[]): SubmodelElement => ({
    modelType: 'SubmodelElementCollection',
    idShort,
    value
  })
  const described: Submodel = {
    ...{ modelType: 'Submodel', id: 'urn:aid', idShort: 'AssetInterfacesDescription' },
    semanticId: {
      type: 'ExternalReference',
      keys: [{ type: 'GlobalReference', value: 'https://admin-shell.io/idta/AssetInterfacesDescription/1/1/Submodel' }]
    },
    submodelElements: [
      group(
        'InterfaceOPCUA',
        text('title', 'PLC'),
        group('EndpointMetadata', text('base', 'opc.tcp://192.0.2.7:4840'), text('contentType', 'application/json')),
        group(
          'InteractionMetadata',
          group(
            'properties',
            group('Speed', text('type', 'number'), text('unit', 'rpm'), group('forms', text('href', 'ns=2;s=Speed')))
          )
        )
      )
    ]
  }
  const document = interfaceDefinition(materialOf(machineOf([described]), 'en'))
  t.strictSame(tablesOf(document).map(textsOf), [
    [['AssetInterfacesDescription', 'PLC', 'OPC UA', 'opc.tcp://192.0.2.7:4840', '-', '1']],
    [['Speed', 'number', 'rpm', 'ns=2;s=Speed', 'application/json']]
  ])
  t.equal(childrenOf(described).length, 1)
})

t.test('findings are in three parts, and what was not checked is said', async (t) => {
  const [summary, rules, findings] = tablesOf(
    makeDocument('pre-verification', { ...materialOf(machine), verification })
  )
  t.strictSame(summary && textsOf(summary), [['0', '0', '1', '1']])
  t.strictSame(rules && textsOf(rules).map((row) => row.slice(0, 4)), [
    ['KOSMO-SM-1', 'idShort', '실패', '2'],
    ['KOSMO-CD-5', '중복', '미확인', '0']
  ])
  t.strictSame(findings && textsOf(findings), [
    ['KOSMO-SM-1', 'The Submodel "op" violates the Kosmo rules: @ /submodels/3(op)\n- op는 소문자\n- 대문자로 시작']
  ])
  const [list] = tablesOf(makeDocument('checklist', { ...materialOf(machine), verification }))
  const rows = list ? textsOf(list) : []
  t.strictSame(rows[0]?.slice(1, 6), ['Submodel', 'idShort', 'KOSMO-SM-1', '실패', '2건 검출'])
  t.ok(rows.slice(2).every((row) => row[4] === '[작성 필요]'))
})

t.test('every document is in Korean and in English, and prose is left to a person', async (t) => {
  for (const name of suppliedNames) {
    const [korean, english] = (['ko', 'en'] as const).map((language) =>
      makeDocument(name, { ...materialOf(machine, language), verification })
    )
    t.match(korean?.title, /[가-힣]/, name)
    t.notMatch(english?.title, /[가-힣]/, name)
    const headings = english?.sections.map(({ heading }) => heading).join()
    t.notMatch(headings, /[가-힣]/, name)
  }
  const written = JSON.stringify(makeDocument('guide', materialOf(machine)).sections)
  t.match(written, '[작성 필요] 활용 시나리오:')
})

t.test('names of files have nothing that a file system refuses', async (t) => {
  const shell = { ...machine.shell, idShort: 'a/..\\b:c' }
  t.equal(documentFileName('pre-verification', { ...machine, shell }, 'ko', 'docx'), '사전검증보고서-a_.._b_c.docx')
})
