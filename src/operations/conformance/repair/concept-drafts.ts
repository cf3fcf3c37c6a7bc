/** Concept descriptions made from elements, and from those of a hub. */
import { mediaTypeOf } from '../../../formats/opc.ts'
import { toRelease30 } from '../../../model/downgrade.ts'
import type {
  ConceptDescription,
  DataSpecificationIec61360,
  DataTypeIec61360,
  LangString,
  SubmodelElement
} from '../../../model/types.ts'
import type { Rule } from '../profile.ts'
import { globalReference } from './identifiers.ts'

const IEC61360 = 'https://admin-shell.io/DataSpecificationTemplates/DataSpecificationIec61360/3'

/** In the form of release 3.0; under another id it is a case of the original. */
export function fromDictionary(concept: ConceptDescription, id: string): ConceptDescription {
  const copy = structuredClone(concept)
  toRelease30(copy, { mediaTypeOf })
  if (copy.id === id) return copy
  return { ...copy, id, isCaseOf: [...(copy.isCaseOf ?? []), globalReference(copy.id)] }
}

/** A concept with what the element says of itself. What only a person knows is marked. */
export function draftConcept(
  rules: readonly Rule[],
  id: string,
  element: SubmodelElement,
  { original, name = element.idShort ?? lastNameIn(id) }: { readonly original?: string; readonly name?: string } = {}
): ConceptDescription {
  const idShort = idShortFrom(name)
  return {
    ...{ modelType: 'ConceptDescription', idShort, id },
    description: [
      { language: 'en', text: '[DRAFT] Made from the element that uses it; to be completed' },
      { language: 'ko', text: '[초안] 이 개념을 쓰는 요소에서 만든 것으로, 보완이 필요합니다' }
    ],
    ...(original !== undefined && { isCaseOf: [globalReference(original)] }),
    embeddedDataSpecifications: [draftSpecification(rules, idShort, element)]
  }
}

/** The last segment of an IRI that is no version. */
export function lastNameIn(id: string): string {
  const segments = id.split('/').filter((segment) => !/^\d*$/.test(segment))
  return segments.at(-1) ?? 'Concept'
}

/** An idShort of release 3.0. */
export function idShortFrom(name: string): string {
  return name.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^[^a-zA-Z]+/, 'C_')
}

/** Content by IEC 61360 with what the element says of itself. */
export function draftSpecification(
  rules: readonly Rule[],
  idShort: string,
  element: SubmodelElement | undefined
): NonNullable<ConceptDescription['embeddedDataSpecifications']>[number] {
  const english = element?.description?.find(({ language = '' }) => /^en(?:-|$)/i.test(language))?.text
  const korean = element?.description?.find(({ language = '' }) => /^ko(?:-|$)/i.test(language))?.text
  const definition: LangString[] = [
    { language: 'en', text: english ?? `[DRAFT] The definition of ${idShort} is to be written` },
    { language: 'ko', text: korean ?? `[초안] ${idShort}의 정의를 작성하십시오` }
  ]
  const dataSpecificationContent: DataSpecificationIec61360 = {
    modelType: 'DataSpecificationIec61360',
    preferredName: [{ language: 'en', text: idShort }],
    dataType: element === undefined ? 'STRING' : dataTypeOf(rules, element),
    definition
  }
  return { dataSpecification: globalReference(IEC61360), dataSpecificationContent }
}

/** Of those that fit, one that needs no unit [AASc-3a-009]. */
export function dataTypeOf(rules: readonly Rule[], element: SubmodelElement): DataTypeIec61360 {
  if (element.modelType === 'MultiLanguageProperty') return 'STRING_TRANSLATABLE'
  if (!('valueType' in element) || element.valueType === undefined) return 'STRING'
  const fitting = fittingTypes(rules, element.valueType)
  const withoutUnit = fitting.find((type) => !/_(?:MEASURE|CURRENCY)$/.test(type))
  if (withoutUnit !== undefined) return withoutUnit as DataTypeIec61360
  return /^xs:(?:.*(?:int|short|byte|long))/i.test(element.valueType) ? 'INTEGER_COUNT' : 'STRING'
}

export function fittingTypes(rules: readonly Rule[], valueType: string): readonly string[] {
  const types = rules.find(({ check }) => check === 'valueType')?.values.dataTypes as
    | Readonly<Record<string, readonly string[]>>
    | undefined
  return types !== undefined && Object.hasOwn(types, valueType) ? (types[valueType] ?? []) : []
}
