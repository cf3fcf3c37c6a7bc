/** The statements of all reads. */
import type { DatabaseSync } from 'node:sqlite'
import { ELEMENT_COLUMNS } from './checksums.ts'
import { SUBMODEL } from './schema.ts'

export type ReadStatements = ReturnType<typeof prepare>

/** Runs several statements on one state of the database. */
export function readSnapshot<Result>(sql: ReadStatements, read: () => Result): Result {
  sql.begin.run()
  try {
    return read()
  } finally {
    sql.end.run()
  }
}

export function prepare(db: DatabaseSync) {
  // The index covers the aggregates, so the bytes are not read.
  const series = (selection: string) =>
    db.prepare(
      `SELECT submodel, path, sum(count) AS count, count(*) AS chunks, sum(size) AS bytes,
         min(start) AS start, max(finish) AS finish
       FROM (${selection}) JOIN chunk INDEXED BY chunk_figures ON series = id GROUP BY id ORDER BY submodel, path`
    )
  const head = 'position, kind, id, revision, structure, valued, has_blob, d.crc'
  // Read from the table via its primary key, so that an index that leads to the wrong row is detected.
  const byName = '(SELECT position FROM document WHERE kind = ? AND id = ?)'
  const sql = {
    begin: db.prepare('BEGIN'),
    end: db.prepare('COMMIT'),
    document: db.prepare(
      `SELECT ${head}, bytes, facets, b.crc AS body_crc
       FROM document d LEFT JOIN body b USING (position) WHERE position = ${byName}`
    ),
    headOf: db.prepare(`SELECT position, kind, id, revision, structure FROM document WHERE position = ${byName}`),
    head: db.prepare(`SELECT ${head} FROM document d WHERE position = ?`),
    body: db.prepare('SELECT position, bytes, facets, crc AS body_crc FROM body WHERE position = ?'),
    written: db.prepare(`SELECT ${ELEMENT_COLUMNS} FROM element WHERE document = ? AND revision > ?`),
    writtenAfter: db.prepare(
      `SELECT ${ELEMENT_COLUMNS} FROM element WHERE document = ? AND revision > ? AND path > ? ORDER BY path LIMIT ?`
    ),
    positions: db.prepare('SELECT position FROM document WHERE kind = ? AND position > ? ORDER BY position LIMIT ?'),
    seek: db.prepare(
      'SELECT position FROM facet WHERE kind = ? AND name = ? AND value = ? AND position >= ? ORDER BY position LIMIT 1'
    ),
    seekKey: db.prepare(
      `SELECT document AS position FROM element INDEXED BY element_by_key
       WHERE tail = ? AND key = ? AND document >= ? ORDER BY document LIMIT 1`
    ),
    keysOf: db.prepare(
      `SELECT path, revision FROM element INDEXED BY element_by_key WHERE tail = ? AND key = ? AND document = ?`
    ),
    seekSemanticId: db.prepare(
      `SELECT document AS position FROM element INDEXED BY element_by_semantic_id
       WHERE semantic_id = ? AND document >= ? ORDER BY document LIMIT 1`
    ),
    // SQLite sorts numbers before texts.
    range: db.prepare(
      `SELECT key, document FROM element INDEXED BY element_by_key
       WHERE tail = ? AND (key, document) > (?, ?) AND key <= ? ORDER BY key, document LIMIT ?`
    ),
    element: db.prepare(
      `SELECT e.*, d.id AS owner FROM document d JOIN element e ON e.document = d.position AND e.path = ?
       WHERE d.position = (SELECT position FROM document WHERE kind = ${SUBMODEL} AND id = ?)`
    ),
    log: db.prepare('SELECT * FROM log WHERE seq > ? ORDER BY seq LIMIT ?'),
    // The row that the entry would be in.
    entry: db.prepare('SELECT * FROM log WHERE seq >= ? ORDER BY seq LIMIT 1'),
    logFirst: db.prepare('SELECT coalesce(first, seq) AS seq FROM log ORDER BY log.seq LIMIT 1'),
    cursor: db.prepare('SELECT seq FROM follower WHERE name = ?'),
    file: db.prepare('SELECT * FROM file WHERE document = ? AND name = ?'),
    files: db.prepare('SELECT * FROM file WHERE document = ? ORDER BY name'),
    blob: db.prepare('SELECT parts FROM blob WHERE name = ?'),
    commitOfKey: db.prepare('SELECT seq FROM receipt WHERE key = ?'),
    epoch: db.prepare('SELECT name FROM epoch'),
    findSeries: db.prepare(
      `SELECT id, submodel, path, longest, crc FROM series
       WHERE id = (SELECT id FROM series WHERE submodel = ? AND path = ?)`
    ),
    // Covered by the index, so the bytes are not read.
    heads: db.prepare(
      `SELECT start, seq, finish, count FROM chunk INDEXED BY chunk_figures
       WHERE series = ? AND start >= ? AND start <= ? AND finish >= ? ORDER BY start, seq LIMIT ?`
    ),
    summaries: db.prepare(
      `SELECT c.series, c.start, c.seq, c.finish, c.count, c.size, figures, s.crc
       FROM chunk c INDEXED BY chunk_figures LEFT JOIN chunk_summary s USING (series, start, seq)
       WHERE c.series = ? AND c.start >= ? AND c.start <= ? AND c.finish >= ? ORDER BY c.start, c.seq LIMIT ?`
    ),
    chunk: db.prepare('SELECT * FROM chunk WHERE series = ? AND start = ? AND seq = ? AND finish = ? AND count = ?'),
    isListed: db.prepare(
      `SELECT 1 FROM chunk INDEXED BY chunk_figures
       WHERE series = ? AND start = ? AND seq = ? AND finish = ? AND count = ?`
    ),
    seriesOf: series('SELECT id, submodel, path FROM series WHERE submodel = ? AND path = ?'),
    series: series(
      `SELECT id, submodel, path FROM series
       WHERE submodel >= ? AND (submodel, path) > (?, ?) AND EXISTS (SELECT 1 FROM chunk WHERE series = id)
       ORDER BY submodel, path LIMIT ?`
    ),
    counters: db.prepare('SELECT name, value FROM counter')
  }
  // There may be tens of thousands in one search.
  sql.range.setReturnArrays(true)
  // Source times need all 64 bits.
  sql.element.setReadBigInts(true)
  sql.written.setReadBigInts(true)
  sql.writtenAfter.setReadBigInts(true)
  // There may be as many as a submodel has elements, and objects take SQLite twice as long.
  sql.written.setReturnArrays(true)
  sql.writtenAfter.setReturnArrays(true)
  sql.findSeries.setReadBigInts(true)
  sql.heads.setReadBigInts(true)
  sql.summaries.setReadBigInts(true)
  // There may be tens of thousands in one request.
  sql.summaries.setReturnArrays(true)
  sql.chunk.setReadBigInts(true)
  sql.series.setReadBigInts(true)
  sql.seriesOf.setReadBigInts(true)
  return sql
}
