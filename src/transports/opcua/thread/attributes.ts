/** Attributes of nodes (OPC 10000-3, 5), but for the current values of elements. */
import {
  AttributeIds,
  coerceLocalizedText,
  DataType,
  DataValue,
  type LocalizedText,
  NodeClass,
  type NodeId,
  QualifiedName,
  resolveNodeId,
  StatusCodes,
  Variant,
  VariantArrayType
} from 'node-opcua-client'
import type { LangString } from '../../../model/types.ts'
import type { CompanionTypes } from './companion-types.ts'
import type { FixedValue, HubNode } from './nodes/node.ts'
import { textVariant } from './values.ts'

const READABLE = 1
const WRITABLE = 2

/** What names and values of nodes need. */
export interface NodeNaming {
  /** Index of the namespace of what is stored. */
  readonly namespace: number
  readonly types: CompanionTypes
}

export function nodeIdIn({ namespace }: NodeNaming, id: string): NodeId {
  return resolveNodeId(`ns=${namespace};s=${id}`)
}

export function browseNameOf(naming: NodeNaming, { name, isTyped }: HubNode): QualifiedName {
  return new QualifiedName({ name, namespaceIndex: isTyped ? naming.types.namespace : naming.namespace })
}

/** In the first language that there is. */
export function displayNameOf({ displayName, name }: HubNode): LocalizedText {
  return localized(displayName) ?? (coerceLocalizedText(name) as LocalizedText)
}

export function classOf({ variable }: HubNode): NodeClass {
  return variable === undefined ? NodeClass.Object : NodeClass.Variable
}

export function typeOf({ types }: NodeNaming, { variable, type }: HubNode): NodeId {
  return variable === undefined ? types.objectType(type) : types.variableType(type)
}

/** May values of it be written? What of it the caller may write is decided when it does. */
export function isWritable({ variable }: HubNode): boolean {
  return variable?.value.is === 'live' && ['Property', 'Range'].includes(variable.value.modelType)
}

export function readAttribute(node: HubNode, attribute: AttributeIds, naming: NodeNaming): DataValue {
  const value =
    common(node, attribute, naming) ??
    (node.variable === undefined ? ofObject(attribute) : ofVariable(node, attribute, naming))
  return value === undefined
    ? new DataValue({ statusCode: StatusCodes.BadAttributeIdInvalid })
    : new DataValue({ value })
}

function common(node: HubNode, attribute: AttributeIds, naming: NodeNaming): Variant | undefined {
  switch (attribute) {
    case AttributeIds.NodeId:
      return new Variant({ dataType: DataType.NodeId, value: nodeIdIn(naming, node.id) })
    case AttributeIds.NodeClass:
      return new Variant({ dataType: DataType.Int32, value: classOf(node) })
    case AttributeIds.BrowseName:
      return new Variant({ dataType: DataType.QualifiedName, value: browseNameOf(naming, node) })
    case AttributeIds.DisplayName:
      return new Variant({ dataType: DataType.LocalizedText, value: displayNameOf(node) })
    case AttributeIds.Description:
      return new Variant({
        dataType: DataType.LocalizedText,
        value: localized(node.description) ?? coerceLocalizedText('')
      })
    case AttributeIds.WriteMask:
    case AttributeIds.UserWriteMask:
      return new Variant({ dataType: DataType.UInt32, value: 0 })
    default:
      return undefined
  }
}

function ofObject(attribute: AttributeIds): Variant | undefined {
  return attribute === AttributeIds.EventNotifier ? new Variant({ dataType: DataType.Byte, value: 0 }) : undefined
}

function ofVariable(node: HubNode, attribute: AttributeIds, { types }: NodeNaming): Variant | undefined {
  const { variable } = node
  if (variable === undefined) return undefined
  switch (attribute) {
    case AttributeIds.Value:
      return variable.value.is === 'live' ? undefined : fixedValue(variable.value, types)
    case AttributeIds.DataType:
      return new Variant({ dataType: DataType.NodeId, value: types.dataType(variable.dataType) })
    case AttributeIds.ValueRank:
      return new Variant({ dataType: DataType.Int32, value: variable.isArray ? 1 : -1 })
    case AttributeIds.ArrayDimensions:
      return new Variant({
        dataType: DataType.UInt32,
        arrayType: VariantArrayType.Array,
        value: variable.isArray ? [0] : []
      })
    case AttributeIds.AccessLevel:
    case AttributeIds.UserAccessLevel:
      return new Variant({ dataType: DataType.Byte, value: isWritable(node) ? READABLE | WRITABLE : READABLE })
    case AttributeIds.MinimumSamplingInterval:
      return new Variant({ dataType: DataType.Double, value: 0 })
    case AttributeIds.Historizing:
      return new Variant({ dataType: DataType.Boolean, value: false })
    default:
      return undefined
  }
}

function fixedValue(fixed: FixedValue, types: CompanionTypes): Variant {
  switch (fixed.is) {
    case 'text':
      return textVariant(fixed.text)
    case 'enum':
      return new Variant({ dataType: DataType.Int32, value: fixed.number })
    case 'keys':
      return types.keys(fixed.reference)
  }
}

function localized(texts: readonly LangString[] | undefined): LocalizedText | undefined {
  const [first] = texts ?? []
  if (first === undefined) return undefined
  return coerceLocalizedText({ locale: first.language ?? '', text: first.text ?? '' }) ?? undefined
}
