/**
 * Garbage collection of blobs that no document refers to. Runs in the writer.
 *
 * A file is removed in two steps: a sweep dooms the orphan durably, from when on it cannot be attached; the next sweep
 * unlinks the file and deletes its row. So a crash at any moment leaves neither an untracked file nor a document that
 * refers to a missing file.
 */
import { rmSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { fileMissing } from '../change-rules.ts'
import type { Counters } from './counters.ts'
import { lockSweep } from './lock.ts'
import { blobPath } from './paths.ts'
import type { ReceivedBlob } from './write-commands.ts'

/** Bound of one sweep, since it delays the commits behind it. */
const MAX_SWEPT = 1000

/** Value of the column `orphaned`. */
const DOOMED = 0

export class BlobTable {
  readonly #directory: string
  readonly #counters: Counters
  readonly #sql

  constructor(db: DatabaseSync, counters: Counters, directory: string) {
    this.#directory = directory
    this.#counters = counters
    this.#sql = {
      known: db.prepare('SELECT 1 FROM blob WHERE name = ?'),
      add: db.prepare('INSERT INTO blob (name, size, orphaned, parts) VALUES (?, ?, ?, ?)'),
      replaceParts: db.prepare('UPDATE blob SET parts = ? WHERE name = ?'),
      orphan: db.prepare(
        'UPDATE blob SET orphaned = ?2 WHERE name = ?1 AND NOT EXISTS (SELECT 1 FROM file WHERE file.blob = ?1)'
      ),
      adopt: db.prepare(`UPDATE blob SET orphaned = NULL WHERE name = ? AND orphaned IS NOT ${DOOMED}`),
      doomed: db.prepare(`SELECT name, size FROM blob WHERE orphaned = ${DOOMED} LIMIT ${MAX_SWEPT}`),
      remove: db.prepare('DELETE FROM blob WHERE name = ?'),
      doom: db.prepare(
        `UPDATE blob SET orphaned = ${DOOMED} WHERE name IN (
           SELECT name FROM blob WHERE orphaned > ${DOOMED} AND orphaned < ? ORDER BY orphaned LIMIT ${MAX_SWEPT})`
      )
    }
  }

  /** Tracks a blob before its file gets its final name; it is an orphan, unless a document refers to the same bytes. */
  receive({ blob, size, parts }: ReceivedBlob, time: number): void {
    if (this.#sql.known.get(blob) !== undefined) {
      this.#sql.replaceParts.run(parts, blob)
      this.release(blob, time)
      return
    }
    this.#sql.add.run(blob, size, time, parts)
    this.#counters.add('blobBytes', size)
  }

  /** Call when a document refers to the blob. */
  adopt(blob: string): void {
    if (this.#sql.adopt.run(blob).changes === 0) throw fileMissing(blob)
  }

  /** Call when a document no longer refers to the blob. */
  release(blob: string, time: number): void {
    this.#sql.orphan.run(blob, time)
  }

  /**
   * Removes doomed blobs, unless a backup is running, and dooms those orphaned before `before` (milliseconds). Only one
   * sweep per transaction. @returns how many blobs it processed
   */
  sweep(before: number): number {
    return this.#removeDoomed() + Number(this.#sql.doom.run(before).changes)
  }

  #removeDoomed(): number {
    const unlock = lockSweep(this.#directory, 'EXCLUSIVE')
    if (unlock === undefined) return 0
    try {
      const doomed = this.#sql.doomed.all()
      for (const { name, size } of doomed) {
        rmSync(blobPath(this.#directory, String(name)), { force: true })
        this.#sql.remove.run(name as string)
        this.#counters.add('blobBytes', -Number(size))
      }
      return doomed.length
    } finally {
      unlock()
    }
  }
}
