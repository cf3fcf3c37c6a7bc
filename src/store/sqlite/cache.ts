/**
 * What was read last, up to a bound in bytes: documents, and element rows under their document. Reads fill it, durable
 * jobs take out what they changed before anybody hears of them; so it never gives less than was acknowledged. (It may
 * give more: a read between the writer's commit and its answer sees the commit.)
 */
import { momentOf } from '../log.ts'
import type { Change, Commit, Document, DocumentKind, ElementRow } from '../store.ts'

interface Entry {
  document?: Document
  readonly rows: Map<string, ElementRow>
  bytes: number
}

/** What an entry and a row take beside their text, roughly. */
const OVERHEAD = 300

export class Cache {
  /** By kind and id, least recently used first. */
  readonly #entries = new Map<string, Entry>()
  readonly #bound: number
  #bytes = 0

  constructor(bound: number) {
    this.#bound = bound
  }

  document(kind: DocumentKind, id: string): Document | undefined {
    return this.#use(keyOf(kind, id))?.document
  }

  element(submodel: string, path: string): ElementRow | undefined {
    return this.#use(keyOf('Submodel', submodel))?.rows.get(path)
  }

  keepDocument(document: Document): void {
    const key = keyOf(document.kind, document.id)
    const entry = this.#entries.get(key) ?? fresh()
    const grown = document.bytes.length - (entry.document?.bytes.length ?? 0)
    entry.document = document
    this.#put(key, entry, grown)
  }

  keepElement(submodel: string, row: ElementRow): void {
    const key = keyOf('Submodel', submodel)
    const entry = this.#entries.get(key) ?? fresh()
    const before = entry.rows.get(row.path)
    entry.rows.set(row.path, row)
    this.#put(key, entry, sizeOf(row) - (before === undefined ? 0 : sizeOf(before)))
  }

  /** Takes out what a durable change made old; a row that a value was written to is made new instead. */
  note(change: Change, commit: Commit): void {
    if (change.change === 'once') return
    if (change.change !== 'value' && change.change !== 'samples') {
      this.#drop(keyOf(change.kind, change.id))
      return
    }
    const key = keyOf('Submodel', change.submodel)
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    const row = entry.rows.get(change.path)
    let grown = -(entry.document?.bytes.length ?? 0)
    delete entry.document
    if (row !== undefined) {
      const written = writtenTo(row, change, commit)
      entry.rows.set(change.path, written)
      grown += sizeOf(written) - sizeOf(row)
    }
    this.#put(key, entry, grown)
  }

  #use(key: string): Entry | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry
  }

  /** Makes an entry, which has grown by so many bytes, the last to go, and lets others go where room is needed. */
  #put(key: string, entry: Entry, grown: number): void {
    const bytes = this.#entries.delete(key) ? grown : grown + OVERHEAD + 2 * key.length
    this.#entries.set(key, entry)
    entry.bytes += bytes
    this.#bytes += bytes
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#bound) return
      this.#drop(oldest)
    }
  }

  #drop(key: string): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0
    this.#entries.delete(key)
  }
}

/** The row as the writer left it: what it does with a late value, see changes.ts. */
function writtenTo(row: ElementRow, change: ValueChange, commit: Commit): ElementRow {
  // A row read between the writer's commit and its answer may be of a later commit already; and of this one, of which
  // all changes follow each other here.
  if (row.revision > commit.seq) return row
  const sourceTime = change.change === 'samples' ? change.to : (change.sourceTime ?? momentOf(commit))
  const names = change.change === 'samples' || change.sourceTime !== undefined
  if (names && row.sourceTime !== undefined && row.sourceTime > sourceTime) return row
  return { ...row, value: change.value, revision: commit.seq, sourceTime, quality: change.quality }
}

type ValueChange = Extract<Change, { change: 'value' | 'samples' }>

function fresh(): Entry {
  return { rows: new Map(), bytes: 0 }
}

function keyOf(kind: DocumentKind, id: string): string {
  return `${kind} ${id}`
}

function sizeOf(row: ElementRow): number {
  return OVERHEAD + 2 * (row.value.length + row.path.length)
}
