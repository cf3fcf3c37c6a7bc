/** Operation by operation of the standard: the request and the answer. */

import { operationsOf, type Profile, profiles, profiles32, profileUri } from '../../../operations/profiles.ts'
import type { Examiner } from '../examiner/examiner.ts'
import { figureOf } from '../examiner/examiner.ts'
import { openScratch, removedCheck, removeScratch } from '../examiner/scratch.ts'
import { checkOf, local, note, sectionOf } from '../examiner/verdict.ts'
import { faultOf } from '../operations/answers.ts'
import { endpoints32, OperationTrial, standardEndpoints, type TriedOperation } from '../operations/try-operations.ts'
import type { ReportCheck, ReportSection } from '../report.ts'

/** Methods and paths in release 3.1.2 of Part 2. */
const OPERATIONS_OF_THE_STANDARD = 224
/** What release 3.2 adds, without writing to `$signed`, which is in one of its documents, but not in its text. */
const OPERATIONS_OF_RELEASE_32 = 12

export async function examineOperations(examiner: Examiner): Promise<ReportSection> {
  const { documents, refusal } = await openScratch(examiner)
  const checks: ReportCheck[] = []
  try {
    if (refusal !== undefined) {
      const text = local('Nothing can be stored for the examination', '점검용 자료를 저장할 수 없습니다')
      return sectionOf('operations', [checkOf('operations/scratch', 'unknown', text, [refusal.exchange])])
    }
    const trial = new OperationTrial(examiner, documents)
    const missing = await trial.prepare()
    const prepared = local('What the operations are tried on is stored', '연산을 시험할 자료가 저장되었습니다')
    const evidence =
      missing.length === 0 ? [note('all is stored', '모두 저장됨')] : missing.map(({ exchange }) => exchange)
    checks.push(checkOf('operations/scratch', missing.length === 0 ? 'met' : 'unmet', prepared, evidence))
    for await (const tried of trial.all()) checks.push(checkOfOperation(tried))
  } finally {
    checks.push(removedCheck('operations/scratch-removed', await removeScratch(examiner)))
  }
  return sectionOf('operations', [count(checks), count32(checks), ...checks])
}

function count(checks: readonly ReportCheck[]): ReportCheck {
  const answered = metIn(checks, PREFIX)
  return checkOf(
    'operations/count',
    answered === OPERATIONS_OF_THE_STANDARD ? 'met' : 'unmet',
    local(
      `${answered} of the ${OPERATIONS_OF_THE_STANDARD} operations are answered as the standard says`,
      `표준 연산 ${OPERATIONS_OF_THE_STANDARD}개 중 ${answered}개가 표준대로 응답합니다`
    ),
    [figureOf('operations that the hub declares', standardEndpoints.length), figureOf('answered as expected', answered)]
  )
}

function count32(checks: readonly ReportCheck[]): ReportCheck {
  const answered = metIn(checks, PREFIX_32)
  return checkOf(
    'operations/count-3.2',
    answered === OPERATIONS_OF_RELEASE_32 ? 'met' : 'unmet',
    local(
      `${answered} of the ${OPERATIONS_OF_RELEASE_32} operations that release 3.2 adds are answered as it says`,
      `릴리스 3.2에 추가된 연산 ${OPERATIONS_OF_RELEASE_32}개 중 ${answered}개가 표준대로 응답합니다`
    ),
    [
      figureOf('operations of release 3.2 that the hub declares', endpoints32.length),
      figureOf('of release 3.2 answered as expected', answered)
    ]
  )
}

function metIn(checks: readonly ReportCheck[], prefix: string): number {
  return checks.filter(({ id, verdict }) => id.startsWith(prefix) && verdict === 'met').length
}

const PREFIX = 'operations/call/'
const PREFIX_32 = 'operations/call-3.2/'

/** By endpoint, the profiles of release 3.2 that it came with. */
const profilesOf32 = new Map(
  endpoints32.map((endpoint) => {
    const isIn = (profile: Profile) => operationsOf(profile, '3/2').some((one) => one.endpoint === endpoint)
    return [endpoint, [...profiles, ...profiles32].filter(isIn).map((profile) => profileUri(profile, '3/2'))]
  })
)

function checkOfOperation({ endpoint, asked }: TriedOperation): ReportCheck {
  const fault = faultOf(endpoint, asked)
  const name = `${endpoint.verb} ${endpoint.path}`
  const { name: operation, since32 } = endpoint.definition
  const uris = profilesOf32.get(endpoint) ?? []
  return checkOf(
    `${since32 ? PREFIX_32 : PREFIX}${name}`,
    fault === undefined ? 'met' : 'unmet',
    fault === undefined
      ? local(`${operation}: answered ${asked.status}`, `${operation}: 응답 ${asked.status}`)
      : local(`${operation}: ${fault}`, `${operation}: 기대와 다름 – ${fault}`),
    [asked.exchange, ...uris.map((uri) => note(uri, uri))]
  )
}
