/**
 * Constraint by constraint: a document that breaks exactly it has to be refused by its id, where it would be stored and
 * by the check that stores nothing, which an auditor can ask again.
 */

import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { SCRATCH_PREFIX } from '../../../model/examination.ts'
import { encodeId } from '../../../model/identifier.ts'
import { constraintText } from '../../../operations/constraint-texts.ts'
import type { Asked, Examiner } from '../examiner/examiner.ts'
import { checkOf, local, note, sectionOf, verdictOf } from '../examiner/verdict.ts'
import { CHECK_PATH, type LocalText, type ReportCheck, type ReportSection } from '../report.ts'

interface ConstraintTable {
  readonly cases: readonly ConstraintCase[]
  /** Those that no server can check in one document. */
  readonly unchecked: readonly (LocalText & { readonly constraint: string })[]
}

interface ConstraintCase {
  readonly constraint: string
  /** An identifiable without its id. */
  readonly broken: { readonly modelType: keyof typeof LISTS }
}

const LISTS = {
  AssetAdministrationShell: 'shells',
  Submodel: 'submodels',
  ConceptDescription: 'concept-descriptions'
} as const

const FILE = new URL('../../../../schemas/compliance/constraints.json', import.meta.url)

export async function examineConstraints(examiner: Examiner): Promise<ReportSection> {
  const { cases, unchecked } = JSON.parse(readFileSync(FILE, 'utf8')) as ConstraintTable
  const byConstraint = Map.groupBy(cases, ({ constraint }) => constraint)
  const checks: ReportCheck[] = []
  for (const [constraint, tried] of byConstraint) checks.push(await tryAll(examiner, constraint, tried))
  for (const { constraint, en, ko } of unchecked)
    checks.push(checkOf(`constraints/${constraint}`, 'unknown', local(en, ko), [note(en, ko)]))
  const first = cases.find(({ broken }) => broken.modelType === 'Submodel')
  if (first !== undefined) checks.push(await tryUpload(examiner, first))
  const refused = checks.filter(({ id, verdict }) => verdict === 'met' && id !== UPLOAD_CHECK).length
  const section = sectionOf('constraints', checks)
  // That a rule needs a reader is no fault of the hub.
  const verdict = verdictOf(checks.map(({ verdict }) => verdict).filter((verdict) => verdict !== 'unknown'))
  return {
    ...section,
    verdict,
    summary: local(
      `${cases.length} broken documents for ${byConstraint.size} rules: ${refused} rules enforced; ${unchecked.length} rules cannot be checked by a server`,
      `규칙 ${byConstraint.size}개에 대해 위반 문서 ${cases.length}건 시험: ${refused}개 적용됨, ${unchecked.length}개는 서버가 확인할 수 없음`
    )
  }
}

async function tryAll(examiner: Examiner, constraint: string, cases: readonly ConstraintCase[]): Promise<ReportCheck> {
  const tried: Asked[] = []
  for (const { broken } of cases) tried.push(...(await tryOne(examiner, broken)))
  const accepted = tried.filter((asked) => !isRefusedBy(asked, constraint))
  const found = String(tried[0]?.json?.messages?.[0]?.text ?? '')
  return checkOf(
    `constraints/${constraint}`,
    accepted.length === 0 ? 'met' : 'unmet',
    accepted.length === 0
      ? local(`${constraint}: refused – ${found}`, `${constraint}: 거부함 – ${constraintText(constraint, found)}`)
      : local(
          `${constraint}: a document that breaks it is not refused by it`,
          `${constraint}: 위반 문서를 이 규칙으로 거부하지 않음`
        ),
    tried.map(({ exchange }) => exchange)
  )
}

/** @returns what storing it was answered, and what checking it */
async function tryOne(examiner: Examiner, broken: ConstraintCase['broken']): Promise<[Asked, Asked]> {
  const id = `${SCRATCH_PREFIX}${randomUUID()}:broken`
  const list = LISTS[broken.modelType]
  const document = { ...broken, id }
  // Refused, it changes nothing, and can be sent again.
  const asked = await examiner.send('POST', `~/${list}`, document, { repeatable: true })
  if (asked.status < 300) await examiner.ask('DELETE', `~/${list}/${encodeId(id)}`, {}, { always: true })
  return [asked, await examiner.send('POST', `~${CHECK_PATH}/${list}`, document, { repeatable: true })]
}

const UPLOAD_CHECK = 'constraints/upload'

/** Files may be taken with what they break, where the hub is set to. */
async function tryUpload(examiner: Examiner, { broken, constraint }: ConstraintCase): Promise<ReportCheck> {
  const id = `${SCRATCH_PREFIX}${randomUUID()}:broken`
  const file = { submodels: [{ ...broken, id }] }
  const asked = await examiner.send('POST', '/upload', file, { repeatable: true })
  const isStored = asked.status < 300
  if (isStored) await examiner.ask('DELETE', `~/submodels/${encodeId(id)}`, {}, { always: true })
  const checked = await examiner.send('POST', `${CHECK_PATH}/upload`, file, { repeatable: true })
  return checkOf(
    UPLOAD_CHECK,
    isStored ? 'partly' : isRefusedBy(asked, constraint) ? 'met' : 'unmet',
    isStored
      ? local('Files are stored with what they break (LENIENT)', '파일은 규칙을 위반해도 저장됩니다(LENIENT)')
      : local('A file that breaks a rule is refused as a whole', '규칙을 위반한 파일은 전체를 거부합니다'),
    [asked.exchange, checked.exchange]
  )
}

function isRefusedBy({ status, json }: Asked, constraint: string): boolean {
  const messages: readonly { readonly code: string }[] = json?.messages ?? []
  return (
    status === 400 && messages.length > 0 && messages.every(({ code }) => code === constraint.slice(0, MAX_CODE_LENGTH))
  )
}

/** Of a message (Part 2, Message/code). */
const MAX_CODE_LENGTH = 32
