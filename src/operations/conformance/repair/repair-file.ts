/** Repairs a file by a profile, as far as there is one right answer, and writes it as a new file. */
import { copyFile } from 'node:fs/promises'
import type { ReportLanguage } from '../../report-language.ts'
import { type ConformanceReport, checkFile } from '../check-file.ts'
import { withInspectedFile } from '../open-file.ts'
import type { Profile } from '../profile.ts'
import type { RepairChange } from './draft.ts'
import { type RepairedWrite, writeRepaired } from './write-repaired.ts'

export interface RepairRequest extends RepairedWrite {
  readonly profile: Profile
  readonly language: ReportLanguage
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
  const changes = await writeRepaired(from, to, request)
  if (changes.length === 0) await copyFile(from, to)
  const report = await withInspectedFile(to, {}, (file) => checkFile(file, profile, language))
  return { changes, report }
}
