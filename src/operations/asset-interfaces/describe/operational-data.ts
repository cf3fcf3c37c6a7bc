/** The submodel that the values of an interface go to, and the concepts of its elements. */
import type {
  ConceptDescription,
  DataTypeDefXsd,
  DataTypeIec61360,
  Operation,
  Property,
  Submodel,
  SubmodelElement,
  SubmodelElementCollection
} from '../../../model/types.ts'
import { globalReference } from './elements.ts'
import type { ActionDraft, InterfaceDraft, PointDraft, ValueDraft } from './interface-draft.ts'

export interface OperationalData {
  readonly submodel: Submodel
  readonly concepts: readonly ConceptDescription[]
}

export function operationalData(draft: InterfaceDraft): OperationalData {
  const submodel: Submodel & { submodelElements: SubmodelElement[] } = {
    ...{ modelType: 'Submodel', id: `${draft.ids}/OperationalData`, idShort: 'OperationalData', kind: 'Instance' },
    submodelElements: []
  }
  const concepts: ConceptDescription[] = []
  const conceptOf = (path: readonly string[]) => `${draft.ids}/concepts/${path.join('/')}`
  for (const point of draft.points) {
    const id = conceptOf(point.path)
    concepts.push(conceptDescription(id, point))
    put(submodel.submodelElements, point.path, elementOf(point.value, point.path.at(-1), id))
  }
  for (const action of draft.actions ?? []) {
    put(submodel.submodelElements, action.path, operationOf(action))
  }
  return { submodel, concepts }
}

/** Below the collections that the path names, which are made where they are missing. */
function put(elements: SubmodelElement[], [first, ...rest]: readonly string[], element: SubmodelElement): void {
  if (rest.length === 0) {
    elements.push(element)
    return
  }
  let parent = elements.find(
    (one): one is SubmodelElementCollection => one.idShort === first && one.modelType === 'SubmodelElementCollection'
  )
  if (parent === undefined) {
    parent = { modelType: 'SubmodelElementCollection', ...(first !== undefined && { idShort: first }), value: [] }
    elements.push(parent)
  }
  parent.value ??= []
  put(parent.value, rest, element)
}

function elementOf(value: ValueDraft, idShort: string | undefined, concept?: string): SubmodelElement {
  const named = {
    ...(idShort !== undefined && { idShort }),
    ...(concept !== undefined && { semanticId: globalReference(concept) })
  }
  if (value.kind === 'leaf') return { modelType: 'Property', ...named, valueType: value.type }
  if (value.kind === 'list') {
    const one: Property = { modelType: 'Property', valueType: value.type }
    return {
      ...{ modelType: 'SubmodelElementList', ...named, orderRelevant: true, typeValueListElement: 'Property' },
      ...{ valueTypeListElement: value.type, value: Array.from({ length: value.count }, () => ({ ...one })) }
    }
  }
  const members = Array.from(value.members, ([name, member]) => elementOf(member, name))
  return { modelType: 'SubmodelElementCollection', ...named, ...(members.length > 0 && { value: members }) }
}

function operationOf({ path, inputs, outputs }: ActionDraft): Operation {
  const variables = (all: ActionDraft['inputs']) =>
    all.map(({ idShort, type }) => ({ value: { modelType: 'Property', idShort, valueType: type } as const }))
  return {
    modelType: 'Operation',
    ...(path.at(-1) !== undefined && { idShort: path.at(-1) as string }),
    ...(inputs.length > 0 && { inputVariables: variables(inputs) }),
    ...(outputs.length > 0 && { outputVariables: variables(outputs) })
  }
}

const IEC_61360 = 'https://admin-shell.io/DataSpecificationTemplates/DataSpecificationIec61360/3'

function conceptDescription(id: string, { title, description, value, path }: PointDraft): ConceptDescription {
  const leaf = value.kind === 'leaf' ? value : undefined
  const dataType = value.kind === 'object' ? undefined : iecTypeOf(value.type, leaf?.unit)
  return {
    ...{ modelType: 'ConceptDescription', id, idShort: path.at(-1) ?? 'Concept' },
    embeddedDataSpecifications: [
      {
        dataSpecification: globalReference(IEC_61360),
        dataSpecificationContent: {
          ...{ modelType: 'DataSpecificationIec61360', preferredName: [{ language: 'en', text: title.slice(0, 255) }] },
          ...(leaf?.unit !== undefined && { unit: leaf.unit }),
          ...(dataType !== undefined && { dataType }),
          definition: [{ language: 'en', text: (description ?? title).slice(0, 1023) }]
        }
      }
    ]
  }
}

/** A measure has a unit. */
function iecTypeOf(type: DataTypeDefXsd, unit: string | undefined): DataTypeIec61360 {
  const suffix = unit === undefined ? 'COUNT' : 'MEASURE'
  if (type === 'xs:boolean') return 'BOOLEAN'
  if (type === 'xs:dateTime') return 'TIMESTAMP'
  if (['xs:float', 'xs:double', 'xs:decimal'].includes(type)) return `REAL_${suffix}`
  if (/byte|short|int|long/i.test(type)) return `INTEGER_${suffix}`
  return 'STRING'
}
