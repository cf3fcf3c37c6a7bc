/**
 * Chunks on their way between threads, as columns: an object for each would take longer to copy than a small chunk takes
 * to pack.
 */
import type { Chunk, SeriesName } from '../../store/series.ts'

/** A chunk of one of several series, which have numbers. */
export interface NumberedChunk {
  readonly series: number
  readonly chunk: Chunk
}

export interface ChunkBatch {
  readonly series: Uint32Array
  readonly from: BigInt64Array
  readonly to: BigInt64Array
  readonly seq: Float64Array
  readonly count: Float64Array
  /** Bytes of each chunk. */
  readonly sizes: Uint32Array
  /** Of all chunks, in their order. */
  readonly bytes: Uint8Array
}

export function toChunkBatch(chunks: readonly NumberedChunk[]): ChunkBatch {
  return {
    series: Uint32Array.from(chunks, ({ series }) => series),
    from: BigInt64Array.from(chunks, ({ chunk }) => chunk.from),
    to: BigInt64Array.from(chunks, ({ chunk }) => chunk.to),
    seq: Float64Array.from(chunks, ({ chunk }) => chunk.seq),
    count: Float64Array.from(chunks, ({ chunk }) => chunk.count),
    sizes: Uint32Array.from(chunks, ({ chunk }) => chunk.bytes.length),
    bytes: concatenated(chunks.map(({ chunk }) => chunk.bytes))
  }
}

/** @param names of the series, by number */
export function fromChunkBatch(columns: ChunkBatch, names: readonly SeriesName[]): NumberedChunk[] {
  const { from, to, seq, count, sizes, bytes } = columns
  let end = 0
  return Array.from(columns.series, (series, index) => {
    const { submodel, path } = names[series] as SeriesName
    const start = end
    end += sizes[index] ?? 0
    const chunk: Chunk = {
      ...{ submodel, path, from: from[index] ?? 0n, to: to[index] ?? 0n, seq: seq[index] ?? 0 },
      ...{ count: count[index] ?? 0, bytes: bytes.subarray(start, end) }
    }
    return { series, chunk }
  })
}

/** A copy in memory of its own: of a view all of the memory would be copied to another thread. */
export function concatenated(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
