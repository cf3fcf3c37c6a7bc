/** The log as it lies in the database: batches with a number each, the next of which only one process can write. */
import { setTimeout } from 'node:timers/promises'
import { type ChangeStream, MongoServerError } from 'mongodb'
import { HubError } from '../../errors.ts'
import type { DatedCommit } from '../current-value.ts'
import { toLoggedChanges } from '../logged-changes.ts'
import type { LogEntry } from '../store.ts'
import { decodeContent, encodeContent } from './codec.ts'
import { type Connection, isAwayError, isDuplicate, type Row, type Rows, wasNotSent } from './connection.ts'
import type { Content, Counters } from './content.ts'

export interface Batch {
  readonly no: number
  /** `seq` of its first entry, or of the next one where it has none. */
  readonly first: number
  /** Server time, milliseconds since 1970. */
  readonly time: number
  /** What else its commits know of the time (current.ts); absent in what an earlier release wrote. */
  readonly clock?: number
  readonly horizon?: number
  /** Known to its writer alone, to tell its own batch from another one. */
  readonly by: string
  /** As they stand behind it. */
  readonly counters: Counters
  readonly content: Content
  /** Bytes that it takes in memory, roughly. */
  readonly weight: number
}

/** A batch as it was read: what is in it takes several times as much memory, so it is unpacked when it is wanted. */
export interface Packed {
  readonly no: number
  /** `seq` of its first entry, or of the next one where it has none. */
  readonly first: number
  /** Entries. */
  readonly count: number
  unpack(): Promise<Batch>
}

/** A number that was used and whose batch is gone: whoever meets it stood still for too long. */
export type Gone = 'gone'

/** Server limits are 16 MB for a document; what is larger goes beside it, in parts. */
const BATCH_PART_BYTES = 8 * 1024 * 1024

/**
 * FerretDB looks at all rows of a collection for each one that it finds, so its log lies in so many of them, by turns. All
 * are made with the database: one whose making was cut short by the end of the server would take a number twice.
 */
const LOG_COLLECTIONS = 16

/** And what is larger goes beside it there, so that a look at the end of the log does not run over it. */
const SMALL_BATCH_BYTES = 64 * 1024

/** Batches that are read at once, at most, and the bytes after which no more are. */
const BATCHES_PER_READ = 256
const BYTES_PER_READ = 4 * 1024 * 1024

/** Batches that are removed at once. */
const BATCHES_PER_DELETE = 1000

/** How long the outcome of an insert may stay unknown before its sender is told so, in milliseconds. */
const IN_DOUBT_MS = 30_000

export class Journal {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** To be called before anything is in the log, by whoever makes the database. */
  async prepare(): Promise<void> {
    if (!this.#connection.isFerret) return
    for (let no = 0; no < LOG_COLLECTIONS; no++) {
      for (const rows of [this.#batches(no), this.#parts(no)]) await this.#make(rows)
    }
  }

  async #make(rows: Rows): Promise<void> {
    for (;;) {
      await this.#connection.db.createCollection(rows.collectionName).catch(ignoreKnown)
      const indexes = await this.#connection.run(() => rows.indexes())
      if (indexes.some(({ name }) => name === '_id_')) return
      await this.#connection.write(() => rows.drop())
    }
  }

  async read(no: number): Promise<Batch | Gone | undefined> {
    const { newest } = this.#connection
    const found = await this.#connection.run(() => this.#batches(no).findOne({ _id: idOf(no) }, newest))
    if (found === null) return undefined
    return found.gone === true ? 'gone' : this.#decode(found)
  }

  /** Batches from this one on without a hole, as many as are read at once: perhaps not all that there are, or none. */
  async following(no: number): Promise<Packed[]> {
    const rows = await this.#connection.run(() => this.#rowsFrom(no))
    const end = rows.findIndex(({ _id, gone }, index) => _id !== idOf(no + index) || gone === true)
    return (end < 0 ? rows : rows.slice(0, end)).map((row) => ({
      no: Number(row._id),
      first: Number(row.first),
      count: Number(row.count),
      unpack: () => this.#decode(row)
    }))
  }

  async #rowsFrom(no: number): Promise<Row[]> {
    const rows: Row[] = []
    let bytes = 0
    for await (const row of this.#connection.isFerret ? this.#oneByOne(no) : this.#range(no)) {
      rows.push(row)
      bytes += row.size ?? 0
      if (bytes > BYTES_PER_READ) break
    }
    return rows
  }

  #range(no: number): AsyncIterable<Row> {
    const filter = { _id: { $gte: idOf(no), $lt: idOf(no + BATCHES_PER_READ) } }
    return this.#batches(no).find(filter).sort({ _id: 1 }).batchSize(BATCHES_PER_READ)
  }

  async *#oneByOne(no: number): AsyncGenerator<Row> {
    for (let start = no; start < no + BATCHES_PER_READ; start += LOG_COLLECTIONS) {
      const numbers = Array.from({ length: LOG_COLLECTIONS }, (_, n) => start + n)
      const rows = await Promise.all(numbers.map((next) => this.#batches(next).findOne({ _id: idOf(next) })))
      for (const row of rows) {
        if (row === null) return
        yield row
      }
    }
  }

  async #decode(row: Row): Promise<Batch> {
    const bytes = row.parts > 0 ? await this.#gather(row) : (row.data as Buffer)
    return {
      no: Number(row._id),
      first: Number(row.first),
      time: Number(row.time),
      ...(row.clock !== undefined && { clock: Number(row.clock) }),
      ...(row.horizon !== undefined && { horizon: Number(row.horizon) }),
      by: String(row.by),
      counters: JSON.parse(String(row.counters)) as Counters,
      ...decodeContent(bytes)
    }
  }

  /**
   * Writes a batch, durably.
   * @returns the batch, or undefined where another process was first
   * @throws HubError `Unavailable`; where it was on its way before, nobody knows yet whether it arrived
   */
  async append(batch: Omit<Batch, 'weight'>): Promise<Batch | undefined> {
    const { by } = batch
    const { bytes, weight } = encodeContent(batch.content)
    const most = this.#connection.isFerret ? SMALL_BATCH_BYTES : BATCH_PART_BYTES
    const parts = bytes.length > most ? Math.ceil(bytes.length / BATCH_PART_BYTES) : 0
    if (parts > 0) await this.#scatter(batch.no, by, bytes)
    const row = {
      _id: idOf(batch.no),
      first: batch.first,
      count: batch.content.commits.length,
      time: batch.time,
      ...(batch.clock !== undefined && { clock: batch.clock }),
      ...(batch.horizon !== undefined && { horizon: batch.horizon }),
      by,
      counters: JSON.stringify(batch.counters),
      size: bytes.length,
      parts,
      data: parts > 0 ? Buffer.alloc(0) : bytes
    }
    const isOurs = await this.#insert(this.#batches(batch.no), row)
    if (!isOurs && parts > 0) await this.#drop({ ...row, parts })
    return isOurs ? { ...batch, weight } : undefined
  }

  /** Tells that there is another batch, and nothing of it. Only where the server has change streams. */
  watch(): ChangeStream<Row> {
    return this.#batches(0).watch([{ $match: { operationType: 'insert' } }, { $project: { documentKey: 1 } }])
  }

  /** Leaves the numbers of these batches, and nothing else. */
  async empty(from: number, before: number): Promise<void> {
    for (let no = from; no < before; no++) {
      const row = await this.#connection.run(() => this.#batches(no).findOne({ _id: idOf(no) }))
      if (row === null || row.gone === true) continue
      await this.#connection.write(() => this.#batches(no).replaceOne({ _id: idOf(no) }, { gone: true }))
      if (row.parts > 0) await this.#drop(row)
    }
  }

  async remove(from: number, before: number): Promise<void> {
    for (let start = from; start < before; start += BATCHES_PER_DELETE) {
      const numbers = Array.from({ length: Math.min(BATCHES_PER_DELETE, before - start) }, (_, n) => start + n)
      for (const some of Map.groupBy(numbers, (no) => this.#partOf('log', no)).values()) {
        const deletes = some.map((no) => ({ deleteOne: { filter: { _id: idOf(no) } } }))
        await this.#connection.write(() => this.#batches(some[0] ?? 0).bulkWrite(deletes, { ordered: false }))
      }
    }
  }

  /** The outcome of an insert that nobody answered is found out by inserting again: one of both finds the other there. */
  async #insert(rows: Rows, row: { _id: string; by: string }): Promise<boolean> {
    const start = performance.now()
    let isInDoubt = false
    for (;;) {
      try {
        if (!isInDoubt) this.#connection.check()
        await this.#connection.turn(() => rows.insertOne(row), true)
        return true
      } catch (error) {
        if (isDuplicate(error)) {
          if (!isInDoubt) return false
          const found = await this.#owner(rows, row._id)
          if (found !== undefined) return found === row.by
        } else if (isAwayError(error)) {
          const failure = this.#connection.failure(error)
          if (wasNotSent(error) && !isInDoubt) throw failure
        } else if (!isInDoubt) throw this.#connection.failure(error)
        isInDoubt = true
      }
      const left = IN_DOUBT_MS - (performance.now() - start)
      if (left <= 0 || !(await this.#connection.back(left))) throw unknown()
      await setTimeout(10)
    }
  }

  async #owner(rows: Rows, _id: string): Promise<string | undefined> {
    try {
      const found = await rows.findOne({ _id }, this.#connection.newest)
      return found === null ? undefined : String(found.by)
    } catch (error) {
      this.#connection.failure(error)
      return undefined
    }
  }

  /** The collection that a batch is in. */
  #batches(no: number): Rows {
    return this.#connection.rows(this.#partOf('log', no))
  }

  /** And the one that holds what is too large for it. */
  #parts(no: number): Rows {
    return this.#connection.rows(this.#partOf('log_parts', no))
  }

  #partOf(name: string, no: number): string {
    return this.#connection.isFerret ? `${name}_${no % LOG_COLLECTIONS}` : name
  }

  async #scatter(no: number, by: string, bytes: Buffer): Promise<void> {
    for (let at = 0, n = 0; at < bytes.length; at += BATCH_PART_BYTES, n++) {
      const row = { _id: `${by}.${n}`, data: bytes.subarray(at, at + BATCH_PART_BYTES) }
      await this.#connection.write(() => this.#parts(no).insertOne(row))
    }
  }

  async #gather({ _id, by, parts }: Row): Promise<Buffer> {
    const found: Buffer[] = []
    for (let n = 0; n < parts; n++) {
      const part = await this.#connection.run(() => this.#parts(Number(_id)).findOne({ _id: `${by}.${n}` }))
      if (part === null) throw new HubError('Unavailable', ['A part of the log is missing'])
      found.push(part.data as Buffer)
    }
    return Buffer.concat(found)
  }

  async #drop({ _id, by, parts }: Row): Promise<void> {
    for (let n = 0; n < parts; n++) {
      await this.#connection.write(() => this.#parts(Number(_id)).deleteOne({ _id: `${by}.${n}` }))
    }
  }
}

/** Another process made it first. */
function ignoreKnown(error: unknown): void {
  if (!(error instanceof MongoServerError && error.codeName === 'NamespaceExists')) throw error
}

/** The entries of a batch. */
export function entriesOf(batch: Batch): LogEntry[] {
  return batch.content.commits.map(({ changes, told, time = batch.time }, index) => {
    const dated = datedIn(batch, index)
    return { seq: dated.seq, time, changes: told ?? toLoggedChanges(changes, dated) }
  })
}

/** A commit of a batch, with all that its process knew of the time. */
export function datedIn({ first, time, clock = time, horizon = Infinity }: Batch, index: number): DatedCommit {
  return { seq: first + index, time, clock, horizon }
}

/** In the order of texts, too. */
function idOf(no: number): string {
  return String(no).padStart(15, '0')
}

function unknown(): HubError {
  return new HubError('Unavailable', ['The database went away; whether this was stored is not known'])
}
