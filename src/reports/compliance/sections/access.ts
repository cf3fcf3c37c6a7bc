/** Who may do what: the rules in force in words, users and keys, and what stands open. */
import { isLoopback } from '../../../security/loopback.ts'
import { checkRuleDocument, type RuleDocument } from '../../../security/rule-files.ts'
import { isForAnyone, ruleInWords } from '../access/rule-words.ts'
import type { Asked, AskedSession, Examiner } from '../examiner/examiner.ts'
import { figureOf } from '../examiner/examiner.ts'
import { checkOf, local, note, sectionOf } from '../examiner/verdict.ts'
import type { Evidence, ReportCheck, ReportSection } from '../report.ts'

const MAX_RULES = 200
const MAX_ACCOUNTS = 200

export async function examineAccess(examiner: Examiner): Promise<ReportSection> {
  const ready = await examiner.get('/readyz')
  const session = await examiner.session()
  const { isOpen } = session
  return sectionOf('access', [
    openness(examiner, ready, session),
    transportSecurity(examiner, isOpen),
    ...(await rulesInForce(examiner, isOpen)),
    ...(isOpen ? [] : await anonymousAccess(examiner)),
    await accounts(examiner, { id: 'access/users', path: '/security/users', en: 'users', ko: '사용자' }),
    await accounts(examiner, { id: 'access/keys', path: '/security/keys', en: 'API keys', ko: 'API 키' })
  ])
}

function openness({ facts }: Examiner, ready: Asked, { asked, isOpen }: AskedSession): ReportCheck {
  const evidence = [ready.exchange, asked.exchange]
  if (!isOpen) {
    const text = local('Callers have to authenticate', '호출자는 인증해야 합니다')
    return checkOf('access/open', 'met', text, evidence)
  }
  if (ready.json?.insecure === true) {
    const text = local(
      `INSECURE: every machine that reaches ${facts.address} may do everything`,
      `보안 없음(INSECURE): ${facts.address}에 접근하는 모든 장비가 모든 작업을 할 수 있음`
    )
    return checkOf('access/open', 'unmet', text, evidence)
  }
  const text = local(
    'The hub has no users, keys or issuers: every program on its machine may do everything',
    '사용자, 키, 발급자가 없음: 이 장비의 모든 프로그램이 모든 작업을 할 수 있음'
  )
  return checkOf('access/open', 'partly', text, evidence)
}

function transportSecurity({ facts }: Examiner, isOpen: boolean): ReportCheck {
  const { protocol, hostname } = new URL(facts.address)
  const isEncrypted = protocol === 'https:'
  const isLocal = isLoopback(hostname.replace(/^\[|\]$/g, ''))
  return checkOf(
    'access/encryption',
    isEncrypted || isLocal ? 'met' : isOpen ? 'unmet' : 'partly',
    isEncrypted
      ? local('Clients reach the hub by HTTPS', '클라이언트는 HTTPS로 접속합니다')
      : isLocal
        ? local('The hub is reached on its own machine only', '같은 장비에서만 접속합니다')
        : local('Clients reach the hub without encryption', '클라이언트가 암호화 없이 접속합니다'),
    [note(facts.address, facts.address)]
  )
}

async function rulesInForce(examiner: Examiner, isOpen: boolean): Promise<readonly ReportCheck[]> {
  const { asked: metrics, samples } = await examiner.metrics()
  const asked = await examiner.get('/security/access-rules/documents')
  const { version = 0, documents = [] } = (asked.json ?? {}) as {
    readonly version?: number
    readonly documents?: readonly RuleDocument[]
  }
  const checked = await Promise.all(documents.map(checkRuleDocument))
  const rules = checked.flatMap((document) => document.rules)
  const isValid = samples.value('aas_hub_access_rules_valid') !== 0
  const words: Evidence[] = rules.slice(0, MAX_RULES).map((rule) => {
    const { en, ko } = ruleInWords(rule)
    return note(`${rule.name}: ${en}`, `${rule.name}: ${ko}`)
  })
  const forAnyone = rules.filter(isForAnyone)
  return [
    checkOf(
      'access/rules',
      isOpen ? 'partly' : isValid ? 'met' : 'unmet',
      isOpen
        ? local(
            `Version ${version} with ${rules.length} rules, which count once there is a user or key`,
            `버전 ${version}, 규칙 ${rules.length}개: 사용자나 키가 생기면 적용됨`
          )
        : local(
            `Version ${version} with ${rules.length} rules is in force`,
            `버전 ${version}, 규칙 ${rules.length}개 적용 중`
          ),
      [
        figureOf('version', version, { asked, at: '/version' }),
        figureOf('newest rules are in force', isValid ? 1 : 0, { asked: metrics, at: 'aas_hub_access_rules_valid' }),
        asked.exchange,
        ...words
      ]
    ),
    checkOf(
      'access/rules-for-anyone',
      forAnyone.length === 0 ? 'met' : 'partly',
      local(
        `${forAnyone.length} rules grant rights without asking for a claim of the caller`,
        `호출자의 속성을 묻지 않고 권한을 주는 규칙 ${forAnyone.length}개`
      ),
      [
        asked.exchange,
        ...forAnyone.slice(0, MAX_RULES).map((rule) => {
          const { en, ko } = ruleInWords(rule)
          return note(en, ko)
        })
      ]
    )
  ]
}

/** Requests of a caller without credentials, as the rules in force decide on them. */
const ANONYMOUS_REQUESTS = [
  { id: 'read', method: 'GET', path: '/submodels', verdict: 'partly', en: 'read submodels', ko: '서브모델 조회' },
  { id: 'write', method: 'POST', path: '/submodels', verdict: 'unmet', en: 'create submodels', ko: '서브모델 생성' },
  {
    id: 'delete',
    method: 'DELETE',
    path: '/submodels/YQ',
    verdict: 'unmet',
    en: 'delete submodels',
    ko: '서브모델 삭제'
  },
  { id: 'users', method: 'GET', path: '/security/users', verdict: 'unmet', en: 'list users', ko: '사용자 목록 조회' },
  { id: 'audit', method: 'GET', path: '/audit', verdict: 'unmet', en: 'read the audit', ko: '감사 기록 조회' }
] as const

async function anonymousAccess(examiner: Examiner): Promise<readonly ReportCheck[]> {
  const checks: ReportCheck[] = []
  for (const { id, method, path, verdict, en, ko } of ANONYMOUS_REQUESTS) {
    const question = { method, path: path.startsWith('/submodels') ? `${examiner.apiPrefix}${path}` : path }
    const asked = await examiner.send('POST', '/security/access-rules/explain', question, { repeatable: true })
    const verdicts: readonly string[] = (asked.json?.targets ?? []).flatMap(
      (target: { readonly verdicts: readonly { readonly verdict: string }[] }) =>
        target.verdicts.map((one) => one.verdict)
    )
    const isRefused = asked.status === 200 && verdicts.length > 0 && verdicts.every((one) => one === 'refused')
    checks.push(
      checkOf(
        `access/anonymous/${id}`,
        asked.status !== 200 ? 'unknown' : isRefused ? 'met' : verdict,
        isRefused
          ? local(`Without credentials no caller may ${en}`, `인증 없이 불가: ${ko}`)
          : local(`Callers without credentials may ${en}, or part of it`, `인증 없이 가능(일부 포함): ${ko}`),
        [asked.exchange]
      )
    )
  }
  return checks
}

interface Account {
  readonly name: string
  readonly id?: string
  readonly claims?: Readonly<Record<string, unknown>>
  readonly created?: string
  readonly expires?: string
  readonly disabled?: boolean
}

async function accounts(
  examiner: Examiner,
  { id, path, en, ko }: { readonly id: string; readonly path: string; readonly en: string; readonly ko: string }
): Promise<ReportCheck> {
  const asked = await examiner.get(path)
  const found: readonly Account[] = Array.isArray(asked.json) ? asked.json : []
  return checkOf(
    id,
    asked.status === 200 ? 'met' : 'unknown',
    local(`${found.length} ${en}`, `${ko} ${found.length}개`),
    [
      figureOf(en, found.length, { asked, at: '' }),
      ...found.slice(0, MAX_ACCOUNTS).map((account) => {
        const text = accountText(account)
        return note(text, text)
      })
    ]
  )
}

function accountText({ name, claims = {}, created, expires, disabled }: Account): string {
  const roles = [claims.role].flat().filter((role) => role !== undefined)
  const parts = [
    roles.length === 0 ? JSON.stringify(claims).slice(0, 200) : `role ${roles.join(', ')}`,
    ...(created === undefined ? [] : [`created ${created}`]),
    ...(expires === undefined ? [] : [`expires ${expires}`]),
    ...(disabled === true ? ['disabled'] : [])
  ]
  return `${name}: ${parts.join('; ')}`
}
