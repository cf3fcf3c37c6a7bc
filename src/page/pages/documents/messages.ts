import { defineMessages } from '../../core/messages.ts'

export const documentMessages = defineMessages(
  {
    title: 'Documents',
    about: 'What is handed in with a machine, made from what is stored. What a person has to write is marked.',
    loading: 'Reading',
    filter: 'Filter the machines',
    search: 'Search',
    machines: 'Machines',
    machine: 'Machine',
    asset: 'Asset',
    noMachines: 'There is no Asset Administration Shell yet.',
    noneMatches: 'Nothing matches.',
    otherMachine: 'Choose another machine',
    language: 'Language of the documents',
    formatOf: (document: string) => `Format of ${document}`,
    download: 'Download',
    making: 'The document is being made',
    pdfHow: 'PDF needs Chromium on the machine of the hub. Any browser prints the HTML.',
    hint_guide: 'Class diagrams and tables of every submodel',
    'hint_guide-tables': 'All elements as flat tables, a sheet for each submodel',
    'hint_data-definition': 'Each element with its name, unit, type, range and collection',
    'hint_interface-definition': 'Interfaces, senders and addresses, with what really came by each',
    'hint_collection-points': 'The collection points, plan against actual',
    'hint_pre-verification': 'Every rule of the acceptance test with its result and findings',
    hint_checklist: 'The rules with their results, and what a person confirms'
  },
  {
    ko: {
      title: '제출 문서',
      about: '설비와 함께 제출하는 문서를 저장된 데이터로 작성합니다. 사람이 작성할 부분은 따로 표시됩니다.',
      loading: '불러오는 중',
      filter: '설비 필터',
      search: '검색',
      machines: '설비',
      machine: '설비',
      asset: '자산',
      noMachines: '아직 자산관리셸이 없습니다.',
      noneMatches: '일치하는 항목이 없습니다.',
      otherMachine: '다른 설비 선택',
      language: '문서 언어',
      formatOf: (document) => `${document} 형식`,
      download: '내려받기',
      making: '문서를 만드는 중',
      pdfHow: 'PDF를 만들려면 허브 컴퓨터에 Chromium이 필요합니다. HTML은 모든 브라우저에서 인쇄할 수 있습니다.',
      hint_guide: '모든 서브모델의 클래스 다이어그램과 표',
      'hint_guide-tables': '서브모델별 시트에 정리한 전체 요소 표',
      'hint_data-definition': '요소별 이름, 단위, 자료형, 범위, 수집 방법과 주기',
      'hint_interface-definition': '인터페이스, 송신자, 주소와 실제 수집 현황',
      'hint_collection-points': '데이터 수집 포인트의 계획과 실적',
      'hint_pre-verification': '인수 시험 규칙별 결과와 지적 사항',
      hint_checklist: '규칙별 결과와 담당자 확인 항목'
    }
  }
)
