/**
 * The examination of a hub by itself: section by section, each check by a request where a request can show it. It works
 * as one client among others does, one request at a time, and waits in between.
 */
import type { Clock } from '../../../clock.ts'
import type { ExaminedHub } from '../examined-hub.ts'
import { Examiner } from '../examiner/examiner.ts'
import { type ReportSection, type SectionName, sectionNames } from '../report.ts'
import { examineAccess } from '../sections/access.ts'
import { examineAudit } from '../sections/audit.ts'
import { examineBackup } from '../sections/backup.ts'
import { examineCollection } from '../sections/collection.ts'
import { examineConstraints } from '../sections/constraints.ts'
import { examineIdentity } from '../sections/identity.ts'
import { examineLoss } from '../sections/loss.ts'
import { examineOperations } from '../sections/operations.ts'
import { examineStandards } from '../sections/standards.ts'
import { examineTemplates } from '../sections/templates.ts'
import { uncheckedSection } from '../sections/unchecked.ts'
import { criteriaSection, readCriteria } from './criteria.ts'

export interface ExaminationOptions {
  /** Use is counted from `from` to `to`: UTC, ISO 8601. */
  readonly period: { readonly from: string; readonly to: string }
  /** Absent: all of them. */
  readonly sections?: readonly SectionName[]
  /** Criteria instead of the shipped ones, a JSON file. */
  readonly criteriaFile?: string
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

/** @throws the reason of the signal; errors of the connection to the hub; HubError `BadRequest` for wrong criteria */
export async function examine(hub: ExaminedHub, options: ExaminationOptions): Promise<readonly ReportSection[]> {
  const { progress, criteriaFile } = options
  // First, as the examination would be in vain.
  const criteria = readCriteria(criteriaFile)
  const examiner = new Examiner(hub, options)
  const sections: ReportSection[] = []
  const steps = sectionNames.filter((name) => options.sections?.includes(name) ?? true)
  for (const section of steps) {
    progress?.({ done: sections.length, of: steps.length, section })
    const checks = sections.flatMap((done) => done.checks)
    if (section === 'criteria') sections.push(criteriaSection(criteria, checks))
    else if (section === 'unchecked') sections.push(uncheckedSection(checks, hub.facts))
    else sections.push(await examinations[section](examiner))
  }
  progress?.({ done: sections.length, of: steps.length })
  return sections
}

type Examined = Exclude<SectionName, 'criteria' | 'unchecked'>

const examinations: Readonly<Record<Examined, (examiner: Examiner) => Promise<ReportSection>>> = {
  identity: examineIdentity,
  standards: examineStandards,
  operations: examineOperations,
  constraints: examineConstraints,
  templates: examineTemplates,
  collection: examineCollection,
  access: examineAccess,
  audit: examineAudit,
  loss: examineLoss,
  backup: examineBackup
}
