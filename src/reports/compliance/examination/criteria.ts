/** Criteria of a programme and the checks that prove each: data that an operator may replace. */
import { readFileSync } from 'node:fs'
import { HubError } from '../../../errors.ts'
import { parseJson } from '../../../formats/json.ts'
import { figureOf } from '../examiner/examiner.ts'
import { checkOf, local, note, sectionOf, verdictOf } from '../examiner/verdict.ts'
import type { LocalText, ReportCheck, ReportSection } from '../report.ts'

export interface Criteria {
  /** What the list is, e.g. that it is a reconstruction. */
  readonly description: string
  readonly criteria: readonly Criterion[]
  readonly standards: readonly Criterion[]
}

interface Criterion extends LocalText {
  readonly id: string
  readonly source: string
  /** Ids of checks; `constraints/*` for all that begin so. Empty: no check proves it. */
  readonly provedBy: readonly string[]
}

const SHIPPED = new URL('../../../../schemas/compliance/criteria.json', import.meta.url)

/** @param file absent: those of the Korean programme, as far as they are known @throws HubError `BadRequest` */
export function readCriteria(file?: string): Criteria {
  const criteria = parseJson(readFileSync(file ?? SHIPPED)) as Partial<Criteria>
  const all = [criteria.criteria, criteria.standards]
  const isRight = all.every((list) => Array.isArray(list) && list.every(isCriterion))
  if (isRight && typeof criteria.description === 'string') return criteria as Criteria
  throw new HubError('BadRequest', [
    `${file}: an object with "description" and the lists "criteria" and "standards" was expected, whose items have "id", "en", "ko", "source" and "provedBy"`
  ])
}

function isCriterion(item: unknown): boolean {
  const { provedBy, ...texts } = Object(item) as Record<string, unknown>
  const hasTexts = ['id', 'en', 'ko', 'source'].every((name) => typeof texts[name] === 'string')
  return hasTexts && Array.isArray(provedBy) && provedBy.every((id) => typeof id === 'string')
}

/** @param checks of all other sections */
export function criteriaSection(
  { description, criteria, standards }: Criteria,
  checks: readonly ReportCheck[]
): ReportSection {
  const proved = [
    ...criteria.map((criterion) => criterionCheck('criteria/programme', criterion, checks)),
    ...standards.map((standard) => criterionCheck('criteria/standard', standard, checks))
  ]
  const met = proved.filter(({ verdict }) => verdict === 'met').length
  return sectionOf(
    'criteria',
    proved,
    local(
      `${met} of ${proved.length} criteria are met. ${description}`,
      `기준 ${proved.length}개 중 ${met}개 충족. 공개된 공고와 사업 자료를 바탕으로 재구성한 목록이며 공식 목록이 아닙니다.`
    )
  )
}

function criterionCheck(
  prefix: string,
  { id, en, ko, source, provedBy }: Criterion,
  checks: readonly ReportCheck[]
): ReportCheck {
  const proofs = checks.filter((check) => provedBy.some((pattern) => matches(pattern, check.id)))
  const met = proofs.filter(({ verdict }) => verdict === 'met').length
  // What no server can check says nothing against a criterion.
  const known = proofs.filter(({ verdict }) => verdict !== 'unknown')
  const evidence =
    proofs.length === 0
      ? [note(`no check of the hub proves it; ${source}`, `허브의 점검으로 증명할 수 없음; ${source}`)]
      : [figureOf('checks that prove it', proofs.length), figureOf('of these met', met), note(source, source)]
  const verdict = known.length === 0 ? 'unknown' : verdictOf(known.map((check) => check.verdict))
  return { ...checkOf(`${prefix}/${id}`, verdict, local(en, ko), evidence), provedBy: proofs.map((check) => check.id) }
}

function matches(pattern: string, id: string): boolean {
  return pattern.endsWith('*') ? id.startsWith(pattern.slice(0, -1)) : id === pattern
}
