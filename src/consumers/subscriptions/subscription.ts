/** What a subscriber asks for, what it is sent, and what is asked of the door that sends it. */
import type { Quality, Run } from '../../model/samples.ts'
import type { SubmodelElement } from '../../model/types.ts'
import type { DocumentKind } from '../../store/store.ts'

/**
 * What a change is about:
 * - `value`: a new current value, or samples, of an element;
 * - `created`, `structure`, `deleted`: a shell, submodel, concept description or package, as a whole or in parts; that an
 *   element came or went is structure of its submodel, and is told to who wants to hear of `created` or `deleted`, too;
 * - `registry`: a descriptor or the asset links of a shell;
 * - `validation`: what the check of a submodel against its template and the standard found.
 */
export const changeKinds = ['value', 'structure', 'created', 'deleted', 'registry', 'validation'] as const

export type ChangeKind = (typeof changeKinds)[number]

/**
 * Which changes. A change is told where each member that is given holds one thing that fits it; without members, all
 * are. Nothing of what is named has to exist yet. What can no longer be known of a change – the semanticId of an
 * element that is gone – counts as fitting: better told for nothing than missed.
 */
export interface Selection {
  /** Ids of shells: their own changes, and those of the submodels that they refer to when the change is told. */
  readonly shells?: readonly string[]
  /** Ids of submodels. */
  readonly submodels?: readonly string[]
  /**
   * idShortPaths, with `*` for any one step or index (`Line.*.Speed`, `Log[*]`) and `**` for any number of steps, also
   * none (`**.Speed`, `Line.**`). Of structure, what touches, contains or lies within such an element is told.
   */
  readonly paths?: readonly string[]
  /** First key of the semanticId of the element, of an element around it, or of the submodel. */
  readonly semanticIds?: readonly string[]
  readonly kinds?: readonly ChangeKind[]
}

export interface SubscriptionRequest {
  readonly select?: Selection
  /** Begin with the current state of all that is selected; with `since`, only where that cannot be gone on from. */
  readonly snapshot?: boolean
  /** Go on behind this cursor, or begin at this time (ISO 8601) of the server; else begin now. */
  readonly since?: string
  /**
   * At most one value per element in so many milliseconds: the first at once, then the newest at the end of each. In
   * the past, the newest of each; whoever comes back is told what is newest then, which it may have seen.
   */
  readonly interval?: number
  /** Gather for so many milliseconds before sending. */
  readonly window?: number
  /** `full` adds the element, or the document, as it is now. */
  readonly content?: 'value' | 'full'
  /** Samples that came together stay together as a run; else one event per sample. */
  readonly columns?: boolean
  /** For the door that writes the messages; nothing here depends on it. */
  readonly envelope?: 'plain' | 'cloudevents' | 'feed'
  /**
   * What becomes of a subscriber that lags behind by more than `buffer`: `conflate` goes on with the newest per
   * element, `disconnect` (the default) closes with the cursor from which nothing is missed.
   */
  readonly overflow?: 'conflate' | 'disconnect'
  /** Bytes, roughly, that this subscriber may lag behind; kept in the log, not in memory. */
  readonly buffer?: number
}

/** Whoever a subscription sends to: a connection. */
export interface Sink {
  /**
   * Takes a message. The same object goes to all subscribers with the same wish, so let `Message.encoded` write it. Is
   * not called before `subscribe` has resolved. Where it throws, the subscription is closed as `failed`.
   */
  send(message: Message): void
  /** Bytes handed over that the other side has not taken yet. */
  backlog(): number
  /**
   * The end, and the cursor from which to go on, '' where that is to begin again; nothing is sent afterwards. Not called
   * after `Subscription.close`.
   */
  close(reason: CloseReason, cursor: string): void
}

/** `overflow`: it lagged too far. `stopping`: the hub stops. `failed`: the hub, or the sink, has a fault. */
export type CloseReason = 'overflow' | 'stopping' | 'failed'

export interface Message {
  /** From where to go on after this message; '' within a snapshot or the history, where nobody can go on. */
  readonly cursor: string
  /** In the order of the log. May be empty: then nothing else is new than the cursor, or the end of the snapshot. */
  readonly events: readonly StreamEvent[]
  /** A part of the snapshot; of the last one, `end`. */
  readonly snapshot?: 'part' | 'end'
  /** What came before the first of the events is lost to this subscriber: it fell out of the log. */
  readonly recovered?: false
  /** Of the events between the message before and this one, only the newest per element are told. */
  readonly conflated?: true
  /** The bytes of this message in a format, written at most once, whoever asks first. */
  encoded(format: string, encode: () => Uint8Array): Uint8Array
}

/** Where an event stands. */
export interface EventPlace {
  /** The commit … */
  readonly seq: number
  /**
   * … and which of its changes, from 0 on, each sample counting as one. An event of several samples is the first of
   * them. In a snapshot, `seq` is the last commit that changed it; out of the history, both are 0.
   */
  readonly index: number
  /** Server time of the commit, milliseconds since 1970; in a snapshot, of the reading; in the history, at the source. */
  readonly time: number
  /** Not a change, but how it is. */
  readonly snapshot?: true
}

/** A new value of an element, or one sample of it. */
export interface ValueEvent extends EventPlace {
  readonly event: 'value'
  readonly kind: 'value'
  readonly submodel: string
  readonly path: string
  /** Kind of the element; absent where it is gone. */
  readonly modelType?: string
  /** In the ValueOnly form (Part 1): number, text or boolean of a Property, objects and lists of others; null: none. */
  readonly value: unknown
  /** Nanoseconds since 1970; absent in a snapshot where the value came with the structure. */
  readonly sourceTime?: bigint
  readonly quality?: Quality
  /** With `content: 'full'`: the element as it is now; absent where it is gone. */
  readonly element?: SubmodelElement
}

/** Samples of one element that came together (`columns`), in the order in which they were sent. */
export interface RunEvent extends EventPlace {
  readonly event: 'run'
  readonly kind: 'value'
  readonly submodel: string
  readonly path: string
  readonly modelType?: string
  /** Times and qualities; and values as the hub keeps them. */
  readonly run: Run
  /** The values in the ValueOnly form: those of the run themselves where they are numbers. */
  readonly values: Float64Array | readonly unknown[]
  readonly element?: SubmodelElement
}

/** A change of a document; without the document, which is read where it is wanted. */
export interface DocumentEvent extends EventPlace {
  readonly event: 'document'
  readonly kind: Exclude<ChangeKind, 'value'>
  readonly change: 'created' | 'updated' | 'deleted'
  /** What was changed; of a validation, the id is that of the submodel. */
  readonly of: DocumentKind
  readonly id: string
  /**
   * idShortPaths of the subtrees that were touched, whether they are there now or not; absent: the whole document.
   * Empty: only members outside all elements.
   */
  readonly touched?: readonly string[]
  /** The elements that were touched came, or went; absent where that is not what happened, or not known. */
  readonly became?: 'created' | 'deleted'
  /** With `content: 'full'`: the document as it is now; absent where it is gone, or elements of it were touched. */
  readonly document?: unknown
  /** With `content: 'full'`: the touched elements as they are now, by their path; those that are gone are absent. */
  readonly elements?: ReadonlyMap<string, SubmodelElement>
}

export type StreamEvent = ValueEvent | RunEvent | DocumentEvent

/** A subscription that runs. */
export interface Subscription {
  /** The position from which it goes on; '' until all of a snapshot, or of the history, has been told. */
  readonly cursor: string
  /**
   * False where `since` lies further back than the log reaches, or belongs to another body of data: what lies between
   * is not told, apart from values out of the history.
   */
  readonly recovered: boolean
  /** To be called when the other side has taken something, so that a subscriber that lags goes on at once. */
  wake(): void
  /** Ends it; nothing is sent afterwards. */
  close(): void
}
