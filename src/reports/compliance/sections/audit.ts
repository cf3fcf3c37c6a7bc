/** The audit: is it kept, is its chain sound, and does it hold what the examination itself has done? */
import { parseAuditLine } from '../../../security/audit-search.ts'
import { ChainVerifier } from '../../../store/audit-chain.ts'
import type { Asked, Examiner } from '../examiner/examiner.ts'
import { figureOf } from '../examiner/examiner.ts'
import { checkOf, local, note, sectionOf } from '../examiner/verdict.ts'
import type { ReportCheck, ReportSection } from '../report.ts'

const LINES_PER_READ = 1000
/** Of longer chains the beginning is verified; `aas-hub audit verify` has no limit. */
const MAX_ENTRIES = 300_000

export async function examineAudit(examiner: Examiner): Promise<ReportSection> {
  // Before the entries: those that are added meanwhile come after it.
  const head = await examiner.get('/audit/head', {}, { repeatable: false })
  const { isOpen } = await examiner.session()
  return sectionOf('audit', [
    kept(examiner, head, isOpen),
    ...(head.status === 200 ? [headCheck(head), await chain(examiner, head)] : [])
  ])
}

function kept({ facts }: Examiner, head: Asked, isOpen: boolean): ReportCheck {
  const mode = facts.settings.AUDIT ?? 'writes'
  const isOff = mode === 'off'
  return checkOf(
    'audit/kept',
    isOff ? 'unmet' : isOpen ? 'partly' : 'met',
    isOff
      ? local('No audit is kept (AUDIT=off)', '감사 기록을 남기지 않음(AUDIT=off)')
      : isOpen
        ? local(
            'The hub is open and knows no callers: an audit begins with the first user or key',
            '허브가 열려 있어 호출자를 알 수 없음: 첫 사용자나 키부터 감사 기록이 시작됩니다'
          )
        : local(`An audit is kept: ${mode}`, `감사 기록을 남김: ${mode}`),
    [head.exchange]
  )
}

function headCheck(head: Asked): ReportCheck {
  const { number, hash } = head.json
  return checkOf(
    'audit/head',
    'met',
    local(`The head of the chain is ${number}:${hash}`, `감사 사슬의 끝: ${number}:${hash}`),
    [
      figureOf('entries', number, { asked: head, at: '/number' }),
      figureOf('head', hash, { asked: head, at: '/hash' }),
      note('Keep it where operators of the hub cannot change it', '허브 운영자가 바꿀 수 없는 곳에 보관하십시오')
    ]
  )
}

async function chain(examiner: Examiner, head: Asked): Promise<ReportCheck> {
  const { number, hash } = head.json as { readonly number: number; readonly hash: string }
  const verifier = new ChainVerifier(number === 0 || number > MAX_ENTRIES ? [] : [{ number, hash }])
  let problem: string | undefined
  let last: Asked | undefined
  for (let after = 0; problem === undefined && verifier.count < Math.min(number, MAX_ENTRIES); ) {
    last = await examiner.get(`/audit?format=ndjson&limit=${LINES_PER_READ}&cursor=${after}`)
    const lines = last.body.toString().split('\n').filter(Boolean)
    if (lines.length === 0) break
    problem = verify(verifier, lines)
    after = verifier.last?.number ?? number
  }
  problem ??= number > MAX_ENTRIES ? undefined : verifier.end()
  const isWhole = number <= MAX_ENTRIES
  return checkOf(
    'audit/chain',
    problem !== undefined ? 'unmet' : isWhole ? 'met' : 'partly',
    problem !== undefined
      ? local(problem, `감사 사슬이 손상됨: ${problem}`)
      : local(`The chain of ${verifier.count} entries is sound`, `감사 기록 ${verifier.count}건의 사슬이 온전함`),
    [
      figureOf('verified entries', verifier.count, last && { asked: last, at: '' }),
      ...(last === undefined ? [head.exchange] : [last.exchange]),
      note('Verify it again: aas-hub audit verify --url URL', '재확인: aas-hub audit verify --url 주소')
    ]
  )
}

function verify(verifier: ChainVerifier, lines: readonly string[]): string | undefined {
  for (const line of lines) {
    const entry = parseAuditLine(line)
    if (entry === undefined) return `What follows entry ${verifier.last?.number ?? 0} is no entry of an audit`
    const problem = verifier.add(entry)
    if (problem !== undefined) return problem
  }
  return undefined
}
