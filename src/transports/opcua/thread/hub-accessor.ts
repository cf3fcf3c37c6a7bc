/**
 * Answers the services of OPC UA: for what is stored in the hub by asking it, as the session may see it; for the types and
 * the server itself by the library. Nothing of the latter can be changed.
 */
import {
  AttributeIds,
  type BrowseDescription,
  BrowseResult,
  type CallMethodRequest,
  coerceTimestampsToReturn,
  DataValue,
  HistoryReadResult,
  type NodeId,
  type ReadRequestOptions,
  type ReadValueIdOptions,
  type StatusCode,
  StatusCodes,
  TimestampsToReturn,
  type WriteValue
} from 'node-opcua-client'
import type { OPCUAServer, ServerSession } from 'node-opcua-server'
import { HubError } from '../../../errors.ts'
import type { CurrentValue } from '../messages.ts'
import { isWritable, type NodeNaming, readAttribute } from './attributes.ts'
import { browseNode } from './browse-node.ts'
import type { AddressSpace, CompanionTypes } from './companion-types.ts'
import type { SessionDocuments } from './documents.ts'
import { DICTIONARIES, HubNodeFinder } from './find-node.ts'
import type { Hub } from './hub.ts'
import type { HubNode, LiveValue } from './nodes/node.ts'
import { dataValueOf, plainOf } from './values.ts'

export type Accessor = NonNullable<OPCUAServer['engine']['addressSpaceAccessor']>
export type Context = Parameters<Accessor['read']>[0]

export interface AccessorParts extends NodeNaming {
  readonly hub: Hub
  readonly documents: SessionDocuments
  readonly space: AddressSpace
  readonly types: CompanionTypes
  /** Of the library. */
  readonly others: Accessor
  /** Index of a namespace that no client can read: that of monitored items. */
  readonly hidden: number
}

/** Methods of the server that change nothing: GetMonitoredItems, ResendData. */
const METHODS: ReadonlySet<string> = new Set(['ns=0;i=11492', 'ns=0;i=12873'])

const WRITE_STATUS = {
  written: StatusCodes.Good,
  absent: StatusCodes.BadNodeIdUnknown,
  refused: StatusCodes.BadUserAccessDenied,
  unfit: StatusCodes.BadTypeMismatch,
  failed: StatusCodes.BadResourceUnavailable
} as const

function sessionOf({ session }: Context): string {
  return String((session as unknown as ServerSession).nodeId)
}

export class HubAccessor implements Accessor {
  readonly #parts: AccessorParts

  constructor(parts: AccessorParts) {
    this.#parts = parts
  }

  async browse(context: Context, nodes: BrowseDescription[]): Promise<BrowseResult[]> {
    const finder = this.#finder(context)
    const results: BrowseResult[] = []
    for (const description of nodes) {
      const failed = (statusCode: StatusCode) => new BrowseResult({ statusCode })
      results.push(await orStatus(this.#browse(context, description, finder), failed))
    }
    return results
  }

  async #browse(context: Context, description: BrowseDescription, finder: HubNodeFinder): Promise<BrowseResult> {
    const { nodeId } = description
    if (nodeId.namespace === this.#parts.hidden) return new BrowseResult({ statusCode: StatusCodes.BadNodeIdUnknown })
    if (nodeId.namespace !== this.#parts.namespace) {
      return (await this.#parts.others.browse(context, [description]))[0] ?? new BrowseResult({})
    }
    const node = await finder.find(textOf(nodeId))
    if (node === undefined) return new BrowseResult({ statusCode: StatusCodes.BadNodeIdUnknown })
    return browseNode(node, description, { ...this.#parts, dictionaries: DICTIONARIES, find: (id) => finder.find(id) })
  }

  async read(context: Context, request: ReadRequestOptions): Promise<DataValue[]> {
    const wanted = request.nodesToRead ?? []
    const failed = (statusCode: StatusCode) => wanted.map(() => new DataValue({ statusCode }))
    return orStatus(this.#read(context, request, wanted), failed)
  }

  async #read(
    context: Context,
    request: ReadRequestOptions,
    wanted: readonly ReadValueIdOptions[]
  ): Promise<DataValue[]> {
    const timestamps = coerceTimestampsToReturn(request.timestampsToReturn)
    const finder = this.#finder(context)
    const results: DataValue[] = []
    const live: { readonly at: number; readonly value: LiveValue }[] = []
    for (const [at, one] of wanted.entries()) {
      const found = this.#isOurs(one)
        ? await this.#readStored(one, finder)
        : await this.#readOther(context, request, one)
      if ('is' in found) live.push({ at, value: found })
      else results[at] = found
    }
    const names = live.map(({ value }) => value)
    const values = names.length === 0 ? [] : await this.#parts.hub.values(sessionOf(context), names)
    for (const [index, { at, value }] of live.entries())
      results[at] = dataValueOf(values[index], value, this.#parts.types)
    for (const [at, one] of wanted.entries()) if (this.#isOurs(one)) stamp(results[at], timestamps)
    return results
  }

  #isOurs({ nodeId }: ReadValueIdOptions): boolean {
    return (nodeId as NodeId).namespace === this.#parts.namespace
  }

  async #readOther(context: Context, request: ReadRequestOptions, one: ReadValueIdOptions): Promise<DataValue> {
    if ((one.nodeId as NodeId).namespace === this.#parts.hidden) return unknown()
    return (await this.#parts.others.read(context, { ...request, nodesToRead: [one] }))[0] ?? unknown()
  }

  /** @returns a current value, to be read together with others */
  async #readStored(
    { nodeId, attributeId }: ReadValueIdOptions,
    finder: HubNodeFinder
  ): Promise<DataValue | LiveValue> {
    const node = await finder.find(textOf(nodeId as NodeId))
    if (node === undefined) return unknown()
    const { value } = node.variable ?? {}
    if (attributeId === AttributeIds.Value && value?.is === 'live') return value
    return readAttribute(node, attributeId ?? AttributeIds.INVALID, this.#parts)
  }

  async write(context: Context, nodes: WriteValue[]): Promise<StatusCode[]> {
    const finder = this.#finder(context)
    const results: StatusCode[] = []
    for (const one of nodes) results.push(await orStatus(this.#write(context, one, finder), (status) => status))
    return results
  }

  async #write(
    context: Context,
    { nodeId, attributeId, indexRange, value }: WriteValue,
    finder: HubNodeFinder
  ): Promise<StatusCode> {
    if (nodeId.namespace !== this.#parts.namespace) return StatusCodes.BadNotWritable
    const node = await finder.find(textOf(nodeId))
    if (node === undefined) return StatusCodes.BadNodeIdUnknown
    if (attributeId !== AttributeIds.Value || !isWritable(node)) return StatusCodes.BadNotWritable
    if (indexRange?.isDefined()) return StatusCodes.BadWriteNotSupported
    // A client cannot say when, or how surely, the machine had the value.
    if (value.sourceTimestamp || (value.statusCode && value.statusCode.value !== 0))
      return StatusCodes.BadWriteNotSupported
    const live = node.variable?.value as LiveValue
    const plain = value.value && plainOf(value.value, live.valueType)
    if (plain === undefined) return StatusCodes.BadTypeMismatch
    return WRITE_STATUS[await this.#parts.hub.write(sessionOf(context), live, live.member, plain)]
  }

  async call(context: Context, methods: CallMethodRequest[]) {
    const results = []
    for (const method of methods) {
      if (METHODS.has(method.methodId.toString())) results.push(...(await this.#parts.others.call(context, [method])))
      else results.push({ statusCode: StatusCodes.BadUserAccessDenied })
    }
    return results
  }

  async historyRead(...[, { nodesToRead }]: Parameters<Accessor['historyRead']>): Promise<HistoryReadResult[]> {
    return (nodesToRead ?? []).map(
      () => new HistoryReadResult({ statusCode: StatusCodes.BadHistoryOperationUnsupported })
    )
  }

  #finder(context: Context): HubNodeFinder {
    return new HubNodeFinder(this.#parts.documents, sessionOf(context))
  }
}

/** A failure here is no reason to end what all clients share. */
async function orStatus<Result>(work: Promise<Result>, failed: (status: StatusCode) => Result): Promise<Result> {
  try {
    return await work
  } catch (error) {
    const isHubBusy = error instanceof HubError && error.status >= 500
    return failed(isHubBusy ? StatusCodes.BadResourceUnavailable : StatusCodes.BadInternalError)
  }
}

/** The present values of nodes, in their order; undefined for those that are no variables. */
export async function presentValues(
  session: string,
  nodes: readonly (HubNode | undefined)[],
  { hub, ...naming }: NodeNaming & { readonly hub: Hub }
): Promise<(DataValue | undefined)[]> {
  const live = nodes.flatMap((node) => (node?.variable?.value.is === 'live' ? [node.variable.value] : []))
  const values: (CurrentValue | undefined)[] = live.length === 0 ? [] : await hub.values(session, live)
  let next = 0
  return nodes.map((node) => {
    if (node?.variable === undefined) return undefined
    const { value } = node.variable
    return value.is === 'live'
      ? dataValueOf(values[next++], value, naming.types)
      : readAttribute(node, AttributeIds.Value, naming)
  })
}

export function textOf({ value }: NodeId): string {
  return typeof value === 'string' ? value : ''
}

function unknown(): DataValue {
  return new DataValue({ statusCode: StatusCodes.BadNodeIdUnknown })
}

/** Leaves the times that are asked for. */
function stamp(value: DataValue | undefined, timestamps: TimestampsToReturn): void {
  if (value === undefined) return
  const both = timestamps === TimestampsToReturn.Both
  if (both || timestamps === TimestampsToReturn.Server) value.serverTimestamp = new Date()
  if (both || timestamps === TimestampsToReturn.Source) return
  value.sourceTimestamp = null
  value.sourcePicoseconds = 0
}
