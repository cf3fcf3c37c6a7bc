/** Repairs of concept descriptions. */
import { canonicalJson } from '../../../formats/canonical-json.ts'
import type { SubmodelElement } from '../../../model/types.ts'
import type { InspectedFile } from '../checks/inspected-file.ts'
import { iec61360Of } from '../checks/submodels.ts'
import { dataTypeOf, draftConcept, fittingTypes, fromDictionary } from './concept-drafts.ts'
import { globalReference } from './identifiers.ts'
import { type Repair, textsOf } from './repair.ts'

/** Equal concepts are one. */
export const uniqueConcepts: Repair = ({ draft, rule }) => {
  const first = new Map<string, string>()
  for (const document of [...draft.documents]) {
    if (document.modelType !== 'ConceptDescription') continue
    const content = canonicalJson(document)
    const known = first.get(document.id)
    if (known === undefined) first.set(document.id, content)
    else if (known === content) draft.remove(rule, document)
  }
}

/** Missing concepts: those of the hub, else drafts made from the elements, marked as such. */
export const conceptMapping: Repair = async (context) => {
  const { draft, rule, file, dictionary } = context
  const known = new Set(draft.documents.flatMap((one) => (one.modelType === 'ConceptDescription' ? [one.id] : [])))
  /** Which originals a concept of our own stands for. */
  const cases = new Map(
    file.concepts.map(({ document: { id, isCaseOf = [] } }) => [
      id,
      new Set(isCaseOf.map(({ keys }) => keys?.[0]?.value))
    ])
  )
  const prefixes = context.rules.filter(({ check }) => check === 'idPrefix').flatMap((one) => textsOf(one, 'prefixes'))
  const base = prefixes.find((prefix) => /^https?:/.test(prefix))
  for (const { document, elements } of file.submodels) {
    for (const { element, path, isListItem } of elements) {
      const { idShort, semanticId, supplementalSemanticIds = [] } = element
      const value = semanticId?.keys?.[0]?.value
      if (
        !textsOf(rule, 'kinds').includes(element.modelType) ||
        (isListItem && idShort === undefined && value === undefined)
      )
        continue
      let id = value
      const isForeign =
        value !== undefined && prefixes.length > 0 && !prefixes.some((prefix) => value.startsWith(prefix))
      if (value === undefined || (isForeign && !known.has(value))) {
        if (base === undefined || idShort === undefined) continue
        id = `${base}cd/${idShort}/1/0`
        // Another concept has this id.
        if (isForeign && known.has(id) && !cases.get(id)?.has(value)) continue
        if (isForeign) cases.set(id, new Set([value]))
        if (isForeign)
          draft.set(rule, document, [...path, 'supplementalSemanticIds'], [...supplementalSemanticIds, semanticId])
        draft.set(rule, document, [...path, 'semanticId'], globalReference(id))
      }
      if (id === undefined || known.has(id)) continue
      known.add(id)
      const found = (await dictionary(id)) ?? (isForeign && value !== undefined ? await dictionary(value) : undefined)
      if (found === undefined)
        draft.add(rule, draftConcept(context.rules, id, element, isForeign ? { original: value } : {}), 'draft')
      else draft.add(rule, fromDictionary(found, id), 'changed')
    }
  }
}

/** A concept of our own follows the elements that use it, if they agree; those of public dictionaries stay. */
export const valueType: Repair = ({ draft, rule, rules, file }) => {
  const usersOf = elementsByConcept(file)
  for (const { document } of file.concepts) {
    const content = iec61360Of(document)
    const index = document.embeddedDataSpecifications?.findIndex((one) => one.dataSpecificationContent === content) ?? 0
    const users = usersOf.get(document.id) ?? []
    const valueTypes = new Set(users.flatMap((one) => (one.modelType === 'Property' ? [one.valueType ?? ''] : [])))
    const [only, ...others] = valueTypes
    if (content === undefined || only === undefined || others.length > 0 || isPublic(document.id)) continue
    const fitting = fittingTypes(rules, only)
    if (fitting.length === 0 || fitting.includes(content.dataType ?? '')) continue
    const hasUnit = content.unit !== undefined || content.unitId !== undefined
    const wanted = fitting.find((type) => type.endsWith('_MEASURE') === hasUnit) ?? fitting[0]
    draft.set(rule, document, ['embeddedDataSpecifications', index, 'dataSpecificationContent', 'dataType'], wanted)
  }
}

function elementsByConcept({ submodels }: InspectedFile): ReadonlyMap<string | undefined, readonly SubmodelElement[]> {
  const all = submodels.flatMap(({ elements }) => elements.map(({ element }) => element))
  return Map.groupBy(all, ({ semanticId }) => semanticId?.keys?.[0]?.value)
}

function isPublic(id: string): boolean {
  return /^(?:0173-|0112\/)/.test(id)
}

/** A document is named by a text; a missing type follows the elements that use the concept. */
export const dataType: Repair = ({ draft, rule, rules, file }) => {
  const usersOf = elementsByConcept(file)
  for (const { document } of file.concepts) {
    const content = iec61360Of(document)
    const index = document.embeddedDataSpecifications?.findIndex((one) => one.dataSpecificationContent === content) ?? 0
    if (content === undefined) continue
    const users = usersOf.get(document.id) ?? []
    const types = new Set(users.map((element) => dataTypeOf(rules, element)))
    const [only, ...others] = types
    const isDocument = ['FILE', 'BLOB', 'HTML'].includes(content.dataType ?? '')
    const wanted = isDocument ? 'STRING' : content.dataType === undefined && others.length === 0 ? only : undefined
    if (wanted !== undefined)
      draft.set(rule, document, ['embeddedDataSpecifications', index, 'dataSpecificationContent', 'dataType'], wanted)
  }
}

/** A description is a definition where there is no other. */
export const definition: Repair = ({ draft, rule, file }) => {
  for (const { document } of file.concepts) {
    const { description = [], embeddedDataSpecifications = [] } = document
    if (description.length === 0) continue
    for (const [index, { dataSpecificationContent: content }] of embeddedDataSpecifications.entries()) {
      if (content === undefined || content.value !== undefined || content.definition !== undefined) continue
      const path = ['embeddedDataSpecifications', index, 'dataSpecificationContent', 'definition']
      draft.set(rule, document, path, structuredClone(description))
    }
  }
}
