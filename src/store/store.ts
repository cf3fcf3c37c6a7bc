/**
 * The storage port and its promises. Every adapter passes test/store/contract.ts unchanged.
 * - `commit` is the only way to write. When its promise resolves, the changes and their log entry are durable; when it
 *   rejects, none of them is visible, now or after a crash.
 * - A read never returns less than what was acknowledged before the read began.
 * - The log holds every acknowledged change once, ordered by `seq`. It can be read from any position until it is trimmed;
 *   reading trimmed positions reports a gap. Entry times never decrease, even if the clock is set back.
 * - Memory is bounded, however much is stored.
 * - Damaged data is never returned: reading it fails with `Damaged`, everything else stays readable, and a damaged
 *   document can be replaced and deleted.
 * - The store holds no policy: it neither validates documents nor knows who asks.
 */
import type { Readable } from 'node:stream'
import type { Quality } from '../model/samples.ts'
import type { AuditEntry, AuditHead } from './audit-chain.ts'
import type { DocumentKind } from './document-kind.ts'
import type { StoreFigures } from './figures.ts'
import type { Chunk, ChunkHead, IsEnough, Series, SeriesName, SummarisedChunk } from './series.ts'
import type { SpooledText } from './spooled-text.ts'

export type { DocumentKind }

/** A property of a document that lists can be filtered by: `['idShort', 'Nameplate']`, `['semanticId', '["0173-1#01"]']`. */
export type Facet = readonly [name: string, value: string]

/** A stored document with all values current. */
export interface Document {
  readonly kind: DocumentKind
  readonly id: string
  /** Rank in the stable order of its kind (creation order). Opaque outside the store except as a page position. */
  readonly position: number
  /** `seq` of the last commit that changed anything in it: the ETag. */
  readonly revision: number
  /** `seq` of the last commit that changed more than values. */
  readonly structureRevision: number
  /** The canonical JSON (UTF-8) with all current values in place. Do not modify. */
  readonly bytes: Buffer
  /** Does it contain a Blob value? (Then the default extent differs from the bytes.) */
  readonly hasBlob: boolean
  /** Containers of which a caller does not see all children; never stored (see `keepIndexes` of model/walk.ts). */
  readonly hiddenItems?: readonly HiddenItems[]
}

/** Where the visible children of a container stand in the stored document. */
export interface HiddenItems {
  /** The idShortPath of the container; '' for the submodel itself. */
  readonly path: string
  readonly indexes: readonly number[]
}

/** A document without its content; available even if the content is damaged. */
export type DocumentHead = Pick<Document, 'kind' | 'id' | 'position' | 'revision' | 'structureRevision'>

/** The row of one element: the target of value writes. */
export interface ElementRow {
  readonly path: string
  readonly modelType: string
  /** valueType of a Property or Range. */
  readonly valueType: string | undefined
  /** First key value of the semanticId. */
  readonly semanticId: string | undefined
  /** The value members as JSON (see model/value-members.ts), e.g. `{"value":"21.5"}`; `{}` if none is set. */
  readonly value: string
  /** `seq` of the commit that created the element at this path: the guard of a value change. */
  readonly incarnation: number
  /** `seq` of the commit that last changed the element or its value. */
  readonly revision: number
  /** Source time of the value, nanoseconds since 1970: the commit's if it came with the structure. Undefined: no value. */
  readonly sourceTime: bigint | undefined
  readonly quality: Quality | undefined
}

export type { Quality }

/** A file that belongs to a document: an attachment, a thumbnail, a supplementary file of a package. */
export interface FileEntry {
  /** The name by which the document refers to it (File/value, Resource/path). */
  readonly name: string
  readonly contentType: string
  /** File name for downloads. */
  readonly fileName: string
  readonly size: number
  /** Opaque handle of the bytes. */
  readonly blob: string
}

/**
 * How a source time came about. `arrival`: the source gave none, it is the time of arrival. `historical`: the source
 * marked the value as past, so it never becomes current.
 */
export type Timing = 'arrival' | 'historical'

/** What happened to whole subtrees. */
export type SubtreeAction = 'created' | 'deleted'

/** What ended a revision; `created` began the first one. */
export type RevisionAction = 'created' | 'updated' | 'deleted'

/** What a guard expects of a document; with `path`: the same value members of this element as JSON, though written again. */
export type ExpectedState =
  | 'absent'
  | { readonly revision: number }
  | { readonly structureRevision: number }
  | { readonly path: string; readonly value: string }

/** One change; the changes of a commit become visible together. */
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
      /** Fails with `NotFound`, and with `Conflict` if `ifStructureRevision` is given and outdated. */
      readonly change: 'replace'
      readonly kind: DocumentKind
      readonly id: string
      readonly json: string | SpooledText
      readonly facets: readonly Facet[]
      readonly ifStructureRevision?: number
      /** ETag guard: fails with `PreconditionFailed` unless the document has this revision. */
      readonly ifRevision?: number
      /**
       * idShortPaths of the changed subtrees; values elsewhere keep what was written to them in the meantime.
       * Absent: the whole document. Empty: only members outside all elements.
       */
      readonly touched?: readonly string[]
      /** Set if all touched subtrees are new, or all were deleted; recorded in the log only. */
      readonly subtreeAction?: SubtreeAction
      /**
       * The revision that the new document was derived from: fails with `Conflict` if an element within `touched` (without
       * `touched`: any element) was written to after it.
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
       * A new current value of one element. Fails with `Conflict` if the element has another `incarnation` by now.
       * With `sourceTime`, it becomes current only if no newer value is (current-value.ts); it is logged in any case.
       * Without, the commit's time counts.
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
       * Samples of one element. Fails with `Conflict` if the element has another `incarnation` by now. The newest sample
       * becomes current if no newer value is; all are logged.
       */
      readonly change: 'samples'
      readonly submodel: string
      readonly path: string
      readonly incarnation: number
      /** Packed in the order sent (see run-codec.ts). */
      readonly run: Uint8Array
      readonly count: number
      /** Least and greatest source time, nanoseconds since 1970. */
      readonly from: bigint
      readonly to: bigint
      readonly timing?: Timing
      /** Value members (JSON) and quality of the newest sample, whose source time is `to`. */
      readonly value: string
      readonly quality?: Quality
    }
  | {
      /**
       * Keeps the document as it stands before the changes after this one, as a document of the kind `Revision`
       * (revisions.ts); not logged. Of a damaged document without content; nothing where
       * the document does not exist.
       */
      readonly change: 'keep'
      readonly kind: DocumentKind
      readonly id: string
      /** Id of the revision; must be new. */
      readonly revision: string
      /** What the next change of the commit does. */
      readonly action: RevisionAction
    }
  | {
      /** Fails with `AlreadyExists` if an earlier commit had this key; `commitOfKey` finds that commit. */
      readonly change: 'idempotencyKey'
      readonly key: string
    }
  | {
      /**
       * A guard, not logged: `Conflict` unless the state is as it was read. It sees changes before it: guards come first.
       */
      readonly change: 'expect'
      readonly kind: DocumentKind
      readonly id: string
      readonly state: ExpectedState
    }
  | {
      /** Attaches files to a document, replacing those of the same name. */
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
  | {
      /** Appends to the audit a record, as JSON text; not logged. */
      readonly change: 'audit'
      readonly record: string
      /** Removes the entries up to this number, too; few enough not to delay other commits. */
      readonly trim?: number
    }

/** Identifies a durable commit. */
export interface Commit {
  readonly seq: number
  /** Server time, milliseconds since 1970. */
  readonly time: number
}

/** A change as logged: what happened, without the document, which readers fetch if they need it. */
export type LoggedChange =
  | {
      readonly change: 'created' | 'updated' | 'deleted'
      readonly kind: DocumentKind
      readonly id: string
      readonly touched?: readonly string[]
      /** All touched subtrees are new, or were deleted; absent: they were changed, or it is unknown. */
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
      /** Packed in the order sent (see run-codec.ts). */
      readonly run: Uint8Array
    }

export interface LogEntry extends Commit {
  readonly changes: readonly LoggedChange[]
}

/**
 * A page of the stable order; `next` is the position to continue after, absent at the end. A page may hold fewer items
 * than the limit, even none, and still have a `next`: if documents are large, or if frequent facets rarely coincide.
 */
export interface Page<Item> {
  readonly items: readonly Item[]
  readonly next?: number
  /** Ids of documents that belong on this page but are damaged. */
  readonly damaged?: readonly string[]
}

/**
 * A condition on one element of a submodel, as far as an index can check it: finds all matches, and possibly others,
 * since text is compared by a prefix, and text that reads as a number as that number.
 */
export interface ElementCondition {
  /** Its idShortPath, or the end of it after a dot, `[]` in place of every index; looked up by the last step. */
  readonly path?: string
  /** First key value of its semanticId. */
  readonly semanticId?: string
  /** The value of a Property; needs `path`. Ordering is numeric, and only among numbers. */
  readonly value?:
    | { readonly is: 'eq'; readonly than: string | number }
    | { readonly is: 'lt' | 'le' | 'gt' | 'ge'; readonly than: number }
}

export interface PageRequest {
  /** Only documents after this position. */
  readonly after?: number
  /** At most this many, at least 1. */
  readonly limit: number
  /** Once true the page ends early where documents are read that are not shown. Index lookups do not ask. */
  readonly isOver?: () => boolean
}

export interface Store {
  /** Identifies this body of data: log positions of another epoch mean nothing here. Kept by a backup. */
  readonly epoch: string

  /** One document, or undefined. @throws DamagedElements with the rest of a submodel, where it knows that (damage.ts) */
  document(kind: DocumentKind, id: string): Promise<Document | undefined>
  head(kind: DocumentKind, id: string): Promise<DocumentHead | undefined>
  /** The JSON of a document as its structure was written last, without the values that were written since. */
  structure(kind: DocumentKind, id: string): Promise<Buffer | undefined>
  /** Documents of a kind that have all these facets, in the stable order; damaged ones by id only. */
  documents(
    kind: DocumentKind,
    facets: readonly Facet[],
    page: PageRequest,
    /** For submodels: each must hold for some element. */
    elements?: readonly ElementCondition[]
  ): Promise<Page<Document>>
  /** The row of one element, or undefined. */
  element(submodel: string, path: string): Promise<ElementRow | undefined>
  /** The same if it is in memory; undefined says nothing. Absent where other processes write, too. */
  cachedElement?(submodel: string, path: string): ElementRow | undefined

  /**
   * Makes the changes durable, all or none, together with their log entry.
   * @throws HubError `AlreadyExists`, `NotFound`, `Conflict`, `PreconditionFailed`; `StorageFull`, `Unavailable` if the
   * storage fails; `TooManyRequests` if the write queue is full
   */
  commit(changes: readonly Change[]): Promise<Commit>

  /**
   * Log entries with a `seq` greater than `after`, oldest first. `gap`: entries after `after` were trimmed or are damaged;
   * a damaged entry may be returned without changes, so that readers can get past it.
   * Large entries may make the result shorter than the limit; only an empty result means the end.
   */
  log(after: number, limit: number): Promise<{ entries: readonly LogEntry[]; gap: boolean }>
  /** Called after every durable commit, without payload; returns a function that stops listening. */
  onCommit(listener: () => void): () => void
  /** `seq` of the commit with this idempotency key, while the log keeps it. */
  commitOfKey(key: string): Promise<number | undefined>
  /** Deletes log entries and idempotency keys up to and including `seq`. */
  trimLog(seq: number): Promise<void>
  /** Entries of the audit after this number, oldest first. Unverified: see `ChainVerifier` of audit-chain.ts. */
  audit(after: number, limit: number): Promise<readonly AuditEntry[]>
  auditHead(): Promise<AuditHead>
  /** The position of a log consumer, kept across restarts. */
  cursor(consumer: string): Promise<number | undefined>
  setCursor(consumer: string, seq: number): Promise<void>
  /**
   * Acquires or renews a lease on work that only one process may do at a time: true if this process holds it for the
   * next `ttlMs`. Another process can acquire it once it has expired or its holder was closed.
   */
  lease(name: string, ttlMs: number): Promise<boolean>

  /**
   * Stores the bytes of a file without making it visible; an `attach` change does that. Files that are never attached
   * are deleted. @throws HubError `TooLarge` past `limit` bytes, leaving nothing on disk
   */
  receive(bytes: Readable, limit: number): Promise<{ blob: string; size: number }>
  /** A file of a document, or undefined. */
  file(kind: DocumentKind, id: string, name: string): Promise<FileEntry | undefined>
  /** All files of a document, by name. */
  files(kind: DocumentKind, id: string): Promise<readonly FileEntry[]>
  /** The bytes of a file, or a range of them (`end` inclusive). */
  open(file: FileEntry, range?: { start: number; end: number }): Readable

  /** Adds chunks of history and removes others in exchange, all or none, durably. A chunk with a known key replaces it.
   * @throws HubError `Conflict` if one of `replaced` has changed or is gone */
  putChunks(chunks: readonly Chunk[], replaced?: readonly ChunkHead[]): Promise<void>
  /** Chunks that overlap [from, to], by `from`, then `seq`; one that replaces others meanwhile may begin earlier, and repeat
   * samples, but nothing is missed. */
  chunks(series: SeriesName, from: bigint, to: bigint): AsyncIterable<Chunk>
  /** The same, but one that overlaps no other comes without its content if `isEnough` accepts its summary. */
  summarisedChunks(series: SeriesName, from: bigint, to: bigint, isEnough: IsEnough): AsyncIterable<SummarisedChunk>
  /** The same without the content. */
  heads(series: SeriesName, from: bigint, to: bigint): AsyncIterable<ChunkHead>
  /** Drops chunks that end before this time; returns how many. */
  dropChunks(series: SeriesName, before: bigint): Promise<number>
  /** One series, if it has history. */
  seriesOf(name: SeriesName): Promise<Series | undefined>
  /** Series with history by submodel, then path: those after the given one, at most `limit`. */
  series(after: SeriesName | undefined, limit: number): Promise<readonly Series[]>

  figures(): Promise<StoreFigures>
  /** Counts damage that a reader found inside data that the store returned, such as a run; ignores other errors. */
  noteDamage(error: unknown): void
  /** Called once per record that is found damaged; returns a function that stops listening. */
  onDamage(listener: (error: Error) => void): () => void
  /** Called when rows or collections cannot be written, so that values stay in the log, and with undefined when they can. */
  onCheckpointFailure(listener: (failure: Error | undefined) => void): () => void
  /** Resolves when everything accepted is durable and all handles are closed. */
  close(): Promise<void>
}
