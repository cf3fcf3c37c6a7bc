/** Repairs a file by a profile, as far as there is one right answer, and writes it as a new file. */
import { createWriteStream } from 'node:fs'
import { copyFile, rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { HubError } from '../../../errors.ts'
import { writeAasx } from '../../../formats/aasx-writer.ts'
import { writeJson } from '../../../formats/environment.ts'
import type { MetamodelRelease } from '../../../formats/releases.ts'
import { writeXml } from '../../../formats/xml-writer.ts'
import type { Identifiable } from '../../../model/types.ts'
import type { ReportLanguage } from '../../report-language.ts'
import { type ConformanceReport, checkFile } from '../check-file.ts'
import type { InspectedFile } from '../checks/inspected-file.ts'
import { withInspectedFile } from '../open-file.ts'
import type { Profile } from '../profile.ts'
import { type ConceptDictionary, Draft, type RepairChange } from './draft.ts'
import { repairs } from './repairs.ts'

/** A repair may break another rule, which is then repaired too. */
const MAX_PASSES = 5

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
    requireReadable(file)
    const { draft, release } = await repaired(file, request)
    if (draft.changes.length === 0) return { changes: [], wasWritten: false }
    await write(draft, to, release, request.inside ?? formOf(file))
    return { changes: draft.changes, wasWritten: true }
  })
  if (!wasWritten) await copyFile(from, to)
  const report = await withInspectedFile(to, {}, (file) => checkFile(file, profile, language))
  return { changes, report }
}

function requireReadable({ name, documents, notes }: InspectedFile): void {
  const unreadable = documents.find(({ isReadable }) => !isReadable)
  const note = notes.find(({ rule }) => rule !== 'minItems')
  const reason =
    note?.text ?? (unreadable === undefined ? undefined : `${unreadable.pointer} is no document of the metamodel`)
  if (reason !== undefined)
    throw new HubError('BadRequest', [`${name} cannot be repaired, as it cannot be read as a whole: ${reason}`])
}

async function repaired(
  file: InspectedFile,
  { profile, language, dictionary }: RepairRequest
): Promise<{ draft: Draft; release: MetamodelRelease }> {
  const draft = new Draft(file)
  const standard = profile.rules.find(({ check }) => check === 'standard')
  const release = standard?.values.release === '3.0' ? '3.0' : '3.1'
  let current = file
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const { rules: results, findings } = await checkFile(current, profile, language)
    const failed = new Set(results.flatMap(({ rule, result }) => (result === 'failed' ? [rule] : [])))
    const before = draft.changes.length
    if (pass === 0) repairPackage(draft, findings)
    for (const [check, repair] of repairs) {
      for (const rule of profile.rules.filter((one) => one.check === check && failed.has(one.id)))
        await repair({ draft, file: draft.inspected(), rule, rules: profile.rules, dictionary })
    }
    if (draft.changes.length === before) break
    current = draft.inspected()
  }
  return { draft, release }
}

/** What writing alone repairs: namespace, relationships, empty lists around the documents. */
function repairPackage(draft: Draft, findings: ConformanceReport['findings']): void {
  for (const { rule, constraint, found, pointer, severity } of findings) {
    if (severity !== 'error' || pointer !== '') continue
    if (constraint === 'namespace' || constraint === 'OPC' || constraint === 'minItems')
      draft.changes.push({ rule, pointer, was: found, kind: 'changed' })
  }
}

function formOf({ documents }: InspectedFile): 'json' | 'xml' {
  return documents.some(({ namespace }) => namespace !== undefined) ? 'xml' : 'json'
}

/** The file appears when it is complete. */
async function write(draft: Draft, to: string, release: MetamodelRelease, inside: 'json' | 'xml'): Promise<void> {
  const { format } = draft.origin
  const part = `${to}.part`
  const identifiables = grouped(draft.documents)
  const stream =
    format === 'aasx'
      ? writeAasx({ identifiables, files: draft.files, form: inside, release })
      : Readable.from(format === 'xml' ? writeXml(identifiables, release) : writeJson(identifiables))
  try {
    await pipeline(stream, createWriteStream(part))
    await rename(part, to)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
}

async function* grouped(documents: readonly Identifiable[]): AsyncGenerator<Identifiable> {
  for (const kind of ['AssetAdministrationShell', 'Submodel', 'ConceptDescription'] as const)
    yield* documents.filter(({ modelType }) => modelType === kind)
}
