/** The references of a document, wherever the metamodel lets one stand, and what they may name. */
import { walkObjects } from './object-walk.ts'
import type { Identifiable } from './types.ts'

/**
 * Ids of identifiables and of concepts elsewhere that a document refers to: as a semantic id, a value id, a unit, the
 * value of a ReferenceElement … Keys that name an element within a submodel are left out.
 */
export function* referencedIds(document: Identifiable): Generator<string> {
  for (const { className, object } of walkObjects(document, document.modelType)) {
    if (className === 'Key' && typeof object.value === 'string' && IDENTIFYING_KEY_TYPES.has(object.type))
      yield object.value
  }
}

/** Key types whose value is an id. In the field, a concept description goes under any of them. */
const IDENTIFYING_KEY_TYPES = new Set<unknown>([
  'AssetAdministrationShell',
  'ConceptDescription',
  'GlobalReference',
  'Identifiable',
  'Referable',
  'Submodel'
])
