/** Who sends samples, as the hub knows them, with what the collection plan expects of them. */
import { type CollectionPoint, listCollectionPoints } from '../../../client/api/evidence.ts'
import { listSenders, type Sender } from '../../../client/api/system.ts'
import { hub } from '../../core/hub.ts'

export interface PlannedSender extends Sender {
  /** Points of the collection plan that it delivers. */
  readonly points: number
  /** Those that do not deliver as planned. */
  readonly faulty: number
}

export interface SenderList {
  readonly senders: readonly PlannedSender[]
  /** Are there more points than were read? */
  readonly isIncomplete: boolean
}

const PAGE_SIZE = 500
const MAX_PAGES = 20

interface PointCount {
  readonly points: number
  readonly faulty: number
}

export async function readSenders(language: string, signal: AbortSignal): Promise<SenderList> {
  const [senders, { counts, isIncomplete }] = await Promise.all([
    listSenders(hub(), signal),
    countPoints(language, signal)
  ])
  const planned = senders.map((sender) => ({ ...sender, ...(counts.get(keyOf(sender)) ?? { points: 0, faulty: 0 }) }))
  return { senders: planned, isIncomplete }
}

/** By transport and caller: a plan does not know addresses. */
async function countPoints(language: string, signal: AbortSignal) {
  const counts = new Map<string, PointCount>()
  let cursor: string | undefined
  let isIncomplete = false
  for (let page = 0; page < MAX_PAGES; page++) {
    const read = await listCollectionPoints(hub(), { language }, { limit: PAGE_SIZE, cursor, signal })
    for (const point of read.result) count(counts, point)
    isIncomplete ||= read.isIncomplete === true
    cursor = read.paging_metadata.cursor
    if (cursor === undefined) break
  }
  return { counts, isIncomplete: isIncomplete || cursor !== undefined }
}

function count(counts: Map<string, PointCount>, { source, verdict }: CollectionPoint): void {
  if (source === undefined) return
  const { points = 0, faulty = 0 } = counts.get(keyOf(source)) ?? {}
  const isFaulty = verdict !== 'ok' && verdict !== 'unplanned'
  counts.set(keyOf(source), { points: points + 1, faulty: faulty + (isFaulty ? 1 : 0) })
}

function keyOf({ transport, caller }: { readonly transport: string; readonly caller?: string | undefined }): string {
  return `${transport} ${caller}`
}
