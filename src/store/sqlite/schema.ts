/**
 * The tables, as a list of migrations. Never edit a released migration; append a new one. Some names of tables and columns
 * are older than those in the code: `follower` has the cursors of log consumers, `receipt` the idempotency keys, `stamp`
 * is the incarnation of an element, `structure` the structureRevision of a document.
 *
 * - `document` has small columns only, so that a value write, which updates `revision`, rewrites a hundred bytes and
 *   never a body. `structure` is the `seq` that wrote the body; rows of `element` with a greater `revision` have values
 *   that the body lacks. `valued` is 1 if there are such rows.
 * - `body` has the JSON, and the facets as given, so that a replacement knows which facet rows to remove.
 * - `tail` and `key` of an element are its search keys (../element-rows.ts).
 * - `blob` has a row for every file in the directory `files` (files.ts); `orphaned` is the time since which no document
 *   refers to it, NULL while one does, 0 once it is doomed (blobs.ts).
 * - `size` of a log entry is its size in bytes, for trimming without reading the entry.
 * - `late` of a log entry lists those of its changes of values that did not become current, counted among these alone, as
 *   JSON; NULL if all did. Values after the entry of the counter `applied` are not in their rows yet (tail.ts).
 * - `runs` of a log entry are its encoded runs, concatenated; `changes` contains the length of each.
 * - `first` of a log entry is NULL, or the row is a block of entries from this one to `seq`, encoded in `runs` (log-rows.ts).
 * - `longest` of a series is the time span of its longest chunk, in nanoseconds: a chunk that reaches a given time may
 *   start this much earlier.
 * - `chunk_summary` has the statistics of a chunk, seven doubles, if its run has a summary; those of older chunks are only
 *   in the chunk itself. They are deleted with their chunk.
 * - `quality` of an element is its index in the list of model/samples.ts, NULL if no quality was given.
 * - `trimmed` of an audit entry: with it, those up to this number were removed. `previous` and `hash` are SHA-256.
 * - `crc` is the checksum of a row (checksums.ts); `parts` of a blob are its part checksums (files.ts).
 * - `set_aside` has rows of elements that could not be written to `element`, as a page was damaged (set-aside.ts).
 * - `counter` has `seq`, `position` and the figures, so that nothing need be counted at start.
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
  'SparkplugBirth',
  'Credential',
  'AccessRules',
  'CollectionFigures',
  'ComplianceReport',
  'SigningKey',
  'Usage',
  'ComplianceDrop',
  'ComplianceRun',
  'Revision'
]

/** The code of submodels, which have rows of elements. */
export const SUBMODEL = kinds.indexOf('Submodel')

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
  // Source time of values that came with their document: the time of that commit, if the log still has it.
  `UPDATE element SET source_time = log.time * 1000000 + log.seq % 1000000 FROM log
   WHERE log.seq = element.stamp AND element.source_time IS NULL AND element.value <> '{}';`,
  // Fast for any database: existing rows get no checksum.
  `ALTER TABLE document ADD COLUMN crc INTEGER;
   ALTER TABLE body ADD COLUMN crc INTEGER;
   ALTER TABLE element ADD COLUMN crc INTEGER;
   ALTER TABLE file ADD COLUMN crc INTEGER;
   ALTER TABLE log ADD COLUMN crc INTEGER;
   ALTER TABLE blob ADD COLUMN parts BLOB;`,
  `ALTER TABLE series ADD COLUMN crc INTEGER;
   ALTER TABLE chunk ADD COLUMN crc INTEGER;`,
  `CREATE TABLE audit (
     number INTEGER PRIMARY KEY,
     seq INTEGER NOT NULL,
     time INTEGER NOT NULL,
     trimmed INTEGER NOT NULL,
     record TEXT NOT NULL,
     previous BLOB NOT NULL,
     hash BLOB NOT NULL
   ) STRICT;`,
  `CREATE TABLE chunk_summary (
     series INTEGER NOT NULL,
     start INTEGER NOT NULL,
     seq INTEGER NOT NULL,
     figures BLOB NOT NULL,
     crc INTEGER NOT NULL,
     PRIMARY KEY (series, start, seq)
   ) STRICT, WITHOUT ROWID;
   CREATE TRIGGER chunk_summary_deleted AFTER DELETE ON chunk BEGIN
     DELETE FROM chunk_summary WHERE series = old.series AND start = old.start AND seq = old.seq;
   END;`,
  // Rows hold all values up to here; earlier releases, which take them for current, do not open the database from now on.
  `ALTER TABLE log ADD COLUMN late TEXT;
   INSERT OR REPLACE INTO counter SELECT 'applied', value FROM counter WHERE name = 'seq';`,
  'ALTER TABLE log ADD COLUMN first INTEGER;',
  // An earlier release would not find these values, and does not open the database from now on.
  `CREATE TABLE set_aside (
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
     crc INTEGER NOT NULL,
     PRIMARY KEY (document, path)
   ) STRICT, WITHOUT ROWID;`
]

/**
 * Migrates a database to the newest version, each migration in a transaction of its own.
 * @throws HubError `Unavailable` if the database has a later version
 */
export function migrate(db: DatabaseSync, steps = migrations): void {
  const found = Number(db.prepare('PRAGMA user_version').get()?.user_version)
  if (found > steps.length) {
    throw new HubError('Unavailable', [
      `The database was written by a later release: its schema has version ${found}, this release knows up to ${steps.length}`
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
