/** What a submodel or an element means. */
import type { Container } from './walk.ts'

/** The first key of the semanticId, or of that which a list gives to all its items. */
export function meaningOf({ semanticId }: Container, parent: Container | undefined): string | undefined {
  const ofItems = parent?.modelType === 'SubmodelElementList' ? parent.semanticIdListElement : undefined
  return (semanticId ?? ofItems)?.keys?.[0]?.value
}
