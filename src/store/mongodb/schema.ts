/**
 * Collections and indexes. `_id`s are strings made from names, so that every point access is one by `_id`.
 *
 * | collection  | `_id`                         | contents                                                         |
 * | ----------- | ----------------------------- | ---------------------------------------------------------------- |
 * | `meta`      | `hub`, `applied`, `trimmed`   | epoch and schema version; the checkpoint; state of log trimming  |
 * | `log`       | number of the batch           | batches (journal.ts); parts of large ones are in `log_parts`     |
 * | `lines`     | last known batch, hub, number | commits of a hub that batches refer to (lines.ts)                |
 * | `documents` | hash of kind and id           | everything of a document but its body                            |
 * | `bodies`    | position, structure, part     | the JSON as of that structure; never changed                     |
 * | `receipts`  | hash of the key               | idempotency keys of commits                                      |
 * | `series`    | hash of submodel and path     | the list of a series' chunks                                     |
 * | `chunks`    | name                          | the bytes of a chunk; never changed                              |
 * | `blobs`     | name                          | size, hash and reference count of a file                         |
 * | `files`     | name of the blob, part        | a part of the bytes of a file; never changed                     |
 * | `uploads`   | name                          | uploads no batch refers to yet, to be removed if none ever does  |
 * | `audit`     | number of the entry           | the audit; never changed                                         |
 * | `cursors`   | name of the consumer          | its position in the log                                          |
 *
 * `upto` of a row is the number of a batch: the row contains the effects of all batches up to it.
 *
 * On a sharded cluster, `meta`, `log`, `cursors` and `uploads` stay unsharded and all others are sharded by hashed
 * `_id` (docs/mongodb.md). The log is one sequence whose numbers are each granted once, and `_id` is unique per shard
 * only.
 */
import { randomUUID } from 'node:crypto'
import { HubError } from '../../errors.ts'
import { ZERO_COUNTERS } from './batch-content.ts'
import type { MongoConnection } from './connection.ts'
import { isDuplicateKey } from './failure.ts'
import type { Journal } from './journal.ts'

/** For lists. Everything else is found by `_id`. */
const indexes: readonly (readonly [collection: string, key: Readonly<Record<string, 1>>])[] = [
  ['documents', { kind: 1, position: 1 }],
  ['documents', { position: 1 }],
  ['documents', { kind: 1, facets: 1, position: 1 }],
  ['documents', { keys: 1, position: 1 }],
  ['series', { submodel: 1, path: 1 }],
  ['receipts', { seq: 1 }],
  ['blobs', { refs: 1 }]
]

/** A change of the schema is a new version with a migration step; released steps are never edited. */
const SCHEMA_VERSION = 3

const MAX_INDEX_ATTEMPTS = 5
const INDEX_RETRY_DELAY_MS = 50

export interface DatabaseInfo {
  readonly epoch: string
}

/**
 * Creates what is missing. Other processes may do the same at the same time: every step is idempotent.
 * @throws HubError `Unavailable` if a later release wrote the database
 */
export async function prepareDatabase(connection: MongoConnection, journal: Journal): Promise<DatabaseInfo> {
  const meta = connection.collection('meta')
  const found = await connection.run(() => meta.findOne({ _id: 'hub' }))
  if (found === null) {
    if ((await connection.run(() => meta.findOne({ _id: 'unfinished' }))) !== null) {
      throw new HubError('Unavailable', ['A migration into this database was not finished; run it again'])
    }
    await createIndexes(connection)
    const content = { commits: [], controls: [] }
    await journal.append({ number: 0, firstSeq: 1, time: 0, writeId: randomUUID(), counters: ZERO_COUNTERS, content })
    await insertHubRow(connection, randomUUID().replaceAll('-', '').slice(0, 16))
    return prepareDatabase(connection, journal)
  }
  if (Number(found.schema) > SCHEMA_VERSION) {
    throw new HubError('Unavailable', [
      `The database was written by a later release: its schema is of version ${found.schema}, this release knows up to ${SCHEMA_VERSION}`
    ])
  }
  // Version 2: batches may have audit entries, which earlier releases cannot replay. Version 3: their commits may be in
  // lines, which earlier releases do not read; and runs of samples may have the versions 4 and 5 (run-codec.ts), which these
  // take for damaged.
  if (Number(found.schema) < SCHEMA_VERSION) {
    await connection.write(() => meta.updateOne({ _id: 'hub' }, { $set: { schema: SCHEMA_VERSION } }))
  }
  return { epoch: String(found.epoch) }
}

/** Retries, as some servers let only one of several processes succeed. */
export async function createIndexes(connection: MongoConnection): Promise<void> {
  for (const [collection, key] of indexes) {
    for (let attempt = 1; ; attempt++) {
      try {
        await connection.db.collection(collection).createIndex(key)
        break
      } catch (error) {
        if (attempt === MAX_INDEX_ATTEMPTS) throw connection.toHubError(error)
        await connection.clock.sleep(INDEX_RETRY_DELAY_MS * attempt)
      }
    }
  }
}

/** The last step of creating a database: one with this row is complete. */
export async function insertHubRow(connection: MongoConnection, epoch: string): Promise<void> {
  try {
    const row = { _id: 'hub', schema: SCHEMA_VERSION, epoch }
    await connection.retryWhileBusy(() => connection.collection('meta').insertOne(row))
  } catch (error) {
    if (!isDuplicateKey(error)) throw connection.toHubError(error)
  }
}
