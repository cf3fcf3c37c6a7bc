/** Repairs a draft by the rules of a profile. */
import { HubError } from '../../../errors.ts'
import { type ConformanceReport, checkFile } from '../check-file.ts'
import type { InspectedFile } from '../checks/inspected-file.ts'
import type { Profile } from '../profile.ts'
import type { ConceptDictionary, Draft } from './draft.ts'
import { repairs } from './repairs.ts'

/** A repair may break another rule, which is then repaired too. */
const MAX_PASSES = 5

/** @param what is done to the file, e.g. `be repaired` @throws HubError `BadRequest` in one sentence */
export function requireReadable({ name, documents, notes }: InspectedFile, what: string): void {
  const unreadable = documents.find(({ isReadable }) => !isReadable)
  const note = notes.find(({ rule }) => rule !== 'minItems')
  const reason =
    note?.text ?? (unreadable === undefined ? undefined : `${unreadable.pointer} is no document of the metamodel`)
  if (reason !== undefined)
    throw new HubError('BadRequest', [`${name} cannot ${what}, as it cannot be read as a whole: ${reason}`])
}

/** Repairs what has one right answer. @param file the draft as it is */
export async function repairDraft(
  draft: Draft,
  file: InspectedFile,
  profile: Profile,
  dictionary: ConceptDictionary
): Promise<void> {
  let current = file
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const { rules: results, findings } = await checkFile(current, profile, 'en')
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
}

/** What writing alone repairs: namespace, relationships, empty lists around the documents. */
function repairPackage(draft: Draft, findings: ConformanceReport['findings']): void {
  for (const { rule, constraint, found, pointer, severity } of findings) {
    if (severity !== 'error' || pointer !== '') continue
    if (constraint === 'namespace' || constraint === 'OPC' || constraint === 'minItems')
      draft.changes.push({ rule, pointer, was: found, kind: 'changed' })
  }
}
