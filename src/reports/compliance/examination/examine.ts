/**
 * The examination of a hub by itself: section by section, each check by a request where a request can show it. It works
 * as one client among others does, one request at a time, and waits in between.
 */
import type { Clock } from '../../../clock.ts'
import type { ExaminedHub } from '../examined-hub.ts'
import { Examiner } from '../examiner/examiner.ts'
import type { ReportSection, SectionName } from '../report.ts'
import { examineConstraints } from '../sections/constraints.ts'
import { examineIdentity } from '../sections/identity.ts'
import { examineOperations } from '../sections/operations.ts'

export interface ExaminationOptions {
  /** What flowed is counted from `from` to `to`: UTC, ISO 8601. */
  readonly period: { readonly from: string; readonly to: string }
  /** Absent: all of them. */
  readonly sections?: readonly SectionName[]
  /** Called before each section and after the last one. */
  readonly progress?: (progress: ExaminationProgress) => void
  /** Ends the examination at its next request; what it has stored in its scratch scope is removed first. */
  readonly signal?: AbortSignal
  /** Of the machine that examines; the hub's is compared with it. */
  readonly clock?: Clock
}

export interface ExaminationProgress {
  /** Sections that are done, of how many. */
  readonly done: number
  readonly of: number
  /** Absent once all are done. */
  readonly section?: SectionName
}

/** @throws the reason of the signal; errors of the connection to the hub */
export async function examine(hub: ExaminedHub, options: ExaminationOptions): Promise<readonly ReportSection[]> {
  const { progress } = options
  const examiner = new Examiner(hub, options)
  const sections: ReportSection[] = []
  const all = Object.entries(examinations) as [SectionName, (examiner: Examiner) => Promise<ReportSection>][]
  const steps = all.filter(([name]) => options.sections?.includes(name) ?? true)
  for (const [section, examineSection] of steps) {
    progress?.({ done: sections.length, of: steps.length, section })
    sections.push(await examineSection(examiner))
  }
  progress?.({ done: sections.length, of: steps.length })
  return sections
}

const examinations: Readonly<Partial<Record<SectionName, (examiner: Examiner) => Promise<ReportSection>>>> = {
  identity: examineIdentity,
  operations: examineOperations,
  constraints: examineConstraints
}
