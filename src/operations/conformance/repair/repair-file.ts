/** Repairs a file by a profile, as far as there is one right answer, and writes it as a new file. */
import { copyFile } from 'node:fs/promises'
import type { ReportLanguage } from '../../report-language.ts'
import { type ConformanceReport, checkFile } from '../check-file.ts'
import type { InspectedFile } from '../checks/inspected-file.ts'
import { withInspectedFile } from '../open-file.ts'
import type { Profile } from '../profile.ts'
import { type ConceptDictionary, Draft, type RepairChange } from './draft.ts'
import { repairDraft, requireReadable } from './repair-draft.ts'
import { writeDraft } from './write-draft.ts'

export interface RepairRequest {
  readonly profile: Profile
  readonly language: ReportLanguage
  readonly dictionary: ConceptDictionary
  /** Of the document in a package; as it was by default. */
  readonly inside?: 'json' | 'xml'
}

export interface RepairResult {
  /** Empty: the file is written byte by byte as it was. */
  readonly changes: readonly RepairChange[]
  /** Of the file that was written: what is left for a person. */
  readonly report: ConformanceReport
}

/**
 * @param to the file to write; another than `from`
 * @throws HubError `BadRequest` if the file cannot be read; then nothing is written
 */
export async function repairFile(from: string, to: string, request: RepairRequest): Promise<RepairResult> {
  const { profile, language } = request
  const { changes, wasWritten } = await withInspectedFile(from, {}, async (file) => {
    requireReadable(file, 'be repaired')
    const draft = new Draft(file)
    await repairDraft(draft, file, profile, request.dictionary)
    if (draft.changes.length === 0) return { changes: [], wasWritten: false }
    const standard = profile.rules.find(({ check }) => check === 'standard')
    const release = standard?.values.release === '3.0' ? '3.0' : '3.1'
    await writeDraft(draft, to, { release, inside: request.inside ?? formOf(file) })
    return { changes: draft.changes, wasWritten: true }
  })
  if (!wasWritten) await copyFile(from, to)
  const report = await withInspectedFile(to, {}, (file) => checkFile(file, profile, language))
  return { changes, report }
}

function formOf({ documents }: InspectedFile): 'json' | 'xml' {
  return documents.some(({ namespace }) => namespace !== undefined) ? 'xml' : 'json'
}
