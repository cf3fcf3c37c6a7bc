/** Collection points: plan against actual, from the figures that the hub keeps (docs/collection-points.md). */
import { type PointVerdict, verdicts } from '../../../operations/collection/verdict.ts'
import { verdictTexts } from '../../../operations/collection/verdict-texts.ts'
import type { Asked, Examiner } from '../examiner/examiner.ts'
import { figureOf } from '../examiner/examiner.ts'
import { checkOf, local, note, sectionOf } from '../examiner/verdict.ts'
import type { Evidence, ReportCheck, ReportSection } from '../report.ts'

/** Of GET /collection-points, as far as the report shows it. */
export interface CollectionPointRow {
  readonly process?: string
  readonly machine?: string
  readonly submodel: string
  readonly path: string
  readonly method?: string
  readonly plannedPeriod?: number
  readonly measuredPeriod?: number
  readonly firstSample?: string
  readonly lastSample?: string
  readonly count: number
  readonly missingRate?: number
  readonly lateShare?: number
  readonly source?: { readonly transport: string; readonly caller?: string }
  readonly verdict: PointVerdict
}

/** Points that have a check of their own; of others the verdicts are counted. */
const MAX_POINTS = 300
const POINTS_PER_PAGE = 100
const MAX_ATTEMPTS = 10
const RETRY_MS = 500

export async function examineCollection(examiner: Examiner): Promise<ReportSection> {
  const first = await pointsPage(examiner)
  if (first.status !== 200) {
    const text = local('The samples are still being counted', '샘플을 아직 집계하고 있습니다')
    return sectionOf('collection', [checkOf('collection/plan', 'unknown', text, [first.exchange])])
  }
  const checks: ReportCheck[] = [planCheck(first)]
  if (first.json.verdicts === undefined) return sectionOf('collection', checks)
  checks.push(...verdictChecks(first))
  const pages = pagesFrom(examiner, first)
  for await (const page of pages) {
    const rows: readonly CollectionPointRow[] = page.json.result
    for (const [index, row] of rows.entries()) checks.push(pointCheck(row, page, index))
    if (checks.length >= MAX_POINTS) break
  }
  return sectionOf('collection', checks)
}

/** The first page that is answered once everything is counted. */
export async function pointsPage(examiner: Examiner): Promise<Asked> {
  for (let attempt = 1; ; attempt++) {
    const asked = await examiner.get(`/collection-points?limit=${POINTS_PER_PAGE}&language=en`)
    if (asked.status !== 503 || attempt === MAX_ATTEMPTS) return asked
    await examiner.clock.sleep(RETRY_MS)
  }
}

async function* pagesFrom(examiner: Examiner, first: Asked): AsyncGenerator<Asked> {
  for (let page = first; ; ) {
    yield page
    const cursor: string | undefined = page.json.paging_metadata?.cursor
    if (cursor === undefined) return
    const query = `limit=${POINTS_PER_PAGE}&language=en&cursor=${encodeURIComponent(cursor)}`
    page = await examiner.get(`/collection-points?${query}`)
  }
}

function planCheck(asked: Asked): ReportCheck {
  const { planDefect, isIncomplete } = asked.json
  const isPlanned = planDefect === undefined
  return checkOf(
    'collection/plan',
    isPlanned ? (isIncomplete === true ? 'partly' : 'met') : 'unmet',
    isPlanned
      ? local('There is a collection plan', '수집 계획이 있습니다')
      : local(`No plan to compare with: ${planDefect}`, `비교할 수집 계획이 없음: ${planDefect}`),
    [asked.exchange]
  )
}

function verdictChecks(asked: Asked): readonly ReportCheck[] {
  const counted = asked.json.verdicts as Readonly<Record<string, number>>
  return verdicts.map((verdict) => {
    const { en, ko } = verdictTexts[verdict]
    const count = counted[verdict] ?? 0
    const isFine = verdict === 'ok' || count === 0
    return checkOf(
      `collection/verdict/${verdict}`,
      isFine ? 'met' : verdict === 'silent' ? 'unmet' : 'partly',
      local(`${en}: ${count} points`, `${ko}: ${count}개`),
      [figureOf(`points ${verdict}`, count, { asked, at: `/verdicts/${verdict}` })]
    )
  })
}

function pointCheck(row: CollectionPointRow, asked: Asked, index: number): ReportCheck {
  const { submodel, path, process, machine, verdict, plannedPeriod, measuredPeriod, count, missingRate } = row
  const { en, ko } = verdictTexts[verdict]
  const at = `/result/${index}`
  const figures: Evidence[] = [figureOf('samples', count, { asked, at: `${at}/count` })]
  const add = (name: string, member: string, value: number | string | undefined, unit?: string) => {
    if (value !== undefined) figures.push(figureOf(name, value, { asked, at: `${at}/${member}` }, unit))
  }
  add('planned period', 'plannedPeriod', plannedPeriod, 's')
  add('measured period', 'measuredPeriod', measuredPeriod, 's')
  add('missing rate', 'missingRate', missingRate)
  add('late share', 'lateShare', row.lateShare)
  add('first sample', 'firstSample', row.firstSample)
  add('last sample', 'lastSample', row.lastSample)
  if (row.source !== undefined) {
    const { transport, caller = 'anonymous' } = row.source
    figures.push(note(`received by ${transport} from ${caller}`, `${caller}에서 ${transport}로 수신`))
  }
  const place = [process, machine, path].filter((part) => part !== undefined && part !== '').join(' / ')
  return checkOf(
    `collection/point/${submodel}/${path}`,
    verdict === 'ok' ? 'met' : verdict === 'silent' ? 'unmet' : 'partly',
    local(`${place}: ${en}`, `${place}: ${ko}`),
    figures
  )
}
