/**
 * What lies where. Keys are texts made from the names, so that every point access is one by `_id`, which all servers do
 * well.
 *
 * | collection  | `_id`                         | holds                                                         |
 * | ----------- | ----------------------------- | ------------------------------------------------------------- |
 * | `meta`      | `hub`, `applied`, `trimmed`   | epoch and schema; up to where the log is in the other ones    |
 * | `log`       | number of the batch           | batches (journal.ts); `log_parts` what is too large for one   |
 * |             |                               | (with FerretDB both lie in many: `log_0`, `log_1` …)          |
 * | `documents` | hash of kind and id           | everything of a document but its body                         |
 * | `bodies`    | position, structure, part     | the JSON as it was at that structure; never changed           |
 * | `receipts`  | hash of the key               | that a commit with a key was made                             |
 * | `series`    | hash of submodel and path     | which chunks a series has                                     |
 * | `chunks`    | name                          | the bytes of a chunk; never changed                           |
 * | `blobs`     | name                          | that a file is there, and how often it is referred to         |
 * | `files`     | name of the blob, part        | a part of the bytes of a file; never changed                  |
 * | `uploads`   | name                          | what is on its way in, so that it is removed if it never is   |
 * | `cursors`   | name of the follower          | where it stands                                               |
 *
 * `upto` of a row is the number of the batch that it is as of: it holds what all batches up to that one did to it.
 *
 * On a sharded cluster all but `meta`, `log` and `cursors` are sharded by hashed `_id`: every point access names it, and
 * documents made one after the other spread evenly; lists ask all shards. The log is one line of numbers, each given
 * once: a unique `_id` holds on one shard only, and every process reads its end; it takes small batches, not the bodies'
 * lifetime of reads.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { HubError } from '../../errors.ts'
import { type Connection, isDuplicate } from './connection.ts'
import { nothing } from './content.ts'
import type { Journal } from './journal.ts'

/** What lists are read by. Everything else is found by `_id`. */
const indexes: readonly (readonly [collection: string, key: Readonly<Record<string, 1>>])[] = [
  ['documents', { kind: 1, position: 1 }],
  ['documents', { position: 1 }],
  ['documents', { kind: 1, facets: 1, position: 1 }],
  ['documents', { keys: 1, position: 1 }],
  ['series', { submodel: 1, path: 1 }],
  ['receipts', { seq: 1 }],
  ['blobs', { refs: 1 }]
]

/** A change of the layout is a new version, and a step that leads to it; a step that was released is never edited. */
const SCHEMA_VERSION = 1

export interface Meta {
  readonly epoch: string
}

/**
 * Makes the database ready, whoever else does so at the same time: everything here may be done twice.
 * @throws HubError `Unavailable` where it was written by a later release
 */
export async function prepare(connection: Connection, journal: Journal): Promise<Meta> {
  const meta = connection.rows('meta')
  const found = await connection.run(() => meta.findOne({ _id: 'hub' }))
  if (found === null) {
    if ((await connection.run(() => meta.findOne({ _id: 'unfinished' }))) !== null) {
      throw new HubError('Unavailable', ['A migration into this database was not finished; run it again'])
    }
    await createIndexes(connection)
    await journal.prepare()
    const content = { commits: [], controls: [] }
    await journal.append({ no: 0, first: 1, time: 0, by: randomUUID(), counters: nothing, content })
    await insertHub(connection, randomUUID().replaceAll('-', '').slice(0, 16))
    return prepare(connection, journal)
  }
  if (Number(found.schema) > SCHEMA_VERSION) {
    throw new HubError('Unavailable', [
      `The database was written by a later release: its schema is of version ${found.schema}, this release knows up to ${SCHEMA_VERSION}`
    ])
  }
  return { epoch: String(found.epoch) }
}

/** Several processes may try at once, and some servers let only one of them succeed. */
export async function createIndexes(connection: Connection): Promise<void> {
  for (const [collection, key] of indexes) {
    for (let attempt = 1; ; attempt++) {
      try {
        await connection.db.collection(collection).createIndex(key)
        break
      } catch (error) {
        if (attempt === 5) throw connection.failure(error)
        await setTimeout(50 * attempt)
      }
    }
  }
}

/** The last step of making a database: what has this row is whole. */
export async function insertHub(connection: Connection, epoch: string): Promise<void> {
  try {
    await connection.turn(() => connection.rows('meta').insertOne({ _id: 'hub', schema: SCHEMA_VERSION, epoch }))
  } catch (error) {
    if (!isDuplicate(error)) throw connection.failure(error)
  }
}
