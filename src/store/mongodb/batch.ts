/** A batch of the log: the commits that were written together under one number. */
import type { DatedCommit } from '../current-value.ts'
import { readText } from '../document-text.ts'
import { toLoggedChanges } from '../logged-changes.ts'
import type { LogEntry, LoggedChange } from '../store.ts'
import type { BatchContent, Counters, LoggableChange } from './batch-content.ts'
import type { StateKey } from './keys.ts'
import type { LineContent } from './line-layout.ts'

/** A batch to be written. */
export interface NewBatch {
  readonly number: number
  /** `seq` of its first entry, or of the next one if it has none. */
  readonly firstSeq: number
  /** Server time, milliseconds since 1970. */
  readonly time: number
  /** The clock and horizon of its commits (current.ts); absent in batches of earlier releases. */
  readonly clock?: number
  readonly horizon?: number
  /** Random, known to its writer alone, which recognises its own batch by it. */
  readonly writeId: string
  /** After this batch. */
  readonly counters: Counters
  readonly content: BatchContent
  /** Which of its commits are in lines. */
  readonly lines?: LineContent
}

/** A batch of the log. */
export interface Batch extends NewBatch {
  readonly entryCount: number
  /** Approximate bytes in memory, those of the rest included. */
  readonly memoryBytes: number
  /** Where only what the log itself holds of it was read; the content lacks what is in lines. */
  readonly rest?: BatchRest
}

/** What of a batch was not read, as it is in lines. */
export interface BatchRest {
  /** Every state that it changes. */
  readonly keys: readonly StateKey[]
  /** Reads it. @returns the whole batch, or undefined if it was trimmed meanwhile */
  load(): Promise<Batch | undefined>
}

/** A batch as it was read. It is decoded only when needed: that takes several times the memory. */
export interface PackedBatch {
  readonly number: number
  /** `seq` of its first entry, or of the next one if it has none. */
  readonly firstSeq: number
  readonly entryCount: number
  /** @returns the whole batch, or undefined if it was trimmed meanwhile */
  unpack(): Promise<Batch | undefined>
  /** The batch without what is in lines. */
  outline(): Promise<Batch>
}

/** Of a whole batch. */
export function toLogEntries(batch: Batch): LogEntry[] {
  if (batch.rest !== undefined) throw new Error(`Batch ${batch.number} was not read as a whole`)
  return batch.content.commits.map(({ changes, importedChanges, time = batch.time }, index) => {
    const dated = datedCommitOf(batch, index)
    return { seq: dated.seq, time, changes: importedChanges ?? toLoggedChanges(changes, dated) }
  })
}

/** A commit of a batch with the times that its writer decided by. */
export function datedCommitOf({ firstSeq, time, clock = time, horizon = Infinity }: Batch, index: number): DatedCommit {
  return { seq: firstSeq + index, time, clock, horizon }
}

/** Approximate bytes of a log entry, the same for every process. */
export function estimateEntryBytes(changes: readonly (LoggableChange | LoggedChange)[]): number {
  let bytes = 0
  for (const change of changes) {
    bytes += 40
    if (change.change === 'samples') bytes += change.run.length + change.submodel.length + change.path.length
    else if (change.change === 'value') bytes += change.value.length + change.submodel.length + change.path.length
    else if (change.change === 'idempotencyKey') bytes += change.key.length
    else if (change.change === 'audit') bytes += change.record.length
    else bytes += change.id.length + ('json' in change ? readText(change.json).length : 0)
  }
  return bytes
}
