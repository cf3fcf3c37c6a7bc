/**
 * A copy-on-write overlay for one commit; discarded if the commit is refused. The overlays of a batch's commits are
 * stacked: each sees what those before it changed, and the first one what is known to be durable.
 */
import type { ElementRow } from '../store.ts'
import type { Counters } from './batch-content.ts'
import type { DocumentState, ElementRows, HeadState } from './document.ts'
import type { KnownState, State, StateKey } from './keys.ts'

export interface ReadView {
  readonly counters: Counters
  /** The document without changes of its head and rows in overlays; undefined if it is not loaded. */
  document(key: StateKey): KnownState<DocumentState> | undefined
  head(key: StateKey): HeadState | undefined
  row(key: StateKey, path: string): ElementRow | undefined
  /** A state that is not a document. */
  otherState(key: StateKey): KnownState | undefined
}

interface DocumentDelta {
  /** A document that was created or replaced, or null if it was deleted; undefined: that of the base. */
  whole: KnownState<DocumentState> | undefined
  head: HeadState | undefined
  rows: Map<string, ElementRow> | undefined
}

export class Overlay implements ReadView {
  readonly base: ReadView
  counters: Counters
  readonly #documents = new Map<StateKey, DocumentDelta>()
  readonly #others = new Map<StateKey, KnownState>()

  constructor(base: ReadView) {
    this.base = base
    this.counters = base.counters
  }

  document(key: StateKey): KnownState<DocumentState> | undefined {
    const whole = this.#documents.get(key)?.whole
    return whole === undefined ? this.base.document(key) : whole
  }

  head(key: StateKey): HeadState | undefined {
    const delta = this.#documents.get(key)
    if (delta === undefined) return this.base.head(key)
    if (delta.head !== undefined) return delta.head
    return delta.whole === undefined ? this.base.head(key) : delta.whole?.head
  }

  row(key: StateKey, path: string): ElementRow | undefined {
    const delta = this.#documents.get(key)
    if (delta === undefined) return this.base.row(key, path)
    const row = delta.rows?.get(path)
    if (row !== undefined) return row
    return delta.whole === undefined ? this.base.row(key, path) : delta.whole?.rows().get(path)
  }

  otherState(key: StateKey): KnownState | undefined {
    const found = this.#others.get(key)
    return found === undefined ? this.base.otherState(key) : found
  }

  /** All rows of a document, with all changes. */
  rows(key: StateKey): ElementRows {
    const document = this.document(key)
    if (document === null || document === undefined) return new Map()
    const rows = new Map(document.rows())
    this.#overlayRows(key, rows)
    return rows
  }

  setDocument(key: StateKey, whole: KnownState<DocumentState>): void {
    this.#documents.set(key, { whole, head: undefined, rows: undefined })
  }

  setHead(key: StateKey, head: HeadState): void {
    this.#deltaOf(key).head = head
  }

  setRow(key: StateKey, row: ElementRow): void {
    const delta = this.#deltaOf(key)
    delta.rows ??= new Map()
    delta.rows.set(row.path, row)
  }

  setOtherState(key: StateKey, state: KnownState): void {
    this.#others.set(key, state)
  }

  addToCounters(amounts: Partial<Omit<Counters, 'documents' | 'claims' | 'audit'>>): void {
    const counters: Record<string, unknown> = { ...this.counters }
    for (const [name, amount] of Object.entries(amounts)) counters[name] = Number(counters[name]) + amount
    this.counters = counters as unknown as Counters
  }

  /** Makes the changes part of the base, which must be an overlay. */
  mergeIntoBase(): void {
    const { base } = this
    if (!(base instanceof Overlay)) return
    base.counters = this.counters
    for (const [key, { whole, head, rows }] of this.#documents) {
      if (whole !== undefined) base.setDocument(key, whole)
      if (head !== undefined) base.setHead(key, head)
      for (const row of rows?.values() ?? []) base.setRow(key, row)
    }
    for (const [key, state] of this.#others) base.setOtherState(key, state)
  }

  /** Passes on every changed state as a whole. Documents of the base are modified in place. */
  writeTo(put: (key: StateKey, state: KnownState<State>) => void): void {
    for (const [key, { whole, head, rows }] of this.#documents) {
      const document = whole === undefined ? this.base.document(key) : whole
      // A cache may have dropped it for one that was put before it: it exists, but is not known any more.
      if (document === undefined) continue
      if (document !== null) {
        if (head !== undefined) document.head = head
        for (const row of rows?.values() ?? []) document.setRow(row)
      }
      put(key, document)
    }
    for (const [key, state] of this.#others) put(key, state)
  }

  /** Puts changed rows of all overlays since the document was last replaced over `rows`, oldest first. */
  #overlayRows(key: StateKey, rows: Map<string, ElementRow>): void {
    const delta = this.#documents.get(key)
    if (delta?.whole === undefined && this.base instanceof Overlay) this.base.#overlayRows(key, rows)
    for (const [path, row] of delta?.rows ?? []) rows.set(path, row)
  }

  #deltaOf(key: StateKey): DocumentDelta {
    let delta = this.#documents.get(key)
    if (delta === undefined) {
      delta = { whole: undefined, head: undefined, rows: undefined }
      this.#documents.set(key, delta)
    }
    return delta
  }
}
