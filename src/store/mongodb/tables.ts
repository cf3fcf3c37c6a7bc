/** Reading and writing the collections that the log ends up in. Only the process that holds the work writes here. */
import type { AnyBulkWriteOperation } from 'mongodb'
import { type Connection, duplicatesIn, isDuplicate, type Row, type Rows } from './connection.ts'
import type { Counters } from './content.ts'
import { DocumentState } from './document.ts'
import type { Blob, Found, Key, Receipt } from './keys.ts'
import {
  asideId,
  asidesOf,
  bodyIds,
  bodyRows,
  collectionOf,
  DOCUMENT_PART_BYTES,
  decodeWritten,
  headOf,
  idOf,
  rowOf,
  seriesOf
} from './rows.ts'

/** A state as it was stored. */
export interface Stored {
  readonly state: Found
  /** It holds what all batches up to this one did to it. */
  readonly upto: number
  /** It may hold something of batches up to this one; carrying out again what it holds changes nothing. */
  readonly newest: number
}

/** Rows that are written or removed at a time. */
const ROWS_PER_WRITE = 500

/** And by FerretDB: it writes each on its own, and whoever wants to commit waits for it. */
const FEW_DOCUMENTS = 1

/** A row whose body was replaced meanwhile is read again, so often at most. */
const MAX_ATTEMPTS = 20

/** What is to be stored of a state: taken from it at one moment. */
export interface Saving {
  readonly collection: string
  readonly id: string
  /** Undefined where there is nothing any more. */
  readonly row: Row | undefined
  /** It may be that there is no row yet. */
  readonly isNew: boolean
  /** The last batch that changed it: a row as of that one or a later one is as good. */
  readonly changed: number
  /** What it refers to, and must be stored before. */
  readonly bodies: readonly Row[]
  readonly asides: readonly Row[]
}

/**
 * @param marked counters behind the last batch that is stored: what is younger may have no row yet
 * @param changed the last batch that changed it, where that is known
 */
export function savingOf(key: Key, state: Found, upto: number, marked: Counters, changed = upto): Saving {
  const isGone = state === null || ('chunks' in state && state.chunks.length === 0)
  const row = isGone ? undefined : rowOf(key, state, upto)
  const common = { collection: collectionOf(key), id: idOf(key), row, changed }
  if (!(state instanceof DocumentState)) {
    return { ...common, isNew: state !== null && 'seq' in state && state.seq > marked.seq, bodies: [], asides: [] }
  }
  const { position, structureRevision } = state.head
  return {
    ...common,
    isNew: position > marked.position,
    bodies: structureRevision > marked.seq ? bodyRows(state) : [],
    asides: asidesOf(state, upto)
  }
}

export class Tables {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  async load(key: Key): Promise<Stored> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const row = await this.#find(collectionOf(key), idOf(key))
      if (row === null) return { state: null, upto: -1, newest: -1 }
      const stored = await this.fromRow(key, row)
      if (stored !== undefined) return stored
    }
    throw new Error(`The body of ${key} is not there`)
  }

  /** A state from its row; undefined where the row is old by now. */
  async fromRow(key: Key, row: Row): Promise<Stored | undefined> {
    const upto = Number(row.upto)
    switch (collectionOf(key)) {
      case 'documents':
        return this.#document(row)
      case 'series':
        return { state: seriesOf(row), upto, newest: upto }
      case 'receipts':
        return { state: { key: String(row.key), seq: Number(row.seq) } satisfies Receipt, upto, newest: upto }
      case 'blobs':
        return {
          state: {
            size: Number(row.size),
            hash: String(row.hash),
            refs: Number(row.refs),
            at: Number(row.at)
          } satisfies Blob,
          ...{ upto, newest: upto }
        }
    }
  }

  async #document(row: Row): Promise<Stored | undefined> {
    const head = headOf(row)
    const upto = Number(row.upto)
    const [parts, asides] = await Promise.all([
      this.#all('bodies', bodyIds({ ...head, size: Number(row.size) })),
      this.#all(
        'bodies',
        Array.from({ length: Number(row.asides) }, (_, part) => asideId(head, part))
      )
    ])
    if (parts === undefined || asides === undefined) return undefined
    const body = parts.length === 1 ? (parts[0]?.data as Buffer) : Buffer.concat(parts.map(({ data }) => data))
    const written = [row.written as Buffer | null, ...asides.map(({ data }) => data as Buffer)]
    const entries = written.flatMap((bytes) => (bytes === null ? [] : decodeWritten(bytes)))
    const newest = Math.max(upto, ...asides.map((aside) => Number(aside.upto)))
    return { state: new DocumentState(head, body, new Map(entries)), upto, newest }
  }

  /**
   * Writes states as of a batch.
   * @param check is called before each step; where it throws, the rest is not done
   * @param isAgain somebody began with it before and did not come to the end
   */
  async save(savings: readonly Saving[], upto: number, check = async () => {}, isAgain = false): Promise<void> {
    const [bodies, asides] = [savings.flatMap((saving) => saving.bodies), savings.flatMap((saving) => saving.asides)]
    await this.insert('bodies', bodies, check)
    await this.#replace('bodies', asides, upto, check)
    for (const name of new Set(savings.map(({ collection }) => collection))) {
      const own = savings.filter(({ collection }) => collection === name)
      const fresh = own.flatMap(({ row, isNew }) => (isNew && row) || [])
      const there = new Set(await this.insert(name, fresh, check))
      const known = own.filter(({ isNew }) => !isNew)
      const met = own.filter(({ id, isNew }) => isNew && there.has(id))
      const old = isAgain
        ? await this.#old(name, [...known, ...met])
        : [...known.flatMap(({ row = [] }) => row), ...(await this.#old(name, met))]
      await this.#replace(name, old, upto, check)
      const gone = own.filter(({ row }) => row === undefined)
      await this.remove(
        name,
        gone.map(({ id }) => id),
        check
      )
    }
  }

  /** Rows of those that are not there as they are: a process that did not come to the end had stored most of them. */
  async #old(name: string, savings: readonly Saving[]): Promise<readonly Row[]> {
    if (savings.length === 0) return []
    const ids = { _id: { $in: savings.map(({ id }) => id) } }
    const found = await this.#connection.run(() => this.#rows(name).find(ids).project<Row>({ upto: 1 }).toArray())
    const stored = new Map(found.map(({ _id, upto }) => [_id, Number(upto)]))
    return savings.flatMap(({ id, row, changed }) => ((stored.get(id) ?? -1) < changed && row) || [])
  }

  /** Adds rows; answers the keys of those that were there before, which stay as they are. */
  async insert(name: string, rows: readonly Row[], check = async () => {}): Promise<string[]> {
    const there: string[] = []
    for (const some of portions(rows)) {
      await check()
      try {
        await this.#connection.turn(() => this.#rows(name).insertMany(some, { ordered: false }))
      } catch (error) {
        if (!isDuplicate(error)) throw this.#connection.failure(error)
        for (const index of duplicatesIn(error)) there.push(some[index]?._id ?? '')
      }
    }
    return there
  }

  async remove(name: string, ids: readonly string[], check = async () => {}): Promise<void> {
    const most = this.#connection.isFerret ? FEW_DOCUMENTS : ROWS_PER_WRITE
    for (let at = 0; at < ids.length; at += most) {
      await check()
      const some = ids.slice(at, at + most)
      const deletes = some.map((_id) => ({ deleteOne: { filter: { _id } } }))
      await this.#connection.write(() => this.#rows(name).bulkWrite(deletes, { ordered: false }))
    }
  }

  async #replace(name: string, rows: readonly Row[], upto: number, check: () => Promise<void>): Promise<void> {
    for (const some of portions(rows, this.#connection.isFerret ? FEW_DOCUMENTS : ROWS_PER_WRITE)) {
      await check()
      const operations = some.map(({ _id, ...replacement }): AnyBulkWriteOperation<Row> => {
        // A process that stood still while another one took over must not put back what was. FerretDB does one thing
        // after the other, not both at once, and would read everything for a filter of two members.
        const filter = this.#connection.isFerret ? { _id } : { _id, upto: { $lte: upto } }
        return { replaceOne: { filter, replacement, upsert: true } }
      })
      try {
        await this.#connection.turn(() => this.#rows(name).bulkWrite(operations, { ordered: false }))
      } catch (error) {
        if (!isDuplicate(error)) throw this.#connection.failure(error)
        duplicatesIn(error)
      }
    }
  }

  #find(name: string, _id: string): Promise<Row | null> {
    return this.#connection.run(() => this.#rows(name).findOne({ _id }))
  }

  /** Rows in the order of their keys as given; undefined where one is not there. */
  async #all(name: string, ids: readonly string[]): Promise<Row[] | undefined> {
    const rows = await Promise.all(ids.map((id) => this.#find(name, id)))
    return rows.every((row) => row !== null) ? rows : undefined
  }

  #rows(name: string): Rows {
    return this.#connection.rows(name)
  }
}

/** Not too many, and not too much at once. */
function* portions(rows: readonly Row[], most = ROWS_PER_WRITE): Generator<Row[]> {
  let [some, bytes]: [Row[], number] = [[], 0]
  for (const row of rows) {
    some.push(row)
    bytes +=
      500 + (Buffer.isBuffer(row.data) ? row.data.length : 0) + (Array.isArray(row.keys) ? 40 * row.keys.length : 0)
    if (some.length === most || bytes > DOCUMENT_PART_BYTES) {
      yield some
      ;[some, bytes] = [[], 0]
    }
  }
  if (some.length > 0) yield some
}
