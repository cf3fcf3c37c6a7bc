/** The documents that a supplier hands in with a machine. How they are made is loaded when one is asked for. */
import type { ReportLanguage } from '../../operations/report-language.ts'
import type { DocumentFormat } from '../render/formats.ts'

interface SuppliedDocument {
  /** Names of its files before that of the machine, as the programme has them. */
  readonly title: Readonly<Record<ReportLanguage, string>>
  /** In which it is handed in. */
  readonly format: DocumentFormat
  /** What it needs beside the machine. */
  readonly needs: { readonly points?: true; readonly verification?: true }
}

export const suppliedDocuments = {
  guide: {
    title: { en: 'Guide', ko: '제조데이터 표준 활용 가이드' },
    format: 'docx',
    needs: {}
  },
  'guide-tables': {
    title: { en: 'Submodel tables', ko: '서브모델 구성요소 표' },
    format: 'xlsx',
    needs: {}
  },
  'data-definition': {
    title: { en: 'Data definition', ko: '데이터 정의서' },
    format: 'xlsx',
    needs: { points: true }
  },
  'interface-definition': {
    title: { en: 'Interface definition', ko: '인터페이스 정의서' },
    format: 'docx',
    needs: { points: true }
  },
  'collection-points': {
    title: { en: 'Collection points', ko: '데이터 수집 포인트 목록' },
    format: 'xlsx',
    needs: { points: true }
  },
  'pre-verification': {
    title: { en: 'Pre-verification report', ko: '사전검증보고서' },
    format: 'docx',
    needs: { verification: true }
  },
  checklist: {
    title: { en: 'AAS check list', ko: 'AAS_체크리스트' },
    format: 'xlsx',
    needs: { verification: true }
  }
} as const satisfies Record<string, SuppliedDocument>

export type SuppliedName = keyof typeof suppliedDocuments
export const suppliedNames = Object.keys(suppliedDocuments) as readonly SuppliedName[] as readonly [
  SuppliedName,
  ...SuppliedName[]
]
