/** Reads back what a server kept while there was no connection (OPC 10000-11). */
import {
  AttributeIds,
  type ClientSession,
  type DataValue,
  HistoryReadRequest,
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
  /** Resolves when the values are durable. */
  readonly add: (handle: number, values: readonly DataValue[]) => Promise<void>
}

const NODES_PER_CALL = 100
const VALUES_PER_CALL = 10_000
/** AccessLevel, bit HistoryRead (OPC 10000-3, 8.57). */
const HISTORY_READ = 0x04

/** @returns a sentence about what is missing; undefined where all nodes have a history */
export async function fillGap({ session, nodes, fromMs, toMs, add }: HistoryGap): Promise<string | undefined> {
  const all = [...nodes]
  const kept: [number, NodeId][] = []
  for (let at = 0; at < all.length; at += NODES_PER_CALL * 10) {
    const some = all.slice(at, at + NODES_PER_CALL * 10)
    const levels = await session.read(some.map(([, nodeId]) => ({ nodeId, attributeId: AttributeIds.UserAccessLevel })))
    kept.push(...some.filter((_, index) => (Number(levels[index]?.value.value ?? 0) & HISTORY_READ) !== 0))
  }
  let failed = 0
  for (let at = 0; at < kept.length; at += NODES_PER_CALL) {
    failed += await readSome(session, kept.slice(at, at + NODES_PER_CALL), { fromMs, toMs, add })
  }
  const without = all.length - kept.length + failed
  if (without === 0) return undefined
  const period = `from ${new Date(fromMs).toISOString()} to ${new Date(toMs).toISOString()}`
  return `${without} of ${all.length} items have no history at the server: what they were ${period} is not known`
}

/** @returns the number of nodes whose history could not be read */
async function readSome(
  session: ClientSession,
  nodes: readonly (readonly [number, NodeId])[],
  { fromMs, toMs, add }: Pick<HistoryGap, 'fromMs' | 'toMs' | 'add'>
): Promise<number> {
  let failed = 0
  let open = nodes.map(([handle, nodeId]) => ({ handle, nodeId, continuationPoint: undefined as Buffer | undefined }))
  while (open.length > 0) {
    const response = await session.historyRead(
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
    const next: typeof open = []
    for (const [at, one] of open.entries()) {
      const result = response.results?.[at]
      if (result === undefined || (result.statusCode.isNotGood() && result.statusCode.isNot(StatusCodes.GoodNoData))) {
        failed++
        continue
      }
      const values = (result.historyData as { dataValues?: DataValue[] } | null)?.dataValues ?? []
      await add(
        one.handle,
        values.filter(({ sourceTimestamp }) => sourceTimestamp != null && sourceTimestamp.getTime() > fromMs)
      )
      const { continuationPoint } = result
      if (continuationPoint != null && continuationPoint.length > 0) next.push({ ...one, continuationPoint })
    }
    open = next
  }
  return failed
}
