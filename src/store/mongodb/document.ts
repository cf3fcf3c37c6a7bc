/**
 * A document in memory: its JSON as of its last structural change, and the values written to its elements since. The
 * rows of its elements are derived from both on demand.
 */
import type { Submodel, SubmodelElement } from '../../model/types.ts'
import { structureSourceTime } from '../current-value.ts'
import { type DerivedElementRow, deriveElementRows, hasBlobValue } from '../element-rows.ts'
import { joinValues } from '../join-values.ts'
import type { Document, DocumentKind, ElementRow, Facet, FileEntry, Quality } from '../store.ts'
import { searchKeysOf } from './search-keys.ts'

/** The small part, which every change replaces. */
export interface HeadState {
  readonly kind: DocumentKind
  readonly id: string
  readonly position: number
  readonly revision: number
  readonly structureRevision: number
  /** Source time of values that came with that structure; absent if an earlier release wrote it. */
  readonly structureTime: bigint | undefined
  readonly hasBlob: boolean
  readonly facets: readonly Facet[]
  readonly files: ReadonlyMap<string, FileEntry>
}

/** What was written to an element since the last structural change. */
export interface ElementOverride {
  /** Value members as JSON; undefined if they are those of the body. */
  readonly value: string | undefined
  readonly incarnation: number
  readonly revision: number
  readonly sourceTime: bigint | undefined
  readonly quality: Quality | undefined
}

export type ElementRows = ReadonlyMap<string, ElementRow>

/** Approximate bytes in memory of a document, of each of its rows and overrides, and of a search key. */
const ROW_BYTES = 300
const SEARCH_KEY_BYTES = 100

/** A body may keep this much of a larger buffer in memory: Node allocates small buffers within larger ones. */
const SPARE_BYTES = 64 * 1024

const NO_OVERRIDES: ReadonlyMap<string, ElementOverride> = new Map()

export class DocumentState {
  head: HeadState
  readonly body: Buffer
  /** Absent while empty, as an empty map takes more memory than a small document. */
  #overrides: Map<string, ElementOverride> | undefined
  #rows: Map<string, ElementRow> | undefined
  #joined: { readonly bytes: Buffer; readonly hasBlob: boolean } | undefined
  #searchKeys: readonly string[] | undefined

  constructor(head: HeadState, body: Buffer, overrides?: Map<string, ElementOverride>, rows?: Map<string, ElementRow>) {
    this.head = head
    // A slice of a larger buffer would keep all of that in memory.
    this.body = body.buffer.byteLength > 2 * body.length + SPARE_BYTES ? Buffer.from(body) : body
    this.#overrides = overrides?.size === 0 ? undefined : overrides
    this.#rows = rows
  }

  /** By idShortPath. */
  get overrides(): ReadonlyMap<string, ElementOverride> {
    return this.#overrides ?? NO_OVERRIDES
  }

  /** Approximate. */
  get memoryBytes(): number {
    const rows = 2 + (this.#rows?.size ?? 0) + this.overrides.size
    const searchKeys = this.#searchKeys?.length ?? 0
    return this.body.length + (this.#joined?.bytes.length ?? 0) + rows * ROW_BYTES + searchKeys * SEARCH_KEY_BYTES
  }

  /** By idShortPath; empty if this is no submodel. Of two elements with the same path, the path leads to the first. */
  rows(): ElementRows {
    this.#rows ??= this.head.kind === 'Submodel' ? derive(this.body, this.head, this.overrides) : new Map()
    return this.#rows
  }

  setRow(row: ElementRow): void {
    const { value, incarnation, revision, sourceTime, quality } = row
    this.rows()
    this.#rows?.set(row.path, row)
    this.#overrides ??= new Map()
    this.#overrides.set(row.path, { value, incarnation, revision, sourceTime, quality })
    this.#joined = undefined
    this.#searchKeys = undefined
  }

  document(): Document {
    const { kind, id, position, revision, structureRevision } = this.head
    const { bytes, hasBlob } = this.#join()
    return { kind, id, position, revision, structureRevision, bytes, hasBlob }
  }

  searchKeys(): readonly string[] {
    this.#searchKeys ??= searchKeysOf(this.rows().values())
    return this.#searchKeys
  }

  #join() {
    if (this.#joined !== undefined) return this.#joined
    const values = new Map<string, string>()
    for (const [path, { value }] of this.overrides) if (value !== undefined) values.set(path, value)
    if (values.size === 0) return { bytes: this.body, hasBlob: this.head.hasBlob }
    const submodel = JSON.parse(this.body.toString()) as Submodel
    joinValues(submodel, values)
    const bytes = Buffer.from(JSON.stringify(submodel))
    this.#joined = { bytes, hasBlob: this.head.hasBlob && hasBlobValue(submodel) }
    return this.#joined
  }
}

/** The rows of a submodel before any value is written to it. */
export function newElementRows(submodel: Submodel, seq: number, moment: bigint | undefined): Map<string, ElementRow> {
  const rows = new Map<string, ElementRow>()
  for (const derived of deriveElementRows(submodel)) {
    if (!rows.has(derived.path)) rows.set(derived.path, newElementRow(derived, seq, moment))
  }
  return rows
}

export function newElementRow(derived: DerivedElementRow, seq: number, moment: bigint | undefined): ElementRow {
  const { path, modelType, valueType, semanticId, value } = derived
  return {
    path,
    modelType: modelType as SubmodelElement['modelType'],
    valueType,
    semanticId,
    value,
    incarnation: seq,
    revision: seq,
    sourceTime: structureSourceTime(value, moment),
    quality: undefined
  }
}

function derive(
  body: Buffer,
  head: HeadState,
  overrides: ReadonlyMap<string, ElementOverride>
): Map<string, ElementRow> {
  const rows = newElementRows(JSON.parse(body.toString()) as Submodel, head.structureRevision, head.structureTime)
  for (const [path, { value, ...rest }] of overrides) {
    const row = rows.get(path)
    if (row !== undefined) rows.set(path, { ...row, ...rest, value: value ?? row.value })
  }
  return rows
}

/** How often more, or less, a blob is referred to. */
export function referenceChanges(before: HeadState['files'], after: HeadState['files']): [blob: string, by: number][] {
  const counts = new Map<string, number>()
  for (const { blob } of before.values()) counts.set(blob, (counts.get(blob) ?? 0) - 1)
  for (const { blob } of after.values()) counts.set(blob, (counts.get(blob) ?? 0) + 1)
  return [...counts].filter(([, by]) => by !== 0)
}
