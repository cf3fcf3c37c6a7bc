/** Makes sections and checks, and the verdict of several from those of each. */
import type { Status } from '../../document.ts'
import type { Evidence, LocalText, ReportCheck, ReportSection, SectionName } from '../report.ts'

/** `unmet` where one is; `partly` where some are not met or unknown; `unknown` where nothing is known. */
export function verdictOf(verdicts: readonly Status[]): Status {
  if (verdicts.includes('unmet')) return 'unmet'
  if (verdicts.every((verdict) => verdict === 'unknown')) return 'unknown'
  return verdicts.every((verdict) => verdict === 'met') ? 'met' : 'partly'
}

export function sectionOf(name: SectionName, checks: readonly ReportCheck[], summary?: LocalText): ReportSection {
  return {
    name,
    verdict: verdictOf(checks.map(({ verdict }) => verdict)),
    summary: summary ?? countsOf(checks),
    checks
  }
}

/** A check without evidence shows nothing. */
export function checkOf(id: string, verdict: Status, text: LocalText, evidence: readonly Evidence[] = []): ReportCheck {
  return { id, verdict: evidence.length === 0 ? 'unknown' : verdict, text, evidence }
}

export function local(en: string, ko: string): LocalText {
  return { en, ko }
}

export function note(en: string, ko: string): Evidence {
  return { kind: 'note', text: { en, ko } }
}

function countsOf(checks: readonly ReportCheck[]): LocalText {
  const of = (status: Status) => checks.filter(({ verdict }) => verdict === status).length
  const [met, partly, unmet, unknown] = [of('met'), of('partly'), of('unmet'), of('unknown')]
  return local(
    `${checks.length} checks: ${met} met, ${partly} partly met, ${unmet} not met, ${unknown} not checked`,
    `점검 ${checks.length}건: 충족 ${met}, 부분 충족 ${partly}, 미충족 ${unmet}, 미확인 ${unknown}`
  )
}
