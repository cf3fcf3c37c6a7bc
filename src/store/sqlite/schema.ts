/**
 * The tables, as the list of steps that led to them. A step that was released is never edited; a change is a new one.
 *
 * - `document` has small columns only, so that a value write, which bumps `revision`, rewrites a hundred bytes and
 *   never a body. `structure` is the `seq` that wrote the body; rows of `element` with a greater `revision` hold values
 *   that the body does not. `valued` tells that there are such rows.
 * - `body` keeps the JSON, and the facets as they were given, so that a replacement knows which ones to take back.
 * - `tail` and `key` of an element are what queries find it by (element-rows.ts).
 * - `blob` has a row for every file in the directory `files` (see files.ts); `orphaned` is the time since when no
 *   document refers to it, NULL while one does, 0 once it is doomed (see blobs.ts).
 * - `size` of a log entry are its bytes, for trimming without reading them.
 * - `runs` of a log entry are its packed samples one after the other; `changes` tells how long each is.
 * - `longest` of a series is the span of its longest chunk, in nanoseconds: so far before a time may a chunk start that
 *   reaches it.
 * - `quality` of an element is its place in the list of model/samples.ts, NULL where no quality was given.
 * - `crc` is the checksum of a row (checksums.ts); `parts` of a blob are those of its bytes, for each part (files.ts).
 * - `counter` keeps `seq`, `position` and the figures, so that nothing is counted at start.
 */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import { HubError } from '../../errors.ts'
import type { DocumentKind } from '../store.ts'

/** A row as SQLite returns it. */
export type StoredRow = Record<string, SQLOutputValue>

/** A kind is stored as its index in this list: append only. */
export const kinds: readonly DocumentKind[] = [
  'AssetAdministrationShell',
  'Submodel',
  'ConceptDescription',
  'AssetAdministrationShellDescriptor',
  'SubmodelDescriptor',
  'AssetLinks',
  'Package',
  'Validation',
  'Job',
  'SparkplugBirth'
]

export const migrations: readonly string[] = [
  `CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE epoch (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
   INSERT INTO epoch VALUES (lower(hex(randomblob(8))));

   CREATE TABLE document (
     position INTEGER PRIMARY KEY,
     kind INTEGER NOT NULL,
     id TEXT NOT NULL,
     revision INTEGER NOT NULL,
     structure INTEGER NOT NULL,
     valued INTEGER NOT NULL,
     has_blob INTEGER NOT NULL,
     UNIQUE (kind, id)
   ) STRICT;
   CREATE INDEX document_by_kind ON document (kind, position);

   CREATE TABLE body (position INTEGER PRIMARY KEY, facets TEXT NOT NULL, bytes BLOB NOT NULL) STRICT;

   CREATE TABLE element (
     document INTEGER NOT NULL,
     path TEXT NOT NULL,
     model_type TEXT NOT NULL,
     value_type TEXT,
     semantic_id TEXT,
     value TEXT NOT NULL,
     stamp INTEGER NOT NULL,
     revision INTEGER NOT NULL,
     source_time INTEGER,
     quality INTEGER,
     tail TEXT NOT NULL,
     key ANY,
     PRIMARY KEY (document, path)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX element_by_key ON element (tail, key, document) WHERE key IS NOT NULL;
   CREATE INDEX element_by_semantic_id ON element (semantic_id, document) WHERE semantic_id IS NOT NULL;

   CREATE TABLE facet (
     kind INTEGER NOT NULL,
     name TEXT NOT NULL,
     value TEXT NOT NULL,
     position INTEGER NOT NULL,
     PRIMARY KEY (kind, name, value, position)
   ) STRICT, WITHOUT ROWID;

   CREATE TABLE file (
     document INTEGER NOT NULL,
     name TEXT NOT NULL,
     blob TEXT NOT NULL,
     content_type TEXT NOT NULL,
     file_name TEXT NOT NULL,
     size INTEGER NOT NULL,
     PRIMARY KEY (document, name)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX file_by_blob ON file (blob);

   CREATE TABLE blob (name TEXT PRIMARY KEY, size INTEGER NOT NULL, orphaned INTEGER) STRICT, WITHOUT ROWID;
   CREATE INDEX blob_orphaned ON blob (orphaned) WHERE orphaned IS NOT NULL;

   CREATE TABLE log (seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, size INTEGER NOT NULL, changes TEXT NOT NULL, runs BLOB) STRICT;
   CREATE TABLE receipt (key TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   CREATE INDEX receipt_by_seq ON receipt (seq);
   CREATE TABLE follower (name TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;

   CREATE TABLE series (
     id INTEGER PRIMARY KEY,
     submodel TEXT NOT NULL,
     path TEXT NOT NULL,
     longest INTEGER NOT NULL,
     UNIQUE (submodel, path)
   ) STRICT;
   CREATE TABLE chunk (
     series INTEGER NOT NULL,
     start INTEGER NOT NULL,
     seq INTEGER NOT NULL,
     finish INTEGER NOT NULL,
     count INTEGER NOT NULL,
     size INTEGER NOT NULL,
     bytes BLOB NOT NULL,
     UNIQUE (series, start, seq)
   ) STRICT;
   CREATE INDEX chunk_figures ON chunk (series, start, finish, count, size);`,
  // Chunks are listed without their bytes.
  `DROP INDEX chunk_figures;
   CREATE INDEX chunk_figures ON chunk (series, start, seq, finish, count, size);`,
  // A value that came with its document is of the moment of that commit, as far as the log still knows it.
  `UPDATE element SET source_time = log.time * 1000000 + log.seq % 1000000 FROM log
   WHERE log.seq = element.stamp AND element.source_time IS NULL AND element.value <> '{}';`,
  // Takes no time whatever there is: what is stored already has none.
  `ALTER TABLE document ADD COLUMN crc INTEGER;
   ALTER TABLE body ADD COLUMN crc INTEGER;
   ALTER TABLE element ADD COLUMN crc INTEGER;
   ALTER TABLE file ADD COLUMN crc INTEGER;
   ALTER TABLE log ADD COLUMN crc INTEGER;
   ALTER TABLE blob ADD COLUMN parts BLOB;`,
  `ALTER TABLE series ADD COLUMN crc INTEGER;
   ALTER TABLE chunk ADD COLUMN crc INTEGER;`
]

/**
 * Brings a database to the newest version, each step in a transaction of its own.
 * @throws HubError `Unavailable` where the database is of a later version than this program knows
 */
export function migrate(db: DatabaseSync, steps = migrations): void {
  const found = Number(db.prepare('PRAGMA user_version').get()?.user_version)
  if (found > steps.length) {
    throw new HubError('Unavailable', [
      `The database was written by a later release: its schema is of version ${found}, this release knows up to ${steps.length}`
    ])
  }
  for (const [index, step] of steps.entries()) {
    if (index < found) continue
    db.exec('BEGIN IMMEDIATE')
    try {
      db.exec(step)
      db.exec(`PRAGMA user_version = ${index + 1}`)
      db.exec('COMMIT')
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK')
      throw error
    }
  }
}
