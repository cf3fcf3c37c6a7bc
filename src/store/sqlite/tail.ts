/**
 * The values at the end of the log that are not in their rows yet. A value write is durable with its entry in the log. Its
 * row, the search key in that and the revision of the document follow in batches (row-checkpoints.ts), so that what changes
 * often is written once. What a crash left is read from the log again (recover.ts). Runs in the writer.
 *
 * Rows are written as they are now, which may be later than the entries that are to be checkpointed: reading an entry again
 * changes no row that is newer.
 */
import { qualities } from '../../model/samples.ts'
import { ChangeRefused } from '../change-rules.ts'
import { searchKey } from '../element-rows.ts'
import { SmallMap } from '../small-map.ts'
import type { ChangeStatements } from './changes-sql.ts'
import { documentChecksum, elementChecksum, isSound } from './checksums.ts'
import { SUBMODEL } from './schema.ts'
import { isOfPage, type SetAside, UnwritableRows } from './set-aside.ts'
import { damagedRecord, unwritableRows } from './storage-errors.ts'
import { type ElementState, type LoggedValue, sizeOf } from './tail-rows.ts'

/** Columns of `findSubmodel`, as an array: objects take SQLite twice as long. */
type SubmodelTuple = readonly [
  position: number,
  revision: number,
  structure: number,
  valued: number,
  hasBlob: number,
  crc: number | null
]

/** A submodel, with those of its rows that are newer than stored. */
export interface TailSubmodel {
  readonly id: string
  readonly position: number
  readonly structure: number
  revision: number
  hasBlob: number
  readonly rows: SmallMap<ElementState>
}

export class Tail {
  readonly #sql: ChangeStatements
  readonly #aside: SetAside
  readonly #submodels = new Map<string, TailSubmodel>()
  /** What reverts the changes since `keep`, in order. */
  #undo: (() => void)[] = []
  #bytes = 0
  #size = 0

  constructor(sql: ChangeStatements, aside: SetAside) {
    this.#sql = sql
    this.#aside = aside
  }

  /** Are all values where a start finds them without the log? */
  get isEmpty(): boolean {
    return this.#submodels.size === 0
  }

  /** Number of rows. */
  get size(): number {
    return this.#size
  }

  /** Approximate. */
  get bytes(): number {
    return this.#bytes
  }

  get(id: string): TailSubmodel | undefined {
    return this.#submodels.get(id)
  }

  /** To put values of it; undefined if there is no such submodel. @throws ChangeRefused `Damaged` */
  open(id: string): TailSubmodel | undefined {
    return this.#submodels.get(id) ?? this.#read(id)
  }

  /** The newest row of an element, if it is not the stored one. */
  row(submodel: TailSubmodel, path: string): ElementState | undefined {
    return submodel.rows.get(path) ?? this.#aside.rowsOf(submodel.id).get(path)
  }

  /** The revision of a submodel as of its values that are not in their rows; 0 if there are none. */
  revisionOf(id: string): number {
    return Math.max(this.#submodels.get(id)?.revision ?? 0, this.#aside.revisionOf(id))
  }

  /** All values, as they were logged last. */
  values(): LoggedValue[] {
    const rows = (id: string, rows: Iterable<readonly [path: string, row: ElementState]>) =>
      [...rows].map(([path, row]) => loggedValue(id, path, row))
    return [
      ...this.#aside.ids.flatMap((id) => rows(id, this.#aside.rowsOf(id))),
      ...[...this.#submodels.values()].flatMap((submodel) => rows(submodel.id, submodel.rows))
    ]
  }

  /** In the order of their rows on disk. */
  inOrder(): TailSubmodel[] {
    return [...this.#submodels.values()].sort((one, other) => one.position - other.position)
  }

  /** Sets the current value of an element. @throws ChangeRefused `Damaged` if it can be kept nowhere */
  put(submodel: TailSubmodel, path: string, row: ElementState): void {
    const { id, rows, revision, hasBlob } = submodel
    if (this.#aside.isFullFor(id, path)) throw new ChangeRefused('Damaged', ...unwritableRows(id))
    const before = rows.get(path)
    const isNew = this.#submodels.get(id) !== submodel
    const bytes = sizeOf(path, row) - (before === undefined ? 0 : sizeOf(path, before))
    this.#undo.push(() => {
      if (before === undefined) rows.delete(path)
      else rows.set(path, before)
      submodel.revision = revision
      submodel.hasBlob = hasBlob
      this.#bytes -= bytes
      if (before === undefined) this.#size--
      if (isNew) this.#submodels.delete(id)
    })
    rows.set(path, row)
    if (before === undefined) this.#size++
    submodel.revision = Math.max(revision, row.revision)
    // Whether the Blob got or lost its value, the next read determines.
    if (row.modelType === 'Blob') submodel.hasBlob = 1
    this.#bytes += bytes
    if (isNew) this.#submodels.set(id, submodel)
  }

  /** Writes the rows of a submodel, also of one that is set aside; call before it is changed otherwise. */
  write(id: string): void {
    const kept = [...this.#aside.rowsOf(id)]
    if (this.#aside.has(id)) this.#undo.push(this.#aside.remove(id))
    const submodel = kept.length > 0 ? this.open(id) : this.#submodels.get(id)
    if (submodel === undefined) return
    for (const [path, row] of kept) if (!submodel.rows.has(path)) this.put(submodel, path, row)
    this.#writeWhole(submodel)
  }

  writeAll(): void {
    for (const submodel of this.inOrder()) this.#writeWhole(submodel)
  }

  /**
   * Writes at most `limit` rows of a submodel, or keeps them where it is set aside.
   * @returns how many; none if they were written before
   * @throws UnwritableRows
   */
  writeSome(submodel: TailSubmodel, limit: number): number {
    const { id, rows } = submodel
    if (this.#submodels.get(id) !== submodel) return 0
    const written: (readonly [path: string, row: ElementState])[] = []
    for (const entry of rows) {
      if (written.length >= limit) break
      written.push(entry)
    }
    if (this.#aside.has(id)) for (const [path, row] of written) this.#undo.push(this.#aside.put(id, path, row))
    else this.#writeRows(submodel, written)
    const bytes = written.reduce((sum, [path, row]) => sum + sizeOf(path, row), 0)
    this.#undo.push(() => {
      for (const [path, row] of written) rows.set(path, row)
      this.#bytes += bytes
      this.#size += written.length
      this.#submodels.set(id, submodel)
    })
    for (const [path] of written) rows.delete(path)
    this.#bytes -= bytes
    this.#size -= written.length
    if (rows.size === 0) this.#submodels.delete(id)
    return written.length
  }

  /** Keeps the values of a submodel beside its rows from now on. @returns false if there is no room for them */
  setAside(id: string): boolean {
    const submodel = this.#submodels.get(id)
    return submodel !== undefined && this.#aside.add(id, submodel.position, submodel.rows.size)
  }

  get setAsideIds(): readonly string[] {
    return this.#aside.ids
  }

  /** For `revert`. */
  mark(): number {
    return this.#undo.length
  }

  /** Reverts what was done since the mark; call where the database rolls that back. */
  revert(mark = 0): void {
    while (this.#undo.length > mark) this.#undo.pop()?.()
  }

  /** Call when the transaction is durable. */
  keep(): void {
    this.#undo = []
  }

  #writeWhole(submodel: TailSubmodel): void {
    try {
      this.writeSome(submodel, Number.POSITIVE_INFINITY)
    } catch (error) {
      throw error instanceof UnwritableRows ? error.cause : error
    }
  }

  #writeRows(submodel: TailSubmodel, rows: readonly (readonly [path: string, row: ElementState])[]): void {
    const { id, position, structure, revision, hasBlob } = submodel
    try {
      for (const [path, row] of rows) this.#writeRow(position, path, row)
      const crc = documentChecksum({ position, kind: SUBMODEL, id, revision, structure, valued: 1, hasBlob })
      this.#sql.touchDocument.run(revision, 1, hasBlob, crc, position)
    } catch (error) {
      throw isOfPage(error) ? new UnwritableRows(id, error) : error
    }
  }

  #writeRow(document: number, path: string, row: ElementState): void {
    const { modelType, value, revision, sourceTime, quality } = row
    const crc = elementChecksum({ document, path, ...row })
    this.#sql.writeElement.run(value, searchKey(modelType, value), revision, sourceTime, quality, crc, document, path)
  }

  #read(id: string): TailSubmodel | undefined {
    const columns = this.#sql.findSubmodel.get(id) as unknown as SubmodelTuple | undefined
    if (columns === undefined) return undefined
    const [position, revision, structure, valued, hasBlob, crc] = columns
    const expected = documentChecksum({ position, kind: SUBMODEL, id, revision, structure, valued, hasBlob })
    if (!isSound(crc, expected)) throw damagedRecord(`Submodel "${id}"`)
    return { id, position, structure, revision, hasBlob, rows: new SmallMap() }
  }
}

function loggedValue(submodel: string, path: string, row: ElementState): LoggedValue {
  const { value, sourceTime, quality, revision: seq } = row
  const named = quality === null ? undefined : qualities[quality]
  return { submodel, path, value, seq, sourceTime: sourceTime ?? 0n, quality: named }
}
