/** Messages between the main thread and the writer. */
import type { DatedCommit } from '../current-value.ts'
import type { Chunk, ChunkHead, SeriesName } from '../series.ts'
import type { Change, Commit } from '../store.ts'
import type { Recovered } from './recover.ts'
import type { CheckpointNews } from './row-checkpoints.ts'
import type { SerializedError } from './storage-errors.ts'

/** All writes go through one queue; commands of all types share transactions and fsyncs. */
export type WriteCommand =
  | { readonly type: 'commit'; readonly changes: readonly Change[] }
  | { readonly type: 'cursor'; readonly consumer: string; readonly seq: number }
  /** Removes some of the log entries up to `seq`; returns how many. */
  | { readonly type: 'trim'; readonly seq: number }
  | { readonly type: 'putChunks'; readonly chunks: readonly Chunk[]; readonly replaced: readonly ChunkHead[] }
  /** Returns how many were dropped. */
  | { readonly type: 'dropChunks'; readonly series: SeriesName; readonly before: bigint }
  /** Tracks a blob before its file gets its final name. */
  | ({ readonly type: 'receive' } & ReceivedBlob)
  /** Removes blobs orphaned before this time (milliseconds); returns how many. */
  | { readonly type: 'sweep'; readonly before: number }

export interface ReceivedBlob {
  readonly blob: string
  readonly size: number
  /** Part checksums (files.ts). */
  readonly parts: Uint8Array
}

export interface CommandResults {
  commit: Commit
  cursor: undefined
  trim: number
  putChunks: undefined
  dropChunks: number
  receive: undefined
  sweep: number
}

export type CommandResult = CommandResults[keyof CommandResults]

/** The result of a durable command, a refusal, or a bug of the hub. */
export type CommandOutcome =
  | number
  | undefined
  | CommitWithLate
  | { readonly refused: SerializedError }
  | { readonly fault: Error }

/** The result of a commit; its `seq` alone if all its values became current. */
export interface CommitWithLate {
  readonly seq: number
  /** Its changes of values that did not become current, counted among these alone. */
  readonly late: readonly number[]
}

export interface CommandBatch {
  /** Milliseconds since 1970. */
  readonly clock: number
  readonly commands: readonly WriteCommand[]
}

/** A batch on its way to the writer. */
export interface FramedBatch extends Omit<CommandBatch, 'commands'> {
  /** Undefined: the next commit of the frame. */
  readonly commands: readonly (WriteCommand | undefined)[]
  readonly frame?: Frame
}

/** See write-frames.ts. */
export interface Frame {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Submodel and path of each series that has a number since the last frame. */
  readonly names: readonly string[]
  /** The numbers of earlier frames are void. */
  readonly isReset: boolean
}

/** Clock readings shared by all commits of a transaction. */
export type TransactionTime = Omit<DatedCommit, 'seq'>

export interface WriterOptions {
  readonly directory: string
  /** Upper bound of the database file in bytes. */
  readonly maxBytes: number | undefined
  /** Pages that the connection keeps, in bytes. */
  readonly pageBytes: number
  /** How far ahead of the clock source times are trusted, in milliseconds. */
  readonly futureLimit: number
  /** Values that may be ahead of their rows. */
  readonly maxUnwritten: number | undefined
  readonly maxUnwrittenBytes?: number | undefined
}

export type ToWriter = FramedBatch | 'close'
/** First whether it could open the database; then, per transaction, its times and the outcomes of its commands, in order. */
export type FromWriter =
  | { readonly ready: Recovered }
  | CheckpointNews
  | { readonly failed: SerializedError }
  | ({ readonly outcomes: readonly CommandOutcome[] } & TransactionTime)
