/** The checks that the rules of a profile name. */
import type { Check } from './check.ts'
import { anyDefinition, dataType, definition, refusedCategory } from './concepts.ts'
import { emptyList, languageOnce, links } from './content.ts'
import { idFormat, idPrefix, idShort, idVersion, uniqueConcepts, uniqueIdShort } from './names.ts'
import { assetId, assetKind, requiredSubmodels, thumbnail, thumbnailPart } from './shells.ts'
import { constraint, standard, template } from './standard.ts'
import {
  conceptMapping,
  elementSemanticId,
  fileUri,
  forbiddenKinds,
  listItemIdShort,
  submodelKind,
  submodelSemanticId,
  valuePresent,
  valueType
} from './submodels.ts'

/** Has no finding: for rules that are listed, but cannot be checked. */
const notChecked: Check = { values: {}, found: {}, run: () => {} }

export const checks: Readonly<Record<string, Check>> = {
  notChecked,
  standard,
  constraint,
  template,
  links,
  thumbnail,
  thumbnailPart,
  assetId,
  assetKind,
  requiredSubmodels,
  idShort,
  uniqueIdShort,
  idFormat,
  idPrefix,
  idVersion,
  submodelKind,
  submodelSemanticId,
  elementSemanticId,
  forbiddenKinds,
  conceptMapping,
  valuePresent,
  valueType,
  fileUri,
  listItemIdShort,
  uniqueConcepts,
  definition,
  anyDefinition,
  dataType,
  refusedCategory,
  languageOnce,
  emptyList
}
