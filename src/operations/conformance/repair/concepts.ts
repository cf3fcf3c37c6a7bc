/** Repairs of concept descriptions. */
import { canonicalJson } from '../../../formats/canonical-json.ts'
import { isLexical } from '../../../model/datatypes.ts'
import type { DataTypeDefXsd, LangString, SubmodelElement } from '../../../model/types.ts'
import type { InspectedFile } from '../checks/inspected-file.ts'
import { iec61360Of } from '../checks/submodels.ts'
import { dataTypeOf, draftConcept, draftSpecification, fittingTypes, fromDictionary } from './concept-drafts.ts'
import { globalReference } from './identifiers.ts'
import { type Repair, type RepairContext, textsOf } from './repair.ts'

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
export const valueType: Repair = (context) => {
  const { draft, rule, rules, file } = context
  followPublicConcepts(context)
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

/** Elements follow the concept of a public dictionary: the first type of its dataType that their value has. */
function followPublicConcepts({ draft, rule, file }: RepairContext): void {
  const dataTypes = rule.values.dataTypes as Readonly<Record<string, readonly string[]>>
  for (const { document, elements } of file.submodels) {
    for (const { element, path, isListItem } of elements) {
      // [AASd-109] Items of a list have its type.
      if (element.modelType !== 'Property' || isListItem) continue
      const { valueType = '', value } = element
      const concept = file.conceptOf.get(element.semanticId?.keys?.[0]?.value ?? '')
      const { dataType } = (concept && isPublic(concept.id) && iec61360Of(concept)) || {}
      if (dataType === undefined || dataTypes[valueType]?.includes(dataType) !== false) continue
      const wanted = Object.entries(dataTypes).find(
        ([type, fitting]) => fitting.includes(dataType) && isLexical(type as DataTypeDefXsd, value ?? '')
      )
      if (wanted !== undefined) draft.set(rule, document, [...path, 'valueType'], wanted[0])
    }
  }
}

function elementsByConcept({ submodels }: InspectedFile): ReadonlyMap<string | undefined, readonly SubmodelElement[]> {
  const all = submodels.flatMap(({ elements }) => elements.map(({ element }) => element))
  return Map.groupBy(all, ({ semanticId }) => semanticId?.keys?.[0]?.value)
}

function isPublic(id: string): boolean {
  return /^(?:0173-|0112\/)/.test(id)
}

/**
 * A document is named by a text; a missing type follows the elements that use the concept. Without IEC 61360 there is a
 * draft of what these say.
 */
export const dataType: Repair = ({ draft, rule, rules, file }) => {
  const usersOf = elementsByConcept(file)
  for (const { document } of file.concepts) {
    const content = iec61360Of(document)
    const index = document.embeddedDataSpecifications?.findIndex((one) => one.dataSpecificationContent === content) ?? 0
    const users = usersOf.get(document.id) ?? []
    if (content === undefined) {
      const { idShort, embeddedDataSpecifications: others = [] } = document
      if (idShort === undefined || users.length === 0) continue
      const specification = draftSpecification(rules, idShort, users[0])
      draft.set(rule, document, ['embeddedDataSpecifications'], [...others, specification], 'draft')
      continue
    }
    const types = new Set(users.map((element) => dataTypeOf(rules, element)))
    const [only, ...others] = types
    const isDocument = ['FILE', 'BLOB', 'HTML'].includes(content.dataType ?? '')
    const wanted = isDocument ? 'STRING' : content.dataType === undefined && others.length === 0 ? only : undefined
    if (wanted !== undefined)
      draft.set(rule, document, ['embeddedDataSpecifications', index, 'dataSpecificationContent', 'dataType'], wanted)
  }
}

/** A description is a definition where there is no other: of the concept, or the one that all its elements have. */
export const definition: Repair = ({ draft, rule, file }) => {
  const usersOf = elementsByConcept(file)
  for (const { document } of file.concepts) {
    const { embeddedDataSpecifications = [] } = document
    const [ofUsers, ...others] = new Set((usersOf.get(document.id) ?? []).map((one) => JSON.stringify(one.description)))
    const shared = ofUsers === undefined || others.length > 0 ? undefined : (JSON.parse(ofUsers) as LangString[])
    const description = document.description ?? shared ?? []
    if (description.length === 0) continue
    for (const [index, { dataSpecificationContent: content }] of embeddedDataSpecifications.entries()) {
      if (content === undefined || content.value !== undefined || content.definition !== undefined) continue
      const path = ['embeddedDataSpecifications', index, 'dataSpecificationContent', 'definition']
      draft.set(rule, document, path, structuredClone(description))
    }
  }
}
