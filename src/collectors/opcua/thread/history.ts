/** Reads back what a server kept while there was no connection (OPC 10000-11). */
import {
  AttributeIds,
  type ClientSession,
  type DataValue,
  HistoryReadRequest,
  type HistoryReadResponse,
  type HistoryReadResult,
  type NodeId,
  ReadRawModifiedDetails,
  StatusCodes,
  TimestampsToReturn
} from 'node-opcua-client'

export interface HistoryGap {
  readonly session: ClientSession
  /** By handle. */
  readonly nodes: ReadonlyMap<number, NodeId>
  /** Exclusive; milliseconds since 1970, by the clock of the server. */
  readonly fromMs: number
  readonly toMs: number
  /** Time of the newest sample that is known, between the two. */
  readonly newestMs: number
  /** That the server reads at once. */
  readonly nodesPerRead: number
  /** Resolves when the values are durable. */
  readonly add: (handle: number, values: readonly DataValue[]) => Promise<void>
}

const NODES_PER_CALL = 100
const VALUES_PER_CALL = 10_000
/** AccessLevel, bit HistoryRead (OPC 10000-3, 8.57). */
const HISTORY_READ = 0x04

/** @returns a sentence about what is missing; undefined where the server had everything */
export async function fillGap({
  session,
  nodes,
  fromMs,
  toMs,
  newestMs,
  nodesPerRead,
  add
}: HistoryGap): Promise<string | undefined> {
  const all = [...nodes]
  const kept: [number, NodeId][] = []
  for (let at = 0; at < all.length; at += nodesPerRead) {
    const some = all.slice(at, at + nodesPerRead)
    const levels = await session.read(some.map(([, nodeId]) => ({ nodeId, attributeId: AttributeIds.UserAccessLevel })))
    kept.push(...some.filter((_, index) => (Number(levels[index]?.value.value ?? 0) & HISTORY_READ) !== 0))
  }
  const reader = new HistoryReader({ session, fromMs, toMs, add })
  for (let at = 0; at < kept.length; at += NODES_PER_CALL) await reader.read(kept.slice(at, at + NODES_PER_CALL))
  const without = all.length - kept.length + reader.failed
  const since = `since ${new Date(newestMs).toISOString()}`
  if (without > 0) {
    return `${without} of ${all.length} items have no history at the server: what they were ${since} is not known`
  }
  // A server that keeps its history in memory has lost it with a restart: not even the newest known sample is there.
  const { firstMs } = reader
  if (firstMs === undefined || firstMs <= newestMs) return undefined
  return `the history of the server begins at ${new Date(firstMs).toISOString()}: what the items were before, ${since}, is not known`
}

type NodeHistory = readonly (readonly [number, NodeId])[]

class HistoryReader {
  readonly #gap: Pick<HistoryGap, 'session' | 'fromMs' | 'toMs' | 'add'>
  /** Number of nodes whose history could not be read. */
  failed = 0
  /** Time of the oldest value that was read. */
  firstMs: number | undefined

  constructor(gap: Pick<HistoryGap, 'session' | 'fromMs' | 'toMs' | 'add'>) {
    this.#gap = gap
  }

  async read(nodes: NodeHistory): Promise<void> {
    const open = nodes.map(([handle, nodeId]) => ({ handle, nodeId, continuationPoint: undefined }))
    await this.#readOpen(open)
  }

  async #readOpen(nodes: readonly OpenHistory[]): Promise<void> {
    let open = nodes
    while (open.length > 0) {
      let response: HistoryReadResponse
      try {
        response = await this.#request(open)
      } catch (error) {
        if (error instanceof ConnectionLost) throw error
        // Some servers fail as a whole where one of the nodes cannot be read.
        if (open.length === 1) this.failed++
        else for (const one of open) await this.#readOpen([one])
        return
      }
      const next: OpenHistory[] = []
      for (const [at, one] of open.entries()) {
        const continuationPoint = await this.#take(one, response.results?.[at])
        if (continuationPoint != null && continuationPoint.length > 0) next.push({ ...one, continuationPoint })
      }
      open = next
    }
  }

  async #request(open: readonly OpenHistory[]): Promise<HistoryReadResponse> {
    const { session, fromMs, toMs } = this.#gap
    if (session.isReconnecting) throw new ConnectionLost('the connection was lost')
    return session.historyRead(
      new HistoryReadRequest({
        historyReadDetails: new ReadRawModifiedDetails({
          startTime: new Date(fromMs),
          endTime: new Date(toMs),
          numValuesPerNode: VALUES_PER_CALL,
          isReadModified: false,
          returnBounds: false
        }),
        timestampsToReturn: TimestampsToReturn.Both,
        releaseContinuationPoints: false,
        nodesToRead: open.map(({ nodeId, continuationPoint }) => ({
          nodeId,
          ...(continuationPoint !== undefined && { continuationPoint })
        }))
      })
    )
  }

  /** @returns the point from which to continue */
  async #take({ handle }: OpenHistory, result: HistoryReadResult | undefined): Promise<Buffer | null | undefined> {
    if (result === undefined || (result.statusCode.isNotGood() && result.statusCode.isNot(StatusCodes.GoodNoData))) {
      this.failed++
      return undefined
    }
    const { fromMs, add } = this.#gap
    const values = ((result.historyData as { dataValues?: DataValue[] } | null)?.dataValues ?? []).filter(
      ({ sourceTimestamp }) => sourceTimestamp != null && sourceTimestamp.getTime() > fromMs
    )
    for (const { sourceTimestamp } of values) {
      const at = sourceTimestamp?.getTime()
      if (at !== undefined && (this.firstMs === undefined || at < this.firstMs)) this.firstMs = at
    }
    await add(handle, values)
    return result.continuationPoint
  }
}

interface OpenHistory {
  readonly handle: number
  readonly nodeId: NodeId
  readonly continuationPoint: Buffer | undefined
}

class ConnectionLost extends Error {}
