/**
 * Packs the pending samples of several series: in the thread of the history where there is much of it, else here, in time
 * slices. It keeps nothing between two calls, so that a thread that dies loses nothing: the caller still has all of it.
 */
import { HubError } from '../../errors.ts'
import type { Run } from '../../model/samples.ts'
import { isDamaged } from '../../store/damage.ts'
import { describeChunk } from '../../store/merge-chunks.ts'
import { decodeRun } from '../../store/run-codec.ts'
import type { Chunk, ChunkHead, SeriesName } from '../../store/series.ts'
import type { ThreadPool } from '../../threads/pool.ts'
import { TimeSlice } from '../../time-slice.ts'
import { type ChangeColumns, fromChangeColumns, toChangeColumns } from './change-columns.ts'
import { type ChunkBatch, fromChunkBatch, type NumberedChunk, toChunkBatch } from './chunk-batch.ts'
import { type PackedChunks, pack } from './packing.ts'
import type { PendingChange } from './pending.ts'

export interface SeriesToPack {
  readonly name: SeriesName
  /** At least one. */
  readonly changes: readonly PendingChange[]
  /** Its last chunk, where that has room. A damaged one is left as it is, so that it can be restored. */
  readonly last?: Chunk | undefined
}

export interface PackedSeries extends PackedChunks {
  /** The last chunk is damaged. */
  readonly damage?: HubError
}

export type Packer = (series: readonly SeriesToPack[]) => Promise<readonly PackedSeries[]>

/** Name of the task in the thread. */
export const PACK_TASK = 'pack'

export const packHere: Packer = async (series) => {
  const slice = new TimeSlice()
  const packed: PackedSeries[] = []
  for (const one of series) {
    packed.push(packSeries(one))
    if (slice.isOver()) await slice.pause()
  }
  return packed
}

/** @throws HubError `Unavailable` where the thread ends meanwhile */
export function packIn(threads: ThreadPool): Packer {
  return async (series) => {
    const { signal } = new AbortController()
    const { head } = await threads.run<PackOutput>({ task: PACK_TASK, input: inputOf(series), sources: {}, signal })
    return packedOf(series, head)
  }
}

/** What the thread does. */
export async function packColumns(input: PackInput): Promise<PackOutput> {
  const packed = await packHere(seriesOf(input))
  return outputOf(packed)
}

function packSeries({ name, changes, last }: SeriesToPack): PackedSeries {
  if (last === undefined) return pack(name, changes, undefined)
  const { bytes, ...head } = last
  const run = decoded(bytes, () => describeChunk(last))
  return run instanceof HubError
    ? { ...pack(name, changes, undefined), damage: run }
    : pack(name, changes, { head, run })
}

function decoded(bytes: Uint8Array, about: () => string): Run | HubError {
  try {
    return decodeRun(bytes, about)
  } catch (error) {
    if (isDamaged(error)) return error
    throw error
  }
}

export interface PackInput {
  readonly names: readonly string[]
  readonly changes: ChangeColumns
  readonly last: ChunkBatch
}

export interface PackOutput {
  readonly chunks: ChunkBatch
  /** Series whose last chunk is replaced. */
  readonly replaced: Uint32Array
  /** What is wrong with the last chunks of some series. */
  readonly damage: ReadonlyMap<number, HubError['about']>
}

function inputOf(series: readonly SeriesToPack[]): PackInput {
  return {
    names: series.flatMap(({ name }) => [name.submodel, name.path]),
    changes: toChangeColumns(series.map(({ changes }) => changes)),
    last: toChunkBatch(
      series.flatMap(({ last }, index) => (last === undefined ? [] : [{ series: index, chunk: last }]))
    )
  }
}

function seriesOf({ names, changes, last }: PackInput): SeriesToPack[] {
  const series = Array.from({ length: names.length / 2 }, (_, index) => {
    return { submodel: names[2 * index] ?? '', path: names[2 * index + 1] ?? '' }
  })
  const lasts = new Map(fromChunkBatch(last, series).map(({ series, chunk }) => [series, chunk]))
  return fromChangeColumns(changes, series).map((changes, index) => {
    return { name: series[index] as SeriesName, changes, last: lasts.get(index) }
  })
}

function outputOf(packed: readonly PackedSeries[]): PackOutput {
  return {
    chunks: toChunkBatch(
      packed.flatMap(({ chunks }, series) => chunks.map((chunk): NumberedChunk => ({ series, chunk })))
    ),
    replaced: Uint32Array.from(packed.flatMap(({ replaced }, series) => (replaced.length > 0 ? [series] : []))),
    damage: new Map(packed.flatMap(({ damage }, series) => (damage === undefined ? [] : [[series, damage.about]])))
  }
}

function packedOf(series: readonly SeriesToPack[], { chunks, replaced, damage }: PackOutput): PackedSeries[] {
  const packed = series.map((_, index) => {
    const about = damage.get(index)
    const error = about && new HubError('Damaged', about)
    return { chunks: [] as Chunk[], replaced: [] as ChunkHead[], ...(error !== undefined && { damage: error }) }
  })
  const names = series.map(({ name }) => name)
  for (const one of fromChunkBatch(chunks, names)) packed[one.series]?.chunks.push(one.chunk)
  for (const index of replaced) {
    const last = series[index]?.last
    if (last === undefined) continue
    const { bytes: _, ...head } = last
    packed[index]?.replaced.push(head)
  }
  return packed
}
