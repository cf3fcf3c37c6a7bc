/**
 * Makes a reference model of what is stored of machines: the type of a machine in the place of its instance, in the form
 * that the profile asks for. Ids, kinds and concepts are made by convention; what has no one right answer is left, and
 * reported by the rules of the profile.
 */
import { HubError } from '../../../errors.ts'
import type { PackageFile } from '../../../formats/aasx-writer.ts'
import { checkFile } from '../check-file.ts'
import { withInspectedFile } from '../open-file.ts'
import type { Profile, Rule } from '../profile.ts'
import { Draft } from '../repair/draft.ts'
import { repairDraft, requireReadable } from '../repair/repair-draft.ts'
import type { RepairRequest, RepairResult } from '../repair/repair-file.ts'
import { writeDraft } from '../repair/write-draft.ts'
import { describeElements } from './concepts.ts'
import { removeForbiddenElements } from './elements.ts'
import { restoreExamples } from './examples.ts'
import { moveToModelIds } from './model-ids.ts'
import type { ModelStep } from './model-step.ts'
import { placeThumbnail } from './thumbnail.ts'

/** By the conventions of the Korean programme. */
export const DEFAULT_ID_BASE = 'https://www.smart-factory.kr/ids'

export interface ReferenceModelRequest extends RepairRequest {
  /** The ids of the model begin with it. */
  readonly idBase: string
  /** In the place of the picture of the shell. */
  readonly thumbnail?: PackageFile
}

/**
 * @param from a package with the shells and their submodels @param to the package to write
 * @throws HubError `BadRequest` if there is no shell, `Conflict` if two shells would be one model; then nothing is written
 */
export async function makeReferenceModel(
  from: string,
  to: string,
  request: ReferenceModelRequest
): Promise<RepairResult> {
  const base = request.idBase.replace(/\/+$/, '')
  const profile = withIdBase(request.profile, base)
  const changes = await withInspectedFile(from, {}, async (file) => {
    requireReadable(file, 'become a reference model')
    if (file.shells.length === 0)
      throw new HubError('BadRequest', ['A reference model is made of shells, and there is none'])
    const draft = new Draft(file)
    const step: ModelStep = { draft, profile, base, ruleFor: (check, className) => ruleFor(profile, check, className) }
    removeForbiddenElements(step)
    restoreExamples(step)
    moveToModelIds(step)
    await describeElements(step, request.dictionary)
    placeThumbnail(step, request.thumbnail)
    await repairDraft(draft, draft.inspected(), profile, request.dictionary)
    draft.sort()
    await writeDraft(draft, to, { release: '3.0', format: 'aasx', inside: request.inside ?? 'xml' })
    return draft.changes
  })
  const report = await withInspectedFile(to, {}, (file) => checkFile(file, request.profile, request.language))
  return { changes, report }
}

/** Ids below the base count as those of the programme; whether the programme agrees is decided by the profile as it is. */
function withIdBase(profile: Profile, base: string): Profile {
  const rules = profile.rules.map((rule) => {
    const { prefixes } = rule.values
    if (!Array.isArray(prefixes)) return rule
    const dictionaries = (prefixes as string[]).filter((prefix) => !/^https?:/.test(prefix))
    return { ...rule, values: { ...rule.values, prefixes: [...dictionaries, `${base}/`] } }
  })
  return { ...profile, rules }
}

function ruleFor({ rules }: Profile, check: string, className?: string): Pick<Rule, 'id'> {
  const found = rules.find(
    ({ check: name, values }) =>
      name === check && (className === undefined || (values.of as readonly string[]).includes(className))
  )
  return found ?? { id: check }
}
