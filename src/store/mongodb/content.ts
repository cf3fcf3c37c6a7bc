/** What stands in a batch of the log, and the figures behind it. */
import type { Change, LoggedChange } from '../store.ts'

export interface Content {
  readonly commits: readonly LoggedCommit[]
  readonly controls: readonly Control[]
}

export interface LoggedCommit {
  readonly changes: readonly Change[]
  /** One for each change: what whoever carries it out later cannot know. */
  readonly notes: readonly Note[]
  /** Instead of both, and with a time of its own (ms), where the entry came from another store. */
  readonly told?: readonly LoggedChange[]
  readonly time?: number
}

/** What a change made of documents that it found: decided by the process that wrote it, carried out by all alike. */
export interface Note {
  /** Position of a document created. */
  readonly position?: number
  /** A body that is no longer needed. */
  readonly body?: BodyName
  /** By how much more, or less, often a blob is referred to. */
  readonly blobs?: readonly (readonly [blob: string, by: number])[]
}

export interface BodyName {
  readonly position: number
  readonly structure: number
  readonly size: number
  /** Elements, which tell how much may lie beside it. */
  readonly elements: number
}

/** What concerns the store alone, and has its place in the order of the log all the same. */
export type Control =
  | { readonly control: 'trim'; readonly seq: number; readonly bytes: number }
  | { readonly control: 'claim'; readonly work: string; readonly holder: string; readonly span: number }
  | { readonly control: 'release'; readonly holder: string }
  | {
      readonly control: 'blob'
      readonly blob: string
      readonly size: number
      readonly hash: string
      readonly at: number
    }
  | { readonly control: 'doom'; readonly blob: string; readonly size: number }
  | { readonly control: 'chunks'; readonly series: readonly SeriesChange[]; readonly upload?: string }
  /** Nobody writes until so many milliseconds have passed, or another one of these comes. */
  | { readonly control: 'hold'; readonly span: number }

/** All that happens to one series at once. Times as text: JSON has no integers of 64 bits. */
export interface SeriesChange {
  readonly submodel: string
  readonly path: string
  readonly added: readonly StoredChunk[]
  /** Names of chunks that are no longer needed. */
  readonly removed: readonly string[]
}

export interface StoredChunk {
  /** Name of its bytes. */
  readonly name: string
  readonly from: string
  readonly to: string
  readonly seq: number
  readonly count: number
  readonly size: number
}

/** Numbers as they stand after a batch, absolute: whoever knows the last batch knows them. */
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
  /** Who holds which work, and for how long from when that was seen, in milliseconds. */
  readonly claims: Readonly<Record<string, readonly [holder: string, span: number, term: number]>>
}

export const nothing: Counters = {
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
