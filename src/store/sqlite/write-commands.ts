/** What the main thread asks of the writer. */
import type { DatedCommit } from '../current-value.ts'
import type { Chunk, ChunkHead, SeriesName } from '../series.ts'
import type { Change, Commit } from '../store.ts'
import type { SerializedError } from './storage-errors.ts'

/** Everything that writes goes through one queue, and every kind of command shares transaction and fsync with the others. */
export type WriteCommand =
  | { readonly type: 'commit'; readonly changes: readonly Change[] }
  | { readonly type: 'cursor'; readonly consumer: string; readonly seq: number }
  /** Removes some log entries up to `seq`, if there are any; answers how many. */
  | { readonly type: 'trim'; readonly seq: number }
  | { readonly type: 'putChunks'; readonly chunks: readonly Chunk[]; readonly replaced: readonly ChunkHead[] }
  /** Answers how many were dropped. */
  | { readonly type: 'dropChunks'; readonly series: SeriesName; readonly before: bigint }
  /** Makes a blob known before its bytes get their final name. */
  | ({ readonly type: 'receive' } & ReceivedBlob)
  /** Removes blobs that have been orphans since before this time (ms); answers how many. */
  | { readonly type: 'sweep'; readonly before: number }

export interface ReceivedBlob {
  readonly blob: string
  readonly size: number
  /** A checksum of four bytes for each part (files.ts). */
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

/** The answer of a command that was done and is durable, of a commit its `seq`; or that it was refused, or met a fault of the hub. */
export type CommandOutcome = number | undefined | { readonly refused: SerializedError } | { readonly fault: Error }

/** Jobs that came together. */
export interface CommandBatch {
  /** What the clock says, milliseconds since 1970. */
  readonly clock: number
  readonly commands: readonly WriteCommand[]
}

/** The times of all commits of a transaction. */
export type TransactionTime = Omit<DatedCommit, 'seq'>

/** What the writer is told when it starts. */
export interface WriterOptions {
  readonly directory: string
  /** Upper bound of the database file in bytes. */
  readonly maxBytes: number | undefined
  /** How far ahead of the clock source times are believed, in milliseconds. */
  readonly futureLimit: number
}

/** To the writer: a batch, or the wish that it ends. */
export type ToWriter = CommandBatch | 'close'
/** From the writer: that it is ready or why not, then of each transaction its times and the outcomes of its commands, in order. */
export type FromWriter =
  | { readonly ready: true }
  | { readonly failed: SerializedError }
  | ({ readonly outcomes: readonly CommandOutcome[] } & TransactionTime)
