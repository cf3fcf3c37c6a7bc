/** The check list of a delivery: what the rules of the acceptance test decided, and what a person has to confirm. */
import type { ReportLanguage } from '../../operations/report-language.ts'
import type { ReportDocument, TableCell } from '../document.ts'
import { documentOf, toWriteMark } from './common.ts'
import { machineName } from './machine.ts'
import type { DocumentMaterial } from './material.ts'
import { fileProperties, resultCell } from './pre-verification.ts'

const WORDS = {
  en: {
    title: 'AAS check list',
    columns: ['No.', 'Area', 'Item', 'Rule', 'Result', 'Remarks', 'Confirmed by'],
    areas: { AAS: 'AAS', SM: 'Submodel', SME: 'Submodel element', CD: 'ConceptDescription', PKG: 'Package' },
    other: 'Metamodel',
    person: 'To be confirmed',
    findings: 'findings',
    items: (machine: string) => [
      ...[`${machine}.aasx is the file that was verified`, 'Guide to the use of the manufacturing-data standard'],
      ...['Pre-verification report', 'Names and units agree with the machine', 'Thumbnail shows the machine'],
      ...['The values are examples that may be published', 'Versions of dictionaries and templates are stated']
    ]
  },
  ko: {
    title: 'AAS 체크리스트',
    columns: ['번호', '구분', '점검 항목', '규칙', '결과', '비고', '확인자'],
    areas: { AAS: 'AAS', SM: 'Submodel', SME: 'SubmodelElement', CD: 'ConceptDescription', PKG: '패키지' },
    other: '메타모델',
    person: '확인 필요',
    findings: '건 검출',
    items: (machine: string) => [
      ...[`${machine}.aasx가 검증한 파일과 같음`, '제조데이터 표준 활용 가이드 작성'],
      ...['사전검증보고서 작성', '명칭과 단위가 실제 설비와 일치', '썸네일이 해당 설비를 나타냄'],
      ...['예시 값을 공개할 수 있음', '용어사전과 템플릿의 버전 기재']
    ]
  }
} as const

const WIDTHS = [0.8, 2.4, 5.2, 2.2, 2.2, 2.4, 2]

/** @throws Error where nothing was verified */
export function checklist(material: DocumentMaterial): ReportDocument {
  const { language, verification } = material
  if (verification === undefined) throw new Error('the check list needs a verification')
  const { title, columns } = WORDS[language]
  const table = {
    kind: 'table' as const,
    caption: title,
    sheet: title,
    columns: columns.map((heading, index) => ({ heading, width: WIDTHS[index] ?? 1 })),
    rows: rowsOf(material)
  }
  const sections = [{ id: 'checklist', heading: title, blocks: [table] }]
  return documentOf(material, title, sections, fileProperties(verification, language))
}

function rowsOf({ machine, language, verification }: DocumentMaterial): TableCell[][] {
  const { person, findings: found, items } = WORDS[language]
  const checked = (verification?.report.rules ?? []).map(({ rule, title, result, findings }): TableCell[] => [
    areaOf(rule, language),
    title,
    rule,
    resultCell(result, language),
    findings === 0 ? '' : language === 'ko' ? `${findings}${found}` : `${findings} ${found}`,
    ''
  ])
  const open = items(machineName(machine)).map((item): TableCell[] => [
    person,
    item,
    '',
    { text: '', statusWord: toWriteMark(language), status: 'unknown' },
    '',
    ''
  ])
  return [...checked, ...open].map((cells, index) => [index + 1, ...cells])
}

function areaOf(rule: string, language: ReportLanguage): string {
  const { areas, other } = WORDS[language]
  const name = /^(?:KOSMO-)?(AAS|SME|SMC|SM|CD|PKG|Property)\b/.exec(rule)?.[1]
  if (name === 'SMC' || name === 'Property') return areas.SME
  return name !== undefined && name in areas ? areas[name as keyof typeof areas] : other
}
