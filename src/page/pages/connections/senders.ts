/** Who sends samples: the sources of the collection points, put together. */
import { type CollectionPoint, listCollectionPoints } from '../../../client/api/evidence.ts'
import { hub } from '../../core/hub.ts'

export interface Sender {
  readonly caller: string | undefined
  readonly transport: string
  readonly points: number
  /** Points that do not deliver as planned. */
  readonly faulty: number
  /** Samples per second, by the periods that were measured. */
  readonly rate: number
  /** ISO 8601. */
  readonly lastSample: string | undefined
}

export interface SenderList {
  readonly senders: readonly Sender[]
  /** Are there more points than were read? */
  readonly isIncomplete: boolean
}

const PAGE_SIZE = 500
const MAX_PAGES = 20

export async function readSenders(language: string, signal: AbortSignal): Promise<SenderList> {
  const senders = new Map<string, Sender>()
  let cursor: string | undefined
  let isIncomplete = false
  for (let page = 0; page < MAX_PAGES; page++) {
    const read = await listCollectionPoints(hub(), { language }, { limit: PAGE_SIZE, cursor, signal })
    for (const point of read.result) add(senders, point)
    isIncomplete ||= read.isIncomplete === true
    cursor = read.paging_metadata.cursor
    if (cursor === undefined) break
  }
  const sorted = [...senders.values()].toSorted((one, other) =>
    (other.lastSample ?? '').localeCompare(one.lastSample ?? '')
  )
  return { senders: sorted, isIncomplete: isIncomplete || cursor !== undefined }
}

function add(senders: Map<string, Sender>, { source, verdict, measuredPeriod = 0, lastSample }: CollectionPoint): void {
  if (source === undefined) return
  const { caller, transport } = source
  const key = `${transport} ${caller}`
  const known = senders.get(key)
  const isFaulty = verdict !== 'ok' && verdict !== 'unplanned'
  senders.set(key, {
    caller,
    transport,
    points: (known?.points ?? 0) + 1,
    faulty: (known?.faulty ?? 0) + (isFaulty ? 1 : 0),
    // What has gone silent no longer counts.
    rate: (known?.rate ?? 0) + (measuredPeriod > 0 && verdict !== 'silent' ? 1 / measuredPeriod : 0),
    lastSample: [known?.lastSample, lastSample]
      .filter((time) => time !== undefined)
      .toSorted()
      .at(-1)
  })
}
