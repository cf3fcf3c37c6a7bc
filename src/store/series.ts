/** Types of the history: a series of samples per element, stored as chunks. */
import type { RunSummary } from './packed-run.ts'

/** The element that samples belong to, even if it no longer exists. */
export interface SeriesName {
  readonly submodel: string
  readonly path: string
}

/** First and last source time, nanoseconds since 1970, and number of samples. */
export interface SeriesSpan {
  readonly from: bigint
  readonly to: bigint
  readonly count: number
}

/** Identifies a chunk. */
export interface ChunkKey extends SeriesName {
  /** Source time of the first sample, nanoseconds since 1970. */
  readonly from: bigint
  /** Log position up to which its samples were taken. If chunks have samples of the same time, the greater `seq` counts. */
  readonly seq: number
}

/** A chunk without its content. */
export interface ChunkHead extends ChunkKey {
  /** Source time of the last sample. */
  readonly to: bigint
  readonly count: number
}

/** With statistics of its samples, where the store keeps them beside the content. */
export interface SummarisedHead extends ChunkHead {
  readonly summary?: RunSummary
}

/** Is its summary all that a reader needs of a chunk? */
export type IsEnough = (head: Required<SummarisedHead>) => boolean

/** Part of the history of one series: an ascending run, packed (see run-codec.ts). Chunks of a series may overlap in time. */
export interface Chunk extends ChunkHead {
  readonly bytes: Uint8Array
}

/** A chunk, or what is enough of it. */
export type SummarisedChunk = Chunk | Required<SummarisedHead>

/** Summary of a series that has history. */
export interface Series extends SeriesName {
  /** Samples in its chunks; samples stored twice count twice until their chunks are merged. */
  readonly count: number
  readonly chunks: number
  /** Bytes of its chunks. */
  readonly bytes: number
  readonly from: bigint
  readonly to: bigint
}
