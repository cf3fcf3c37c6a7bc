/**
 * The values at the end of the log that are not in their rows yet. A value write is durable with its entry in the log. Its
 * row, the search key in that and the revision of the document follow in batches (row-checkpoints.ts), so that what changes
 * often is written once. What a crash left is read from the log again (recover.ts). Runs in the writer.
 *
 * Rows are written as they are now, which may be later than the entries that are to be checkpointed: reading an entry again
 * changes no row that is newer.
 */
import { type Quality, qualities } from '../../model/samples.ts'
import { searchKey } from '../element-rows.ts'
import type { ChangeStatements } from './changes-sql.ts'
import { documentChecksum, elementChecksum } from './checksums.ts'
import { SUBMODEL } from './schema.ts'

/** Approximate size of a row, without its text. */
const ROW_OVERHEAD_BYTES = 400

/** A value as the log has it. */
export interface LoggedValue {
  readonly submodel: string
  readonly path: string
  readonly value: string
  readonly sourceTime: bigint
  readonly quality: Quality | undefined
  readonly seq: number
}

/** The row of an element with its current value. */
export interface ElementState {
  readonly modelType: string
  /** Its incarnation. */
  readonly stamp: number
  readonly valueType: string | null
  readonly semanticId: string | null
  readonly value: string
  readonly revision: number
  readonly sourceTime: bigint | null
  /** Index in the list of model/samples.ts. */
  readonly quality: number | null
}

/** A submodel, with those of its rows that are newer than stored. */
export interface TailSubmodel {
  readonly id: string
  readonly position: number
  readonly structure: number
  revision: number
  hasBlob: number
  readonly rows: Map<string, ElementState>
}

export class Tail {
  readonly #sql: ChangeStatements
  readonly #submodels = new Map<string, TailSubmodel>()
  /** What reverts the changes since `keep`, in order. */
  #undo: (() => void)[] = []
  #bytes = 0

  constructor(sql: ChangeStatements) {
    this.#sql = sql
  }

  get isEmpty(): boolean {
    return this.#submodels.size === 0
  }

  /** Approximate. */
  get bytes(): number {
    return this.#bytes
  }

  get(id: string): TailSubmodel | undefined {
    return this.#submodels.get(id)
  }

  /** All values, as they were logged last. */
  values(): LoggedValue[] {
    return [...this.#submodels.values()].flatMap(({ id: submodel, rows }) =>
      [...rows].map(([path, { value, sourceTime, quality, revision: seq }]) => ({
        ...{ submodel, path, value, seq, sourceTime: sourceTime ?? 0n },
        quality: quality === null ? undefined : qualities[quality]
      }))
    )
  }

  /** In the order of their rows on disk. */
  inOrder(): TailSubmodel[] {
    return [...this.#submodels.values()].sort((one, other) => one.position - other.position)
  }

  /** Sets the current value of an element. */
  put(submodel: TailSubmodel, path: string, row: ElementState): void {
    const { id, rows, revision, hasBlob } = submodel
    const before = rows.get(path)
    const isNew = this.#submodels.get(id) !== submodel
    const bytes = sizeOf(path, row) - (before === undefined ? 0 : sizeOf(path, before))
    this.#undo.push(() => {
      if (before === undefined) rows.delete(path)
      else rows.set(path, before)
      submodel.revision = revision
      submodel.hasBlob = hasBlob
      this.#bytes -= bytes
      if (isNew) this.#submodels.delete(id)
    })
    rows.set(path, row)
    submodel.revision = Math.max(revision, row.revision)
    // Whether the Blob got or lost its value, the next read determines.
    if (row.modelType === 'Blob') submodel.hasBlob = 1
    this.#bytes += bytes
    if (isNew) this.#submodels.set(id, submodel)
  }

  /** Writes the rows of a submodel; call before it is changed otherwise. */
  write(id: string): void {
    const submodel = this.#submodels.get(id)
    if (submodel !== undefined) this.writeSome(submodel, Number.POSITIVE_INFINITY)
  }

  writeAll(): void {
    for (const submodel of this.inOrder()) this.writeSome(submodel, Number.POSITIVE_INFINITY)
  }

  /** Writes at most `limit` rows of a submodel. @returns how many; none if they were written before */
  writeSome(submodel: TailSubmodel, limit: number): number {
    const { id, rows, position, structure, revision, hasBlob } = submodel
    if (this.#submodels.get(id) !== submodel) return 0
    const written: (readonly [path: string, row: ElementState])[] = []
    for (const [path, row] of rows) {
      if (written.length >= limit) break
      this.#writeRow(position, path, row)
      written.push([path, row])
    }
    const crc = documentChecksum({ position, kind: SUBMODEL, id, revision, structure, valued: 1, hasBlob })
    this.#sql.touchDocument.run(revision, 1, hasBlob, crc, position)
    const bytes = written.reduce((sum, [path, row]) => sum + sizeOf(path, row), 0)
    this.#undo.push(() => {
      for (const [path, row] of written) rows.set(path, row)
      this.#bytes += bytes
      this.#submodels.set(id, submodel)
    })
    for (const [path] of written) rows.delete(path)
    this.#bytes -= bytes
    if (rows.size === 0) this.#submodels.delete(id)
    return written.length
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

  #writeRow(document: number, path: string, row: ElementState): void {
    const { modelType, value, revision, sourceTime, quality } = row
    const crc = elementChecksum({ document, path, ...row })
    this.#sql.writeElement.run(value, searchKey(modelType, value), revision, sourceTime, quality, crc, document, path)
  }
}

function sizeOf(path: string, { value }: ElementState): number {
  return ROW_OVERHEAD_BYTES + 2 * (path.length + value.length)
}
