/** The statements of all changes. */
import type { DatabaseSync } from 'node:sqlite'
import { SUBMODEL } from './schema.ts'

export type ChangeStatements = ReturnType<typeof prepare>

export function prepare(db: DatabaseSync) {
  const sql = {
    findDocument: db.prepare(
      `SELECT position, revision, structure, valued, has_blob AS hasBlob, kind, id FROM document
       WHERE position = (SELECT position FROM document WHERE kind = ? AND id = ?)`
    ),
    addDocument: db.prepare(
      `INSERT INTO document (position, kind, id, revision, structure, valued, has_blob, crc)
       VALUES (?, ?, ?, ?, ?, 0, ?, ?)`
    ),
    replaceDocument: db.prepare(
      'UPDATE document SET revision = ?, structure = ?, valued = ?, has_blob = ?, crc = ? WHERE position = ?'
    ),
    touchDocument: db.prepare('UPDATE document SET revision = ?, valued = ?, has_blob = ?, crc = ? WHERE position = ?'),
    removeDocument: db.prepare('DELETE FROM document WHERE position = ?'),
    addBody: db.prepare('INSERT INTO body (position, facets, bytes, crc) VALUES (?, ?, ?, ?)'),
    // Restores a body that was lost.
    replaceBody: db.prepare(
      `INSERT INTO body (position, facets, bytes, crc) VALUES (?, ?, ?, ?) ON CONFLICT (position)
       DO UPDATE SET facets = excluded.facets, bytes = excluded.bytes, crc = excluded.crc`
    ),
    facetsOf: db.prepare('SELECT facets FROM body WHERE position = ?'),
    bodyOf: db.prepare('SELECT * FROM body WHERE position = ?'),
    removeBody: db.prepare('DELETE FROM body WHERE position = ?'),
    addFacet: db.prepare('INSERT OR IGNORE INTO facet VALUES (?, ?, ?, ?)'),
    removeFacets: db.prepare('DELETE FROM facet WHERE position = ?'),
    removeFacet: db.prepare('DELETE FROM facet WHERE kind = ? AND name = ? AND value = ? AND position = ?'),
    findSubmodel: db.prepare(
      `SELECT position, revision, structure, valued, has_blob, crc FROM document WHERE kind = ${SUBMODEL} AND id = ?`
    ),
    findElement: db.prepare(
      `SELECT model_type, stamp, revision, source_time, value_type, semantic_id, value, quality, crc
       FROM element WHERE document = ? AND path = ?`
    ),
    findElements: db.prepare(
      `SELECT model_type, stamp, revision, source_time, value_type, semantic_id, value, quality, crc, path
       FROM element WHERE document = ? AND path IN (SELECT value FROM json_each(?))`
    ),
    elementsOf: db.prepare('SELECT * FROM element WHERE document = ?'),
    writtenSince: db.prepare('SELECT path FROM element WHERE document = ? AND revision > ?'),
    // If two elements have the same path (an invalid document, loaded leniently), the path leads to the first.
    addElement: db.prepare(
      `INSERT OR IGNORE INTO element
         (document, path, model_type, value_type, semantic_id, value, stamp, revision, source_time, tail, key, crc)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
    ),
    writeElement: db.prepare(
      `UPDATE element SET value = ?, key = ?, revision = ?, source_time = ?, quality = ?, crc = ?
       WHERE document = ? AND path = ?`
    ),
    renameElement: db.prepare('UPDATE element SET semantic_id = ?, crc = ? WHERE document = ? AND path = ?'),
    keepDamaged: db.prepare('UPDATE element SET revision = ?, crc = ? WHERE document = ? AND path = ?'),
    removeElement: db.prepare('DELETE FROM element WHERE document = ? AND path = ?'),
    removeElements: db.prepare('DELETE FROM element WHERE document = ?'),
    addKey: db.prepare('INSERT OR IGNORE INTO receipt VALUES (?, ?)'),
    findFile: db.prepare('SELECT blob FROM file WHERE document = ? AND name = ?'),
    blobsOf: db.prepare('SELECT DISTINCT blob FROM file WHERE document = ?'),
    addFile: db.prepare(
      `INSERT OR REPLACE INTO file (document, name, blob, content_type, file_name, size, crc)
       VALUES (?, ?, ?, ?, ?, ?, ?)`
    ),
    removeFile: db.prepare('DELETE FROM file WHERE document = ? AND name = ?'),
    removeFiles: db.prepare('DELETE FROM file WHERE document = ?')
  }
  sql.findSubmodel.setReturnArrays(true)
  // Source times need all 64 bits.
  sql.findElement.setReadBigInts(true)
  sql.findElement.setReturnArrays(true)
  sql.findElements.setReadBigInts(true)
  sql.findElements.setReturnArrays(true)
  sql.elementsOf.setReadBigInts(true)
  return sql
}
