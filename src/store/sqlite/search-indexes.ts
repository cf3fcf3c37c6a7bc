/** The search indexes of elements follow from their rows, so that a damaged page of one costs no data. */
import type { DatabaseSync } from 'node:sqlite'

/**
 * Makes them again, in the transaction of the caller. It takes seconds where there are millions of elements. Pages of the
 * old ones stay in the file, unused.
 * @throws the error of the storage, where the rows themselves cannot be read
 */
export function rebuildSearchIndexes(db: DatabaseSync): void {
  const indexes = db
    .prepare(`SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'element' AND sql IS NOT NULL`)
    .all()
  forget(
    db,
    indexes.map(({ name }) => String(name))
  )
  for (const { sql } of indexes) db.exec(String(sql))
}

/** Removes them from the schema alone: DROP INDEX reads all pages, which fails where one is damaged. */
function forget(db: DatabaseSync, names: readonly string[]): void {
  db.enableDefensive(false)
  try {
    db.exec('PRAGMA writable_schema = ON')
    const remove = db.prepare(`DELETE FROM sqlite_schema WHERE type = 'index' AND name = ?`)
    for (const name of names) remove.run(name)
  } finally {
    db.exec('PRAGMA writable_schema = RESET')
    db.enableDefensive(true)
  }
}
