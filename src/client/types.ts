/** Messages of the connection, as in `openapi/asyncapi.json`: samples in, events out. */

/** One sample; without `time` it gets the time of its arrival. */
export interface Sample {
  readonly submodel: string
  readonly path: string
  readonly value: unknown
  /** ISO 8601, or milliseconds since 1970. */
  readonly time?: string | number
  readonly quality?: Quality
}

/**
 * Samples of one series: with `start` and `step`, `start` and `offsets`, or `times`; numbers are milliseconds unless `unit`
 * says otherwise.
 */
export interface Column {
  readonly submodel: string
  readonly path: string
  readonly values: readonly unknown[]
  readonly start?: string | number
  readonly step?: number
  readonly offsets?: readonly number[]
  readonly times?: readonly (string | number)[]
  readonly unit?: 'ns' | 'us' | 'ms' | 's'
  /** Of all of them, or of each; null is good. */
  readonly quality?: Quality | readonly (Quality | null)[]
}

export type Quality = 'good' | 'uncertain' | 'bad'

/** The acknowledgement of a push, which is durable. */
export interface Pushed {
  readonly cursor: string
  readonly accepted: number
  /** The key was used before: this is the first acknowledgement again. */
  readonly repeated?: true
  readonly refused?: readonly { index: number; at?: number; path: string; text: string }[]
}

/** What to subscribe to; see `openapi/asyncapi.json`. */
export interface SubscriptionRequest {
  readonly select?: {
    readonly shells?: readonly string[]
    readonly submodels?: readonly string[]
    /** idShortPaths; `*` is any one step or index, `**` any number of steps. */
    readonly paths?: readonly string[]
    readonly semanticIds?: readonly string[]
    readonly kinds?: readonly ChangeKind[]
  }
  readonly snapshot?: boolean
  readonly since?: string
  readonly interval?: number
  readonly window?: number
  readonly content?: 'value' | 'full'
  readonly columns?: boolean
  readonly overflow?: 'conflate' | 'disconnect'
}

export type ChangeKind = 'value' | 'structure' | 'created' | 'deleted' | 'registry' | 'validation' | 'compliance'

/** Events that are delivered together. */
export interface Events {
  /** Behind these events; absent within a snapshot. */
  readonly cursor?: string
  readonly events: readonly ChangeEvent[]
  readonly snapshot?: 'part' | 'end'
  /** Earlier events are lost: they were trimmed from the log before they were delivered. */
  readonly recovered?: false
  /** Values in between were left out, as the reader was too slow. */
  readonly conflated?: true
}

/** Distinguished by their members: `values` in columns, `value` in single values, `change` in others. */
export type ChangeEvent = ValueEvent | ColumnEvent | DocumentEvent

interface ElementEvent {
  readonly kind: 'value'
  readonly submodel: string
  readonly path: string
  /** Commit time at the hub, in ISO 8601. */
  readonly time: string
  /** The element as it is now, where `content` is `full`. */
  readonly element?: Readonly<Record<string, unknown>>
  readonly snapshot?: true
}

/** A new value of an element, in the ValueOnly form of Part 1. */
export interface ValueEvent extends ElementEvent {
  readonly value: unknown
  /** Time at the source, in ISO 8601 to the nanosecond. */
  readonly sourceTime?: string
  readonly quality?: Quality
}

/** Many values of an element, where `columns` was requested. */
export interface ColumnEvent extends ElementEvent {
  readonly values: readonly unknown[]
  /** Source time of the first value, in ISO 8601 … */
  readonly start: string
  /** … and of the others relative to it, in nanoseconds: evenly spaced, or each. */
  readonly step?: number
  readonly offsets?: readonly number[]
  readonly quality?: Quality | readonly (Quality | null)[]
}

/** A document was created, changed or deleted. */
export interface DocumentEvent {
  readonly kind: Exclude<ChangeKind, 'value'>
  readonly change: 'created' | 'updated' | 'deleted'
  /** Its kind: `Submodel`, `AssetAdministrationShell` … */
  readonly type: string
  readonly id: string
  /** idShortPaths of the elements that were touched; absent: the whole document. */
  readonly touched?: readonly string[]
  /** What happened to the elements that were touched. */
  readonly became?: 'created' | 'deleted'
  /** Commit time at the hub, in ISO 8601. */
  readonly time: string
  /** The document or the touched elements as they are now, where `content` is `full`. */
  readonly document?: Readonly<Record<string, unknown>>
  readonly elements?: Readonly<Record<string, unknown>>
  readonly snapshot?: true
}

export interface Violation {
  readonly pointer: string
  readonly idShortPath?: string
  readonly rule?: string
  readonly text: string
}

/** Any message of the hub. */
export interface ServerMessage extends Partial<Omit<Events, 'recovered'>> {
  readonly type: string
  readonly id?: number
  /** When the credentials end, ISO 8601. */
  readonly expires?: string
  readonly sub?: number
  readonly acks?: readonly (Omit<Pushed, 'cursor'> & { id: number })[]
  readonly code?: string
  readonly text?: string
  readonly recovered?: boolean
  readonly reason?: string
  readonly violations?: readonly Violation[]
}
