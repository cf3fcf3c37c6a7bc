/** Verdicts in words, in the languages of those who read them. */
import type { ReportLanguage } from '../report-language.ts'
import type { PointVerdict } from './verdict.ts'

export const verdictTexts: Readonly<Record<PointVerdict, Readonly<Record<ReportLanguage, string>>>> = {
  ok: { en: 'Delivers as planned', ko: '계획대로 수집됨' },
  silent: { en: 'Planned, but delivers nothing', ko: '계획되어 있으나 수집되지 않음' },
  slow: { en: 'Delivers less often than planned', ko: '계획보다 긴 주기로 수집됨' },
  gaps: { en: 'Samples are missing', ko: '데이터가 누락됨' },
  late: { en: 'Samples arrive late', ko: '데이터가 늦게 도착함' },
  quality: { en: 'Samples are of bad quality', ko: '데이터 품질이 나쁨' },
  unplanned: { en: 'Delivers, but is not planned', ko: '수집되고 있으나 계획에 없음' }
}
