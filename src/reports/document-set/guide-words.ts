/** The fixed texts of the guide. */
import type { ReportLanguage } from '../../operations/report-language.ts'

export interface GuideWords {
  readonly title: string
  readonly overview: string
  readonly number: string
  readonly version: string
  readonly elements: string
  readonly described: string
  readonly submodels: string
  readonly missing: string
  readonly tables: string
  readonly reference: string
  readonly diagram: string
  readonly alternative: string
  readonly externalModel: string
  readonly dictionaries: string
  readonly typeColumn: string
  readonly semanticsColumn: string
  readonly exampleColumn: string
  /** What a person writes of the machine, and of a submodel without tables. */
  readonly machineSubjects: readonly string[]
  readonly templateSubjects: readonly string[]
}

export const guideWords: Readonly<Record<ReportLanguage, GuideWords>> = {
  en: {
    title: 'Guide to the use of the manufacturing-data standard',
    overview: 'Overview of the AAS',
    number: 'No.',
    version: 'Version',
    elements: 'Elements',
    described: 'Described by',
    submodels: 'Submodels',
    missing: 'Not available here',
    tables: 'tables of elements',
    reference: 'reference information',
    diagram: 'submodel, UML class diagram',
    alternative: 'classes of its containers with their elements',
    externalModel: 'External reference model',
    dictionaries: 'Dictionaries referred to',
    typeColumn: '[SME type]idShort',
    semanticsColumn: 'semanticId = [idType]value\nDescription@en',
    exampleColumn: '[valueType]example',
    machineSubjects: ['Description of the machine and of its main components', 'Usage scenario'],
    templateSubjects: [
      'Version of the dictionary',
      'Link of the template (latest version in the IDTA Content Hub)',
      'Features of the submodel and of its main components',
      'Use',
      'Usage scenario'
    ]
  },
  ko: {
    title: '제조데이터 표준 활용 가이드',
    overview: 'AAS 개요',
    number: '번호',
    version: '버전',
    elements: '요소 수',
    described: '설명 방식',
    submodels: '서브모델 목록',
    missing: '조회할 수 없는 서브모델',
    tables: '구성요소 상세 정보 테이블',
    reference: '참조 정보',
    diagram: '서브모델 UML 다이어그램',
    alternative: '컨테이너별 클래스와 구성요소',
    externalModel: '외부 참조모델',
    dictionaries: '참조 용어사전',
    typeColumn: '[SME type]idShort',
    semanticsColumn: 'semanticId = [idType]value\nDescription@en',
    exampleColumn: '[valueType]example',
    machineSubjects: ['설비 및 주요 구성품 설명', '활용 시나리오'],
    templateSubjects: [
      '용어사전 버전',
      '템플릿 링크 (IDTA Content Hub 최신 버전)',
      '서브모델 및 주요 구성요소의 특징',
      '활용 방안',
      '활용 시나리오'
    ]
  }
}
