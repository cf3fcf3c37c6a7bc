/** Elements of the templates of asset interfaces, with their semantic ids. */
import type {
  DataTypeDefXsd,
  KeyTypes,
  Property,
  Range,
  Reference,
  ReferenceElement,
  SubmodelElement,
  SubmodelElementCollection,
  SubmodelElementList
} from '../../../model/types.ts'

export function globalReference(value: string): Reference {
  return { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value }] }
}

export type KeyStep = readonly [KeyTypes, string]

/** To an element below a submodel. */
export function modelReference(submodel: string, steps: readonly KeyStep[]): Reference {
  const keys = [['Submodel', submodel] as const, ...steps].map(([type, value]) => ({ type, value }))
  return { type: 'ModelReference', keys }
}

export function property(
  idShort: string,
  semanticId: string | readonly string[],
  value: string | undefined,
  valueType: DataTypeDefXsd = 'xs:string'
): Property {
  return { modelType: 'Property', idShort, ...semantics(semanticId), valueType, ...(value !== undefined && { value }) }
}

/** The template gives bounds as texts. */
export function range(idShort: string, semanticId: readonly string[], min: string, max: string): Range {
  return { modelType: 'Range', idShort, ...semantics(semanticId), valueType: 'xs:string', min, max }
}

export function collection(
  idShort: string | undefined,
  semanticId: string | readonly string[],
  value: readonly SubmodelElement[]
): SubmodelElementCollection {
  return {
    modelType: 'SubmodelElementCollection',
    ...(idShort !== undefined && { idShort }),
    ...semantics(semanticId),
    ...(value.length > 0 && { value: [...value] })
  }
}

/** Of elements of one kind, which have no idShort [AASd-120]. */
export function list(
  idShort: string,
  semanticId: string,
  kind: NonNullable<SubmodelElementList['typeValueListElement']>,
  value: readonly SubmodelElement[]
): SubmodelElementList {
  return {
    ...{ modelType: 'SubmodelElementList', idShort, ...semantics(semanticId), orderRelevant: true },
    typeValueListElement: kind,
    ...(value.length > 0 && { value: [...value] })
  }
}

export function referenceElement(
  idShort: string | undefined,
  semanticId: string | undefined,
  value: Reference
): ReferenceElement {
  return {
    modelType: 'ReferenceElement',
    ...(idShort !== undefined && { idShort }),
    ...(semanticId !== undefined && semantics(semanticId)),
    value
  }
}

/** The first one is the semanticId, the others supplement it. */
function semantics(ids: string | readonly string[]): Pick<Property, 'semanticId' | 'supplementalSemanticIds'> {
  const [first, ...others] = typeof ids === 'string' ? [ids] : ids
  return {
    ...(first !== undefined && { semanticId: globalReference(first) }),
    ...(others.length > 0 && { supplementalSemanticIds: others.map(globalReference) })
  }
}
