/** Subscription requests, the messages and events that are sent, and the sink that a transport provides. */
import type { Quality, Run } from '../../model/samples.ts'
import type { SubmodelElement } from '../../model/types.ts'
import type { Access } from '../../security/access.ts'
import type { DocumentKind } from '../../store/store.ts'

/**
 * Kinds of changes:
 * - `value`: a new current value, or samples, of an element;
 * - `created`, `structure`, `deleted`: of a shell, submodel, concept description or package, or of parts of it. An element
 *   that is created or deleted is a `structure` change of its submodel, also selected by `created` or `deleted`;
 * - `registry`: of a descriptor or the asset links of a shell;
 * - `validation`: of the validation result of a submodel;
 * - `compliance`: a compliance report is worse than the one before. Only for callers that may read the reports.
 */
export const changeKinds = ['value', 'structure', 'created', 'deleted', 'registry', 'validation', 'compliance'] as const

export type ChangeKind = (typeof changeKinds)[number]

/**
 * Selects changes: each member that is given must match with one of its entries; without members all changes are selected.
 * What is named need not exist yet. What is unknown of a change, as the semanticId of a deleted element, counts as a match:
 * a superfluous event is better than a missed one.
 */
export interface Selection {
  /** Ids of shells: their changes, and those of the submodels that they refer to when the change is sent. */
  readonly shells?: readonly string[]
  /** Ids of submodels. */
  readonly submodels?: readonly string[]
  /**
   * idShortPaths, with `*` for any one step or index (`Line.*.Speed`, `Log[*]`) and `**` for any number of steps, also
   * none (`**.Speed`, `Line.**`). Changes of structure match if they touch, contain or lie within such an element.
   */
  readonly paths?: readonly string[]
  /** First key of the semanticId of the element, of one of its ancestors, or of the submodel. */
  readonly semanticIds?: readonly string[]
  readonly kinds?: readonly ChangeKind[]
}

export interface SubscriptionRequest {
  readonly select?: Selection
  /** Start with the current state of all that is selected; with `since`, only where that cannot be resumed from. */
  readonly snapshot?: boolean
  /** Resume behind this cursor, or start at this server time (ISO 8601); else start now. */
  readonly since?: string
  /**
   * At most one value per element in this many milliseconds: the first at once, then the newest at the end of each
   * interval. In a catch-up the newest of each interval; after a reconnect the newest may be one that was sent before.
   */
  readonly interval?: number
  /** Batch for this many milliseconds before sending. */
  readonly window?: number
  /** `full` adds the current element or document. */
  readonly content?: 'value' | 'full'
  /** Samples of one push stay together as a run; else one event per sample. */
  readonly columns?: boolean
  /** For the transport that serializes the messages; ignored here. */
  readonly envelope?: 'plain' | 'cloudevents' | 'feed'
  /**
   * What to do with a subscriber that lags by more than `buffer`: `conflate` sends only the newest per element,
   * `disconnect` (the default) closes the subscription with the cursor from which nothing is missed.
   */
  readonly overflow?: 'conflate' | 'disconnect'
  /** Estimated bytes that this subscriber may lag behind; they are in the log, not in memory. */
  readonly buffer?: number
}

/** Where a subscription sends to: a connection. */
export interface Sink {
  /**
   * Takes a message. Subscribers with the same request get the same object, so serialize it with `Message.encoded`. Not
   * called before `subscribe` has resolved. Where it throws, the subscription is closed as `failed`.
   */
  send(message: Message): void
  /** Bytes that were sent and have not left yet. */
  backlog(): number
  /**
   * The subscription has ended. The cursor is where to resume, '' for a new start. Not called after
   * `Subscription.close`.
   */
  close(reason: CloseReason, cursor: string): void
}

/**
 * `overflow`: it lagged too far. `stopping`: the hub stops. `forbidden`: the caller may not read any more. `failed`: an
 * error of the hub or the sink.
 */
export type CloseReason = 'overflow' | 'stopping' | 'forbidden' | 'failed'

export interface Message {
  /** Where to resume after this message; '' within a snapshot or the history, which cannot be resumed. */
  readonly cursor: string
  /** In the order of the log. May be empty: then only the cursor is new, or the snapshot ends. */
  readonly events: readonly StreamEvent[]
  /** A part of the snapshot, or its end. */
  readonly snapshot?: 'part' | 'end'
  /** Earlier events are lost to this subscriber: they were trimmed from the log. */
  readonly recovered?: false
  /** Of the events since the previous message, only the newest per element are sent. */
  readonly conflated?: true
  /** The message in a format; serialized at most once. */
  encoded(format: string, encode: () => Uint8Array): Uint8Array
}

/** The position of an event in the log. */
export interface EventPosition {
  /** The commit … */
  readonly seq: number
  /**
   * … and the index of the change in it, where each sample counts as one. An event of several samples has the index of
   * the first. In a snapshot, `seq` is the last commit that changed it; in events of the history, both are 0.
   */
  readonly index: number
  /** Commit time, milliseconds since 1970; in a snapshot, time of the reading; in the history, source time. */
  readonly time: number
  /** Current state rather than a change. */
  readonly snapshot?: true
}

/** A new value of an element, or one sample of it. */
export interface ValueEvent extends EventPosition {
  readonly event: 'value'
  readonly kind: 'value'
  readonly submodel: string
  readonly path: string
  /** Kind of the element; absent where it was deleted. */
  readonly modelType?: string
  /** In the ValueOnly form (Part 1): number, text or boolean of a Property, objects and lists of others; null for no value. */
  readonly value: unknown
  /** Nanoseconds since 1970; absent in a snapshot where the value came with the structure. */
  readonly sourceTime?: bigint
  readonly quality?: Quality
  /** With `content: 'full'`: the current element; absent where it was deleted. */
  readonly element?: SubmodelElement
}

/** Samples of one element from one push (`columns`), in their order. */
export interface RunEvent extends EventPosition {
  readonly event: 'run'
  readonly kind: 'value'
  readonly submodel: string
  readonly path: string
  readonly modelType?: string
  /** Times, qualities, and values as they are stored. */
  readonly run: Run
  /** The values in the ValueOnly form: those of the run themselves where they are numbers. */
  readonly values: Float64Array | readonly unknown[]
  readonly element?: SubmodelElement
}

/** A change of a document. */
export interface DocumentEvent extends EventPosition {
  readonly event: 'document'
  readonly kind: Exclude<ChangeKind, 'value'>
  readonly change: 'created' | 'updated' | 'deleted'
  /** Kind of the document; a validation result has the id of its submodel, a `ComplianceDrop` that of the report. */
  readonly of: DocumentKind
  readonly id: string
  /**
   * idShortPaths of the touched subtrees, also of those that no longer exist; absent: the whole document. Empty: only
   * members outside all elements.
   */
  readonly touched?: readonly string[]
  /** The touched elements were created or deleted; absent where they were updated, or where it is unknown. */
  readonly became?: 'created' | 'deleted'
  /** With `content: 'full'`: the current document; absent where it was deleted, or only elements were touched. */
  readonly document?: unknown
  /** With `content: 'full'`: the touched elements that exist now, by path. */
  readonly elements?: ReadonlyMap<string, SubmodelElement>
}

export type StreamEvent = ValueEvent | RunEvent | DocumentEvent

/** An open subscription. */
export interface Subscription {
  /** Where to resume; '' until a snapshot, or the history, is complete. */
  readonly cursor: string
  /**
   * False where `since` is before the beginning of the log, or of other data: the changes between are lost, except for
   * values in the history.
   */
  readonly recovered: boolean
  /** Goes on with what another access allows: the caller has renewed its token. */
  reauthorize(access: Access | undefined): void
  /** To be called when the backlog has shrunk, so that a subscriber that is behind continues at once. */
  wake(): void
  /** Ends it; nothing is sent afterwards. */
  close(): void
}
