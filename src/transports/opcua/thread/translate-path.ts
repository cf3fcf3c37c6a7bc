/** Translates paths of BrowseNames to NodeIds (OPC 10000-4, 5.9.4) by browsing as the session may. */
import {
  BrowseDescription,
  BrowseDirection,
  type BrowsePath,
  BrowsePathResult,
  type BrowseResult,
  makeExpandedNodeId,
  type NodeId,
  type RelativePathElement,
  StatusCodes
} from 'node-opcua-client'

const MAX_STEPS = 50
/** Nodes that one step leads to. */
const MAX_TARGETS = 100
/** Of a result mask: the BrowseName. */
const BROWSE_NAME = 8

/** @param browse of one node, as the session sees it */
export async function translatePath(
  { startingNode, relativePath }: BrowsePath,
  browse: (description: BrowseDescription) => Promise<BrowseResult>
): Promise<BrowsePathResult> {
  const elements = relativePath.elements ?? []
  if (elements.length === 0 || elements.length > MAX_STEPS) return failed(StatusCodes.BadNothingToDo)
  if (elements.some(({ targetName }) => !targetName?.name)) return failed(StatusCodes.BadBrowseNameInvalid)
  let here: NodeId[] = [startingNode]
  for (const [index, element] of elements.entries()) {
    const next: NodeId[] = []
    for (const nodeId of here) {
      const { statusCode, references } = await browse(descriptionOf(nodeId, element))
      if (index === 0 && statusCode.value === StatusCodes.BadNodeIdUnknown.value)
        return failed(StatusCodes.BadNodeIdUnknown)
      const { name, namespaceIndex } = element.targetName
      for (const { browseName, nodeId } of references ?? []) {
        if (browseName.name === name && browseName.namespaceIndex === namespaceIndex) next.push(nodeId)
      }
    }
    if (next.length === 0) return failed(StatusCodes.BadNoMatch)
    here = next.slice(0, MAX_TARGETS)
  }
  return new BrowsePathResult({
    statusCode: StatusCodes.Good,
    targets: here.map((nodeId) => ({ targetId: makeExpandedNodeId(nodeId), remainingPathIndex: 0xffff_ffff }))
  })
}

function descriptionOf(nodeId: NodeId, { referenceTypeId, isInverse, includeSubtypes }: RelativePathElement) {
  return new BrowseDescription({
    ...{ nodeId, referenceTypeId, includeSubtypes, nodeClassMask: 0, resultMask: BROWSE_NAME },
    browseDirection: isInverse ? BrowseDirection.Inverse : BrowseDirection.Forward
  })
}

function failed(statusCode: BrowsePathResult['statusCode']): BrowsePathResult {
  return new BrowsePathResult({ statusCode })
}
