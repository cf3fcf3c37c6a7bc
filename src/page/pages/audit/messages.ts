import { defineMessages } from '../../core/messages.ts'

export const auditMessages = defineMessages(
  {
    title: 'Audit',
    about: 'Who did what to which resource, when, from where, by which rule, with which result. The oldest first.',
    filter: 'Filter the entries',
    caller: 'Caller',
    callerHint: 'user:kim',
    operation: 'Operation',
    operationHint: 'PutSubmodelById',
    outcome: 'Outcome',
    all: 'All',
    done: 'Done',
    refused: 'Refused',
    resource: 'Resource',
    resourceHint: 'Identifier',
    from: 'From',
    to: 'To',
    time: 'Time',
    what: 'What',
    none: 'No entry matches.',
    times: (count: string) => `${count} times`,
    head: (number: string) =>
      `The chain ends at entry ${number}. Keep this hash elsewhere, to find entries that were cut off:`,
    export: 'Download as NDJSON'
  },
  {
    ko: {
      title: '감사 기록',
      about: '누가, 언제, 어디서, 어떤 규칙으로, 무엇을 하였고 결과가 어떠했는지 오래된 순서로 보여 줍니다.',
      filter: '감사 기록 필터',
      caller: '사용자',
      callerHint: 'user:kim',
      operation: '오퍼레이션',
      operationHint: 'PutSubmodelById',
      outcome: '결과',
      all: '전체',
      done: '완료',
      refused: '거부',
      resource: '대상',
      resourceHint: '식별자',
      from: '시작 시각',
      to: '끝 시각',
      time: '시각',
      what: '내용',
      none: '해당하는 기록이 없습니다.',
      times: (count) => `${count}회`,
      head: (number) =>
        `기록은 ${number}번에서 끝납니다. 뒷부분이 잘렸는지 확인할 수 있도록 이 해시를 다른 곳에 보관하십시오:`,
      export: 'NDJSON으로 내려받기'
    }
  }
)
