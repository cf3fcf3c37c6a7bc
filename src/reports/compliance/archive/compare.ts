/** What changed from one report to another: verdicts of checks, checks that are new or gone, figures that moved. */
import type { Status } from '../../document.ts'
import type { ComplianceReport, LocalText, MeasuredFigure, ReportCheck, SectionName } from '../report.ts'

export interface ReportComparison {
  readonly earlier: ComparedReport
  readonly later: ComparedReport
  /** The worst first. */
  readonly checks: readonly CheckChange[]
  readonly figures: readonly FigureChange[]
  /** Checks with the same verdict as before. */
  readonly unchanged: number
}

export type ComparedReport = Pick<ComplianceReport, 'id' | 'created' | 'address' | 'verdict'>

export interface CheckChange {
  readonly id: string
  readonly section: SectionName
  readonly change: CheckChangeKind
  readonly from?: Status
  readonly to?: Status
  readonly text: LocalText
}

/** `dropped`: the verdict is worse than before. */
export type CheckChangeKind = 'dropped' | 'gone' | 'new' | 'improved'

export interface FigureChange {
  readonly check: string
  readonly name: string
  readonly from: number | string
  readonly to: number | string
  readonly unit?: string
}

/** From the worst to the best. What is not known any more is worse than what is met. */
const ranks: Readonly<Record<Status, number>> = { unmet: 0, unknown: 1, partly: 2, met: 3 }
const order: readonly CheckChangeKind[] = ['dropped', 'gone', 'new', 'improved']

export function compareReports(earlier: ComplianceReport, later: ComplianceReport): ReportComparison {
  const [before, after] = [checksOf(earlier), checksOf(later)]
  const checks: CheckChange[] = []
  const figures: FigureChange[] = []
  let unchanged = 0
  for (const [id, { section, check }] of after) {
    const { verdict: to, text } = check
    const from = before.get(id)?.check.verdict
    if (from === to) unchanged++
    else checks.push({ id, section, change: changeOf(from, to), ...(from !== undefined && { from }), to, text })
    figures.push(...figureChanges(id, before.get(id)?.check, check))
  }
  for (const [id, { section, check }] of before) {
    if (!after.has(id)) checks.push({ id, section, change: 'gone', from: check.verdict, text: check.text })
  }
  checks.sort((one, other) => order.indexOf(one.change) - order.indexOf(other.change))
  return { earlier: headOf(earlier), later: headOf(later), checks, figures, unchanged }
}

/** What became worse: dropped verdicts, and met checks that are gone. */
export function droppedIn({ checks }: ReportComparison): readonly CheckChange[] {
  return checks.filter(({ change, from }) => change === 'dropped' || (change === 'gone' && from === 'met'))
}

function changeOf(from: Status | undefined, to: Status): CheckChangeKind {
  if (from === undefined) return 'new'
  return ranks[to] < ranks[from] ? 'dropped' : 'improved'
}

interface CheckInSection {
  readonly section: SectionName
  readonly check: ReportCheck
}

function checksOf({ sections }: ComplianceReport): Map<string, CheckInSection> {
  return new Map(
    sections.flatMap(({ name, checks }) => checks.map((check) => [check.id, { section: name, check }] as const))
  )
}

function figureChanges(id: string, before: ReportCheck | undefined, after: ReportCheck): FigureChange[] {
  const earlier = new Map(figuresOf(before).map((figure) => [figure.name, figure.value]))
  return figuresOf(after).flatMap(({ name, value: to, unit }) => {
    const from = earlier.get(name)
    if (from === undefined || from === to) return []
    return [{ check: id, name, from, to, ...(unit !== undefined && { unit }) }]
  })
}

function figuresOf(check: ReportCheck | undefined): readonly MeasuredFigure[] {
  return (check?.evidence ?? []).filter((one) => one.kind === 'figure')
}

function headOf({ id, created, address, verdict }: ComplianceReport): ComparedReport {
  return { id, created, address, verdict }
}
