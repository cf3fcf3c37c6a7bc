/** Element rows under structural changes of their submodel. Runs in the writer. */
import type { Submodel } from '../../model/types.ts'
import { type ChangeOf, guardValues, isTouched, keepsRow, restoreValue } from '../change-rules.ts'
import { type DatedCommit, defaultSourceTime, structureSourceTime } from '../current-value.ts'
import { type DerivedElementRow, deriveElementRows, pathTail, searchKey } from '../element-rows.ts'
import type { ChangeStatements } from './changes-sql.ts'
import { elementChecksum, elementColumns, isSoundRow } from './checksums.ts'
import type { Counters } from './counters.ts'
import type { StoredRow } from './schema.ts'
import { damagedRecord } from './storage-errors.ts'

export class ElementRows {
  readonly #sql: ChangeStatements
  readonly #counters: Counters

  constructor(sql: ChangeStatements, counters: Counters) {
    this.#sql = sql
    this.#counters = counters
  }

  add(document: number, submodel: Submodel, commit: DatedCommit): void {
    const commitTime = defaultSourceTime(commit)
    for (const row of deriveElementRows(submodel)) this.#addOne(document, row, commit.seq, commitTime)
  }

  replace(document: number, submodel: Submodel, commit: DatedCommit): void {
    this.removeAll(document)
    this.add(document, submodel, commit)
  }

  /**
   * Updates the rows to the new structure within the touched subtrees. Elements elsewhere keep their rows, with values
   * written in the meantime, which are set in `submodel`; those of damaged rows are not known.
   * @param structure revision of the structure before
   * @returns whether any value was set in `submodel`, and whether there are rows that readers of it need
   */
  replaceTouched(
    { position: document, structure }: { readonly position: number; readonly structure: number },
    submodel: Submodel,
    touched: readonly string[],
    commit: DatedCommit
  ): { readonly isRestored: boolean; readonly isValued: boolean } {
    const roots = new Set(touched)
    const commitTime = defaultSourceTime(commit)
    const stored = new Map(this.#sql.elementsOf.all(document).map((row) => [String(row.path), row]))
    let [isRestored, isValued] = [false, false]
    for (const row of deriveElementRows(submodel)) {
      const before = stored.get(row.path)
      stored.delete(row.path)
      // Before its kind is compared: what looks like another kind of element may be damage.
      if (before !== undefined && !isTouched(row.path, roots) && !isSoundRow.element(before)) {
        if (this.#keepDamaged(before, structure)) isValued = true
        continue
      }
      const kept = before && { modelType: before.model_type, valueType: before.value_type }
      if (before === undefined || !keepsRow(row, kept, roots)) {
        if (before !== undefined) this.#removeOne(document, row.path)
        this.#addOne(document, row, commit.seq, commitTime)
        continue
      }
      if (restoreValue(row, { value: String(before.value) })) isRestored = true
      const semanticId = row.semanticId ?? null
      if (before.semantic_id !== semanticId) {
        const crc = elementChecksum({ ...elementColumns(before), semanticId })
        this.#sql.renameElement.run(semanticId, crc, document, row.path)
      }
    }
    for (const [path, row] of stored) {
      // Of which element it is, is not known if its path is damaged.
      if (!isTouched(path, roots) && !isSoundRow.element(row)) throw damagedRecord(`The element "${path}"`)
      this.#removeOne(document, path)
    }
    return { isRestored, isValued }
  }

  removeAll(document: number): void {
    this.#counters.add('elements', -Number(this.#sql.removeElements.run(document).changes))
  }

  /** Refuses a replacement that would revert a value written after `asOf`. */
  guardValues(document: number, change: ChangeOf<'replace'>, asOf: number): void {
    const written = this.#sql.writtenSince.all(document, asOf)
    guardValues(
      change,
      written.map(({ path }) => String(path))
    )
  }

  #addOne(document: number, row: DerivedElementRow, seq: number, commitTime: bigint): void {
    const { path, modelType, valueType = null, semanticId = null, value } = row
    const key = searchKey(modelType, value)
    const sourceTime = structureSourceTime(value, commitTime) ?? null
    const columns = { document, path, modelType, valueType, semanticId, value, stamp: seq, revision: seq }
    const crc = elementChecksum({ ...columns, sourceTime, quality: null })
    const { changes } = this.#sql.addElement.run(
      ...[document, path, modelType, valueType, semanticId, value, seq, seq, sourceTime, pathTail(path), key, crc]
    )
    this.#counters.add('elements', Number(changes))
  }

  /**
   * Readers of the submodel must meet a damaged row as before, though its structure is newer now.
   * @returns false if its value was that of the structure, so that they did not
   */
  #keepDamaged(row: StoredRow, structure: number): boolean {
    if (Number(row.revision) <= structure) return false
    const columns = { ...elementColumns(row), revision: NEWER_THAN_ANY }
    // Never the right one, which would hide the damage.
    const crc = (elementChecksum(columns) ^ 1) >>> 0
    this.#sql.keepDamaged.run(NEWER_THAN_ANY, crc, columns.document, columns.path)
    return true
  }

  #removeOne(document: number, path: string): void {
    this.#sql.removeElement.run(document, path)
    this.#counters.add('elements', -1)
  }
}

/** A revision that no structure has. */
const NEWER_THAN_ANY = Number.MAX_SAFE_INTEGER
