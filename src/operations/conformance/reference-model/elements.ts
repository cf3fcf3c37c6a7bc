/** Elements that a reference model cannot have are left out. */
import type { DocumentPath } from '../../../model/document-path.ts'
import { childrenMember } from '../../../model/fields.ts'
import type { SubmodelElement } from '../../../model/types.ts'
import { type Container, childrenOf } from '../../../model/walk.ts'
import { hideGeneratedSegments } from '../../time-series/segments.ts'
import { textsOf } from '../repair/repair.ts'
import type { ModelStep } from './model-step.ts'

/** Of kinds that the profile refuses, and what the hub shows of the history of the instance. */
export function removeForbiddenElements({ draft, profile }: ModelStep): void {
  for (const document of draft.documents) if (document.modelType === 'Submodel') hideGeneratedSegments(document)
  for (const rule of profile.rules.filter(({ check }) => check === 'forbiddenKinds')) {
    const kinds = textsOf(rule, 'kinds')
    for (const document of draft.documents) {
      if (document.modelType !== 'Submodel') continue
      const visit = (container: Container, at: DocumentPath): void => {
        const member = childrenMember(container.modelType)
        if (member === undefined) return
        for (const [index, child] of childrenOf(container).entries())
          if (!isOf(kinds, child)) visit(child, [...at, member, index])
        draft.removeItems(rule, document, [...at, member], (child) => isOf(kinds, child), nameOf)
      }
      visit(document, [])
    }
  }
}

/** Also a list of such elements. */
function isOf(kinds: readonly string[], element: SubmodelElement): boolean {
  if (kinds.includes(element.modelType)) return true
  return element.modelType === 'SubmodelElementList' && kinds.includes(element.typeValueListElement ?? '')
}

function nameOf({ modelType, idShort }: SubmodelElement): object {
  return { modelType, ...(idShort !== undefined && { idShort }) }
}
