/**
 * The pre-verification report: the package checked by the rules of the acceptance test, each with its result, and the
 * findings as the validator words them.
 */
import type { RuleFinding, RuleResult } from '../../operations/conformance/check-file.ts'
import type { ReportLanguage } from '../../operations/report-language.ts'
import type { Block, DocumentSection, ReportDocument, Status, TableCell } from '../document.ts'
import { documentOf, toWrite } from './common.ts'
import type { DocumentMaterial, Verification } from './material.ts'

const WORDS = {
  en: {
    title: 'Pre-verification report',
    result: 'Result',
    rules: 'Rules',
    findings: 'Findings',
    file: 'Verified file',
    given: 'as given',
    exported: 'exported by the hub',
    'reference-model': 'reference model, made by the hub of what it stores',
    size: 'Size',
    profile: 'Profile',
    rule: 'Rule',
    name: 'Title',
    verdict: 'Result',
    count: 'Findings',
    source: 'Source',
    passed: 'passed',
    failed: 'failed',
    warning: 'warning',
    notChecked: 'not checked',
    valid: 'The package conforms to all rules that were checked.',
    invalid: 'The package does not conform.',
    unchecked: 'Not checked, as the acceptance test itself does not check it:',
    none: 'Nothing was found.',
    more: 'more, which are not listed',
    violates: (what: string, at: string) => `The ${what} violates the Kosmo rules: @ ${at}`,
    subjects: ['Verified by (name, organisation)', 'Date and signature']
  },
  ko: {
    title: '사전검증보고서',
    result: '검증 결과',
    rules: '규칙별 결과',
    findings: '검출 내용',
    file: '검증 대상 파일',
    given: '제출 파일',
    exported: '허브에서 내보낸 파일',
    'reference-model': '허브에 저장된 내용으로 만든 참조모델',
    size: '크기',
    profile: '검증 규칙',
    rule: '규칙',
    name: '내용',
    verdict: '결과',
    count: '검출 수',
    source: '출처',
    passed: '통과',
    failed: '실패',
    warning: '경고',
    notChecked: '미확인',
    valid: '검사한 모든 규칙을 통과했습니다.',
    invalid: '규칙에 맞지 않는 항목이 있습니다.',
    unchecked: '검증 도구 자체가 검사하지 않아 미확인인 규칙:',
    none: '검출된 내용이 없습니다.',
    more: '건 더 있음 (생략)',
    violates: (what: string, at: string) => `The ${what} violates the Kosmo rules: @ ${at}`,
    subjects: ['검증자 (소속, 성명)', '검증 일자 및 서명']
  }
} as const

const ruleStatuses: Readonly<Record<RuleResult['result'], Status>> = {
  passed: 'met',
  failed: 'unmet',
  warning: 'partly',
  notChecked: 'unknown'
}

/** @throws Error where nothing was verified */
export function preVerification(material: DocumentMaterial): ReportDocument {
  const { language, verification } = material
  if (verification === undefined) throw new Error('the pre-verification report needs a verification')
  const words = WORDS[language]
  const sections: DocumentSection[] = [
    { id: 'result', heading: words.result, blocks: resultBlocks(verification, language) },
    { id: 'rules', heading: words.rules, blocks: [ruleTable(verification, language)] },
    { id: 'findings', heading: words.findings, blocks: findingBlocks(verification, language) }
  ]
  return documentOf(material, words.title, sections, fileProperties(verification, language))
}

export function fileProperties({ file, origin, report }: Verification, language: ReportLanguage) {
  const words = WORDS[language]
  return [
    [words.file, `${file.name} (${words[origin]})`],
    [words.size, `${file.size.toLocaleString(language)} bytes`],
    ['SHA-256', file.sha256],
    [words.profile, report.profile]
  ] as const
}

function resultBlocks({ report }: Verification, language: ReportLanguage): Block[] {
  const words = WORDS[language]
  const count = (result: RuleResult['result']) => report.rules.filter((rule) => rule.result === result).length
  const results = ['passed', 'warning', 'failed', 'notChecked'] as const
  const unchecked = report.rules.filter(({ result }) => result === 'notChecked')
  return [
    { kind: 'paragraph', text: report.valid ? words.valid : words.invalid, status: report.valid ? 'met' : 'unmet' },
    {
      kind: 'table',
      caption: words.result,
      sheet: words.result,
      columns: results.map((result) => ({ heading: words[result] })),
      rows: [results.map(count)]
    },
    ...(unchecked.length === 0
      ? []
      : [{ kind: 'paragraph' as const, text: `${words.unchecked} ${unchecked.map(({ rule }) => rule).join(', ')}` }]),
    toWrite(language, words.subjects)
  ]
}

function ruleTable({ report }: Verification, language: ReportLanguage): Block {
  const words = WORDS[language]
  const rows = report.rules.map(({ rule, title, result, findings, source }): TableCell[] => [
    rule,
    title,
    resultCell(result, language),
    findings,
    source
  ])
  const columns = [
    { heading: words.rule, width: 2.2 },
    { heading: words.name, width: 3.6 },
    { heading: words.verdict, width: 1.6 },
    { heading: words.count, width: 1 },
    { heading: words.source, width: 3 }
  ]
  return { kind: 'table', caption: words.rules, sheet: words.rules, columns, rows }
}

/** In the words of the validator. */
export function resultCell(result: RuleResult['result'], language: ReportLanguage): TableCell {
  return { text: '', statusWord: WORDS[language][result], status: ruleStatuses[result] }
}

/** In three parts, as the validator of 2026 has them: what and where, what was found, what to do. */
function findingBlocks({ report }: Verification, language: ReportLanguage): Block[] {
  const words = WORDS[language]
  if (report.findings.length === 0) return [{ kind: 'paragraph', text: words.none }]
  const columns = [
    { heading: words.rule, width: 1.6 },
    { heading: words.findings, width: 7 }
  ]
  const rows = report.findings.map((finding): TableCell[] => [finding.rule, findingText(finding, language)])
  const hidden = report.rules.flatMap(({ rule, findings }) => {
    const rest = findings - report.findings.filter((one) => one.rule === rule).length
    return rest > 0 ? [`${rule}: ${rest} ${words.more}`] : []
  })
  const table: Block = { kind: 'table', caption: words.findings, sheet: words.findings, columns, rows }
  return hidden.length === 0 ? [table] : [table, { kind: 'list', items: hidden }]
}

function findingText(
  { modelType, idShort, idShortPath, id, pointer, found, remedy }: RuleFinding,
  language: ReportLanguage
): string {
  const key = idShortPath?.split('.').at(-1) ?? idShort ?? id
  const what = [modelType ?? 'package', ...(key === undefined ? [] : [`"${key}"`])].join(' ')
  const place = idShort === undefined ? pointer : pointer.replace(/^(\/submodels\/\d+)/, `$1(${idShort})`)
  const lines = [WORDS[language].violates(what, place === '' ? '/' : place), `- ${found}`]
  return [...lines, ...(remedy === '' ? [] : [`- ${remedy}`])].join('\n')
}
