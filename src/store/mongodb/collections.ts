/** Reads and writes the collections that the log is checkpointed into. Only the process that holds the lease writes. */
import type { AnyBulkWriteOperation } from 'mongodb'
import type { Counters } from './batch-content.ts'
import type { MongoConnection, RowCollection, StoredRow } from './connection.ts'
import { DocumentState } from './document.ts'
import { duplicateIndexes, isDuplicateKey } from './failure.ts'
import type { BlobState, KnownState, ReceiptState, StateKey } from './keys.ts'
import {
  BODY_PART_BYTES,
  bodyPartIds,
  bodyPartRows,
  collectionOf,
  decodeOverrides,
  overridePartId,
  overridePartRows,
  rowId,
  toHead,
  toSeriesState,
  toStoredRow
} from './row-codec.ts'

/** A state as it was stored. */
export interface StoredState {
  readonly state: KnownState
  /** It contains the effects of all batches up to this one. */
  readonly upto: number
  /** It may contain effects of batches up to this one; replaying those again changes nothing. */
  readonly newest: number
}

const ABSENT: StoredState = { state: null, upto: -1, newest: -1 }

const ROWS_PER_READ = 500
const ROWS_PER_INSERT = 500

/** Attempts to read a row whose body is replaced meanwhile. */
const MAX_READ_ATTEMPTS = 20

/** A write of a state as of one batch. */
export interface StateWrite {
  readonly collection: string
  readonly id: string
  /** Undefined if the state no longer exists. */
  readonly row: StoredRow | undefined
  /** There may be no row yet. */
  readonly isNew: boolean
  /** The last batch that changed it: a stored row as of that one or a later one needs no update. */
  readonly changedIn: number
  /** What the row refers to, to be stored before it. */
  readonly bodies: readonly StoredRow[]
  readonly overrideParts: readonly StoredRow[]
}

/**
 * @param upto the batch that the state is as of
 * @param checkpointed counters after the last checkpointed batch: what is younger may have no row yet
 * @param changedIn the last batch that changed it, if known
 */
export function toStateWrite(
  key: StateKey,
  state: KnownState,
  upto: number,
  checkpointed: Counters,
  changedIn = upto
): StateWrite {
  const isGone = state === null || ('chunks' in state && state.chunks.length === 0)
  const row = isGone ? undefined : toStoredRow(key, state, upto)
  const common = { collection: collectionOf(key), id: rowId(key), row, changedIn }
  if (!(state instanceof DocumentState)) {
    const isNew = state !== null && 'seq' in state && state.seq > checkpointed.seq
    return { ...common, isNew, bodies: [], overrideParts: [] }
  }
  const { position, structureRevision } = state.head
  return {
    ...common,
    isNew: position > checkpointed.position,
    bodies: structureRevision > checkpointed.seq ? bodyPartRows(state) : [],
    overrideParts: overridePartRows(state, upto)
  }
}

export interface SaveOptions {
  /** Called before each step; if it throws, the rest is not done. */
  readonly beforeStep?: () => Promise<void>
  /** An earlier attempt may have stored most of it: rows that are up to date are not written again. */
  readonly isRepeated?: boolean
}

const NO_CHECK = async () => {}

export class Collections {
  readonly #connection: MongoConnection

  constructor(connection: MongoConnection) {
    this.#connection = connection
  }

  async load(key: StateKey): Promise<StoredState> {
    for (let attempt = 0; attempt < MAX_READ_ATTEMPTS; attempt++) {
      const row = await this.#findRow(collectionOf(key), rowId(key))
      if (row === null) return ABSENT
      const stored = await this.fromRow(key, row)
      if (stored !== undefined) return stored
    }
    throw new Error(`The body of ${key} is missing`)
  }

  /** Several states with few reads, in the order of `keys`. */
  async loadAll(keys: readonly StateKey[]): Promise<StoredState[]> {
    const rows = new Map<string, StoredRow>()
    for (const [name, own] of Map.groupBy(keys, collectionOf)) {
      for (const row of await this.#findMany(name, own.map(rowId))) rows.set(`${name} ${row._id}`, row)
    }
    return Promise.all(
      keys.map(async (key) => {
        const row = rows.get(`${collectionOf(key)} ${rowId(key)}`)
        return row === undefined ? ABSENT : ((await this.fromRow(key, row)) ?? this.load(key))
      })
    )
  }

  /** The state of a row; undefined if the row is outdated by now. */
  async fromRow(key: StateKey, row: StoredRow): Promise<StoredState | undefined> {
    const upto = Number(row.upto)
    switch (collectionOf(key)) {
      case 'documents':
        return this.#documentOf(row)
      case 'series':
        return { state: toSeriesState(row), upto, newest: upto }
      case 'receipts': {
        const state: ReceiptState = { key: String(row.key), seq: Number(row.seq) }
        return { state, upto, newest: upto }
      }
      case 'blobs': {
        const { size, hash, refs, at } = row
        const state: BlobState = { size: Number(size), hash: String(hash), refs: Number(refs), at: Number(at) }
        return { state, upto, newest: upto }
      }
    }
  }

  /** Stores states as of a batch. Everything may be repeated. */
  async save(writes: readonly StateWrite[], upto: number, options: SaveOptions = {}): Promise<void> {
    const { beforeStep = NO_CHECK, isRepeated = false } = options
    await this.insert(
      'bodies',
      writes.flatMap(({ bodies }) => bodies),
      beforeStep
    )
    await this.#replace(
      'bodies',
      writes.flatMap(({ overrideParts }) => overrideParts),
      upto,
      beforeStep
    )
    for (const [name, own] of Map.groupBy(writes, ({ collection }) => collection)) {
      const newRows = own.flatMap(({ row, isNew }) => (isNew && row) || [])
      const existing = new Set(await this.insert(name, newRows, beforeStep))
      const known = own.filter(({ isNew }) => !isNew)
      const met = own.filter(({ id, isNew }) => isNew && existing.has(id))
      const outdated = isRepeated
        ? await this.#outdated(name, [...known, ...met])
        : [...known.flatMap(({ row = [] }) => row), ...(await this.#outdated(name, met))]
      await this.#replace(name, outdated, upto, beforeStep)
      const gone = own.filter(({ row }) => row === undefined)
      await this.remove(
        name,
        gone.map(({ id }) => id),
        beforeStep
      )
    }
  }

  /** Adds rows. @returns the ids of those that existed before, which stay as they are */
  async insert(name: string, rows: readonly StoredRow[], beforeStep = NO_CHECK): Promise<string[]> {
    const existing: string[] = []
    for (const portion of portionsOf(rows)) {
      await beforeStep()
      try {
        await this.#connection.retryWhileBusy(() => this.#rows(name).insertMany(portion, { ordered: false }))
      } catch (error) {
        if (!isDuplicateKey(error)) throw this.#connection.toHubError(error)
        for (const index of duplicateIndexes(error)) existing.push(portion[index]?._id ?? '')
      }
    }
    return existing
  }

  async remove(name: string, ids: readonly string[], beforeStep = NO_CHECK): Promise<void> {
    const { maxRowsPerWrite } = this.#connection
    for (let at = 0; at < ids.length; at += maxRowsPerWrite) {
      await beforeStep()
      const deletes = ids.slice(at, at + maxRowsPerWrite).map((_id) => ({ deleteOne: { filter: { _id } } }))
      await this.#connection.write(() => this.#rows(name).bulkWrite(deletes, { ordered: false }))
    }
  }

  async #replace(
    name: string,
    rows: readonly StoredRow[],
    upto: number,
    beforeStep: () => Promise<void>
  ): Promise<void> {
    for (const portion of portionsOf(rows, this.#connection.maxRowsPerWrite)) {
      await beforeStep()
      const operations = portion.map(({ _id, ...replacement }): AnyBulkWriteOperation<StoredRow> => {
        // A process that was suspended while another one took over must not restore older rows.
        return { replaceOne: { filter: { _id, upto: { $lte: upto } }, replacement, upsert: true } }
      })
      try {
        await this.#connection.retryWhileBusy(() => this.#rows(name).bulkWrite(operations, { ordered: false }))
      } catch (error) {
        if (!isDuplicateKey(error)) throw this.#connection.toHubError(error)
        duplicateIndexes(error)
      }
    }
  }

  /** Rows of the states whose stored row is older than their last change. */
  async #outdated(name: string, writes: readonly StateWrite[]): Promise<readonly StoredRow[]> {
    if (writes.length === 0) return []
    const filter = { _id: { $in: writes.map(({ id }) => id) } }
    const found = await this.#connection.run(() =>
      this.#rows(name).find(filter).project<StoredRow>({ upto: 1 }).toArray()
    )
    const stored = new Map(found.map(({ _id, upto }) => [_id, Number(upto)]))
    return writes.flatMap(({ id, row, changedIn }) => ((stored.get(id) ?? -1) < changedIn && row) || [])
  }

  async #documentOf(row: StoredRow): Promise<StoredState | undefined> {
    const head = toHead(row)
    const upto = Number(row.upto)
    const overrideIds = Array.from({ length: Number(row.asides) }, (_, part) => overridePartId(head, part))
    const [bodyParts, overrideParts] = await Promise.all([
      this.#findAll('bodies', bodyPartIds({ ...head, size: Number(row.size) })),
      this.#findAll('bodies', overrideIds)
    ])
    if (bodyParts === undefined || overrideParts === undefined) return undefined
    const [first] = bodyParts
    const body =
      bodyParts.length === 1 ? (first?.data as Buffer) : Buffer.concat(bodyParts.map(({ data }) => data as Buffer))
    const encoded = [row.written as Buffer | null, ...overrideParts.map(({ data }) => data as Buffer)]
    const overrides = encoded.flatMap((bytes) => (bytes === null ? [] : decodeOverrides(bytes)))
    const newest = Math.max(upto, ...overrideParts.map((part) => Number(part.upto)))
    return { state: new DocumentState(head, body, new Map(overrides)), upto, newest }
  }

  #findRow(name: string, _id: string): Promise<StoredRow | null> {
    return this.#connection.run(() => this.#rows(name).findOne({ _id }))
  }

  /** Rows without their search keys. */
  async #findMany(name: string, ids: readonly string[]): Promise<StoredRow[]> {
    const found: StoredRow[] = []
    for (let at = 0; at < ids.length; at += ROWS_PER_READ) {
      const filter = { _id: { $in: ids.slice(at, at + ROWS_PER_READ) } }
      const find = () => this.#rows(name).find(filter).project<StoredRow>({ keys: 0 })
      found.push(...(await this.#connection.run(() => find().toArray())))
    }
    return found
  }

  /** Rows in the order of `ids`; undefined if one is missing. */
  async #findAll(name: string, ids: readonly string[]): Promise<StoredRow[] | undefined> {
    const rows = await Promise.all(ids.map((id) => this.#findRow(name, id)))
    return rows.every((row) => row !== null) ? rows : undefined
  }

  #rows(name: string): RowCollection {
    return this.#connection.collection(name)
  }
}

/** Bounded in number and in bytes. */
function* portionsOf(rows: readonly StoredRow[], maxRows = ROWS_PER_INSERT): Generator<StoredRow[]> {
  let [portion, bytes]: [StoredRow[], number] = [[], 0]
  for (const row of rows) {
    portion.push(row)
    bytes += estimateRowBytes(row)
    if (portion.length === maxRows || bytes > BODY_PART_BYTES) {
      yield portion
      ;[portion, bytes] = [[], 0]
    }
  }
  if (portion.length > 0) yield portion
}

function estimateRowBytes({ data, keys, record }: StoredRow): number {
  const texts = typeof record === 'string' ? record.length : 0
  return 500 + texts + (Buffer.isBuffer(data) ? data.length : 0) + (Array.isArray(keys) ? 40 * keys.length : 0)
}
