/** Figures of one series from its history: where there are none yet, and where the plan asks for gaps of another length. */
import { PointFigures } from '../../model/collection/point-figures.ts'
import { unlessDamaged } from '../../store/damage.ts'
import { chunkSource, mergeChunks, type SeriesSource } from '../../store/merge-chunks.ts'
import type { SeriesName } from '../../store/series.ts'
import type { Store } from '../../store/store.ts'
import type { TimeSlice } from '../../time-slice.ts'

const EARLIEST = -(2n ** 63n)
const LATEST = 2n ** 63n - 1n

const MAX_ATTEMPTS = 5

export interface Recounted {
  readonly figures: PointFigures
  /** All samples up to this entry of the log were in chunks, and none of a later one. */
  readonly counted: number
}

/** @param limit see `PointFigures` */
export async function recount(store: Store, series: SeriesName, limit: number, slice: TimeSlice): Promise<Recounted> {
  let figures = new PointFigures(limit)
  for (let attempts = 1; ; attempts++) {
    const before = await lastEntryOf(store, series)
    // From a chunk that cannot be read on, the rest is left out.
    await unlessDamaged(addChunks(store, series, figures, slice))
    const counted = await lastEntryOf(store, series)
    // A chunk that was written meanwhile may have been passed by.
    if (counted === before || attempts === MAX_ATTEMPTS) return { figures, counted }
    figures = new PointFigures(limit)
  }
}

async function addChunks(store: Store, series: SeriesName, figures: PointFigures, slice: TimeSlice): Promise<void> {
  for await (const piece of mergeChunks(sourcesOf(store, series), [], EARLIEST, LATEST)) {
    figures.addRun(piece.run(), undefined)
    await slice.check()
  }
}

async function* sourcesOf(store: Store, series: SeriesName): AsyncGenerator<SeriesSource> {
  for await (const chunk of store.chunks(series, EARLIEST, LATEST)) yield chunkSource(chunk)
}

/** All samples of a series up to an entry are written at once, so its last chunk shows how far they are. */
async function lastEntryOf(store: Store, series: SeriesName): Promise<number> {
  let last = 0
  for await (const { seq } of store.heads(series, EARLIEST, LATEST)) last = Math.max(last, seq)
  return last
}
