/**
 * The port to whatever keeps the data, and its promises. Every adapter passes test/store/contract.ts unchanged.
 *
 * Promises:
 * - `commit` is the only way to write. When its promise resolves, the changes and their log entry are durable; when it
 *   rejects, nothing of them is visible, now or after a crash.
 * - A read never shows less than what was acknowledged before the read began.
 * - The log holds every acknowledged change once, in the order of `seq`; it is readable from any position on until it
 *   is trimmed, and a reader that asks for trimmed entries is told so. Their times never fall, whatever the clock does.
 * - Memory is bounded whatever is stored.
 * - What was damaged where it is stored is never given as data: whoever reads it gets the error `Damaged`, all else stays
 *   readable, and a document that is damaged can be replaced and deleted.
 *
 * The store holds no policy: it does not validate documents and does not know who asks.
 */
import type { Readable } from 'node:stream'
import type { Quality } from '../model/samples.ts'

/** What a document is. Descriptors and packages are documents too, and so is what a check of a submodel found, work under way, and births of MQTT devices. */
export type DocumentKind =
  | 'AssetAdministrationShell'
  | 'Submodel'
  | 'ConceptDescription'
  | 'AssetAdministrationShellDescriptor'
  | 'SubmodelDescriptor'
  | 'AssetLinks'
  | 'Package'
  | 'Validation'
  | 'Job'
  | 'SparkplugBirth'

/** A fact about a document by which lists are filtered: `['idShort', 'Nameplate']`, `['semanticId', '["0173-1#01"]']`. */
export type Facet = readonly [name: string, value: string]

/** A stored document with all values current. */
export interface Document {
  readonly kind: DocumentKind
  readonly id: string
  /** Place in the stable order of its kind (order of creation). Opaque outside the store except as page position. */
  readonly position: number
  /** `seq` of the last commit that changed anything in it: the ETag. */
  readonly revision: number
  /** `seq` of the last commit that changed more than values. */
  readonly structureRevision: number
  /** The canonical JSON (UTF-8) with all current values in place. Not to be written to. */
  readonly bytes: Buffer
  /** Does a Blob value occur in it? (Then the default extent differs from the bytes.) */
  readonly hasBlob: boolean
}

/** A document without what is in it; there also where that is damaged. */
export type DocumentHead = Pick<Document, 'kind' | 'id' | 'position' | 'revision' | 'structureRevision'>

/** The row of one element: what a value is written to. */
export interface ElementRow {
  readonly path: string
  readonly modelType: string
  /** valueType of a Property or Range. */
  readonly valueType: string | undefined
  /** First key value of the semanticId. */
  readonly semanticId: string | undefined
  /** The value members as JSON (see model/values.ts), e.g. `{"value":"21.5"}`; `{}` where none is set. */
  readonly value: string
  /** `seq` of the commit that put the element here: the guard of a value change. */
  readonly incarnation: number
  /** `seq` of the commit that last changed the element or its value. */
  readonly revision: number
  /** Time of the value at its source, nanoseconds since 1970: that of its commit where it came with the structure. Undefined: no value was set. */
  readonly sourceTime: bigint | undefined
  readonly quality: Quality | undefined
}

export type { Quality }

/** A file that belongs to a document: an attachment, a thumbnail, a supplementary file of a package. */
export interface FileEntry {
  /** The name under which the document refers to it (File/value, Resource/path). */
  readonly name: string
  readonly contentType: string
  /** Name for a download. */
  readonly fileName: string
  readonly size: number
  /** Opaque handle of the bytes. */
  readonly blob: string
}

/**
 * What is known of a time beside its value: that the source gave none, so it is that of the arrival, or that the source
 * says that the value is of the past, so it never becomes current.
 */
export type Timing = 'arrival' | 'historical'

/**
 * The JSON of a document where it lies in a file, for commits that do not fit in memory. It is read while the commit is
 * made, in whatever thread that happens; the file must stay until then.
 */
export interface SpooledText {
  readonly file: string
  /** Bytes before it in the file, and its own; UTF-8. */
  readonly at: number
  readonly bytes: number
}

/** What became of subtrees that are new, or are gone. */
export type SubtreeAction = 'created' | 'deleted'

/** One change; what stands together in a commit becomes visible together. */
export type Change =
  | {
      /** Fails with `AlreadyExists`. */
      readonly change: 'create'
      readonly kind: DocumentKind
      readonly id: string
      readonly json: string | SpooledText
      readonly facets: readonly Facet[]
    }
  | {
      /** Fails with `NotFound`, and with `Conflict` where `ifStructureRevision` is given and no longer true. */
      readonly change: 'replace'
      readonly kind: DocumentKind
      readonly id: string
      readonly json: string | SpooledText
      readonly facets: readonly Facet[]
      readonly ifStructureRevision?: number
      /** ETag guard: fails with `PreconditionFailed` unless the document's revision is this one. */
      readonly ifRevision?: number
      /**
       * idShortPaths of the subtrees that the change touches; values elsewhere keep what was written to them meanwhile.
       * Absent: the whole document. Empty: only members outside all elements.
       */
      readonly touched?: readonly string[]
      /** Of all that is touched, where it was not there before or is not any more; for the log alone. */
      readonly subtreeAction?: SubtreeAction
      /**
       * The document was made from what was read at this revision: fails with `Conflict` when an element within
       * `touched` (or, without it, any element) was written to after that.
       */
      readonly asOf?: number
    }
  | {
      readonly change: 'delete'
      readonly kind: DocumentKind
      readonly id: string
      readonly ifRevision?: number
    }
  | {
      /**
       * A new current value of one element. Fails with `Conflict` when the element is no longer the one with `incarnation`.
       * With `sourceTime`, it becomes current only if no newer one is (current-value.ts); it is logged in any case. Without, it
       * is of now.
       */
      readonly change: 'value'
      readonly submodel: string
      readonly path: string
      readonly incarnation: number
      /** The value members as JSON; replaces all value members of the element. */
      readonly value: string
      readonly sourceTime?: bigint
      readonly timing?: Timing
      readonly quality?: Quality
      /** ETag guard on the element row. */
      readonly ifRevision?: number
    }
  | {
      /**
       * Samples of one element. Fails with `Conflict` when the element is no longer the one with `incarnation`. The newest of
       * them becomes current if no newer value is; all are logged.
       */
      readonly change: 'samples'
      readonly submodel: string
      readonly path: string
      readonly incarnation: number
      /** In the order in which they were sent, packed (see run-codec.ts). */
      readonly run: Uint8Array
      readonly count: number
      /** Least and greatest source time, nanoseconds since 1970. */
      readonly from: bigint
      readonly to: bigint
      readonly timing?: Timing
      /** Value members, as JSON, and quality of the newest sample, which is of the time `to`. */
      readonly value: string
      readonly quality?: Quality
    }
  | {
      /** Refuses the commit with `AlreadyExists` where one with this key was made before, and is remembered (`receipt`). */
      readonly change: 'idempotencyKey'
      readonly key: string
    }
  | {
      /** Files under these names belong to the document from now on (replacing those of the same name). */
      readonly change: 'attach'
      readonly kind: DocumentKind
      readonly id: string
      readonly files: readonly FileEntry[]
    }
  | {
      readonly change: 'detach'
      readonly kind: DocumentKind
      readonly id: string
      readonly names: readonly string[]
    }

/** What a durable commit is known by. */
export interface Commit {
  readonly seq: number
  /** Server time, milliseconds since 1970. */
  readonly time: number
}

/** A change as the log tells it: what happened, without the document, which is read where it is wanted. */
export type LoggedChange =
  | {
      readonly change: 'created' | 'updated' | 'deleted'
      readonly kind: DocumentKind
      readonly id: string
      readonly touched?: readonly string[]
      /** All that was touched is new, or is gone; absent: it was changed, or nobody said. */
      readonly subtreeAction?: SubtreeAction
    }
  | {
      readonly change: 'value'
      readonly submodel: string
      readonly path: string
      readonly value: string
      /** Nanoseconds since 1970. */
      readonly sourceTime: bigint
      readonly quality?: Quality
    }
  | {
      readonly change: 'samples'
      readonly submodel: string
      readonly path: string
      readonly count: number
      /** Least and greatest source time, nanoseconds since 1970. */
      readonly from: bigint
      readonly to: bigint
      /** Packed, in the order sent (see run-codec.ts). */
      readonly run: Uint8Array
    }

export interface LogEntry extends Commit {
  readonly changes: readonly LoggedChange[]
}

/**
 * A page of the stable order; `next` is the position to go on after, absent at the end. A page may hold fewer items than
 * the limit, even none, and still have a `next`: where documents are large, or facets that are both common never meet.
 */
export interface Page<Item> {
  readonly items: readonly Item[]
  readonly next?: number
  /** Ids of those that would stand here, but are damaged where they are stored. */
  readonly damaged?: readonly string[]
}

/**
 * Something that one element of a submodel must be like, as far as an index can tell. It finds all that are, and may
 * find others: text is compared by its first part, and a text that reads as a number as that number.
 */
export interface ElementCondition {
  /** Its idShortPath, or the end of it after a dot, `[]` in place of every index; found by its last step. */
  readonly path?: string
  /** First key value of its semanticId. */
  readonly semanticId?: string
  /** The value of a Property; needs `path`. Order is that of numbers, and only among numbers. */
  readonly value?:
    | { readonly is: 'eq'; readonly than: string | number }
    | { readonly is: 'lt' | 'le' | 'gt' | 'ge'; readonly than: number }
}

export interface PageRequest {
  /** Only documents after this position. */
  readonly after?: number
  /** At most this many, at least 1. */
  readonly limit: number
}

/** What samples belong to: an element, also one that is gone. */
export interface SeriesName {
  readonly submodel: string
  readonly path: string
}

/** By what a chunk is known. */
export interface ChunkKey extends SeriesName {
  /** Source time of the first sample, nanoseconds since 1970. */
  readonly from: bigint
  /** Up to where in the log its samples come from; where two chunks have a sample of the same time, the later one counts. */
  readonly seq: number
}

/** A chunk without what is in it. */
export interface ChunkHead extends ChunkKey {
  /** Source time of the last sample. */
  readonly to: bigint
  readonly count: number
}

/** A part of the history of one series: an ascending run, packed (see run-codec.ts). Chunks of a series may overlap in time. */
export interface Chunk extends ChunkHead {
  readonly bytes: Uint8Array
}

/** A series with history, at a glance. */
export interface Series extends SeriesName {
  /** Samples in its chunks; late doubles count until the chunks that they are in are brought together. */
  readonly count: number
  readonly chunks: number
  /** Bytes of its chunks. */
  readonly bytes: number
  readonly from: bigint
  readonly to: bigint
}

export interface StoreFigures {
  readonly documents: Readonly<Record<string, number>>
  readonly elements: number
  readonly logFirst: number
  readonly logLast: number
  /** Bytes of its entries. */
  readonly logBytes: number
  /** Series with history, the samples in their chunks, and the bytes of these. */
  readonly series: number
  readonly samples: number
  readonly historyBytes: number
  /** Bytes on disk, all files together. */
  readonly bytes: number
  /** Records that this process found damaged. */
  readonly damaged: number
  /** Something was refused a moment ago because the disk is full or fails, and nothing has been stored since. */
  readonly isWriteFailing: boolean
}

export interface Store {
  /** Names this body of data: positions of a log with another epoch mean nothing here. Kept by a backup. */
  readonly epoch: string

  /** One document, or undefined. */
  document(kind: DocumentKind, id: string): Promise<Document | undefined>
  /** That there is a document, and as of when. */
  head(kind: DocumentKind, id: string): Promise<DocumentHead | undefined>
  /** Documents of a kind that have all these facets, in the stable order; those that are damaged by their ids alone. */
  documents(
    kind: DocumentKind,
    facets: readonly Facet[],
    page: PageRequest,
    /** Of submodels: each must be true of an element. */
    elements?: readonly ElementCondition[]
  ): Promise<Page<Document>>
  /** The row of one element, or undefined. */
  element(submodel: string, path: string): Promise<ElementRow | undefined>

  /**
   * Makes the changes durable, all or none, together with their entry in the log.
   * @throws HubError `AlreadyExists`, `NotFound`, `Conflict`, `PreconditionFailed`; `StorageFull`, `Unavailable` where
   * the storage fails; `TooManyRequests` where more waits to be written than the store keeps
   */
  commit(changes: readonly Change[]): Promise<Commit>

  /**
   * Log entries with a `seq` greater than `after`, oldest first. `gap` tells that entries after `after` were trimmed, or
   * are damaged; of a damaged one there may be an entry without changes, so that readers come past it.
   * Where entries are large there may be fewer than the limit; only none at all means the end.
   */
  log(after: number, limit: number): Promise<{ entries: readonly LogEntry[]; gap: boolean }>
  /** Rings after every durable commit, without payload; returns the way to stop listening. */
  onCommit(listener: () => void): () => void
  /** The commit that was made with this `once` key, while the log remembers it. */
  commitOfKey(key: string): Promise<number | undefined>
  /** Forgets log entries, and receipts, up to and including `seq`. */
  trimLog(seq: number): Promise<void>
  /** Where a follower stands, kept across restarts. */
  cursor(follower: string): Promise<number | undefined>
  setCursor(follower: string, seq: number): Promise<void>
  /**
   * Work that only one process may do at a time: true where this process may, for so many milliseconds; claiming again
   * prolongs it. Another process may when the time is over, or the holder was closed.
   */
  lease(work: string, span: number): Promise<boolean>

  /**
   * Takes in the bytes of a file without making it visible; `attach` in a commit does that. What is never attached
   * is swept. @throws HubError `TooLarge` past `limit` bytes; then nothing is left on disk.
   */
  receive(bytes: Readable, limit: number): Promise<{ blob: string; size: number }>
  /** A file of a document, or undefined. */
  file(kind: DocumentKind, id: string, name: string): Promise<FileEntry | undefined>
  /** All files of a document, by name. */
  files(kind: DocumentKind, id: string): Promise<readonly FileEntry[]>
  /** The bytes of a file, or of a part of it (`end` inclusive). */
  open(file: FileEntry, range?: { start: number; end: number }): Readable

  /**
   * Adds chunks of history in place of others, all or none, durable when resolved. One with a known key replaces it.
   * @throws HubError `Conflict` where one of `replaced` is no longer there as it was
   */
  putChunks(chunks: readonly Chunk[], replaced?: readonly ChunkHead[]): Promise<void>
  /**
   * Chunks of a series that overlap [from, to], by `from`, then `seq`. What takes the place of some while they are read
   * may begin earlier than what was given already, and hold it once more; nothing is missed.
   */
  chunks(series: SeriesName, from: bigint, to: bigint): AsyncIterable<Chunk>
  /** The same without what is in them. */
  heads(series: SeriesName, from: bigint, to: bigint): AsyncIterable<ChunkHead>
  /** Drops chunks that end before this time; returns how many. */
  dropChunks(series: SeriesName, before: bigint): Promise<number>
  /** One series, if it has history. */
  seriesOf(name: SeriesName): Promise<Series | undefined>
  /** Series with history by submodel, then path: those after one, at most `limit`. */
  series(after: SeriesName | undefined, limit: number): Promise<readonly Series[]>

  /** Writes a consistent copy of everything into an empty directory while the store is in use. */
  backup(directory: string): Promise<void>
  figures(): Promise<StoreFigures>
  /** Counts what a reader found damaged within what the store gave it, such as a run; nothing else counts. */
  noteDamage(error: unknown): void
  /** Hears once of each record that is found damaged; returns the way to stop listening. */
  onDamage(listener: (error: Error) => void): () => void
  /** Resolves when everything accepted is durable and all handles are closed. */
  close(): Promise<void>
}
