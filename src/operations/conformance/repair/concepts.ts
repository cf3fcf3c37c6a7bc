/** Repairs of concept descriptions. */
import { canonicalJson } from '../../../formats/canonical-json.ts'
import { mediaTypeOf } from '../../../formats/opc.ts'
import { toRelease30 } from '../../../model/downgrade.ts'
import type {
  ConceptDescription,
  DataSpecificationIec61360,
  DataTypeIec61360,
  LangString,
  SubmodelElement
} from '../../../model/types.ts'
import type { InspectedFile } from '../checks/inspected-file.ts'
import { iec61360Of } from '../checks/submodels.ts'
import type { Rule } from '../profile.ts'
import { globalReference } from './identifiers.ts'
import { type Repair, type RepairContext, textsOf } from './repair.ts'

const IEC61360 = 'https://admin-shell.io/DataSpecificationTemplates/DataSpecificationIec61360/3'

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
      if (found === undefined) draft.add(rule, draftOf(context, id, element, isForeign ? value : undefined), 'draft')
      else draft.add(rule, fromDictionary(found, id), 'changed')
    }
  }
}

/** In the form of release 3.0; under another id it is a case of the original. */
function fromDictionary(concept: ConceptDescription, id: string): ConceptDescription {
  const copy = structuredClone(concept)
  toRelease30(copy, { mediaTypeOf })
  if (copy.id === id) return copy
  return { ...copy, id, isCaseOf: [...(copy.isCaseOf ?? []), globalReference(copy.id)] }
}

/** A concept with what the element says of itself. What only a person knows is marked. */
function draftOf(
  context: RepairContext,
  id: string,
  element: SubmodelElement,
  original: string | undefined
): ConceptDescription {
  const name =
    element.idShort ??
    id
      .split('/')
      .filter((segment) => !/^\d*$/.test(segment))
      .at(-1) ??
    'Concept'
  const idShort = name.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^[^a-zA-Z]+/, 'C_')
  const english = element.description?.find(({ language = '' }) => /^en(?:-|$)/i.test(language))?.text
  const korean = element.description?.find(({ language = '' }) => /^ko(?:-|$)/i.test(language))?.text
  const definition: LangString[] = [
    { language: 'en', text: english ?? `[DRAFT] The definition of ${idShort} is to be written` },
    { language: 'ko', text: korean ?? `[초안] ${idShort}의 정의를 작성하십시오` }
  ]
  const dataSpecificationContent: DataSpecificationIec61360 = {
    modelType: 'DataSpecificationIec61360',
    preferredName: [{ language: 'en', text: idShort }],
    dataType: dataTypeOf(context.rules, element),
    definition
  }
  return {
    ...{ modelType: 'ConceptDescription', idShort, id },
    description: [
      { language: 'en', text: '[DRAFT] Made from the element that uses it; to be completed' },
      { language: 'ko', text: '[초안] 이 개념을 쓰는 요소에서 만든 것으로, 보완이 필요합니다' }
    ],
    ...(original !== undefined && { isCaseOf: [globalReference(original)] }),
    embeddedDataSpecifications: [{ dataSpecification: globalReference(IEC61360), dataSpecificationContent }]
  }
}

/** Of those that fit, one that needs no unit [AASc-3a-009]. */
function dataTypeOf(rules: readonly Rule[], element: SubmodelElement): DataTypeIec61360 {
  if (element.modelType === 'MultiLanguageProperty') return 'STRING_TRANSLATABLE'
  if (!('valueType' in element) || element.valueType === undefined) return 'STRING'
  const fitting = fittingTypes(rules, element.valueType)
  const withoutUnit = fitting.find((type) => !/_(?:MEASURE|CURRENCY)$/.test(type))
  if (withoutUnit !== undefined) return withoutUnit as DataTypeIec61360
  return /^xs:(?:.*(?:int|short|byte|long))/i.test(element.valueType) ? 'INTEGER_COUNT' : 'STRING'
}

function fittingTypes(rules: readonly Rule[], valueType: string): readonly string[] {
  const types = rules.find(({ check }) => check === 'valueType')?.values.dataTypes as
    | Readonly<Record<string, readonly string[]>>
    | undefined
  return types !== undefined && Object.hasOwn(types, valueType) ? (types[valueType] ?? []) : []
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
