/** The picture of the model under the name that the programme asks for. */
import type { PackageFile } from '../../../formats/aasx-writer.ts'
import { extensionOf } from '../../../formats/opc.ts'
import { leadsTo } from '../../../formats/part-links.ts'
import { partKey } from '../../../formats/part-names.ts'
import type { AssetAdministrationShell } from '../../../model/types.ts'
import { placeholder } from '../repair/thumbnail.ts'
import type { ModelStep } from './model-step.ts'

/** @param picture in the place of those of the shells; where there is none at all, a placeholder */
export function placeThumbnail(step: ModelStep, picture: PackageFile | undefined): void {
  const { draft, ruleFor } = step
  const shells = draft.documents.filter((one) => one.modelType === 'AssetAdministrationShell')
  const [first] = shells
  const path = first && pathOf(first)
  const own = draft.files.find(({ name }) => path !== undefined && leadsTo(path, name))
  const old = own ?? draft.files.find(({ thumbnail }) => thumbnail)
  const chosen = picture ?? old ?? placeholder('/thumbnail.png')
  const name = `/thumbnail.${extensionOf(chosen.contentType)}`
  if (old?.name === name && chosen === old) return
  const isTaken = draft.files.some((file) => file !== old && partKey(file.name) === partKey(name))
  if (isTaken) return
  const isStillLinked = old !== undefined && linksTo(step, old.name)
  const others = draft.files.filter((file) => file !== old || isStillLinked)
  draft.files.splice(0, draft.files.length, ...others.map((file) => ({ ...file, thumbnail: false })))
  const rule = ruleFor('thumbnail')
  draft.addFile(rule, { ...chosen, name, thumbnail: true }, chosen === picture || chosen === old ? 'changed' : 'draft')
  for (const shell of shells) {
    const named = pathOf(shell)
    if (shell !== first && chosen === old && (named === undefined || !leadsTo(named, old.name))) continue
    const is = { path: name, contentType: chosen.contentType }
    draft.set(rule, shell, ['assetInformation', 'defaultThumbnail'], is)
  }
}

function linksTo({ draft }: ModelStep, part: string): boolean {
  return draft
    .inspected()
    .submodels.some(({ elements }) =>
      elements.some(({ element }) => element.modelType === 'File' && leadsTo(element.value ?? '', part))
    )
}

function pathOf({ assetInformation }: AssetAdministrationShell): string | undefined {
  return assetInformation?.defaultThumbnail?.path
}
