import { defineMessages } from '../../core/messages.ts'

export const validationMessages = defineMessages(
  {
    title: 'Validation',
    about: 'Does each submodel follow the standard, and the template that its semantic ID names?',
    filter: 'Filter the results',
    result: 'Result',
    all: 'All',
    valid: 'Valid',
    invalid: 'Invalid',
    noTemplate: 'No template',
    none: 'No submodel has this result.',
    checked: (time: string) => `Checked ${time}`,
    findings: (count: string) => `${count} findings`,
    finding: '1 finding'
  },
  {
    ko: {
      title: '검증 결과',
      about: '각 서브모델이 표준과 시맨틱 ID가 가리키는 템플릿을 지키는지 확인합니다.',
      filter: '검증 결과 필터',
      result: '결과',
      all: '전체',
      valid: '적합',
      invalid: '부적합',
      noTemplate: '템플릿 없음',
      none: '이 결과에 해당하는 서브모델이 없습니다.',
      checked: (time) => `${time} 검증`,
      findings: (count) => `지적 사항 ${count}건`,
      finding: '지적 사항 1건'
    }
  }
)
