/**
 * Cache of documents and element rows, bounded in bytes. Reads fill it; durable commits update or evict what they changed
 * before they are acknowledged, so it never returns less than was acknowledged. (It may return more: a read between the
 * writer's commit and its response sees the commit.)
 */
import type { ChangeOf } from '../change-rules.ts'
import { type DatedCommit, defaultSourceTime, isLate } from '../current-value.ts'
import type { Change, Document, DocumentKind, ElementRow } from '../store.ts'

interface CacheEntry {
  readonly documents: Map<DocumentKind, Document>
  readonly rows: Map<string, ElementRow>
  bytes: number
  /** Since `#shrink` last considered it. */
  isUsed: boolean
}

type ChangeOfNoDocument = ChangeOf<'idempotencyKey' | 'expect' | 'audit' | 'keep'>

/** Nothing of what a revision is kept of changes. */
function isOfNoDocument(change: Change): change is ChangeOfNoDocument {
  const { change: name } = change
  return name === 'idempotencyKey' || name === 'expect' || name === 'audit' || name === 'keep'
}

/** Approximate size of an entry and of a row, without their text. */
const ENTRY_OVERHEAD_BYTES = 300

export class DocumentCache {
  /**
   * By id, oldest first. Eviction gives an entry that was used a second chance (CLOCK), so reads need not reorder the
   * map, which would cost more than the rest of a read.
   */
  readonly #entries = new Map<string, CacheEntry>()
  readonly #maxBytes: number
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  document(kind: DocumentKind, id: string): Document | undefined {
    return this.#use(id)?.documents.get(kind)
  }

  element(submodel: string, path: string): ElementRow | undefined {
    return this.#use(submodel)?.rows.get(path)
  }

  putDocument(document: Document): void {
    const entry = this.#entryOf(document.id)
    const before = entry.documents.get(document.kind)
    entry.documents.set(document.kind, document)
    this.#grow(entry, document.bytes.length - (before?.bytes.length ?? 0))
  }

  putElement(submodel: string, row: ElementRow): void {
    const entry = this.#entryOf(submodel)
    const before = entry.rows.get(row.path)
    entry.rows.set(row.path, row)
    this.#grow(entry, rowBytes(row) - (before === undefined ? 0 : rowBytes(before)))
  }

  /** Applies a durable change: evicts what is outdated; a row whose value was written is updated instead. */
  apply(change: Change, commit: DatedCommit): void {
    if (isOfNoDocument(change)) return
    if (change.change !== 'value' && change.change !== 'samples') {
      this.evict(change)
      return
    }
    const entry = this.#entries.get(change.submodel)
    if (entry === undefined) return
    this.#dropDocument(entry, 'Submodel')
    const row = entry.rows.get(change.path)
    if (row === undefined) return
    const written = applyValue(row, change, commit)
    entry.rows.set(change.path, written)
    this.#grow(entry, rowBytes(written) - rowBytes(row))
  }

  /** Evicts what a change concerns. */
  evict(change: Change): void {
    if (isOfNoDocument(change)) return
    if ('submodel' in change) this.#drop(change.submodel)
    else if (change.kind === 'Submodel') this.#drop(change.id)
    else this.#dropDocument(this.#entries.get(change.id), change.kind)
  }

  #use(id: string): CacheEntry | undefined {
    const entry = this.#entries.get(id)
    if (entry !== undefined) entry.isUsed = true
    return entry
  }

  #entryOf(id: string): CacheEntry {
    const known = this.#use(id)
    if (known !== undefined) return known
    const bytes = ENTRY_OVERHEAD_BYTES + 2 * id.length
    const entry = { documents: new Map(), rows: new Map(), bytes, isUsed: true }
    this.#entries.set(id, entry)
    this.#bytes += bytes
    return entry
  }

  #grow(entry: CacheEntry, bytes: number): void {
    entry.bytes += bytes
    this.#bytes += bytes
    if (this.#bytes > this.#maxBytes) this.#shrink(this.#maxBytes)
  }

  /** Gives up half of what it may hold, where it holds more. */
  halve(): void {
    this.#shrink(this.#maxBytes / 2)
  }

  #shrink(bytes: number): void {
    for (const [id, oldest] of this.#entries) {
      if (this.#bytes <= bytes) return
      this.#entries.delete(id)
      if (oldest.isUsed) this.#entries.set(id, oldest)
      else this.#bytes -= oldest.bytes
      oldest.isUsed = false
    }
  }

  #dropDocument(entry: CacheEntry | undefined, kind: DocumentKind): void {
    const document = entry?.documents.get(kind)
    if (entry === undefined || document === undefined) return
    entry.documents.delete(kind)
    this.#grow(entry, -document.bytes.length)
  }

  #drop(id: string): void {
    this.#bytes -= this.#entries.get(id)?.bytes ?? 0
    this.#entries.delete(id)
  }
}

/** The row as the writer left it (value-changes.ts). */
function applyValue(row: ElementRow, change: ValueChange, commit: DatedCommit): ElementRow {
  // A row read between the writer's commit and its response may be newer already. One of this very commit must still be
  // updated: all changes of a commit pass here one after the other.
  if (row.revision > commit.seq) return row
  const sourceTime = change.change === 'samples' ? change.to : (change.sourceTime ?? defaultSourceTime(commit))
  const hasTime = change.change === 'samples' || change.sourceTime !== undefined
  if (hasTime && isLate(row.sourceTime, sourceTime, commit, change.timing)) return row
  return { ...row, value: change.value, revision: commit.seq, sourceTime, quality: change.quality }
}

type ValueChange = Extract<Change, { change: 'value' | 'samples' }>

function rowBytes(row: ElementRow): number {
  return ENTRY_OVERHEAD_BYTES + 2 * (row.value.length + row.path.length)
}
