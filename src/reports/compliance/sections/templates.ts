/** Template by template: how many stored submodels conform, which do not, and why. */
import type { Asked, Examiner } from '../examiner/examiner.ts'
import { figureOf } from '../examiner/examiner.ts'
import { checkOf, local, note, sectionOf } from '../examiner/verdict.ts'
import type { Evidence, ReportCheck, ReportSection } from '../report.ts'

/** Of GET /validation. */
interface ValidationEntry {
  readonly submodelId: string
  readonly result: 'valid' | 'invalid' | 'noTemplate'
  readonly template?: string
  readonly violations: readonly FoundViolation[]
  readonly metamodel: readonly FoundViolation[]
}

interface FoundViolation {
  readonly idShortPath?: string
  readonly pointer?: string
  readonly text: string
}

interface TemplateCounts {
  valid: number
  invalid: number
  /** The first of them, in words. */
  readonly violations: string[]
}

const ENTRIES_PER_PAGE = 200
const MAX_PAGES = 1000
/** Submodels that are named for a template. */
const MAX_NAMED = 10
const MAX_TEXT = 300

export async function examineTemplates(examiner: Examiner): Promise<ReportSection> {
  const counts = new Map<string, TemplateCounts>()
  let [total, noTemplate, pages] = [0, 0, 0]
  let first: Asked | undefined
  let cursor: string | undefined
  do {
    const asked = await examiner.get(
      `~/validation?limit=${ENTRIES_PER_PAGE}${cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`}`
    )
    first ??= asked
    const entries: readonly ValidationEntry[] = asked.json?.result ?? []
    for (const entry of entries) {
      total++
      if (entry.template === undefined) noTemplate++
      if (entry.template !== undefined || entry.result === 'invalid') countEntry(counts, entry)
    }
    cursor = asked.json?.paging_metadata?.cursor
  } while (cursor !== undefined && ++pages < MAX_PAGES)
  const checks = [
    overview(first, { total, noTemplate, templates: counts.size, isComplete: cursor === undefined }),
    policy(examiner)
  ]
  for (const [template, found] of counts) checks.push(await checkTemplate(examiner, template, found))
  return sectionOf('templates', checks)
}

/** Of submodels without a template that break rules of the metamodel. */
const NO_TEMPLATE = 'metamodel'

function countEntry(counts: Map<string, TemplateCounts>, entry: ValidationEntry): void {
  const name = entry.template ?? NO_TEMPLATE
  const found = counts.get(name) ?? { valid: 0, invalid: 0, violations: [] }
  counts.set(name, found)
  if (entry.result === 'valid') found.valid++
  else {
    found.invalid++
    const [violation] = [...entry.violations, ...entry.metamodel]
    if (found.violations.length >= MAX_NAMED) return
    const where = violation?.idShortPath ?? violation?.pointer ?? ''
    found.violations.push(`${entry.submodelId}: ${where}: ${violation?.text ?? ''}`.slice(0, MAX_TEXT))
  }
}

function overview(
  asked: Asked | undefined,
  {
    total,
    noTemplate,
    templates,
    isComplete
  }: { readonly total: number; readonly noTemplate: number; readonly templates: number; readonly isComplete: boolean }
): ReportCheck {
  const source = asked && { asked, at: '/result' }
  return checkOf(
    'templates/submodels',
    asked?.status === 200 ? (isComplete ? 'met' : 'partly') : 'unknown',
    local(
      `${total} submodels were validated; ${total - noTemplate} follow one of ${templates} templates, ${noTemplate} name none`,
      `서브모델 ${total}개를 검증함: ${total - noTemplate}개가 템플릿 ${templates}종을 따르고, ${noTemplate}개는 템플릿이 없음`
    ),
    [
      figureOf('validated submodels', total, source),
      figureOf('submodels without a template', noTemplate, source),
      ...(asked === undefined ? [] : [asked.exchange])
    ]
  )
}

/** Are templates looked at, and are violations refused? */
function policy({ facts }: Examiner): ReportCheck {
  const mode = facts.settings.TEMPLATES ?? 'warn'
  const text = { off: '검증하지 않음', warn: '위반을 기록함', enforce: '위반을 거부함' }[mode] ?? mode
  return checkOf(
    'templates/policy',
    mode === 'off' ? 'unmet' : 'met',
    local(`Templates: ${mode}`, `템플릿 정책: ${text}`),
    [note(`TEMPLATES=${mode}`, `TEMPLATES=${mode}`)]
  )
}

async function checkTemplate(examiner: Examiner, template: string, counts: TemplateCounts): Promise<ReportCheck> {
  const { valid, invalid, violations } = counts
  const filter = template === NO_TEMPLATE ? '' : `&template=${encodeURIComponent(template)}`
  const asked = await examiner.get(`~/validation?result=${invalid > 0 ? 'invalid' : 'valid'}&limit=3${filter}`)
  const source = { asked, at: '/result' }
  const evidence: Evidence[] = [
    figureOf('conforming submodels', valid, source),
    figureOf('submodels with violations', invalid, source),
    asked.exchange,
    ...violations.map((text) => note(text, text))
  ]
  return checkOf(
    `templates/${template}`,
    invalid === 0 ? 'met' : 'unmet',
    local(
      `${template}: ${valid} of ${valid + invalid} submodels conform`,
      `${template}: 서브모델 ${valid + invalid}개 중 ${valid}개 적합`
    ),
    evidence
  )
}
