/** The repairs, by the check that fails, in their order: ids first, as others name them. */
import { conceptMapping, dataType, definition, uniqueConcepts, valueType } from './concepts.ts'
import {
  assetKind,
  constraint,
  emptyLists,
  fileUri,
  languages,
  listItemIdShort,
  standard,
  submodelKind
} from './content.ts'
import { assetId, idFormat, idPrefix, idShort, idVersion, submodelSemanticId } from './identifiers.ts'
import type { Repair } from './repair.ts'
import { thumbnail } from './thumbnail.ts'

export const repairs: ReadonlyMap<string, Repair> = new Map([
  ['emptyList', emptyLists],
  ['languageOnce', languages],
  ['standard', standard],
  ['constraint', constraint],
  ['uniqueConcepts', uniqueConcepts],
  ['idVersion', idVersion],
  ['idFormat', idFormat],
  ['idPrefix', idPrefix],
  ['idShort', idShort],
  ['submodelSemanticId', submodelSemanticId],
  ['assetId', assetId],
  ['assetKind', assetKind],
  ['submodelKind', submodelKind],
  ['listItemIdShort', listItemIdShort],
  ['conceptMapping', conceptMapping],
  ['valueType', valueType],
  ['dataType', dataType],
  ['anyDefinition', definition],
  ['fileUri', fileUri],
  ['thumbnail', thumbnail],
  ['thumbnailPart', thumbnail]
])
