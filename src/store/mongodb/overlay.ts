/**
 * What a commit sees and changes: a layer over what was there before, so that it can be dropped as a whole. The commits
 * of a batch stand on each other, the batch on what is known to be durable.
 */
import type { ElementRow } from '../store.ts'
import type { Counters } from './content.ts'
import type { DocumentState, Head, Rows } from './document.ts'
import type { Found, Key, State } from './keys.ts'

export interface ReadView {
  readonly counters: Counters
  /** The document as a whole, without what layers changed in it; undefined where it was not loaded. */
  document(key: Key): Found<DocumentState> | undefined
  head(key: Key): Head | undefined
  row(key: Key, path: string): ElementRow | undefined
  /** Anything that is no document. */
  other(key: Key): Found | undefined
}

interface Changed {
  /** A document made anew, or null where it was deleted; undefined: the one below. */
  whole: Found<DocumentState> | undefined
  head: Head | undefined
  rows: Map<string, ElementRow> | undefined
}

export class Overlay implements ReadView {
  readonly below: ReadView
  counters: Counters
  readonly #documents = new Map<Key, Changed>()
  readonly #others = new Map<Key, Found>()

  constructor(below: ReadView) {
    this.below = below
    this.counters = below.counters
  }

  document(key: Key): Found<DocumentState> | undefined {
    const whole = this.#documents.get(key)?.whole
    return whole === undefined ? this.below.document(key) : whole
  }

  head(key: Key): Head | undefined {
    const changed = this.#documents.get(key)
    if (changed === undefined) return this.below.head(key)
    if (changed.head !== undefined) return changed.head
    return changed.whole === undefined ? this.below.head(key) : changed.whole?.head
  }

  row(key: Key, path: string): ElementRow | undefined {
    const changed = this.#documents.get(key)
    if (changed === undefined) return this.below.row(key, path)
    const row = changed.rows?.get(path)
    if (row !== undefined) return row
    return changed.whole === undefined ? this.below.row(key, path) : changed.whole?.rows().get(path)
  }

  other(key: Key): Found | undefined {
    const found = this.#others.get(key)
    return found === undefined ? this.below.other(key) : found
  }

  /** All rows of a document as they are seen here. */
  rows(key: Key): Rows {
    const document = this.document(key)
    if (document === null || document === undefined) return new Map()
    const rows = new Map(document.rows())
    this.overlay(key, rows)
    return rows
  }

  /** Puts what was changed from below up to here over these rows. */
  overlay(key: Key, rows: Map<string, ElementRow>): void {
    const changed = this.#documents.get(key)
    if (changed?.whole === undefined && this.below instanceof Overlay) this.below.overlay(key, rows)
    for (const [path, row] of changed?.rows ?? []) rows.set(path, row)
  }

  setDocument(key: Key, whole: Found<DocumentState>): void {
    this.#documents.set(key, { whole, head: undefined, rows: undefined })
  }

  setHead(key: Key, head: Head): void {
    this.#changed(key).head = head
  }

  setRow(key: Key, row: ElementRow): void {
    const changed = this.#changed(key)
    changed.rows ??= new Map()
    changed.rows.set(row.path, row)
  }

  setOther(key: Key, state: Found): void {
    this.#others.set(key, state)
  }

  count(by: Partial<Omit<Counters, 'documents' | 'claims'>>): void {
    const counters: Record<string, unknown> = { ...this.counters }
    for (const [name, amount] of Object.entries(by)) counters[name] = Number(counters[name]) + amount
    this.counters = counters as unknown as Counters
  }

  /** Makes what was changed here part of the layer below, which must be one. */
  merge(): void {
    const { below } = this
    if (!(below instanceof Overlay)) return
    below.counters = this.counters
    for (const [key, { whole, head, rows }] of this.#documents) {
      if (whole !== undefined) below.setDocument(key, whole)
      if (head !== undefined) below.setHead(key, head)
      for (const row of rows?.values() ?? []) below.setRow(key, row)
    }
    for (const [key, state] of this.#others) below.setOther(key, state)
  }

  /** Everything changed here, whole; documents that lie below are written to. */
  settle(put: (key: Key, state: Found<State>) => void): void {
    for (const [key, { whole, head, rows }] of this.#documents) {
      const document = whole === undefined ? this.below.document(key) : whole
      if (document !== null && document !== undefined) {
        if (head !== undefined) document.head = head
        for (const row of rows?.values() ?? []) document.write(row)
      }
      put(key, document ?? null)
    }
    for (const [key, state] of this.#others) put(key, state)
  }

  #changed(key: Key): Changed {
    let changed = this.#documents.get(key)
    if (changed === undefined) {
      changed = { whole: undefined, head: undefined, rows: undefined }
      this.#documents.set(key, changed)
    }
    return changed
  }
}
