/** What is asked of a connection once: to read, to write, to call a method. */
import {
  AttributeIds,
  type ClientSession,
  DataType,
  type DataValue,
  type NodeId,
  StatusCodes,
  Variant,
  VariantArrayType
} from 'node-opcua-client'
import type { ReadValue } from '../messages.ts'
import type { NodeAddress } from '../node-address.ts'
import type { Connection } from './connection.ts'
import { refusalOf } from './monitored-items.ts'
import { Refused } from './refused.ts'
import { plainValue, toVariant } from './values.ts'

/** @returns in the order of the addresses; a sentence for a node that is not there */
export async function readNodes(
  { session, finder, nodesPerRead }: Connection,
  addresses: readonly NodeAddress[]
): Promise<(ReadValue | string)[]> {
  const found = await finder.find(addresses)
  const nodes = found.flatMap((one) => (typeof one === 'string' ? [] : [one]))
  const values: DataValue[] = []
  for (let at = 0; at < nodes.length; at += nodesPerRead) {
    const some = nodes.slice(at, at + nodesPerRead)
    values.push(...(await session.read(some.map((nodeId) => ({ nodeId, attributeId: AttributeIds.Value })))))
  }
  let next = 0
  return found.map((one) => {
    const value = typeof one === 'string' ? undefined : values[next++]
    if (value === undefined) return typeof one === 'string' ? one : 'the server gives no value'
    const { statusCode, sourceTimestamp, serverTimestamp } = value
    return {
      value: plainValue(value.value),
      type: value.value.dataType,
      code: statusCode.value,
      sourceMs: (sourceTimestamp ?? serverTimestamp)?.getTime()
    }
  })
}

/** @throws Refused where the server does not take the value */
export async function writeNode({ session, finder }: Connection, address: NodeAddress, value: unknown): Promise<void> {
  const nodeId = nodeOf((await finder.find([address]))[0])
  const [rank] = await session.read([{ nodeId, attributeId: AttributeIds.ValueRank }])
  const dataType = await builtInType(session, nodeId)
  const variant = converted(() => toVariant(value, dataType, Number(rank?.value.value ?? -1) >= 0))
  const status = await session.write({ nodeId, attributeId: AttributeIds.Value, value: { value: variant } })
  if (status.isNotGood()) throw new Refused(refusalOf(status))
}

/** @param inputs by the names of the arguments. @returns outputs by their names @throws Refused */
export async function callMethod(
  { session, finder }: Connection,
  address: NodeAddress,
  objectAddress: NodeAddress | undefined,
  inputs: Readonly<Record<string, unknown>>
): Promise<Record<string, unknown>> {
  const methodId = nodeOf((await finder.find([address]))[0])
  const objectId =
    objectAddress === undefined ? await parentOf(session, methodId) : nodeOf((await finder.find([objectAddress]))[0])
  const { inputArguments = [], outputArguments = [] } = await session.getArgumentDefinition(methodId)
  const unknown = Object.keys(inputs).find((name) => !inputArguments.some((one) => isNamed(one.name, name)))
  if (unknown !== undefined) throw new Refused(`the method has no argument ${unknown}`)
  const variants: Variant[] = []
  for (const { name, dataType, valueRank } of inputArguments) {
    const [, value] = Object.entries(inputs).find(([key]) => isNamed(name, key)) ?? []
    if (value === undefined) throw new Refused(`the method needs the argument ${name}`)
    const type = await session.getBuiltInDataType(dataType).catch(() => dataType.value as DataType)
    variants.push(converted(() => toVariant(value, type, valueRank >= 0)))
  }
  const result = await session.call({ objectId, methodId, inputArguments: variants })
  if (result.statusCode.isNotGood()) {
    const wrong = result.inputArgumentResults?.findIndex((status) => status.isNotGood()) ?? -1
    const which =
      wrong === -1 ? '' : `; argument ${inputArguments[wrong]?.name}: ${result.inputArgumentResults?.[wrong]?.name}`
    throw new Refused(`${refusalOf(result.statusCode)}${which}`)
  }
  return Object.fromEntries(
    outputArguments.map(({ name }, at) => [
      nameOf(name ?? `Output${at}`),
      plainValue(
        result.outputArguments?.[at] ?? new Variant({ dataType: DataType.Null, arrayType: VariantArrayType.Scalar })
      )
    ])
  )
}

async function builtInType(session: ClientSession, nodeId: NodeId): Promise<DataType> {
  try {
    return await session.getBuiltInDataType(nodeId)
  } catch {
    throw new Refused('the server does not say which type the node has')
  }
}

/** A method is called on the object that it is a component of. */
async function parentOf(session: ClientSession, methodId: NodeId): Promise<NodeId> {
  const { references } = await session.browse({
    nodeId: methodId,
    referenceTypeId: 'HierarchicalReferences',
    includeSubtypes: true,
    browseDirection: 1,
    resultMask: 63
  })
  const parent = references?.[0]?.nodeId
  if (parent === undefined) throw new Refused('the server does not say which object the method belongs to')
  return parent
}

function nodeOf(found: NodeId | string | undefined): NodeId {
  if (found === undefined || typeof found === 'string')
    throw new Refused(found ?? refusalOf(StatusCodes.BadNodeIdUnknown))
  return found
}

function converted(convert: () => Variant): Variant {
  try {
    return convert()
  } catch (error) {
    throw new Refused(error instanceof Error ? error.message : String(error))
  }
}

/** An argument's name as an idShort. */
function nameOf(name: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9_]/g, '_')
  return /^[A-Za-z]/.test(plain) ? plain : `_${plain}`
}

function isNamed(argument: string | null, name: string): boolean {
  return argument !== null && (argument === name || nameOf(argument) === name)
}
