/** Converts a logged change into the events sent to subscribers. */
import { lengthOf, newestOf, type Run, sliceOf } from '../../model/samples.ts'
import type { SubmodelElement } from '../../model/types.ts'
import { decodeRun } from '../../store/run-codec.ts'
import type { LogEntry, LoggedChange } from '../../store/store.ts'
import type { StateReader } from './current-state.ts'
import type { ElementMetadata, ElementMetadataCache } from './element-metadata-cache.ts'
import { type EventElement, runEvent, sampleEvent, valueEvent, valueOnly } from './events.ts'
import { type DocumentChange, kindOf } from './matcher.ts'
import { EVENT_BYTES, SAMPLE_BYTES } from './message.ts'
import type { DocumentEvent, EventPosition, StreamEvent, SubscriptionRequest } from './subscription.ts'

/** The form of the events; subscribers with the same one share them. */
export interface Projection {
  /** For samples of one change: an event each, one for all, or one for the newest alone. */
  readonly shape: 'rows' | 'runs' | 'newest'
  /** With the current element or document. */
  readonly full: boolean
}

/** Events of one change are created in slices of this size, which bounds their memory. */
export const EVENTS_PER_SLICE = 256

export function projectionOf({ content, columns, interval }: SubscriptionRequest): Projection {
  return { shape: interval ? 'newest' : columns ? 'runs' : 'rows', full: content === 'full' }
}

type ElementChange = Extract<LoggedChange, { path: string }>

export class ChangeEvents {
  readonly #entry: LogEntry
  readonly #change: LoggedChange
  /** Of its first event. */
  readonly #index: number
  #metadata: ElementMetadata | null = null
  #run: Run | undefined
  #element: SubmodelElement | undefined
  #full: Pick<DocumentEvent, 'document' | 'elements'> = {}

  /** @param index number of events before it in its commit */
  constructor(entry: LogEntry, change: LoggedChange, index: number) {
    this.#entry = entry
    this.#change = change
    this.#index = index
  }

  /**
   * Looks up what the events need. Must be called before `events`, and awaited where it returns a promise.
   * @param current absent where no event is `full`
   */
  prepare(cache: ElementMetadataCache, current: StateReader | undefined): Promise<void> | undefined {
    const change = this.#change
    if (change.change === 'value' || change.change === 'samples') {
      const known = cache.known(change.submodel, change.path)
      if (known !== undefined) this.#metadata = known
      return known === undefined || current !== undefined ? this.#readElement(change, cache, current) : undefined
    }
    return current && this.#readDocument(change, current)
  }

  /** Estimated bytes of all its events. */
  sizeAs(shape: Projection['shape']): number {
    const change = this.#change
    if (change.change !== 'samples' || shape === 'newest') return EVENT_BYTES
    return shape === 'rows' ? EVENT_BYTES * change.count : EVENT_BYTES + SAMPLE_BYTES * change.count
  }

  /** The events of this change in [start, end). */
  events({ shape, full }: Projection, start: number, end: number): StreamEvent[] {
    const change = this.#change
    if ('kind' in change) return [this.#documentEvent(change, full)]
    const element = this.#elementOf(change, full)
    if (change.change === 'value') {
      const { value, sourceTime, quality } = change
      return [valueEvent(this.#placeOf(0), element, valueOnly(this.#metadata, value), sourceTime, quality)]
    }
    this.#run ??= decodeRun(change.run)
    const run = this.#run
    if (shape === 'newest') {
      const newest = newestOf(run)
      return [sampleEvent(this.#placeOf(newest), element, run, newest)]
    }
    if (shape === 'runs') {
      const part = start === 0 && end >= lengthOf(run) ? run : sliceOf(run, start, end)
      return [runEvent(this.#placeOf(start), element, part)]
    }
    const events: StreamEvent[] = []
    for (let at = start; at < end; at++) events.push(sampleEvent(this.#placeOf(at), element, run, at))
    return events
  }

  #placeOf(at: number): EventPosition {
    return { seq: this.#entry.seq, index: this.#index + at, time: this.#entry.time }
  }

  #elementOf({ submodel, path }: ElementChange, full: boolean): EventElement {
    return { submodel, path, metadata: this.#metadata, element: full ? this.#element : undefined }
  }

  #documentEvent({ change, kind, id, touched, subtreeAction }: DocumentChange, full: boolean): DocumentEvent {
    return {
      event: 'document',
      kind: kindOf({ change, kind, id }),
      ...this.#placeOf(0),
      change,
      of: kind,
      id,
      ...(touched !== undefined && { touched }),
      ...(subtreeAction !== undefined && { became: subtreeAction }),
      ...(full && this.#full)
    }
  }

  async #readElement(
    { submodel, path }: ElementChange,
    cache: ElementMetadataCache,
    current: StateReader | undefined
  ): Promise<void> {
    this.#metadata = await cache.element(submodel, path)
    this.#element = await current?.element(submodel, path)
  }

  async #readDocument({ kind, id, touched, change }: DocumentChange, current: StateReader): Promise<void> {
    if (change === 'deleted') return
    if (kind !== 'Submodel' || touched === undefined || touched.length === 0) {
      const document = await current.document(kind, id)
      if (document !== undefined) this.#full = { document }
      return
    }
    const elements = new Map<string, SubmodelElement>()
    for (const path of touched) {
      const element = await current.element(id, path)
      if (element !== undefined) elements.set(path, element)
    }
    this.#full = { elements }
  }
}
