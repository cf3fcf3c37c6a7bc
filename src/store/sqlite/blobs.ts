/**
 * Which blobs are known, and which of them no document refers to any more. Runs in the writer.
 *
 * A file is removed in two steps: a sweep dooms the orphan, durably, and from then on nobody can attach it; the next
 * sweep unlinks it and forgets it. So a crash at any moment leaves neither a file that nothing knows nor a document
 * that refers to a file that is gone.
 */
import { rmSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { ChangeRefused } from '../change-rules.ts'
import type { Counters } from './counters.ts'
import { lockSweep } from './lock.ts'
import { blobPath } from './paths.ts'
import type { ReceivedBlob } from './write-commands.ts'

/** So many blobs at most in one sweep: it holds up the commits behind it. */
const MAX_SWEPT = 1000

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

  /** Makes a blob known whose file is about to get its final name; an orphan, unless a document has the same bytes. */
  receive({ blob, size, parts }: ReceivedBlob, time: number): void {
    if (this.#sql.known.get(blob) !== undefined) {
      this.#sql.replaceParts.run(parts, blob)
      this.release(blob, time)
      return
    }
    this.#sql.add.run(blob, size, time, parts)
    this.#counters.add('blobBytes', size)
  }

  /** A document refers to the blob from now on. */
  adopt(blob: string): void {
    if (this.#sql.adopt.run(blob).changes === 0) throw new ChangeRefused('NotFound', 'The stored file', blob)
  }

  /** A document no longer refers to the blob; perhaps none does. */
  release(blob: string, time: number): void {
    this.#sql.orphan.run(blob, time)
  }

  /**
   * Removes what is doomed, unless a backup runs, and dooms what has been an orphan since before `before` (ms).
   * Answers how many blobs it dealt with. Only one sweep in a transaction.
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
