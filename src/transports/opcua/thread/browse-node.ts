/** References of a node (OPC 10000-4, 5.9.2), as far as the description of a browse asks for them. */
import {
  type BrowseDescription,
  BrowseDirection,
  BrowseResult,
  makeExpandedNodeId,
  NodeClass,
  type NodeId,
  ReferenceDescription,
  resolveNodeId,
  StatusCodes
} from 'node-opcua-client'
import { browseNameOf, classOf, displayNameOf, type NodeNaming, nodeIdIn, typeOf } from './attributes.ts'
import type { AddressSpace } from './companion-types.ts'
import { MAX_LISTED } from './documents.ts'
import { conceptNode } from './nodes/documents.ts'
import type { HubNode } from './nodes/node.ts'

/** Bits of the result mask. */
const REFERENCE_TYPE = 1
const IS_FORWARD = 2
const NODE_CLASS = 4
const BROWSE_NAME = 8
const DISPLAY_NAME = 16
const TYPE_DEFINITION = 32

export interface BrowseParts extends NodeNaming {
  readonly space: AddressSpace
  /** NodeId of the dictionaries of OPC UA itself. */
  readonly dictionaries: string
  /** A node of the same session. */
  find(id: string): Promise<HubNode | undefined>
}

/** A node at the other end: one of the hub, or one of OPC UA itself. */
type Target = HubNode | NodeId

interface FoundReference {
  readonly by: NodeId
  readonly isForward: boolean
  readonly to: Target
}

export async function browseNode(
  node: HubNode,
  description: BrowseDescription,
  parts: BrowseParts
): Promise<BrowseResult> {
  const isWanted = typeFilter(description, parts)
  if (isWanted === undefined) return new BrowseResult({ statusCode: StatusCodes.BadReferenceTypeIdInvalid })
  const { browseDirection, nodeClassMask, resultMask } = description
  if (browseDirection === BrowseDirection.Invalid)
    return new BrowseResult({ statusCode: StatusCodes.BadBrowseDirectionInvalid })
  const references: ReferenceDescription[] = []
  let isComplete = true
  for await (const found of referencesOf(node, browseDirection, parts)) {
    if (!isWanted(found.by)) continue
    const described = describe(found, parts)
    if (described === undefined || (nodeClassMask !== 0 && (nodeClassMask & described.nodeClass) === 0)) continue
    if (references.length >= MAX_LISTED) {
      isComplete = false
      break
    }
    references.push(masked(described, resultMask))
  }
  const statusCode = isComplete ? StatusCodes.Good : StatusCodes.UncertainNotAllNodesAvailable
  return new BrowseResult({ statusCode, references })
}

async function* referencesOf(
  node: HubNode,
  direction: BrowseDirection,
  parts: BrowseParts
): AsyncGenerator<FoundReference> {
  const { types, dictionaries } = parts
  if (direction !== BrowseDirection.Inverse) {
    yield { by: types.reference('HasTypeDefinition'), isForward: true, to: typeOf(parts, node) }
    for (const concept of node.concepts ?? []) {
      yield { by: types.reference('HasDictionaryEntry'), isForward: true, to: conceptNode(concept, dictionaries) }
    }
    for (const child of await node.children())
      yield { by: types.reference(child.parent.by), isForward: true, to: child }
  }
  if (direction !== BrowseDirection.Forward) {
    const { id, by } = node.parent
    const parent = id.startsWith('i=') ? resolveNodeId(id) : await parts.find(id)
    if (parent !== undefined) yield { by: types.reference(by), isForward: false, to: parent }
  }
}

/** @returns undefined where there is no such type of references */
function typeFilter({ referenceTypeId, includeSubtypes }: BrowseDescription, { space }: BrowseParts) {
  if (referenceTypeId.isEmpty()) return () => true
  const wanted = space.findReferenceType(referenceTypeId)
  if (wanted === null) return undefined
  return (by: NodeId) => {
    if (by.toString() === wanted.nodeId.toString()) return true
    const type = includeSubtypes ? space.findReferenceType(by) : null
    return type?.isSubtypeOf(wanted) === true
  }
}

function describe({ by, isForward, to }: FoundReference, parts: BrowseParts): ReferenceDescription | undefined {
  if ('variable' in to || 'children' in to) {
    return new ReferenceDescription({
      ...{ referenceTypeId: by, isForward, nodeId: makeExpandedNodeId(nodeIdIn(parts, to.id)), nodeClass: classOf(to) },
      ...{
        browseName: browseNameOf(parts, to),
        displayName: displayNameOf(to),
        typeDefinition: makeExpandedNodeId(typeOf(parts, to))
      }
    })
  }
  const node = parts.space.findNode(to)
  if (node === null) return undefined
  const { nodeId, nodeClass, browseName, displayName } = node
  const isInstance = nodeClass === NodeClass.Object || nodeClass === NodeClass.Variable
  return new ReferenceDescription({
    ...{
      referenceTypeId: by,
      isForward,
      nodeId: makeExpandedNodeId(nodeId),
      nodeClass,
      browseName,
      displayName: displayName[0] ?? null
    },
    ...(isInstance && {
      typeDefinition: makeExpandedNodeId((node as unknown as { typeDefinition: NodeId }).typeDefinition)
    })
  })
}

function masked(reference: ReferenceDescription, mask: number): ReferenceDescription {
  return new ReferenceDescription({
    nodeId: reference.nodeId,
    ...((mask & REFERENCE_TYPE) !== 0 && { referenceTypeId: reference.referenceTypeId }),
    ...((mask & IS_FORWARD) !== 0 && { isForward: reference.isForward }),
    ...((mask & NODE_CLASS) !== 0 && { nodeClass: reference.nodeClass }),
    ...((mask & BROWSE_NAME) !== 0 && { browseName: reference.browseName }),
    ...((mask & DISPLAY_NAME) !== 0 && { displayName: reference.displayName }),
    ...((mask & TYPE_DEFINITION) !== 0 && { typeDefinition: reference.typeDefinition })
  })
}
