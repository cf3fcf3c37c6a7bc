/** Ids of assets, with everything that names them. */
import { walkObjects } from '../../../model/object-walk.ts'
import type { Identifiable } from '../../../model/types.ts'
import { pathOf } from '../checks/paths.ts'
import type { Rule } from '../profile.ts'
import type { Draft } from '../repair/draft.ts'

/** @param moved new ids of assets by their former ones */
export function moveAssets(draft: Draft, cause: Pick<Rule, 'id'>, moved: ReadonlyMap<string, string>): void {
  if (moved.size === 0) return
  for (const document of draft.documents) {
    for (const { pointer, value, isOwn } of [...assetIdsIn(document)]) {
      const is = moved.get(value)
      if (is !== undefined && is !== value) draft.set(cause, document, pathOf(pointer), is, isOwn ? 'moved' : 'changed')
    }
  }
}

function* assetIdsIn(document: Identifiable) {
  for (const { className, object, pointer } of walkObjects(document, document.modelType)) {
    const isOwn = className === 'AssetInformation'
    const [member, value] =
      className === 'Key'
        ? ['value', object.value]
        : ['globalAssetId', isOwn || className === 'Entity' ? object.globalAssetId : undefined]
    if (typeof value === 'string') yield { pointer: `${pointer}/${member}`, value, isOwn }
  }
}
