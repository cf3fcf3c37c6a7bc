/** Writes what a repair makes of a file. */
import type { Transform } from 'node:stream'
import type { InspectedFile } from '../checks/inspected-file.ts'
import { withInspectedFile } from '../open-file.ts'
import type { Profile } from '../profile.ts'
import { type ConceptDictionary, Draft, type RepairChange } from './draft.ts'
import { repairDraft, requireReadable } from './repair-draft.ts'
import { writeDraft } from './write-draft.ts'

export interface RepairedWrite {
  readonly profile: Profile
  readonly dictionary: ConceptDictionary
  /** Name and media type of an uploaded file. */
  readonly sent?: { readonly fileName: string; readonly contentType: string }
  /** Of the document in a package; as it was by default. */
  readonly inside?: 'json' | 'xml'
  /** What the written bytes pass, e.g. to be counted. */
  readonly through?: Transform
}

/**
 * @returns every change; where there is none, nothing is written
 * @throws HubError `BadRequest` if the file cannot be read as a whole
 */
export async function writeRepaired(from: string, to: string, how: RepairedWrite): Promise<readonly RepairChange[]> {
  const { profile, dictionary, sent = {}, through } = how
  return withInspectedFile(from, sent, async (file) => {
    requireReadable(file, 'be repaired')
    const draft = new Draft(file)
    await repairDraft(draft, file, profile, dictionary)
    if (draft.changes.length === 0) return []
    const standard = profile.rules.find(({ check }) => check === 'standard')
    const release = standard?.values.release === '3.0' ? '3.0' : '3.1'
    await writeDraft(draft, to, { release, inside: how.inside ?? formOf(file), ...(through && { through }) })
    return draft.changes
  })
}

function formOf({ documents }: InspectedFile): 'json' | 'xml' {
  return documents.some(({ namespace }) => namespace !== undefined) ? 'xml' : 'json'
}
