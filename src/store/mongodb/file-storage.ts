/** The bytes of files, stored in parts, and the removal of those that nothing refers to. */
import { createHash, randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { HubError } from '../../errors.ts'
import type { FileEntry } from '../store.ts'
import type { MongoConnection, RowCollection } from './connection.ts'
import { isDuplicateKey } from './failure.ts'
import { keyOf } from './keys.ts'
import type { Replica } from './replica.ts'
import { FILE_PART_BYTES, filePartId } from './row-codec.ts'

/** A file that nothing refers to is kept this long, as it may still be attached. */
const SWEEP_GRACE_MS = 60 * 60 * 1000
const ROWS_PER_SWEEP = 1000

/** Parts of a file or chunks of history that are stored before a batch refers to them. */
interface PendingUpload {
  readonly collection: 'files' | 'chunks'
  /** How many may exist: `<name>.0`, `<name>.1` … */
  readonly parts: number
}

export class FileStorage {
  readonly #connection: MongoConnection
  readonly #replica: Replica

  constructor(connection: MongoConnection, replica: Replica) {
    this.#connection = connection
    this.#replica = replica
  }

  async receive(bytes: Readable, limit: number): Promise<{ blob: string; size: number }> {
    // An error before the loop below reads would otherwise end the process; the loop gets it anyway.
    bytes.on('error', () => {})
    const blob = randomUUID()
    const hash = createHash('sha256')
    let [size, parts] = [0, 0]
    try {
      await this.registerUpload(blob, { collection: 'files', parts: 0 })
      let [pending, pendingBytes]: [Uint8Array[], number] = [[], 0]
      const storeParts = async (minBytes: number) => {
        while (pendingBytes >= minBytes && pendingBytes > 0) {
          const whole = Buffer.concat(pending)
          await this.storePart('files', filePartId(blob, parts++), whole.subarray(0, FILE_PART_BYTES))
          pending = [whole.subarray(FILE_PART_BYTES)]
          pendingBytes -= Math.min(pendingBytes, FILE_PART_BYTES)
        }
      }
      for await (const chunk of bytes) {
        const part = typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Uint8Array)
        size += part.length
        if (size > limit) throw new HubError('TooLarge', [`The file has more than the ${limit} bytes allowed`])
        hash.update(part)
        pending.push(part)
        pendingBytes += part.length
        await storeParts(FILE_PART_BYTES)
      }
      await storeParts(1)
      await this.#replica.writer.submit({ command: 'addBlob', blob, size, hash: hash.digest('hex') })
      return { blob, size }
    } catch (error) {
      bytes.destroy()
      // If this fails, a later sweep removes the parts.
      await this.discardUpload(blob, { collection: 'files', parts }).catch(() => {})
      throw error
    }
  }

  open({ blob, size }: FileEntry, range?: { start: number; end: number }): Readable {
    const { start = 0, end = size - 1 } = range ?? {}
    return Readable.from(this.#read(blob, start, Math.min(end, size - 1)), { objectMode: false })
  }

  /** To be called before anything is stored that nothing refers to yet. */
  async registerUpload(name: string, upload: PendingUpload): Promise<void> {
    const row = { _id: name, ...upload, at: this.#connection.clock.milliseconds() }
    await this.#connection.write(() => this.#rows('uploads').insertOne(row))
  }

  async storePart(collection: 'files' | 'chunks', _id: string, data: Uint8Array): Promise<void> {
    try {
      await this.#connection.retryWhileBusy(() => this.#rows(collection).insertOne({ _id, data: Buffer.from(data) }))
    } catch (error) {
      // The driver tries twice; the first attempt had succeeded.
      if (!isDuplicateKey(error)) throw this.#connection.toHubError(error)
    }
  }

  async discardUpload(name: string, { collection, parts }: PendingUpload): Promise<void> {
    for (let part = 0; part < parts; part++) {
      await this.#connection.write(() => this.#rows(collection).deleteOne({ _id: filePartId(name, part) }))
    }
    await this.#connection.write(() => this.#rows('uploads').deleteOne({ _id: name }))
  }

  /**
   * Removes what has been unused for a while. Only for one process at a time, whose state is current.
   * @param before what was used after that time (ms) stays
   */
  async sweep(before = this.#connection.clock.milliseconds() - SWEEP_GRACE_MS): Promise<void> {
    const unused = this.#rows('blobs').find({ refs: 0 }).limit(ROWS_PER_SWEEP)
    for (const { _id } of await this.#connection.run(() => unused.toArray())) {
      await this.#replica.writer.submit({ command: 'deleteBlob', blob: _id, before })
    }
    const abandoned = this.#rows('uploads')
      .find({ at: { $lt: before } })
      .limit(ROWS_PER_SWEEP)
    for (const { _id, collection, parts } of await this.#connection.run(() => abandoned.toArray())) {
      // The upload of a blob that is in the log is removed by the next checkpoint.
      if ((await this.#replica.loader.load(keyOf.blob(_id))) !== null) continue
      if (collection === 'chunks') await this.discardUpload(_id, { collection, parts })
      else await this.#discardFile(_id)
    }
  }

  /** How many parts had arrived is not recorded. */
  async #discardFile(blob: string): Promise<void> {
    let parts = 0
    while ((await this.#readPart(blob, parts)) !== undefined) parts++
    await this.discardUpload(blob, { collection: 'files', parts })
  }

  async *#read(blob: string, start: number, end: number): AsyncGenerator<Buffer> {
    for (let part = Math.floor(start / FILE_PART_BYTES); part * FILE_PART_BYTES <= end; part++) {
      const data = await this.#readPart(blob, part)
      if (data === undefined) throw new HubError('NotFound', ['The stored file', blob])
      const at = part * FILE_PART_BYTES
      yield data.subarray(Math.max(0, start - at), end + 1 - at)
    }
  }

  async #readPart(blob: string, part: number): Promise<Buffer | undefined> {
    const found = await this.#connection.run(() => this.#rows('files').findOne({ _id: filePartId(blob, part) }))
    return found === null ? undefined : (found.data as Buffer)
  }

  #rows(collection: 'files' | 'chunks' | 'uploads' | 'blobs'): RowCollection {
    return this.#connection.collection(collection)
  }
}
