/**
 * Stores the figures of all series, in blocks of some hundreds in the order in which they were first seen; only blocks with
 * changes are written.
 */
import { unlessDamaged } from '../../store/damage.ts'
import type { Change, Store } from '../../store/store.ts'
import type { TimeSlice } from '../../time-slice.ts'
import { restored, stored, type TrackedRecord } from './tracked-record.ts'

const KIND = 'CollectionFigures'
export const BLOCK_RECORDS = 500

/** A block that is damaged is left out; its series are counted again. */
export async function* readRecords(store: Store, slice: TimeSlice): AsyncGenerator<TrackedRecord> {
  for (let block = 0; (await store.head(KIND, idOf(block))) !== undefined; block++) {
    const document = await unlessDamaged(store.document(KIND, idOf(block)))
    const { series = [] } = JSON.parse(document?.bytes.toString() ?? '{}') as {
      readonly series?: readonly Parameters<typeof restored>[0][]
    }
    for (const record of series) yield restored(record)
    await slice.check()
  }
}

export async function writeBlock(store: Store, block: number, records: readonly TrackedRecord[]): Promise<void> {
  const id = idOf(block)
  const json = JSON.stringify({ series: records.map(stored) })
  const isStored = (await store.head(KIND, id)) !== undefined
  const change: Change = { change: isStored ? 'replace' : 'create', kind: KIND, id, json, facets: [] }
  await store.commit([change])
}

function idOf(block: number): string {
  return `figures-${block}`
}
