/** From what the log says of a change to the events that subscribers are told. */
import { valueOfRow } from '../../formats/value.ts'
import { parsePath } from '../../model/path.ts'
import { lengthOf, membersAt, newestOf, qualityAt, type Run, sliceOf, timeAt } from '../../model/samples.ts'
import type { Submodel, SubmodelElement } from '../../model/types.ts'
import { resolve } from '../../model/walk.ts'
import { decodeRun } from '../../store/chunks.ts'
import type { DocumentKind, LogEntry, LoggedChange, Store } from '../../store/store.ts'
import type { ElementFacts, Facts } from './facts.ts'
import { type DocumentChange, kindOf } from './matcher.ts'
import { EVENT, noteSize, SAMPLE } from './message.ts'
import type { DocumentEvent, RunEvent, StreamEvent, ValueEvent, Wish } from './subscription.ts'

/** What a subscriber wants of a change; those who want the same share the events. */
export interface Projection {
  /** Of samples that came together: an event each, one for all, or one for the newest alone. */
  readonly shape: 'rows' | 'runs' | 'newest'
  /** With the element, or document, as it is now. */
  readonly full: boolean
}

/** Things of one change that are told at a time, so that what is made for them stays small. */
export const SLICE = 256

export function projectionOf({ content, columns, interval }: Wish): Projection {
  return { shape: interval ? 'newest' : columns ? 'runs' : 'rows', full: content === 'full' }
}

/** How things are now, each document read at most once: for as long as one batch of the log is told. */
export class Present {
  readonly #store: Store
  readonly #documents = new Map<string, Promise<unknown>>()

  constructor(store: Store) {
    this.#store = store
  }

  /** A document as JSON; undefined where it is gone. */
  document(kind: DocumentKind, id: string): Promise<unknown> {
    const key = `${kind} ${id}`
    let document = this.#documents.get(key)
    if (document === undefined) {
      document = this.#store.document(kind, id).then((found) => found && parse(found.bytes))
      this.#documents.set(key, document)
    }
    return document
  }

  async element(submodel: string, path: string): Promise<SubmodelElement | undefined> {
    const document = (await this.document('Submodel', submodel)) as Submodel | undefined
    const steps = parsePath(path)
    return document && steps && resolve(document, steps)
  }
}

function parse(bytes: Buffer): unknown {
  const document: unknown = JSON.parse(bytes.toString())
  noteSize(document, bytes.length)
  return document
}

/** One change, about to be told. */
export class Telling {
  readonly #entry: LogEntry
  readonly #change: LoggedChange
  /** Of the first of its things. */
  readonly #index: number
  #facts: ElementFacts | null = null
  #run: Run | undefined
  #full: Pick<DocumentEvent, 'document' | 'elements'> & Pick<ValueEvent, 'element'> = {}

  /** @param index how many things stand before it in its commit */
  constructor(entry: LogEntry, change: LoggedChange, index: number) {
    this.#entry = entry
    this.#change = change
    this.#index = index
  }

  /** To be called before the first event is asked for, as far as its answer is a promise to be waited for. */
  prepare(facts: Facts, present: Present | undefined): Promise<void> | undefined {
    const change = this.#change
    if (change.change === 'value' || change.change === 'samples') {
      const known = facts.known(change.submodel, change.path)
      if (known !== undefined) this.#facts = known
      return known === undefined || present !== undefined ? this.#lookUp(change, facts, present) : undefined
    }
    return present && this.#readDocument(change, present)
  }

  /** Bytes, roughly, that its events take together. */
  sizeAs(shape: Projection['shape']): number {
    const change = this.#change
    if (change.change !== 'samples' || shape === 'newest') return EVENT
    return shape === 'rows' ? EVENT * change.count : EVENT + SAMPLE * change.count
  }

  /** The events of things `start` to before `end` of this change. */
  events({ shape, full }: Projection, start: number, end: number): StreamEvent[] {
    const change = this.#change
    switch (change.change) {
      case 'value':
        return [this.#value(change, full)]
      case 'samples':
        this.#run ??= decodeRun(change.run)
        if (shape === 'rows') return this.#rows(change, this.#run, start, end, full)
        if (shape === 'runs') return [this.#whole(change, this.#run, start, end, full)]
        return [this.#row(change, this.#run, newestOf(this.#run), full)]
      default:
        return [this.#document(change, full)]
    }
  }

  async #lookUp(change: ValueChange, facts: Facts, present: Present | undefined): Promise<void> {
    const { submodel, path } = change
    this.#facts = await facts.element(submodel, path)
    const element = await present?.element(submodel, path)
    if (element !== undefined) this.#full = { element }
  }

  async #readDocument({ kind, id, touched, change }: DocumentChange, present: Present): Promise<void> {
    if (change === 'deleted') return
    if (kind !== 'Submodel' || touched === undefined || touched.length === 0) {
      const document = await present.document(kind, id)
      if (document !== undefined) this.#full = { document }
      return
    }
    const elements = new Map<string, SubmodelElement>()
    for (const path of touched) {
      const element = await present.element(id, path)
      if (element !== undefined) elements.set(path, element)
    }
    this.#full = { elements }
  }

  #modelType(): Pick<ValueEvent, 'modelType'> {
    return this.#facts === null ? {} : { modelType: this.#facts.modelType }
  }

  #document({ change, kind, id, touched, became }: DocumentChange, full: boolean): DocumentEvent {
    const { seq, time } = this.#entry
    return {
      event: 'document',
      kind: kindOf({ change, kind, id }),
      seq,
      index: this.#index,
      time,
      change,
      of: kind,
      id,
      ...(touched !== undefined && { touched }),
      ...(became !== undefined && { became }),
      ...(full && this.#full)
    }
  }

  #value({ submodel, path, value, sourceTime, quality }: ValueChange & { change: 'value' }, full: boolean): ValueEvent {
    const { seq, time } = this.#entry
    return {
      event: 'value',
      kind: 'value',
      seq,
      index: this.#index,
      time,
      submodel,
      path,
      ...this.#modelType(),
      value: valueOnly(this.#facts, value),
      sourceTime,
      ...(quality !== undefined && { quality }),
      ...(full && this.#full)
    }
  }

  #rows(change: SamplesChange, run: Run, start: number, end: number, full: boolean): ValueEvent[] {
    const rows: ValueEvent[] = []
    for (let at = start; at < end; at++) rows.push(this.#row(change, run, at, full))
    return rows
  }

  #row({ submodel, path }: SamplesChange, run: Run, at: number, full: boolean): ValueEvent {
    const { seq, time } = this.#entry
    const quality = qualityAt(run, at)
    return {
      event: 'value',
      kind: 'value',
      seq,
      index: this.#index + at,
      time,
      submodel,
      path,
      ...this.#modelType(),
      value: run.form === 'number' ? run.values[at] : valueOnly(this.#facts, membersAt(run, at)),
      sourceTime: timeAt(run, at),
      ...(quality !== undefined && { quality }),
      ...(full && this.#full)
    }
  }

  #whole({ submodel, path }: SamplesChange, all: Run, start: number, end: number, full: boolean): RunEvent {
    const { seq, time } = this.#entry
    const run = start === 0 && end >= lengthOf(all) ? all : sliceOf(all, start, end)
    return {
      event: 'run',
      kind: 'value',
      seq,
      index: this.#index + start,
      time,
      submodel,
      path,
      ...this.#modelType(),
      run,
      values: valuesOf(this.#facts, run),
      ...(full && this.#full)
    }
  }
}

type ValueChange = Extract<LoggedChange, { path: string }>
type SamplesChange = Extract<LoggedChange, { change: 'samples' }>

/** The values of a run in the ValueOnly form. */
export function valuesOf(facts: ElementFacts | null, run: Run): RunEvent['values'] {
  if (run.values instanceof Float64Array) return run.values
  // States and switches have few different values.
  const known = new Map<string, unknown>()
  return run.values.map((text, at) => {
    let value = known.get(text)
    if (value === undefined) {
      value = valueOnly(facts, membersAt(run, at))
      known.set(text, value)
    }
    return value
  })
}

/**
 * A value in the ValueOnly form; null where the element was left without one. Where the element is gone and with it
 * what kind it was, texts stay texts and all else stays as it was written.
 */
export function valueOnly(facts: ElementFacts | null, members: string): unknown {
  if (facts !== null) {
    const json = valueOfRow(facts.modelType, facts.valueType, members)
    return json === undefined ? null : JSON.parse(json)
  }
  const open = JSON.parse(members) as { value?: unknown }
  const names = Object.keys(open)
  if (names.length === 0) return null
  return names.length === 1 && open.value !== undefined ? open.value : open
}
