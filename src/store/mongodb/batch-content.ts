/**
 * What a batch of the log contains, and the counters after it. All of it is persisted as JSON: member names are fixed.
 */
import type { AuditHead } from '../audit-chain.ts'
import type { Change, LoggedChange } from '../store.ts'

export interface BatchContent {
  readonly commits: readonly LoggedCommit[]
  readonly controls: readonly ControlRecord[]
}

/** Guards are checked, not logged; a revision that is kept is logged as the document that is created. */
export type LoggableChange = Exclude<Change, { change: 'expect' | 'keep' }>

export interface LoggedCommit {
  readonly changes: readonly LoggableChange[]
  /** One per change: what a process that replays it cannot derive. */
  readonly notes: readonly ChangeNote[]
  /** Instead of both, and with a time of its own (ms), where the entry was imported from another store. */
  readonly importedChanges?: readonly LoggedChange[]
  readonly time?: number
}

/** Effects of a change that depend on the state it met: decided by the process that wrote it, replayed by all. */
export interface ChangeNote {
  /** Position of a created document. */
  readonly position?: number
  /** A body that is no longer needed. */
  readonly body?: BodyRef
  /** Changes of the reference counts of blobs. */
  readonly blobs?: readonly (readonly [blob: string, by: number])[]
  /** Where in the audit an entry is. */
  readonly audit?: readonly [number: number, previous: string, hash: string]
}

export interface BodyRef {
  readonly position: number
  readonly structure: number
  readonly size: number
  /** Number of elements, which bounds how many override parts may exist. */
  readonly elements: number
}

/** Records of the store itself, which need a place in the order of the log. */
export type ControlRecord =
  | { readonly control: 'trim'; readonly seq: number; readonly bytes: number }
  /** A lease: its name is `work`, its time to live in milliseconds `span`. */
  | { readonly control: 'claim'; readonly work: string; readonly holder: string; readonly span: number }
  /** All leases of a holder end. */
  | { readonly control: 'release'; readonly holder: string }
  | {
      readonly control: 'blob'
      readonly blob: string
      readonly size: number
      readonly hash: string
      readonly at: number
    }
  /** A blob is deleted. */
  | { readonly control: 'doom'; readonly blob: string; readonly size: number }
  | { readonly control: 'chunks'; readonly series: readonly SeriesChange[]; readonly upload?: string }
  /** Writers of all processes pause for `span` milliseconds, or until the next of these records. */
  | { readonly control: 'hold'; readonly span: number }

/** All changes of one series in a batch. Times are text, as JSON has no 64-bit integers. */
export interface SeriesChange {
  readonly submodel: string
  readonly path: string
  readonly added: readonly StoredChunk[]
  /** Names of chunks that are no longer needed. */
  readonly removed: readonly string[]
}

export interface StoredChunk {
  /** `_id` of its bytes. */
  readonly name: string
  readonly from: string
  readonly to: string
  readonly seq: number
  readonly count: number
  readonly size: number
}

/** Totals after a batch. They are absolute, so the last batch alone is enough to know them. */
export interface Counters {
  readonly seq: number
  readonly position: number
  readonly elements: number
  /** Bytes of all entries ever logged, and of those that were trimmed. */
  readonly logged: number
  readonly forgotten: number
  /** Entries up to this one are trimmed. */
  readonly trimmed: number
  readonly series: number
  readonly samples: number
  readonly historyBytes: number
  readonly blobBytes: number
  readonly bodyBytes: number
  readonly documents: Readonly<Record<string, number>>
  /** Absent before the first entry. */
  readonly audit?: AuditHead
  /**
   * Leases by name; the time to live (ms) runs from when a process sees them, `term` is the batch that granted them.
   */
  readonly claims: Readonly<Record<string, readonly [holder: string, ttlMs: number, term: number]>>
}

export const ZERO_COUNTERS: Counters = {
  seq: 0,
  position: 0,
  elements: 0,
  logged: 0,
  forgotten: 0,
  trimmed: 0,
  series: 0,
  samples: 0,
  historyBytes: 0,
  blobBytes: 0,
  bodyBytes: 0,
  documents: {},
  claims: {}
}
