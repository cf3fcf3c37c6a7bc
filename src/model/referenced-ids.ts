/** The ids that a document refers to. */
import { walkObjects } from './object-walk.ts'
import type { Identifiable } from './types.ts'

/**
 * Ids of identifiables and external concepts that a document refers to, in semantic ids, value ids, units, values of
 * ReferenceElements … Keys that name an element within a submodel are left out.
 */
export function* referencedIds(document: Identifiable): Generator<string> {
  for (const { className, object } of walkObjects(document, document.modelType)) {
    if (className === 'Key' && typeof object.value === 'string' && IDENTIFYING_KEY_TYPES.has(object.type))
      yield object.value
  }
}

/** Key types whose value is an id. In practice, concept descriptions are referred to by any of them. */
const IDENTIFYING_KEY_TYPES = new Set<unknown>([
  'AssetAdministrationShell',
  'ConceptDescription',
  'GlobalReference',
  'Identifiable',
  'Referable',
  'Submodel'
])
