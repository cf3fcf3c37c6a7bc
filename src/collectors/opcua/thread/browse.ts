/** Browses a server for what can be read, written and called. */
import {
  AttributeIds,
  BrowseDirection,
  browseAll,
  type ClientSession,
  DataType,
  type DataValue,
  NodeClass,
  type NodeId,
  type ReferenceDescription
} from 'node-opcua-client'
import type { DiscoveredMethod, DiscoveredNode, DiscoveredServer, DiscoveredVariable } from '../discovered.ts'
import { formatNodeId } from '../node-address.ts'
import type { Connection } from './connection.ts'
import { plainValue } from './values.ts'

const MAX_DEPTH = 16
const NODES_PER_CALL = 100

/** In Objects, and the same at every server: its own diagnostics. */
const SKIPPED = new Set(['Server', 'Aliases', 'Locations'])
const OBJECTS = 'i=85'
/** Numbers of reference types in namespace 0: HasProperty, HierarchicalReferences. */
const HAS_PROPERTY = 46
const HIERARCHICAL = 'i=33'

interface BrowsedNode {
  readonly nodeId: NodeId
  readonly path: readonly string[]
  readonly displayName: string
  readonly parent: NodeId
}

/** @param maxNodes more are not listed */
export async function browseServer(connection: Connection, maxNodes: number): Promise<DiscoveredServer> {
  const { session, finder } = connection
  const variables: BrowsedNode[] = []
  const methods: BrowsedNode[] = []
  const seen = new Set<string>()
  let level: { nodeId: NodeId | string; path: readonly string[] }[] = [{ nodeId: OBJECTS, path: [] }]
  let isCut = false
  for (let depth = 0; level.length > 0 && depth < MAX_DEPTH; depth++) {
    const next: typeof level = []
    for (let at = 0; at < level.length; at += NODES_PER_CALL) {
      const some = level.slice(at, at + NODES_PER_CALL)
      const results = await browseAll(
        session,
        some.map(({ nodeId }) => childrenOf(nodeId))
      )
      for (const [index, { references }] of results.entries()) {
        const parent = some[index]
        for (const reference of references ?? []) {
          const { nodeId, nodeClass, browseName } = reference
          if (parent === undefined || isSkipped(reference, parent.path) || seen.has(nodeId.toString())) continue
          seen.add(nodeId.toString())
          const path = [...parent.path, browseName.name ?? 'Node']
          const found = {
            nodeId,
            path,
            displayName: reference.displayName.text ?? browseName.name ?? '',
            parent: parent.nodeId as NodeId
          }
          if (nodeClass === NodeClass.Object) next.push({ nodeId, path })
          else if (nodeClass === NodeClass.Variable) variables.push(found)
          else if (nodeClass === NodeClass.Method) methods.push(found)
        }
      }
    }
    isCut ||= variables.length + methods.length > maxNodes
    level = isCut ? [] : next
  }
  const nodes: DiscoveredNode[] = []
  const described = (nodeId: NodeId) => nodeIdText(nodeId, finder.namespaces)
  for (let at = 0; at < Math.min(variables.length, maxNodes); at += NODES_PER_CALL) {
    nodes.push(...(await readVariables(session, variables.slice(at, at + NODES_PER_CALL), described)))
  }
  for (const method of methods.slice(0, maxNodes)) nodes.push(await readMethod(session, method, described))
  return { ...(await readServer(session)), nodes, isCut }
}

function childrenOf(nodeId: NodeId | string) {
  return {
    ...{ nodeId, referenceTypeId: HIERARCHICAL, includeSubtypes: true, browseDirection: BrowseDirection.Forward },
    ...{ nodeClassMask: NodeClass.Object | NodeClass.Variable | NodeClass.Method, resultMask: 63 }
  }
}

/** Properties that the standard defines say something about their node; others, as those of an identification, are data. */
function isSkipped({ referenceTypeId, browseName }: ReferenceDescription, path: readonly string[]): boolean {
  const { namespaceIndex, name } = browseName
  if (path.length === 0 && namespaceIndex === 0 && SKIPPED.has(name ?? '')) return true
  return referenceTypeId.namespace === 0 && referenceTypeId.value === HAS_PROPERTY && namespaceIndex === 0
}

async function readVariables(
  session: ClientSession,
  variables: readonly BrowsedNode[],
  described: (nodeId: NodeId) => string
): Promise<DiscoveredVariable[]> {
  const attributes = [
    AttributeIds.Value,
    AttributeIds.ValueRank,
    AttributeIds.UserAccessLevel,
    AttributeIds.Description,
    AttributeIds.DataType
  ]
  const values = await session.read(
    variables.flatMap(({ nodeId }) => attributes.map((attributeId) => ({ nodeId, attributeId })))
  )
  const properties = await browseAll(
    session,
    variables.map(({ nodeId }) => ({
      ...childrenOf(nodeId),
      referenceTypeId: 'i=46',
      nodeClassMask: NodeClass.Variable
    }))
  )
  const found: DiscoveredVariable[] = []
  for (const [at, { nodeId, path, displayName }] of variables.entries()) {
    const [value, rank, access, description, dataType] = values.slice(at * attributes.length) as [
      DataValue,
      ...DataValue[]
    ]
    const level = Number(access?.value.value ?? 0)
    // Neither readable nor writable by this user.
    if ((level & 3) === 0) continue
    const type = value.value.dataType === DataType.Null ? await typeOf(session, dataType) : value.value.dataType
    const current = value.statusCode.isGood() ? plainValue(value.value) : undefined
    const text = (description?.value.value as { text?: string } | null)?.text
    found.push({
      ...{ kind: 'variable', path, nodeId: described(nodeId), displayName, type },
      isArray: Number(rank?.value.value ?? -1) >= 0 || Array.isArray(current),
      isWritable: (level & 2) !== 0,
      hasHistory: (level & 4) !== 0,
      ...(current !== undefined && { value: current }),
      ...(text !== undefined && text !== '' && { description: text }),
      ...(await readAnalog(session, properties[at]?.references ?? []))
    })
  }
  return found
}

async function typeOf(session: ClientSession, dataType: DataValue | undefined): Promise<number> {
  const nodeId = dataType?.value.value as NodeId | undefined
  return nodeId === undefined ? DataType.Null : session.getBuiltInDataType(nodeId).catch(() => DataType.Null)
}

/** EURange and EngineeringUnits (OPC 10000-8, 5.3.2). */
async function readAnalog(
  session: ClientSession,
  references: readonly ReferenceDescription[]
): Promise<Pick<DiscoveredVariable, 'unit' | 'range'>> {
  const of = (name: string): NodeId | undefined => references.find(({ browseName }) => browseName.name === name)?.nodeId
  const nodes = [of('EngineeringUnits'), of('EURange')]
  const wanted = nodes.filter((nodeId) => nodeId !== undefined)
  if (wanted.length === 0) return {}
  const values = await session.read(wanted.map((nodeId) => ({ nodeId, attributeId: AttributeIds.Value })))
  const valueAt = (nodeId: NodeId | undefined) => nodeId && values[wanted.indexOf(nodeId)]?.value.value
  const unit = (valueAt(nodes[0]) as { displayName?: { text?: string } } | undefined)?.displayName?.text
  const range = valueAt(nodes[1]) as { low?: number; high?: number } | undefined
  const { low, high } = range ?? {}
  return {
    ...(unit !== undefined && unit !== '' && { unit }),
    ...(low !== undefined && high !== undefined && low < high && { range: { low, high } })
  }
}

async function readMethod(
  session: ClientSession,
  { nodeId, path, displayName, parent }: BrowsedNode,
  described: (nodeId: NodeId) => string
): Promise<DiscoveredMethod> {
  const { inputArguments = [], outputArguments = [] } = await session
    .getArgumentDefinition(nodeId)
    .catch(() => ({ inputArguments: [], outputArguments: [] }))
  const argumentOf = async ({ name, dataType }: { name: string | null; dataType: NodeId }) => ({
    name: name ?? 'Argument',
    type: await session.getBuiltInDataType(dataType).catch(() => Number(dataType.value))
  })
  return {
    ...{ kind: 'method', path, nodeId: described(nodeId), objectId: described(parent), displayName },
    inputs: await Promise.all(inputArguments.map(argumentOf)),
    outputs: await Promise.all(outputArguments.map(argumentOf))
  }
}

/** Server_ServerArray has the URI of the application; its name is that of the product. */
async function readServer(session: ClientSession): Promise<Pick<DiscoveredServer, 'uri' | 'name'>> {
  const [servers, product] = await session.read([
    { nodeId: 'i=2254', attributeId: AttributeIds.Value },
    { nodeId: 'i=2261', attributeId: AttributeIds.Value }
  ])
  const [uri = 'urn:opcua-server'] = (servers?.value.value as string[] | null) ?? []
  return { uri, name: String(product?.value.value ?? '') || 'OPC UA server' }
}

function nodeIdText(nodeId: NodeId, namespaces: readonly string[]): string {
  const id = nodeId.toString().replace(/^ns=\d+;/, '')
  return nodeId.namespace === 0 ? id : formatNodeId(namespaces[nodeId.namespace], id)
}
