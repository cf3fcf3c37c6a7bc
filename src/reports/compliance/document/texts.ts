/** What the rendered report says itself, beside the texts of its checks. */
import type { ReportLanguage } from '../../../operations/report-language.ts'
import type { Status } from '../../document.ts'
import { words } from '../../render/words.ts'
import type { CheckChangeKind } from '../archive/compare.ts'
import type { SectionName } from '../report.ts'

interface ReportTexts {
  readonly title: string
  readonly comparison: string
  readonly sections: Readonly<Record<SectionName, string>>
  readonly verdicts: Readonly<Record<Status, string>>
  readonly changes: Readonly<Record<CheckChangeKind, string>>
  readonly labels: {
    readonly address: string
    readonly created: string
    readonly period: string
    readonly verdict: string
    readonly id: string
    readonly key: string
    readonly earlier: string
    readonly later: string
  }
  readonly headings: {
    readonly result: string
    readonly howToVerify: string
    readonly changed: string
    readonly figures: string
  }
  readonly columns: {
    readonly section: string
    readonly verdict: string
    readonly check: string
    readonly shownBy: string
    readonly criterion: string
    readonly provedBy: string
    readonly number: string
    readonly found: string
    readonly change: string
    readonly before: string
    readonly after: string
    readonly figure: string
  }
  readonly evidence: {
    readonly request: string
    readonly requestBody: string
    readonly answer: string
    readonly answerBody: string
    readonly headers: string
    readonly repeatable: string
    readonly onceOnly: string
    readonly binary: string
    readonly more: string
    readonly bytes: string
    readonly from: string
    readonly brief: string
    readonly full: string
  }
  readonly overall: Readonly<Record<Status, string>>
  readonly noChange: string
  readonly unsigned: string
  /** `{id}`, `{address}` and `{key}` are replaced. */
  readonly verification: readonly string[]
}

export const texts: Readonly<Record<ReportLanguage, ReportTexts>> = {
  en: {
    title: 'Compliance report',
    comparison: 'What changed between two compliance reports',
    sections: {
      identity: 'The hub',
      standards: 'Standards and their use',
      operations: 'Operations of the standard',
      constraints: 'Constraints of the metamodel',
      templates: 'Submodel templates',
      collection: 'Data-collection points',
      access: 'Who may do what',
      audit: 'Audit chain',
      loss: 'Proof that nothing was lost',
      backup: 'Backup and restore',
      criteria: 'Criteria of the programme, and what proves them',
      unchecked: 'What was not checked'
    },
    verdicts: words.en.status,
    changes: { dropped: 'worse', gone: 'gone', new: 'new', improved: 'better' },
    labels: {
      address: 'Address',
      created: 'Made at',
      period: 'Counted from, to',
      verdict: 'Verdict',
      id: 'Report',
      key: 'Signed with the key',
      earlier: 'Earlier report',
      later: 'Later report'
    },
    headings: {
      result: 'Result',
      howToVerify: 'How to verify this report',
      changed: 'Checks that changed',
      figures: 'Figures that moved'
    },
    columns: {
      section: 'Section',
      verdict: 'Verdict',
      check: 'Check',
      shownBy: 'Shown by',
      criterion: 'Criterion',
      provedBy: 'Proved by',
      number: 'Met / all',
      found: 'What was found',
      change: 'Change',
      before: 'Before',
      after: 'After',
      figure: 'Figure'
    },
    evidence: {
      request: 'Request',
      requestBody: 'Body sent',
      answer: 'Answer',
      answerBody: 'Body received',
      headers: 'Headers',
      repeatable: 'It may be sent again; the answer is the same.',
      onceOnly: 'It was sent within the examination, whose data is removed; it cannot be repeated as it is.',
      binary: 'no text',
      more: '… {count} more',
      bytes: '{bytes} bytes, SHA-256 {sha256}',
      from: 'from {at} in {request}',
      full: 'The evidence of each check; open it to see requests and answers.',
      brief: 'Requests and answers in full are in the same report as JSON and HTML.'
    },
    overall: {
      met: 'Everything that was checked is met.',
      partly: 'Nothing that was checked is unmet; some checks are met in part only, or were not checked.',
      unmet: 'At least one check is not met. It is named below.',
      unknown: 'Nothing could be checked.'
    },
    noChange: 'Nothing changed.',
    unsigned: 'not signed',
    verification: [
      'The report is JSON; this page is a rendering of it. It is at {address}/compliance/{id}?format=json.',
      'aas-hub audit verify report.json --key {key} checks offline that nothing was changed, and that this key signed it. The key is right where the operator names the same, or {address}/.well-known/jwks.json has it.',
      'aas-hub audit verify report.json --against {address} sends the requests again that may be repeated, and compares the answers.',
      'Each request of the evidence can be sent with curl: its path follows the address of the hub.'
    ]
  },
  ko: {
    title: '적합성 점검 보고서',
    comparison: '두 적합성 점검 보고서의 변경 사항',
    sections: {
      identity: '허브 정보',
      standards: '적용 표준과 실제 사용량',
      operations: '표준 API 오퍼레이션',
      constraints: '메타모델 제약 조건',
      templates: '서브모델 템플릿',
      collection: '데이터 수집 포인트',
      access: '접근 권한',
      audit: '감사 기록 체인',
      loss: '데이터 무손실 증명',
      backup: '백업과 복구',
      criteria: '사업 평가 기준과 근거',
      unchecked: '미확인 항목'
    },
    verdicts: words.ko.status,
    changes: { dropped: '악화', gone: '없어짐', new: '신규', improved: '개선' },
    labels: {
      address: '주소',
      created: '작성 시각',
      period: '집계 기간',
      verdict: '판정',
      id: '보고서 번호',
      key: '서명 키',
      earlier: '이전 보고서',
      later: '이후 보고서'
    },
    headings: {
      result: '점검 결과',
      howToVerify: '이 보고서를 검증하는 방법',
      changed: '판정이 바뀐 점검',
      figures: '달라진 수치'
    },
    columns: {
      section: '구분',
      verdict: '판정',
      check: '점검 항목',
      shownBy: '확인 방법',
      criterion: '평가 기준',
      provedBy: '근거 점검',
      number: '충족 / 전체',
      found: '확인 내용',
      change: '변경',
      before: '이전',
      after: '이후',
      figure: '수치'
    },
    evidence: {
      request: '요청',
      requestBody: '요청 본문',
      answer: '응답',
      answerBody: '응답 본문',
      headers: '헤더',
      repeatable: '같은 요청을 다시 보내면 같은 응답을 받습니다.',
      onceOnly: '점검용으로 만든 뒤 삭제한 데이터에 대한 요청이므로 그대로 다시 보낼 수 없습니다.',
      binary: '텍스트 아님',
      more: '… 외 {count}건',
      bytes: '{bytes}바이트, SHA-256 {sha256}',
      from: '{request} 응답의 {at}',
      full: '점검별 증빙입니다. 펼치면 요청과 응답을 볼 수 있습니다.',
      brief: '요청과 응답 전문은 같은 보고서의 JSON과 HTML에 있습니다.'
    },
    overall: {
      met: '점검한 모든 항목을 충족합니다.',
      partly: '미충족 항목은 없으나 일부 항목은 부분적으로만 충족하거나 미확인입니다.',
      unmet: '충족하지 못한 항목이 있습니다. 아래에 표시되어 있습니다.',
      unknown: '확인할 수 있는 항목이 없습니다.'
    },
    noChange: '바뀐 내용이 없습니다.',
    unsigned: '서명 없음',
    verification: [
      '원본은 JSON이며 이 문서는 원본을 보기 좋게 옮긴 것입니다. 원본 주소: {address}/compliance/{id}?format=json',
      'aas-hub audit verify report.json --key {key} 명령은 내용이 바뀌지 않았고 이 키로 서명되었음을 인터넷 연결 없이 확인합니다. 운영자가 알려 준 키, 또는 {address}/.well-known/jwks.json 의 키와 같은지 비교하십시오.',
      'aas-hub audit verify report.json --against {address} 명령은 반복할 수 있는 요청을 다시 보내 응답을 비교합니다.',
      '증빙의 각 요청은 curl로도 보낼 수 있습니다. 허브 주소 뒤에 경로를 붙이면 됩니다.'
    ]
  }
}

/** Replaces `{name}`. */
export function filled(template: string, values: Readonly<Record<string, string | number>>): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}
