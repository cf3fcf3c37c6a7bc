/**
 * Submodels whose rows cannot be written, as a page that these need is damaged. Their current values are kept in a table of
 * their own instead, from which a start reads them: the log need not be kept for them, and all other submodels go on. Their
 * rows are tried again where the submodel is changed otherwise, and at every start. Runs in the writer.
 */
import type { DatabaseSync } from 'node:sqlite'
import { type ElementColumns, elementChecksum, elementColumns, isSoundRow } from './checksums.ts'
import { storageFailure } from './storage-errors.ts'
import { type ElementState, sizeOf } from './tail-rows.ts'

/** Bounds of what is kept, as it is in memory too; beyond them, values of these submodels are refused. */
const MAX_VALUES = 32_768
const MAX_BYTES = 16 * 1024 * 1024

/** Codes of SQLite: a sector that cannot be read, or not in full, and what a file system found damaged. */
const READ_ERRORS: ReadonlySet<number> = new Set([266, 522, 8202, 8458])

interface SetAsideSubmodel {
  readonly position: number
  revision: number
  readonly rows: Map<string, ElementState>
}

/** The rows of one submodel cannot be written. */
export class UnwritableRows extends Error {
  readonly submodel: string

  constructor(submodel: string, cause: unknown) {
    super(`The rows of Submodel "${submodel}" cannot be written`, { cause })
    this.submodel = submodel
  }
}

/** Is an error one of the pages that were used, so that others may do? */
export function isOfPage(error: unknown): boolean {
  return storageFailure(error)?.name === 'Damaged' || READ_ERRORS.has((error as { errcode?: number }).errcode ?? 0)
}

export class SetAside {
  readonly #sql
  readonly #submodels = new Map<string, SetAsideSubmodel>()
  #values = 0
  #bytes = 0

  constructor(db: DatabaseSync) {
    this.#sql = prepare(db)
  }

  has(id: string): boolean {
    return this.#submodels.has(id)
  }

  get ids(): readonly string[] {
    return [...this.#submodels.keys()]
  }

  /** The rows of a submodel that are newer than stored. */
  rowsOf(id: string): ReadonlyMap<string, ElementState> {
    return this.#submodels.get(id)?.rows ?? NO_ROWS
  }

  /** The revision of a submodel as of its values that are kept here; 0 if there are none. */
  revisionOf(id: string): number {
    return this.#submodels.get(id)?.revision ?? 0
  }

  /** From now on the values of this submodel are kept here. @returns false if they do not fit */
  add(id: string, position: number, values: number): boolean {
    if (this.has(id) || this.#values + values > MAX_VALUES || this.#bytes > MAX_BYTES) return false
    this.#submodels.set(id, { position, revision: 0, rows: new Map() })
    return true
  }

  /** Must a value of a submodel that is set aside be refused? */
  isFullFor(id: string, path: string): boolean {
    const submodel = this.#submodels.get(id)
    if (submodel === undefined) return false
    return this.#bytes > MAX_BYTES || (this.#values >= MAX_VALUES && !submodel.rows.has(path))
  }

  /** Keeps a value, in the transaction of the caller. @returns what reverts it in memory */
  put(id: string, path: string, row: ElementState): () => void {
    const submodel = this.#submodels.get(id) as SetAsideSubmodel
    const { position: document, revision, rows } = submodel
    const { modelType, valueType, semanticId, value, stamp, sourceTime, quality } = row
    const crc = elementChecksum({ document, path, ...row })
    this.#sql.put.run(
      ...[document, path, modelType, valueType, semanticId, value, stamp, row.revision, sourceTime, quality, crc]
    )
    const before = rows.get(path)
    this.#keep(submodel, path, row)
    return () => {
      submodel.revision = revision
      this.#forget(submodel, path)
      if (before !== undefined) this.#keep(submodel, path, before)
    }
  }

  /** Its rows are about to be written, in the transaction of the caller. @returns what reverts it in memory */
  remove(id: string): () => void {
    const submodel = this.#submodels.get(id)
    if (submodel === undefined) return () => {}
    const kept = [...submodel.rows]
    this.#sql.remove.run(submodel.position)
    for (const [path] of kept) this.#forget(submodel, path)
    this.#submodels.delete(id)
    return () => {
      this.#submodels.set(id, submodel)
      for (const [path, row] of kept) this.#keep(submodel, path, row)
    }
  }

  /** Reads what earlier processes left. @param onDamage called for each record that is damaged itself, and stays as it is */
  load(onDamage: (record: string) => void): void {
    try {
      for (const { document } of this.#sql.documents.all()) this.#loadOne(Number(document), onDamage)
    } catch (error) {
      if (!isOfPage(error)) throw error
      onDamage('The table of values that are set aside')
    }
  }

  #loadOne(position: number, onDamage: (record: string) => void): void {
    const id = this.#idOf(position)
    if (id === undefined) {
      onDamage(`Document ${position}`)
      return
    }
    const submodel = { position, revision: 0, rows: new Map<string, ElementState>() }
    this.#submodels.set(id, submodel)
    for (const row of this.#sql.rowsOf.all(position)) {
      const { path, ...columns } = elementColumns(row)
      if (isSoundRow.element(row)) this.#keep(submodel, path, stateOf(columns))
      else onDamage(`The value of the element "${path}" of Submodel "${id}"`)
    }
  }

  #idOf(position: number): string | undefined {
    try {
      const id = this.#sql.idOf.get(position)?.id
      return id === undefined ? undefined : String(id)
    } catch (error) {
      if (isOfPage(error)) return undefined
      throw error
    }
  }

  #keep(submodel: SetAsideSubmodel, path: string, row: ElementState): void {
    this.#forget(submodel, path)
    submodel.rows.set(path, row)
    submodel.revision = Math.max(submodel.revision, row.revision)
    this.#values++
    this.#bytes += sizeOf(path, row)
  }

  #forget({ rows }: SetAsideSubmodel, path: string): void {
    const row = rows.get(path)
    if (row === undefined) return
    rows.delete(path)
    this.#values--
    this.#bytes -= sizeOf(path, row)
  }
}

function stateOf({ stamp, revision, sourceTime, quality, ...columns }: Omit<ElementColumns, 'path'>): ElementState {
  const { modelType, value, valueType = null, semanticId = null } = columns
  const times = { stamp: Number(stamp), revision: Number(revision), sourceTime: sourceTime as bigint | null }
  return { modelType, value, valueType, semanticId, ...times, quality: quality === null ? null : Number(quality) }
}

const NO_ROWS: ReadonlyMap<string, ElementState> = new Map()

function prepare(db: DatabaseSync) {
  const sql = {
    put: db.prepare(
      `INSERT OR REPLACE INTO set_aside
         (document, path, model_type, value_type, semantic_id, value, stamp, revision, source_time, quality, crc)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
    ),
    remove: db.prepare('DELETE FROM set_aside WHERE document = ?'),
    documents: db.prepare('SELECT DISTINCT document FROM set_aside'),
    idOf: db.prepare('SELECT id FROM document WHERE position = ?'),
    rowsOf: db.prepare('SELECT * FROM set_aside WHERE document = ?')
  }
  // Source times need all 64 bits.
  sql.rowsOf.setReadBigInts(true)
  return sql
}
