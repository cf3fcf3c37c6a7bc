/**
 * The log as it is stored: one row per batch under its number, which the unique `_id` grants to one process only. What
 * exceeds the size of a row is stored beside it in parts, and commits that its writer stored before are in lines
 * (lines.ts).
 */
import type { ChangeStream } from 'mongodb'
import { HubError } from '../../errors.ts'
import type { Batch, NewBatch, PackedBatch } from './batch.ts'
import { decodeBatchContent, encodeBatchContent } from './batch-codec.ts'
import type { Counters } from './batch-content.ts'
import type { MongoConnection, RowCollection, StoredRow } from './connection.ts'
import { isDuplicateKey, isUnavailableError, wasNotSent } from './failure.ts'
import { joinCommits, keysOfSubjects, type LineContent, type LinePart } from './line-layout.ts'
import { Lines } from './lines.ts'

/** The batch was removed, only its number is left. A process that meets it has fallen too far behind. */
export type BatchGone = 'gone'

/** MongoDB limits a document to 16 MB. */
const BATCH_PART_BYTES = 8 * 1024 * 1024

/** Upper bound of the batches of one read; it also ends once it has this many bytes. */
const BATCHES_PER_READ = 256
const BYTES_PER_READ = 4 * 1024 * 1024

const BATCHES_PER_DELETE = 1000

/** How long the outcome of an insert may stay unknown before its sender gets an error. */
const IN_DOUBT_MS = 30_000
const RETRY_DELAY_MS = 10

export class Journal {
  readonly lines: Lines
  readonly #connection: MongoConnection

  constructor(connection: MongoConnection) {
    this.#connection = connection
    this.lines = new Lines(connection)
  }

  /** A batch without what is in lines. */
  async read(number: number): Promise<Batch | BatchGone | undefined> {
    const { latestRead } = this.#connection
    const found = await this.#connection.run(() => this.#log.findOne({ _id: batchId(number) }, latestRead))
    if (found === null) return undefined
    return found.gone === true ? 'gone' : this.#decode(found)
  }

  /** Consecutive batches from this one on, as many as one read returns: there may be more; may be none. */
  async readFrom(number: number): Promise<PackedBatch[]> {
    const rows = await this.#connection.run(() => this.#rowsFrom(number))
    const end = rows.findIndex(({ _id, gone }, index) => _id !== batchId(number + index) || gone === true)
    return (end < 0 ? rows : rows.slice(0, end)).map((row) => ({
      number: Number(row._id),
      firstSeq: Number(row.first),
      entryCount: Number(row.count),
      unpack: () => this.#decode(row).then(wholeOf),
      outline: () => this.#decode(row)
    }))
  }

  /**
   * Writes a batch durably.
   * @returns the batch, or undefined if another process wrote one of this number first
   * @throws HubError `Unavailable`; if the batch had been sent before, its outcome is unknown
   */
  async append(batch: NewBatch): Promise<Batch | undefined> {
    const { bytes, memoryBytes } = encodeBatchContent(batch.content, batch.lines)
    const entryCount = batch.content.commits.length
    const parts = bytes.length > BATCH_PART_BYTES ? Math.ceil(bytes.length / BATCH_PART_BYTES) : 0
    if (parts > 0) await this.#insertParts(batch.writeId, bytes)
    const row = {
      _id: batchId(batch.number),
      first: batch.firstSeq,
      count: entryCount,
      time: batch.time,
      ...(batch.clock !== undefined && { clock: batch.clock }),
      ...(batch.horizon !== undefined && { horizon: batch.horizon }),
      by: batch.writeId,
      counters: JSON.stringify(batch.counters),
      size: bytes.length,
      parts,
      ...(batch.lines !== undefined && { lines: batch.lines.parts }),
      data: parts > 0 ? Buffer.alloc(0) : bytes
    }
    const isOurs = await this.#insert(row)
    if (!isOurs && parts > 0) await this.#removeParts(row)
    return isOurs ? { ...batch, entryCount, memoryBytes } : undefined
  }

  /** Reports that batches were inserted, without their content. */
  watch(): ChangeStream<StoredRow> {
    return this.#log.watch([{ $match: { operationType: 'insert' } }, { $project: { documentKey: 1 } }])
  }

  /** Removes the content of these batches; their numbers stay. */
  async empty(from: number, before: number): Promise<void> {
    for (let number = from; number < before; number++) {
      const _id = batchId(number)
      const row = await this.#connection.run(() => this.#log.findOne({ _id }))
      if (row === null || row.gone === true) continue
      await this.#connection.write(() => this.#log.replaceOne({ _id }, { gone: true }))
      if (row.parts > 0) await this.#removeParts({ by: String(row.by), parts: Number(row.parts) })
      await this.lines.remove(linePartsOf(row))
    }
  }

  /** Removes these batches with their numbers. */
  async remove(from: number, before: number): Promise<void> {
    for (let start = from; start < before; start += BATCHES_PER_DELETE) {
      const filter = { _id: { $gte: batchId(start), $lt: batchId(Math.min(start + BATCHES_PER_DELETE, before)) } }
      await this.#connection.write(() => this.#log.deleteMany(filter))
    }
  }

  get #log(): RowCollection {
    return this.#connection.collection('log')
  }

  get #logParts(): RowCollection {
    return this.#connection.collection('log_parts')
  }

  async #rowsFrom(number: number): Promise<StoredRow[]> {
    const filter = { _id: { $gte: batchId(number), $lt: batchId(number + BATCHES_PER_READ) } }
    const rows: StoredRow[] = []
    let bytes = 0
    for await (const row of this.#log.find(filter).sort({ _id: 1 }).batchSize(BATCHES_PER_READ)) {
      rows.push(row)
      bytes += row.size ?? 0
      if (bytes > BYTES_PER_READ) break
    }
    return rows
  }

  async #decode(row: StoredRow): Promise<Batch> {
    const bytes = row.parts > 0 ? await this.#readParts(row) : (row.data as Buffer)
    const { content, memoryBytes, lines } = decodeBatchContent(bytes)
    const batch = {
      number: Number(row._id),
      firstSeq: Number(row.first),
      entryCount: Number(row.count),
      time: Number(row.time),
      ...(row.clock !== undefined && { clock: Number(row.clock) }),
      ...(row.horizon !== undefined && { horizon: Number(row.horizon) }),
      writeId: String(row.by),
      counters: JSON.parse(String(row.counters)) as Counters,
      content,
      memoryBytes
    }
    if (lines === undefined) return batch
    const parts = linePartsOf(row)
    const whole = { ...batch, memoryBytes: parts.reduce((sum, part) => sum + part.memoryBytes, memoryBytes) }
    const load = () => this.#readRest(whole, { parts, layout: lines.layout })
    // Every commit keeps its place, which is its number.
    const commits = joinCommits(content.commits, undefined, lines.layout)
    return { ...whole, content: { ...content, commits }, rest: { keys: keysOfSubjects(lines.subjects), load } }
  }

  async #readRest({ content, ...batch }: Batch, lines: LineContent): Promise<Batch | undefined> {
    const inLines = await this.lines.read(lines.parts)
    if (inLines === undefined) {
      const found = await this.read(batch.number)
      if (found === 'gone') return undefined
      throw new HubError('Unavailable', ['A part of the log is missing'])
    }
    return { ...batch, content: { ...content, commits: joinCommits(content.commits, inLines, lines.layout) } }
  }

  /**
   * If the answer to an insert is lost, the same row is inserted again: one of the two attempts finds the other's row.
   * @returns whether the row is ours
   */
  async #insert(row: { _id: string; by: string }): Promise<boolean> {
    const { clock } = this.#connection
    const start = clock.monotonic()
    let isInDoubt = false
    for (;;) {
      try {
        if (!isInDoubt) this.#connection.assertAvailable()
        await this.#connection.retryWhileBusy(() => this.#log.insertOne(row), true)
        return true
      } catch (error) {
        if (isDuplicateKey(error)) {
          if (!isInDoubt) return false
          const writeId = await this.#writeIdOf(row._id)
          if (writeId !== undefined) return writeId === row.by
        } else if (isUnavailableError(error)) {
          const failure = this.#connection.toHubError(error)
          if (wasNotSent(error) && !isInDoubt) throw failure
        } else if (!isInDoubt) throw this.#connection.toHubError(error)
        isInDoubt = true
      }
      const left = IN_DOUBT_MS - (clock.monotonic() - start)
      if (left <= 0 || !(await this.#connection.awaitAvailable(left))) throw outcomeUnknown()
      await clock.sleep(RETRY_DELAY_MS)
    }
  }

  async #writeIdOf(_id: string): Promise<string | undefined> {
    try {
      const found = await this.#log.findOne({ _id }, this.#connection.latestRead)
      return found === null ? undefined : String(found.by)
    } catch (error) {
      this.#connection.toHubError(error)
      return undefined
    }
  }

  async #insertParts(writeId: string, bytes: Buffer): Promise<void> {
    for (let at = 0, part = 0; at < bytes.length; at += BATCH_PART_BYTES, part++) {
      const row = { _id: `${writeId}.${part}`, data: bytes.subarray(at, at + BATCH_PART_BYTES) }
      await this.#connection.write(() => this.#logParts.insertOne(row))
    }
  }

  async #readParts({ by, parts }: StoredRow): Promise<Buffer> {
    const found: Buffer[] = []
    for (let part = 0; part < parts; part++) {
      const row = await this.#connection.run(() => this.#logParts.findOne({ _id: `${by}.${part}` }))
      if (row === null) throw new HubError('Unavailable', ['A part of the log is missing'])
      found.push(row.data as Buffer)
    }
    return Buffer.concat(found)
  }

  async #removeParts({ by, parts }: { by: string; parts: number }): Promise<void> {
    for (let part = 0; part < parts; part++) {
      await this.#connection.write(() => this.#logParts.deleteOne({ _id: `${by}.${part}` }))
    }
  }
}

/** @returns undefined if it was trimmed meanwhile */
export async function wholeOf(batch: Batch): Promise<Batch | undefined> {
  return batch.rest === undefined ? batch : batch.rest.load()
}

function linePartsOf({ lines = [] }: StoredRow): readonly LinePart[] {
  return lines as readonly LinePart[]
}

/** Padded, so that the order of texts is that of numbers. */
function batchId(number: number): string {
  return String(number).padStart(15, '0')
}

function outcomeUnknown(): HubError {
  return new HubError('Unavailable', ['The database became unreachable; whether this was stored is unknown'])
}
