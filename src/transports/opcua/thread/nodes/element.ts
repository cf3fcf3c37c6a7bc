/** Submodel elements, by the types of the companion specification (OPC 30270, 6.8). */
import { join, type Step } from '../../../../model/path.ts'
import type { SubmodelElement } from '../../../../model/types.ts'
import { type Container, childrenOf, stepsTo } from '../../../../model/walk.ts'
import { nodeIdOf } from '../../node-id.ts'
import { conceptsOf, identification, qualifiers, reference } from './members.ts'
import { component, enumProperty, type HubNode, type LiveValue, property, textProperty } from './node.ts'
import { valueTypeNumber, valueTypeOf } from './value-types.ts'

/** The submodel that elements are of. */
export interface SubmodelPlace {
  readonly submodel: string
  /** 0 for a template, 1 for an instance: AASModelingKindDataType. */
  readonly modelingKind: number
}

/** The specification is of metamodel 2.0: a list is an ordered collection there. */
const TYPES: Readonly<Record<SubmodelElement['modelType'], string>> = {
  AnnotatedRelationshipElement: 'AASAnnotatedRelationshipElementType',
  BasicEventElement: 'AASEventType',
  Blob: 'AASBlobType',
  Capability: 'AASCapabilityType',
  Entity: 'AASEntityType',
  File: 'AASFileType',
  MultiLanguageProperty: 'AASMultiLanguagePropertyType',
  Operation: 'AASOperationType',
  Property: 'AASPropertyType',
  Range: 'AASRangeType',
  ReferenceElement: 'AASReferenceElementType',
  RelationshipElement: 'AASRelationshipElementType',
  SubmodelElementCollection: 'AASSubmodelElementCollectionType',
  SubmodelElementList: 'AASOrderedSubmodelElementCollectionType'
}

/** The elements of a submodel, or of an element at `path`. */
export function elementNodes(place: SubmodelPlace, container: Container, path: string): HubNode[] {
  const steps = stepsTo(container)
  return childrenOf(container).map((element, index) => {
    const step = steps[index] ?? index
    return elementNode(place, element, join(path, step), {
      id: nodeIdOf('Submodel', place.submodel, path),
      by: container.modelType === 'SubmodelElementList' ? 'HasOrderedComponent' : 'HasComponent',
      step
    })
  })
}

export interface ElementParent {
  readonly id: string
  readonly by: 'HasComponent' | 'HasOrderedComponent'
  /** From it to the element. */
  readonly step: Step
}

export function elementNode(
  place: SubmodelPlace,
  element: SubmodelElement,
  path: string,
  parent: ElementParent
): HubNode {
  const { modelType, idShort, displayName, description, semanticId } = element
  const id = nodeIdOf('Submodel', place.submodel, path)
  return {
    ...{ id, name: idShort ?? `[${parent.step}]`, type: TYPES[modelType], displayName, description },
    ...{ parent: { id: parent.id, by: parent.by }, concepts: conceptsOf(semanticId) },
    children: () => [
      ...commonNodes(id, place, element),
      ...valueNodes(id, place, element, path),
      ...elementNodes(place, element, path)
    ]
  }
}

function commonNodes(
  id: string,
  { modelingKind }: SubmodelPlace,
  { category, qualifiers: list }: SubmodelElement
): HubNode[] {
  return [
    ...(category === undefined ? [] : [textProperty(id, 'Category', category)]),
    enumProperty(id, 'ModelingKind', 'AASModelingKindDataType', modelingKind),
    ...qualifiers(id, list)
  ]
}

/** What the type of an element adds. */
function valueNodes(id: string, { submodel }: SubmodelPlace, element: SubmodelElement, path: string): HubNode[] {
  const { modelType } = element
  const live = (member: string, valueType?: string): LiveValue => {
    return { is: 'live', submodel, path, member, modelType, valueType }
  }
  switch (element.modelType) {
    case 'Property':
      return [...typed(id, ['Value'], element.valueType, live), ...referenceNode(id, 'ValueId', element.valueId)]
    case 'Range':
      return typed(id, ['Min', 'Max'], element.valueType, live)
    case 'MultiLanguageProperty':
      return [
        property(id, 'Value', { dataType: 'LocalizedText', isArray: true, value: live('value') }),
        ...referenceNode(id, 'ValueId', element.valueId)
      ]
    case 'File':
      return [
        property(id, 'Value', { dataType: 'String', value: live('value') }),
        property(id, 'MimeType', { dataType: 'AASMimeDataType', value: live('contentType') })
      ]
    case 'ReferenceElement':
      return [keys(id, 'Value', live('value'))]
    case 'RelationshipElement':
    case 'AnnotatedRelationshipElement':
      return [keys(id, 'First', live('first')), keys(id, 'Second', live('second'))]
    case 'Entity':
      return entityNodes(id, element)
    default:
      return []
  }
}

function typed(
  id: string,
  names: readonly string[],
  valueType: string | undefined,
  live: (member: string, valueType?: string) => LiveValue
): HubNode[] {
  const { dataType } = valueTypeOf(valueType)
  return [
    ...names.map((name) => property(id, name, { dataType, value: live(name.toLowerCase(), valueType) })),
    enumProperty(id, 'ValueType', 'AASValueTypeDataType', valueTypeNumber(valueType))
  ]
}

function referenceNode(id: string, name: string, to: Parameters<typeof reference>[2] | undefined): HubNode[] {
  return to === undefined ? [] : [reference(id, name, to)]
}

function keys(id: string, name: string, value: LiveValue): HubNode {
  return component(id, name, 'AASReferenceType', (at) => [
    property(at, 'Keys', { dataType: 'AASKeyDataType', isArray: true, value })
  ])
}

function entityNodes(id: string, element: SubmodelElement & { modelType: 'Entity' }): HubNode[] {
  const { entityType, globalAssetId } = element
  const isSelfManaged = entityType === 'SelfManagedEntity'
  return [
    ...(entityType === undefined
      ? []
      : [enumProperty(id, 'EntityType', 'AASEntityTypeDataType', isSelfManaged ? 1 : 0)]),
    ...(globalAssetId === undefined
      ? []
      : [component(id, 'Asset', 'AASAssetType', (at) => [identification(at, globalAssetId)])])
  ]
}
