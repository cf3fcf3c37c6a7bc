/** The log as it lies in the database: batches with a number each, the next of which only one process can write. */
import { setTimeout } from 'node:timers/promises'
import { HubError } from '../../errors.ts'
import { toldOf } from '../log.ts'
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
  /** Known to its writer alone, to tell its own batch from another one. */
  readonly by: string
  /** As they stand behind it. */
  readonly counters: Counters
  readonly content: Content
  /** Bytes of the content. */
  readonly bytes: number
}

/** A number that was used and whose batch is gone: whoever meets it stood still for too long. */
export type Gone = 'gone'

/** Server limits are 16 MB for a document; what is larger goes beside it, in parts. */
const PART = 8 * 1024 * 1024

/** So many numbers of batches are kept apart, at least. */
const ENDS = 8

/** Batches that are read at once, at most, and the bytes after which no more are. */
const TOGETHER = 256
const TOGETHER_BYTES = 4 * 1024 * 1024

/** How long the outcome of an insert may stay unknown before its sender is told so, in milliseconds. */
const DOUBT = 30_000

export class Journal {
  readonly #connection: Connection
  readonly #batches: Rows
  readonly #parts: Rows
  readonly #ends: Rows

  constructor(connection: Connection) {
    this.#connection = connection
    this.#batches = connection.rows('log')
    this.#parts = connection.rows('log_parts')
    this.#ends = connection.rows('log_ends')
  }

  /**
   * A number that everything acknowledged is up to, where that is cheaper to ask for than the next batch. FerretDB looks
   * at all rows for every one that it finds, so the numbers of the last batches are kept apart, too.
   * @param taken a number that was seen to be used: whoever is asked from now on knows of it
   */
  async end(taken: number): Promise<number | undefined> {
    if (!this.#connection.isFerret) return undefined
    const rows = await this.#connection.run(() => this.#ends.find({}).toArray())
    const end = Math.max(-1, ...rows.map(({ _id }) => Number(_id)))
    if (taken > end) await this.#announce(taken)
    return Math.max(taken, end)
  }

  /** Numbers of batches before the last ones need not be kept apart any more. */
  async forgetEnds(): Promise<void> {
    if (!this.#connection.isFerret) return
    const rows = await this.#connection.run(() => this.#ends.find({}).toArray())
    const old = rows
      .map(({ _id }) => _id)
      .sort()
      .slice(0, -ENDS)
    for (const _id of old) await this.#connection.write(() => this.#ends.deleteOne({ _id }))
  }

  async read(no: number): Promise<Batch | Gone | undefined> {
    const { newest } = this.#connection
    const found = await this.#connection.run(() => this.#batches.findOne({ _id: idOf(no) }, newest))
    if (found === null) return undefined
    return found.gone === true ? 'gone' : this.#decode(found)
  }

  /** Batches from this one on without a hole, as many as are read at once: perhaps not all that there are, or none. */
  async following(no: number): Promise<Batch[]> {
    const rows = await this.#connection.run(() => this.#rowsFrom(no))
    const end = rows.findIndex(({ _id, gone }, index) => _id !== idOf(no + index) || gone === true)
    const batches: Batch[] = []
    for (const row of end < 0 ? rows : rows.slice(0, end)) batches.push(await this.#decode(row))
    return batches
  }

  async #rowsFrom(no: number): Promise<Row[]> {
    const filter = { _id: { $gte: idOf(no), $lt: idOf(no + TOGETHER) } }
    const rows: Row[] = []
    let bytes = 0
    for await (const row of this.#batches.find(filter).sort({ _id: 1 }).batchSize(TOGETHER)) {
      rows.push(row)
      bytes += row.parts > 0 ? row.parts * PART : (row.data?.length ?? 0)
      if (bytes > TOGETHER_BYTES) break
    }
    return rows
  }

  async #decode(row: Row): Promise<Batch> {
    const bytes = row.parts > 0 ? await this.#gather(String(row.by), Number(row.parts)) : (row.data as Buffer)
    return {
      no: Number(row._id),
      first: Number(row.first),
      time: Number(row.time),
      by: String(row.by),
      counters: JSON.parse(String(row.counters)) as Counters,
      content: decodeContent(bytes),
      bytes: bytes.length
    }
  }

  /**
   * Writes a batch, durably.
   * @returns the batch, or undefined where another process was first
   * @throws HubError `Unavailable`; where it was on its way before, nobody knows yet whether it arrived
   */
  async append(batch: Omit<Batch, 'bytes'>): Promise<Batch | undefined> {
    const { by } = batch
    const bytes = encodeContent(batch.content)
    const parts = bytes.length > PART ? Math.ceil(bytes.length / PART) : 0
    if (parts > 0) await this.#scatter(by, bytes)
    const row = {
      _id: idOf(batch.no),
      first: batch.first,
      count: batch.content.commits.length,
      time: batch.time,
      by,
      counters: JSON.stringify(batch.counters),
      parts,
      data: parts > 0 ? Buffer.alloc(0) : bytes
    }
    const isOurs = await this.#insert(this.#batches, row)
    if (!isOurs && parts > 0) await this.#drop(by, parts)
    // Before anybody hears that it is there.
    if (isOurs && this.#connection.isFerret) await this.#announce(batch.no)
    return isOurs ? { ...batch, bytes: bytes.length } : undefined
  }

  async #announce(no: number): Promise<void> {
    await this.#insert(this.#ends, { _id: idOf(no), by: '' })
  }

  /** Leaves the numbers of these batches, and nothing else. */
  async empty(from: number, before: number): Promise<void> {
    for (let no = from; no < before; no++) {
      const row = await this.#connection.run(() => this.#batches.findOne({ _id: idOf(no) }))
      if (row === null || row.gone === true) continue
      await this.#connection.write(() => this.#batches.replaceOne({ _id: idOf(no) }, { gone: true }))
      if (row.parts > 0) await this.#drop(String(row.by), Number(row.parts))
    }
  }

  async remove(from: number, before: number): Promise<void> {
    for (let start = from; start < before; start += 1000) {
      const numbers = Array.from({ length: Math.min(1000, before - start) }, (_, n) => start + n)
      const deletes = numbers.map((no) => ({ deleteOne: { filter: { _id: idOf(no) } } }))
      await this.#connection.write(() => this.#batches.bulkWrite(deletes, { ordered: false }))
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
      const left = DOUBT - (performance.now() - start)
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

  async #scatter(by: string, bytes: Buffer): Promise<void> {
    for (let at = 0, n = 0; at < bytes.length; at += PART, n++) {
      const row = { _id: `${by}.${n}`, data: bytes.subarray(at, at + PART) }
      await this.#connection.write(() => this.#parts.insertOne(row))
    }
  }

  async #gather(by: string, parts: number): Promise<Buffer> {
    const found: Buffer[] = []
    for (let n = 0; n < parts; n++) {
      const part = await this.#connection.run(() => this.#parts.findOne({ _id: `${by}.${n}` }))
      if (part === null) throw new HubError('Unavailable', ['A part of the log is missing'])
      found.push(part.data as Buffer)
    }
    return Buffer.concat(found)
  }

  async #drop(by: string, parts: number): Promise<void> {
    for (let n = 0; n < parts; n++) {
      await this.#connection.write(() => this.#parts.deleteOne({ _id: `${by}.${n}` }))
    }
  }
}

/** The entries of a batch. */
export function entriesOf({ first, time, content }: Batch): LogEntry[] {
  return content.commits.map(({ changes, told, time: own = time }, index) => {
    const commit = { seq: first + index, time: own }
    return { ...commit, changes: told ?? toldOf(changes, commit) }
  })
}

/** In the order of texts, too. */
export function idOf(no: number): string {
  return String(no).padStart(15, '0')
}

function unknown(): HubError {
  return new HubError('Unavailable', ['The database went away; whether this was stored is not known'])
}
