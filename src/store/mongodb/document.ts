/**
 * A document in memory: its body as it was last written, and what was written to its elements since. The rows of the
 * elements are derived from both when somebody asks for one.
 */
import type { Submodel, SubmodelElement } from '../../model/types.ts'
import { structureSourceTime } from '../current-value.ts'
import {
  type DerivedElementRow,
  deriveElementRows,
  hasBlobValue,
  pathTail,
  SEVERAL_VALUES,
  searchKey,
  textSearchKey
} from '../element-rows.ts'
import { joinValues } from '../join-values.ts'
import type { Document, DocumentKind, ElementCondition, ElementRow, Facet, FileEntry, Quality } from '../store.ts'

/** The small part: what every change replaces. */
export interface Head {
  readonly kind: DocumentKind
  readonly id: string
  readonly position: number
  readonly revision: number
  readonly structureRevision: number
  /** Source time of values that came with that structure; absent where an earlier release wrote it. */
  readonly structureTime: bigint | undefined
  readonly hasBlob: boolean
  readonly facets: readonly Facet[]
  readonly files: ReadonlyMap<string, FileEntry>
}

/** What a row has that its body does not tell. */
export interface Written {
  /** Value members as JSON; undefined where they are those of the body. */
  readonly value: string | undefined
  readonly incarnation: number
  readonly revision: number
  readonly sourceTime: bigint | undefined
  readonly quality: Quality | undefined
}

export type Rows = ReadonlyMap<string, ElementRow>

/** What a document, and each of its rows and written values, takes beside its text, roughly. */
const DOCUMENT_OVERHEAD_BYTES = 300

/** Bytes beside a body in memory that are let be: Node keeps small buffers in larger ones. */
const SPARE_BYTES = 64 * 1024

/** What a key takes, roughly. */
const KEY_BYTES = 100

const NOTHING: ReadonlyMap<string, Written> = new Map()

/** A document whose elements are found by more than this many keys is found by any. */
const MAX_KEYS = 20_000

export class DocumentState {
  head: Head
  readonly body: Buffer
  /** Absent as long as there is nothing, as an empty map takes more than a small document. */
  #written: Map<string, Written> | undefined
  #rows: Map<string, ElementRow> | undefined
  #joined: { readonly bytes: Buffer; readonly hasBlob: boolean } | undefined
  #keys: readonly string[] | undefined

  constructor(head: Head, body: Buffer, written?: Map<string, Written>, rows?: Map<string, ElementRow>) {
    this.head = head
    // A part of something larger would keep all of that in memory.
    this.body = body.buffer.byteLength > 2 * body.length + SPARE_BYTES ? Buffer.from(body) : body
    this.#written = written?.size === 0 ? undefined : written
    this.#rows = rows
  }

  /** By idShortPath. */
  get written(): ReadonlyMap<string, Written> {
    return this.#written ?? NOTHING
  }

  /** Bytes that it takes, roughly. */
  get weight(): number {
    const rows = (this.#rows?.size ?? 0) * DOCUMENT_OVERHEAD_BYTES
    const joined = this.#joined?.bytes.length ?? 0
    const keys = (this.#keys?.length ?? 0) * KEY_BYTES
    return (
      2 * DOCUMENT_OVERHEAD_BYTES +
      this.body.length +
      rows +
      joined +
      keys +
      this.written.size * DOCUMENT_OVERHEAD_BYTES
    )
  }

  /** By idShortPath; empty for what is no submodel. Of two elements with the same path, the path leads to the first. */
  rows(): Rows {
    this.#rows ??= this.head.kind === 'Submodel' ? derive(this.body, this.head, this.written) : new Map()
    return this.#rows
  }

  write(row: ElementRow): void {
    const { value, incarnation, revision, sourceTime, quality } = row
    this.rows()
    this.#rows?.set(row.path, row)
    this.#written ??= new Map()
    this.#written.set(row.path, { value, incarnation, revision, sourceTime, quality })
    this.#joined = undefined
    this.#keys = undefined
  }

  document(): Document {
    const { kind, id, position, revision, structureRevision } = this.head
    const { bytes, hasBlob } = this.#whole()
    return { kind, id, position, revision, structureRevision, bytes, hasBlob }
  }

  /** What queries for elements find it by: see `wantedKeys`. */
  keys(): readonly string[] {
    this.#keys ??= keysOf(this.rows())
    return this.#keys
  }

  #whole() {
    if (this.#joined !== undefined) return this.#joined
    const values = new Map<string, string>()
    for (const [path, { value }] of this.written) if (value !== undefined) values.set(path, value)
    if (values.size === 0) return { bytes: this.body, hasBlob: this.head.hasBlob }
    const submodel = JSON.parse(this.body.toString()) as Submodel
    joinValues(submodel, values)
    const bytes = Buffer.from(JSON.stringify(submodel))
    this.#joined = { bytes, hasBlob: this.head.hasBlob && hasBlobValue(submodel) }
    return this.#joined
  }
}

/** The rows of a submodel that nobody has written to yet. */
export function freshRows(submodel: Submodel, seq: number, moment: bigint | undefined): Map<string, ElementRow> {
  const rows = new Map<string, ElementRow>()
  for (const derived of deriveElementRows(submodel)) {
    if (!rows.has(derived.path)) rows.set(derived.path, fresh(derived, seq, moment))
  }
  return rows
}

/** A row as its element was put here. */
export function fresh(derived: DerivedElementRow, seq: number, moment: bigint | undefined): ElementRow {
  const { path, modelType, valueType, semanticId, value } = derived
  const [incarnation, revision] = [seq, seq]
  return {
    path,
    modelType: modelType as SubmodelElement['modelType'],
    valueType,
    semanticId,
    value,
    incarnation,
    revision,
    sourceTime: structureSourceTime(value, moment),
    quality: undefined
  }
}

function derive(body: Buffer, head: Head, written: ReadonlyMap<string, Written>): Map<string, ElementRow> {
  const rows = freshRows(JSON.parse(body.toString()) as Submodel, head.structureRevision, head.structureTime)
  for (const [path, { value, ...rest }] of written) {
    const row = rows.get(path)
    if (row !== undefined) rows.set(path, { ...row, ...rest, value: value ?? row.value })
  }
  return rows
}

/** In the list of keys every text has its place by the kind of what it tells. */
const VALUE = 'v\u0000'
const MEANING = 's\u0000'
const ANY = '*'
const SEVERAL = '*'
const NUMBER = 'n'
const TEXT = 't'
/** Behind all numbers. */
const BEHIND = 'o'

function keysOf(rows: Rows): readonly string[] {
  const keys = new Set<string>()
  for (const { path, modelType, semanticId, value } of rows.values()) {
    if (semanticId !== undefined) keys.add(MEANING + semanticId)
    const key = searchKey(modelType, value)
    if (key !== null) keys.add(valueKey(pathTail(path), key))
    if (keys.size > MAX_KEYS) return [ANY]
  }
  return [...keys]
}

function valueKey(tail: string, key: string | number | Uint8Array): string {
  const start = `${VALUE}${tail}\u0000`
  if (typeof key === 'number') return start + NUMBER + sortable(key)
  return key instanceof Uint8Array ? start + SEVERAL : start + TEXT + key
}

/** Which keys a document must have one of, one list for each half of the conditions. */
export type Wanted =
  | { readonly among: readonly string[] }
  | { readonly from: string; readonly before: string; readonly or: readonly string[] }

export function wantedKeys({ path, semanticId, value }: ElementCondition): Wanted[] {
  const wanted: Wanted[] = []
  if (semanticId !== undefined) wanted.push({ among: [MEANING + semanticId, ANY] })
  if (path === undefined || value === undefined) return wanted
  const tail = pathTail(path)
  const or = [valueKey(tail, SEVERAL_VALUES), ANY]
  if (value.is === 'eq') {
    const key = typeof value.than === 'number' ? value.than : textSearchKey(value.than)
    return [...wanted, { among: [valueKey(tail, key), ...or] }]
  }
  const start = `${VALUE}${tail}\u0000`
  const at = start + NUMBER + sortable(value.than)
  // Texts of a fixed length: the next one is the text with anything behind it.
  const next = `${at}\u0000`
  switch (value.is) {
    case 'lt':
      return [...wanted, { from: start + NUMBER, before: at, or }]
    case 'le':
      return [...wanted, { from: start + NUMBER, before: next, or }]
    case 'gt':
      return [...wanted, { from: next, before: start + BEHIND, or }]
    case 'ge':
      return [...wanted, { from: at, before: start + BEHIND, or }]
  }
}

/** Would the keys be found? */
export function hasKeys(keys: readonly string[], wanted: readonly Wanted[]): boolean {
  return wanted.every((one) => {
    if ('among' in one) return keys.some((key) => one.among.includes(key))
    return keys.some((key) => (key >= one.from && key < one.before) || one.or.includes(key))
  })
}

const bits = new DataView(new ArrayBuffer(8))

/** A number as text, so that the order of texts is that of numbers. */
function sortable(number: number): string {
  // Zero has two signs, but is one number.
  bits.setFloat64(0, number === 0 ? 0 : number)
  const raw = bits.getBigUint64(0)
  const ordered = raw >> 63n === 0n ? raw | (1n << 63n) : ~raw & ((1n << 64n) - 1n)
  return ordered.toString(16).padStart(16, '0')
}
